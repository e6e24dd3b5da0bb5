"""The sums of devices: where they are and how, and whether the ledger says the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from devices.lifecycle import PLACES, PRESENT, Condition, Custody
from devices.models import Device
from devices.querysets import DeviceQuerySet
from devices.register.filters import NOBODY
from devices.summary.services import Sums, by_place, sums, sums_by_body, sums_in_ledger
from portal.agencies.models import Agency
from portal.core.roles import Scope
from portal.core.text.numbers import with_dots
from portal.core.web.paging import capped_count
from portal.deadlines.models import Deadline

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from portal.accounts.models import UserRequest

MOST_BODIES = 200
# The places side by side, shorter than their names.
HEADERS: Mapping[str, _StrPromise] = {
    Custody.STOCK: gettext_lazy("Trong kho"),
    Custody.ALLOCATED: gettext_lazy("Chờ gửi"),
    Custody.ON_ITS_WAY: gettext_lazy("Đang gửi"),
    Custody.AT_AGENCY: gettext_lazy("Chờ bàn giao"),
    Custody.WITH_SUBSCRIBER: gettext_lazy("Thuê bao giữ"),
    Custody.TO_BE_RETURNED: gettext_lazy("Thuê bao giữ, phải nộp lại"),
    Custody.BACK_AT_AGENCY: gettext_lazy("Đã về đơn vị"),
    Custody.AT_OFFICE: gettext_lazy("Tại Sở"),
    Custody.AT_CA: gettext_lazy("Đã về Cục"),
    Custody.RETIRED: gettext_lazy("Thanh lý"),
    Condition.LOST: gettext_lazy("Thất lạc"),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One number of a table, what it counts, and the list of exactly those ("": there is none)."""

    label: str
    count: int
    url: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: its numbers add up to its total."""

    cells: Sequence[Cell]
    total: Cell

    @property
    def label(self) -> str:
        return self.total.label


@require_safe
def device_sums(request: UserRequest) -> HttpResponse:
    """Show how many devices are where and how, and the same for each body below.

    The ledger is counted for what one body answers for; the whole country's is no page's work.
    """
    user = request.user
    devices = Device.objects.visible_to(user)
    counted = sums(devices)
    context = {
        "rows": [row for place, _label in PLACES if (row := of_place(place, counted)).total.count],
        "in_all": Row(
            [
                Cell(str(one.label), sum(counted.get((at, one), 0) for at in Custody), "")
                for one in Condition
            ],
            Cell(_("Cộng"), sum(counted.values()), reverse("devices:list")),
        ),
        "agrees": (
            None if user.scope is Scope.CA else dict(sums_in_ledger(devices)) == dict(counted)
        ),
        "bodies": (
            of_bodies(devices, "office" if user.scope is Scope.CA else "body")
            if user.scope in (Scope.CA, Scope.OFFICE)
            else []
        ),
        "to_return": capped_count(Deadline.objects.visible_to(user).returns_owed()),
    }
    return render(request, "devices/sums.html", context)


def of_place(place: str, counted: Sums) -> Row:
    """Return what is at one place, by condition; what is lost is at no other place."""
    total = by_place(counted)[place]
    counts = {condition: counted.get((place, condition), 0) for condition in PRESENT}
    counts[Condition.LOST] = total if place == Condition.LOST else 0
    cells = [
        Cell(str(one.label), counts[one], _list(custody=place, condition=one)) for one in Condition
    ]
    return Row(cells, Cell(str(dict(PLACES)[place]), total, _list(custody=place)))


def of_bodies(devices: DeviceQuerySet, column: str) -> list[Row]:
    """Return where the devices of each body are (``column``: body, office), who owes most first.

    The last line adds all up. Bodies beyond the page's room are one line, so that it does.
    """
    by_body = sums_by_body(devices, "office" if column == "office" else "agency")
    places = {key: by_place(counted) for key, counted in by_body.items()}
    total = sum(places.values(), Counter[str]())
    shown = [place for place, _label in PLACES if total[place]]
    found = Agency.objects.filter(pk__in=[key for key in by_body if key])
    named = {pk: (name, str(code)) for pk, name, code in found.values_list("pk", "name", "uuid")}
    named[0] = _("Không thuộc Sở nào (kho của Cục, cơ quan trung ương)"), NOBODY

    def line(label: str, counts: Counter[str], **of: str) -> Row:
        cells = [
            Cell(str(HEADERS[place]), counts[place], _list(custody=place, **of) if of else "")
            for place in shown
        ]
        return Row(cells, Cell(label, counts.total(), _list(**of) if of else ""))

    lines = [
        (counts[Custody.TO_BE_RETURNED], counts[Condition.LOST], *named[key or 0], counts)
        for key, counts in places.items()
    ]
    lines.sort(key=lambda one: (-one[0], -one[1], one[2]))
    rows = [line(name, counts, **{column: code}) for _1, _2, name, code, counts in lines]
    if len(rows) > MOST_BODIES:
        others = sum((one[-1] for one in lines[MOST_BODIES:]), Counter[str]())
        words = _("%(count)s đơn vị khác") % {"count": with_dots(len(rows) - MOST_BODIES)}
        rows[MOST_BODIES:] = [line(words, others)]
    return [*rows, line(_("Cộng"), total)] if rows else []


def _list(**params: str) -> str:
    return f"{reverse('devices:list')}?{urlencode(params)}"
