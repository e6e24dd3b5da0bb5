"""What a form can be about, from the body's own list: to be chosen before a draft is opened."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.lifecycle import PRESENT, Condition, Custody
from devices.models import Device
from devices.querysets import DeviceQuerySet
from devices.serials import normalise
from portal.accounts.models import User
from portal.ca.models import Certificate
from portal.ca.querysets import CertificateQuerySet
from portal.core import law
from portal.core.text.vietnamese import search_key
from portal.core.web.paging import capped_count
from requests_app import kinds
from requests_app.drafts.services import MOST_ROWS
from requests_app.kinds.duplicates import standing_rows
from requests_app.kinds.issue_prefill import FORM_OF
from requests_app.models import DossierItem
from requests_app.rules.certificates import (
    validity,
)
from requests_app.rules.devices import AT_THE_AGENCY
from requests_app.start_page.occasions import About, Pick, Way

MOST_SHOWN = 100
_KIND_OF = {form: kind for kind, form in FORM_OF.items()}


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that can be ticked."""

    uuid: uuid.UUID
    name: str
    detail: str


@dataclass(frozen=True, slots=True)
class Choices:
    """What was ticked, the first of the other things that fit, how many fit (capped)."""

    ticked: list[Choice]
    shown: list[Choice]
    count: int

    @property
    def is_whole(self) -> bool:
        """Whether nothing that fits was left out."""
        return len(self.shown) < MOST_SHOWN


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was ticked, as ``start_dossier`` takes it."""

    certificates: list[Certificate]
    devices: list[Device]

    @property
    def count(self) -> int:
        return len(self.certificates) + len(self.devices)


def choices(
    way: Way, about: str, *, user: User, text: str, ticked: Collection[uuid.UUID], now: datetime
) -> Choices:
    """Return what ``way`` can be about for ``user``, narrowed by ``text``; the most urgent first.

    What stands in an open dossier of the same kind is left out: it would be refused as asked twice.
    That something stands in the list does not mean that no rule stops it: the draft's check says.
    """
    if way.pick in _CERTIFICATES:
        of_kind = _certificates(way, about, user=user, now=now)
        fitting, kept = of_kind.found_by(text), of_kind.filter(uuid__in=ticked)
        others = fitting.exclude(uuid__in=ticked).order_by("not_after", "pk")[:MOST_SHOWN]
        return Choices(
            [_of_certificate(one, now=now) for one in kept.order_by("not_after", "pk")],
            [_of_certificate(one, now=now) for one in others],
            capped_count(fitting),
        )
    waiting = _devices(way, user=user, now=now)
    devices = _found_by(waiting, text)
    rest = devices.exclude(uuid__in=ticked).order_by("received_at", "pk")[:MOST_SHOWN]
    return Choices(
        [_of_device(one) for one in waiting.filter(uuid__in=ticked).order_by("received_at", "pk")],
        [_of_device(one) for one in rest],
        capped_count(devices),
    )


def choose(
    way: Way,
    about: str,
    *,
    user: User,
    ticked: Collection[uuid.UUID] | None,
    text: str,
    now: datetime,
) -> Chosen:
    """Return what was ticked; ``ticked`` None takes all that fit ``text``, as many as fit a letter.

    What is not in the list (any more) is left out.
    """
    if way.pick in _CERTIFICATES:
        of_kind = _certificates(way, about, user=user, now=now)
        found = of_kind.found_by(text) if ticked is None else of_kind.filter(uuid__in=ticked)
        return Chosen(list(found.order_by("not_after", "pk")[:MOST_ROWS]), [])
    waiting = _devices(way, user=user, now=now)
    rows = _found_by(waiting, text) if ticked is None else waiting.filter(uuid__in=ticked)
    return Chosen([], list(rows.order_by("received_at", "pk")[:MOST_ROWS]))


def _certificates(way: Way, about: str, *, user: User, now: datetime) -> CertificateQuerySet:
    visible = Certificate.objects.visible_to(user).for_list().select_related("key")
    kind = _KIND_OF.get(way.kind_code) or ("" if about == About.DEVICE else about)
    if kind:
        visible = visible.filter(kind=kind)
    asked = _asked_already(way, user).filter(certificate__isnull=False)
    visible = visible.exclude(pk__in=asked.values("certificate"))
    return _CERTIFICATES[way.pick](visible, now)


def _long_enough(now: datetime) -> datetime:
    """Return from when on a certificate that ends then has the days left that the law asks for."""
    return _midnight(timezone.localdate(now) + timedelta(days=law.DAYS_LEFT_TO_ASK))


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _to_renew(found: CertificateQuerySet, now: datetime) -> CertificateQuerySet:
    """R05, and DOMAIN 14.12: what ends later than a renewal would is not renewed yet."""
    _begins, ends = validity(now, years=law.RENEWED_VALIDITY_YEARS)
    ends_sooner = _to_change(found, now).filter(not_after__lt=_midnight(timezone.localdate(ends)))
    return ends_sooner.filter(renewals__lt=law.RENEWALS_ALLOWED)


def _to_change(found: CertificateQuerySet, now: datetime) -> CertificateQuerySet:
    standing = found.valid_at(now).filter(successors__isnull=True)
    return standing.filter(not_after__gte=_long_enough(now))


def _to_issue_anew(found: CertificateQuerySet, now: datetime) -> CertificateQuerySet:
    ended = Q(revoked_at__isnull=False) | Q(not_after__lt=_long_enough(now))
    return found.filter(ended, successors__isnull=True)


_CERTIFICATES: Mapping[Pick, Callable[[CertificateQuerySet, datetime], CertificateQuerySet]] = {
    Pick.TO_RENEW: _to_renew,
    Pick.TO_CHANGE: _to_change,
    Pick.TO_REVOKE: lambda found, now: found.filter(revoked_at__isnull=True, not_after__gt=now),
    Pick.TO_ISSUE_ANEW: _to_issue_anew,
}


def _devices(way: Way, *, user: User, now: datetime) -> DeviceQuerySet:
    asked = _asked_already(way, user).filter(device__isnull=False)
    visible = Device.objects.visible_to(user).for_list().exclude(pk__in=asked.values("device"))
    match way.pick:
        case Pick.LOCKED:
            return visible.filter(condition=Condition.LOCKED, custody=Custody.WITH_SUBSCRIBER)
        case Pick.IN_USE:
            return visible.filter(custody__in=AT_THE_AGENCY).with_valid_certificate(now)
        case Pick.AT_THE_AGENCY:
            return visible.filter(custody__in=AT_THE_AGENCY)
        case Pick.TO_GIVE_BACK:
            return visible.filter(custody=Custody.BACK_AT_AGENCY, condition__in=PRESENT)
        case Pick.HANDED_OVER:
            return visible.filter(agency=user.agency_id).handed_over_without_notice()
    return visible.none()


def _asked_already(way: Way, user: User) -> QuerySet[DossierItem]:
    """Return the rows of the user's body that ask for the same and have no end yet."""
    effect = kinds.get(way.kind_code).effect
    return standing_rows({effect}).filter(dossier__agency=user.agency_id).order_by()


def _found_by(devices: DeviceQuerySet, text: str) -> DeviceQuerySet:
    if not text.strip():
        return devices
    return devices.filter(
        Q(serial__contains=normalise(text)) | Q(subscriber__search_name__contains=search_key(text))
    )


def _of_certificate(certificate: Certificate, *, now: datetime) -> Choice:
    state = certificate.state(now).label
    ends = f"{timezone.localdate(certificate.not_after):%d/%m/%Y}"
    detail = _("%(serial)s · %(storage)s · %(state)s, đến %(day)s") % {
        "serial": certificate.serial,
        "storage": certificate.key.get_storage_display(),
        "state": state,
        "day": ends,
    }
    return Choice(certificate.uuid, certificate.common_name, detail)


def _of_device(device: Device) -> Choice:
    name = device.subscriber.name if device.subscriber else device.serial
    detail = _("%(serial)s · %(kind)s · %(place)s, %(condition)s") % {
        "serial": device.serial,
        "kind": device.get_kind_display(),
        "place": device.get_custody_display(),
        "condition": device.get_condition_display().lower(),
    }
    return Choice(device.uuid, name, detail)
