"""Lists of bodies from a sheet: kept, looked through row by row, taken over when all is good."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from orgmerge import lists_checking, lists_reading
from orgmerge.lists_reading import Records
from orgmerge.models import BodyList, BodyListRow, Merger
from orgmerge.services import taking_over
from orgmerge.services.common import lock_merger, merger_act, touch
from orgmerge.services.expansion import rows_of_communes
from portal.accounts.models import User
from portal.audit import services as audit
from portal.core.bulk import update_rows
from portal.core.rules import refuse
from requests_app.services.errors import NotEditable, StaleVersion

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
    records = lists_reading.read(content)
    merger.lists.filter(imported_at=None, dropped_at=None).update(dropped_at=now)
    made = BodyList.objects.create(
        merger=merger, kind=records.kind, file_name=file_name[:250], made_by=actor, made_at=now
    )
    rows = _rows(made, records)
    _judge(rows, made)
    BodyListRow.objects.bulk_create(rows, batch_size=_AT_ONCE)
    act = merger_act("merger.upload_list", merger, kind=records.kind, rows=len(rows))
    audit.record(act, actor=actor, now=now)
    return made


def _rows(made: BodyList, records: Records) -> list[BodyListRow]:
    if records.kind == BodyList.Kind.COMMUNES:
        return rows_of_communes(made, records)
    return [
        BodyListRow(body_list=made, number=number, **_fitting(record))
        for number, record in records.rows
    ]


def _fitting(record: Mapping[str, str]) -> dict[str, str]:
    """Return the texts of a row, none longer than its column."""
    fields = {name: BodyListRow._meta.get_field(name).max_length or 0 for name in _TEXTS}  # type: ignore[union-attr]
    return {name: record.get(name, "")[:most] for name, most in fields.items()}


def _judge(rows: Iterable[BodyListRow], of: BodyList) -> None:
    merger = of.merger
    register = lists_checking.register_of(merger.bodies_followed(), day=merger.effective_on)
    taken = lists_checking.described_pairs(merger)
    lists_checking.judge(rows, merger, register, taken=taken)


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
    _judge_again(of)
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
    for name, text in _fitting({**_texts_of(row), **texts}).items():
        setattr(row, name, text)
    row.reviewed_at, row.is_dropped = now, False
    row.save()
    _judge_again(of)
    _touch(of)
    audit.record(
        merger_act("merger.review_list", of.merger, does="edit", row=number), actor=actor, now=now
    )
    return of.rows.get(number=number)


def _texts_of(row: BodyListRow) -> dict[str, str]:
    return {name: getattr(row, name) for name in _TEXTS}


def _judge_again(of: BodyList) -> None:
    """Judge the list anew: a row dropped or mended may free another, or clash with it."""
    rows = list(of.rows.order_by("number"))
    before = [_judgement(row) for row in rows]
    _judge(rows, of)
    update_rows(
        [row for row, was in zip(rows, before, strict=True) if _judgement(row) != was], _JUDGED
    )


def _judgement(row: BodyListRow) -> tuple[object, ...]:
    return row.old_id, row.new_id, row.extent, row.problems, row.remarks, row.is_bad


@transaction.atomic
def drop_list(of: BodyList, *, actor: User, now: datetime, version: int) -> None:
    """Give a list up. Raises as ``lock_list``."""
    of = lock_list(of, actor=actor, version=version)
    of.dropped_at = now
    of.save(update_fields=["dropped_at"])
    audit.record(merger_act("merger.drop_list", of.merger), actor=actor, now=now)


@transaction.atomic
def take_over(of: BodyList, *, actor: User, now: datetime, version: int) -> int:
    """Make the kept rows of a list part of the description; return how many.

    Raises as ``lock_list``, or Refused while a kept row is bad or, of an expanded list, nobody
    has looked at it.
    """
    of = lock_list(of, actor=actor, version=version)
    rows = list(of.rows.filter(is_dropped=False).order_by("number"))
    _judge(rows, of)
    _check(of, rows)
    taking_over.describe(of.merger, rows)
    of.imported_at, of.imported_by = now, actor
    of.save(update_fields=["imported_at", "imported_by"])
    touch(of.merger, "merger.import_list", actor=actor, now=now, rows=len(rows))
    return len(rows)


def _check(of: BodyList, rows: Sequence[BodyListRow]) -> None:
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


def lock_list(of: BodyList, *, actor: User, version: int) -> BodyList:
    """Return an open list locked with its reorganisation, for an officer who may describe it.

    Raises as ``lock_merger``; StaleVersion when the list changed since the page was shown.
    """
    merger = Merger.objects.get(pk=of.merger_id)
    merger = lock_merger(merger, actor=actor, version=merger.version)
    locked = BodyList.objects.select_for_update(of=("self",)).get(pk=of.pk)
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
