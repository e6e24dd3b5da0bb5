"""Mẫu 05: the row of a certificate, from the register and the row it was issued by."""

from __future__ import annotations

from collections.abc import Iterable

from portal.agencies.models import AgencyVersion, SubscriberKind
from portal.ca.models import Certificate
from requests_app.kinds.prefill import Filled, Selection
from requests_app.models import DossierItem


def row_of(certificate: Certificate, *, cause: str = "", reason: str = "") -> dict[str, str]:
    """Return the answers of one certificate's row; what the register does not know stays blank."""
    return rows_of([certificate], cause=cause, reason=reason)[0]


def rows_of(
    certificates: Iterable[Certificate], *, cause: str = "", reason: str = ""
) -> list[dict[str, str]]:
    """Return the answers of a row for each certificate, in a fixed number of queries."""
    wanted = [certificate.pk for certificate in certificates]
    found = (
        Certificate.objects.filter(pk__in=wanted)
        .select_related("subscriber", "key__device")
        .defer("der", "crl_entry")
        .in_bulk()
    )
    ordered = [found[pk] for pk in wanted]
    # Key → what the person's card said when the first certificate on it was asked for.
    keys = {one.key_id for one in ordered if one.kind == SubscriberKind.PERSON}
    issued_by = DossierItem.objects.filter(key__in=keys, result__isnull=False).order_by("-pk")
    cards = {item.key_id: item.answers for item in issued_by.only("uuid", "key", "answers")}
    # Body → how it stands, or stood last.
    organisations = {one.subscriber.organisation_id for one in ordered} - {None}
    versions = AgencyVersion.objects.filter(agency__in=organisations).order_by("valid_from")
    bodies: dict[int | None, AgencyVersion] = {one.agency_id: one for one in versions}
    rows = []
    for certificate in ordered:
        # Columns 3–5: a person's number and card, or a body's codes.
        row = dict.fromkeys(
            ("identity_number", "issued_on", "issue_place", "tax_code", "budget_code"), ""
        )
        subscriber = certificate.subscriber
        if certificate.kind == SubscriberKind.PERSON:
            card = cards.get(certificate.key_id, {})
            row["identity_number"] = subscriber.identity_number
            row |= {name: card.get(name, "") for name in ("issued_on", "issue_place")}
        elif body := bodies.get(subscriber.organisation_id):
            row |= {"tax_code": body.tax_code, "budget_code": body.budget_code}
        device = getattr(certificate.key, "device", None)
        row |= {
            "certificate_name": certificate.common_name,
            "email": certificate.email,
            "certificate_serial": certificate.serial,
            "device_serial": device.serial if device else "",
            "cause": cause,
            "reason": reason,
        }
        rows.append(row)
    return rows


def fill(selection: Selection, /) -> list[Filled]:
    """Return a row for each certificate, with the person's number for whom may read it."""
    certificates = selection.all_certificates()
    rows = rows_of(certificates)
    return [Filled(row, one.subscriber) for row, one in zip(rows, certificates, strict=True)]
