"""What the portal serves, judged by openssl."""

from __future__ import annotations

import base64
import shutil
import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from portal.ca.authority import ceremony
from portal.ca.models import Certificate, RevocationReason
from portal.ca.register import services
from tests.ca import builders

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is missing")


def openssl(*arguments: str | Path) -> str:
    done = subprocess.run(
        ["openssl", *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False
    )
    return done.stdout + done.stderr


@dataclass(frozen=True)
class Portal:
    """A running portal and the files a verifier gets from it."""

    url: str
    folder: Path

    def fetch(self, path: str) -> bytes:
        with urlopen(f"{self.url}/pki/{path}", timeout=60) as response:  # noqa: S310
            content: bytes = response.read()
        return content

    def pem(self, name: str, der: bytes) -> Path:
        path = self.folder / f"{name}.pem"
        path.write_bytes(x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM))
        return path

    @property
    def root(self) -> Path:
        return self.pem("root", self.fetch("root.crt"))

    @property
    def issuing(self) -> Path:
        return self.pem("issuing", self.fetch("issuing.crt"))

    @property
    def chain(self) -> Path:
        path = self.folder / "chain.pem"
        path.write_bytes(self.root.read_bytes() + self.issuing.read_bytes())
        return path

    def crl(self) -> Path:
        path = self.folder / "list.crl"
        path.write_bytes(self.fetch("crl"))
        return path

    def certificate(self, certificate: Certificate) -> Path:
        return self.pem(certificate.serial, bytes(certificate.der))

    def ask(self, certificate: Certificate) -> str:
        about = ("-issuer", self.issuing, "-cert", self.certificate(certificate))
        return openssl(
            *("ocsp", "-url", f"{self.url}/pki/ocsp", "-CAfile", self.chain, "-text"), *about
        )


@pytest.fixture
def clock() -> datetime:
    return timezone.now()


@pytest.fixture
def portal(signing: None, live_server: LiveServer, tmp_path: Path, clock: datetime) -> Portal:
    ceremony.set_up(now=clock)
    return Portal(str(live_server), tmp_path)


def revoke(certificate: Certificate, *, now: datetime) -> None:
    services.revoke(certificate, RevocationReason.KEY_COMPROMISE, actor=None, now=now)


def test_openssl_verifies_the_chain(portal: Portal, clock: datetime) -> None:
    certificate = builders.certificate(now=clock)

    for purpose in ("any", "smimesign", "sslclient"):
        said = openssl(
            *("verify", "-x509_strict", "-purpose", purpose, "-CAfile", portal.root),
            *("-untrusted", portal.issuing, portal.certificate(certificate)),
        )
        assert said.endswith(".pem: OK\n")


def test_openssl_reads_the_name_in_vietnamese(portal: Portal, clock: datetime) -> None:
    certificate = builders.certificate(now=clock)

    said = openssl(
        *("x509", "-noout", "-subject", "-serial", "-nameopt", "utf8,sep_comma_plus"),
        *("-in", portal.certificate(certificate)),
    )

    assert "CN=Nguyễn Thị Ánh Đào" in said
    assert int(said.rsplit("serial=", 1)[1], 16) == int(certificate.serial, 16)


def test_openssl_accepts_the_list(portal: Portal, clock: datetime) -> None:
    certificate = builders.certificate(now=clock, serial="000000000000A0B1")
    revoke(certificate, now=clock)
    services.publish_crl(now=clock)

    said = openssl(
        *("crl", "-inform", "DER", "-in", portal.crl(), "-noout", "-text"),
        *("-CAfile", portal.chain),
    )

    assert "verify OK" in said
    assert "Serial Number: A0B1" in said
    assert "Key Compromise" in said
    assert "X509v3 CRL Number" in said


