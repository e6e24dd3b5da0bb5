"""Mẫu 08: the rows of devices that wait at the agency to be given back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from devices.lifecycle import PRESENT, Custody
from devices.models import Device
from portal.agencies.models import Agency
from portal.ca.models import Certificate
from requests_app import kinds
from requests_app.drafts.targets import newest_certificates
from requests_app.kinds.base import EffectKind
from requests_app.kinds.duplicates import standing_rows
from requests_app.kinds.mau_08_return.form import EARLY, EXPIRED, REVOKED
from requests_app.kinds.prefill import Filled, Selection
from requests_app.models import Dossier, DossierItem, Outcome


def rows_to_give_back(agency: Agency, *, now: datetime) -> list[dict[str, str]]:
    """Return the rows of Mẫu 08 for every device waiting at ``agency``, but for those that stand
    in minutes already on their way. A fixed number of queries."""
    under_way = standing_rows({EffectKind.GIVE_BACK}).filter(device__isnull=False)
    waiting = list(
        Device.objects.filter(agency=agency, custody=Custody.BACK_AT_AGENCY, condition__in=PRESENT)
        .exclude(pk__in=under_way.order_by().values("device"))
        .select_related("subscriber")
        .order_by("serial", "pk")
    )
    return rows_of(waiting, now=now)


def rows_of(devices: Sequence[Device], *, now: datetime) -> list[dict[str, str]]:
    """Return the answers of each device's row. A fixed number of queries."""
    newest = newest_certificates(devices)
    # Certificate → the letter (Mẫu 05) it was revoked on; a number is never made up.
    revoked = [one.pk for one in newest.values() if one.revoked_at is not None]
    codes = [one.code for one in kinds.KINDS.values() if one.effect is EffectKind.REVOKE]
    done = DossierItem.objects.filter(
        certificate__in=revoked, dossier__kind__in=codes, outcome=Outcome.DONE
    ).exclude(dossier__letter_number="")
    papers = {
        item.certificate_id: _paper_name(item.dossier)
        for item in done.select_related("dossier").defer("answers").order_by("pk")
        if item.certificate_id is not None
    }
    return [_row(device, newest.get(device.key_id), papers, now=now) for device in devices]


def _row(
    device: Device,
    certificate: Certificate | None,
    papers: Mapping[int, str],
    *,
    now: datetime,
) -> dict[str, str]:
    holder = device.subscriber.name if device.subscriber else ""
    return {
        "certificate_name": certificate.common_name if certificate else holder,
        "certificate_serial": certificate.serial if certificate else "",
        "device_serial": device.serial,
        "device_kind": device.kind,
        "condition": device.condition,
        "reason": _reason(certificate, now=now),
        "revocation_document": papers.get(certificate.pk, "") if certificate else "",
    }


def _reason(certificate: Certificate | None, *, now: datetime) -> str:
    if certificate is not None and certificate.revoked_at is not None:
        return REVOKED
    if certificate is not None and certificate.not_after <= now:
        return EXPIRED
    return EARLY


def _paper_name(dossier: Dossier) -> str:
    day = f" ngày {dossier.letter_date:%d/%m/%Y}" if dossier.letter_date else ""
    return f"{dossier.letter_number}{day}"


def fill(selection: Selection, /) -> list[Filled]:
    """Return the rows of these devices, or of all that wait to be given back."""
    if devices := selection.all_devices():
        rows = rows_of(devices, now=selection.now)
    else:
        rows = rows_to_give_back(selection.actor.agency, now=selection.now)
    return [Filled(row, None) for row in rows]
