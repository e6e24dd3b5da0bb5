"""Sixteen years and more: one CA follows another, and nothing is ever unverifiable."""

from __future__ import annotations

import shutil
import subprocess
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from portal.ca.authority import ceremony, publication, responder, rollover
from portal.ca.authority import services as authority
from portal.ca.models import Authority, Certificate, Crl, KeyPair, RevocationReason
from portal.ca.register import services
from portal.core.roles import Role
from portal.core.rules import Refused
from tests.ca import builders

YEAR = timedelta(days=365)
DAY = timedelta(days=1)


@pytest.fixture
def folder(
    ca_folder: Path, db: None, signing: None, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A CA of its own, and a folder for openssl."""
    monkeypatch.setattr(responder._Loaded, "responders", ())
    ceremony.set_up(now=now)
    return ca_folder


@pytest.fixture
def ca_folder(tmp_path: Path, settings: Settings) -> Path:
    settings.CA_KEY_DIR = tmp_path / "ca"
    settings.OCSP_KEY_DIR = tmp_path / "ocsp"
    return tmp_path


def pem(path: Path, *ders: bytes | memoryview) -> Path:
    path.write_text(services.pem(*map(bytes, ders)))
    return path


def lists(path: Path, *, now: datetime) -> Path:
    """Write the standing lists, PEM; each is valid at ``now``."""
    found = publication.standing_lists(now)
    assert {one.ca for one in found} == set(
        Authority.objects.authorities().alive_at(now).values_list("slug", flat=True)
    )
    assert all(one.this_update <= now < one.next_update for one in found)
    whole = b"".join(
        x509.load_der_x509_crl(bytes(Crl.objects.get(pk=one.pk).der)).public_bytes(Encoding.PEM)
        for one in found
    )
    path.write_bytes(whole)
    return path


def verified(folder: Path, certificate: Certificate, *, root: str, now: datetime) -> str:
    """Return what openssl says of a certificate to who trusts one root, with every list."""
    trusted = Authority.objects.get(slug=root)
    roles = (Authority.Role.ISSUING, Authority.Role.CROSS)
    under = Authority.objects.filter(role__in=roles, signed_by=root)
    between = under.values_list("certificate", flat=True)
    done = subprocess.run(
        [
            *("openssl", "verify", "-x509_strict", "-crl_check_all"),
            *("-attime", str(int(now.timestamp()))),
            *("-CRLfile", lists(folder / "lists.pem", now=now)),
            *("-CAfile", pem(folder / "root.pem", trusted.certificate)),
            *("-untrusted", pem(folder / "between.pem", *between)),
            pem(folder / "one.pem", bytes(certificate.der)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    return str(done.stdout + done.stderr)


def status(serial: int, ca: str, *, now: datetime) -> ocsp.OCSPCertStatus:
    row = Authority.objects.authorities().get(slug=ca)
    name, key = responder.issuer_hashes(
        x509.load_der_x509_certificate(bytes(row.certificate)), "sha256"
    )
    asked = ocsp.OCSPRequestBuilder().add_certificate_by_hash(name, key, serial, hashes.SHA256())
    answer = responder.answer(asked.build().public_bytes(Encoding.DER), now=now)
    return ocsp.load_der_ocsp_response(answer).certificate_status


def sweep(now: datetime) -> None:
    rollover.retire_ended(now=now)
    ceremony.renew_responder(now=now)
    authority.own().publish_crl(now=now)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is missing")
def test_twenty_three_years_without_an_unverifiable_certificate(
    folder: Path, now: datetime
) -> None:
    """The desk does what it is told when months are left; every certificate stands its whole life.

    Beyond the sixteen years: until the first issuing CA, then the first root have ended.
    """
    start, issued, steps = now, [], []
    person = builders.subscriber(builders.agency())
    key: KeyPair = builders.key(now=now)
    for half_year in range(46):
        now = start + half_year * YEAR / 2
        sweep(now)
        for step in rollover.next_steps(now):
            assert step.stage != "late"
            if step.stage in ("weeks", "months"):
                steps.append((step.code, step.ca))
                if step.code == "next_root":
                    rollover.next_root(now=now)
                else:
                    rollover.next_issuing(issues_from=now + 30 * DAY, now=now)
        if half_year % 4 == 0:
            order = builders.order(key, now=now)
            answer = builders.issue(order, now=now)
            assert answer.der, answer.error
            one = services.certificate_from(
                order,
                answer,
                subscriber=person,
                agency=person.agency,
                office=None,
                key=key,
                now=now,
            )
            one.save()
            issued.append(one)
        roots = Authority.objects.filter(role="root").alive_at(now)
        for one in issued:
            if one.not_after > now:
                ca = Authority.objects.get(slug=one.ca, role="issuing")
                assert one.not_after <= ca.not_after
                assert status(int(one.serial, 16), one.ca, now=now) == ocsp.OCSPCertStatus.GOOD
                for root in roots.filter(not_before__lte=now - 2 * rollover.BEGINS_BEFORE):
                    said = verified(folder, one, root=root.slug, now=now)
                    assert said.endswith("one.pem: OK\n"), (half_year, root.slug, one.ca, said)

    assert steps == [
        ("next_issuing", "issuing"),
        ("next_root", "root"),
        ("next_issuing", "issuing-2"),
    ]
    assert [one.ca for one in issued] == ["issuing"] * 4 + ["issuing-2"] * 5 + ["issuing-3"] * 3
    assert not Authority.objects.filter(slug="issuing", is_current=True).exists()
    assert responder.state(now=now) == ""
    assert ceremony.key_faults() == []


def test_no_day_is_without_a_list(folder: Path, now: datetime) -> None:
    """Over a change of CAs the sweep that runs twice a day leaves no moment without lists."""
    rollover.next_issuing(issues_from=now + DAY, now=now)
    for half_day in range(1, 12):
        at = now + half_day * DAY / 2
        before = publication.standing_lists(at)
        assert len(before) == 3
        assert all(one.next_update > at for one in before)
        sweep(at)


def test_who_issues_goes_by_day_by_setting_and_by_life(
    folder: Path, now: datetime, settings: Settings
) -> None:
    rollover.next_issuing(issues_from=now + 10 * DAY, now=now)
    key = builders.key(now=now)

    def issuer(at: datetime, *, valid_for: timedelta = builders.FIVE_YEARS) -> str:
        answer = builders.issue(builders.order(key, now=at, valid_for=valid_for), now=at)
        return answer.ca if answer.der else f"refused by {answer.ca}"

    assert issuer(now) == "issuing"
    assert issuer(now + 10 * DAY) == "issuing-2"
    assert issuer(now + 11 * YEAR) == "issuing-2"
    assert issuer(now + 10 * DAY, valid_for=30 * YEAR).startswith("refused")
    settings.CA_ISSUER = "issuing"
    assert issuer(now + 10 * DAY) == "issuing"
    assert issuer(now + 11 * YEAR).startswith("refused")


def test_addresses_name_the_ca_and_old_ones_go_on(folder: Path, now: datetime) -> None:
    rollover.next_root(now=now)
    second = rollover.next_issuing(issues_from=now, now=now)

    old, new = Client().get("/pki/issuing.crt"), Client().get("/pki/issuing/ca.crt")
    assert old.content == new.content
    assert Client().get("/pki/crl").content == Client().get("/pki/issuing/crl").content
    assert Client().get("/pki/issuing-2/ca.crt").content == bytes(second.certificate)
    x509.load_der_x509_crl(Client().get("/pki/root-2/crl").content)
    crossed = x509.load_der_x509_certificate(Client().get("/pki/issuing-2/root.crt").content)
    made = x509.load_der_x509_certificate(bytes(second.certificate))
    assert (crossed.subject, crossed.public_key()) == (made.subject, made.public_key())
    assert crossed.issuer != made.issuer
    for missing in ("issuing-3/ca.crt", "issuing-3/crl", "issuing/root.crt"):
        assert Client().get(f"/pki/{missing}").status_code == 404


def test_a_revoked_ca_issues_no_more_and_stands_in_its_roots_list(
    folder: Path, now: datetime
) -> None:
    first = Authority.objects.get(slug="issuing")
    certificate = builders.certificate(now=now)
    rollover.next_issuing(issues_from=now, now=now)
    assert verified(folder, certificate, root="root", now=now).endswith("OK\n")

    rollover.revoke("issuing", RevocationReason.CESSATION, now=now)
    sweep(now + DAY)

    serial = int(first.serial_number, 16)
    assert status(serial, "root", now=now + DAY) == ocsp.OCSPCertStatus.REVOKED
    assert "certificate revoked" in verified(folder, certificate, root="root", now=now + DAY)
    assert Crl.objects.filter(ca="issuing", this_update__gte=now + DAY - DAY / 100).exists()
    assert builders.issue(builders.order(certificate.key, now=now), now=now).ca == "issuing-2"
    with pytest.raises(Refused) as refused:
        rollover.revoke("issuing", RevocationReason.CESSATION, now=now)
    assert refused.value.violations[0].code == "no_such_ca"


def test_what_is_due_is_told_years_ahead(folder: Path, now: datetime) -> None:
    due = Authority.objects.get(slug="issuing").not_after - rollover.SUBSCRIBERS_LIFE
    stages = {
        left: [step.stage for step in rollover.next_steps(due - left) if step.ca == "issuing"]
        for left in (3 * YEAR, 700 * DAY, 100 * DAY, 7 * DAY, -DAY)
    }

    assert list(stages.values()) == [[], ["years"], ["months"], ["weeks"], ["late"]]
    Authority.objects.filter(slug="issuing").update(not_after=timezone.now() + 6 * YEAR)
    ahead = Client().get("/readyz").json()["ahead"]
    assert [(step["step"], step["ca"], step["in"]) for step in ahead] == [
        ("next_issuing", "issuing", "years")
    ]


def test_a_ceremony_that_was_killed_goes_on(
    folder: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as killed:
        killed.setattr(ceremony, "row_of", None)
        with pytest.raises(TypeError):
            rollover.next_issuing(issues_from=now, now=now)
    key = (folder / "ca/issuing-2.key").read_bytes()

    rollover.next_issuing(issues_from=now, now=now)

    assert (folder / "ca/issuing-2.key").read_bytes() == key
    assert ceremony.key_faults() == []


def test_the_command_makes_lists_and_revokes(folder: Path) -> None:
    said = StringIO()
    call_command("ca", "root", "next", stdout=said)
    call_command("ca", "issuing", "next", stdout=said)
    call_command("ca", "revoke", "issuing", "--reason", "cessation", stdout=said)
    call_command("ca", "list", stdout=said)

    assert "issuing-2" in said.getvalue()
    assert Authority.objects.issuing().get().signed_by == "root-2"
    with pytest.raises(CommandError):
        call_command("ca", "revoke", "issuing-9", "--reason", "cessation")


def test_the_desk_sees_its_cas_and_what_is_due(
    folder: Path, client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    now = timezone.now()
    Authority.objects.filter(slug="issuing").update(not_after=now + 6 * YEAR)
    rollover.next_root(now=now)
    rollover.next_issuing(issues_from=now + 30 * DAY, now=now)
    client.force_login(builders.user(Role.CA_OPERATOR, agency=builders.agency()))

    with django_assert_max_num_queries(20):
        page = client.get("/chung-thu/ca/")

    lines = {line.row.slug: line for line in page.context["lines"]}
    assert {slug: line.tone for slug, line in lines.items()} == {
        "issuing-2": "info",
        "root-2": "success",
        "issuing": "success",
        "root": "success",
    }
    assert [cross.signed_by for cross in lines["issuing"].crosses] == ["root-2"]
    assert all(line.crl and line.responder for line in lines.values())
    assert page.context["steps"] == []  # taken: the next stands ready
    assert page.context["key_fault"] == page.context["ocsp_fault"] == ""
