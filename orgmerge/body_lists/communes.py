"""A list of communes expanded to the bodies of each, to be looked through by a person.

A commune in a list is not a body (DOMAIN 14.10): its People's Committee, People's Council and Party
committee are bodies of their own and merge into the new commune's; its schools and stations go on
under a new superior; the district above it goes partly to each of the new communes. Pure: the
registered bodies are handed in, and only what is registered gets a row."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from orgmerge.planner.names import key
from orgmerge.vocabulary import EXTENTS, Extent
from portal.agencies.levels import (
    CITY,
    TINH,
    Level,
    PlacedBody,
    kind_of_province,
    levels_of,
    organ_of,
    own_name,
    province_key,
)
from portal.agencies.tree import with_superiors
from portal.core.text.identifiers import parse_day
from portal.core.text.vietnamese import nfc, search_key

__all__ = ["COLUMNS", "CommuneRegister", "Expansion", "Registered", "expand"]

COLUMNS = (
    "old_code", "old_name", "old_district", "old_province_code", "old_province", "extent",
    "new_code", "new_name", "new_province_code", "new_province", "effective_on",
)  # fmt: skip
# These merge with the commune; the first is what the rest of it stands under.
COMMITTEES = ("ỦY BAN NHÂN DÂN", "HỘI ĐỒNG NHÂN DÂN", "ĐẢNG ỦY")
# These go on: what a commune usually has beside its committees.
UNITS = ("TRƯỜNG MẦM NON", "TRƯỜNG TIỂU HỌC", "TRƯỜNG TRUNG HỌC CƠ SỞ", "TRẠM Y TẾ")


@dataclass(frozen=True, slots=True)
class Registered:
    """A body of the register that exists on the day."""

    pk: int
    name: str
    province: str
    code: str = ""
    parent: int | None = None
    has_seal: bool = True
    is_province: bool = False  # one of Điều 34 khoản 1, as the register says


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
    body: int = 0  # the registered old body

    def record(self) -> dict[str, str]:
        """Return the row's cells by the columns of the file of bodies.

        The superior stays empty: it follows from the other rows, or a person has to write it.
        """
        return {
            "old_agency": self.old_agency,
            "new_agency": self.new_agency,
            "new_name": self.new_name,
            "extent": self.extent,
            "effective_on": self.effective_on,
            "decision": self.decision,
            "superior": "",
        }


@dataclass(frozen=True, slots=True)
class Remark:
    """What a person has to look at; ``is_fault`` when the row could not be expanded."""

    row: int  # of the list; its header is row 1
    code: str
    about: str  # the name it is said of
    is_fault: bool = True
    commune: str = ""  # the old code of the row
    said: str = ""  # what the cells say

    @property
    def words(self) -> str:
        """What is said of it, in the words of the file."""
        return ": ".join(filter(None, (words_of(self.code), self.said)))


@dataclass(slots=True)
class ProvinceCount:
    """What came of the rows of one old province: nothing of it ends unsaid."""

    name: str
    communes: int = 0
    bodies: int = 0  # that have a row
    refused: Counter[str] = field(default_factory=Counter)  # rows, by code
    follow: int = 0  # bodies that go along with one that has a row
    left_out: Counter[str] = field(default_factory=Counter)  # bodies, by why
    fate: str = ""  # of the province itself: a code
    becomes: str = ""


@dataclass(slots=True)
class Expansion:
    """The rows of bodies, and what could not be told or has to be looked at."""

    rows: list[ExpandedRow] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    provinces: list[ProvinceCount] = field(default_factory=list)

    def add(
        self,
        register: CommuneRegister,
        commune: CommuneRow,
        old: Registered,
        new: Registered | None,
        *,
        new_name: str,
        extent: str = Extent.WHOLE,
        decision: str,
    ) -> bool:
        """Add what becomes of a body by a row of the list; return False where the file of bodies
        could not name it, or what it passes to, so that nobody takes it for another."""
        reference = register.reference(old)
        successor = register.reference(new) if new is not None else ""
        if reference is None or successor is None:
            unclear = old if reference is None or new is None else new
            alike = register.named(unclear.name, unclear.province)
            said = register.shown(alike)
            self.remarks.append(_remark(commune, "ambiguous", unclear.name, said=said))
            return False
        self.rows.append(
            ExpandedRow(
                old_agency=reference,
                new_agency=successor,
                new_name=new_name,
                extent=str(extent),
                effective_on=commune.effective_on,
                decision=decision,
                source=commune.row,
                body=old.pk,
            )
        )
        return True

    @property
    def faults(self) -> list[Remark]:
        """The rows of the list that could not be expanded, or only in part."""
        return [remark for remark in self.remarks if remark.is_fault]


def words_of(code: str) -> str:
    """Return what is said of a row of the list."""
    said = {
        "cell_missing": _("thiếu tên xã cũ, tỉnh cũ hoặc tên xã mới"),
        "bad_extent": _("phạm vi phải là whole (Toàn bộ) hoặc partly (Một phần), tệp ghi"),
        "bad_day": _("không đọc được ngày hiệu lực, ghi dd/mm/yyyy; tệp ghi"),
        "row_twice": _("trùng với một dòng phía trên"),
        "not_registered": _("không có đơn vị nào của xã này trong danh mục"),
        "ambiguous": _("có nhiều đơn vị cùng tên; mã, huyện hoặc cấp không đủ để phân biệt"),
        "superior_not_told": _(
            "xã bị chia: chưa biết đơn vị này trực thuộc xã nào, ghi ở cột “Đơn vị cấp trên mới”"
        ),
        "province_code_differs": _("mã tỉnh và tên tỉnh không khớp với các dòng khác"),
        "old_code_with_two_names": _("một mã xã cũ ghi cho hai xã"),
        "code_with_two_names": _("một mã xã mới ghi hai tên"),
        "name_with_two_codes": _("một tên xã mới trong tỉnh ghi hai mã"),
        "whole_twice": _("xã cũ ghi chuyển toàn bộ mà có nhiều dòng; chia thì ghi partly cả"),
        "other_province": _(
            "tỉnh mới khác với các xã khác của tỉnh cũ; nếu đúng, lập tệp riêng cho các xã này"
        ),
        "rest_refused": _("một dòng khác của xã này bị từ chối, chưa đủ các phần"),
        "district_is_a_choice": _(
            "đơn vị cấp huyện không có đơn vị kế thừa duy nhất: người có thẩm quyền quyết định"
        ),
        "province_goes_to_several": _(
            "các xã của tỉnh cũ ghi nhiều tỉnh mới: chưa lập dòng cho cơ quan cấp tỉnh"
        ),
        "province_not_complete": _(
            "tệp chưa đủ các xã của tỉnh cũ: chưa coi là tỉnh kết thúc, chưa lập dòng cho cơ quan "
            "cấp tỉnh"
        ),
        "province_kind_missing": _("tỉnh mới không ghi là tỉnh hay thành phố"),
        "says_no_province": _(
            "không có dòng: tên không ghi tỉnh, không có cấp trên nào có dòng; người lập ghi thêm "
            "nếu cần"
        ),
        "department_joins": _(
            "đề nghị nhập vào đơn vị cùng tên của tỉnh mới; đối chiếu với quyết định"
        ),
        "no_counterpart": _(
            "tỉnh mới chưa đăng ký đơn vị cùng tên: đề nghị mang tên tỉnh mới; đối chiếu với "
            "quyết định"
        ),
    }
    return said.get(code, code)


@dataclass(frozen=True, slots=True)
class CommuneRow:
    """One row of the list."""

    row: int
    code: str
    name: str
    district: str
    province: str
    province_code: str
    extent: str
    new_code: str
    new_name: str
    new_province: str
    new_province_code: str
    effective_on: str

    @property
    def old(self) -> tuple[str, str, str, str]:
        """Which old commune it is."""
        return self.code, key(self.name), key(self.district), province_key(self.province)

    @property
    def new(self) -> tuple[str, str]:
        """Which new commune it is: what has one code has one name, else it was refused."""
        return key(self.new_name), province_key(self.new_province)

    @property
    def day(self) -> str:
        """The effective day made comparable: the file may hold several decisions."""
        day = parse_day(self.effective_on)
        return day.isoformat() if day else ""


def commune_bodies(name: str) -> tuple[str, ...]:
    """Return the names of the bodies that a commune usually has, its People's Committee first."""
    return tuple(f"{body} {nfc(name)}".upper() for body in (*COMMITTEES, *UNITS))


