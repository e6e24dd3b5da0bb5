"""Lists of bodies from a sheet: kept, looked through row by row, taken over when all is good."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

from orgmerge.acts import merger_act
from orgmerge.body_lists import checks, sheets
from orgmerge.body_lists.communes import ExpandedRow, Registered, Remark, expand
from orgmerge.body_lists.sheets import Record, Records
from orgmerge.description import implied_rows
from orgmerge.description.values import BodyFacts
from orgmerge.edits import lock_merger, touch
from orgmerge.models import BodyList, BodyListRow, Merger, MergerBody, MergerShare
from orgmerge.planner import names
from orgmerge.vocabulary import Extent
from portal.accounts.models import User
from portal.agencies.levels import own_name, province_key
from portal.agencies.models import Agency, AgencyKind, AgencyVersion
from portal.audit import services as audit
from portal.core.database.bulk import update_rows
from portal.core.rules import refuse
from portal.core.text.identifiers import check_agency_code
from portal.core.text.numbers import with_dots
from portal.core.text.vietnamese import nfc
from requests_app.errors import NotEditable, StaleVersion

_AT_ONCE = 500
_TEXTS = (
    "old_agency", "new_agency", "new_name", "extent", "effective_on", "decision", "superior",
)  # fmt: skip
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
            _("Còn %(count)s dòng lỗi, chưa đưa dòng nào vào phương án.")
            % {"count": with_dots(bad)},
            way_out=_("Sửa từng dòng, hoặc bỏ các dòng lỗi."),
        )
    unseen = sum(row.reviewed_at is None for row in rows)
    if of.kind == BodyList.Kind.COMMUNES and unseen:
        raise refuse(
            "not_reviewed",
            _("Còn %(count)s dòng chưa có người xem xét.") % {"count": with_dots(unseen)},
            way_out=_("Xem từng trang, giữ, sửa hoặc bỏ từng dòng rồi đánh dấu đã xem xét."),
        )
    accept_rows(of.merger, rows)
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


def rows_of_communes(made: BodyList, records: Records) -> list[BodyListRow]:
    """Return a row for each registered body of the communes, and one for each commune or body that
    could not be told, so that nothing of the list is lost unseen."""
    communes = dict(records.rows)
    merger = made.merger
    existing = registered(merger.bodies_to_describe().order_by(), merger.effective_on)
    expansion = expand(communes.values(), existing, rows=list(communes))
    sources = _Sources(communes, expansion.remarks)
    rows = [
        BodyListRow(
            body_list=made,
            source=sources.of(row.source, row.old_agency),
            **row.record() | {"new_name": _name_with_province(row, communes[row.source])},
        )
        for row in expansion.rows
    ]
    rows += [
        BodyListRow(
            body_list=made,
            source=sources.of(fault.row, "", refused=fault),
            old_agency=fault.about,
            new_name=communes[fault.row].get("new_name", "")[:250],
            extent=communes[fault.row].get("extent", "")[:40],
            effective_on=communes[fault.row].get("effective_on", "")[:30],
        )
        for fault in expansion.faults
    ]
    for number, row in enumerate(rows, start=1):
        row.number = number
        row.source = row.source[:250]
    return rows


def registered(bodies: QuerySet[Agency], day: date) -> list[Registered]:
    """Return ``bodies`` as a list of communes is compared with them, with the codes they have on
    ``day``. Two queries."""
    versions = AgencyVersion.objects.on(day).filter(agency__in=bodies.order_by().values("pk"))
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
            is_province=kind == AgencyKind.PROVINCE,
        )
        for pk, name, province, parent, has_seal, kind in bodies.values_list(
            "pk", "name", "province", "parent_id", "has_seal", "kind"
        )
    ]


class _Sources:
    """Where a row comes from, in words: the line of the sheet, and what to look at."""

    def __init__(self, records: Mapping[int, Record], remarks: Sequence[Remark]) -> None:
        self._records = records
        self._about: dict[str, list[Remark]] = defaultdict(list)
        for remark in remarks:
            if not remark.is_fault:
                self._about[remark.about].append(remark)

    def of(self, row: int, body: str, *, refused: Remark | None = None) -> str:
        record = self._records[row]
        said = _("dòng %(number)d: %(old)s → %(new)s") % {
            "number": row,
            "old": record.get("old_name", ""),
            "new": record.get("new_name", ""),
        }
        remarks = [refused] if refused else self._about.get(body.partition(" (")[0], [])
        told = dict.fromkeys(
            _("xã chia nhiều nơi, chưa rõ trực thuộc ai")
            if one.code == "superior_not_told"
            else one.words
            for one in remarks
        )
        return " – ".join([said, *told])


def _name_with_province(row: ExpandedRow, commune: Mapping[str, str]) -> str:
    """Return the new name, with its province behind it where that is another one."""
    was, will = commune.get("old_province", ""), commune.get("new_province", "")
    if row.new_agency or not will or province_key(was) == province_key(will):
        return row.new_name
    return f"{row.new_name} ({own_name(will)})"


_NAME_AND_PROVINCE = re.compile(r"(.+) \((.+)\)")
_PLACE = re.compile(r"\b(?:xã|phường|thị trấn|đặc khu)\s+(.+)$", re.IGNORECASE)
# What belongs to the old body alone and is given anew to a founded one.
_ITS_OWN = ("agency_code", "tax_code", "budget_code", "address", "email", "phone")


@dataclass(slots=True)
class NewBody:
    """A body that rows of the list pass to."""

    name: str
    province: str
    code: str = ""
    agency: int | None = None
    rows: list[BodyListRow] = field(default_factory=list)


def accept_rows(merger: Merger, rows: Sequence[BodyListRow]) -> None:
    """Add the rows of a list to a locked description, with what follows from them.

    A body whose name and type one of its predecessors bears is that predecessor living on
    (DOMAIN 14.9); any other new name founds a body.
    """
    wanted = sorted({key for row in rows for key in (row.old_id, row.new_id) if key})
    versions: dict[int, AgencyVersion] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        part = AgencyVersion.objects.on(merger.effective_on).filter(
            agency__in=wanted[start : start + _AT_ONCE]
        )
        versions |= {
            one.agency_id: one for one in part.select_related("agency", "parent", "office")
        }
    acceptance = Acceptance(merger, versions)
    # The targets by what the rows call them; rows without one end.
    targets: dict[object, NewBody] = {}
    for entry in rows:
        key: object
        if entry.new_id:
            key = entry.new_id
        elif not entry.new_name:
            key = None
        else:
            name, province = acceptance.apart(entry)
            key = names.key(name), names.key(province)
        if key is None:
            continue
        if key not in targets:
            targets[key] = acceptance.target(entry)
        targets[key].rows.append(entry)
    for target in targets.values():
        if target.agency is None:
            # The predecessor whose name and type the target bears, if exactly one passes whole:
            # which part of a divided body goes on under its name is not the machine's to say.
            same = [
                row.old_id
                for row in target.rows
                if row.old_id
                and row.extent == Extent.WHOLE
                and names.same(versions[row.old_id].name, target.name)
            ]
            target.agency = same[0] if len(same) == 1 else None
    acceptance.forget_implied([row.old_id for row in rows if row.old_id])
    bodies = acceptance.bodies(targets)
    acceptance.add_shares(rows, targets, bodies)
    acceptance.set_superiors(acceptance.told_superiors(targets, bodies))
    implied_rows.imply(merger)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A description that rows are added to, with the registered bodies they name as on the day."""

    merger: Merger
    versions: Mapping[int, AgencyVersion]

    def target(self, row: BodyListRow) -> NewBody:
        if row.new_id:
            version = self.versions[row.new_id]
            is_renamed = row.new_name and not names.same(row.new_name, version.name)
            name = row.new_name if is_renamed else version.name
            return NewBody(name, version.province, agency=row.new_id)
        name, province = self.apart(row)
        code = row.new_agency if row.new_agency and not check_agency_code(row.new_agency) else ""
        return NewBody(name, province, code=code)

    def apart(self, row: BodyListRow) -> tuple[str, str]:
        """Return the new name and its province: the old body's, unless it stands in brackets."""
        if match := _NAME_AND_PROVINCE.fullmatch(row.new_name):
            return match[1], match[2]
        return nfc(row.new_name), self.versions[row.old_id or 0].province

    def bodies(self, targets: Mapping[object, NewBody]) -> dict[object, MergerBody]:
        """Return the described body of each target: one that is there already, or a new one."""
        there = list(self.merger.bodies.order_by("position"))
        living = {body.agency_id: body for body in there if body.agency_id}
        founded = {
            (names.key(body.name), names.key(body.province)): body
            for body in there
            if body.agency_id is None
        }
        last = max((body.position for body in there), default=0)
        made: dict[object, MergerBody] = {}
        for key, target in targets.items():
            same = (names.key(target.name), names.key(target.province))
            found = living.get(target.agency) if target.agency else founded.get(same)
            made[key] = found or self.body(target, position=(last := last + 1))
        MergerBody.objects.bulk_create(
            [body for body in made.values() if body._state.adding], batch_size=_AT_ONCE
        )
        return made

    def body(self, target: NewBody, *, position: int) -> MergerBody:
        """Return a body like the one it goes on from; what is a founded body's own stays empty."""
        whole = [row for row in target.rows if row.extent == Extent.WHOLE]
        version = self.versions[target.agency or (whole or target.rows)[0].old_id or 0]
        columns = BodyFacts(facts=version.facts()).columns()
        columns |= {"name": target.name, "province": target.province, "agency": None}
        if target.agency is not None:
            columns["agency"] = version.agency
        else:
            columns |= dict.fromkeys(_ITS_OWN, "")
            columns["agency_code"] = target.code
            # The place a commune's body writes on its letters: the commune's own name.
            match = _PLACE.search(nfc(target.name))
            columns["place"] = (match[1].title()[:60] if match else "") or version.place
        return MergerBody(merger=self.merger, position=position, **columns)

    def add_shares(
        self,
        rows: Iterable[BodyListRow],
        targets: Mapping[object, NewBody],
        bodies: Mapping[object, MergerBody],
    ) -> None:
        body_of = {row.pk: bodies[key] for key, target in targets.items() for row in target.rows}
        known: set[tuple[int | None, int | None]] = set(
            self.merger.shares.values_list("old_id", "new_id")
        )
        position = self.merger.shares.aggregate(last=Max("position"))["last"] or 0
        made = []
        for row in rows:
            body = body_of.get(row.pk)
            pair = (row.old_id, body.pk if body else None)
            if pair in known:
                continue
            known.add(pair)
            position += 1
            made.append(
                MergerShare(
                    merger=self.merger,
                    position=position,
                    old_id=row.old_id or 0,
                    new=body,
                    extent=row.extent,
                )
            )
        for body in bodies.values():
            if body.agency_id and (body.agency_id, body.pk) not in known:
                position += 1
                made.append(
                    MergerShare(
                        merger=self.merger, position=position, old_id=body.agency_id, new=body
                    )
                )
        MergerShare.objects.bulk_create(made, batch_size=_AT_ONCE)

    def told_superiors(
        self, targets: Mapping[object, NewBody], bodies: Mapping[object, MergerBody]
    ) -> dict[int, implied_rows.Superior]:
        """Return described body → what its rows say stands above it: a body of the description,
        else a registered one."""
        typed = {
            bodies[key].pk: checks.superior_named(said)
            for key, target in targets.items()
            if (said := next((row.superior for row in target.rows if row.superior), ""))
        }
        if not typed:
            return {}
        described = list(self.merger.bodies.all())
        by_name = {(names.key(one.name), province_key(one.province)): one for one in described}
        province_of = {one.pk: one.province for one in described}
        register = checks.register_of(self.merger.bodies_followed(), day=self.merger.effective_on)
        told = {}
        for pk, said in typed.items():
            above = by_name.get((names.key(said), province_key(province_of[pk])))
            found = register.find(said) if above is None else above.agency_id
            if isinstance(found, int):
                told[pk] = implied_rows.Superior(agency=found)
            elif above is not None:
                told[pk] = implied_rows.Superior(body=above.pk)
        return told

    def set_superiors(self, told: Mapping[int, implied_rows.Superior]) -> None:
        """A body whose superior ends stands under the one that takes the superior's place.

        Where the superior is divided among its own inferiors (a district among communes), who stood
        under it stands under the superior's superior; under any other divided one a person has to
        say: ``told`` is what the list says.
        """
        shares = list(self.merger.shares.filter(is_implied=False).select_related("old"))
        bodies = {body.pk: body for body in self.merger.bodies.all()}
        above = implied_rows.ended_or_renamed(shares, bodies)
        # The bodies each part of which goes where one of their own inferiors goes.
        parents_into: dict[int | None, set[int | None]] = defaultdict(set)
        parts: dict[int, set[int | None]] = defaultdict(set)
        for share in shares:
            parents_into[share.new_id].add(share.old.parent_id)
            if share.extent == Extent.PARTLY:
                parts[share.old_id].add(share.new_id)
        levels_gone = {
            old
            for old, targets in parts.items()
            if all(old in parents_into[new] for new in targets)
        }
        grand = dict(Agency.objects.filter(pk__in=above).order_by().values_list("pk", "parent_id"))
        late = []
        for body in bodies.values():
            was = body.parent_id or 0
            one = told.get(body.pk) or above.get(was)
            if one is None:
                continue
            if one == implied_rows.Superior() and was in levels_gone:
                upper = grand[was]
                one = above.get(upper or 0, implied_rows.Superior(agency=upper))
            is_other = (one.agency, one.body) != (body.parent_id, body.parent_body_id)
            if is_other and body.pk != one.body:
                body.parent_id, body.parent_body_id = one.agency, one.body
                late.append(body)
        MergerBody.objects.bulk_update(late, ["parent", "parent_body"], batch_size=_AT_ONCE)

    def forget_implied(self, olds: Sequence[int]) -> None:
        gone: dict[int, list[int]] = defaultdict(list)
        for old, new in self.merger.shares.filter(is_implied=True).values_list("old_id", "new_id"):
            gone[old].append(new or 0)
        bodies = [key for old in set(olds) for key in gone.get(old, ())]
        for start in range(0, len(bodies), _AT_ONCE):
            part = bodies[start : start + _AT_ONCE]
            self.merger.shares.filter(is_implied=True, new__in=part).delete()
            self.merger.bodies.filter(pk__in=part, shares=None).delete()
