"""Who answers an order: the simulated CA, or another that is reached by files.

AUTHORITY and AUTHORITY_FROM say which issues on which day; what another CA keeps is asked of that
one whatever they say. Renewing and changing are orders with the same public key. Revoking is a fact
in the register (``register.services.revoke``), which the own CA's list and its OCSP responder read:
it needs no key of the CA.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from portal.ca.authority import keystore, publication
from portal.ca.authority.by_files import AuthorityByFiles
from portal.ca.authority.faults import KeyFault, NotConfigured
from portal.ca.authority.keystore import open_for_signing
from portal.ca.authority.orders import Answer, Authority, Order
from portal.ca.models import Authority as AuthorityCertificate
from portal.ca.models import Crl, Issuance
from portal.ca.pki import serials
from portal.ca.pki.profiles import Addresses
from portal.ca.pki.signing import Issuer, SubscriberSigner, load_public_key
from portal.core.database.bulk import insert_objects

__all__ = [
    "Answer",
    "Authority",
    "AuthorityByFiles",
    "KeyFault",
    "NotConfigured",
    "Order",
    "asked_elsewhere",
    "current",
    "current_issuer",
    "issuer_of",
    "open_for_signing",
    "own",
]


def current(now: datetime) -> Authority:
    """Return who issues new certificates at ``now``; raises NotConfigured."""
    today, name = timezone.localdate(now), settings.AUTHORITY
    for since, other in settings.AUTHORITY_FROM:
        if since <= today:
            name = other
    return AuthorityByFiles() if name == "files" else own()


def asked_elsewhere(request_keys: Sequence[str], *, now: datetime) -> set[str]:
    """Return those whose orders are another CA's: it was asked before, or issues now.

    Raises NotConfigured.
    """
    known = AuthorityByFiles.knows(request_keys)
    if len(known) < len(set(request_keys)) and current(now).makes_keys:
        return set(request_keys)
    return known


def own() -> SimulatedAuthority:
    """Return the portal's own CA; raises NotConfigured.

    The keys are loaded once a process, and again only when another CA was set up.
    """
    if not settings.SIMULATION:
        raise NotConfigured("simulation is off: another CA is reached by files (AUTHORITY)")
    if not keystore.is_open():
        raise NotConfigured("this process may not sign")
    standing = list(AuthorityCertificate.objects.issuing())
    if not standing:
        raise NotConfigured("no CA is set up: run manage.py setup_ca")
    for one in standing:  # a key that can't be used is found before anything is asked
        issuer_of(one)
    return SimulatedAuthority(standing)


def current_issuer() -> Issuer:
    """Return the oldest issuing CA that stands, for what needs its key; raises NotConfigured."""
    return issuer_of(own().standing[-1])


def issuer_of(standing: AuthorityCertificate) -> Issuer:
    """Return a root or an issuing CA with its key, loaded once a process; raises NotConfigured."""
    if not keystore.is_open():
        raise NotConfigured("this process may not sign")
    loaded = _Loaded.issuers.get(standing.serial_number)
    if loaded is None:
        certificate = x509.load_der_x509_certificate(bytes(standing.certificate))
        key = keystore.load_key(standing.slug, certificate=certificate)
        loaded = _Loaded.issuers[standing.serial_number] = Issuer(certificate, key)
    return loaded


class _Loaded:
    """The CAs of this process, by the serial numbers of their certificates."""

    issuers: dict[str, Issuer] = {}
    signers: dict[str, SubscriberSigner] = {}


class SimulatedAuthority:
    """Signs with the keys of ``keystore`` and keeps a register of what it answered."""

    makes_keys = False

    def __init__(self, standing: Sequence[AuthorityCertificate]) -> None:
        self.standing = standing  # the one that takes over last comes first

    def _issuing(self, order: Order, *, now: datetime) -> AuthorityCertificate:
        """Return who issues at ``now``: the last to take over among those that outlive the order.

        CA_ISSUER names another. When none lives long enough, the last answers, with a refusal.
        """
        begun = [one for one in self.standing if one.issues_from and one.issues_from <= now]
        begun = begun or list(self.standing[-1:])
        named = [one for one in begun if one.slug == settings.CA_ISSUER]
        long_enough = [one for one in named or begun if order.not_after <= one.not_after]
        return (long_enough or named or begun)[0]

    def issue_many(self, orders: Sequence[Order], *, now: datetime) -> list[Answer]:
        """Sign what is new and register it in one transaction of its own.

        A bad order gets an error for an answer, its neighbours their certificates. Raises
        RuntimeError inside a transaction: a certificate once signed must not be forgotten. Raises
        KeyFault when the key fails meanwhile, after what was signed is registered.
        """
        keys = [order.request_key for order in orders]
        found = Issuance.objects.filter(request_key__in=keys)
        known = {one.request_key: _answered(one) for one in found}
        signed: dict[str, Issuance] = {}
        answers: dict[str, Answer] = {}
        fault: KeyFault | None = None
        for order in orders:
            if order.request_key in known or order.request_key in signed:
                continue
            issuing = self._issuing(order, now=now)
            try:
                certificate = _signer_of(issuing).sign(
                    order.kind,
                    subject=order.subject,
                    public_key=load_public_key(order.public_key),
                    serial=serials.number(order.serial),
                    not_before=order.not_before,
                    not_after=order.not_after,
                )
                der = certificate.public_bytes(Encoding.DER)
            except KeyFault as error:
                fault = error
                break
            except ValueError as error:
                answers[order.request_key] = Answer(order.request_key, None, str(error))
            else:
                signed[order.request_key] = Issuance(
                    request_key=order.request_key,
                    ca=issuing.slug,
                    serial=order.serial,
                    der=der,
                    at=now,
                )
        answers |= known
        try:
            with transaction.atomic(durable=True):
                insert_objects(list(signed.values()))
        except IntegrityError:  # then one by one, so that only the clashing one suffers
            answers |= {key: _register_one(issuance) for key, issuance in signed.items()}
        else:
            answers |= {key: _answered(made) for key, made in signed.items()}
        if fault is not None:
            raise fault
        return [answers[order.request_key] for order in orders]

    def publish_crl(self, *, now: datetime) -> Crl | None:
        """Publish the lists that are due, each CA's until its end; return the last, if any.

        A key that can't be used holds up no other CA's list; KeyFault is raised at the end.
        """
        published, fault = None, None
        living = AuthorityCertificate.objects.authorities().alive_at(now)
        for one in living.order_by("-role", "-pk"):  # the roots, then the issuing ones
            try:
                if one.role == AuthorityCertificate.Role.ROOT and not keystore.has_key(one.slug):
                    continue  # an offline root's list is signed where its key is
                published = publication.publish(issuer_of(one), now=now) or published
            except KeyFault as error:
                fault = error
        if fault is not None:
            raise fault
        return published


def _signer_of(issuing: AuthorityCertificate) -> SubscriberSigner:
    """Return what signs for an issuing CA; what all of a profile share is built once a process."""
    serial = issuing.serial_number
    if serial not in _Loaded.signers:
        addresses = Addresses(settings.PUBLIC_URL, issuing.slug)
        _Loaded.signers[serial] = SubscriberSigner(issuer_of(issuing), addresses=addresses)
    return _Loaded.signers[serial]


def _answered(made: Issuance) -> Answer:
    return Answer(made.request_key, bytes(made.der), ca=made.ca)


def _register_one(issuance: Issuance) -> Answer:
    key = issuance.request_key
    try:
        with transaction.atomic(durable=True):
            issuance.save(force_insert=True)
    except IntegrityError:
        earlier = Issuance.objects.filter(request_key=key).first()  # another worker was quicker
        if earlier is not None:
            return _answered(earlier)
        return Answer(key, None, f"Số hiệu {issuance.serial} đã được dùng cho chứng thư khác.")
    return _answered(issuance)
