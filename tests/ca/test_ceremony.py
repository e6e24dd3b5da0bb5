"""Setting the CA up: once, safely, and without losing it."""

from __future__ import annotations

import stat
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings
from pytest_django import Settings

from portal.ca.authority import ceremony, keystore
from portal.ca.authority import services as authority
from portal.ca.authority.faults import KeyFault
from portal.ca.models import Authority, Crl


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    settings.CA_KEY_DIR = tmp_path / "ca"
    settings.OCSP_KEY_DIR = tmp_path / "ocsp"
    return tmp_path


def serials() -> set[str]:
    return set(Authority.objects.values_list("serial_number", flat=True))


def test_setting_up_twice_changes_nothing(
    db: None, signing: None, folder: Path, now: datetime
) -> None:
    made = ceremony.set_up(now=now)
    before = serials()

    assert len(made) == 4  # the responder's key has a certificate by each of the two CAs
    assert ceremony.set_up(now=now + timedelta(hours=1)) == []
    assert serials() == before
    assert Crl.objects.count() == 2


def test_an_empty_database_finds_the_same_ca_again(
    db: None, signing: None, folder: Path, now: datetime
) -> None:
    ceremony.set_up(now=now)
    before = serials()
    Authority.objects.all().delete()

    ceremony.set_up(now=now)

    assert len(serials() & before) == 3  # the responder's certificate is a new one


def test_a_database_whose_keys_are_gone_gets_no_second_ca(
    db: None, signing: None, folder: Path, now: datetime, settings: Settings
) -> None:
    ceremony.set_up(now=now)
    settings.CA_KEY_DIR = folder / "another"

    with pytest.raises(authority.NotConfigured):
        ceremony.set_up(now=now)
    assert not (folder / "another").exists()


def test_keys_are_encrypted_and_for_their_owner_only(
    db: None, signing: None, folder: Path, now: datetime
) -> None:
    ceremony.set_up(now=now)

    for name in ("ca", "ocsp"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o700
    keys = [*folder.rglob("*.key")]
    assert {key.name for key in keys} == {"root.key", "issuing.key", "recovery.key", "ocsp.key"}
    for key in keys:
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        assert key.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")


def test_another_passphrase_does_not_open_the_ca(
    db: None, signing: None, folder: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    ceremony.set_up(now=now)

    monkeypatch.setenv("CA_PASSPHRASE", "another")

    with pytest.raises(KeyFault) as fault:
        keystore.load_key("issuing", certificate=None)
    assert fault.value.code == "not_opened"


def test_a_key_is_never_overwritten(db: None, signing: None, folder: Path, now: datetime) -> None:
    ceremony.set_up(now=now)
    before = (folder / "ca" / "root.key").read_bytes()

    with pytest.raises(FileExistsError):
        keystore.save_key("root", keystore.load_key("root", certificate=None))

    assert (folder / "ca" / "root.key").read_bytes() == before


def test_the_names_of_the_ca_say_that_it_is_a_simulation(
    db: None, signing: None, folder: Path, now: datetime
) -> None:
    ceremony.set_up(now=now)

    assert all("MÔ PHỎNG" in known.subject for known in Authority.objects.all())


def test_the_command_can_be_repeated(db: None, folder: Path) -> None:
    said = StringIO()
    call_command("setup_ca", stdout=said)
    call_command("setup_ca", stdout=said)
    keystore.close()

    assert "RootCA MÔ PHỎNG" in said.getvalue()
    assert said.getvalue().endswith("the CA stands already\n")


@override_settings(SIMULATION=False)
def test_the_command_refuses_without_simulation(db: None, folder: Path) -> None:
    with pytest.raises(CommandError, match="SIMULATION=1"):
        call_command("setup_ca")
    keystore.close()
    assert not (folder / "ca").exists()
