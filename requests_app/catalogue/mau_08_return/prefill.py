"""Mẫu 08: the rows of devices that wait at the agency to be given back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from devices.lifecycle import PRESENT, Custody
from devices.models import Device
from portal.agencies.models import Agency
from requests_app import kinds
from requests_app.catalogue.mau_08_return.form import EARLY, EXPIRED, REVOKED
from requests_app.kinds.base import EffectKind
from requests_app.kinds.duplicates import standing_rows
from requests_app.kinds.prefill import Filled, Selection
from requests_app.kinds.targets import newest_certificates
from requests_app.models import DossierItem, Outcome


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
    done = DossierItem.objects.filter(
        certificate__in=revoked,
        dossier__kind__in=kinds.codes_with(EffectKind.REVOKE),
        outcome=Outcome.DONE,
    ).exclude(dossier__letter_number="")
    papers: dict[int | None, str] = {}
    for item in done.select_related("dossier").defer("answers").order_by("pk"):
        number, signed_on = item.dossier.letter_number, item.dossier.letter_date
        day = f" ngày {signed_on:%d/%m/%Y}" if signed_on else ""
        papers[item.certificate_id] = f"{number}{day}"
    rows = []
    for device in devices:
        certificate = newest.get(device.key_id)
        holder = device.subscriber.name if device.subscriber else ""
        if certificate is not None and certificate.revoked_at is not None:
            reason = REVOKED
        elif certificate is not None and certificate.not_after <= now:
            reason = EXPIRED
        else:
            reason = EARLY
        rows.append(
            {
                "certificate_name": certificate.common_name if certificate else holder,
                "certificate_serial": certificate.serial if certificate else "",
                "device_serial": device.serial,
                "device_kind": device.kind,
                "condition": device.condition,
                "reason": reason,
                "revocation_document": papers.get(certificate.pk, "") if certificate else "",
            }
        )
    return rows


def fill(selection: Selection, /) -> list[Filled]:
    """Return the rows of these devices, or of all that wait to be given back."""
    if devices := selection.all_devices():
        rows = rows_of(devices, now=selection.now)
    else:
        rows = rows_to_give_back(selection.actor.agency, now=selection.now)
    return [Filled(row, None) for row in rows]
