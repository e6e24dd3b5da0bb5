"""How a letter is signed: computed from the certificates the sender holds, never chosen."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from portal.accounts.models import User
from portal.agencies.models import Agency, Signer, SubscriberKind
from portal.agencies.querysets import ancestors_of
from portal.ca.models import Certificate, Keeper, Trust
from portal.ca.querysets import CertificateQuerySet
from portal.core.roles import Capability, roles_that_can
from requests_app.models import SigningMode


def signing_mode(
    agency: Agency, *, signer: Signer | None = None, now: datetime
) -> tuple[SigningMode, str]:
    """Return the mode and, for ink, the computed reason (DOMAIN 2.1).

    Digital needs a valid organisation certificate (a predecessor's counts until it is changed)
    and a valid certificate of the signer's own (None: any head's), each with its device in hand:
    otherwise a letter would wait for a signature nobody can give.
    """
    if organisation_certificate(agency, now=now) is None:
        return SigningMode.INK, "Đơn vị chưa có chứng thư chữ ký số của cơ quan còn hiệu lực."
    signers = roles_that_can(
        Capability.SIGN_LETTERS, Capability.SIGN_COVERING_LETTERS, Capability.SIGN_REPORTS
    )
    heads = User.objects.filter(agency=agency, role__in=signers, is_active=True)
    if signer is not None:
        heads = heads.filter(person=signer.person_id, person__isnull=False)
    if not any(personal_certificate(head, now=now) for head in heads.select_related("agency")):
        who = signer.name if signer is not None else "Lãnh đạo đơn vị"
        return (
            SigningMode.INK,
            f"{who} chưa có chứng thư chữ ký số còn hiệu lực với thiết bị đang giữ.",
        )
    return SigningMode.DIGITAL, ""


def organisation_certificate(
    agency: Agency, *, now: datetime, is_virtual: bool = False
) -> Certificate | None:
    """Return the certificate the body seals with: its own, else a predecessor's, else None.

    ``is_virtual``: only one whose key can be opened here.
    """
    return _first(organisation_certificates(agency, now=now), is_virtual=is_virtual)


def personal_certificate(
    user: User, *, now: datetime, is_virtual: bool = False
) -> Certificate | None:
    """Return the certificate ``user`` signs with, or None; ``is_virtual`` as for bodies.

    R40 (NB Điều 11 khoản 4): a deputy signs with their own, whoever they sign for.
    """
    return _first(personal_certificates(user, now=now), is_virtual=is_virtual)


def organisation_certificates(agency: Agency, *, now: datetime) -> list[Certificate]:
    """Return what the body may seal with, its own first; of any CA that is in the register."""
    certificates = Certificate.objects.usable_at(now).filter(
        Q(subscriber__organisation=agency)
        | Q(subscriber__organisation__in=ancestors_of(agency.pk)),
        kind=SubscriberKind.ORGANISATION,
    )
    return _with_key_in_hand(certificates, agency)


def personal_certificates(user: User, *, now: datetime) -> list[Certificate]:
    """Return what ``user`` may sign with."""
    if user.person_id is None:
        return []
    certificates = Certificate.objects.usable_at(now).filter(subscriber=user.person_id)
    return _with_key_in_hand(certificates, user.agency)


def _first(certificates: list[Certificate], *, is_virtual: bool) -> Certificate | None:
    return next((one for one in certificates if not is_virtual or hasattr(one.key, "token")), None)


def _with_key_in_hand(certificates: CertificateQuerySet, agency: Agency) -> list[Certificate]:
    """Prefer the body's own, then the one that lasts longest, among keys that are in hand."""
    found = list(
        certificates.filter(
            Q(key__device__isnull=True)
            | Q(key__device__custody="with_subscriber", key__device__condition="ok"),
            Q(key__token__isnull=False) | Q(keeper=Keeper.OUTSIDE, trust=Trust.VERIFIED),
        )
        .select_related("key__token", "subscriber")
        .order_by("-not_after")
    )
    found.sort(
        key=lambda certificate: (
            certificate.subscriber.organisation_id not in (None, agency.pk)
            or certificate.agency_id != agency.pk
        )
    )
    return found
