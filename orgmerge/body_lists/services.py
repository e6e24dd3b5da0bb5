"""Lists of bodies from a sheet: kept, looked through row by row, taken over when all is good."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from orgmerge.body_lists import acceptance, checks, sheets
from orgmerge.body_lists.checks import EXTENTS
from orgmerge.body_lists.communes import ExpandedRow, Registered, Remark, expand, place
from orgmerge.body_lists.sheets import Record, Records
from orgmerge.edits import lock_merger, merger_act, touch
from orgmerge.models import BodyList, BodyListRow, Merger
from portal.accounts.models import User
from portal.agencies.models import AgencyVersion
from portal.audit import services as audit
from portal.core.database.bulk import update_rows
from portal.core.rules import refuse
from portal.core.text.vietnamese import search_key
from requests_app.errors import NotEditable, StaleVersion

_AT_ONCE = 500
_TEXTS = ("old_agency", "new_agency", "new_name", "extent", "effective_on", "decision")
_JUDGED = ("old", "new", "extent", "problems", "remarks", "is_bad")


@transaction.atomic
def upload(
    merger: Merger, content: bytes, *, file_name: str, actor: User, now: datetime, version: int
) -> BodyList:
    """Read a sheet of bodies or communes and keep its rows; nothing is described by it yet.

    A list that waits already is dropped. Raises as ``lock_merger``, or Refused for the file.
    """
    merger = lock_merger(merger, actor=actor, version=version)
    records = sheets.read(content)
    merger.lists.filter(imported_at=None, dropped_at=None).update(dropped_at=now)
    made = BodyList.objects.create(
        merger=merger, kind=records.kind, file_name=file_name[:250], made_by=actor, made_at=now
    )
    if records.kind == BodyList.Kind.COMMUNES:
        rows = rows_of_communes(made, records)
    else:
        rows = [
            BodyListRow(body_list=made, number=number, **_fitting(record))
            for number, record in records.rows
        ]
    _check_rows(rows, made)
    BodyListRow.objects.bulk_create(rows, batch_size=_AT_ONCE)
    act = merger_act("merger.upload_list", merger, kind=records.kind, rows=len(rows))
    audit.record(act, actor=actor, now=now)
    return made


def _fitting(record: Mapping[str, str]) -> dict[str, str]:
    """Return the texts of a row, none longer than its column."""
    fields = {name: BodyListRow._meta.get_field(name).max_length or 0 for name in _TEXTS}  # type: ignore[union-attr]
    return {name: record.get(name, "")[:most] for name, most in fields.items()}


def _check_rows(rows: Iterable[BodyListRow], of: BodyList) -> None:
    merger = of.merger
    register = checks.register_of(merger.bodies_followed(), day=merger.effective_on)
    taken = checks.described_pairs(merger)
    checks.check_rows(rows, merger, register, taken=taken)


@transaction.atomic
def mark(
    of: BodyList,
    numbers: Collection[int],
    *,
    does: str,
    actor: User,
    now: datetime,
    version: int,
) -> int:
    """Drop, keep or call reviewed the rows with these numbers; return how many.

    ``does``: drop, keep, review, or drop_bad for all rows that cannot be taken. Raises
    as ``lock_list``.
    """
    of = lock_list(of, actor=actor, version=version)
    rows = of.rows.all() if does == "drop_bad" else of.rows.filter(number__in=numbers)
    changes: dict[str, dict[str, object]] = {
        "drop": {"is_dropped": True},
        "drop_bad": {"is_dropped": True},
        "keep": {"is_dropped": False},
        "review": {"reviewed_at": now},
    }
    if does == "drop_bad":
        rows = rows.filter(is_bad=True, is_dropped=False)
    count = rows.update(**changes[does])
    _check_again(of)
    _touch(of)
    act = merger_act("merger.review_list", of.merger, does=does, rows=count)
    audit.record(act, actor=actor, now=now)
    return count


@transaction.atomic
def save_row(
    of: BodyList,
    number: int,
    texts: Mapping[str, str],
    *,
    actor: User,
    now: datetime,
    version: int,
) -> BodyListRow:
    """Mend one row; who mends it has looked at it. Raises as ``lock_list``, or DoesNotExist."""
    of = lock_list(of, actor=actor, version=version)
    row = of.rows.get(number=number)
    for name, text in _fitting({**{name: getattr(row, name) for name in _TEXTS}, **texts}).items():
        setattr(row, name, text)
    row.reviewed_at, row.is_dropped = now, False
    row.save()
    _check_again(of)
    _touch(of)
    audit.record(
        merger_act("merger.review_list", of.merger, does="edit", row=number), actor=actor, now=now
    )
    return of.rows.get(number=number)


def _check_again(of: BodyList) -> None:
    """Judge the list anew: a row dropped or mended may free another, or clash with it."""
    rows = list(of.rows.order_by("number"))
    before = [_findings_of(row) for row in rows]
    _check_rows(rows, of)
    update_rows(
        [row for row, was in zip(rows, before, strict=True) if _findings_of(row) != was], _JUDGED
    )


def _findings_of(row: BodyListRow) -> tuple[object, ...]:
    return row.old_id, row.new_id, row.extent, row.problems, row.remarks, row.is_bad


@transaction.atomic
def drop_list(of: BodyList, *, actor: User, now: datetime, version: int) -> None:
    """Give a list up. Raises as ``lock_list``."""
    of = lock_list(of, actor=actor, version=version)
    of.dropped_at = now
    of.save(update_fields=["dropped_at"])
    audit.record(merger_act("merger.drop_list", of.merger), actor=actor, now=now)


@transaction.atomic
def accept_list(of: BodyList, *, actor: User, now: datetime, version: int) -> int:
    """Make the kept rows of a list part of the description; return how many.

    Raises as ``lock_list``, or Refused while a kept row is bad or, of an expanded list, nobody
    has looked at it.
    """
    of = lock_list(of, actor=actor, version=version)
    rows = list(of.rows.filter(is_dropped=False).order_by("number"))
    _check_rows(rows, of)
    if not rows:
        raise refuse(
            "no_rows", _("Danh sách không còn dòng nào."), way_out=_("Giữ lại ít nhất một dòng.")
        )
    if bad := sum(row.is_bad for row in rows):
        raise refuse(
            "bad_rows",
            _("Còn %(count)d dòng lỗi, chưa đưa dòng nào vào phương án.") % {"count": bad},
            way_out=_("Sửa từng dòng, hoặc bỏ các dòng lỗi."),
        )
    unseen = sum(row.reviewed_at is None for row in rows)
    if of.kind == BodyList.Kind.COMMUNES and unseen:
        raise refuse(
            "not_reviewed",
            _("Còn %(count)d dòng chưa có người xem xét.") % {"count": unseen},
            way_out=_("Xem từng trang, giữ, sửa hoặc bỏ từng dòng rồi đánh dấu đã xem xét."),
        )
    acceptance.accept_rows(of.merger, rows)
    of.imported_at, of.imported_by = now, actor
    of.save(update_fields=["imported_at", "imported_by"])
    touch(of.merger, "merger.import_list", actor=actor, now=now, rows=len(rows))
    return len(rows)


def lock_list(of: BodyList, *, actor: User, version: int) -> BodyList:
    """Return an open list locked with its reorganisation, for an officer who may describe it.

    Raises as ``lock_merger``; StaleVersion when the list changed since the page was shown.
    """
    merger = Merger.objects.get(pk=of.merger_id)
    merger = lock_merger(merger, actor=actor, version=merger.version)
    locked = BodyList.objects.select_for_update(of=("self",), no_key=True).get(pk=of.pk)
    if locked.imported_at or locked.dropped_at:
        raise NotEditable("the list is closed")
    if locked.version != version:
        raise StaleVersion(seen=version, current=locked.version)
    locked.merger = merger
    return locked


def _touch(of: BodyList) -> None:
    of.version += 1
    of.save(update_fields=["version"])


def find_list(merger: Merger, code: UUID) -> BodyList | None:
    """Return a list of ``merger``."""
    return merger.lists.filter(uuid=code).first()


_KIND_OF_PROVINCE = re.compile(r"^(?:tỉnh|thành phố|tp\.?)\s+", re.IGNORECASE)


def rows_of_communes(made: BodyList, records: Records) -> list[BodyListRow]:
    """Return a row for each registered body of the communes, and one for each commune or body that
    could not be told, so that nothing of the list is lost unseen."""
    communes = [_in_words_of_the_machine(record) for _number, record in records.rows]
    expansion = expand(communes, registered_of(made.merger))
    sources = _Sources(records.rows, expansion.remarks)
    rows = [
        BodyListRow(
            body_list=made,
            source=sources.of(row.source, row.old_agency),
            **row.record() | {"new_name": _name_with_province(row, communes[row.source - 2])},
        )
        for row in expansion.rows
    ]
    rows += [
        BodyListRow(
            body_list=made,
            source=sources.of(fault.row, ""),
            old_agency=fault.about,
            **_rest_of(communes[fault.row - 2]),
        )
        for fault in expansion.faults
    ]
    for number, row in enumerate(rows, start=1):
        row.number = number
        row.source = row.source[:250]
    return rows


def registered_of(merger: Merger) -> list[Registered]:
    """Return the bodies the office follows that exist on the effective day. Two queries."""
    existing = merger.bodies_to_describe().order_by()
    versions = AgencyVersion.objects.filter(agency__in=existing.values("pk"), valid_until=None)
    coded = versions.exclude(agency_code="").order_by()
    code_of = dict(coded.values_list("agency_id", "agency_code"))
    return [
        Registered(
            pk=pk,
            name=name,
            province=province,
            code=code_of.get(pk, ""),
            parent=parent,
            has_seal=has_seal,
        )
        for pk, name, province, parent, has_seal in existing.values_list(
            "pk", "name", "province", "parent_id", "has_seal"
        )
    ]


class _Sources:
    """Where a row comes from, in words: the line of the sheet, and what to look at."""

    def __init__(self, records: Sequence[tuple[int, Record]], remarks: Sequence[Remark]) -> None:
        self._records = records
        self._doubtful = {(one.row, one.about) for one in remarks if not one.is_fault}

    def of(self, row: int, body: str) -> str:
        number, record = self._records[row - 2]
        said = _("dòng %(number)d: %(old)s → %(new)s") % {
            "number": number,
            "old": record.get("old_name", ""),
            "new": record.get("new_name", ""),
        }
        if any(one == row and body.startswith(about) for one, about in self._doubtful):
            said += " – " + _("xã chia nhiều nơi, chưa rõ trực thuộc ai")
        return said


def _in_words_of_the_machine(record: Record) -> dict[str, str]:
    extent = EXTENTS.get(search_key(record.get("extent", "")))
    return {**record, "extent": str(extent) if extent else record.get("extent", "")}


def _name_with_province(row: ExpandedRow, commune: Mapping[str, str]) -> str:
    """Return the new name, with its province behind it where that is another one."""
    was, will = commune.get("old_province", ""), commune.get("new_province", "")
    if row.new_agency or not will or place(was) == place(will):
        return row.new_name
    return f"{row.new_name} ({_KIND_OF_PROVINCE.sub('', will)})"


def _rest_of(commune: Mapping[str, str]) -> dict[str, str]:
    return {
        "new_name": commune.get("new_name", "")[:250],
        "extent": commune["extent"][:40],
        "effective_on": commune.get("effective_on", "")[:30],
    }
