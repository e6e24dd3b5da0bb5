"""Devices in the search box: by serial, SIM number or ICCID."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy

from devices.models import Device
from devices.serials import normalise
from portal.core.text.identifiers import normalise_phone
from portal.search.finders import Finder, Hit, detail, list_with, register

if TYPE_CHECKING:
    from portal.accounts.models import User

_PART_OF_A_SERIAL = re.compile(r"(?=.*[0-9])[A-Z0-9./-]{3,40}")
_PART_OF_A_SIM = re.compile(r"[0-9]{4,22}")


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
    wanted = []
    if _PART_OF_A_SERIAL.fullmatch(number):
        wanted.append(Q(serial__begins=number))
    if _PART_OF_A_SIM.fullmatch(phone):
        wanted.append(~Q(phone="") & Q(phone__begins=phone))
        wanted.append(~Q(iccid="") & Q(iccid__begins=number))
    visible = Device.objects.visible_to(user).order_by()
    # One column at a time: of an OR a database reads all before it takes the first few.
    keys = {pk for one in wanted for pk in visible.filter(one).values_list("pk", flat=True)[:most]}
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
