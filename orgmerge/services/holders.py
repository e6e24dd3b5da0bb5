"""Who holds what now: whether a new certificate is still needed, whether a loss was told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from devices.models import Device
from orgmerge import names
from orgmerge.deciding.ages import DAYS_LEFT_TO_ASK
from orgmerge.models import PlanLine
from orgmerge.services.desks import Desk, Desks
from orgmerge.words import About, Action, LineState
from portal.agencies.models import Subscriber, SubscriberKind
from portal.ca.models import Certificate
from requests_app import kinds
from requests_app.kinds.base import EffectKind
from requests_app.models import DossierItem, Outcome

_ENDED = (LineState.DONE, LineState.OVERTAKEN)


@dataclass(slots=True)
class Holders:
    """The certificates that can be used for some time yet, of people, systems and bodies."""

    people: dict[int, Subscriber] = field(default_factory=dict)
    lasting: dict[int, list[Certificate]] = field(default_factory=dict)  # by subscriber
    ending: frozenset[int] = frozenset()  # of those, the ones still to be revoked by the plan
    newest: dict[int, Certificate] = field(default_factory=dict)  # by subscriber, in any state
    of_bodies: dict[int, list[Certificate]] = field(default_factory=dict)  # by agency
    told_lost: frozenset[int] = frozenset()

    def has_another(self, certificate: Certificate) -> bool:
        """Say whether the holder has a usable one beside this one and those to be revoked."""
        return any(
            one.key_id != certificate.key_id and one.pk not in self.ending
            for one in self.lasting.get(certificate.subscriber_id, ())
        )

    def has_organisation_certificate(self, desk: Desk) -> bool:
        """Say whether the body has one in its present name."""
        return any(
            names.same(one.common_name, desk.place.name) and one.pk not in self.ending
            for one in self.of_bodies.get(desk.agency.pk, ())
        )

    def standing_of(self, subscriber: Subscriber) -> Literal["without", "ending", "provided"]:
        """Say whether somebody is without, will be (Điều 21: only then a new one), or is not."""
        found = self.lasting.get(subscriber.pk, [])
        if not found:
            return "without"
        return "ending" if all(one.pk in self.ending for one in found) else "provided"

    def last_of(self, subscriber: Subscriber) -> Certificate | None:
        return self.newest.get(subscriber.pk)

    def is_told_lost(self, device: Device) -> bool:
        """Say whether minutes about the loss were sent already."""
        return device.pk in self.told_lost


def holders_of(
    desks: Desks,
    certificates: Iterable[Certificate],
    subscribers: Iterable[int],
    devices: Iterable[Device],
) -> Holders:
    """Return what is known of the holders of ``certificates``, of ``subscribers``, of the bodies
    and of lost ``devices``; a fixed number of queries."""
    asked = list(subscribers)
    wanted = {*asked, *(one.subscriber_id for one in certificates)}
    lasting = Certificate.objects.valid_at(desks.now).filter(
        not_after__gte=desks.now + timedelta(days=DAYS_LEFT_TO_ASK), successors=None
    )
    people = list(lasting.filter(subscriber__in=wanted).defer("der", "crl_entry"))
    bodies = lasting.filter(
        agency__in=[desk.agency.pk for desk in desks.by_body.values()],
        kind=SubscriberKind.ORGANISATION,
    )
    of_bodies = list(bodies.defer("der", "crl_entry"))
    found = Holders(
        people=Subscriber.objects.in_bulk(asked) if asked else {},
        ending=_to_be_revoked(desks, [one.pk for one in [*people, *of_bodies]]),
        newest=_newest(asked),
        told_lost=_told_lost(devices),
    )
    for one in people:
        found.lasting.setdefault(one.subscriber_id, []).append(one)
    for one in of_bodies:
        found.of_bodies.setdefault(one.agency_id, []).append(one)
    return found


def _to_be_revoked(desks: Desks, pks: Sequence[int]) -> frozenset[int]:
    lines = PlanLine.objects.filter(
        plan=desks.merger.approved_plan_id,
        about=About.CERTIFICATE,
        action=Action.REVOKE,
        target_id__in=pks,
    )
    return frozenset(lines.exclude(state__in=_ENDED).values_list("target_id", flat=True))


def _newest(subscribers: Sequence[int]) -> dict[int, Certificate]:
    if not subscribers:
        return {}
    found = Certificate.objects.filter(subscriber__in=subscribers).order_by("issued_at", "pk")
    joined = found.select_related("subscriber__organisation", "key__device", "agency")
    return {one.subscriber_id: one for one in joined.defer("crl_entry")}


def _told_lost(devices: Iterable[Device]) -> frozenset[int]:
    codes = [one.code for one in kinds.KINDS.values() if one.effect is EffectKind.RECORD_LOSS]
    sent = DossierItem.objects.filter(
        device__in=[one.pk for one in devices],
        dossier__kind__in=codes,
        dossier__state="completed",
    ).exclude(outcome=Outcome.REFUSED)
    return frozenset(sent.values_list("device_id", flat=True))
