"""What a row of an uploaded list means: which bodies it names, what keeps it from being taken."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from django.utils.translation import gettext as _

from orgmerge.body_lists.communes import LEVEL_WORDS
from orgmerge.models import BodyListRow, Merger
from orgmerge.planner import names
from orgmerge.vocabulary import EXTENTS, Extent
from portal.agencies.levels import Level, PlacedBody, levels_of, organ_of, province_key
from portal.agencies.models import AgencyKind, AgencyVersion
from portal.agencies.querysets import AgencyQuerySet
from portal.core.text.identifiers import (
    check_agency_code,
    check_day,
    in_full,
    parse_day,
    written_day,
)
from portal.core.text.vietnamese import search_key

_NAME_AND_MORE = re.compile(r"(.+) \((.+)\)")
_COMMUNE = re.compile("(xã|phường|thị trấn|đặc khu) ", re.IGNORECASE)
_LEVELS = {search_key(words): level for level, words in LEVEL_WORDS.items()}
_SHOWN = 5  # candidates


@dataclass(frozen=True, slots=True)
class RegisteredBody:
    """What tells a registered body from others of its name."""

    pk: int
    name: str
    province: str
    level: Level
    superior: str = ""
    code: str = ""

    def fits(self, told: str) -> bool:
        """Say whether a part of what stands in brackets fits: a province, a superior, a level."""
        level = _LEVELS.get(search_key(told))
        if level is not None:
            return level == self.level
        is_province = search_key(province_key(told)) == search_key(province_key(self.province))
        return is_province or names.same(told, self.superior)

    def __str__(self) -> str:
        words = self.superior, LEVEL_WORDS.get(self.level, ""), self.province, self.code
        return f"{self.name} ({'; '.join(filter(None, words))})"


@dataclass(slots=True)
class BodyRegister:
    """The bodies an office follows, found by code, or by name, province, superior and level; read
    once for a whole list (DOMAIN 14.23)."""

    bodies: dict[int, RegisteredBody] = field(default_factory=dict)
    by_code: dict[str, int] = field(default_factory=dict)
    by_name: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def add(self, body: RegisteredBody) -> None:
        """Let a body be found."""
        self.bodies[body.pk] = body
        self.by_name[names.key(body.name)].append(body.pk)
        if body.code:
            self.by_code[body.code] = body.pk

    def candidates(self, typed: str) -> list[int]:
        """Return the keys of all bodies that ``typed`` may mean."""
        if typed in self.by_code:
            return [self.by_code[typed]]
        found = self.by_name.get(names.key(typed), [])
        if not found and (match := _NAME_AND_MORE.fullmatch(typed)):
            told = [one for part in match[2].split(";") if (one := part.strip())]
            found = [
                pk
                for pk in self.by_name.get(names.key(match[1]), [])
                if all(self.bodies[pk].fits(one) for one in told)
            ]
        return found

    def find(self, typed: str) -> int | str:
        """Return the key of the one body ``typed`` names, else the code of what is wrong."""
        found = self.candidates(typed)
        if len(found) == 1:
            return found[0]
        return "several_bodies" if found else "no_such_body"

    def find_successor(
        self, typed: str, *, new_name: str, old: int | None = None
    ) -> int | str | None:
        """Return as ``find``; None for a code nobody has yet beside a name: the new body's.

        What a province's organ passes to is a province's: of several so called only that is meant,
        and a city of a district's level never is.
        """
        found = self.candidates(typed)
        if old is not None and self.bodies[old].level == Level.PROVINCE:
            fitting = [pk for pk in found if self.bodies[pk].level in (Level.PROVINCE, Level.NONE)]
            if found and not fitting:
                return "other_level"
            found = fitting
        if len(found) == 1:
            return found[0]
        is_its_own = bool(new_name) and not check_agency_code(typed)
        if not found and is_its_own:
            return None
        return "several_bodies" if found else "no_such_body"

    def shown(self, typed: str) -> str:
        """Return the bodies ``typed`` may mean as a person tells them apart."""
        found = [str(self.bodies[pk]) for pk in self.candidates(typed)]
        more = [_("và %(count)d đơn vị khác") % {"count": len(found) - _SHOWN}]
        return ", ".join(found[:_SHOWN] + (more if len(found) > _SHOWN else []))


def register_of(agencies: AgencyQuerySet, *, day: date) -> BodyRegister:
    """Return the bodies of ``agencies`` that exist on ``day``. Two queries."""
    existing = agencies.existing(day).order_by()
    versions = AgencyVersion.objects.filter(agency__in=existing.values("pk"), valid_until=None)
    coded = versions.exclude(agency_code="").order_by()
    code_of = dict(coded.values_list("agency", "agency_code"))
    placed: dict[int, PlacedBody] = {}
    superior_of = {}
    for pk, name, province, parent, superior, kind in existing.values_list(
        "pk", "name", "province", "parent", "parent__name", "kind"
    ):
        is_province = kind == AgencyKind.PROVINCE
        placed[pk] = PlacedBody(name, province, parent, is_province=is_province)
        superior_of[pk] = superior or ""
    levels = levels_of(placed)
    register = BodyRegister()
    for pk, body in placed.items():
        register.add(
            RegisteredBody(
                pk, body.name, body.province, levels[pk], superior_of[pk], code_of.get(pk, "")
            )
        )
    return register


@dataclass(slots=True)
class NewBodies:
    """The bodies a list founds: each is one by code and organ, and has one name (DOMAIN 14.22)."""

    _name_of: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)
    _code_of: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)

    def problem(self, row: int, *, code: str, name: str, province: str) -> tuple[str, int]:
        """Return the code of what is wrong with one more row of a new body, and the row it speaks
        against; ("", 0) when nothing is. ``code`` is "" where the list gives none."""
        if not code:
            return "", 0
        organ, _kind, _own = organ_of(name)
        known, first = self._name_of.setdefault((code, organ), (names.key(name), row))
        if known != names.key(name):
            return "code_with_two_names", first
        known, first = self._code_of.setdefault(
            (names.key(name), province_key(province)), (code, row)
        )
        return ("name_with_two_codes", first) if known != code else ("", 0)


def check_rows(
    rows: Iterable[BodyListRow],
    merger: Merger,
    register: BodyRegister,
    *,
    taken: Mapping[object, str],
) -> None:
    """Resolve the bodies of ``rows`` and note their problems; nothing is saved.

    ``taken`` are the (old, new) pairs that are described already, each with the code of why that
    is a problem.
    """
    seen = dict(taken)
    new_bodies = NewBodies()
    described = merger.bodies.filter(agency=None).exclude(agency_code="").order_by("position")
    for code, name, province in described.values_list("agency_code", "name", "province"):
        new_bodies.problem(0, code=code, name=name, province=province)
    listed = list(rows)
    # Superiors may be new bodies themselves, of this list or described before.
    founded: set[object] = {names.key(row.new_name) for row in listed if not row.is_dropped}
    founded |= {pair[1] for pair in taken if isinstance(pair, tuple)}
    superiors: dict[object, str] = {}  # new body → what stands above it
    for row in listed:
        row.problems, row.remarks = [], []
        found = register.find(row.old_agency) if row.old_agency else "old_missing"
        row.old_id = found if isinstance(found, int) else None
        if isinstance(found, str):
            _problem(row, found, column="old_agency", said=register.shown(row.old_agency))
        _resolve_successor(row, register, new_bodies)
        if row.superior and not row.is_dropped:
            _check_superior(row, register, founded, superiors)
        _check_other_cells(row, merger)
        # What a row says: which body, and where it goes (a key, a name, or nowhere).
        key = row.old_id, row.new_id or names.key(row.new_name) or None
        if row.old_id and not row.is_dropped and key in seen:
            _problem(row, seen[key])
        elif row.old_id and not row.is_dropped:
            seen[key] = "row_twice"
        row.is_bad = bool(row.problems)


def _resolve_successor(row: BodyListRow, register: BodyRegister, new_bodies: NewBodies) -> None:
    row.new_id = None
    if not row.new_agency:
        if not row.new_name:
            _remark(row, "ends")
        return
    known = register.find_successor(row.new_agency, new_name=row.new_name, old=row.old_id)
    if isinstance(known, str):
        _problem(row, known, column="new_agency", said=register.shown(row.new_agency))
        return
    row.new_id = known
    if known is None and row.old_id and not row.is_dropped:
        province = register.bodies[row.old_id].province
        found = new_bodies.problem(
            row.number, code=row.new_agency, name=row.new_name, province=province
        )
        if found[0]:
            _problem(row, found[0], column="new_agency")


def _check_superior(
    row: BodyListRow, register: BodyRegister, founded: set[object], told: dict[object, str]
) -> None:
    named = superior_named(row.superior)
    superior = names.key(named)
    if superior not in founded and isinstance(register.find(named), str):
        shown = register.shown(named)
        _problem(row, "no_such_superior", column="superior", said=shown)
    elif told.setdefault(row.new_id or names.key(row.new_name), superior) != superior:
        _problem(row, "superiors_differ", column="superior")


def _check_other_cells(row: BodyListRow, merger: Merger) -> None:
    extent = extent_of(row.extent)
    if extent is None:
        _problem(row, "bad_extent", column="extent")
    else:
        row.extent = extent
    if row.effective_on:
        row.effective_on = in_full(row.effective_on)
        day = parse_day(row.effective_on)
        # What a spreadsheet made of a day is taken where it is the day everybody knows.
        offered = [one.suggestion for one in check_day(row.effective_on)]
        if day is None and written_day(merger.effective_on) in offered:
            row.effective_on = written_day(merger.effective_on)
        elif day is None:
            _problem(row, "bad_day", column="effective_on")
        elif day != merger.effective_on:
            _problem(row, "other_day", column="effective_on")
    if row.decision and search_key(merger.decision) not in search_key(row.decision):
        _remark(row, "other_decision")


def superior_named(typed: str) -> str:
    """Return the committee where a commune alone was typed: a commune is no body (DOMAIN 14.10)."""
    return f"UBND {typed}" if _COMMUNE.match(typed) else typed


def extent_of(typed: str) -> Extent | None:
    """Return the extent a file of bodies says; left out it is the whole body, as the sheet says."""
    return EXTENTS.get(search_key(typed)) if typed else Extent.WHOLE


def _problem(row: BodyListRow, code: str, *, column: str = "", said: str = "") -> None:
    row.problems.append({"code": code, "column": column} | ({"said": said} if said else {}))


def _remark(row: BodyListRow, code: str) -> None:
    row.remarks.append({"code": code, "column": ""})


def words_of(code: str) -> str:
    """Return what is said of a problem or a remark, with the way out."""
    said = {
        "old_missing": _("Chưa ghi đơn vị cũ."),
        "no_such_body": _(
            "Không tìm thấy đơn vị này trong phạm vi theo dõi. Ghi đúng tên đăng ký hoặc mã định "
            "danh. Đơn vị do Sở khác theo dõi: mời Sở ấy cùng lập, rồi tải lên lại. Đơn vị chưa "
            "đăng ký: bỏ dòng."
        ),
        "several_bodies": _(
            "Có nhiều đơn vị cùng tên. Ghi mã định danh, hoặc tên kèm cấp trên, cấp, tỉnh trong "
            "ngoặc: (UBND HUYỆN A; cấp xã; Lai Châu)."
        ),
        "other_level": _(
            "Đơn vị này không phải cấp tỉnh (ví dụ thành phố cũ trực thuộc tỉnh): cơ quan cấp tỉnh "
            "không nhập vào đó. Ghi mã định danh hoặc tên của cơ quan cấp tỉnh."
        ),
        "no_such_superior": _(
            "Không tìm thấy đơn vị cấp trên mới: phải là tên mới của một dòng khác, hoặc mã định "
            "danh, tên một đơn vị đã đăng ký."
        ),
        "superiors_differ": _("Các dòng của một đơn vị mới ghi hai đơn vị cấp trên khác nhau."),
        "code_with_two_names": _("Một mã ghi cho hai tên đơn vị mới. Sửa mã hoặc tên cho khớp."),
        "name_with_two_codes": _("Một tên đơn vị mới trong tỉnh ghi hai mã. Sửa cho khớp."),
        "bad_extent": _("Phạm vi phải là “Toàn bộ” hoặc “Một phần”."),
        "bad_day": _("Không đọc được ngày. Ghi đủ ngày, tháng, năm: dd/mm/yyyy."),
        "other_day": _(
            "Ngày hiệu lực khác ngày của phương án. Một phương án có một ngày: lập phương án khác."
        ),
        "row_twice": _("Dòng này trùng với một dòng phía trên. Bỏ một trong hai."),
        "already_described": _("Đơn vị này đã có trong phương án. Bỏ dòng này."),
        "ends": _("Không ghi đơn vị mới: đơn vị chấm dứt, không có đơn vị kế thừa."),
        "other_decision": _("Số quyết định khác với quyết định của phương án."),
    }
    return said.get(code, code)


def described_pairs(merger: Merger) -> dict[object, str]:
    """Return the (old, new) pairs persons have described already, as ``check_rows`` wants them."""
    rows = merger.shares.filter(is_implied=False)
    found: dict[object, str] = {}
    for old, new, agency, name in rows.values_list(
        "old_id", "new_id", "new__agency_id", "new__name"
    ):
        for new_one in (agency, names.key(name or "")) if new else (None,):
            if new_one or not new:
                found[old, new_one] = "already_described"
    return found
