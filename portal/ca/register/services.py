"""What is done with keys and certificates."""

from __future__ import annotations

import hashlib
import ssl
import warnings
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from portal.agencies.models import Agency, Subscriber
from portal.audit.services import Act, Actor, record, record_many
from portal.ca.authority import services as authority
from portal.ca.authority.services import Answer, NotConfigured, Order
from portal.ca.models import (
    FIRST_ISSUING,
    Authority,
    Certificate,
    Crl,
    Keeper,
    KeyPair,
    RenewalsSource,
    RevocationReason,
    Trust,
    VirtualToken,
)
from portal.ca.pki import crl, serials
from portal.ca.pki.names import readable, subject_of
from portal.ca.pki.profiles import ALGORITHMS, algorithm_name, generate
from portal.ca.register import expiry
from portal.ca.tokens import services as tokens
from portal.core.database.bulk import update_rows
from portal.core.rules import refuse
from portal.core.text.vietnamese import search_key

new_serial = serials.new_serial


def certificate_from(
    order: Order,
    answer: Answer,
    *,
    subscriber: Subscriber,
    agency: Agency,
    office: Agency | None,
    key: KeyPair,
    now: datetime,
    predecessor: Certificate | None = None,
    is_renewal: bool = False,
) -> Certificate:
    """Return the certificate of a good answer, unsaved. Successors inherit the renewal count.

    Its days are read from the certificate: an answer to a repeated order is the earlier one. What
    another CA issued is kept as that one made it: serial, subject, days.
    """
    assert answer.der is not None, answer.error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # long Vietnamese names, counted in bytes
        made = x509.load_der_x509_certificate(answer.der)
        is_outside = not answer.ca
        subject = subject_of(answer.der) if is_outside else order.subject
        name = readable(made.subject)[:1000]
        issuer = readable(made.issuer)[:1000] if is_outside else ""
    return Certificate(
        serial=serials.text(made.serial_number) if is_outside else order.serial,
        keeper=Keeper.OUTSIDE if is_outside else Keeper.PORTAL,
        ca=answer.ca or FIRST_ISSUING,
        issuer_name=issuer,
        trust=Trust.VERIFIED if is_outside else "",
        renewals_source=RenewalsSource.HISTORY if is_outside else "",
        kind=order.kind,
        subscriber=subscriber,
        agency=agency,
        office=office,
        key=key,
        common_name=subject.common_name,
        search_name=search_key(subject.common_name),
        subject=name,
        email=subject.email or order.subject.email,
        not_before=made.not_valid_before_utc,
        not_after=made.not_valid_after_utc,
        der=answer.der,
        thumbprint=hashlib.sha256(answer.der).hexdigest(),
        predecessor=predecessor,
        renewals=(predecessor.renewals if predecessor else 0) + is_renewal,
        request_key=order.request_key,
        issued_at=now,
    )


def keys_of(
    ders: Mapping[int, bytes], storages: Mapping[int, str], *, now: datetime
) -> dict[int, KeyPair]:
    """Return the keys of certificates (DER, by any number), those not in the register entered."""
    publics: dict[int, tuple[bytes, str]] = {}
    for number, der in ders.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            public = x509.load_der_x509_certificate(der).public_key()
        assert isinstance(public, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)
        spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        publics[number] = (spki, algorithm_name(public))
    pairs = {
        hashlib.sha256(spki).hexdigest(): KeyPair(
            storage=storages[number],
            algorithm=algorithm,
            public_key=spki,
            fingerprint=hashlib.sha256(spki).hexdigest(),
            made_at=now,
        )
        for number, (spki, algorithm) in publics.items()
    }
    KeyPair.objects.bulk_create(pairs.values(), ignore_conflicts=True)
    known = {one.fingerprint: one for one in KeyPair.objects.filter(fingerprint__in=pairs)}
    return {
        number: known[hashlib.sha256(spki).hexdigest()] for number, (spki, _a) in publics.items()
    }


