"""Mẫu 01–03: a row that asks anew for whom a certificate names, with its number as the old one.

DOMAIN 14.2 and R31 (Điều 21): when a certificate can be neither renewed nor changed any more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from django.utils import timezone

from portal.agencies.models import Affiliation, Agency, AgencyVersion, SubscriberKind
from portal.ca.models import Certificate
from portal.ca.pki.names import subject_of
from requests_app.kinds.people import LEVELS
from requests_app.kinds.prefill import Filled, Selection

FORM_OF: Mapping[str, str] = {
    SubscriberKind.PERSON: "mau_01_person",
    SubscriberKind.ORGANISATION: "mau_02_organisation",
    SubscriberKind.SYSTEM: "mau_03_system",
}


def rows_of(certificates: Sequence[Certificate], *, today: date) -> list[dict[str, str]]:
    """Return a row for each certificate; what the register does not know stays blank.

    All are of one kind of subscriber. Personal numbers are in it: the caller asks who may see them.
    """
    # (person, body) → the place that stands, in one query.
    standing = Affiliation.objects.filter(
        subscriber__in={one.subscriber_id for one in certificates}, valid_until__isnull=True
    )
    places = {(one.subscriber_id, one.agency_id): one for one in standing.order_by("valid_from")}
    # Body → how it stands today, in one query.
    bodies = {_body(one).pk for one in certificates}
    versions = {
        one.agency_id: one for one in AgencyVersion.objects.on(today).filter(agency__in=bodies)
    }
    return [
        _row(
            certificate,
            places.get((certificate.subscriber_id, certificate.agency_id)),
            versions.get(_body(certificate).pk),
        )
        for certificate in certificates
    ]


def _row(
    certificate: Certificate, place: Affiliation | None, version: AgencyVersion | None
) -> dict[str, str]:
    match certificate.kind:
        case SubscriberKind.PERSON:
            subscriber, subject = certificate.subscriber, subject_of(bytes(certificate.der))
            device = getattr(certificate.key, "device", None)
            levels = dict(zip(LEVELS, subject.organisation_levels, strict=False))
            return {
                "full_name": subscriber.name,
                "birth_on": f"{subscriber.birth_on:%d/%m/%Y}" if subscriber.birth_on else "",
                "identity_number": subscriber.identity_number,
                "email": (place.email if place else "") or certificate.email,
                **levels,
                "province": subject.locality,
                "position": place.position if place else "",
                "phone": place.phone if place else "",
                "old_serial": certificate.serial,
                "carrier": device.carrier if device else "",
                "storage": certificate.key.storage,
            }
        case SubscriberKind.ORGANISATION:
            return {
                "name": version.name if version else certificate.common_name,
                "address": version.address if version else "",
                "tax_code": version.tax_code if version else "",
                "budget_code": version.budget_code if version else "",
                "province": version.province if version else "",
                "email": (version.email if version else "") or certificate.email,
                "storage": certificate.key.storage,
            }
    return {
        "name": certificate.subscriber.name,
        "owner": version.name if version else certificate.agency.name,
        "address": version.address if version else "",
        "province": version.province if version else "",
        "domain": certificate.subscriber.domain_name,
        "email": certificate.email,
        "storage": certificate.key.storage,
        "old_serial": certificate.serial,
    }


def _body(certificate: Certificate) -> Agency:
    """Return the body a certificate names, or whose person or system it names."""
    return certificate.subscriber.organisation or certificate.agency


def fill(selection: Selection, /) -> list[Filled]:
    """Return a row for each certificate, with the person's number for whom may read it."""
    certificates = selection.all_certificates()
    rows = rows_of(certificates, today=timezone.localdate(selection.now))
    return [Filled(row, one.subscriber) for row, one in zip(rows, certificates, strict=True)]
