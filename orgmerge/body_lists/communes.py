"""A list of communes expanded to the bodies of each, to be looked through by a person.

A commune in a list is not a body (DOMAIN 14.10): its People's Committee, People's Council and Party
committee are bodies of their own and merge into the new commune's; its schools and stations go on
under a new superior; the district above it goes partly to each of the new communes. Pure: the
registered bodies are handed in, and only what is registered gets a row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from orgmerge.planner.names import key
from orgmerge.vocabulary import Extent
from portal.core.text.vietnamese import nfc

COLUMNS = (
    "old_code", "old_name", "old_district", "old_province_code", "old_province", "extent",
    "new_code", "new_name", "new_province_code", "new_province", "effective_on",
)  # fmt: skip
# These merge with the commune; the first is what the rest of it stands under.
COMMITTEES = ("ỦY BAN NHÂN DÂN", "HỘI ĐỒNG NHÂN DÂN", "ĐẢNG ỦY")
# These go on: what a commune usually has beside its committees.
UNITS = ("TRƯỜNG MẦM NON", "TRƯỜNG TIỂU HỌC", "TRƯỜNG TRUNG HỌC CƠ SỞ", "TRẠM Y TẾ")
_DISTRICT_BODIES = ("ỦY BAN NHÂN DÂN", "HỘI ĐỒNG NHÂN DÂN")
_KIND_OF_PROVINCE = re.compile(r"^(tỉnh|thành phố|tp\.?)\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Registered:
    """A body of the register that exists on the day."""

    pk: int
    name: str
    province: str
    code: str = ""
    parent: int | None = None
    has_seal: bool = True


@dataclass(frozen=True, slots=True)
class ExpandedRow:
    """One row of the file of bodies; ``source`` is the row of the list it comes from."""

    old_agency: str
    new_agency: str
    new_name: str
    extent: str
    effective_on: str
    decision: str
    source: int

    def record(self) -> dict[str, str]:
        """Return the row's cells by the columns of the file of bodies."""
        return {
            "old_agency": self.old_agency,
            "new_agency": self.new_agency,
            "new_name": self.new_name,
            "extent": self.extent,
            "effective_on": self.effective_on,
            "decision": self.decision,
        }


@dataclass(frozen=True, slots=True)
class Remark:
    """What a person has to look at; ``is_fault`` when the row could not be expanded."""

    row: int  # of the list; its header is row 1
    code: str
    about: str  # the name it is said of
    is_fault: bool = True


@dataclass(slots=True)
class Expansion:
    """The rows of bodies, and what could not be told or has to be looked at."""

    rows: list[ExpandedRow] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)

    @property
    def faults(self) -> list[Remark]:
        """The rows of the list that could not be expanded, or only in part."""
        return [remark for remark in self.remarks if remark.is_fault]


@dataclass(frozen=True, slots=True)
class CommuneRow:
    """One row of the list."""

    row: int
    code: str
    name: str
    district: str
    province: str
    extent: str
    new_code: str
    new_name: str
    new_province: str
    effective_on: str

    @property
    def old(self) -> tuple[str, str, str, str]:
        """Which old commune it is."""
        return self.code, self.name, self.district, self.province

    @property
    def new(self) -> tuple[str, str, str]:
        """Which new commune it is."""
        return self.new_code, self.new_name, self.new_province


def commune_bodies(name: str) -> tuple[str, ...]:
    """Return the names of the bodies that a commune usually has, its People's Committee first."""
    return tuple(f"{body} {nfc(name)}".upper() for body in (*COMMITTEES, *UNITS))


def expand(
    communes: Iterable[Mapping[str, str]],
    registered: Iterable[Registered],
    *,
    decision: str = "",
) -> Expansion:
    """Return the rows of bodies for a list of communes; what is ambiguous is reported with its row
    and never guessed.

    ``communes`` are records with ``COLUMNS``; ``registered`` all bodies that may be meant.
    """
    expansion = Expansion()
    listed = list(_read(communes, expansion))
    work = _Work(CommuneRegister(registered, listed), listed, expansion, decision)
    work.expand()
    return expansion


def _read(records: Iterable[Mapping[str, str]], expansion: Expansion) -> Iterator[CommuneRow]:
    seen = set()
    for number, record in enumerate(records, start=2):
        cells = {name: nfc(record.get(name) or "") for name in COLUMNS}
        needed = (cells["old_name"], cells["old_province"], cells["new_name"])
        if not all(needed):
            expansion.remarks.append(Remark(number, "cell_missing", cells["old_name"]))
            continue
        if cells["extent"] not in Extent.values:
            expansion.remarks.append(Remark(number, "bad_extent", cells["old_name"]))
            continue
        commune = CommuneRow(
            row=number,
            code=cells["old_code"],
            name=cells["old_name"],
            district=cells["old_district"],
            province=cells["old_province"],
            extent=cells["extent"],
            new_code=cells["new_code"],
            new_name=cells["new_name"],
            new_province=cells["new_province"] or cells["old_province"],
            effective_on=cells["effective_on"],
        )
        if (commune.old, commune.new) in seen:
            expansion.remarks.append(Remark(number, "row_twice", commune.name))
            continue
        seen.add((commune.old, commune.new))
        yield commune


