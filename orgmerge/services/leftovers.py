"""What is still with a body that has ended: the last check, and what a person has to settle."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from devices.lifecycle import Custody
from devices.models import Device, Shipment
from orgmerge.models import Merger
from portal.accounts.models import User
from portal.agencies.models import Affiliation, Agency, AgencyKind, Subscriber
from portal.agencies.services import followed_by
from portal.ca.models import Certificate
from portal.deadlines.models import Deadline
from requests_app.models import CoveringLetter, Dossier
from requests_app.services.offices import UNSENT

# Given back or never sent out: nothing of these is any body's to hand over.
FINAL = (Custody.STOCK, Custody.AT_CA, Custody.RETIRED)  # no office has to do with these
GIVEN_BACK = (Custody.STOCK, Custody.AT_OFFICE, Custody.AT_CA, Custody.RETIRED)

LABELS: dict[str, str | Promise] = {
    "subscribers": _("thuê bao"),
    "certificates": _("chứng thư còn hiệu lực"),
    "devices": _("thiết bị"),
    "shipments": _("chuyến giao thiết bị"),
    "deadlines": _("thời hạn đang chạy"),
    "dossiers": _("hồ sơ đang giải quyết"),
    "accounts": _("tài khoản đang hoạt động"),
    "affiliations": _("nơi công tác của cá nhân"),
    "followed_bodies": _("đơn vị do Sở đã chấm dứt theo dõi"),
    "office_dossiers": _("hồ sơ đang ở Sở cũ"),
    "office_letters": _("công văn chuyển hồ sơ của Sở đã chấm dứt"),
    "office_devices": _("thiết bị ghi Sở đã chấm dứt theo dõi"),
    "office_certificates": _("chứng thư ghi Sở đã chấm dứt theo dõi"),
    "office_deadlines": _("thời hạn ghi Sở đã chấm dứt theo dõi"),
}


def ended_bodies(merger: Merger) -> QuerySet[Agency]:
    """Return the bodies that ended with ``merger``."""
    recorded = merger.shares.filter(took_effect_at__isnull=False, old__dissolved_on__isnull=False)
    return Agency.objects.filter(pk__in=recorded.order_by().values("old"))


def left_behind(merger: Merger, *, now: datetime) -> dict[str, int]:
    """Return how much of what is still with a body that ended, by the names of ``LABELS``; nothing
    for what all went over."""
    ended = ended_bodies(merger).order_by().values("pk")
    found: dict[str, QuerySet[Any]] = {
        "subscribers": _subscribers(merger),
        "certificates": Certificate.objects.filter(
            agency__in=ended, revoked_at__isnull=True, not_after__gt=now
        ),
        "devices": _devices(merger),
        "shipments": Shipment.objects.under_way().filter(agency__in=ended),
        "deadlines": Deadline.objects.open().filter(agency__in=ended),
        "dossiers": Dossier.objects.open().filter(agency__in=ended),
        "accounts": User.objects.filter(agency__in=ended, is_active=True),
        "affiliations": Affiliation.objects.filter(agency__in=ended, valid_until__isnull=True),
    }
    found |= _of_offices(merger, now=now)
    counts = {name: rows.count() for name, rows in found.items()}
    return {name: count for name, count in counts.items() if count}


def strayed(merger: Merger, offices: Collection[int]) -> Q:
    """Return what names one of the ended ``offices``, or of a body that goes on another office than
    follows it now; for rows with the columns ``agency`` and ``office``."""
    bodies = merger.bodies.filter(agency__isnull=False).order_by().values("agency")
    theirs = Q(agency__in=bodies, agency__office__isnull=False)
    stray = theirs & (Q(office__isnull=True) | ~Q(office=F("agency__office")))
    return stray | Q(office__in=list(offices)) if offices else stray


def _of_offices(merger: Merger, *, now: datetime) -> dict[str, QuerySet[Any]]:
    """What is still to go to another office; dossiers also of bodies that have another one now."""
    ended = ended_bodies(merger).filter(kind=AgencyKind.OFFICE)
    offices = list(ended.order_by().values_list("pk", flat=True))
    found: dict[str, QuerySet[Any]] = {
        "office_dossiers": Dossier.objects.open().filter(strayed(merger, offices))
    }
    if not offices:
        return found
    certificates = Certificate.objects.filter(revoked_at__isnull=True, not_after__gt=now)
    return found | {
        "followed_bodies": followed_by(offices, from_day=merger.effective_on),
        "office_letters": CoveringLetter.objects.filter(office__in=offices, stage__in=UNSENT),
        "office_devices": Device.objects.filter(office__in=offices).exclude(custody__in=FINAL),
        "office_certificates": certificates.filter(office__in=offices),
        "office_deadlines": Deadline.objects.open().filter(
            Q(office__in=offices) | Q(agency__in=offices)
        ),
    }


def second_heads(merger: Merger) -> list[User]:
    """Return the accounts that came to a new body without a role and still have none: two
    administrators say what they are."""
    bodies = merger.bodies.filter(agency__isnull=False).order_by().values("agency")
    waiting = User.objects.filter(agency__in=bodies, role="", is_active=False)
    return list(waiting.select_related("agency").order_by("agency", "pk"))


def bodies_with_leftovers(merger: Merger) -> set[int]:
    """Return the ended bodies whose subscribers or devices have not all gone over."""
    rows: list[QuerySet[Any]] = [_subscribers(merger), _devices(merger)]
    return {
        pk for found in rows for pk in found.order_by().values_list("agency", flat=True).distinct()
    }


def _subscribers(merger: Merger) -> QuerySet[Subscriber]:
    """The body itself stays the subscriber it is: its certificates tell of it."""
    ended = ended_bodies(merger).order_by().values("pk")
    return Subscriber.objects.filter(agency__in=ended).exclude(Q(organisation__in=ended))


def _devices(merger: Merger) -> QuerySet[Device]:
    ended = ended_bodies(merger).order_by().values("pk")
    return Device.objects.filter(agency__in=ended).exclude(custody__in=GIVEN_BACK)
