"""Certificates in the search box, by their serial numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.agencies.visibility import numbered_of_visible_bodies
from portal.ca.models import Certificate
from portal.ca.querysets import PART_OF_A_SERIAL
from portal.core.text.identifiers import normalise_serial
from portal.search.finders import Finder, Hit, list_with, register

if TYPE_CHECKING:
    from portal.accounts.models import User


def _certificates(user: User, typed: str, most: int) -> list[Hit]:
    """Find by the whole serial or by what it begins with, with spaces, colons or without."""
    serial = normalise_serial(typed)
    if not PART_OF_A_SERIAL.fullmatch(serial):
        return []
    numbered = Certificate.objects.filter(serial__begins=serial)
    found = numbered_of_visible_bodies(numbered, user)
    return [
        Hit(
            title=one.serial,
            detail=_("%(name)s · hiệu lực đến %(day)s")
            % {"name": one.common_name, "day": f"{one.not_after:%d/%m/%Y}"},
            url=reverse("ca:detail", args=[one.uuid]),
            is_exact=one.serial == serial,
        )
        for one in found.for_list().order_by("serial")[:most]
    ]


register(
    Finder(
        place=20,
        label=gettext_lazy("Chứng thư"),
        icon="badge-check",
        find=_certificates,
        listed=list_with("ca:list"),
    )
)
