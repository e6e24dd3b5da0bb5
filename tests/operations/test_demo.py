"""The demo, judged by openssl: what renewed and changed keeps, and what verifiers are told."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from django.apps import apps
from django.test import Client, TestCase
from django.urls import reverse
from django.utils import timezone

from devices import services as devices
from devices.models import Device
from portal.accounts.models import User
from portal.ca.authority import keystore
from portal.ca.models import Certificate
from portal.ca.register import services as ca
from portal.core.roles import Role
from portal.demo import seed
from tests.amounts import IS_LONG
from tests.counts import Walk

# Who walks in the short run: of a body, an office and the CA the one whose pages count the most.
WALKERS = (Role.CLERK, Role.OFFICE_OFFICER, Role.CA_OPERATOR)
SAMPLE = 3  # asked about by openssl itself; of the rest its answers are read here


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is missing")
class DemoTests(TestCase):
    """The demo is seeded once, as ``seed_demo`` does it; nothing here changes it."""

    folder: Path
    now: datetime

    @classmethod
    def setUpTestData(cls) -> None:
        cls.now = timezone.now()
        cls.folder = Path(tempfile.mkdtemp(prefix="portal-demo-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.addClassCleanup(keystore.close)
        seed.load(now=cls.now, say=lambda _text: None)
        ca.publish_crl(now=timezone.now())

    def test_seeding_twice_changes_nothing(self) -> None:
        before = everything()

        seed.load(now=timezone.now(), say=lambda _text: None)

        assert everything() == before

    def test_the_ledger_agrees_with_every_device(self) -> None:
        assert all(devices.ledger_agrees(device) for device in Device.objects.all())

    def test_successors_keep_the_key_and_what_is_only_changed_its_end(self) -> None:
        successors = Certificate.objects.filter(predecessor__isnull=False)
        pairs = [(one, one.predecessor) for one in successors.select_related("predecessor")]
        assert {one.renewals - old.renewals for one, old in pairs if old} == {0, 1}

        for new, old in pairs:
            assert old is not None
            assert self.read(new, "-pubkey") == self.read(old, "-pubkey")
            is_renewed = new.renewals > old.renewals
            assert (self.read(new, "-enddate") == self.read(old, "-enddate")) is not is_renewed

    def test_list_and_responder_agree_with_the_register(self) -> None:
        unexpired = list(Certificate.objects.filter(not_after__gt=self.now))
        in_force = {one.serial for one in unexpired if one.revoked_at is None}
        revoked = {one.serial for one in unexpired} - in_force
        assert in_force
        assert revoked

        listed = x509.load_der_x509_crl(self.fetch("/pki/crl"))
        assert {f"{one.serial_number:016X}" for one in listed} == revoked
        answers = {one.serial: self.ask(one) for one in unexpired}
        good = ocsp.OCSPCertStatus.GOOD
        assert {serial for serial, answer in answers.items() if answer == good} == in_force
        ended = ocsp.OCSPCertStatus.REVOKED
        assert {serial for serial, answer in answers.items() if answer == ended} == revoked

    def test_openssl_is_told_the_same(self) -> None:
        said = openssl("crl", "-inform", "DER", "-in", self.save("list.crl", "/pki/crl"), "-text")
        listed = {int(serial, 16) for serial in re.findall(r"Serial Number: ([0-9A-F]+)", said)}
        for is_revoked, word in ((False, "good"), (True, "revoked")):
            unexpired = Certificate.objects.filter(not_after__gt=self.now)
            for one in unexpired.filter(revoked_at__isnull=not is_revoked)[:SAMPLE]:
                assert f"{self.pem(one)}: {word}" in self.ask_with_openssl(one)
                assert (int(one.serial, 16) in listed) is is_revoked

    @pytest.mark.long
    def test_every_count_leads_to_a_list_of_as_many(self) -> None:
        """Whoever asks, when much has become overdue."""
        faults, checked = [], set()
        with time_machine.travel(self.now + timedelta(days=12)):
            for role in Role if IS_LONG else WALKERS:
                client = Client()
                client.force_login(User.objects.filter(role=role).earliest("pk"))
                walk = Walk(client)
                walk.go()
                faults += [f"{role}, {fault}" for fault in walk.faults]
                checked |= set(walk.checked)

        assert not faults, "\n".join(faults)
        homes = (reverse("home"), reverse("devices:list"), reverse("devices:sums"))
        assert checked >= {*homes, reverse("requests_app:dashboard")}

    def read(self, certificate: Certificate, what: str) -> str:
        return openssl("x509", "-noout", what, "-in", self.pem(certificate))

    def pem(self, certificate: Certificate) -> Path:
        path = self.folder / f"{certificate.serial}.pem"
        parsed = x509.load_der_x509_certificate(bytes(certificate.der))
        path.write_bytes(parsed.public_bytes(Encoding.PEM))
        return path

    def fetch(self, path: str) -> bytes:
        return Client().get(path).getvalue()

    def save(self, name: str, path: str) -> Path:
        saved = self.folder / name
        saved.write_bytes(self.fetch(path))
        return saved

    def issuing(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(self.fetch("/pki/issuing.crt"))

    def answer(self, request: bytes) -> bytes:
        kind = "application/ocsp-request"
        return Client().post("/pki/ocsp", request, content_type=kind).getvalue()

    def ask(self, certificate: Certificate) -> ocsp.OCSPCertStatus:
        parsed = x509.load_der_x509_certificate(bytes(certificate.der))
        asked = ocsp.OCSPRequestBuilder().add_certificate(parsed, self.issuing(), SHA256()).build()
        answer = self.answer(asked.public_bytes(Encoding.DER))
        return ocsp.load_der_ocsp_response(answer).certificate_status

    def ask_with_openssl(self, certificate: Certificate) -> str:
        """openssl writes the question and judges the answer; the portal answers in between."""
        asked, answered = self.folder / "asked.der", self.folder / "answered.der"
        chain, issuing = self.folder / "chain.pem", self.folder / "issuing.pem"
        root = x509.load_der_x509_certificate(self.fetch("/pki/root.crt"))
        issuing.write_bytes(self.issuing().public_bytes(Encoding.PEM))
        chain.write_bytes(root.public_bytes(Encoding.PEM) + issuing.read_bytes())
        about = ("-issuer", issuing, "-cert", self.pem(certificate))
        openssl("ocsp", *about, "-reqout", asked, "-no_nonce")
        answered.write_bytes(self.answer(asked.read_bytes()))
        said = openssl("ocsp", "-respin", answered, "-CAfile", chain, *about)
        assert "Response verify OK" in said
        return said


def openssl(*arguments: str | Path) -> str:
    done = subprocess.run(
        ["openssl", *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False
    )
    return done.stdout + done.stderr


def everything() -> dict[str, list[dict[str, Any]]]:
    """Return every row of every table of the portal."""
    return {
        model._meta.label: list(model._default_manager.order_by("pk").values())
        for model in apps.get_models()
    }