def make_keys(storage: str, count: int, *, now: datetime) -> list[KeyPair]:
    """Make ``count`` keys on virtual tokens and store them; raises NotConfigured.

    An RSA key takes a tenth of a second and more: call it in the background, some at a time. The
    keys are made before the transaction begins.
    """
    if not settings.SIMULATION:
        raise NotConfigured("virtual tokens exist in the simulation only")
    recovery = tokens.recovery_certificate().public_key()
    assert isinstance(recovery, X25519PublicKey)
    made = []
    for _number in range(count):
        private = generate(ALGORITHMS[settings.CA_ALGORITHM].subscriber_key)
        public = private.public_key()
        spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        pair = KeyPair(
            storage=storage,
            algorithm=algorithm_name(public),
            public_key=spki,
            fingerprint=hashlib.sha256(spki).hexdigest(),
            made_at=now,
        )
        made.append(
            (pair, private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
        )
    with transaction.atomic():
        pairs = KeyPair.objects.bulk_create(pair for pair, _plain in made)
        VirtualToken.objects.bulk_create(
            tokens.sealed_token(pair, plain, recovery=recovery) for pair, plain in made
        )
        data = {"storage": storage, "count": count}
        act = Act(action="key.make", target_type="key", target_uuid=None, data=data)
        record(act, actor=None, now=now)
    return pairs


@transaction.atomic
def revoke(
    certificate: Certificate, reason: RevocationReason, *, actor: Actor | None, now: datetime
) -> Certificate:
    """Revoke for good; OCSP knows with this transaction, the next list follows within a minute.

    Returns the certificate as it now stands; raises Refused when it was revoked before.
    """
    standing = Certificate.objects.select_for_update(of=("self",), no_key=True).get(
        pk=certificate.pk
    )
    if standing.revoked_at is not None:
        message = _("Chứng thư %(serial)s đã bị thu hồi trước đó.") % {"serial": standing.serial}
        raise refuse("revoked_already", message)
    _end(standing, reason, now=now)
    standing.save(update_fields=_REVOKED)
    expiry.revoked([standing], now=now)
    record(
        Act(
            action="certificate.revoke",
            target_type="certificate",
            target_uuid=standing.uuid,
            agency_uuid=standing.agency.uuid,
            office_uuid=standing.office.uuid if standing.office else None,
            data={"serial": standing.serial, "reason": str(reason)},
        ),
        actor=actor,
        now=now,
    )
    return standing


def lock_standing(keys: Collection[int], *, now: datetime) -> dict[int, list[Certificate]]:
    """Return key → what can still be revoked on it, locked (decision 16: revocation goes by key).

    Everything on the keys is locked before it is looked through: a renewal waits for it, or has
    come first and its new certificate is found.
    """
    on_keys = Certificate.objects.filter(key__in=keys)
    list(on_keys.select_for_update(of=("self",), no_key=True).order_by("pk").values_list("pk"))
    standing: dict[int, list[Certificate]] = {}
    valid = on_keys.filter(revoked_at__isnull=True, not_after__gt=now)
    for one in valid.defer("der", "crl_entry").order_by("pk"):
        standing.setdefault(one.key_id, []).append(one)
    return standing


@transaction.atomic
def revoke_many(
    certificates: Iterable[Certificate],
    reason_of: Mapping[int, RevocationReason],
    *,
    actor: Actor | None,
    now: datetime,
) -> list[Certificate]:
    """Revoke what still stands of ``certificates`` and return it; ``reason_of`` goes by key.

    What was revoked before stays as it is. The number of statements does not depend on how many
    there are; each body's certificates are one audit entry.
    """
    wanted = [certificate.pk for certificate in certificates]
    standing = list(
        Certificate.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk__in=wanted, revoked_at__isnull=True)
        .select_related("agency", "office")
        .defer("der", "crl_entry")
        .order_by("pk")  # two at once lock in the same order
    )
    if not standing:
        return []
    for certificate in standing:
        _end(certificate, reason_of[certificate.pk], now=now)
    update_rows(standing, _REVOKED)
    expiry.revoked(standing, now=now)
    of_bodies: dict[tuple[UUID, UUID | None], list[Certificate]] = {}
    for one in standing:
        body = (one.agency.uuid, one.office.uuid if one.office else None)
        of_bodies.setdefault(body, []).append(one)
    record_many(
        [
            Act(
                action="certificate.revoke",
                target_type="certificate",
                target_uuid=theirs[0].uuid if len(theirs) == 1 else None,
                agency_uuid=agency,
                office_uuid=office,
                data={"reasons": {one.serial: one.revocation_reason for one in theirs}},
            )
            for (agency, office), theirs in of_bodies.items()
        ],
        actor=actor,
        now=now,
    )
    return standing


_REVOKED = ("revoked_at", "revocation_reason", "crl_entry")


def _end(certificate: Certificate, reason: RevocationReason, *, now: datetime) -> None:
    certificate.revoked_at = now
    certificate.revocation_reason = reason
    if not certificate.is_outside:
        certificate.crl_entry = crl.entry(serials.number(certificate.serial), at=now, reason=reason)


def publish_crl(*, now: datetime) -> Crl | None:
    """Publish the list when one is due; raises NotConfigured. Safe twice at once."""
    return authority.own().publish_crl(now=now)


def chain(ca: str = "") -> list[bytes]:
    """Return the CAs' certificates that go with a subscriber's, DER: issuing, then roots.

    Of one issuing CA when it is named; else of all that stand, as a signature may need any.
    """
    standing = list(Authority.objects.authorities().order_by("role", "pk"))
    if ca:
        named = [one for one in standing if one.slug == ca]
        above = {one.signed_by for one in named}
        standing = named + [one for one in standing if one.slug in above - {ca}]
    return [bytes(one.certificate) for one in standing if ca or one.is_current]


def trusted() -> list[bytes]:
    """Return the roots a verifier starts from, DER."""
    roots = Authority.objects.filter(role=Authority.Role.ROOT).values_list("certificate", flat=True)
    return [bytes(der) for der in roots]


def pem(*certificates: bytes) -> str:
    """Return DER certificates as PEM, one after another."""
    return "".join(ssl.DER_cert_to_PEM_cert(der) for der in certificates)