class CommuneRegister:
    """The registered bodies, found by name, province, code and who stands above."""

    def __init__(self, registered: Iterable[Registered], listed: Sequence[CommuneRow]) -> None:
        self.bodies = {body.pk: body for body in registered}
        self._named: dict[tuple[str, str], list[Registered]] = {}
        self._children: dict[int, list[Registered]] = {}
        for body in sorted(self.bodies.values(), key=lambda one: one.pk):
            self._named.setdefault((key(body.name), place(body.province)), []).append(body)
            if body.parent is not None:
                self._children.setdefault(body.parent, []).append(body)
        homonyms: dict[tuple[str, str], set[tuple[str, str, str, str]]] = {}
        for commune in listed:
            name = key(commune.name), place(commune.province)
            homonyms.setdefault(name, set()).add(commune.old)
        self._doubtful = {name for name, communes in homonyms.items() if len(communes) > 1}

    def find(self, name: str, commune: CommuneRow) -> Registered | str:
        """Return the body of ``commune`` called ``name``, else what is wrong.

        Where the list or the register has the name twice in a province, the body's code or the
        district above it has to tell which it is.
        """
        found = self._named.get((key(name), place(commune.province)), [])
        is_doubtful = (key(commune.name), place(commune.province)) in self._doubtful
        if len(found) == 1 and not is_doubtful:
            return found[0]
        if not found:
            return "not_registered"
        for tells in (self._has_code, self._is_in_district):
            told = [body for body in found if tells(body, commune)]
            if len(told) == 1:
                return told[0]
        return "ambiguous"

    def named(self, name: str, province: str) -> list[Registered]:
        """Return the bodies so called in a province."""
        return self._named.get((key(name), place(province)), [])

    def under(self, body: Registered) -> list[Registered]:
        """Return the bodies with a seal directly under ``body``; units without go along."""
        return [one for one in self._children.get(body.pk, []) if one.has_seal]

    def reference(self, body: Registered) -> str | None:
        """Return how the file of bodies names ``body``: by code, else by name and province; None
        where two share both."""
        if body.code:
            return body.code
        if len(self.named(body.name, body.province)) > 1:
            return None
        return f"{body.name} ({body.province})"

    def _has_code(self, body: Registered, commune: CommuneRow) -> bool:
        return bool(commune.code) and commune.code in re.split(r"[.\-]", body.code)

    def _is_in_district(self, body: Registered, commune: CommuneRow) -> bool:
        district = key(f"{COMMITTEES[0]} {commune.district}")
        above, seen = self.bodies.get(body.parent or 0), {body.pk}
        while above is not None and above.pk not in seen:
            if key(above.name) == district:
                return True
            seen.add(above.pk)
            above = self.bodies.get(above.parent or 0)
        return False


def place(province: str) -> str:
    """Return a province's name made comparable, its kind left out ("Tỉnh Lai Châu" is "Lai
    Châu")."""
    return key(_KIND_OF_PROVINCE.sub("", nfc(province)))


