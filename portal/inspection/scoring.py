"""What an assessment scores: stated arithmetic over verdicts and points, without the database.

No published source gives weights or grades: they are the portal's own (docs/decisions/0037).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

MOST_POINTS = 100  # of one item
FULL = 100  # of a score
_PLACE = Decimal("0.1")


class Verdict(models.TextChoices):
    """How a body stands to an item."""

    MET = "met", gettext_lazy("Đạt")
    PARTLY = "partly", gettext_lazy("Đạt một phần")
    UNMET = "unmet", gettext_lazy("Không đạt")
    NOT_APPLICABLE = "not_applicable", gettext_lazy("Không áp dụng")


class Grade(models.TextChoices):
    """What a score is called."""

    GOOD = "good", gettext_lazy("Tốt")
    FAIR = "fair", gettext_lazy("Khá")
    MIDDLING = "middling", gettext_lazy("Trung bình")
    WEAK = "weak", gettext_lazy("Yếu")


# What of an item's points a verdict earns; what is not applicable is not counted at all.
WEIGHTS: Mapping[str, Fraction] = {
    Verdict.MET: Fraction(1),
    Verdict.PARTLY: Fraction(1, 2),
    Verdict.UNMET: Fraction(0),
}
GRADES: Sequence[tuple[int, Grade]] = ((90, Grade.GOOD), (70, Grade.FAIR), (50, Grade.MIDDLING))


@dataclass(frozen=True, slots=True)
class Mark:
    """One item: its points, and the verdict on it ("" where there is none yet)."""

    points: int
    verdict: str

    @property
    def counts(self) -> bool:
        return self.verdict != Verdict.NOT_APPLICABLE

    @property
    def earned(self) -> Fraction:
        return self.points * WEIGHTS.get(self.verdict, Fraction(0))

    @property
    def words(self) -> str:
        """Say what the item brings: its weight times its points."""
        if not self.counts:
            return _("không tính")
        weight = WEIGHTS.get(self.verdict, Fraction(0))
        return f"{weight} × {self.points} = {in_words(self.earned)}"  # noqa: RUF001 (as arithmetic is written)


@dataclass(frozen=True, slots=True)
class Score:
    """What the items bring together; ``value`` of 100, None where no item counts."""

    earned: Fraction
    possible: int

    @property
    def value(self) -> Decimal | None:
        if not self.possible:
            return None
        share = self.earned * FULL / self.possible
        exact = Decimal(share.numerator) / Decimal(share.denominator)
        return exact.quantize(_PLACE, ROUND_HALF_UP)

    @property
    def words(self) -> str:
        """Say how the number came about."""
        if self.value is None:
            return _("Không nội dung nào được tính.")
        return _("%(earned)s điểm đạt được / %(possible)d điểm tối đa × 100 = %(value)s") % {  # noqa: RUF001
            "earned": in_words(self.earned),
            "possible": self.possible,
            "value": in_words(self.value),
        }


def score_of(marks: Iterable[Mark]) -> Score:
    """Add up: what is earned over the points of the items that count; what has no verdict earns
    nothing and counts."""
    counted = [one for one in marks if one.counts]
    return Score(
        sum((one.earned for one in counted), Fraction(0)), sum(one.points for one in counted)
    )


def grade_of(value: Decimal | None) -> Grade | None:
    """Return what a score is called; None where there is none."""
    if value is None:
        return None
    return next((grade for least, grade in GRADES if value >= least), Grade.WEAK)


def in_words(number: Fraction | Decimal) -> str:
    """Write a number as it is written here: 7,5; whole ones without a comma."""
    if isinstance(number, Fraction):
        number = Decimal(number.numerator) / Decimal(number.denominator)
    text = f"{number.normalize():f}"
    return text.replace(".", ",")
