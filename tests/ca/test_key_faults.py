"""A key file that is missing, another's or not to be opened is named; nothing is signed or made."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from portal.ca import tasks
from portal.ca.authority import ceremony, keystore, responder
from portal.ca.authority import services as authority
from portal.ca.authority.faults import KeyFault
from portal.ca.models import Authority, Storage
from portal.ca.register import services
from portal.ca.tokens import services as tokens
from portal.core.models import SweepRun
from tests.ca import builders

FILES = (
    "ca/root.key",
    "ca/root.crt",
    "ca/issuing.key",
    "ca/issuing.crt",
    "ca/recovery.key",
    "ca/recovery.crt",
    "ocsp/ocsp.key",
)
KEYS = tuple(name for name in FILES if name.endswith(".key"))


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    settings.CA_KEY_DIR = tmp_path / "ca"
    settings.OCSP_KEY_DIR = tmp_path / "ocsp"
    return tmp_path


@pytest.fixture
def standing(db: None, signing: None, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A CA, and the files of another one beside it, which the same secrets open."""
    ceremony.set_up(now=timezone.now())
    for name in ("ca", "ocsp"):
        (folder / name).rename(folder / f"other-{name}")
    Authority.objects.all().delete()
    ceremony.set_up(now=timezone.now())
    monkeypatch.setattr(authority._Loaded, "issuers", {})
    monkeypatch.setattr(authority._Loaded, "signers", {})
    monkeypatch.setattr(responder._Loaded, "responders", ())
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def remove(path: Path) -> None:
    path.unlink()


def swap(path: Path) -> None:
    shutil.copy2(path.parent.with_name(f"other-{path.parent.name}") / path.name, path)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def fill_with_rubbish(path: Path) -> None:
    path.write_bytes(os.urandom(300))


def replace_by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def open_to_others(path: Path) -> None:
    path.chmod(0o644)


