"""Mẫu 07: the rows of hand-overs that the CA has not been told of."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from django.db.models import Prefetch

from devices import services as devices
from portal.agencies.models import Agency
from portal.ca.models import Certificate
from requests_app.kinds.prefill import Filled, Selection


def rows_to_tell(agency: Agency, *, only: Collection[int] = ()) -> list[Filled]:
    """Return those rows with their subscribers; ``only`` these devices, all when it is empty."""
    newest_first = Certificate.objects.order_by("-issued_at").defer("der", "crl_entry")
    waiting = devices.handed_over_without_notice(agency).prefetch_related(
        Prefetch("key__certificates", newest_first)
    )
    if only:
        waiting = waiting.filter(pk__in=only)
    rows = []
    for device in waiting:
        subscriber, key = device.subscriber, device.key
        assert subscriber is not None
        certificates = list(key.certificates.all()) if key else []
        handed_over_on: date = device.handed_over_on  # type: ignore[attr-defined]
        answers = {
            "subscriber_name": subscriber.name,
            "identity_number": subscriber.identity_number,
            "certificate_serial": certificates[0].serial if certificates else "",
            "device_serial": device.serial,
            "device_kind": device.kind,
            "handed_over_on": f"{handed_over_on:%d/%m/%Y}",
            "receiver": device.holder,  # type: ignore[attr-defined]
        }
        rows.append(Filled(answers, subscriber))
    return rows


def fill(selection: Selection, /) -> list[Filled]:
    """Return the hand-overs of these devices, or all the CA has not been told of."""
    only = [device.pk for device in selection.all_devices()]
    return rows_to_tell(selection.actor.agency, only=only)
