"""What is still with a body that has ended: the last check, and what a person has to settle."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from devices.lifecycle import Custody
from devices.models import Device, Shipment
from orgmerge.models import Merger
from portal.accounts.models import User
from portal.agencies.models import Affiliation, Agency, Subscriber
from portal.ca.models import Certificate
from portal.deadlines.models import Deadline
from requests_app.models import Dossier

# Given back or never sent out: nothing of these is any body's to hand over.
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
    counts = {name: rows.count() for name, rows in found.items()}
    return {name: count for name, count in counts.items() if count}


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
