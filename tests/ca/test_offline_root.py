"""A root whose key lies on another machine, under two people's passphrases."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from portal.audit.models import AuditEntry
from portal.ca.authority import ceremony, keystore, offline, publication, responder, rollover
from portal.ca.authority import services as authority
from portal.ca.models import Authority, Crl, RevocationReason
from portal.core.rules import Refused
from tests.ca import builders

FIRST, SECOND = "câu dài của người thứ nhất", "câu khác của người thứ hai"


@pytest.fixture
def safe(
    db: None, signing: None, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A CA of its own whose root's key was taken away, and the folder it lies in."""
    settings.CA_KEY_DIR = tmp_path / "ca"
    settings.OCSP_KEY_DIR = tmp_path / "ocsp"
    monkeypatch.setattr(responder._Loaded, "responders", ())
    monkeypatch.setattr(authority._Loaded, "issuers", {})
    ceremony.set_up(now=timezone.now())
    folder = tmp_path / "safe"
    passphrase = offline.two_people(FIRST, SECOND)
    offline.take_away("root", folder, passphrase=passphrase, now=timezone.now())
    authority._Loaded.issuers.clear()
    return folder


def code_of(refused: pytest.ExceptionInfo[Refused]) -> str:
    return refused.value.violations[0].code


def signed(safe: Path, *, now: datetime) -> bytes:
    """Return the answer to what the portal asks at ``now``, signed by two people."""
    request = json.dumps(offline.request_for("root", now=now)).encode()
    passphrase = offline.two_people(FIRST, SECOND)
    return offline.sign(request, safe, passphrase=passphrase, people="An, Bình", now=now)


def test_two_people_open_it_and_nobody_else(safe: Path, now: datetime) -> None:
    request = json.dumps(offline.request_for("root", now=now)).encode()
    for first, second in ((SECOND, FIRST), (FIRST, SECOND + "."), (FIRST + SECOND, "." * 12)):
        passphrase = offline.two_people(first, second)
        with pytest.raises(Refused) as refused:
            offline.sign(request, safe, passphrase=passphrase, people="An", now=now)
        assert code_of(refused) == "not_opened"
    for weak in ((FIRST, FIRST), (FIRST, "ngắn"), ("", SECOND)):
        with pytest.raises(Refused) as refused:
            offline.two_people(*weak)
        assert code_of(refused) == "weak_passphrase"


def test_the_portal_goes_on_without_the_roots_key(safe: Path) -> None:
    now = timezone.now()
    assert not keystore.has_key("root")
    assert ceremony.key_faults() == []
    assert ceremony.set_up(now=now) == []
    assert builders.issue(builders.order(builders.key(now=now), now=now), now=now).der
    assert authority.own().publish_crl(now=now + timedelta(hours=13)) is not None
    assert not ceremony.renew_responder(now=now)
    late = now + publication.ROOT_CRL_LIFETIME - timedelta(days=20)
    assert [(step.code, step.stage) for step in rollover.next_steps(late)] == [
        ("root_list", "weeks")
    ]


def test_list_responder_and_the_next_ca_are_signed_elsewhere(safe: Path) -> None:
    now = timezone.now()
    with pytest.raises(Refused) as refused:
        rollover.next_issuing(issues_from=now, now=now)
    assert code_of(refused) == "root_offline"
    rollover.revoke("issuing", RevocationReason.CESSATION, now=now)
    assert [step.code for step in rollover.next_steps(now)][:1] == ["root_list"]

    made = offline.bring_in(signed(safe, now=now), now=now)
    second = rollover.next_issuing(issues_from=now, now=now)

    assert made == ["ocsp ocsp", "issuing issuing-2", "crl 2"]
    root = x509.load_der_x509_certificate(bytes(Authority.objects.get(slug="root").certificate))
    x509.load_der_x509_certificate(bytes(second.certificate)).verify_directly_issued_by(root)
    listed = x509.load_der_x509_crl(bytes(Crl.objects.get(ca="root", number=2).der))
    assert [f"{one.serial_number:016X}" for one in listed] == [
        Authority.objects.get(slug="issuing", role="issuing").serial_number
    ]
    assert rollover.next_steps(now) == []
    assert responder.state(now=now) == ""
    entry = AuditEntry.objects.get(action="ca.bring_in")
    assert entry.data["people"] == "An, Bình"
    assert len(entry.data["log"]) == 64


def changed(answer: bytes, **values: Any) -> bytes:
    whole = json.loads(answer)
    log = json.loads(whole["log"]) | values
    return json.dumps(whole | {"log": json.dumps(log)}).encode()


def test_nothing_but_the_roots_own_answer_is_taken_in_and_once(safe: Path) -> None:
    now = timezone.now()
    answer = signed(safe, now=now)
    hostile = {
        "unreadable": [b"", b"[]", b"\x00", b"{", b"{}", b'{"log": "1"}'],
        "no_such_ca": [b'{"log": "{}"}'],
        "not_the_roots": [
            changed(answer, people="Khác"),
            answer.replace(b'ture": "', b'ture": "z'),
        ],
    }
    for code, contents in hostile.items():
        for content in contents:
            with pytest.raises(Refused) as refused:
                offline.bring_in(content, now=now)
            assert code_of(refused) == code
    offline.bring_in(answer, now=now)

    with pytest.raises(Refused) as refused:
        offline.bring_in(answer, now=now)

    assert code_of(refused) == "answered_before"
    assert publication.latest("root").number == 2  # type: ignore[union-attr]


def test_the_commands_go_the_whole_way(safe: Path, tmp_path: Path) -> None:
    said = StringIO()
    secrets = [tmp_path / "first", tmp_path / "second"]
    for path, secret in zip(secrets, (FIRST, SECOND), strict=True):
        path.write_text(secret)
    request, answer = tmp_path / "request.json", tmp_path / "answer.json"

    call_command("ca", "root", "export", "--file", request, stdout=said)
    call_command(
        *("ca", "root", "sign", "--folder", safe, "--file", request, "--out", answer),
        *("--people", "An, Bình", "--passphrases", *secrets),
        stdout=said,
    )
    call_command("ca", "root", "import", "--file", answer, stdout=said)
    call_command("ca", "list", stdout=said)

    assert "brought in: ocsp ocsp, crl 2" in said.getvalue()
    assert "key elsewhere" in said.getvalue()
    assert said.getvalue().count("ocsp ocsp (OCSP") == 2  # the same keys on both machines
    for wrong in (
        ["import"],
        ["import", "--file", tmp_path / "nowhere"],
        ["export", "--file", request],
    ):
        with pytest.raises(CommandError):
            call_command("ca", "root", *wrong)
