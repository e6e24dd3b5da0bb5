"""What a row is about: the columns that lists, rules and joins need, filled from its answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from devices.models import Device
from devices.serials import normalise
from portal.accounts.models import User
from portal.agencies.models import SubscriberKind
from portal.ca.models import Certificate
from portal.core.database.fields import keyed_hash
from portal.core.text.identifiers import normalise_serial
from portal.core.text.vietnamese import search_key
from requests_app.kinds.base import Answers, Kind
from requests_app.models import DossierItem


def fill_columns(kind: Kind, items: Sequence[DossierItem], *, actor: User) -> None:
    """Set title, storage, identity hash and, where the kind is about a device, the device.

    A person or body is matched only when the row is accepted: a clerk never learns whether a
    person exists elsewhere.
    """
    for item in items:
        item.title = kind.item_title(item.answers)[:250]
        item.search_title = search_key(item.title)[:250]
        item.storage = kind.storage_of(item.answers)
        identity = kind.identity_key(item.answers)
        item.identity_hash = keyed_hash(identity) if identity else ""
    if kind.about == "device":
        serials = {normalise(item.answers.get("device_serial", "")) for item in items} - {""}
        devices = {
            device.serial: device
            for device in Device.objects.visible_to(actor)
            .filter(serial__in=serials)
            .select_related("subscriber", "key")
        }
        newest = newest_certificates(devices.values())
        for item in items:
            device = devices.get(normalise(item.answers.get("device_serial", "")))
            item.device = device
            item.storage = device.kind if device else item.storage
            item.subscriber = device.subscriber if device else None
            item.certificate = newest.get(device.key_id) if device else None
    if kind.about == "certificate":
        # Find each row's certificate by its serial: one of the actor's bodies, or, on forms that
        # take over people who moved (R41), another body's that fits the name and the registered
        # address.
        wanted = {serial_of(item.answers) for item in items} - {""}
        theirs = Certificate.objects.visible_to(actor).filter(serial__in=wanted)
        found = {one.serial: one for one in theirs.select_related("key__device", "subscriber")}
        if kind.takes_over and (unknown := wanted - set(found)):
            others = Certificate.objects.filter(serial__in=unknown)
            strangers = {
                one.serial: one for one in others.select_related("key__device", "subscriber")
            }
            for item in items:
                other = strangers.get(serial_of(item.answers))
                if other is not None and (
                    other.kind == SubscriberKind.PERSON
                    and search_key(item.answers.get("certificate_name", "")) == other.search_name
                    and item.answers.get("email", "").strip().lower() == other.email.lower()
                ):
                    found.setdefault(other.serial, other)
        for item in items:
            certificate = found.get(serial_of(item.answers))
            key = certificate.key if certificate else None
            item.certificate = certificate
            item.subscriber = certificate.subscriber if certificate else None
            item.device = getattr(key, "device", None) if key else None
            item.storage = key.storage if key else item.storage
            item.renews = certificate is not None and bool(item.answers.get("renews"))


def newest_certificates(devices: Iterable[Device]) -> dict[int | None, Certificate]:
    """Return key → the certificate issued last on it."""
    keys = [device.key_id for device in devices if device.key_id]
    found = Certificate.objects.filter(key__in=keys).defer("der", "crl_entry")
    return {certificate.key_id: certificate for certificate in found.order_by("issued_at", "pk")}


def serial_of(answers: Answers, name: str = "certificate_serial") -> str:
    """Return the certificate's number a row names, as it is kept; "" when it names none."""
    bare = normalise_serial(answers.get(name, ""))
    return bare.zfill(16) if bare else ""
