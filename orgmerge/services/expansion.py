"""The rows of an uploaded list of communes: the bodies of each, for a person to look through."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from orgmerge import expanding
from orgmerge.lists_checking import EXTENTS
from orgmerge.lists_reading import Record, Records
from orgmerge.models import BodyList, BodyListRow, Merger
from portal.agencies.models import AgencyVersion
from portal.core.text import search_key

_KIND_OF_PROVINCE = re.compile(r"^(?:tỉnh|thành phố|tp\.?)\s+", re.IGNORECASE)


def rows_of_communes(made: BodyList, records: Records) -> list[BodyListRow]:
    """Return a row for each registered body of the communes, and one for each commune or body that
    could not be told, so that nothing of the list is lost unseen."""
    communes = [_in_words_of_the_machine(record) for _number, record in records.rows]
    expansion = expanding.expand(communes, registered_of(made.merger))
    sources = _Sources(records.rows, expansion.remarks)
    rows = [
        BodyListRow(
            body_list=made,
            source=sources.of(row.source, row.old_agency),
            **row.record() | {"new_name": _with_province(row, communes[row.source - 2])},
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


def registered_of(merger: Merger) -> list[expanding.Registered]:
    """Return the bodies the office follows that exist on the effective day. Two queries."""
    existing = merger.bodies_to_describe().order_by()
    versions = AgencyVersion.objects.filter(agency__in=existing.values("pk"), valid_until=None)
    coded = versions.exclude(agency_code="").order_by()
    code_of = dict(coded.values_list("agency_id", "agency_code"))
    return [
        expanding.Registered(
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

    def __init__(
        self, records: Sequence[tuple[int, Record]], remarks: Sequence[expanding.Remark]
    ) -> None:
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


def _with_province(row: expanding.Row, commune: Mapping[str, str]) -> str:
    """Return the new name, with its province behind it where that is another one."""
    was, will = commune.get("old_province", ""), commune.get("new_province", "")
    if row.new_agency or not will or expanding.place(was) == expanding.place(will):
        return row.new_name
    return f"{row.new_name} ({_KIND_OF_PROVINCE.sub('', will)})"


def _rest_of(commune: Mapping[str, str]) -> dict[str, str]:
    return {
        "new_name": commune.get("new_name", "")[:250],
        "extent": commune["extent"][:40],
        "effective_on": commune.get("effective_on", "")[:30],
    }