def expand(
    communes: Iterable[Mapping[str, str]],
    registered: Iterable[Registered],
    *,
    decision: str = "",
    rows: Sequence[int] = (),
) -> Expansion:
    """Return the rows of bodies for a list of communes; what is ambiguous is reported with its row
    and never guessed.

    ``communes`` are records with ``COLUMNS``, ``rows`` their numbers, from 2 when nothing is said;
    ``registered`` all bodies that may be meant. Rows of several days are several decisions.
    """
    records = list(communes)
    numbers = rows or range(2, len(records) + 2)
    expansion = Expansion()
    reading = _Reading(expansion)
    listed = reading.read(zip(numbers, records, strict=True))
    register = CommuneRegister(registered, reading.everyone)
    fates: dict[str, tuple[str, str]] = {}
    for of_day in _by_day(listed):
        work = _Work(register, of_day, expansion, decision)
        work.expand()
        provinces = _Provinces(register, reading.names, expansion, decision)
        provinces.expand(of_day)
        fates |= provinces.fates
    expansion.provinces = _counted(reading, register, fates, expansion)
    return expansion


class _Reading:
    """The rows of a list that can be used; the others refused, each with its number and codes."""

    def __init__(self, expansion: Expansion) -> None:
        self._expansion = expansion
        self.everyone: list[CommuneRow] = []  # of refused rows too
        self.names: set[str] = set()  # of all communes named
        self.province_of: dict[int, str] = {}
        self._refused: set[Hashable] = set()  # communes a row of which was refused

    def read(self, records: Iterable[tuple[int, Mapping[str, str]]]) -> list[CommuneRow]:
        listed = list(self._cells(records))
        for of_day in _by_day(listed):
            left = self._without(
                of_day, "province_code_differs", lambda one: one.province_code,
                lambda one: province_key(one.province),
                lambda one: f"{one.province_code} {one.province}",
            )  # fmt: skip
            left = self._without(
                left, "province_code_differs", lambda one: province_key(one.province),
                lambda one: one.province_code, lambda one: f"{one.province_code} {one.province}",
            )  # fmt: skip
            left = self._without(
                left, "province_code_differs", lambda one: one.new_province_code,
                lambda one: province_key(one.new_province),
                lambda one: f"{one.new_province_code} {one.new_province}",
            )  # fmt: skip
            left = self._without(
                left, "province_code_differs", lambda one: province_key(one.new_province),
                lambda one: one.new_province_code,
                lambda one: f"{one.new_province_code} {one.new_province}",
            )  # fmt: skip
            left = self._without(
                left, "old_code_with_two_names", lambda one: one.code,
                lambda one: (key(one.name), province_key(one.province)),
                lambda one: f"{one.code} {one.name}, {one.province}",
            )  # fmt: skip
            # DOMAIN 14.22: two names under one code, one name under two codes in a province.
            left = self._without(
                left, "code_with_two_names", lambda one: one.new_code,
                lambda one: one.new,
                lambda one: f"{one.new_code} {one.new_name}, {one.new_province}",
            )  # fmt: skip
            left = self._without(
                left, "name_with_two_codes", lambda one: one.new,
                lambda one: one.new_code, lambda one: f"{one.new_code} {one.new_name}",
            )  # fmt: skip
            left = self._without_strays(left)
            for rows in _by(left, lambda commune: commune.old).values():
                if len(rows) > 1 and any(one.extent == Extent.WHOLE for one in rows):
                    numbers = ", ".join(str(one.row) for one in rows)
                    for one in rows:
                        self._refuse(one, "whole_twice", _("dòng %(rows)s") % {"rows": numbers})
                elif rows[0].extent == Extent.PARTLY and any(
                    {one.old, one.code} & self._refused for one in rows
                ):
                    for one in rows:
                        self._refuse(one, "rest_refused", "")
        faulty = {remark.row for remark in self._expansion.faults}
        return [one for one in listed if one.row not in faulty]

    def _cells(self, records: Iterable[tuple[int, Mapping[str, str]]]) -> Iterator[CommuneRow]:
        seen = set()
        for number, record in records:
            cells = {name: nfc(record.get(name) or "") for name in COLUMNS}
            self.names.add(key(cells["old_name"]))
            self.province_of[number] = cells["old_province"]
            extent = EXTENTS.get(search_key(cells["extent"])) if cells["extent"] else None
            commune = CommuneRow(
                row=number,
                code=cells["old_code"],
                name=cells["old_name"],
                district=cells["old_district"],
                province=cells["old_province"],
                province_code=cells["old_province_code"],
                extent=str(extent or ""),
                new_code=cells["new_code"],
                new_name=cells["new_name"],
                new_province=cells["new_province"] or cells["old_province"],
                new_province_code=cells["new_province_code"],
                effective_on=cells["effective_on"],
            )
            self.everyone.append(commune)
            day = cells["effective_on"]
            if not all((commune.name, commune.province, commune.new_name)):
                self._refuse(commune, "cell_missing", "")
            elif extent is None:
                self._refuse(commune, "bad_extent", f"“{cells['extent']}”")
            elif day and not commune.day:
                self._refuse(commune, "bad_day", f"“{day}”")
            elif (commune.old, commune.new, commune.day) in seen:
                self._expansion.remarks.append(_remark(commune, "row_twice", commune.name))
            else:
                seen.add((commune.old, commune.new, commune.day))
                yield commune

    def _without(
        self,
        rows: Sequence[CommuneRow],
        code: str,
        group: Callable[[CommuneRow], Hashable],
        says: Callable[[CommuneRow], Hashable],
        shown: Callable[[CommuneRow], str],
    ) -> list[CommuneRow]:
        """Return the rows that say of their group what most of it says; refuse the others. What is
        left empty says nothing."""
        for of_group in _by(rows, group).values():
            speaking = [one for one in of_group if "" not in (group(one), says(one))]
            counted = Counter(map(says, speaking))
            if len(counted) < 2:  # noqa: PLR2004
                continue
            usual = max(counted, key=lambda said: counted[said])  # the first of as many
            first = next(one for one in speaking if says(one) == usual)
            for one in speaking:
                if says(one) != usual:
                    said = _("%(this)s – dòng %(row)d: %(other)s") % {
                        "this": shown(one),
                        "row": first.row,
                        "other": shown(first),
                    }
                    self._refuse(one, code, said)
        return self._standing(rows)

    def _without_strays(self, rows: Sequence[CommuneRow]) -> list[CommuneRow]:
        """Return the rows without the few that lead from a province that ends or is renamed to
        another one than all its other communes do: filed under a neighbouring province."""
        for of_province in _by(rows, lambda commune: province_key(commune.province)).values():
            goes_to = Counter(province_key(one.new_province) for one in of_province)
            (usual, most), *others = goes_to.most_common()
            to = next(one for one in of_province if province_key(one.new_province) == usual)
            if not others or not _changes(to.province, to.new_province):
                continue
            for one in of_province:
                here = province_key(one.new_province)
                if here != usual and 2 * goes_to[here] <= most:
                    said = f"{one.province} → {one.new_code} {one.new_name}, {one.new_province}"
                    self._refuse(one, "other_province", said)
        return self._standing(rows)

    def _standing(self, rows: Sequence[CommuneRow]) -> list[CommuneRow]:
        faulty = {remark.row for remark in self._expansion.faults}
        return [one for one in rows if one.row not in faulty]

    def _refuse(self, commune: CommuneRow, code: str, said: str) -> None:
        self._refused |= {commune.old, commune.code} - {""}
        self._expansion.remarks.append(_remark(commune, code, commune.name, said=said))