@dataclass(slots=True)
class _Work:
    register: CommuneRegister
    listed: Sequence[CommuneRow]
    expansion: Expansion
    decision: str
    _taken: set[int] = field(default_factory=set)  # bodies that have a row of their own
    _remarked: set[int] = field(default_factory=set)
    _coming: dict[object, list[CommuneRow]] = field(default_factory=dict)  # by new commune

    def expand(self) -> None:
        self._coming = self._by(lambda commune: commune.new)
        for commune in self.listed:
            # The committees of a commune merge into those of the new one, whole or partly as it
            # does.
            names = zip(commune_bodies(commune.name), commune_bodies(commune.new_name), strict=True)
            found_any = False
            for old_name, new_name in list(names)[: len(COMMITTEES)]:
                body = self.register.find(old_name, commune)
                if isinstance(body, str):
                    if body == "ambiguous":
                        self._remark(commune, body, old_name)
                    continue
                found_any = True
                self._taken.add(body.pk)
                kept = self._kept(new_name, commune)
                self._row(commune, body, commune.extent, kept, new_name)
            if not found_any and commune.row not in self._remarked:
                self._remark(commune, "not_registered", commune.name)
        # Schools, stations and whatever else stands under a People's Committee go on as they are;
        # of a divided commune nobody can tell which one they come under.
        for communes in self._by(lambda commune: commune.old).values():
            first = communes[0]
            labels = commune_bodies(first.name)
            committee = self.register.find(labels[0], first)
            theirs = [self.register.find(name, first) for name in labels[len(COMMITTEES) :]]
            units = {one.pk: one for one in theirs if isinstance(one, Registered)}
            if isinstance(committee, Registered):
                units |= {one.pk: one for one in self.register.under(committee)}
            for unit in units.values():
                if unit.pk in self._taken:
                    continue
                self._taken.add(unit.pk)
                self._row(first, unit, Extent.WHOLE, unit, unit.name)
                if len(communes) > 1:
                    self._remark(first, "superior_not_told", unit.name, is_fault=False)
        self._districts()

    def _kept(self, new_name: str, commune: CommuneRow) -> Registered | None:
        """Return the one body that passes whole to the same commune and bears the name already:
        judged by name and type, never by the code (DOMAIN 14.9)."""
        going = [one for one in self._coming[commune.new] if one.extent == Extent.WHOLE]
        same = [one for one in going if key(one.name) == key(commune.new_name)]
        found = {
            body.pk: body
            for one in same
            if isinstance(body := self.register.find(new_name, one), Registered)
        }
        return next(iter(found.values())) if len(found) == 1 else None

    def _districts(self) -> None:
        """District bodies had no single successor (DOMAIN 9): partly to each new commune."""
        for communes in self._by(lambda commune: (commune.district, commune.province)).values():
            first = communes[0]
            if not first.district:
                continue
            successors = list({commune.new: commune for commune in communes}.values())
            for organ in _DISTRICT_BODIES:
                found = self.register.named(f"{organ} {first.district}", first.province)
                if len(found) > 1:
                    self._remark(first, "ambiguous", f"{organ} {first.district}")
                if len(found) != 1 or found[0].pk in self._taken:
                    continue
                self._taken.add(found[0].pk)
                body = found[0]
                extent = Extent.WHOLE if len(successors) == 1 else Extent.PARTLY
                place_of_organ = COMMITTEES.index(organ)
                for successor in successors:
                    new_name = commune_bodies(successor.new_name)[place_of_organ]
                    self._row(successor, body, extent, self._kept(new_name, successor), new_name)

    def _row(
        self,
        commune: CommuneRow,
        old: Registered,
        extent: str,
        new: Registered | None,
        new_name: str,
    ) -> None:
        reference = self.register.reference(old)
        successor = self.register.reference(new) if new is not None else ""
        if reference is None or successor is None:
            self._remark(commune, "ambiguous", old.name if reference is None else new_name)
            return
        self.expansion.rows.append(
            ExpandedRow(
                old_agency=reference,
                new_agency=successor,
                new_name=new_name,
                extent=str(extent),
                effective_on=commune.effective_on,
                decision=self.decision,
                source=commune.row,
            )
        )

    def _by(self, group: Callable[[CommuneRow], object]) -> dict[object, list[CommuneRow]]:
        found: dict[object, list[CommuneRow]] = {}
        for commune in self.listed:
            found.setdefault(group(commune), []).append(commune)
        return found

    def _remark(self, commune: CommuneRow, code: str, about: str, *, is_fault: bool = True) -> None:
        self._remarked.add(commune.row)
        self.expansion.remarks.append(Remark(commune.row, code, about, is_fault))


_ORGANS = ("ỦY BAN NHÂN DÂN", "HỘI ĐỒNG NHÂN DÂN")


def expand_provinces(
    communes: Iterable[Mapping[str, str]], register: CommuneRegister, *, decision: str = ""
) -> Iterator[ExpandedRow]:
    """Yield a row for each registered body of a province all listed communes of which are another's
    afterwards: what names the old one, name kept or not, names a body that is no more (M3)."""
    goes_to: dict[str, set[str]] = {}
    first: dict[str, tuple[int, str]] = {}
    for number, record in enumerate(communes, start=2):
        old, new = nfc(record.get("old_province") or ""), nfc(record.get("new_province") or "")
        if old and new:
            goes_to.setdefault(old, set()).add(new)
            first.setdefault(old, (number, record.get("effective_on") or ""))
    for old, successors in goes_to.items():
        (new, *others) = successors
        if others or place(old) == place(new):
            continue
        for organ in _ORGANS:
            found = register.named(f"{organ} {old}", old)
            reference = register.reference(found[0]) if len(found) == 1 else None
            if reference is None:
                continue
            successor = register.named(f"{organ} {new}", new)
            source, effective_on = first[old]
            yield ExpandedRow(
                old_agency=reference,
                new_agency=(register.reference(successor[0]) or "") if len(successor) == 1 else "",
                new_name=f"{organ} {new}".upper(),
                extent=str(Extent.WHOLE),
                effective_on=effective_on,
                decision=decision,
                source=source,
            )
