"""What systems meet at the API, in files and by the command; bad input is answered, never a 500."""

from __future__ import annotations

import csv
import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.audit.models import AuditEntry
from portal.ca.models import Certificate
from portal.core.roles import Role
from portal.usage.models import SigningSystem, SystemToken, UsageEvent, UsageMonth
from portal.usage.systems import services as systems
from tests import builders
from tests.usage.builders import event, send, system

pytestmark = pytest.mark.django_db


@pytest.fixture
def certificate(db: None) -> Certificate:
    return builders.certificate()


@pytest.fixture
def reporting(certificate: Certificate) -> SigningSystem:
    return system(agency=certificate.agency)


@pytest.fixture
def token(reporting: SigningSystem) -> str:
    return systems.make_token(reporting, actor=reporting.registered_by, now=timezone.now())


def told(serial: str, **changes: Any) -> dict[str, Any]:
    return event(serial, timezone.now() - timedelta(hours=3), **changes)


def test_each_event_of_a_batch_is_answered(certificate: Certificate, token: str) -> None:
    good = told(certificate.serial, id="a")
    future = told(certificate.serial, id="b") | {
        "moment": (timezone.now() + timedelta(hours=1)).isoformat()
    }

    answer = send(token, {"events": [good, good, future, told("ABCDEF", id="c"), 5]})

    assert answer.status_code == 200
    data = answer.json()
    assert [(one["id"], one["status"], one["code"]) for one in data["events"]] == [
        ("a", "accepted", ""),
        ("a", "known", ""),
        ("b", "refused", "future_moment"),
        ("c", "refused", "unknown_serial"),
        ("", "refused", "not_an_object"),
    ]
    assert (data["accepted"], data["known"], data["refused"]) == (1, 1, 3)
    assert 3590 <= data["clock_skew_seconds"] <= 3600
    assert send(token, {"events": [good]}).json()["known"] == 1
    assert AuditEntry.objects.filter(action="usage.receive").count() == 2
    assert AuditEntry.objects.filter(action="usage.use_token").count() == 1


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [
        ('{"events": [', {}, 400),
        ("[" * 100_000, {}, 400),
        ("[]", {}, 400),
        ('{"events": {}}', {}, 400),
        ('{"events": [], "sent_at": "hôm qua"}', {}, 400),
        ('{"events": [], "sent_at": "0001-01-02T00:00:00Z"}', {}, 200),
        ("id,serial", {"content_type": "text/csv"}, 415),
        ('{"events": []}', {}, 200),
        ('{"events": [null, [], {"id": {}}, {"id": true}, {"id": "x", "serial": []}]}', {}, 200),
        ('{"events": [{"id": "\\u0000", "serial": "1", "moment": "\\ud800"}]}', {}, 400),
        (json.dumps({"events": [{}] * 10_001}), {}, 422),
        ('{"events": []}', {"HTTP_AUTHORIZATION": "Bearer wrong"}, 401),
        ('{"events": []}', {"HTTP_AUTHORIZATION": "Bearer"}, 401),
        ('{"events": []}', {"HTTP_AUTHORIZATION": "Bearer \xff\xfe"}, 401),
        ('{"events": []}', {"HTTP_AUTHORIZATION": "Token abc"}, 401),
    ],
)
def test_bad_input_has_an_answer(token: str, body: str, headers: dict[str, str], code: int) -> None:
    assert send(token, body, **headers).status_code == code
    assert not UsageEvent.objects.exists()


def test_a_token_is_shown_once_kept_as_a_hash_and_ends_with_the_next(
    certificate: Certificate, reporting: SigningSystem, token: str
) -> None:
    assert not SystemToken.objects.filter(token_hash=token).exists()
    office = Client()
    office.force_login(reporting.registered_by)

    page = office.post(reverse("usage:make_token", args=[reporting.uuid]))

    shown = page.content.decode().partition('data-token="')[2].partition('"')[0]
    assert page.headers["Cache-Control"] == "private, no-store"
    assert shown not in office.get(reverse("usage:system", args=[reporting.uuid])).content.decode()
    assert send(token, {"events": []}).status_code == 401
    assert send(shown, {"events": [told(certificate.serial)]}).json()["accepted"] == 1