def _changes(old: str, new: str) -> bool:
    """Say whether a province ends in another, or is of another kind from then on."""
    kinds = {kind_of_province(old), kind_of_province(new)} - {""}
    return province_key(old) != province_key(new) or len(kinds) > 1


def _remark(
    commune: CommuneRow, code: str, about: str, *, is_fault: bool = True, said: str = ""
) -> Remark:
    return Remark(commune.row, code, about, is_fault, commune.code, said)


def _by(
    rows: Iterable[CommuneRow], group: Callable[[CommuneRow], Hashable]
) -> dict[Hashable, list[CommuneRow]]:
    found: dict[Hashable, list[CommuneRow]] = {}
    for commune in rows:
        found.setdefault(group(commune), []).append(commune)
    return found


def _by_day(rows: Sequence[CommuneRow]) -> Iterable[list[CommuneRow]]:
    """Return the rows of each decision; one without a day is of the only day there is."""
    days = {one.day for one in rows} - {""}
    only = next(iter(days)) if len(days) == 1 else ""
    return _by(rows, lambda commune: commune.day or only).values()


LEVEL_WORDS = {Level.PROVINCE: "cấp tỉnh", Level.DISTRICT: "cấp huyện", Level.COMMUNE: "cấp xã"}


class CommuneRegister:
    """The registered bodies, found by level, name, province, code and who stands above."""

    def __init__(self, registered: Iterable[Registered], listed: Sequence[CommuneRow]) -> None:
        self.bodies = {body.pk: body for body in registered}
        self.levels = levels_of(
            {
                body.pk: PlacedBody(body.name, body.province, body.parent, body.is_province)
                for body in self.bodies.values()
            }
        )
        self._in_province: dict[str, list[Registered]] = {}
        self._named: dict[tuple[str, str], list[Registered]] = {}
        self._children: dict[int, list[Registered]] = {}
        self._organs: dict[tuple[str, tuple[str, str, str]], list[Registered]] = {}
        for body in sorted(self.bodies.values(), key=lambda one: one.pk):
            self._named.setdefault((key(body.name), province_key(body.province)), []).append(body)
            self._in_province.setdefault(province_key(body.province), []).append(body)
            if self.levels[body.pk] in (Level.PROVINCE, Level.DISTRICT):
                of_place = province_key(body.province), organ_of(body.name)
                self._organs.setdefault(of_place, []).append(body)
            if body.parent is not None:
                self._children.setdefault(body.parent, []).append(body)
        homonyms: dict[tuple[str, str], set[tuple[str, str, str, str]]] = {}
        for commune in listed:
            name = key(commune.name), province_key(commune.province)
            homonyms.setdefault(name, set()).add(commune.old)
        self._doubtful = {name for name, communes in homonyms.items() if len(communes) > 1}

    def find(self, name: str, commune: CommuneRow) -> Registered | str:
        """Return the body of ``commune`` called ``name``, else what is wrong.

        Where the list or the register has the name twice in a province, the body's code or the
        district above it has to tell which it is.
        """
        found = self._named.get((key(name), province_key(commune.province)), [])
        is_doubtful = (key(commune.name), province_key(commune.province)) in self._doubtful
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
        """Return the bodies so called in a province, of whatever level."""
        return self._named.get((key(name), province_key(province)), [])

    def of_district(self, organ: tuple[str, str, str], province: str) -> list[Registered]:
        """Return the bodies that are an organ of a district, as ``organ_of`` names it.

        In what the file writes as "Tỉnh …" no city is the province, whatever the register lets
        think.
        """
        levels = {Level.DISTRICT}
        if kind_of_province(province) == TINH:
            levels.add(Level.PROVINCE)
        return [
            body
            for body in self._organs.get((province_key(province), organ), [])
            if self.levels[body.pk] in levels and organ[1] != TINH
        ]

    def under(self, body: Registered) -> list[Registered]:
        """Return the bodies with a seal directly under ``body``; units without go along."""
        return [one for one in self._children.get(body.pk, []) if one.has_seal]

    def in_province(self, province: str) -> list[Registered]:
        """Return the bodies with a seal of a province."""
        return [one for one in self._in_province.get(province_key(province), []) if one.has_seal]

    def is_committee_of_commune(self, body: Registered) -> bool:
        """Say whether ``body`` is the People's Committee of a commune."""
        is_one = organ_of(body.name)[0] == organ_of(f"{COMMITTEES[0]} XÃ A")[0]
        return is_one and self.levels[body.pk] == Level.COMMUNE

    def reference(self, body: Registered) -> str | None:
        """Return how the file of bodies names ``body``: by code, else by name and province, with
        its level where that tells it apart; None where nothing does."""
        if body.code:
            return body.code
        alike = self.named(body.name, body.province)
        if len(alike) == 1:
            return f"{body.name} ({body.province})"
        level = LEVEL_WORDS.get(self.levels[body.pk], "")
        alike = [one for one in alike if self.levels[one.pk] == self.levels[body.pk]]
        if level and len(alike) == 1:
            return f"{body.name} ({level}; {body.province})"
        return None

    def shown(self, bodies: Iterable[Registered]) -> str:
        """Return bodies as a person tells them apart: name, superior, code."""
        words = []
        for one in bodies:
            above = self.bodies.get(one.parent or 0)
            told = (above.name if above else "", one.province, one.code)
            words.append(f"{one.name} ({', '.join(filter(None, told))})")
        return "; ".join(words)

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


