"""Devices in the search box: by serial, SIM number or ICCID."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext_lazy

from devices.models import Device
from devices.serials import normalise
from portal.core.text.identifiers import normalise_phone
from portal.search.finders import Finder, Hit, detail, list_with, register

if TYPE_CHECKING:
    from portal.accounts.models import User


def register_finders() -> None:
    """Let devices be found."""
    register(
        Finder(
            place=30,
            label=gettext_lazy("Thiết bị"),
            icon="usb",
            find=_devices,
            listed=list_with("devices:list"),
        )
    )


def _devices(user: User, typed: str, most: int) -> list[Hit]:
    """Find by a whole number or by what it begins with."""
    number = normalise(typed).replace(":", "")
    phone = normalise_phone(number)
    numbered = Device.objects.visible_to(user).order_by().numbered(typed)
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
