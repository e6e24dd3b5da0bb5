"""A returned dossier: why it came back, and what has changed since, cell by cell."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from requests_app import kinds
from requests_app.kinds.base import Field
from requests_app.models import Dossier, DossierEvent, ReturnedContent
from requests_app.pages.components import shown, words_of
from requests_app.workflow import AT_THE_AGENCY, Action

CHANGES_SHOWN = 100
_BACK = (Action.RETURN, Action.SEND_BACK_TO_DRAFT)


@dataclass(frozen=True, slots=True)
class Change:
    """A cell that says something else than it did: where, which, what it said and says."""

    where: str
    label: str
    before: str
    after: str
    row: int = 0  # its number now; 0 for what is no row, or is gone


@dataclass(frozen=True, slots=True)
class Correction:
    """Why a dossier came back, and what was changed then; ``changes`` None: it is not known."""

    events: list[DossierEvent]
    changes: list[Change] | None
    count: int = 0

    @property
    def has_more(self) -> bool:
        return self.changes is not None and self.count > len(self.changes)


def correction_of(dossier: Dossier, *, is_own: bool) -> Correction | None:
    """Return what came of the last return; None for a dossier that never came back.

    ``is_own``: for the body itself, which reads every number and also what its own head asked for;
    others read numbers masked, and only once the dossier was sent again.
    """
    if dossier.round == 1 or (not is_own and dossier.state in AT_THE_AGENCY):
        return None
    history = list(
        dossier.events.filter(action__in=[*_BACK, Action.SEAL]).select_related("actor__agency")
    )
    seals = [n for n, event in enumerate(history) if event.action == Action.SEAL]
    last = seals[-1] if seals else -1
    events = [event for event in history[last + 1 :] if event.action in _BACK]
    if dossier.state not in AT_THE_AGENCY:
        events = [event for event in history if event.action == Action.RETURN][-1:]
    if not events:
        return None
    was = dossier.returned_contents.order_by("round").last()
    if was is None or all(event.action != Action.RETURN for event in events):
        return Correction(events, None)
    changes = list(_changes(dossier, was, is_own=is_own))
    return Correction(events, changes[:CHANGES_SHOWN], len(changes))


def _changes(dossier: Dossier, was: ReturnedContent, *, is_own: bool) -> Iterator[Change]:
    kind = kinds.get(dossier.kind)
    yield from _cells(
        _("Người liên hệ"), kind.contact_fields, was.contact, dossier.contact, is_own=is_own
    )
    if was.note != dossier.note:
        yield Change(_("Văn bản"), _("Nội dung thêm"), was.note, dossier.note)
    # What stands whole in the table of rows stands whole here.
    at_a_glance = {name for _label, names in kind.glance for name in names}
    before = {row["uuid"]: row for row in was.rows}
    now = list(dossier.items.order_by("position"))
    came = [item for item in now if str(item.uuid) not in before]
    kept = {str(item.uuid) for item in now}
    gone = {key: row for key, row in before.items() if key not in kept}
    # A list imported anew has other rows of the same people.
    by_title = {row["title"]: key for key, row in gone.items() if row["title"]}
    for item in came:
        if key := by_title.pop(item.title, ""):
            before[str(item.uuid)] = gone.pop(key)
    for item in now:
        where = _("Dòng %(row)s: %(title)s") % {"row": item.position, "title": item.title}
        row = before.get(str(item.uuid))
        if row is None:
            yield Change(where, _("Cả dòng"), "", _("thêm mới"), item.position)
            continue
        yield from _cells(
            where,
            kind.fields,
            row["answers"],
            item.answers,
            is_own=is_own,
            read_whole=at_a_glance,
            row=item.position,
        )
    for row in gone.values():
        where = _("Dòng %(row)s cũ: %(title)s") % {"row": row["position"], "title": row["title"]}
        yield Change(where, _("Cả dòng"), _("có trong danh sách"), _("đã bỏ"))
    added = dossier.attachments.filter(is_current=True, added_at__gt=was.at)
    for paper in added.exclude(kind="signed_scan").select_related("document"):
        yield Change(_("Tài liệu"), str(paper.get_kind_display()), "", paper.document.name)


def _cells(
    where: str,
    fields: tuple[Field, ...],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    is_own: bool,
    read_whole: Collection[str] = (),
    row: int = 0,
) -> Iterator[Change]:
    for one in fields:
        is_whole = is_own or one.name in read_whole
        old, new = str(before.get(one.name) or ""), str(after.get(one.name) or "")
        if old == new:
            continue
        words = words_of if is_whole else shown
        was, now = (words(one, value) if value else "" for value in (old, new))
        if was == now:  # masked, they look the same
            now = _("%(value)s (đã đổi số)") % {"value": now}
        yield Change(where, one.label, was, now, row)