def test_openssl_refuses_what_the_list_names(portal: Portal, clock: datetime) -> None:
    revoked, good = builders.certificate(now=clock), builders.certificate(now=clock)
    revoke(revoked, now=clock)
    services.publish_crl(now=clock)
    listed = portal.folder / "list.pem"
    openssl("crl", "-inform", "DER", "-in", portal.crl(), "-out", listed)
    common = ("verify", "-crl_check", "-CRLfile", listed, "-CAfile", portal.chain)

    assert openssl(*common, portal.certificate(good)).endswith("OK\n")
    assert "certificate revoked" in openssl(*common, portal.certificate(revoked))


def test_openssl_hears_good_then_revoked_at_once(portal: Portal, clock: datetime) -> None:
    certificate = builders.certificate(now=clock)

    before = portal.ask(certificate)
    revoke(certificate, now=clock)
    after = portal.ask(certificate)

    assert "Response verify OK" in before
    assert ": good" in before
    assert "Response verify OK" in after
    assert ": revoked" in after
    assert "Reason: keyCompromise" in after


def test_openssl_hears_of_several_at_once(portal: Portal, clock: datetime) -> None:
    good, revoked = builders.certificate(now=clock), builders.certificate(now=clock)
    revoke(revoked, now=clock)

    said = openssl(
        *("ocsp", "-url", f"{portal.url}/pki/ocsp", "-CAfile", portal.chain, "-text"),
        *("-issuer", portal.issuing, "-cert", portal.certificate(good)),
        *("-cert", portal.certificate(revoked), "-serial", "0x123456789"),
    )

    assert "Response verify OK" in said
    assert f"{good.serial}.pem: good" in said
    assert f"{revoked.serial}.pem: revoked" in said
    assert "0x123456789: unknown" in said
    assert said.count("OCSP Archive Cutoff") == 3
    assert "WARNING: no nonce" not in said


@pytest.mark.parametrize("algorithm", ["-sha1", "-sha256"])
def test_openssl_hears_of_a_serial_with_leading_zeros(
    portal: Portal, clock: datetime, algorithm: str
) -> None:
    certificate = builders.certificate(now=clock, serial="00000000000000FF")

    said = openssl(
        *("ocsp", "-url", f"{portal.url}/pki/ocsp", "-CAfile", portal.chain, algorithm),
        *("-issuer", portal.issuing, "-serial", "0xFF"),
    )

    assert certificate.serial == "00000000000000FF"
    assert "Response verify OK" in said
    assert "0xFF: good" in said


def test_openssl_hears_unknown_of_a_stranger(portal: Portal) -> None:
    said = openssl(
        *("ocsp", "-url", f"{portal.url}/pki/ocsp", "-CAfile", portal.chain),
        *("-issuer", portal.issuing, "-serial", "0x123456789"),
    )

    assert "Response verify OK" in said
    assert ": unknown" in said


def test_openssl_finds_its_nonce_in_the_answer(portal: Portal, clock: datetime) -> None:
    said = portal.ask(builders.certificate(now=clock))

    request, response = said.split("OCSP Response Data", 1)
    nonce = request.split("OCSP Nonce:", 1)[1].split()[0]
    assert nonce in response
    assert "WARNING: no nonce" not in said


def test_openssl_accepts_an_answer_to_get(portal: Portal, clock: datetime) -> None:
    certificate = builders.certificate(now=clock)
    asked, answered = portal.folder / "request.der", portal.folder / "answer.der"
    about = ("-issuer", portal.issuing, "-cert", portal.certificate(certificate))
    openssl("ocsp", *about, "-reqout", asked, "-no_nonce")

    encoded = quote(base64.b64encode(asked.read_bytes()), safe="")
    answered.write_bytes(portal.fetch(f"ocsp/{encoded}"))

    said = openssl("ocsp", "-respin", answered, "-CAfile", portal.chain, *about)
    assert "Response verify OK" in said
    assert ": good" in said


def test_the_responder_is_delegated_and_needs_no_check(portal: Portal, clock: datetime) -> None:
    said = portal.ask(builders.certificate(now=clock))

    assert "OCSP Signing" in said
    assert "OCSP No Check" in said
