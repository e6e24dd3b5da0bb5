"""The page of the CA's desk: its CAs, keys, lists and responders, and what must be done next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.ca.authority import publication, responder, rollover
from portal.ca.models import Authority, Crl, RecoveryUse
from portal.ca.pki.profiles import algorithm_name
from portal.core.models import SweepRun

Role = Authority.Role
_USES_SHOWN = 20
_TONES = {"late": "danger", "weeks": "danger", "months": "warning", "years": "info"}


@dataclass(frozen=True, slots=True)
class Line:
    """What the page says of one CA."""

    row: Authority
    state: str
    tone: str
    algorithm: str
    crl: Crl | None
    responder: Authority | None
    crosses: list[Authority]


def shown(now: datetime) -> dict[str, Any]:
    """Return what the page says: every CA there was and is, and what is due."""
    rows = list(
        Authority.objects.exclude(role__in=(Role.OCSP, Role.TSA), is_current=False).order_by("-pk")
    )
    # What the worker found wrong with the key files, which the web cannot see.
    fault = SweepRun.objects.filter(name="portal.ca.tasks.check_keys").exclude(error="").first()
    return {
        "lines": _lines(rows, now),
        "recovery": next((row for row in rows if row.role == Role.RECOVERY), None),
        "uses": RecoveryUse.objects.all()[:_USES_SHOWN],
        "steps": [(step, _TONES[step.stage]) for step in rollover.next_steps(now)],
        "key_fault": fault.error if fault else "",
        "ocsp_fault": responder.state(now=now),
        "now": now,
    }


def _lines(rows: list[Authority], now: datetime) -> list[Line]:
    lists = {one.ca: one for one in publication.standing_lists(now)}
    responders = {row.signed_by: row for row in rows if row.role == Role.OCSP}
    begun = [
        row
        for row in Authority.objects.issuing()
        if row.issues_from and row.issues_from <= now < row.not_after
    ]
    issuing = begun[0].slug if begun else ""
    return [
        Line(
            row,
            *_state(row, is_issuing=row.slug == issuing, now=now),
            algorithm=_algorithm(row),
            crl=lists.get(row.slug),
            responder=responders.get(row.slug),
            crosses=[one for one in rows if one.role == Role.CROSS and one.slug == row.slug],
        )
        for row in rows
        if row.role in (Role.ROOT, Role.ISSUING)
    ]


def _state(row: Authority, *, is_issuing: bool, now: datetime) -> tuple[str, str]:
    """Return what a CA is at ``now``, and the tone of it."""
    if row.revoked_at:
        return _("Đã thu hồi"), "danger"
    if row.not_after <= now:
        return _("Đã hết hạn"), "neutral"
    if row.role == Role.ROOT:
        return _("Đang dùng"), "success"
    if is_issuing:
        return _("Đang cấp chứng thư"), "success"
    if row.issues_from and row.issues_from > now:
        day = f"{timezone.localdate(row.issues_from):%d/%m/%Y}"
        return _("Cấp từ ngày %(day)s") % {"day": day}, "info"
    return _("Chỉ công bố thu hồi và trả lời OCSP"), "neutral"


def _algorithm(row: Authority) -> str:
    key = x509.load_der_x509_certificate(bytes(row.certificate)).public_key()
    assert isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)
    family, _dash, size = algorithm_name(key).partition("-")
    return f"RSA {size} bit" if family == "rsa" else f"ECDSA P-{size.removeprefix('p')}"
