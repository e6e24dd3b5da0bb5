"""Lines of a review as pages and sheets show them: whose, what, and what was said of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from orgmerge.models import ReviewItem
from orgmerge.review.rules import FIELDS, OUTSIDE, Said
from orgmerge.vocabulary import ReviewAnswer
from portal.agencies.models import Affiliation, Subscriber
from portal.core.roles import Scope
from portal.core.rules import Finding
from portal.core.text.identifiers import mask
from portal.core.text.numbers import with_dots

if TYPE_CHECKING:
    from datetime import datetime

JOINED = (
    "certificate__subscriber",
    "device__subscriber",
    "subscriber",
    "moves_to",
    "answered_by",
)


@dataclass(slots=True)
class AnswerCell:
    """One field of a line: its name in the form, what stands in it, what was found."""

    row: int
    name: str
    value: str
    findings: Sequence[Finding] = ()

    @property
    def id(self) -> str:
        return f"o-{self.row}-{self.name}"

    @property
    def label(self) -> str:
        return str(FIELDS[self.name])

    @property
    def words(self) -> str:
        """What stands in it as people read it."""
        if self.name == "answer" and self.value in ReviewAnswer.values:
            return str(ReviewAnswer(self.value).label)
        return self.value

    @property
    def has_errors(self) -> bool:
        return any(one.severity == "error" for one in self.findings)


@dataclass(slots=True)
class ReviewLine:
    """One line as it is shown at ``now``."""

    item: ReviewItem
    now: datetime
    duty: str = ""  # unit and position as they are on record
    office: str = ""  # the body's office without a seal where a person works (DOMAIN 14.21)
    cells: list[AnswerCell] = field(default_factory=list)

    @property
    def holder(self) -> Subscriber | None:
        return holder_of(self.item)

    @property
    def name(self) -> str:
        """What it is called: by the certificate, else by whose it is, else by what it is."""
        item, holder = self.item, self.holder
        if item.certificate is not None:
            return item.certificate.common_name
        if holder is not None:
            return holder.name
        return item.device.get_kind_display() if item.device else ""

    @property
    def sort(self) -> str:
        """What sort of thing is asked about."""
        holder = self.holder
        if self.item.certificate is not None and holder is not None:
            return holder.get_kind_display()
        if self.item.device is not None:
            return _("Thiết bị không có chứng thư")
        return _("Thuê bao không có chứng thư, thiết bị")

    @property
    def identity(self) -> str:
        """The personal number, masked."""
        holder = self.holder
        return mask(holder.identity_number) if holder and holder.identity_number else ""

    @property
    def serial(self) -> str:
        """The number of the certificate."""
        return self.item.certificate.serial if self.item.certificate else ""

    @property
    def device_serial(self) -> str:
        """The number of the device."""
        return self.item.device.serial if self.item.device else ""

    @property
    def answer(self) -> str:
        """What was said, in words."""
        return str(ReviewAnswer(self.item.answer).label) if self.item.answer else ""

    @property
    def state(self) -> tuple[str, str]:
        """The look and the words of a line that is folded to one."""
        said = {cell.name: cell.value for cell in self.cells}
        return state_of(said["answer"], sum(cell.has_errors for cell in self.cells))

    @property
    def goes_to(self) -> str:
        """Where it goes, as it is written."""
        return said_of(self.item).moves_to

    @property
    def is_for_them(self) -> bool:
        """Whether an officer wrote the answer for a silent body."""
        by = self.item.answered_by
        return bool(self.item.answer) and by is not None and by.scope is Scope.OFFICE

    @property
    def has_ended(self) -> bool:
        """Whether the certificate is over: only its device is in question."""
        certificate = self.item.certificate
        return certificate is not None and certificate.not_after <= self.now


def state_of(answer: str, errors: int) -> tuple[str, str]:
    """Return how a line stands: a look and words."""
    if errors:
        return "danger", _("%(count)s ô cần sửa") % {"count": with_dots(errors)}
    if answer in ReviewAnswer.values:
        return "success", str(ReviewAnswer(answer).label)
    return "neutral", _("chưa có kết quả")


def holder_of(item: ReviewItem) -> Subscriber | None:
    """Return whose certificate or device a line is about, or the subscriber itself."""
    if item.certificate is not None:
        return item.certificate.subscriber
    if item.device is not None:
        return item.device.subscriber
    return item.subscriber


def said_of(item: ReviewItem) -> Said:
    """Return an answer on record as it would be typed."""
    moves = item.answer == ReviewAnswer.MOVES
    return Said(
        answer=item.answer,
        moves_to=str(item.moves_to.name if item.moves_to else OUTSIDE) if moves else "",
        unit=item.unit,
        position_title=item.position_title,
        email=item.email,
        note=item.note,
    )


def joined(items: QuerySet[ReviewItem]) -> QuerySet[ReviewItem]:
    """Return lines with what they are shown with, without the bytes of certificates."""
    rows = items.select_related(*JOINED)
    return rows.defer("certificate__der", "certificate__crl_entry")


def lines_of(items: Iterable[ReviewItem], *, now: datetime) -> list[ReviewLine]:
    """Return the lines of a page, with the duties of the people in them (one query)."""
    lines = [ReviewLine(item, now) for item in items]
    standing = Affiliation.objects.filter(
        Q(valid_until__isnull=True) | Q(valid_until__gt=timezone.localdate(now)),
        subscriber__in=list({one.holder.pk for one in lines if one.holder}),
    )
    rows = standing.order_by("valid_from", "pk").values_list(
        "subscriber", "agency__has_seal", "agency__name", "position", "unit"
    )
    duties, offices = {}, {}
    for pk, has_seal, name, *words in rows:
        duties[pk] = ", ".join(filter(None, words))
        offices[pk] = "" if has_seal else name
    for one in lines:
        one.duty = duties.get(one.holder.pk, "") if one.holder else ""
        one.office = offices.get(one.holder.pk, "") if one.holder else ""
    return lines


def with_cells(
    lines: Sequence[ReviewLine],
    *,
    typed: Mapping[int, Said],
    findings: Mapping[int, Mapping[str, Sequence[Finding]]],
) -> None:
    """Give each line its fields: as typed where that was not taken, else as on record."""
    for line in lines:
        row = line.item.position
        said = typed.get(row) or said_of(line.item)
        found = findings.get(row, {})
        line.cells = [
            AnswerCell(row, name, getattr(said, name), found.get(name, ())) for name in FIELDS
        ]
