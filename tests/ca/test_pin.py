"""PINs: the first one, wrong ones, the lock, recovery."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from functools import partial
from threading import Barrier
from uuid import uuid4

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from django.conf import settings
from django.db import connection, transaction
from pytest_django import Settings

from portal import settings as portal_settings
from portal.audit.models import AuditEntry
from portal.ca.authority import keystore
from portal.ca.authority.faults import NotConfigured
from portal.ca.models import KeyPair, VirtualToken
from portal.ca.pki import sealing
from portal.ca.tokens import services as tokens
from portal.ca.tokens.pins import Holder, pin_problem
from portal.core.database.fields import server_secret
from portal.core.roles import Role
from portal.core.rules import Refused
from tests.ca import builders

PIN = "68-nam-can"

pytestmark = pytest.mark.usefixtures("ca")


@pytest.fixture
def key(now: datetime) -> KeyPair:
    made = builders.key(now=now)
    tokens.set_first_pin(made, PIN, now=now)
    return made


def tries(key: KeyPair) -> int:
    return VirtualToken.objects.get(key=key).tries_left


def test_the_pin_opens_the_private_half_of_the_key(key: KeyPair, now: datetime) -> None:
    private = tokens.unlock(key, PIN, now=now)

    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert public == bytes(key.public_key)


def test_before_the_first_pin_nothing_opens_it(now: datetime) -> None:
    key = builders.key(now=now)

    with pytest.raises(tokens.NoPinYet):
        tokens.unlock(key, PIN, now=now)
    assert tries(key) == settings.PIN_TRIES


def test_the_transport_pin_is_erased_by_the_first_pin(key: KeyPair, now: datetime) -> None:
    assert VirtualToken.objects.get(key=key).transport_pin == ""

    with pytest.raises(Refused) as refusal:
        tokens.set_first_pin(key, "another-pin", now=now)
    assert refusal.value.violations[0].code == "pin_set_already"


def test_a_wrong_pin_costs_a_try_and_leaves_an_entry(key: KeyPair, now: datetime) -> None:
    with pytest.raises(tokens.WrongPin) as wrong:
        tokens.unlock(key, "00000001", now=now)

    assert wrong.value.tries_left == settings.PIN_TRIES - 1 == tries(key)
    entry = AuditEntry.objects.get(action="key.wrong_pin")
    assert entry.target_uuid == key.uuid
    assert entry.data == {"tries_left": settings.PIN_TRIES - 1}


def test_the_right_pin_gives_all_tries_back(key: KeyPair, now: datetime) -> None:
    with pytest.raises(tokens.WrongPin):
        tokens.unlock(key, "00000001", now=now)

    tokens.unlock(key, PIN, now=now)

    assert tries(key) == settings.PIN_TRIES


def test_after_the_last_try_even_the_right_pin_is_of_no_use(key: KeyPair, now: datetime) -> None:
    VirtualToken.objects.update(tries_left=1)

    with pytest.raises(tokens.WrongPin) as wrong:
        tokens.unlock(key, "00000001", now=now)
    with pytest.raises(tokens.Locked):
        tokens.unlock(key, PIN, now=now)

    assert wrong.value.tries_left == 0
    assert VirtualToken.objects.get(key=key).locked_at == now


def test_recovery_needs_a_new_first_pin_and_gives_all_tries_back(
    key: KeyPair, now: datetime
) -> None:
    VirtualToken.objects.update(tries_left=0, locked_at=now)

    tokens.start_recovery(key, dossier=uuid4(), letter_number="01/UBND", now=now)

    with pytest.raises(tokens.NoPinYet):
        tokens.unlock(key, PIN, now=now)
    tokens.set_first_pin(key, "Moi-2026", now=now)
    tokens.unlock(key, "Moi-2026", now=now)
    assert tries(key) == settings.PIN_TRIES


def test_a_web_process_cannot_recover(key: KeyPair, now: datetime) -> None:
    keystore.close()

    with pytest.raises(NotConfigured):
        tokens.start_recovery(key, dossier=uuid4(), letter_number="01/UBND", now=now)


def test_a_changed_pin_takes_the_place_of_the_old(key: KeyPair, now: datetime) -> None:
    tokens.change_pin(key, old=PIN, new="Moi-2026", now=now)

    tokens.unlock(key, "Moi-2026", now=now)
    with pytest.raises(tokens.WrongPin):
        tokens.unlock(key, PIN, now=now)


def test_a_sealed_key_moved_to_another_row_does_not_open(key: KeyPair, now: datetime) -> None:
    other = builders.key(now=now)
    tokens.set_first_pin(other, PIN, now=now)
    stolen = VirtualToken.objects.get(key=key)
    VirtualToken.objects.filter(key=other).update(sealed_key=stolen.sealed_key, salt=stolen.salt)

    with pytest.raises(tokens.WrongPin):
        tokens.unlock(other, PIN, now=now)


def test_the_transport_pin_is_not_readable_in_the_database(now: datetime) -> None:
    key = builders.key(now=now)
    token = VirtualToken.objects.get(key=key)

    with connection.cursor() as cursor:
        cursor.execute("SELECT transport_pin FROM ca_virtualtoken")
        (stored,) = cursor.fetchone()

    assert len(token.transport_pin) == 32
    assert token.transport_pin not in stored


@pytest.mark.parametrize(
    ("pin", "code"),
    [
        ("68-nam-can", None),
        ("68-tanuyen", None),
        ("Mat-khau", "pin_common_word"),
        ("m4tkh@u1", "pin_common_word"),
        ("matkhau123", "pin_common_word"),
        ("VietNam2026", "pin_common_word"),
        ("Nguyen99", "pin_common_word"),
        ("05061985", "pin_date"),
        ("5/6/1985", "pin_date"),
        ("19850605", "pin_date"),
        ("050685ab", "pin_date"),
        ("19841985", "pin_date"),
        ("68682024", "pin_date"),
        ("a-1984-b", None),
        ("6868202", "pin_length"),
        ("6" * 17, "pin_length"),
        ("mật khẩu", "pin_characters"),
        ("88888888", "pin_repeated"),
        ("abab6868", "pin_repeated"),
        ("12345678", "pin_run"),
        ("87654321", "pin_run"),
        ("abcdefgh", "pin_run"),
        ("Qwertyui", "pin_run"),
        ("1qaz2wsx", "pin_run"),
        ("123asdzxc", "pin_run"),
    ],
)
def test_what_may_be_a_pin(pin: str, code: str | None) -> None:
    problem = pin_problem(pin)

    assert (problem and problem.code) == code


HOLDER = Holder(
    names=("Nguyễn Thị Ánh Đào", "daonta.tanuyen"),
    numbers=("012185004567", "0912 345 678"),
    born_on=date(1985, 6, 5),
)


@pytest.mark.parametrize(
    ("pin", "code"),
    [
        ("05061985", "pin_birthday"),
        ("5.6.1985", "pin_birthday"),
        ("dao-050685", "pin_birthday"),
        ("06061985", "pin_date"),
        ("AnhDao85", "pin_name"),
        ("daonta123", "pin_name"),
        ("12185004", "pin_number"),
        ("0912345678", "pin_number"),
        ("004567ab", "pin_number"),
        ("hoa-ban-no", None),
        ("68-tanuyen", None),
    ],
)
def test_what_others_know_of_its_holder_is_no_pin(pin: str, code: str | None) -> None:
    problem = pin_problem(pin, holder=HOLDER)

    assert (problem and problem.code) == code


def test_a_pin_is_refused_for_what_is_known_of_its_holder_where_it_is_set(now: datetime) -> None:
    certificate = builders.certificate(now=now)
    assert certificate.key is not None
    holder = certificate.subscriber
    holder.birth_on = date(1985, 6, 5)
    holder.identity_number = "012185004567"
    holder.save()
    clerk = builders.user(Role.CLERK, agency=certificate.agency)
    clerk.username, clerk.person = "dao.nam-can", holder
    clerk.save()

    refused = {}
    for pin in ("05061985", "12185004", "AnhDao-1", "dao.nam-can"):
        with pytest.raises(Refused) as refusal:
            tokens.set_first_pin(certificate.key, pin, now=now)
        refused[pin] = refusal.value.violations[0].code

    assert refused == {
        "05061985": "pin_birthday",
        "12185004": "pin_number",
        "AnhDao-1": "pin_name",
        "dao.nam-can": "pin_name",
    }


def test_with_the_database_alone_nothing_opens(
    key: KeyPair, now: datetime, settings: Settings
) -> None:
    """Whoever has the rows and knows the very PINs still lacks what the server adds."""
    waiting = builders.key(now=now)
    transport_pin = VirtualToken.objects.get(key=waiting).transport_pin
    rows = list(VirtualToken.objects.defer("transport_pin"))
    settings.FIELD_KEY = settings.LOOKUP_KEY = "what a thief of the database makes up"

    for token in rows:
        for make in (sealing.key_from_transport_pin, partial(sealing.key_from_pin, cost=2**4)):
            for pin in (PIN, transport_pin):
                secret = make(pin, salt=bytes(token.salt), pepper=server_secret("pin"))
                with pytest.raises(sealing.WrongSecret):
                    sealing.unseal(
                        bytes(token.sealed_key),
                        key=secret,
                        context=token.key.fingerprint.encode(),
                    )
    with pytest.raises(InvalidTag):
        VirtualToken.objects.get(key=waiting).transport_pin  # noqa: B018 (opened when looked at)


def test_a_pin_set_at_another_cost_still_opens(
    key: KeyPair, now: datetime, settings: Settings
) -> None:
    settings.SCRYPT_COST = 2**5

    tokens.unlock(key, PIN, now=now)
    tokens.change_pin(key, old=PIN, new="Moi-2026", now=now)

    assert VirtualToken.objects.get(key=key).scrypt_cost == 2**5
    tokens.unlock(key, "Moi-2026", now=now)


def test_at_the_real_cost_a_pin_and_a_key_file_open(
    key: KeyPair, now: datetime, settings: Settings
) -> None:
    settings.SCRYPT_COST = portal_settings.SCRYPT_COST

    tokens.change_pin(key, old=PIN, new="Moi-2026", now=now)
    tokens.unlock(key, "Moi-2026", now=now)
    pem = keystore.encrypted(tokens.unlock(key, "Moi-2026", now=now), "x", cost=2**14)

    assert keystore.cost_of(pem) == settings.SCRYPT_COST == 2**14
    assert VirtualToken.objects.get(key=key).scrypt_cost == 2**14
    load_pem_private_key(pem, b"x")


def test_sealed_bytes_changed_by_one_bit_do_not_open() -> None:
    key = sealing.key_from_transport_pin("secret", salt=b"salt", pepper=b"pepper")
    sealed = bytearray(sealing.seal(b"plain", key=key, context=b"row 1"))
    sealed[-1] ^= 1

    with pytest.raises(sealing.WrongSecret):
        sealing.unseal(bytes(sealed), key=key, context=b"row 1")


@pytest.mark.django_db(transaction=True)
def test_a_wrong_pin_counts_although_the_caller_gives_up(key: KeyPair, now: datetime) -> None:
    with pytest.raises(tokens.WrongPin):
        tokens.unlock(key, "00000001", now=now)
    connection.close()

    assert tries(key) == settings.PIN_TRIES - 1


@pytest.mark.django_db(transaction=True)
def test_a_pin_is_not_tried_inside_a_transaction(key: KeyPair, now: datetime) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        tokens.unlock(key, "00000001", now=now)

    assert tries(key) == settings.PIN_TRIES


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_guesses_at_once_do_not_get_more_tries_than_there_are(key: KeyPair, now: datetime) -> None:
    VirtualToken.objects.update(tries_left=2)
    ready = Barrier(4)

    def guess(pin: str) -> str:
        ready.wait()
        try:
            tokens.unlock(key, pin, now=now)
        except (tokens.WrongPin, tokens.Locked) as outcome:
            return type(outcome).__name__
        finally:
            connection.close()
        return "opened"

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(guess, ["00000001", "00000002", "00000003", "00000004"]))

    assert outcomes == ["Locked", "Locked", "WrongPin", "WrongPin"]
    assert tries(key) == 0
