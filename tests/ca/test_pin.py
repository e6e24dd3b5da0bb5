"""PINs: the first one, wrong ones, the lock, recovery."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.db import connection, transaction

from portal.audit.models import AuditEntry
from portal.ca import keystore, sealing, tokens
from portal.ca.models import KeyPair, VirtualToken
from portal.core.rules import Refused
from tests.ca import builders

PIN = "68682024"

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

    tokens.start_recovery(key)

    with pytest.raises(tokens.NoPinYet):
        tokens.unlock(key, PIN, now=now)
    tokens.set_first_pin(key, "Moi-2026", now=now)
    tokens.unlock(key, "Moi-2026", now=now)
    assert tries(key) == settings.PIN_TRIES


def test_a_web_process_cannot_recover(key: KeyPair) -> None:
    keystore.close()

    with pytest.raises(keystore.NotConfigured):
        tokens.start_recovery(key)


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
        ("68682024", None),
        ("Mat-khau", None),
        ("6868202", "pin_length"),
        ("6" * 17, "pin_length"),
        ("mật khẩu", "pin_characters"),
        ("88888888", "pin_too_simple"),
        ("12345678", "pin_too_simple"),
        ("87654321", "pin_too_simple"),
    ],
)
def test_what_may_be_a_pin(pin: str, code: str | None) -> None:
    problem = tokens.pin_problem(pin)

    assert (problem and problem.code) == code


def test_sealed_bytes_changed_by_one_bit_do_not_open() -> None:
    key = sealing.key_from_transport_pin("secret", salt=b"salt")
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
