"""What can have changed since a row of Mẫu 04 was accepted: asked again under lock.

The 30 days are not asked again: they were judged on the day of receipt (DOMAIN 14.1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils import timezone

from devices.lifecycle import IllegalMove, Move, find_rule
from devices.models import Device
from portal.ca.models import Certificate
from portal.core.rules import Violation
from requests_app.execution.preparation import SENDER_GONE
from requests_app.kinds.mau_04_renew_change.form import moves_workplace
from requests_app.kinds.mau_04_renew_change.rules import GIVEN_BACK
from requests_app.kinds.named_bodies import bodies_of
from requests_app.models import Dossier, DossierItem
from requests_app.rules import certificates as rules

UNKNOWN = "Không tìm thấy chứng thư của dòng này."
NOT_THERE_YET = (
    "Thiết bị còn trên đường giữa Cục và cơ quan cũ nên chưa chuyển theo thuê bao được; thực hiện "
    "lại sau khi cơ quan cũ nhận thiết bị."
)


def locked_certificates(items: Sequence[DossierItem]) -> dict[int, Certificate]:
    """Return the certificates the rows are about, locked in the order of all who lock them."""
    found = (
        Certificate.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk__in={item.certificate_id for item in items})
        .select_related("key", "subscriber", "agency")
        .defer("crl_entry")
        .order_by("pk")
    )
    return {certificate.pk: certificate for certificate in found}


def locked_devices(certificates: Mapping[int, Certificate]) -> dict[int, Device]:
    """Return key → its device, locked after the certificates."""
    keys = {certificate.key_id for certificate in certificates.values()}
    found = (
        Device.objects.select_for_update(of=("self",), no_key=True)
        .filter(key__in=keys)
        .order_by("pk")
    )
    return {device.key_id: device for device in found if device.key_id is not None}


def hindrances(
    dossier: Dossier,
    items: Sequence[DossierItem],
    certificates: Mapping[int, Certificate],
    devices: Mapping[int, Device],
    *,
    now: datetime,
) -> dict[int, str]:
    """Return row → why it can't be carried out; certificates and devices are locked."""
    if not dossier.agency.exists_on(timezone.localdate(now)):
        return {item.pk: SENDER_GONE for item in items}
    own = bodies_of(dossier.agency)
    replaced = set(
        Certificate.objects.filter(predecessor__in=certificates).values_list(
            "predecessor", flat=True
        )
    )
    found: dict[int, str] = {}
    for item in items:
        certificate = certificates.get(item.certificate_id or 0)
        if certificate is None or not (
            certificate.agency_id in own or moves_workplace(item.answers)
        ):
            found[item.pk] = UNKNOWN
            continue
        renews = bool(item.answers.get("renews"))
        broken = (
            rules.is_not_revoked(certificate.revoked_at is not None, certificate.kind)
            or rules.is_not_superseded(certificate.pk in replaced)
            or (
                rules.is_not_renewed_yet(certificate.renewals, certificate.kind) if renews else None
            )
            # A renewal asked for in time outlives the old end; a change ends with it.
            or rules.change_ends_later(renews or certificate.not_after > now, certificate.kind)
        )
        reason = (_words(broken) if broken else "") or _of_device(
            dossier, certificate, devices.get(certificate.key_id)
        )
        if reason:
            found[item.pk] = reason
    return found


def _of_device(dossier: Dossier, certificate: Certificate, device: Device | None) -> str:
    if device is None:
        return ""
    is_given_back = device.custody in GIVEN_BACK
    if broken := rules.device_can_take_it(
        device.condition, is_given_back=is_given_back, kind=certificate.kind
    ):
        return _words(broken)
    if device.agency_id != dossier.agency_id and not _can_be_transferred(device):
        return NOT_THERE_YET
    return ""


def _can_be_transferred(device: Device) -> bool:
    try:
        find_rule(Move.TRANSFER, device.custody, device.condition, None)
    except IllegalMove:
        return False
    return True


def _words(violation: Violation) -> str:
    return f"{violation.message} {violation.way_out}".strip()
