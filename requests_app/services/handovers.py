"""Starting a dossier: what the portal knows already, nobody types again."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Prefetch

from devices import services as devices
from devices.models import Device
from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.ca.models import Certificate
from requests_app import kinds
from requests_app.kinds.base import EffectKind
from requests_app.models import Dossier
from requests_app.services.drafts import create_draft, import_rows


def handover_rows(agency: Agency) -> list[dict[str, str]]:
    """Return the rows of Mẫu 07 for the hand-overs the CA has not been told of."""
    newest_first = Certificate.objects.order_by("-issued_at")
    waiting = devices.handed_over_without_notice(agency).prefetch_related(
        Prefetch("key__certificates", newest_first)
    )
    return [_row(device) for device in waiting]


def _row(device: Device) -> dict[str, str]:
    subscriber, key = device.subscriber, device.key
    assert subscriber is not None
    certificates = list(key.certificates.all()) if key else []
    return {
        "subscriber_name": subscriber.name,
        "identity_number": subscriber.identity_number,
        "certificate_serial": certificates[0].serial if certificates else "",
        "device_serial": device.serial,
        "device_kind": device.kind,
        "handed_over_on": f"{device.handed_over_on:%d/%m/%Y}",  # type: ignore[attr-defined]
        "receiver": device.holder,  # type: ignore[attr-defined]
    }


@transaction.atomic
def start_dossier(kind_code: str, *, actor: User, now: datetime, variant: str = "") -> Dossier:
    """Open a draft with what the portal knows already: Mẫu 07 brings its hand-overs.

    Raises as ``create_draft`` does.
    """
    dossier = create_draft(kind_code, actor=actor, now=now, variant=variant)
    if kinds.get(kind_code).effect is not EffectKind.RECORD_HANDOVER:
        return dossier
    if rows := handover_rows(actor.agency):
        import_rows(dossier, rows, actor=actor, now=now, version=dossier.version)
        dossier.refresh_from_db()
    return dossier
