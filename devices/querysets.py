"""What can be asked about devices."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Self
from uuid import UUID

from django.db import models
from django.db.models import Count, Exists, OuterRef, Q

from devices.lifecycle import Condition, Custody, Move
from devices.serials import normalise
from portal.agencies.querysets import of_subscribers_named
from portal.agencies.visibility import of_visible_bodies
from portal.ca.models import Certificate, RevocationReason
from portal.ca.register import renewals
from portal.core.background.leases import LeasedQuerySet
from portal.core.text.identifiers import normalise_phone

if TYPE_CHECKING:
    from devices.models import Device, Intake, Shipment, Stocktaking
    from portal.accounts.models import User

_PART_OF_A_SERIAL = re.compile(r"(?=.*[0-9])[A-Z0-9./-]{3,40}")
_PART_OF_A_SIM = re.compile(r"[0-9]{4,22}")
_HANDED_OVER = (Custody.WITH_SUBSCRIBER, Custody.TO_BE_RETURNED, Custody.BACK_AT_AGENCY)


class DeviceQuerySet(models.QuerySet["Device"]):
    def visible_to(self, user: User) -> Self:
        """Return the devices of the bodies ``user`` may see; the CA sees all."""
        return of_visible_bodies(self, user)

    def numbered(self, typed: str) -> Iterator[Self]:
        """Yield those whose serial begins with what is typed, or whose SIM's number or ICCID does;
        one column at a time: of an OR a database reads all before it takes the first few."""
        number = normalise(typed).replace(":", "")
        phone = normalise_phone(number)
        if _PART_OF_A_SERIAL.fullmatch(number):
            yield self.filter(serial__begins=number)
        if _PART_OF_A_SIM.fullmatch(phone):
            yield self.filter(~Q(phone="") & Q(phone__begins=phone))
            yield self.filter(~Q(iccid="") & Q(iccid__begins=number))

    def found_by(self, typed: str) -> Self:
        """Return those that have such a number, else those whose subscriber has such a name; all,
        if nothing is typed."""
        if not typed.strip():
            return self
        for found in self.numbered(typed):
            if found.exists():
                return found
        return of_subscribers_named(self, typed)

    def in_stock(self, kind: str) -> Self:
        """Return the devices of ``kind`` that can be allocated: in stock, sound, with a key."""
        return self.filter(
            kind=kind, custody=Custody.STOCK, condition=Condition.OK, key__isnull=False
        )

    def without_key(self) -> Self:
        """Return the sound devices of the stock whose key is still to be made."""
        return self.filter(custody=Custody.STOCK, condition=Condition.OK, key__isnull=True)

    def at(self, place: str) -> Self:
        """Return the devices at one of the places of ``lifecycle.PLACES``: each is at exactly one.

        A lost one is nowhere else, wherever it was last.
        """
        if place == Condition.LOST:
            return self.filter(condition=Condition.LOST)
        return self.filter(custody=place).exclude(condition=Condition.LOST)

    def waiting_for(self, custody: Custody) -> Self:
        """Return the sound devices at ``custody``, which can go on."""
        return self.filter(custody=custody, condition=Condition.OK)

    def with_valid_certificate(self, now: datetime) -> Self:
        """Return the devices whose key carries a certificate that can be used at ``now``."""
        valid = Certificate.objects.valid_at(now).filter(key=OuterRef("key"))
        return self.filter(Exists(valid))

    def spent(self, now: datetime) -> Self:
        """Return the devices whose every certificate has ended, so that they must come back.

        A key that was only superseded is another key's story (DOMAIN 14.5).
        """
        of_key = Certificate.objects.filter(key=OuterRef("key"))
        running = of_key.filter(revoked_at__isnull=True, not_after__gt=now)
        ended = of_key.exclude(revocation_reason=RevocationReason.SUPERSEDED)
        return self.filter(Exists(ended), ~Exists(running))

    def awaiting_renewal(self) -> Self:
        """Return the devices that keep a certificate whose renewal is still to be answered."""
        standing = Certificate.objects.filter(key=OuterRef("key"), revoked_at__isnull=True)
        return self.filter(Exists(standing.filter(renewals.are_asked_for())))

    def handed_over_without_notice(self) -> Self:
        """Return the devices handed over and not yet given up, of which no Mẫu 07 tells (R18).

        One filter, one join: a device is handed over once in its life.
        """
        return self.filter(
            custody__in=_HANDED_OVER,
            moves__move=Move.HAND_OVER,
            moves__notice__isnull=True,
        )

    def of_dossier(self, code: str) -> Self:
        """Return the devices that the rows of the dossier with this uuid name, or whose certificate
        they name; all, if ``code`` is no uuid."""
        try:
            UUID(code)
        except ValueError:
            return self
        every = self.model.objects.order_by()
        named = every.filter(items__dossier__uuid=code).values("pk")
        keyed = every.filter(key__certificates__items__dossier__uuid=code).values("pk")
        return self.filter(pk__in=named.union(keyed))

    def for_list(self) -> Self:
        return self.select_related("agency", "subscriber")


class IntakeQuerySet(LeasedQuerySet["Intake"]):
    def unfinished(self) -> Self:
        return self.filter(ended_at__isnull=True)


class ShipmentQuerySet(models.QuerySet["Shipment"]):
    def visible_to(self, user: User) -> Self:
        """Return the shipments to the bodies ``user`` may see; the CA sees all."""
        return of_visible_bodies(self, user)

    def under_way(self) -> Self:
        return self.filter(ended_at__isnull=True)

    def with_counts(self) -> Self:
        """Add how many devices are listed, confirmed, still coming, and reported missing.

        What is reported missing and not yet found is still coming, unless the CA entered it as
        lost.
        """
        open_ones = Q(items__received_at__isnull=True)
        return self.annotate(
            listed=Count("items"),
            confirmed=Count("items", filter=~open_ones),
            coming=Count("items", filter=open_ones & ~Q(items__device__condition=Condition.LOST)),
            missing=Count(
                "items",
                filter=open_ones & Q(items__missing_at__isnull=False),
            ),
        )

    def with_list(self) -> Self:
        return self.select_related("agency", "sent_by").prefetch_related(
            "items__device__subscriber"
        )


class StocktakingQuerySet(models.QuerySet["Stocktaking"]):
    def visible_to(self, user: User) -> Self:
        """Return those of the bodies and offices ``user`` may see; the CA sees all."""
        return of_visible_bodies(self, user)

    def open(self) -> Self:
        return self.filter(closed_at__isnull=True, dropped_at__isnull=True)
