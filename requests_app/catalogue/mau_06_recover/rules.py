"""Mẫu 06: locked devices of the sender, with a certificate that is still valid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from django.urls import reverse
from django.utils import timezone

from devices.models import Device
from portal.ca.models import Certificate
from portal.core.rules import Violation
from requests_app.kinds.base import EffectKind
from requests_app.kinds.duplicates import Asked, asked_twice
from requests_app.kinds.senders import devices_of_sender
from requests_app.kinds.targets import newest_certificates
from requests_app.models import Dossier, DossierItem
from requests_app.rules import devices as rules
from requests_app.rules import register

# A revocation that is asked for prevails: what is to end is not unlocked.
_IN_THE_WAY = (EffectKind.RECOVER, EffectKind.REVOKE)


def violations(dossier: Dossier, items: Sequence[DossierItem], *, now: datetime) -> list[Violation]:
    """Return what stops the rows of a request for recovery."""
    return [*of_rows(dossier, items, now=now), *asked_twice(dossier, items, by=_IN_THE_WAY)]


def of_rows(dossier: Dossier, items: Sequence[DossierItem], *, now: datetime) -> list[Violation]:
    """Return what stops the rows by themselves, other dossiers aside."""
    devices = [item.device for item in items if item.device is not None]
    newest = newest_certificates(devices)
    against = against_devices(dossier.agency_id, devices, newest, now=now)
    found: list[Violation] = []
    for item in items:
        answers = item.answers
        if item.device is None:
            of_item = [register.device_is_known(False, answers.get("device_serial", ""))]
        else:
            of_item = [*against[item.device.pk]]
            if certificate := newest.get(item.device.key_id):
                name, email = answers.get("certificate_name", ""), answers.get("email", "")
                of_item += [
                    register.name_is_the_registered(
                        name,
                        certificate.common_name,
                        item.position,
                        whole=item.subscriber.name if item.subscriber else "",
                    ),
                    register.email_is_the_registered(email, certificate.email, item.position),
                ]
        found += [replace(violation, row=item.position) for violation in of_item if violation]
    return found


def of_device(
    device: Device, newest: Certificate | None, *, asked: Asked | None = None, now: datetime
) -> list[Violation]:
    """Return why ``device`` can't be recovered on a Mẫu 06 now; empty when it can.

    ``newest`` is the certificate issued last on it.
    """
    found = _of_standing(device, newest, now=now)
    if device.agency_id is None:
        return found  # of the stock: nobody asks for it
    item = DossierItem(device=device, title=str(device))
    others = asked_twice(Dossier(agency_id=device.agency_id), [item], by=_IN_THE_WAY, asked=asked)
    return [*found, *others]


def against_devices(
    agency_id: int,
    devices: Sequence[Device],
    newest: Mapping[int | None, Certificate],
    *,
    now: datetime,
) -> dict[int, list[Violation]]:
    """Return device → why it can't be unlocked for that body now: whose it is, how it stands.

    ``newest`` are the certificates issued last, by key. This is also what is asked again before
    the unlocking itself.
    """
    theirs = devices_of_sender(agency_id, devices)
    found = {}
    for device in devices:
        not_theirs = register.device_is_known(device.pk in theirs, device.serial)
        standing = _of_standing(device, newest.get(device.key_id), now=now)
        found[device.pk] = [not_theirs] if not_theirs else standing
    return found


def _of_standing(
    device: Device, certificate: Certificate | None, *, now: datetime
) -> list[Violation]:
    """Return what the device's place, its condition and its certificate say against recovery."""
    serial, link = device.serial, reverse("devices:detail", args=[device.uuid])
    found = [
        rules.is_with_its_subscriber(device.custody, serial, link=link)
        or rules.is_locked(device.condition, serial, link=link),
        rules.carries_a_certificate(certificate is not None, serial, link=link),
    ]
    if certificate is not None:
        revoked, ends = certificate.revoked_at, certificate.not_after
        valid = rules.certificate_is_valid(
            serial,
            revoked_on=timezone.localdate(revoked) if revoked else None,
            expired_on=timezone.localdate(ends) if ends <= now else None,
            link=link,
        )
        found.append(valid)
    return [violation for violation in found if violation]
