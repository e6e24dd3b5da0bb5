"""The CA's keys on a PKCS#11 token: SoftHSM2, a token in a folder, plays the real one."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pkcs11
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509 import ocsp
from django.template.loader import render_to_string
from pytest_django import Settings

from portal.ca.authority import ceremony, desk, keystore, offline, publication, responder, rollover
from portal.ca.authority import services as authority
from portal.ca.authority.faults import KeyFault
from portal.ca.models import Authority, Certificate, Crl, Issuance, RevocationReason
from portal.ca.register import services
from portal.core.rules import Refused
from tests.ca import builders
from tests.ca.test_openssl import openssl

MODULE = Path(os.environ.get("SOFTHSM2_MODULE", "/usr/lib/softhsm/libsofthsm2.so"))
PIN = "2468-1357"

pytestmark = [
    pytest.mark.softhsm,
    # python-pkcs11 ends a search of a session that has ended already, and says so.
    pytest.mark.filterwarnings(
        "ignore:.*OperationContext.__del__:pytest.PytestUnraisableExceptionWarning"
    ),
]


def make_token(label: str) -> None:
    subprocess.run(
        [
            *("softhsm2-util", "--init-token", "--free", "--label", label),
            *("--pin", PIN, "--so-pin", f"so-{PIN}"),
        ],
        capture_output=True,
        check=True,
    )


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder SoftHSM2 keeps its tokens in: it reads where once a process."""
    folder = tmp_path_factory.mktemp("tokens")
    before = os.environ.get("SOFTHSM2_CONF")
    config = folder.with_suffix(".conf")
    config.write_text(f"directories.tokendir = {folder}\nobjectstore.backend = file\n")
    os.environ["SOFTHSM2_CONF"] = str(config)
    yield folder
    pkcs11.unload(str(MODULE))
    if before is None:
        del os.environ["SOFTHSM2_CONF"]
    else:
        os.environ["SOFTHSM2_CONF"] = before


