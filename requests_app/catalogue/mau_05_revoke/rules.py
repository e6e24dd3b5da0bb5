"""Mẫu 05: certificates of the sender that still stand, named as the register knows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.urls import reverse
from django.utils import timezone

from devices.models import Device
from devices.serials import normalise
from portal.agencies.models import Agency, AgencyVersion
from portal.ca.models import Certificate
from portal.core.database.fields import keyed_hash
from portal.core.rules import Violation
from requests_app.catalogue.mau_05_revoke.form import BODY_CELLS, PERSON_CELLS
from requests_app.kinds.base import EffectKind
from requests_app.kinds.duplicates import Asked, asked_twice
from requests_app.kinds.senders import bodies_spoken_for
from requests_app.models import Attachment, Dossier, DossierItem
from requests_app.rules import register
from requests_app.rules import revocation as rules

# Urgent: a revocation waits for nothing but another revocation.
_IN_THE_WAY = (EffectKind.REVOKE,)


@dataclass(frozen=True, slots=True)
class _Known:
    """What the register says of all rows of a dossier, read once."""

    page: str  # of the dossier, where papers are attached
    own: set[int]  # certificates the sender speaks for
    bodies: Mapping[int, AgencyVersion]  # agency → how it stands, or stood last
    in_use: Mapping[int, Certificate]  # key → the valid certificate on it
    own_requests: set[int]  # rows with the person's written request
    other_papers: set[int | None]  # rows with another paper; None: the dossier as a whole

    def misfits(self, item: DossierItem, certificate: Certificate) -> list[Violation]:
        """Return where what a row says of its certificate is not what is on record."""
        answers, row = item.answers, item.position
        found = [
            rules.device_is_the_certificates(
                normalise(answers.get("device_serial", "")),
                item.device.serial if item.device else "",
                row,
            ),
            rules.names_its_subscriber(
                certificate.kind,
                has_identity=any(answers.get(name) for name in PERSON_CELLS),
                has_codes=any(answers.get(name) for name in BODY_CELLS),
                row=row,
            ),
        ]
        # What is typed is held against what is on record; an empty cell is the form's own finding.
        if name := answers.get("certificate_name", ""):
            whole = certificate.subscriber.name
            found.append(
                register.name_is_the_registered(name, certificate.common_name, row, whole=whole)
            )
        if email := answers.get("email", ""):
            found.append(register.email_is_the_registered(email, certificate.email, row))
        number, on_record = answers.get("identity_number", ""), certificate.subscriber.identity_hash
        if number and certificate.kind == "person" and on_record:
            found.append(rules.identity_is_the_subscribers(keyed_hash(number) == on_record, row))
        body = self.bodies.get(certificate.subscriber.organisation_id or 0)
        if body is not None:
            for name, label, on_file in (
                ("tax_code", "Mã số thuế", body.tax_code),
                ("budget_code", "Mã quan hệ ngân sách", body.budget_code),
            ):
                if typed := answers.get(name, ""):
                    found.append(rules.code_is_the_bodys(label, typed, on_file, row))
        return [violation for violation in found if violation]


def violations(dossier: Dossier, items: Sequence[DossierItem], *, now: datetime) -> list[Violation]:
    """Return what stops the rows of a request for revocation."""
    return [*of_rows(dossier, items, now=now), *asked_twice(dossier, items, by=_IN_THE_WAY)]


def of_rows(dossier: Dossier, items: Sequence[DossierItem], *, now: datetime) -> list[Violation]:
    """Return what stops the rows by themselves, other dossiers aside."""
    certificates = [item.certificate for item in items if item.certificate]
    attached = dossier.attachments.filter(is_current=True).values_list("kind", "item")
    papers = list(attached.filter(kind__in=[Attachment.Kind.OWN_REQUEST, Attachment.Kind.OTHER]))
    # The newest version of each body whose certificate is named, dissolved ones too.
    bodies = {one.subscriber.organisation_id for one in certificates} - {None}
    versions = AgencyVersion.objects.filter(
        agency__in=bodies, valid_from__lte=timezone.localdate(now)
    )
    known = _Known(
        page=reverse("requests_app:detail", args=[dossier.uuid]),
        own=certificates_of_sender(dossier.agency_id, certificates),
        bodies={version.agency_id: version for version in versions.order_by("valid_from")},
        in_use=_in_use(certificates, now=now),
        own_requests={
            item for kind, item in papers if kind == Attachment.Kind.OWN_REQUEST and item
        },
        other_papers={item for kind, item in papers if kind == Attachment.Kind.OTHER},
    )
    return [violation for item in items for violation in _of_row(item, known, now=now)]


def of_certificate(
    certificate: Certificate, *, agency: Agency, asked: Asked | None = None, now: datetime
) -> list[Violation]:
    """Return why ``agency`` can't ask now that ``certificate`` be revoked; empty when it can."""
    found = _of_standing(
        certificate,
        is_own=certificate.pk in certificates_of_sender(agency.pk, [certificate]),
        in_use=_in_use([certificate], now=now).get(certificate.key_id),
        device=getattr(certificate.key, "device", None),
        row=None,
        now=now,
    )
    item = DossierItem(certificate=certificate, position=0, title=certificate.common_name)
    others = asked_twice(Dossier(agency=agency), [item], by=_IN_THE_WAY, asked=asked)
    return found + [replace(violation, row=None) for violation in others]


