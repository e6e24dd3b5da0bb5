"""A file of bodies (old → new) as a world to plan from, without a described reorganisation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import islice

from django.utils.translation import gettext as _

from orgmerge.body_lists import sheets
from orgmerge.body_lists.checks import (
    BodyRegister,
    NewBodies,
    extent_of,
    register_of,
    superior_named,
    words_of,
)
from orgmerge.body_lists.findings import FOUND, UNUSABLE, Finding
from orgmerge.body_lists.sheets import Records
from orgmerge.description import contradictions
from orgmerge.planner import facts, names
from orgmerge.planner.successors import DISTRICTS_ENDED_ON
from orgmerge.register import queries
from orgmerge.register.inputs import Description
from orgmerge.vocabulary import Extent
from portal.agencies.levels import CITY, TINH, Level, level_of, organ_of
from portal.agencies.models import Agency
from portal.agencies.tree import with_superiors
from portal.core.text.identifiers import parse_day, written_day
from portal.core.text.numbers import with_dots


class Unusable(Exception):
    """Nothing can be planned from the file: ``code`` is what the command ends with."""

    def __init__(self, findings: Sequence[Finding], *, code: int = FOUND) -> None:
        super().__init__(f"{len(findings)} findings")
        self.findings, self.code = findings, code


@dataclass(slots=True)
class BodiesRead:
    """What came of the rows read so far. ``rows`` tells from which row each share comes."""

    register: BodyRegister
    bodies: Mapping[int, facts.KnownBody]
    targets: dict[int, facts.Target] = field(default_factory=dict)
    shares: list[facts.BodyShare] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    faults: list[Finding] = field(default_factory=list)
    # Province that passes to another → that one; both made comparable.
    provinces: dict[str, str] = field(default_factory=dict)
    # Described body → who is to stand above it, and the row that says so.
    superiors: dict[int, tuple[str, int]] = field(default_factory=dict)
    _places: dict[object, int] = field(default_factory=dict)
    _new_bodies: NewBodies = field(default_factory=NewBodies)

    def fault(self, row: int, code: str, *, about: str = "", said: str = "") -> None:
        """Note what is wrong with a row, in the words of its cell."""
        message = " ".join(filter(None, (words_of(code), said)))
        self.faults.append(Finding(row, code, message, about=about))

    def target(self, agency: int | None, name: str, *, old: int) -> int:
        """Return the described body that goes on as ``agency``, or is founded as ``name`` where
        ``old`` lies: two provinces may have a commune of one name."""
        standing = self.bodies.get(agency) if agency is not None else None
        province = standing.province if standing else self.province_after(old)
        place: object = agency if agency is not None else (names.key(name), province)
        own = name or (standing.name if standing else "")
        pk = self._places.setdefault(place, len(self._places) + 1)
        if pk not in self.targets or name:
            self.targets[pk] = facts.Target(
                pk=pk,
                name=own,
                key=names.key(own),
                province=province,
                agency=agency,
                email_domain=standing.email_domain if standing else "",
            )
        return pk

    def province_after(self, body: int) -> str:
        """Return where a body lies afterwards, made comparable."""
        lies = self.bodies[body].province
        return self.provinces.get(lies, lies)

    def read_row(self, number: int, record: Mapping[str, str]) -> None:
        typed = record["old_agency"]
        old = self.known(number, typed, self.register.find(typed) if typed else "old_missing")
        goes_on = record["new_agency"] or record["new_name"]
        agency = self.successor(number, record, old) if goes_on else None
        extent = extent_of(record["extent"])
        if extent is None:
            self.fault(number, "bad_extent", about=f"“{record['extent']}”")
        if record["effective_on"] and parse_day(record["effective_on"]) is None:
            self.fault(number, "bad_day", about=f"“{record['effective_on']}”")
        if old is None or extent is None or (self.faults and self.faults[-1].row == number):
            return
        if goes_on and agency is None and record["new_agency"]:
            code, first = self._new_bodies.problem(
                number,
                code=record["new_agency"],
                name=record["new_name"],
                province=self.province_after(old),
            )
            if code:
                about = f"{record['new_agency']} {record['new_name']}"
                said = _("Dòng đối chiếu: %(row)d.") % {"row": first}
                self.fault(number, code, about=about, said=said)
                return
        new = self.target(agency, record["new_name"], old=old) if goes_on else None
        self.shares.append(facts.BodyShare(old=old, new=new, extent=extent))
        self.rows.append(number)
        if new is not None and record["superior"]:
            superior = superior_named(record["superior"])
            told, first = self.superiors.setdefault(new, (superior, number))
            if not names.same(told, superior):
                said = _("Dòng đối chiếu: %(row)d.") % {"row": first}
                self.fault(number, "superiors_differ", about=record["superior"], said=said)

    def successor(self, number: int, record: Mapping[str, str], old: int | None) -> int | None:
        """Return the registered body that takes over, None when it is to be founded."""
        typed = record["new_agency"]
        if not typed:
            return None
        found = self.register.find_successor(typed, new_name=record["new_name"], old=old)
        return self.known(number, typed, found)

    def known(self, number: int, typed: str, found: int | str | None) -> int | None:
        """Return the body found; note as a fault the code of why there is none."""
        if not isinstance(found, str):
            return found
        self.fault(number, found, about=typed, said=self.register.shown(typed))
        return None

    def place_under_told(self) -> None:
        """Give each described body the superior its row says: a new name of the file, or a
        registered body."""
        by_name = {(one.key, one.province): one for one in self.targets.values()}
        for pk, (typed, row) in self.superiors.items():
            target = self.targets[pk]
            plain = typed.rpartition(" (")[0] if typed.endswith(")") else typed
            above = by_name.get((names.key(plain), target.province))
            found = self.register.find(typed) if above is None else 0
            if isinstance(found, str):
                code = "no_such_superior" if found == "no_such_body" else found
                self.fault(row, code, about=typed, said=self.register.shown(typed))
                continue
            # One that goes on by the file is called as the file says.
            going_on = self._places.get(found) if found else None
            above = self.targets.get(going_on or 0, above)
            superior = above.key if above else self.bodies[found].key
            self.targets[pk] = replace(target, superior=superior)


def rows_of_day(records: Records, effective: date | None) -> tuple[Records, date | None, int]:
    """Return the rows of one effective day, the day, and how many rows of others were left out;
    raise Unusable with the days of the file when it has several and none was chosen.

    A row without a day is of whichever is planned.
    """
    days: dict[date, list[int]] = defaultdict(list)
    for number, record in records.rows:
        if day := parse_day(record.get("effective_on", "")):
            days[day].append(number)
    counted = ", ".join(
        _("%(day)s: %(count)s dòng") % {"day": written_day(day), "count": with_dots(len(rows))}
        for day, rows in sorted(days.items())
    )
    if effective is None:
        if len(days) > 1:
            _first, second = list(days.values())[:2]
            message = _(
                "tệp có nhiều ngày hiệu lực (%(days)s). Mỗi lần lập cho một ngày: thêm "
                "--effective YYYY-MM-DD."
            )
            found = Finding(second[0], "other_day", message % {"days": counted})
            raise Unusable([found], code=UNUSABLE)
        return records, next(iter(days), None), 0
    left_out = {number for day, rows in days.items() if day != effective for number in rows}
    kept = [row for row in records.rows if row[0] not in left_out]
    if not kept:
        message = _("Không có dòng nào của ngày %(day)s (%(days)s).")
        said = message % {"day": written_day(effective), "days": counted}
        raise Unusable([Finding(1, "no_rows", said)], code=UNUSABLE)
    return Records(records.kind, kept), effective, len(left_out)


def description_of(
    records: Records, *, effective_on: date | None, today: date
) -> tuple[Description, list[int]]:
    """Return what the rows describe, and the row of each share; raises Unusable."""
    unsaid = dict.fromkeys(sheets.BODIES, "")
    rows = [(number, {**unsaid, **record}) for number, record in records.rows]
    known = register_of(Agency.objects.all(), day=today)
    reading = BodiesRead(known, queries.bodies(known.bodies, today=today))
    # The provinces an organ of which passes to that of another.
    for _number, entry in rows:
        old = known.find(entry["old_agency"])
        if not isinstance(old, int) or known.bodies[old].level != Level.PROVINCE:
            continue
        new = known.find_successor(entry["new_agency"], new_name=entry["new_name"], old=old)
        _organ, kind, founded = organ_of(entry["new_name"])
        if isinstance(new, int) and known.bodies[new].level == Level.PROVINCE:
            reading.provinces[reading.bodies[old].province] = reading.bodies[new].province
        elif not entry["new_agency"] and kind in (TINH, CITY):
            reading.provinces.setdefault(reading.bodies[old].province, founded)
    for number, record in rows:
        reading.read_row(number, record)
    reading.place_under_told()
    if reading.faults:
        raise Unusable(reading.faults)
    return Description(reading.targets, reading.shares, effective_on or today), reading.rows


def with_implied(description: Description, *, today: date) -> Description:
    """Add what the file need not say: who stands above each body, and the bodies whose superior
    ends or gets another name.

    Where the superior goes to several or to none, nobody can say who stands above: a person must.
    """
    targets, shares = dict(description.targets), list(description.shares)
    taken = {share.old for share in shares}
    taken.update(one.agency for one in targets.values() if one.agency is not None)
    # Body → what takes its place, None when that is not one body.
    parted: dict[int, list[facts.BodyShare]] = {}
    for each in description.shares:
        parted.setdefault(each.old, []).append(each)
    bodies = queries.bodies(parted, today=today)
    follows: dict[int, facts.Target | None] = {}
    for old, group in parted.items():
        places = [description.targets[one.new] for one in group if one.new is not None]
        own = next((place for place in places if place.agency == old), None)
        if own is not None and own.key == bodies[old].key:
            continue
        is_one = len(group) == 1 and group[0].extent == Extent.WHOLE
        follows[old] = own or (places[0] if is_one and places else None)
    below = queries.bodies_under(follows)
    wanted = {child for body in follows for child in below[body] if child not in taken}
    standing = queries.bodies_with_superiors(wanted | taken, today=today)
    for child in sorted(wanted):
        body, pk = standing[child], len(targets) + 1
        targets[pk] = facts.Target(
            pk, body.name, body.key, body.province, agency=child, email_domain=body.email_domain
        )
        shares.append(facts.BodyShare(old=child, new=pk))
    above = _Above(
        standing,
        follows,
        is_after_districts=max(description.effective_on, today) >= DISTRICTS_ENDED_ON,
        provinces={
            bodies[old].province: successor.province
            for old, successor in follows.items()
            if successor is not None
            and level_of(bodies[old].name, bodies[old].province, [""] * bool(bodies[old].parent))
            == Level.PROVINCE
        },
    )
    coming = defaultdict(list)
    for share in shares:
        coming[share.new].append(share)
    named = {pk: above.place(target, coming[pk]) for pk, target in targets.items()}
    return Description(named, shares, description.effective_on)


@dataclass(frozen=True, slots=True)
class _Above:
    """Who stands above a body from the effective day on, as far as the register tells."""

    bodies: Mapping[int, facts.KnownBody]
    follows: Mapping[int, facts.Target | None]
    is_after_districts: bool
    provinces: Mapping[str, str]  # that end → the one each passes to

    def place(self, target: facts.Target, shares: Sequence[facts.BodyShare]) -> facts.Target:
        """Return ``target`` with its superior and province; "" where they cannot be told."""
        whole = [share.old for share in shares if share.extent == Extent.WHOLE]
        own = [target.agency] if target.agency is not None else whole
        sources = [self.bodies[one] for one in own or [share.old for share in shares]]
        superiors = {self._superior(body) for body in sources}
        provinces = {self._province(body) for body in sources}
        superior = superiors.pop() if len(superiors) == 1 else ""
        return replace(
            target,
            superior=target.superior or superior or "",
            superior_unknown=not target.superior and superior is None,
            province=provinces.pop() if len(provinces) == 1 else target.province,
        )

    def _superior(self, body: facts.KnownBody) -> str | None:
        """Return the name of what stands above, "" for nothing, None where a person must say."""
        for above in self._chain(body):
            if above.pk in self.follows and not self._was_district(above):
                successor = self.follows[above.pk]
                return successor.key if successor else None
            if not self._was_district(above):
                return above.key
        return ""

    def _province(self, body: facts.KnownBody) -> str:
        """Return where ``body`` lies afterwards: a province may pass to another, with those that
        nobody registered under it."""
        province = body.province
        for above in self._chain(body):
            successor = self.follows.get(above.pk)
            if successor is not None and successor.province:
                province = successor.province
        return self.provinces.get(province, province)

    def _chain(self, body: facts.KnownBody) -> Iterator[facts.KnownBody]:
        upwards = with_superiors(
            body, lambda one: None if one.parent is None else self.bodies[one.parent]
        )
        return islice(upwards, 1, None)

    def _was_district(self, body: facts.KnownBody) -> bool:
        """Districts, and towns and cities that stand under a province (DOMAIN 9)."""
        above = [one.name for one in self._chain(body)]
        is_one = level_of(body.name, body.province, above) == Level.DISTRICT
        return is_one and bool(above) and self.is_after_districts


def planned_description(
    records: Records, *, effective_on: date | None, today: date
) -> tuple[Description, list[Finding]]:
    """Return what the rows of one day describe with all that follows from it, and of which bodies
    nobody has said what they come under; raises Unusable."""
    description, rows = description_of(records, effective_on=effective_on, today=today)
    # Raise Unusable with the rows that contradict each other or what the register knows.
    day = description.effective_on
    olds = {share.old for share in description.shares}
    named = olds | {one.agency for one in description.targets.values() if one.agency is not None}
    found = contradictions.find(
        description.shares,
        description.targets,
        queries.bodies_with_superiors(named, today=today),
        rows=rows,
        effective_on=day,
        dissolved_on=queries.dissolved_on(olds),
        changed_on=queries.changed_since(olds, day),
        filed_on=queries.filed_since(olds, day),
    )
    if found:
        raise Unusable(
            [Finding(one.row or 1, one.code, f"{one.message} {one.way_out}") for one in found]
        )
    whole = with_implied(description, today=today)
    # A body that only follows from another row has the number of none.
    row_of = {share.new: row for share, row in zip(description.shares, rows, strict=True)}
    message = _("chưa ghi đơn vị cấp trên mới; việc của đơn vị này để ngỏ.")
    untold = [
        Finding(row_of.get(pk, 0), "superior_not_told", message, about=one.name, is_fault=False)
        for pk, one in whole.targets.items()
        if one.superior_unknown
    ]
    return whole, untold
