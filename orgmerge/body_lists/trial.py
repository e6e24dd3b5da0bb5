"""A file of bodies (old → new) as a world to plan from, without a described reorganisation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import islice

from django.utils.translation import gettext as _

from orgmerge.body_lists import sheets
from orgmerge.body_lists.checks import EXTENTS, BodyRegister, register_of, words_of
from orgmerge.description import contradictions
from orgmerge.models import BodyList
from orgmerge.planner import facts, names
from orgmerge.planner.successors import DISTRICTS_ENDED_ON
from orgmerge.register import inputs, queries
from orgmerge.register.inputs import Description
from orgmerge.vocabulary import Extent
from portal.agencies.models import Agency
from portal.agencies.tree import with_superiors
from portal.core.rules import Refused
from portal.core.text.identifiers import parse_day
from portal.core.text.vietnamese import search_key

_NEEDED = frozenset({"old_agency", "new_agency", "new_name", "extent"})
_DISTRICTS = tuple(
    f"{names.key(f'ỦY BAN NHÂN DÂN {kind}')} " for kind in ("HUYỆN", "QUẬN", "THỊ XÃ", "THÀNH PHỐ")
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a row of the file; row 1 is its header."""

    row: int
    code: str
    message: str


class Unusable(Exception):
    """The file cannot be planned from; nothing was read of the register but names."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


@dataclass(slots=True)
class BodiesRead:
    """What came of the rows read so far. ``rows`` tells from which row each share comes."""

    register: BodyRegister
    bodies: Mapping[int, facts.KnownBody]
    targets: dict[int, facts.Target] = field(default_factory=dict)
    shares: list[facts.BodyShare] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    days: dict[date, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    # Province that passes to another → that one; both made comparable.
    provinces: dict[str, str] = field(default_factory=dict)
    _places: dict[object, int] = field(default_factory=dict)

    def fault(self, row: int, code: str, message: str = "") -> None:
        """Note what is wrong with a row."""
        self.faults.append(Fault(row, code, message or words_of(code)))

    def target(self, agency: int | None, name: str, *, old: int) -> int:
        """Return the described body that goes on as ``agency``, or is founded as ``name`` where
        ``old`` lies: two provinces may have a commune of one name."""
        lies = self.bodies[old].province
        standing = self.bodies.get(agency) if agency is not None else None
        province = standing.province if standing else self.provinces.get(lies, lies)
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

    def read_row(self, number: int, record: Mapping[str, str]) -> None:
        typed = record["old_agency"]
        old = self.known(number, typed, self.register.find(typed) if typed else "old_missing")
        goes_on = record["new_agency"] or record["new_name"]
        agency = self.successor(number, record) if goes_on else None
        extent = EXTENTS.get(search_key(record["extent"]))
        if extent is None:
            self.fault(number, "bad_extent")
        if record["effective_on"]:
            day = parse_day(record["effective_on"])
            if day is None:
                self.fault(number, "bad_day")
            else:
                self.days.setdefault(day, number)
        if old is None or extent is None or (self.faults and self.faults[-1].row == number):
            return
        new = self.target(agency, record["new_name"], old=old) if goes_on else None
        self.shares.append(facts.BodyShare(old=old, new=new, extent=extent))
        self.rows.append(number)

    def successor(self, number: int, record: Mapping[str, str]) -> int | None:
        """Return the registered body that takes over, None when it is to be founded."""
        typed = record["new_agency"]
        if not typed:
            return None
        found = self.register.find_successor(typed, new_name=record["new_name"])
        return self.known(number, typed, found)

    def known(self, number: int, typed: str, found: int | str | None) -> int | None:
        """Return the body found; note as a fault the code of why there is none."""
        if not isinstance(found, str):
            return found
        self.fault(number, found, f"{typed}: {words_of(found)}" if typed else "")
        return None


def records_of(content: bytes) -> list[tuple[int, sheets.Record]]:
    """Return the rows of the file with their numbers, every column named; raises Unusable."""
    try:
        rows = sheets.rows_of(content)
        columns = sheets.columns_of(next(rows, (1, ()))[1], BodyList.Kind.BODIES)
        if missing := _NEEDED.difference(columns.values()):
            message = _("Thiếu cột: %(names)s.") % {"names": ", ".join(sorted(missing))}
            raise Unusable([Fault(1, "wrong_header", message)])
        unsaid = dict.fromkeys(sheets.BODIES, "")
        return [(number, {**unsaid, **record}) for number, record in sheets.records(rows, columns)]
    except Refused as refusal:
        raise Unusable([Fault(1, one.code, one.message) for one in refusal.violations]) from refusal


def description_of(content: bytes, *, today: date) -> tuple[Description, list[int]]:
    """Return what the file describes, and the row of each share; raises Unusable."""
    records = records_of(content)
    everyone = Agency.objects.all()
    known = register_of(everyone, day=today)
    reading = BodiesRead(known, queries.bodies(known.names, today=today))
    # The provinces whose topmost body passes to that of another.
    found = {}
    for _number, entry in records:
        old = reading.register.find(entry["old_agency"])
        new = reading.register.find(entry["new_agency"])
        if isinstance(old, int) and isinstance(new, int) and reading.bodies[old].parent is None:
            found[reading.bodies[old].province] = reading.bodies[new].province
    reading.provinces = found
    for number, record in records:
        reading.read_row(number, record)
    if not reading.shares and not reading.faults:
        reading.fault(1, "no_rows", _("Bảng không có dòng dữ liệu nào."))
    for day, row in list(reading.days.items())[1:]:
        reading.fault(row, "other_day", _("Ngày hiệu lực %(day)s khác dòng trên.") % {"day": day})
    if reading.faults:
        raise Unusable(reading.faults)
    effective_on = next(iter(reading.days), today)
    return Description(reading.targets, reading.shares, effective_on), reading.rows


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

    def place(self, target: facts.Target, shares: Sequence[facts.BodyShare]) -> facts.Target:
        """Return ``target`` with its superior and province; "" where they cannot be told."""
        whole = [share.old for share in shares if share.extent == Extent.WHOLE]
        own = [target.agency] if target.agency is not None else whole
        sources = [self.bodies[one] for one in own or [share.old for share in shares]]
        superiors = {self._superior(body) for body in sources}
        provinces = {self._province(body) for body in sources}
        return replace(
            target,
            superior=superiors.pop() if len(superiors) == 1 else "",
            province=provinces.pop() if len(provinces) == 1 else target.province,
        )

    def _superior(self, body: facts.KnownBody) -> str:
        for above in self._chain(body):
            if above.pk in self.follows and not self._was_district(above):
                successor = self.follows[above.pk]
                return successor.key if successor else ""
            if not self._was_district(above):
                return above.key
        return ""

    def _province(self, body: facts.KnownBody) -> str:
        """Return where ``body`` lies afterwards: a province may pass to another."""
        province = body.province
        for above in self._chain(body):
            successor = self.follows.get(above.pk)
            if successor is not None and successor.province:
                province = successor.province
        return province

    def _chain(self, body: facts.KnownBody) -> Iterator[facts.KnownBody]:
        upwards = with_superiors(
            body, lambda one: None if one.parent is None else self.bodies[one.parent]
        )
        return islice(upwards, 1, None)

    def _was_district(self, body: facts.KnownBody) -> bool:
        """Districts, and towns and cities that stand under a province (DOMAIN 9)."""
        is_one = body.parent is not None and body.key.startswith(_DISTRICTS)
        return is_one and self.is_after_districts


def world_of(content: bytes, *, today: date) -> facts.World:
    """Return the world of a file; raises Unusable."""
    description, rows = description_of(content, today=today)
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
        raise Unusable([Fault(one.row or 1, one.code, one.message) for one in found])
    return inputs.gather(with_implied(description, today=today), today=today)


def rows_at_fault(faults: Iterable[Fault]) -> list[str]:
    """Return the faults as lines for people."""
    return [f"{_('Dòng')} {fault.row}: {fault.code}: {fault.message}" for fault in faults]