def certificates_of_sender(agency_id: int, certificates: Iterable[Certificate]) -> set[int]:
    """Return the keys of those of ``certificates`` whose revocation a body may ask (R26).

    Its own, those of units below it without a seal, and those of bodies that went over to it or it
    to (DOMAIN 14.8: an open dossier goes on under the successor).
    """
    found = list(certificates)
    others = {one.agency_id for one in found} - {agency_id}
    bodies = {agency_id} | (bodies_spoken_for(agency_id, others) if others else set())
    return {one.pk for one in found if one.agency_id in bodies}


def _in_use(certificates: Sequence[Certificate], *, now: datetime) -> dict[int, Certificate]:
    """Return key → the valid certificate on it, looked for where the named one was revoked."""
    keys = {one.key_id for one in certificates if one.revoked_at}
    if not keys:
        return {}
    valid = Certificate.objects.valid_at(now).filter(key__in=keys).defer("der", "crl_entry")
    return {one.key_id: one for one in valid.order_by("issued_at", "pk")}


def _of_row(item: DossierItem, known: _Known, *, now: datetime) -> list[Violation]:
    certificate, row = item.certificate, item.position
    if certificate is None:
        serial = item.answers.get("certificate_serial", "")
        unknown = rules.managing_agency_asks(False, serial, row)
        return [unknown] if unknown and serial else []  # an empty cell is the form's own finding
    ended = _of_standing(
        certificate,
        is_own=certificate.pk in known.own,
        in_use=known.in_use.get(certificate.key_id),
        device=item.device,
        row=row,
        now=now,
    )
    if ended:  # of a certificate that is another's or has ended nothing more is told
        return ended
    cause, has_own = item.answers.get("cause", ""), item.pk in known.own_requests
    has_other = bool(known.other_papers & {item.pk, None})
    if misfit := rules.cause_fits_subject(cause, certificate.kind, row):
        of_cause: list[Violation | None] = [misfit]
    else:
        of_cause = [
            rules.own_request_is_attached(cause, certificate.kind, has_own, row, link=known.page),
            rules.authority_request_is_attached(cause, has_other, row, link=known.page),
        ]
    return [
        *(violation for violation in of_cause if violation),
        *known.misfits(item, certificate),
    ]


def _of_standing(
    certificate: Certificate,
    *,
    is_own: bool,
    in_use: Certificate | None,
    device: Device | None,
    row: int | None,
    now: datetime,
) -> list[Violation]:
    if not is_own:
        found = rules.managing_agency_asks(False, certificate.serial, row)
        return [found] if found else []
    revoked, ends = certificate.revoked_at, certificate.not_after
    device_page = reverse("devices:detail", args=[device.uuid]) if device else ""
    standing = rules.is_not_revoked(
        certificate.serial,
        timezone.localdate(revoked) if revoked else None,
        row,
        successor=in_use.serial if in_use else "",
        link=reverse("ca:detail", args=[in_use.uuid]) if in_use else device_page,
    ) or rules.is_not_expired(
        certificate.serial,
        timezone.localdate(ends) if ends <= now else None,
        row,
        link=device_page,
    )
    return [standing] if standing else []