def test_a_token_opens_nothing_else(token: str) -> None:
    for path in ("/api/v1/certificates", "/api/v1/dossiers", "/giam-sat/"):
        answer = Client().get(path, HTTP_AUTHORIZATION=f"Bearer {token}")
        assert answer.status_code in (302, 401)


def test_a_file_is_taken_on_the_page_with_what_is_wrong_by_row(
    certificate: Certificate, reporting: SigningSystem
) -> None:
    office = Client()
    office.force_login(reporting.registered_by)
    rows = [
        told(certificate.serial, id="1"),
        told("00FF", id="2"),
        told(certificate.serial, id="3"),
    ]
    rows[2]["kind"] = "nothing known"
    stream = StringIO()
    writer = csv.DictWriter(stream, ["id", "serial", "moment", "kind"], delimiter=";")
    writer.writeheader()
    writer.writerows(rows)

    def upload(content: bytes, name: str = "luot-ky.csv") -> str:
        path = reverse("usage:upload_events", args=[reporting.uuid])
        answer = office.post(path, {"file": SimpleUploadedFile(name, content)})
        assert answer.status_code == 200
        return answer.content.decode()

    page = upload(stream.getvalue().encode("utf-8-sig"))

    assert UsageEvent.objects.count() == 1
    assert 'data-code="unknown_serial"' in page
    assert 'data-code="bad_kind"' in page
    lines = "\n".join(json.dumps(row) for row in rows) + "\n{broken\n"
    assert 'data-code="not_an_object"' in upload(lines.encode(), "luot-ky.jsonl")
    assert UsageEvent.objects.count() == 1  # the same once more
    for bad in (b"\xff\xfe\x00a", b"   ", b"a;b\n1;2\n", b"id,serial,moment\n\x00", b""):
        assert 'class="error-summary"' in upload(bad)


def test_the_command_ends_as_the_others_do(
    certificate: Certificate, reporting: SigningSystem, tmp_path: Path
) -> None:
    file, report = tmp_path / "events.jsonl", tmp_path / "report.csv"
    file.write_text(json.dumps(told(certificate.serial, id="1")))

    call_command("import_usage", str(file), system=reporting.name, stdout=StringIO())

    assert UsageMonth.objects.get().count == 1
    file.write_text(json.dumps(told("00FF", id="2")))
    codes = []
    for path, name in ((file, str(reporting.uuid)), (file, "không có"), (tmp_path / "x", "")):
        with pytest.raises(CommandError) as stopped:
            call_command(
                "import_usage",
                str(path),
                system=name or reporting.name,
                report=str(report),
                stdout=StringIO(),
                stderr=StringIO(),
            )
        codes.append(stopped.value.returncode)
    assert codes == [1, 2, 2]
    file.write_bytes(b"\xff\xff")
    with pytest.raises(CommandError) as stopped:
        call_command("import_usage", str(file), system=reporting.name, stderr=StringIO())
    assert stopped.value.returncode == 2


def test_only_who_registers_systems_does_and_only_for_bodies_in_view(
    reporting: SigningSystem,
) -> None:
    stranger = Client()
    stranger.force_login(builders.user(Role.OFFICE_OFFICER))
    data = {"name": "Lạ", "kind": "documents", "agency": reporting.agency.name}

    assert stranger.post(reverse("usage:register_system"), data).status_code == 403
    assert stranger.get(reverse("usage:system", args=[reporting.uuid])).status_code == 404
    office = Client()
    office.force_login(reporting.registered_by)
    again = data | {"name": reporting.name}
    assert office.post(reverse("usage:register_system"), data).status_code == 302
    page = office.post(reverse("usage:register_system"), again)
    assert 'class="error-summary"' in page.content.decode()
    assert reporting.name in page.content.decode()  # what was typed is kept