@dataclass(slots=True)
class _Work:
    """The communes and districts of one day."""

    register: CommuneRegister
    listed: Sequence[CommuneRow]
    expansion: Expansion
    decision: str
    _taken: set[int] = field(default_factory=set)  # bodies that have a row of their own
    _remarked: set[int] = field(default_factory=set)
    _coming: dict[Hashable, list[CommuneRow]] = field(default_factory=dict)  # by new commune

    def expand(self) -> None:
        self._coming = _by(self.listed, lambda commune: commune.new)
        for commune in self.listed:
            # The committees of a commune merge into those of the new one, whole or partly as it
            # does.
            names = zip(commune_bodies(commune.name), commune_bodies(commune.new_name), strict=True)
            found_any = False
            for old_name, new_name in list(names)[: len(COMMITTEES)]:
                body = self.register.find(old_name, commune)
                if isinstance(body, str):
                    if body == "ambiguous":
                        alike = self.register.named(old_name, commune.province)
                        self._remark(commune, body, old_name, said=self.register.shown(alike))
                    continue
                found_any = True
                self._taken.add(body.pk)
                kept = self._kept(new_name, commune)
                self._row(commune, body, commune.extent, kept, new_name)
            if not found_any and commune.row not in self._remarked:
                self._remark(commune, "not_registered", commune.name, said=commune.province)
        # Schools, stations and whatever else stands under a People's Committee go on as they are;
        # of a divided commune nobody can tell which one they come under.
        for communes in _by(self.listed, lambda commune: commune.old).values():
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
        """District bodies had no single successor (DOMAIN 9): partly to each new commune, and a
        person's choice however few are listed (DOMAIN 14.20)."""
        groups = _by(self.listed, lambda one: (key(one.district), province_key(one.province)))
        for communes in groups.values():
            first = communes[0]
            if not first.district:
                continue
            successors = list({commune.new: commune for commune in communes}.values())
            is_complete = self._is_complete(communes)
            for place_of_organ, organ in enumerate(COMMITTEES):
                found = self._organs(organ, first)
                if len(found) > 1:
                    name = f"{organ} {first.district}"
                    self._remark(first, "ambiguous", name, said=self.register.shown(found))
                if len(found) != 1 or found[0].pk in self._taken:
                    continue
                self._taken.add(found[0].pk)
                body = found[0]
                is_whole = is_complete and len(successors) == 1
                for successor in successors:
                    new_name = commune_bodies(successor.new_name)[place_of_organ]
                    extent = Extent.WHOLE if is_whole else Extent.PARTLY
                    self._row(successor, body, extent, self._kept(new_name, successor), new_name)
                said = "" if is_complete else _("tệp chưa đủ các xã của huyện này")
                self._remark(first, "district_is_a_choice", body.name, is_fault=False, said=said)

    def _organs(self, organ: str, commune: CommuneRow) -> list[Registered]:
        """Return the bodies that are this organ of a commune's district: "Huyện ủy Than Uyên" is
        the Party committee of it. A district written without its kind is one of any kind."""
        wanted = organ_of(f"{organ} {commune.district}")
        kinds = [wanted] if wanted[0] else [
            organ_of(f"{organ} {kind} {commune.district}") for kind in _DISTRICT_KINDS
        ]  # fmt: skip
        found = [self.register.of_district(one, commune.province) for one in kinds]
        return list({body.pk: body for bodies in found for body in bodies}.values())

    def _is_complete(self, communes: Sequence[CommuneRow]) -> bool:
        """Say whether the file maps a whole district: each registered commune under its People's
        Committee is listed, and each whole (DOMAIN 14.20). What is not registered tells nothing."""
        committees = self._organs(COMMITTEES[0], communes[0])
        if len(committees) != 1 or any(one.extent != Extent.WHOLE for one in communes):
            return False
        theirs = [
            key(body.name)
            for body in self.register.under(committees[0])
            if self.register.is_committee_of_commune(body)
        ]
        listed = {key(commune_bodies(one.name)[0]) for one in communes}
        return bool(theirs) and set(theirs) <= listed

    def _row(
        self,
        commune: CommuneRow,
        old: Registered,
        extent: str,
        new: Registered | None,
        new_name: str,
    ) -> None:
        is_added = self.expansion.add(
            self.register, commune, old, new,
            new_name=new_name, extent=extent, decision=self.decision,
        )  # fmt: skip
        if not is_added:
            self._remarked.add(commune.row)

    def _remark(
        self, commune: CommuneRow, code: str, about: str, *, is_fault: bool = True, said: str = ""
    ) -> None:
        self._remarked.add(commune.row)
        self.expansion.remarks.append(_remark(commune, code, about, is_fault=is_fault, said=said))