@pytest.fixture
def folder(
    tokens: Path, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Two new tokens, one for the CA and one for whoever answers OCSP."""
    settings.CA_KEY_DIR, settings.OCSP_KEY_DIR = tmp_path / "ca", tmp_path / "ocsp"
    settings.CA_KEY_STORE = settings.OCSP_KEY_STORE = "pkcs11"
    settings.PKCS11_MODULE, settings.CA_ALGORITHM = str(MODULE), "ec"
    settings.CA_TOKEN, settings.OCSP_TOKEN = (
        f"ca {secrets.token_hex(4)}",
        f"ocsp {secrets.token_hex(4)}",
    )
    monkeypatch.setenv("CA_TOKEN_PIN", PIN)
    monkeypatch.setenv("OCSP_TOKEN_PIN", PIN)
    authority._Loaded.issuers.clear()
    authority._Loaded.signers.clear()
    responder._Loaded.responders = ()
    make_token(settings.CA_TOKEN)
    make_token(settings.OCSP_TOKEN)
    return tmp_path


@pytest.fixture
def standing(db: None, signing: None, folder: Path, now: datetime) -> Path:
    ceremony.set_up(now=now)
    return folder


def question(certificate: Certificate) -> bytes:
    issuing = authority.own().standing[0]
    return (
        ocsp.OCSPRequestBuilder()
        .add_certificate(
            x509.load_der_x509_certificate(bytes(certificate.der)),
            x509.load_der_x509_certificate(bytes(issuing.certificate)),
            hashes.SHA256(),
        )
        .build()
        .public_bytes(Encoding.DER)
    )


def verified(folder: Path, certificate: Certificate, *, now: datetime) -> str:
    """Return what openssl says of a certificate, all lists of its chain asked."""
    rows = Authority.objects.authorities().order_by("pk")
    ders = {row.slug: bytes(row.certificate) for row in rows}
    ders["it"] = bytes(certificate.der)
    for name, der in ders.items():
        pem = x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
        (folder / f"{name}.pem").write_bytes(pem)
    lists = folder / "lists.pem"
    lists.write_bytes(
        b"".join(
            x509.load_der_x509_crl(
                bytes(Crl.objects.filter(ca=slug).latest("number").der)
            ).public_bytes(Encoding.PEM)
            for slug in ("root", certificate.ca)
        )
    )
    return openssl(
        *("verify", "-crl_check_all", "-x509_strict", "-attime", str(int(now.timestamp()) + 60)),
        *("-CAfile", folder / "root.pem", "-untrusted", folder / f"{certificate.ca}.pem"),
        *("-CRLfile", lists, folder / "it.pem"),
    )


def test_a_ca_whose_keys_never_left_the_token_is_believed(standing: Path, now: datetime) -> None:
    good, revoked = builders.certificate(now=now), builders.certificate(now=now)
    services.revoke(revoked, RevocationReason.KEY_COMPROMISE, actor=None, now=now)
    authority.own().publish_crl(now=now)
    answers = [
        ocsp.load_der_ocsp_response(responder.answer(question(one), now=now))
        for one in (good, revoked)
    ]

    assert verified(standing, good, now=now).endswith("it.pem: OK\n")
    assert "certificate revoked" in verified(standing, revoked, now=now)
    assert [one.certificate_status for one in answers] == [
        ocsp.OCSPCertStatus.GOOD,
        ocsp.OCSPCertStatus.REVOKED,
    ]
    assert sorted(path.name for path in standing.rglob("*.key")) == ["recovery.key"]
    assert not ceremony.key_faults()
    page = render_to_string("ca/authorities.html", desk.shown(now))
    assert page.count("trong thiết bị HSM (PKCS#11), không xuất ra được") == 2


def test_the_next_ca_is_made_on_the_token_and_issues(standing: Path, now: datetime) -> None:
    rollover.next_issuing(issues_from=now, now=now)
    later = now + timedelta(minutes=1)
    certificate = builders.certificate(now=later)

    assert certificate.ca == "issuing-2"
    assert not keystore.key_path("issuing-2").exists()
    assert verified(standing, certificate, now=later).endswith("it.pem: OK\n")


def test_rsa_keys_sign_on_the_token_too(
    folder: Path, db: None, signing: None, settings: Settings, now: datetime
) -> None:
    settings.CA_ALGORITHM = "rsa"
    settings.OCSP_KEY_STORE = "files"
    ceremony.set_up(now=now)
    settings.CA_ALGORITHM = "ec"  # a subscriber's key is made sooner

    certificate = builders.certificate(now=now)

    assert verified(folder, certificate, now=now).endswith("it.pem: OK\n")
    assert keystore.key_path("ocsp").exists()


def test_a_key_cannot_be_read_off_the_token(
    standing: Path, settings: Settings, now: datetime
) -> None:
    key = authority.current_issuer().key
    with pytest.raises(KeyFault, match="issuing does not leave"):
        key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(FileExistsError):
        keystore.make_key("root", 2048)
    with pytest.raises(Refused, match="HSM"):
        offline.take_away("root", standing / "stick", passphrase="x", now=now)

    library = pkcs11.lib(str(MODULE))
    library.reinitialize()  # other sessions end, as when the token was taken out and put back
    with library.get_token(token_label=settings.CA_TOKEN).open(user_pin=PIN) as session:
        private = session.get_key(pkcs11.ObjectClass.PRIVATE_KEY, label="issuing")
        assert private[pkcs11.Attribute.EXTRACTABLE] is False
        with pytest.raises(pkcs11.AttributeSensitive):
            private[pkcs11.Attribute.VALUE]

    assert builders.certificate(now=now).ca == "issuing"


def test_a_process_that_forks_signs_before_and_after(standing: Path, now: datetime) -> None:
    issuer = authority.current_issuer()
    issuer.sign(b"before")
    reading, writing = os.pipe()
    child = os.fork()
    if not child:  # as a worker's or gunicorn's
        try:
            os.write(writing, issuer.sign(b"in the child"))
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        signature = pipe.read()

    assert offline._is_signed(issuer.certificate, b"in the child", signature.hex())
    assert offline._is_signed(issuer.certificate, b"after", issuer.sign(b"after").hex())


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"pin": "wrong"}, "wrong_pin"),
        ({"pin": ""}, "no_pin"),
        ({"CA_TOKEN": "another token"}, "token_missing"),
        ({"PKCS11_MODULE": "/nothing.so"}, "token_fails"),
    ],
)
@pytest.mark.usefixtures("db", "signing")
def test_what_is_wrong_with_the_token_is_said_and_nothing_made(
    folder: Path, settings: Settings, now: datetime, changed: dict[str, str], code: str
) -> None:
    for name, value in changed.items():
        if name == "pin":
            os.environ["CA_TOKEN_PIN"] = value
        else:
            setattr(settings, name, value)

    for _again in range(2):
        with pytest.raises(KeyFault) as fault:
            ceremony.set_up(now=now)
        assert fault.value.code == code
        assert settings.CA_TOKEN in str(fault.value)
    assert not Authority.objects.exists()
    assert not list(folder.rglob("*.crt"))


def test_a_token_taken_out_meanwhile_stops_signing_and_is_used_when_it_is_back(
    standing: Path, tokens: Path, now: datetime
) -> None:
    asked = question(builders.certificate(now=now))
    key = builders.key(now=now)
    elsewhere = tokens.with_name(f"away-{standing.name}")
    tokens.rename(elsewhere)
    tokens.mkdir()
    pkcs11.lib(str(MODULE)).reinitialize()
    try:
        with pytest.raises(KeyFault) as fault:
            builders.issue(builders.order(key, now=now), now=now)
        answer = responder.answer(asked, now=now)
    finally:
        tokens.rmdir()
        elsewhere.rename(tokens)

    assert fault.value.code == "token_missing"
    assert answer == responder.TRY_LATER
    assert Issuance.objects.count() == 1
    assert builders.issue(builders.order(key, now=now), now=now).der
    assert responder.answer(asked, now=now) != responder.TRY_LATER


def test_a_key_in_a_file_is_used_from_there_and_needs_no_token(
    folder: Path, db: None, signing: None, settings: Settings, now: datetime
) -> None:
    settings.CA_KEY_STORE = settings.OCSP_KEY_STORE = "files"
    ceremony.set_up(now=now)
    settings.CA_KEY_STORE = settings.OCSP_KEY_STORE = "pkcs11"

    rollover.next_issuing(issues_from=now + timedelta(days=30), now=now)

    assert keystore.key_path("issuing").exists()
    assert not keystore.key_path("issuing-2").exists()
    assert not ceremony.key_faults()
    settings.CA_TOKEN = "away"
    assert [fault.code for fault in ceremony.key_faults()] == ["token_missing"]
    assert builders.issue(builders.order(builders.key(now=now), now=now), now=now).der
    assert publication.latest("issuing") is not None


def test_a_lost_responder_is_followed_by_another_on_its_token(
    standing: Path, now: datetime
) -> None:
    before = keystore.load_key("ocsp", certificate=None).public_key()

    ceremony.set_up(now=now, new_responder=True)

    assert keystore.load_key("ocsp", certificate=None).public_key() != before
    assert not ceremony.key_faults()
