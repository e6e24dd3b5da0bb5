"""Virtual tokens: a private key under a PIN, with tries that run out."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_private_key
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.audit.look_only import refuse_look_only
from portal.audit.services import Act, Actor, record
from portal.ca.authority import keystore
from portal.ca.authority.faults import NotConfigured
from portal.ca.models import Authority, KeyPair, RecoveryUse, VirtualToken
from portal.ca.pki import sealing
from portal.ca.pki.profiles import PrivateKey
from portal.ca.tokens.pins import Holder, pin_problem
from portal.core.database.fields import server_secret
from portal.core.rules import refuse


class WrongPin(Exception):
    """The PIN is not the token's; one try less is left."""

    def __init__(self, tries_left: int) -> None:
        super().__init__(f"wrong PIN, {tries_left} tries left")
        self.tries_left = tries_left


class Locked(Exception):
    """No try is left: the device needs recovery (Mẫu 06)."""


class NoPinYet(Exception):
    """Nobody has set a PIN of their own: the device has not been handed over."""


def unlock(key: KeyPair, pin: str, *, now: datetime, actor: Actor | None = None) -> PrivateKey:
    """Return the private key; raises WrongPin, Locked or NoPinYet.

    The try is counted and committed before the PIN is looked at, so that neither a failing caller
    nor many guesses at once get a try for nothing. Raises RuntimeError inside a transaction.
    """
    private = load_der_private_key(_unlocked(key, pin, now=now, actor=actor), password=None)
    assert isinstance(private, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    return private


@transaction.atomic
def set_first_pin(key: KeyPair, pin: str, *, now: datetime) -> None:
    """Put the subscriber's own PIN in place of the transport PIN; the caller records the act.

    Raises Refused when the PIN is unfit or one was set already.
    """
    if problem := pin_problem(pin, holder=_holder(key)):
        raise refuse(problem.code, problem.message)
    token = VirtualToken.objects.select_for_update(no_key=True).get(key=key)
    if token.has_first_pin:
        raise refuse("pin_set_already", _("Thiết bị này đã được đặt mã PIN."))
    secret = _transport_secret(token.transport_pin, salt=bytes(token.salt))
    plain = sealing.unseal(bytes(token.sealed_key), key=secret, context=_context(key))
    _reseal(token, plain, key=key, pin=pin)


def change_pin(
    key: KeyPair,
    *,
    old: str,
    new: str,
    now: datetime,
    actor: Actor | None = None,
    tries_kept: int = 0,
) -> None:
    """Replace the PIN; raises Refused for an unfit new one, and what ``unlock`` raises.

    ``tries_kept`` are the holder's own: who tries at another's token is refused before they go.
    """
    if problem := pin_problem(new, holder=_holder(key)):
        raise refuse(problem.code, problem.message)
    plain = _unlocked(key, old, now=now, actor=actor, tries_kept=tries_kept)
    with transaction.atomic():
        token = VirtualToken.objects.select_for_update(no_key=True).get(key=key)
        _reseal(token, plain, key=key, pin=new)
        record(_act("key.change_pin", key), actor=actor, now=now)


@transaction.atomic
def start_recovery(key: KeyPair, *, dossier: UUID, letter_number: str, now: datetime) -> None:
    """Give a token back its tries and the state before its first PIN (Mẫu 06); worker only.

    The use is kept with the paper that asked for it; the caller records the act. Raises
    NotConfigured where the CA's keys may not be loaded, and outside the simulation.
    """
    if not settings.SIMULATION:
        raise NotConfigured("virtual tokens exist in the simulation only")
    recovery = keystore.load_recovery_key(certificate=recovery_certificate())
    token = VirtualToken.objects.select_for_update(no_key=True).get(key=key)
    plain = sealing.unwrap(bytes(token.recovery_key), key=recovery, context=_context(key))
    token.transport_pin = sealing.new_transport_pin()
    salt = sealing.new_salt()
    token.scrypt_cost = 0
    secret = _transport_secret(token.transport_pin, salt=salt)
    _store(token, plain, key=key, secret=secret, salt=salt)
    RecoveryUse.objects.create(key=key, dossier_uuid=dossier, letter_number=letter_number, at=now)


def recovery_certificate() -> x509.Certificate:
    """Return the certificate of the key that opens every virtual token; raises NotConfigured."""
    standing = Authority.objects.filter(role=Authority.Role.RECOVERY, is_current=True).first()
    if standing is None:
        raise NotConfigured("no CA is set up: run manage.py setup_ca")
    return x509.load_der_x509_certificate(bytes(standing.certificate))


def sealed_token(key: KeyPair, plain: bytes, *, recovery: X25519PublicKey) -> VirtualToken:
    """Return an unsaved token that holds ``plain`` (PKCS#8 DER) under a random transport PIN."""
    salt = sealing.new_salt()
    transport_pin = sealing.new_transport_pin()
    secret = _transport_secret(transport_pin, salt=salt)
    return VirtualToken(
        key=key,
        salt=salt,
        sealed_key=sealing.seal(plain, key=secret, context=_context(key)),
        recovery_key=sealing.wrap(plain, recipient=recovery, context=_context(key)),
        transport_pin=transport_pin,
        tries_left=settings.PIN_TRIES,
    )


def _unlocked(
    key: KeyPair, pin: str, *, now: datetime, actor: Actor | None, tries_kept: int = 0
) -> bytes:
    refuse_look_only(actor, now=now)
    with transaction.atomic(durable=True):
        taken = VirtualToken.objects.filter(
            key=key, tries_left__gt=tries_kept, locked_at__isnull=True, transport_pin=""
        ).update(tries_left=F("tries_left") - 1)
        token = VirtualToken.objects.get(key=key)
    if not token.has_first_pin:
        raise NoPinYet
    if not taken and token.locked_at is None and token.tries_left > 0:
        raise refuse(
            "tries_are_the_holders",
            _("Các lần thử mã PIN còn lại dành cho chính người giữ thiết bị."),
            way_out=_("Người giữ thiết bị ký một lần với mã PIN đúng, hoặc lập Mẫu 06."),
        )
    if not taken:
        raise Locked
    secret = _pin_secret(pin, salt=bytes(token.salt), cost=token.scrypt_cost)
    try:
        plain = sealing.unseal(bytes(token.sealed_key), key=secret, context=_context(key))
    except sealing.WrongSecret:
        with transaction.atomic(durable=True):
            token = VirtualToken.objects.select_for_update(no_key=True).get(pk=token.pk)
            if token.tries_left == 0 and token.locked_at is None:
                token.locked_at = now
                token.save(update_fields=["locked_at"])
            record(_act("key.wrong_pin", key, tries_left=token.tries_left), actor=actor, now=now)
        raise WrongPin(token.tries_left) from None
    VirtualToken.objects.filter(pk=token.pk, locked_at__isnull=True).update(
        tries_left=settings.PIN_TRIES
    )
    return plain


def _reseal(token: VirtualToken, plain: bytes, *, key: KeyPair, pin: str) -> None:
    """Store ``plain`` under the holder's PIN, with all tries."""
    salt = sealing.new_salt()
    token.scrypt_cost = settings.SCRYPT_COST
    secret = _pin_secret(pin, salt=salt, cost=token.scrypt_cost)
    token.transport_pin = ""
    _store(token, plain, key=key, secret=secret, salt=salt)


def _store(token: VirtualToken, plain: bytes, *, key: KeyPair, secret: bytes, salt: bytes) -> None:
    token.salt = salt
    token.sealed_key = sealing.seal(plain, key=secret, context=_context(key))
    token.tries_left = settings.PIN_TRIES
    token.locked_at = None
    token.save()


def _holder(key: KeyPair) -> Holder:
    """Return what others know of whom the last certificate on ``key`` names."""
    certificate = key.certificates.select_related("subscriber").order_by("-issued_at").first()
    if certificate is None:
        return Holder()
    person = certificate.subscriber
    accounts = User.objects.filter(person=person).values_list("username", "email")
    addresses = [certificate.email, *(text for account in accounts for text in account)]
    return Holder(
        names=(person.name, *(address.partition("@")[0] for address in addresses)),
        numbers=(person.identity_number,),
        born_on=person.birth_on,
    )


def _act(action: str, key: KeyPair, **data: int) -> Act:
    """Return the audit act about a key, filed under the body whose certificate is on it."""
    certificate = key.certificates.select_related("agency", "office").order_by("-issued_at").first()
    office = certificate.office if certificate else None
    return Act(
        action=action,
        target_type="key",
        target_uuid=key.uuid,
        agency_uuid=certificate.agency.uuid if certificate else None,
        office_uuid=office.uuid if office else None,
        data=data,
    )


def _pin_secret(pin: str, *, salt: bytes, cost: int) -> bytes:
    return sealing.key_from_pin(pin, salt=salt, pepper=server_secret("pin"), cost=cost)


def _transport_secret(pin: str, *, salt: bytes) -> bytes:
    return sealing.key_from_transport_pin(pin, salt=salt, pepper=server_secret("pin"))


def _context(key: KeyPair) -> bytes:
    return key.fingerprint.encode()