# How the names of a province's bodies say it, by its kind.
_ORGANS = {key(organ): organ for organ in COMMITTEES[:2]}
_PARTY = {TINH: "TỈNH ỦY", CITY: "THÀNH ỦY"}
_KINDS = {TINH: "TỈNH", CITY: "THÀNH PHỐ"}
_DISTRICT_KINDS = ("HUYỆN", "QUẬN", "THỊ XÃ", "THÀNH PHỐ")
# By law the departments of a province: their names say the province, also without its kind.
_DEPARTMENTS = ("SỞ", "VĂN PHÒNG", "THANH TRA", "BAN")


@dataclass(frozen=True, slots=True)
class _Mention:
    """How the name of a body ends in a province's: "SỞ Y TẾ", tỉnh of "SỞ Y TẾ TỈNH HÒA BÌNH"."""

    before: str
    kind: str = ""
    is_party: bool = False

    def within(self, province: str, kind: str) -> str:
        """Return the name with another province in it."""
        word = "" if not self.kind else (_PARTY if self.is_party else _KINDS)[kind]
        before = _ORGANS.get(key(self.before), self.before)
        return " ".join(filter(None, (before, word, own_name(province)))).upper()

    def is_like(self, other: _Mention | None) -> bool:
        """Say whether another body is the same of its province, whatever the province's kind."""
        return other is not None and (key(self.before), self.is_party) == (
            key(other.before),
            other.is_party,
        )


