"""Bodies and subscribers in the search box."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.agencies import services
from portal.agencies.models import Affiliation, Agency, AgencyWord, Subscriber, SubscriberWord
from portal.agencies.services import words
from portal.agencies.visibility import words_of_visible_bodies
from portal.core.roles import Capability
from portal.core.text.identifiers import mask
from portal.search.finders import Finder, Hit, detail, list_with, register
from portal.search.words import fold, matching

if TYPE_CHECKING:
    from portal.accounts.models import User

_SHORT = {"ubnd": "uy ban nhan dan", "hdnd": "hoi dong nhan dan", "khcn": "khoa hoc va cong nghe"}
_SHORT_WORD = re.compile(rf"\b({'|'.join(_SHORT)})\b")


def _subscribers(user: User, typed: str, most: int) -> list[Hit]:
    if not user.can(Capability.READ_DOSSIERS):
        return []
    theirs = words_of_visible_bodies(SubscriberWord.objects.all(), user)
    return _hits(user, matching(theirs, "subscriber", _in_full(typed), most=most))


def _person(user: User, number: str, now: datetime) -> Hit | None:
    person = services.find_by_number(number, actor=user, now=now)
    return next(iter(_hits(user, [person.pk], is_exact=True)), None) if person else None


def _hits(user: User, keys: Collection[int], *, is_exact: bool = False) -> list[Hit]:
    """Return the subscribers as ``user`` sees them: a body learns where a person works among its
    own bodies, not elsewhere."""
    if not keys:
        return []
    found = list(Subscriber.objects.visible_to(user).filter(pk__in=keys).select_related("agency"))
    bodies = Agency.objects.visible_to(user).filter(pk__in={one.agency_id for one in found})
    visible = set(bodies.order_by().values_list("pk", flat=True))
    working = Affiliation.objects.filter(subscriber__in=found, valid_until__isnull=True)
    positions = {
        (one.subscriber_id, one.agency_id): one.position
        for one in working.filter(agency__in=visible).order_by("pk")
    }
    return [
        Hit(
            title=one.name,
            detail=detail(
                mask(one.identity_number) or one.get_kind_display(),
                positions.get((one.pk, one.agency_id), ""),
                one.agency.name if one.agency_id in visible else _("Cơ quan khác"),
            ),
            url=reverse("agencies:subscriber", args=[one.uuid]),
            is_exact=is_exact,
        )
        for one in found
    ]


def _bodies(user: User, typed: str, most: int) -> list[Hit]:
    every = AgencyWord.objects.all()
    theirs = every if user.can(Capability.ADMINISTER) else words_of_visible_bodies(every, user)
    keys = matching(theirs, "body", _in_full(typed), most=most)
    found = Agency.objects.visible_to(user).filter(pk__in=keys) if keys else []
    return [
        Hit(
            title=body.name,
            detail=detail(
                body.province,
                _("Chấm dứt từ %(day)s") % {"day": f"{body.dissolved_on:%d/%m/%Y}"}
                if body.dissolved_on
                else "",
            ),
            url=reverse("agencies:detail", args=[body.uuid]),
        )
        for body in found
    ]


def _in_full(typed: str) -> str:
    """Return what is typed with the usual abbreviations of bodies written out."""
    return _SHORT_WORD.sub(lambda found: _SHORT[found[0]], fold(typed))


register(
    Finder(
        place=10,
        label=gettext_lazy("Người và thuê bao"),
        icon="users",
        find=_subscribers,
        listed=list_with("agencies:subscribers"),
        by_number=_person,
        fill=words.fill_subscribers,
    )
)
register(
    Finder(
        place=50,
        label=gettext_lazy("Đơn vị"),
        icon="building-2",
        find=_bodies,
        listed=list_with("agencies:list"),
        fill=words.fill_bodies,
    )
)
