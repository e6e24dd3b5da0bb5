"""What follows from a new certificate: its clock, the subscriber's place, the device, a mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from devices import services as devices
from devices.models import Device
from portal.agencies import services as agencies
from portal.agencies.models import SubscriberKind
from portal.agencies.services import NewPlace
from portal.ca.models import Certificate
from portal.ca.register import expiry
from portal.notices import services as notices
from requests_app.kinds.mau_04_renew_change.form import LEVELS
from requests_app.kinds.mau_04_renew_change.paper import mail_of
from requests_app.models import Dossier, DossierItem


@dataclass(frozen=True, slots=True)
class Replaced:
    """A row that was carried out: the old certificate, the new one, the thing they are in."""

    item: DossierItem
    old: Certificate
    new: Certificate
    device: Device | None


def follow(dossier: Dossier, made: Sequence[Replaced], *, now: datetime) -> None:
    """Do what new certificates cause, in the transaction that records them."""
    if not made:
        return
    places = [place for one in made if (place := _place(dossier, one))]
    agencies.change_places(places, agency=dossier.agency, now=now)
    expiry.renewed([one.old for one in made], now=now)
    expiry.open_doors([one.new for one in made], now=now)
    moved = [one.device for one in made if one.device is not None]
    devices.transfer(moved, to=dossier.agency, paper=paper_of(dossier), now=now)
    # Mail the *.cer files to the receiver named in section 1 (S2 mục 4, 5).
    address = dossier.contact.get("email", "")
    if not address:
        return
    pairs = [(one.old, one.new) for one in made]
    mail = mail_of(dossier, pairs)
    notices.write_to(
        address,
        name=dossier.contact.get("full_name", ""),
        cause=f"new-certificates:{made[0].item.request_key}",
        subject=mail.subject,
        text=mail.text,
        attached=mail.attached,
        now=now,
    )


def paper_of(dossier: Dossier) -> devices.Paper:
    """Return the dossier as the document devices change hands under."""
    label = f"Gia hạn, thay đổi thông tin (Mẫu 04) số {dossier.letter_number}"
    return devices.Paper("dossier", dossier.uuid, label)


def _place(dossier: Dossier, one: Replaced) -> NewPlace | None:
    """Return what the certificate says anew of a person or a system; None when nothing."""
    answers = one.item.answers
    leaves = one.old.agency if one.old.agency_id != dossier.agency_id else None
    if one.old.kind == SubscriberKind.ORGANISATION or not (leaves or answers.get("changes")):
        return None
    is_system = one.old.kind == SubscriberKind.SYSTEM
    levels = [answers[level] for level in LEVELS if answers.get(level)]
    return NewPlace(
        subscriber=one.old.subscriber,
        leaves=leaves,
        unit=levels[-1] if levels else "",
        email=answers.get("new_email", ""),
        name=answers.get("new_name", "") if is_system else "",
        host=answers.get("new_address", "") if is_system else "",
    )