def _mention(name: str, province: str) -> _Mention | None:
    """Return how ``name`` says ``province`` at its end; None where it does not, or says another
    place of that name."""
    words = nfc(name).split()
    count = next(
        (n for n in range(1, len(words)) if key(" ".join(words[-n:])) == province_key(province)), 0
    )
    if not count:
        return None
    before = words[:-count]
    for kind, said in (*_PARTY.items(), *_KINDS.items()):
        for length in (2, 1):
            if key(" ".join(before[-length:])) == key(said):
                rest = " ".join(before[:-length])
                return _Mention(rest, kind, is_party=said == _PARTY[kind])
    is_department = " ".join(before).upper().startswith(_DEPARTMENTS)
    is_another = key(before[-1]) in _OTHER_KINDS
    return _Mention(" ".join(before)) if is_department and not is_another else None


_OTHER_KINDS = frozenset(map(key, ("huyện", "quận", "xã", "phường"))) | {"xã", "trấn"}


@dataclass(slots=True)
class _Provinces:
    """The bodies of provinces on one day: of those that end in another, and of those that are of
    another kind (tỉnh → thành phố), each with its departments."""

    register: CommuneRegister
    names: set[str]  # of the communes the file names
    expansion: Expansion
    decision: str
    fates: dict[str, tuple[str, str]] = field(default_factory=dict)

    def expand(self, listed: Iterable[CommuneRow]) -> None:
        for old, theirs in _by(listed, lambda commune: province_key(commune.province)).items():
            # What keeps a commune of its own goes on, whatever becomes of others at its border.
            own = [one for one in theirs if province_key(one.new_province) == old]
            deciding = own or theirs
            first = next(
                (one for one in deciding if _changes(one.province, one.new_province)), None
            )
            kinds = {kind_of_province(one.new_province) for one in deciding} - {""}
            fate = "province_stays", ""
            if first is None:
                pass
            elif len({province_key(one.new_province) for one in deciding}) > 1 or len(kinds) > 1:
                several = ", ".join(dict.fromkeys(one.new_province for one in deciding))
                self._say(first, "province_goes_to_several", first.province, said=several)
                fate = "province_goes_to_several", several
            elif not kinds:
                self._say(first, "province_kind_missing", first.new_province)
                fate = "province_kind_missing", first.new_province
            else:
                fate = self._expand_province(first), first.new_province
            self.fates[str(old)] = fate

    def _expand_province(self, move: CommuneRow) -> str:
        """Add the rows of a province's bodies by one of its communes; return what becomes of it."""
        old, new = move.province, move.new_province
        is_renamed = province_key(old) == province_key(new)
        bodies = self.register.in_province(old)
        missing = [
            body.name
            for body in bodies
            if self.register.is_committee_of_commune(body)
            and " ".join(organ_of(body.name)[1:]) not in self.names
        ]
        if missing and not is_renamed:
            said = _("còn %(count)d xã, như %(names)s") % {
                "count": len(missing),
                "names": "; ".join(missing[:3]),
            }
            self._say(move, "province_not_complete", old, said=said)
            return "province_not_complete"
        # Organs of the province, not of its city of the same name.
        tops = {
            body.pk
            for body in bodies
            if self.register.levels[body.pk] == Level.PROVINCE
            and kind_of_province(old) in ("", organ_of(body.name)[1])
            and organ_of(body.name)[2] == province_key(old)
        }
        for body in bodies:
            is_department = self.register.levels[body.pk] == Level.NONE and (
                body.parent is None or body.parent in tops
            )
            if body.pk in tops or is_department:
                self._expand_body(move, body, is_top=body.pk in tops)
        return "province_renamed" if is_renamed else "province_ends"

    def _expand_body(self, move: CommuneRow, body: Registered, *, is_top: bool) -> None:
        old, new = move.province, move.new_province
        is_renamed = province_key(old) == province_key(new)
        said = _mention(body.name, old)
        # A name that says another kind of place, or no kind where only the kind changes, stays.
        if (
            said is None
            or (said.kind and kind_of_province(old) not in ("", said.kind))
            or (is_renamed and not said.kind)
        ):
            return
        new_name = said.within(new, kind_of_province(new) or kind_of_province(old) or TINH)
        level = Level.PROVINCE if is_top else Level.NONE
        found = (
            [body]
            if is_renamed
            else [
                one
                for one in self.register.in_province(new)
                if self.register.levels[one.pk] == level and said.is_like(_mention(one.name, new))
            ]
        )
        if len(found) > 1:
            self._say(move, "ambiguous", new_name, said=self.register.shown(found), is_fault=True)
            return
        if not found and not is_top:
            self._say(move, "no_counterpart", body.name, said=new_name)
            found = [body]
        elif not is_top and not is_renamed:
            self._say(move, "department_joins", body.name, said=found[0].name)
        successor = found[0] if found else None
        self.expansion.add(
            self.register, move, body, successor, new_name=new_name, decision=self.decision
        )

    def _say(
        self, move: CommuneRow, code: str, about: str, *, said: str = "", is_fault: bool = False
    ) -> None:
        self.expansion.remarks.append(Remark(move.row, code, about, is_fault, "", said))


