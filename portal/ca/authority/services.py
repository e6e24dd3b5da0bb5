"""The seam to a certification authority, and the simulated one behind it.

Renewing and changing are orders with the same public key. Revoking is a fact in the register
(``services.revoke``), which the CA's list and its OCSP responder read; it needs no key of the CA.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings
from django.db import IntegrityError, transaction

from portal.ca.authority import keystore, publication
from portal.ca.authority.keystore import KeyFault, NotConfigured, open_for_signing
from portal.ca.models import Authority as AuthorityCertificate
from portal.ca.models import Crl, Issuance
from portal.ca.pki import serials
from portal.ca.pki.names import SubjectName
from portal.ca.pki.profiles import Addresses
from portal.ca.pki.signing import Issuer, SubscriberSigner, load_public_key

__all__ = [
    "Answer",
    "Authority",
    "KeyFault",
    "NotConfigured",
    "Order",
    "current",
    "current_issuer",
    "open_for_signing",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One certificate asked of the CA. ``request_key`` is the same however often it is asked."""

    request_key: str
    serial: str  # 16 upper-case hex digits
    kind: str  # SubscriberKind
    subject: SubjectName
    public_key: bytes  # DER SubjectPublicKeyInfo
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an order: a certificate, or why there is none."""

    request_key: str
    der: bytes | None
    error: str = ""


class Authority(Protocol):
    """Whoever signs. Both calls may be repeated, and are made outside the caller's transaction."""

    def issue_many(self, orders: Sequence[Order], *, now: datetime) -> list[Answer]:
        """Answer each order in turn; a known request key gets its earlier answer."""
        ...

    def publish_crl(self, *, now: datetime) -> Crl | None:
        """Publish a list when one is due; return it, or None when the standing one will do."""
        ...


def current() -> Authority:
    """Return the CA to sign with; raises NotConfigured.

    The key is loaded once a process, and again only when another CA was set up.
    """
    return _simulated()


def current_issuer() -> Issuer:
    """Return the issuing CA itself, for what only the simulated one needs; raises NotConfigured."""
    return _simulated().issuer


class _Loaded:
    """The simulated CA of this process, kept while the database names the same certificate."""

    serial = ""
    authority: SimulatedAuthority | None = None


def _simulated() -> SimulatedAuthority:
    if not settings.SIMULATION:
        raise NotConfigured("simulation is off and no other CA is configured")
    if not keystore.is_open():
        raise NotConfigured("this process may not sign")
    standing = AuthorityCertificate.objects.filter(
        role=AuthorityCertificate.Role.ISSUING, is_current=True
    ).first()
    if standing is None:
        raise NotConfigured("no CA is set up: run manage.py setup_ca")
    if _Loaded.authority is None or _Loaded.serial != standing.serial_number:
        certificate = x509.load_der_x509_certificate(bytes(standing.certificate))
        issuer = Issuer(certificate, keystore.load_key(standing.role, certificate=certificate))
        _Loaded.authority = SimulatedAuthority(issuer)
        _Loaded.serial = standing.serial_number
    return _Loaded.authority


class SimulatedAuthority:
    """Signs with the keys of ``keystore`` and keeps a register of what it answered."""

    def __init__(self, issuer: Issuer) -> None:
        self.issuer = issuer
        self._signer = SubscriberSigner(issuer, addresses=Addresses(settings.PUBLIC_URL))

    def issue_many(self, orders: Sequence[Order], *, now: datetime) -> list[Answer]:
        """Sign what is new and register it in one transaction of its own.

        A bad order gets an error for an answer, its neighbours their certificates. Raises
        RuntimeError inside a transaction: a certificate once signed must not be forgotten.
        """
        keys = [order.request_key for order in orders]
        found = Issuance.objects.filter(request_key__in=keys).values_list("request_key", "der")
        known = {key: bytes(der) for key, der in found}
        signed: dict[str, Issuance] = {}
        answers: dict[str, Answer] = {}
        for order in orders:
            if order.request_key in known or order.request_key in signed:
                continue
            try:
                certificate = self._signer.sign(
                    order.kind,
                    subject=order.subject,
                    public_key=load_public_key(order.public_key),
                    serial=serials.number(order.serial),
                    not_before=order.not_before,
                    not_after=order.not_after,
                )
                der = certificate.public_bytes(Encoding.DER)
            except ValueError as error:
                answers[order.request_key] = Answer(order.request_key, None, str(error))
            else:
                signed[order.request_key] = Issuance(
                    request_key=order.request_key, serial=order.serial, der=der, at=now
                )
        answers |= {key: Answer(key, der) for key, der in known.items()}
        try:
            with transaction.atomic(durable=True):
                Issuance.objects.bulk_create(signed.values())
        except IntegrityError:  # then one by one, so that only the clashing one suffers
            answers |= {key: _register_one(issuance) for key, issuance in signed.items()}
        else:
            answers |= {key: Answer(key, bytes(made.der)) for key, made in signed.items()}
        return [answers[order.request_key] for order in orders]

    def publish_crl(self, *, now: datetime) -> Crl | None:
        """Publish a list when one is due; return it, or None when the standing one will do."""
        return publication.publish(self.issuer, now=now)


def _register_one(issuance: Issuance) -> Answer:
    key = issuance.request_key
    try:
        with transaction.atomic(durable=True):
            issuance.save(force_insert=True)
    except IntegrityError:
        earlier = Issuance.objects.filter(request_key=key).first()  # another worker was quicker
        if earlier is not None:
            return Answer(key, bytes(earlier.der))
        return Answer(key, None, f"Số hiệu {issuance.serial} đã được dùng cho chứng thư khác.")
    return Answer(key, bytes(issuance.der))
