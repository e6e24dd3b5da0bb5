"""What a row of an uploaded list means: which bodies it names, what keeps it from being taken."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from django.utils.translation import gettext as _

from orgmerge.models import BodyListRow, Merger
from orgmerge.planner import names
from orgmerge.vocabulary import Extent
from portal.agencies.models import AgencyVersion
from portal.agencies.querysets import AgencyQuerySet
from portal.core.text.identifiers import (
    check_agency_code,
    check_day,
    in_full,
    parse_day,
    written_day,
)
from portal.core.text.vietnamese import search_key

_NAME_AND_PROVINCE = re.compile(r"(.+) \((.+)\)")
EXTENTS = {
    "": Extent.WHOLE,
    "whole": Extent.WHOLE,
    "toan bo": Extent.WHOLE,
    "partly": Extent.PARTLY,
    "mot phan": Extent.PARTLY,
}


@dataclass(slots=True)
class BodyRegister:
    """The bodies an office follows, found by code or by name; read once for a whole list."""

    by_code: dict[str, int] = field(default_factory=dict)
    by_name: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    names: dict[int, str] = field(default_factory=dict)

    def find(self, typed: str) -> int | str:
        """Return the key of the one body ``typed`` names, else the code of what is wrong."""
        if typed in self.by_code:
            return self.by_code[typed]
        found = self.by_name.get(names.key(typed), [])
        if not found and (match := _NAME_AND_PROVINCE.fullmatch(typed)):
            found = self.by_name.get(_with_province(*match.groups()), [])
        if len(found) == 1:
            return found[0]
        return "several_bodies" if found else "no_such_body"

    def find_successor(self, typed: str, *, new_name: str) -> int | str | None:
        """Return as ``find``; None for a code nobody has yet beside a name: the new body's."""
        found = self.find(typed)
        is_its_own = bool(new_name) and not check_agency_code(typed)
        return None if isinstance(found, str) and is_its_own else found


def register_of(agencies: AgencyQuerySet, *, day: date) -> BodyRegister:
    """Return the bodies of ``agencies`` that exist on ``day``. Two queries."""
    register = BodyRegister()
    existing = agencies.existing(day).order_by()
    for pk, name, province in existing.values_list("pk", "name", "province"):
        register.names[pk] = name
        register.by_name[names.key(name)].append(pk)
        register.by_name[_with_province(name, province)].append(pk)
    codes = AgencyVersion.objects.filter(agency__in=existing.values("pk"), valid_until=None)
    for code, pk in codes.exclude(agency_code="").order_by().values_list("agency_code", "agency"):
        register.by_code[code] = pk
    return register


def _with_province(name: str, province: str) -> str:
    """Return a key that no name has: the province behind a bar, its kind left out."""
    place = re.sub(r"^(tinh|thanh pho|tp) ", "", search_key(province))
    return f"{names.key(name)}|{place}"


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
    for row in rows:
        row.problems, row.remarks = [], []
        found = register.find(row.old_agency) if row.old_agency else "old_missing"
        row.old_id = found if isinstance(found, int) else None
        if isinstance(found, str):
            _problem(row, found, column="old_agency")
        row.new_id = None
        if not row.new_agency:
            if not row.new_name:
                _remark(row, "ends")
        else:
            known = register.find_successor(row.new_agency, new_name=row.new_name)
            if isinstance(known, str):
                _problem(row, known, column="new_agency")
            else:
                row.new_id = known
        _check_other_cells(row, merger)
        # What a row says: which body, and where it goes (a key, a name, or nowhere).
        key = row.old_id, row.new_id or names.key(row.new_name) or None
        if row.old_id and not row.is_dropped and key in seen:
            _problem(row, seen[key])
        elif row.old_id and not row.is_dropped:
            seen[key] = "row_twice"
        row.is_bad = bool(row.problems)


def _check_other_cells(row: BodyListRow, merger: Merger) -> None:
    extent = EXTENTS.get(search_key(row.extent))
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


def _problem(row: BodyListRow, code: str, *, column: str = "") -> None:
    row.problems.append({"code": code, "column": column})


def _remark(row: BodyListRow, code: str) -> None:
    row.remarks.append({"code": code, "column": ""})


def words_of(code: str) -> str:
    """Return what is said of a problem or a remark, with the way out."""
    said = {
        "old_missing": _("Chưa ghi đơn vị cũ."),
        "no_such_body": _(
            "Không tìm thấy đơn vị này trong phạm vi theo dõi. Ghi đúng tên đăng ký hoặc mã định "
            "danh; đơn vị chưa đăng ký thì bỏ dòng."
        ),
        "several_bodies": _(
            "Có nhiều đơn vị cùng tên. Ghi mã định danh, hoặc tên kèm tỉnh trong ngoặc."
        ),
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
        for place in (agency, names.key(name or "")) if new else (None,):
            if place or not new:
                found[old, place] = "already_described"
    return found
