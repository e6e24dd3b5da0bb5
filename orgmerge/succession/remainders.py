"""What is still with a body that has ended: counted, and assigned by a person."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import F, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devices.lifecycle import Custody
from devices.models import Device, Shipment
from orgmerge.acts import merger_act
from orgmerge.models import Merger, MergerBody, PlanLine
from orgmerge.planner.codes import Why
from orgmerge.vocabulary import LineAbout, LineAction, LineStage, MergerState
from portal.accounts.models import User
from portal.agencies.models import Affiliation, Agency, AgencyKind, Subscriber
from portal.agencies.services import followed_by
from portal.audit import services as audit
from portal.ca.models import Certificate
from portal.core.roles import Capability
from portal.core.rules import refuse
from portal.core.text.vietnamese import search_key
from portal.deadlines.models import Deadline
from requests_app.models import CoveringLetter, Dossier
from requests_app.succession.offices import UNSENT

# Given back or never sent out: nothing of these is any body's to hand over.
FINAL = (Custody.STOCK, Custody.AT_CA, Custody.RETIRED)  # no office has to do with these
GIVEN_BACK = (Custody.STOCK, Custody.AT_OFFICE, Custody.AT_CA, Custody.RETIRED)

LABELS: dict[str, str | Promise] = {
    "subscribers": gettext_lazy("thuê bao"),
    "certificates": gettext_lazy("chứng thư còn hiệu lực"),
    "devices": gettext_lazy("thiết bị"),
    "shipments": gettext_lazy("đợt bàn giao thiết bị"),
    "deadlines": gettext_lazy("thời hạn đang chạy"),
    "dossiers": gettext_lazy("hồ sơ đang giải quyết"),
    "accounts": gettext_lazy("tài khoản đang hoạt động"),
    "affiliations": gettext_lazy("nơi công tác của cá nhân"),
    "followed_bodies": gettext_lazy("đơn vị do Sở đã chấm dứt theo dõi"),
    "office_dossiers": gettext_lazy("hồ sơ đang ở Sở cũ"),
    "office_letters": gettext_lazy("công văn chuyển hồ sơ của Sở đã chấm dứt"),
    "office_devices": gettext_lazy("thiết bị ghi Sở đã chấm dứt theo dõi"),
    "office_certificates": gettext_lazy("chứng thư ghi Sở đã chấm dứt theo dõi"),
    "office_deadlines": gettext_lazy("thời hạn ghi Sở đã chấm dứt theo dõi"),
}


def ended_bodies(merger: Merger) -> QuerySet[Agency]:
    """Return the bodies that ended with ``merger``."""
    recorded = merger.shares.filter(took_effect_at__isnull=False, old__dissolved_on__isnull=False)
    return Agency.objects.filter(pk__in=recorded.order_by().values("old"))


def remaining_counts(merger: Merger, *, now: datetime) -> dict[str, int]:
    """Return how much of what is still with a body that ended, by the names of ``LABELS``; nothing
    for what was transferred completely."""
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


def with_outdated_office(merger: Merger, offices: Collection[int]) -> Q:
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
        "office_dossiers": Dossier.objects.open().filter(with_outdated_office(merger, offices))
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


def bodies_with_remainders(merger: Merger) -> set[int]:
    """Return the ended bodies whose subscribers or devices have not all been transferred."""
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


SHOWN = 50
_LONGEST_TITLE = 250


@dataclass(frozen=True, slots=True)
class Remainder:
    """One thing that nobody has said the way of."""

    about: LineAbout
    uuid: UUID
    title: str
    body: Agency

    @property
    def code(self) -> str:
        """What a page calls it."""
        return f"{self.about}:{self.uuid}"


def things_to_assign(merger: Merger) -> list[Remainder]:
    """Return the first of them, holders before what they hold: that follows by itself."""
    found = [
        Remainder(about, thing.uuid, str(thing), thing.agency)
        for about, rows in _unassigned(merger).items()
        for thing in rows.select_related("agency").order_by("pk")[:SHOWN]
    ]
    return found[:SHOWN]


@transaction.atomic
def assign(
    merger: Merger,
    things: Collection[tuple[str, UUID]],
    body: MergerBody,
    *,
    actor: User,
    now: datetime,
) -> None:
    """Say that things left behind, each what it is and its UUID, go to ``body``; the next sweep
    takes them there.

    Raises Merger.DoesNotExist, PermissionDenied, or Refused: nothing is said of any then.
    """
    found = Merger.objects.visible_to(actor).select_for_update(of=("self",), no_key=True)
    locked = found.select_related("office", "approved_plan").get(pk=merger.pk)
    if not actor.can(Capability.PREPARE_REORGANISATIONS):
        raise PermissionDenied("only an officer of the office settles what is left")
    wanted = set(things)
    left = [
        (about, thing)
        for about, rows in _unassigned(locked).items()
        for thing in rows.select_related("agency").filter(
            uuid__in=[uuid for sort, uuid in wanted if sort == about]
        )
    ]
    if locked.state != MergerState.IN_FORCE or len(left) < len(wanted) or not left:
        raise refuse(
            "not_left",
            _("Mục này không còn ở đơn vị đã chấm dứt."),
            way_out=_("Tải lại trang để xem những gì còn lại."),
        )
    assert locked.approved_plan is not None
    sender = locked.bodies.get(pk=body.pk)
    lines = []
    for about, thing in left:
        title = str(thing)[:_LONGEST_TITLE]
        lines.append(
            PlanLine(
                plan=locked.approved_plan,
                about=about,
                target_id=thing.pk,
                sender=sender,
                target_uuid=thing.uuid,
                title=title,
                search_title=search_key(title),
                agency=thing.agency,
                action=LineAction.HAND_OVER,
                reason=Why.SETTLED,
                stage=LineStage.HAND_OVER,
            )
        )
    PlanLine.objects.bulk_create(
        lines,
        update_conflicts=True,
        unique_fields=["plan", "about", "target_id"],
        update_fields=["sender"],
    )
    data = {
        "targets": [f"{about}:{thing.uuid}" for about, thing in left],
        "to": str(body.uuid),
    }
    audit.record(merger_act("merger.settle_left", locked, **data), actor=actor, now=now)


def _unassigned(merger: Merger) -> Mapping[LineAbout, models.QuerySet[Any]]:
    """Things of bodies that ended without a successor; with one they pass by themselves."""
    ended = ended_bodies(merger).filter(heirs=None).order_by().values("pk")
    held = Subscriber.objects.filter(agency__in=ended).order_by().values("pk")
    return {
        LineAbout.SUBSCRIBER: Subscriber.objects.filter(agency__in=ended, organisation=None),
        LineAbout.CERTIFICATE: Certificate.objects.filter(
            agency__in=ended, revoked_at=None
        ).exclude(subscriber__in=held.filter(organisation=None)),
        LineAbout.DEVICE: Device.objects.filter(agency__in=ended)
        .exclude(custody__in=GIVEN_BACK)
        .exclude(subscriber__in=held.filter(organisation=None)),
        LineAbout.DOSSIER: Dossier.objects.open().filter(agency__in=ended),
    }
