"""Devices in the search box: by serial, SIM number or ICCID."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext_lazy

from devices.models import Device, Stocktaking, StocktakingLine
from devices.serials import normalise
from portal.agencies.visibility import numbered_of_visible_bodies
from portal.core.text.identifiers import normalise_phone
from portal.search.finders import Finder, Hit, detail, list_with, register

if TYPE_CHECKING:
    from portal.accounts.models import User


def _devices(user: User, typed: str, most: int) -> list[Hit]:
    """Find by a whole number or by what it begins with."""
    number = normalise(typed).replace(":", "")
    phone = normalise_phone(number)
    numbered = numbered_of_visible_bodies(Device.objects.order_by(), user).numbered(typed)
    keys = {pk for found in numbered for pk in found.values_list("pk", flat=True)[:most]}
    found = Device.objects.visible_to(user).filter(pk__in=keys).for_list() if keys else []
    return [
        Hit(
            title=str(one),
            detail=detail(
                one.phone, one.subscriber.name if one.subscriber else "", one.get_custody_display()
            ),
            url=reverse("devices:detail", args=[one.uuid]),
            is_exact=number in {one.serial, one.iccid} or phone == one.phone != "",
        )
        for one in found
    ][:most]


register(
    Finder(
        place=30,
        label=gettext_lazy("Thiết bị"),
        icon="usb",
        find=_devices,
        listed=list_with("devices:list"),
    )
)


def _counted(user: User, typed: str, most: int) -> list[Hit]:
    """Find where a serial was seen that the register does not know."""
    seen = StocktakingLine.objects.filter(device__isnull=True, serial=normalise(typed))
    visible = Stocktaking.objects.visible_to(user).order_by().values("pk")
    found = seen.filter(stocktaking__in=visible).select_related("stocktaking__agency")
    return [
        Hit(
            title=str(one.stocktaking),
            detail=detail(one.serial, one.stocktaking.agency.name),
            url=reverse("devices:stocktaking", args=[one.stocktaking.uuid]) + "?xem=la",
        )
        for one in found.order_by("-pk")[:most]
    ]


register(
    Finder(
        place=31,
        label=gettext_lazy("Kiểm kê thiết bị"),
        icon="list-checks",
        find=_counted,
        listed=lambda _typed: reverse("devices:stocktakings"),
    )
)