def lock_otherwise(path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(keystore.encrypted(key, "another passphrase", cost=2**4))


DAMAGE: dict[Callable[[Path], None], str] = {
    remove: "missing",
    swap: "foreign",
    truncate: "damaged",
    empty: "damaged",
    fill_with_rubbish: "damaged",
    replace_by_a_folder: "unreadable",
}
OF_KEYS: dict[Callable[[Path], None], str] = {
    open_to_others: "open_to_others",
    lock_otherwise: "not_opened",
}
CASES = [(name, damage, code) for name in FILES for damage, code in DAMAGE.items()]
CASES += [(name, damage, code) for name in KEYS for damage, code in OF_KEYS.items()]


@pytest.mark.parametrize(
    ("name", "damage", "code"),
    CASES,
    ids=[f"{name}-{damage.__name__}" for name, damage, _code in CASES],
)
def test_what_is_wrong_with_a_file_is_named_and_nothing_is_made(
    standing: Path, name: str, damage: Callable[[Path], None], code: str
) -> None:
    damage(standing / name)
    before, rows = contents(standing), set(Authority.objects.values_list("serial_number"))

    with pytest.raises(KeyFault) as at_set_up:
        ceremony.set_up(now=timezone.now())
    found = ceremony.key_faults()

    assert at_set_up.value.code == code
    assert str(standing / name) in str(at_set_up.value)
    assert [fault.code for fault in found] == [code]
    assert str(standing / name) in str(found[0])
    assert contents(standing) == before
    assert set(Authority.objects.values_list("serial_number")) == rows


@pytest.mark.parametrize("damage", [remove, swap, lock_otherwise])
def test_nothing_is_issued_with_a_key_that_is_not_the_cas(
    standing: Path, now: datetime, damage: Callable[[Path], None]
) -> None:
    order = builders.order(builders.key(now=now), now=now)
    damage(standing / "ca/issuing.key")

    with pytest.raises(KeyFault) as fault:
        builders.issue(order, now=now)

    assert "CA MÔ PHỎNG" in str(fault.value)


@pytest.mark.parametrize("damage", [remove, swap, lock_otherwise])
def test_no_token_is_recovered_with_another_key(
    standing: Path, now: datetime, damage: Callable[[Path], None]
) -> None:
    (key,) = services.make_keys(Storage.TOKEN, 1, now=now)
    damage(standing / "ca/recovery.key")

    with pytest.raises(KeyFault):
        tokens.start_recovery(key, dossier=uuid4(), letter_number="01/UBND", now=now)


@pytest.mark.parametrize("damage", [remove, swap, lock_otherwise, truncate])
def test_ocsp_asks_for_patience_and_readyz_names_the_file(
    standing: Path, now: datetime, damage: Callable[[Path], None]
) -> None:
    damage(standing / "ocsp/ocsp.key")

    assert responder.answer(b"0\x030\x010\x00", now=timezone.now()) == responder.MALFORMED
    assert responder.state(now=timezone.now()).startswith("ocsp.key: ")
    checks = Client().get("/readyz").json()["checks"]
    assert checks["ocsp"].startswith("ocsp.key: ")


def test_a_responder_whose_certificate_ran_out_is_named_by_readyz(standing: Path) -> None:
    Authority.objects.filter(role="ocsp").update(not_after=timezone.now())

    assert Client().get("/readyz").json()["checks"]["ocsp"] == "its certificate is not valid now"


def test_what_the_worker_finds_is_said_by_readyz_and_in_its_log(
    standing: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tasks.check_keys()
    assert Client().get("/readyz").json()["checks"]["keys"] == "ok"
    swap(standing / "ca/root.key")
    remove(standing / "ca/issuing.key")
    caplog.set_level(logging.CRITICAL, logger="portal.ca.tasks")

    with pytest.raises(KeyFault):
        tasks.check_keys()

    assert "root.key" in caplog.text
    assert "issuing.key" in caplog.text
    assert Client().get("/readyz").json()["checks"]["keys"] in (
        "root.key: foreign",
        "issuing.key: missing",
    )
    assert SweepRun.objects.get(name="portal.ca.tasks.check_keys").failed_at is not None


def test_a_passphrase_that_is_missing_is_named(
    standing: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CA_PASSPHRASE_FILE = standing / "nowhere"

    with pytest.raises(KeyFault) as fault:
        ceremony.set_up(now=timezone.now())
    assert fault.value.code in ("no_passphrase", "not_opened")
    with pytest.raises(CommandError, match=r"root\.key"):
        call_command("setup_ca")
    monkeypatch.setenv("CA_PASSPHRASE", settings.SECRET_KEY)
    assert {one.code for one in ceremony.key_faults() if ".key" in one.summary} == {
        "shared_passphrase"
    }


# A first set-up that was killed


@pytest.mark.parametrize("kept", range(len(FILES)))
def test_a_first_set_up_that_was_killed_goes_on(standing: Path, kept: int) -> None:
    """Files are written in the order of FILES; the rows of the CA come after its files."""
    for name in FILES[kept:]:
        (standing / name).unlink()
    Authority.objects.all().delete()
    before = contents(standing)

    ceremony.set_up(now=timezone.now())

    assert ceremony.key_faults() == []
    assert Authority.objects.filter(is_current=True).count() == 5
    assert {name: content for name, content in contents(standing).items() if name in before} == (
        before
    )


@pytest.mark.parametrize("name", FILES[:-2])
def test_a_gap_among_the_files_is_no_first_set_up(standing: Path, name: str) -> None:
    (standing / name).unlink()
    Authority.objects.all().delete()
    before = contents(standing)

    with pytest.raises(KeyFault) as fault:
        ceremony.set_up(now=timezone.now())

    assert fault.value.code == "missing"
    assert str(standing / name) in str(fault.value)
    assert contents(standing) == before


@pytest.mark.parametrize("pair", ["root", "issuing", "recovery"])
def test_a_pair_of_another_ca_is_noticed_by_its_signature(standing: Path, pair: str) -> None:
    for suffix in ("key", "crt"):
        swap(standing / f"ca/{pair}.{suffix}")
    Authority.objects.all().delete()

    with pytest.raises(KeyFault) as fault:
        ceremony.set_up(now=timezone.now())

    assert fault.value.code == "foreign"


def test_a_lost_responder_is_replaced_when_that_is_asked_for(standing: Path) -> None:
    before = Authority.objects.get(role="ocsp", signed_by="issuing", is_current=True)
    truncate(standing / "ocsp/ocsp.key")

    call_command("setup_ca", "--new-responder")

    after = Authority.objects.get(role="ocsp", signed_by="issuing", is_current=True)
    assert after.serial_number != before.serial_number
    assert ceremony.key_faults() == []
    assert len(list((standing / "ocsp").glob("ocsp.key.*"))) == 1


# The form of a key file


def test_openssl_opens_a_key_file_at_the_real_cost(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    path = tmp_path / "some.key"
    path.write_bytes(keystore.encrypted(key, "một câu dài", cost=2**14))

    read = subprocess.run(
        ["openssl", "pkey", "-in", path, "-passin", "pass:một câu dài", "-outform", "DER"],
        check=True,
        capture_output=True,
    )

    assert len(read.stdout) > 100


@pytest.mark.parametrize("role", ["root", "recovery", "ocsp"])
def test_an_older_or_cheaper_file_is_encrypted_anew_by_set_up(
    standing: Path, settings: Settings, role: str
) -> None:
    path = keystore.key_path(role)
    key = keystore._load(role, None)
    secret = keystore._passphrase(role).encode()
    old = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(secret))
    path.write_bytes(old)
    assert keystore.cost_of(old) == 0
    assert ceremony.key_faults() == []

    ceremony.set_up(now=timezone.now())
    cheap = path.read_bytes()
    settings.SCRYPT_COST *= 2
    ceremony.set_up(now=timezone.now())

    assert keystore.cost_of(cheap) == settings.SCRYPT_COST / 2
    assert keystore.cost_of(path.read_bytes()) == settings.SCRYPT_COST
    assert path.stat().st_mode & 0o777 == 0o600
    assert ceremony.key_faults() == []
