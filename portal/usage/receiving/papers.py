"""Signed PDFs handed in: who signed when is counted, nothing of the document is kept."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.x509.oid import NameOID
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.ca.models import Certificate
from portal.core.rules import refuse
from portal.documents import services as documents
from portal.documents import uploads
from portal.documents.verification import SignatureReport
from portal.usage.models import SigningSystem, UsageBatch
from portal.usage.receiving.services import receive

# What is wrong with the certificate by now does not undo that it was used; all else does: it says
# nothing about who signed when.
_USED_ALL_THE_SAME = frozenset(
    {"not_trusted", "expired_at_signing", "revoked_at_signing", "time_unproved", "wrong_field"}
)
_LONGEST_NAME = 250


@dataclass(frozen=True, slots=True)
class PaperSignature:
    """One signature of a paper: what it is, and what became of it.

    ``status``: accepted, known, refused, ``unproven`` (it is damaged or has no time), ``foreign``
    (its certificate is not of our register).
    """

    report: SignatureReport
    status: str
    code: str = ""
    issuer: str = ""
    valid_until: str = ""


def hand_in(
    content: bytes, system: SigningSystem, *, document_kind: str, actor: User, now: datetime
) -> list[PaperSignature]:
    """Count the signatures of a PDF; return what became of each. Raises Refused."""
    if uploads.check(content) is not uploads.PDF:
        raise refuse("upload_type_unknown", _("Tệp không phải PDF."))
    reports = documents.signatures_on(content, now=now)
    if not reports:
        raise refuse("not_signed", _("Tệp PDF này không có chữ ký số nào."))
    registered = dict(
        Certificate.objects.filter(serial__in={one.serial for one in reports}).values_list(
            "serial", "thumbprint"
        )
    )
    ours = [
        one
        for one in reports
        if set(one.problems) <= _USED_ALL_THE_SAME
        and registered.get(one.serial) == hashlib.sha256(one.certificate_der).hexdigest()
    ]
    outcomes: dict[str, tuple[str, str]] = {}
    if ours:
        offered = [
            {
                "id": one.sha256,
                "serial": one.serial,
                "moment": one.signed_at.isoformat() if one.signed_at else None,
                "kind": document_kind,
            }
            for one in ours
        ]
        receipt = receive(system, offered, channel=UsageBatch.Channel.PDF, actor=actor, now=now)
        for one, answer in zip(ours, receipt.answers, strict=True):
            outcomes[one.sha256] = (answer.status, answer.code)
    return [_shown(one, outcomes) for one in reports]


def _shown(report: SignatureReport, outcomes: dict[str, tuple[str, str]]) -> PaperSignature:
    if outcome := outcomes.get(report.sha256):
        return PaperSignature(report, *outcome)
    if not set(report.problems) <= _USED_ALL_THE_SAME:
        return PaperSignature(report, "unproven")
    certificate = x509.load_der_x509_certificate(report.certificate_der)
    names = certificate.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
    issuer = str(names[0].value) if names else certificate.issuer.rfc4514_string()
    until = f"{timezone.localdate(certificate.not_valid_after_utc):%d/%m/%Y}"
    return PaperSignature(report, "foreign", issuer=issuer[:_LONGEST_NAME], valid_until=until)
