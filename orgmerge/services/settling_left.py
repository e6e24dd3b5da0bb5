"""What is left with a body that was divided, because nobody had planned it: a person says where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.utils.translation import gettext as _

from devices.models import Device
from orgmerge.codes import Why
from orgmerge.models import Merger, MergerBody, PlanLine
from orgmerge.services.common import merger_act
from orgmerge.services.leftovers import GIVEN_BACK, ended_bodies
from orgmerge.words import About, Action, MergerState, Stage
from portal.accounts.models import User
from portal.agencies.models import Agency, Subscriber
from portal.audit import services as audit
from portal.ca.models import Certificate
from portal.core.roles import Role
from portal.core.rules import refuse
from portal.core.text import search_key
from requests_app.models import Dossier

SHOWN = 50
_LONGEST_TITLE = 250


@dataclass(frozen=True, slots=True)
class Left:
    """One thing that nobody has said the way of."""

    about: About
    uuid: UUID
    title: str
    body: Agency


def things_left(merger: Merger) -> list[Left]:
    """Return the first of them, holders before what they hold: that follows by itself."""
    found = [
        Left(about, thing.uuid, str(thing), thing.agency)
        for about, rows in _rows(merger).items()
        for thing in rows.select_related("agency").order_by("pk")[:SHOWN]
    ]
    return found[:SHOWN]


@transaction.atomic
def send_to(
    merger: Merger, about: str, uuid: UUID, body: MergerBody, *, actor: User, now: datetime
) -> None:
    """Say that a thing left behind goes to ``body``; the next sweep takes it there.

    Raises Merger.DoesNotExist, PermissionDenied or Refused.
    """
    found = Merger.objects.visible_to(actor).select_for_update(of=("self",))
    locked = found.select_related("office", "approved_plan").get(pk=merger.pk)
    if actor.role != Role.OFFICE_OFFICER:
        raise PermissionDenied("only an officer of the office settles what is left")
    rows = _rows(locked).get(About(about)) if about in About.values else None
    thing = rows.filter(uuid=uuid).select_related("agency").first() if rows is not None else None
    if locked.state != MergerState.IN_FORCE or thing is None:
        raise refuse(
            "not_left",
            _("Mục này không còn ở đơn vị đã chấm dứt."),
            way_out=_("Tải lại trang để xem những gì còn lại."),
        )
    assert locked.approved_plan is not None
    title = str(thing)[:_LONGEST_TITLE]
    PlanLine.objects.update_or_create(
        plan=locked.approved_plan,
        about=about,
        target_id=thing.pk,
        defaults={"sender": locked.bodies.get(pk=body.pk)},
        create_defaults={
            "sender": locked.bodies.get(pk=body.pk),
            "target_uuid": thing.uuid,
            "title": title,
            "search_title": search_key(title),
            "agency": thing.agency,
            "action": Action.HAND_OVER,
            "reason": Why.SETTLED,
            "stage": Stage.HAND_OVER,
        },
    )
    data = {"about": about, "target": str(uuid), "to": str(body.uuid)}
    audit.record(merger_act("merger.settle_left", locked, **data), actor=actor, now=now)


def _rows(merger: Merger) -> Mapping[About, models.QuerySet[Any]]:
    """Things of bodies that ended without an heir; where there is one they go by themselves."""
    ended = ended_bodies(merger).filter(heirs=None).order_by().values("pk")
    held = Subscriber.objects.filter(agency__in=ended).order_by().values("pk")
    return {
        About.SUBSCRIBER: Subscriber.objects.filter(agency__in=ended, organisation=None),
        About.CERTIFICATE: Certificate.objects.filter(agency__in=ended, revoked_at=None).exclude(
            subscriber__in=held.filter(organisation=None)
        ),
        About.DEVICE: Device.objects.filter(agency__in=ended)
        .exclude(custody__in=GIVEN_BACK)
        .exclude(subscriber__in=held.filter(organisation=None)),
        About.DOSSIER: Dossier.objects.open().filter(agency__in=ended),
    }
