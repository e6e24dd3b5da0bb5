"""What makes an answer of a review usable; pure, the same for the page and the spreadsheet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orgmerge.planner import names
from orgmerge.vocabulary import ReviewAnswer
from portal.core.rules import Finding, Severity
from portal.core.text.identifiers import check_official_email
from portal.core.text.numbers import with_dots
from portal.core.text.vietnamese import search_key

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

# What is written where somebody goes to a body that the decision does not touch.
OUTSIDE = gettext_lazy("Ngoài các đơn vị sắp xếp")

FIELDS: Mapping[str, _StrPromise] = {
    "answer": gettext_lazy("Kết quả rà soát"),
    "moves_to": gettext_lazy("Chuyển đến đơn vị"),
    "unit": gettext_lazy("Bộ phận mới"),
    "position_title": gettext_lazy("Chức vụ mới"),
    "email": gettext_lazy("Thư điện tử công vụ mới"),
    "note": gettext_lazy("Ghi chú"),
}
_LONGEST = {"unit": 250, "position_title": 120, "email": 254, "note": 250}


@dataclass(frozen=True, slots=True)
class Said:
    """What was typed about one line; ``moves_to`` is the name of a body."""

    answer: str = ""
    moves_to: str = ""
    unit: str = ""
    position_title: str = ""
    email: str = ""
    note: str = ""

    @property
    def is_empty(self) -> bool:
        return not any(getattr(self, name) for name in FIELDS)


@dataclass(frozen=True, slots=True)
class AnswerSubject:
    """What a line is about, as far as an answer depends on it."""

    is_person: bool
    has_device: bool


@dataclass(frozen=True, slots=True)
class Places:
    """The bodies after the reorganisation, found by name, or by name and province in brackets."""

    _by_key: Mapping[str, frozenset[int]]

    def find(self, typed: str) -> frozenset[int]:
        return self._by_key.get(names.key(typed), frozenset())


def places(bodies: Iterable[tuple[int, str, str]]) -> Places:
    """Return where to look up the described bodies, given as (key, name, province)."""
    found = defaultdict(set)
    for pk, name, province in bodies:
        found[names.key(name)].add(pk)
        found[names.key(f"{name} ({province})")].add(pk)
    return Places({key: frozenset(pks) for key, pks in found.items()})


@dataclass(slots=True)
class Checked:
    """What was found in one answer, by field; ``to`` is where it goes, None is outside."""

    said: Said
    to: int | None = None
    findings: dict[str, list[Finding]] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        return not self.errors

    @property
    def errors(self) -> list[tuple[str, Finding]]:
        """The findings that stop, each with its field."""
        return [
            (name, one)
            for name, found in self.findings.items()
            for one in found
            if one.severity is Severity.ERROR
        ]

    def add(self, name: str, *found: Finding) -> None:
        if found:
            self.findings.setdefault(name, []).extend(found)


def check(said: Said, about: AnswerSubject, where: Places) -> Checked:
    """Return what is found in an answer; an empty one takes back what was said."""
    checked = Checked(said)
    if said.is_empty:
        return checked
    checked.add("answer", *_answer(said, about))
    _check_destination(checked, where)
    if said.email:
        checked.add("email", *check_official_email(said.email))
    for name, most in _LONGEST.items():
        if len(getattr(said, name)) > most:
            message = _("Dài quá %(most)s ký tự.") % {"most": with_dots(most)}
            checked.add(name, Finding("too_long", message))
    return checked


def is_outside(typed: str) -> bool:
    """Say whether a destination as typed is a body that the decision does not touch."""
    return search_key(typed) == search_key(str(OUTSIDE))


def _answer(said: Said, about: AnswerSubject) -> Iterable[Finding]:
    if said.answer not in ReviewAnswer.values:
        message = (
            _("“%(typed)s” không phải một kết quả rà soát trong danh sách.")
            % {"typed": said.answer}
            if said.answer
            else _("Đã ghi thông tin mới thì phải chọn kết quả rà soát.")
        )
        yield Finding("no_answer" if not said.answer else "unknown_answer", message)
    if said.answer == ReviewAnswer.DEVICE_NOT_FOUND and not about.has_device:
        yield Finding("no_device", _("Dòng này không có thiết bị nào để tìm."))
    if said.answer == ReviewAnswer.LEFT and not about.is_person:
        yield Finding(
            "not_a_person", _("Chỉ cá nhân mới nghỉ hưu, thôi việc. Hãy chọn “Không còn nhu cầu”.")
        )


def _check_destination(checked: Checked, where: Places) -> None:
    typed, moves = checked.said.moves_to, checked.said.answer == ReviewAnswer.MOVES
    if not typed:
        if moves:
            text = _("Ghi tên đơn vị chuyển đến, hoặc “%(out)s”.") % {"out": OUTSIDE}
            checked.add("moves_to", Finding("moves_nowhere", text))
        return
    if not moves:
        checked.add(
            "moves_to",
            Finding(
                "does_not_move",
                _("Chỉ ghi nơi đến khi kết quả là “%(moves)s”.")
                % {"moves": ReviewAnswer.MOVES.label},
            ),
        )
        return
    if is_outside(typed):
        return
    found = where.find(typed)
    if len(found) == 1:
        (checked.to,) = found
    elif found:
        message = _("Có %(count)d đơn vị cùng tên. Hãy ghi thêm tỉnh trong ngoặc.")
        checked.add("moves_to", Finding("ambiguous_body", message % {"count": len(found)}))
    else:
        message = _("Không có đơn vị “%(typed)s” sau sắp xếp. Ghi đúng tên đầy đủ, hoặc “%(out)s”.")
        words = {"typed": typed, "out": OUTSIDE}
        checked.add("moves_to", Finding("unknown_body", message % words))