def _counted(
    reading: _Reading,
    register: CommuneRegister,
    fates: Mapping[str, tuple[str, str]],
    expansion: Expansion,
) -> list[ProvinceCount]:
    """Return what came of each old province of the file."""
    taken = {row.body for row in expansion.rows}
    found: dict[str, ProvinceCount] = {}
    of_row: dict[int, ProvinceCount] = {}
    first: dict[str, int] = {}  # row of each
    for number, province in sorted(reading.province_of.items()):
        counted = found.setdefault(province_key(province), ProvinceCount(province))
        counted.communes += 1
        of_row[number] = counted
        first.setdefault(province_key(province), number)
    for number, code in {(remark.row, remark.code) for remark in expansion.faults}:
        of_row[number].refused[code] += 1
    below_provinces = (Level.COMMUNE, Level.DISTRICT)
    places = {pk for pk, level in register.levels.items() if level in below_provinces}
    for name, counted in found.items():
        counted.fate, counted.becomes = fates.get(name, ("", ""))
        for body in register.in_province(name):
            if body.pk in taken:
                counted.bodies += 1
                continue
            upwards = with_superiors(
                body.pk,
                lambda one: register.bodies[one].parent if one in register.bodies else None,
            )
            # The nearest above that has a row, or that is of a place nobody listed.
            near = next((one for one in upwards if one in taken or one in places), None)
            if near in taken:
                counted.follow += 1
            elif near is not None:
                counted.left_out["not_listed"] += 1
            elif counted.fate in ("province_stays", ""):
                counted.left_out["unchanged"] += 1
            elif counted.fate not in ("province_ends", "province_renamed"):
                counted.left_out["province_undecided"] += 1
            else:
                counted.left_out["says_no_province"] += 1
                remark = Remark(first[name], "says_no_province", body.name, is_fault=False)
                expansion.remarks.append(remark)
    return list(found.values())
