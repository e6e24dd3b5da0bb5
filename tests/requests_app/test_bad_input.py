"""What people type, paste and upload by mistake or on purpose, on every form.

Nothing brings a page down, nothing typed is lost, and what is wrong is said at its cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from devices.models import Device
from portal.ca.models import Certificate
from portal.core.rules import Violation
from portal.core.text.vietnamese import nfc
from requests_app import kinds, spreadsheets
from requests_app.catalogue.mau_04_renew_change import prefill as renew_change
from requests_app.catalogue.mau_05_revoke import prefill as revoke
from requests_app.catalogue.mau_06_recover import prefill as recover
from requests_app.catalogue.mau_08_return import prefill as give_back
from requests_app.catalogue.mau_09_loss import prefill as loss
from requests_app.kinds.base import Kind, check_cell
from requests_app.models import Dossier, Procedure
from requests_app.submission.checks import violations_before_signing
from requests_app.workflow import Route
from tests import builders, story
from tests.builders import NOW
from tests.flows.population import CARD, CONTACTS, TOLD

pytestmark = pytest.mark.django_db

FORMS = sorted(kinds.KINDS)
_ROUTES = {
    Procedure.HANDOVER_NOTICE: Route.NOTICE,
    Procedure.REPORT_LOSS: Route.NOTICE,
    Procedure.RETURN_DEVICE: Route.MINUTES,
}
NASTY = [
    "x" * 5000,
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "%s %(x)s {0} {{ x }} {% x %}",
    "'; DROP TABLE users; --",
    "31/02/2026",
    "00/00/0000",
    "99/99/9999",
    "20/11/2126",
    "1e308",
    "-1",
    "9" * 400,
    "١٢٣٤٥٦٧٨٩٠١٢",
    "²³¹²³¹²³¹²³¹",
    "\U0001d7ce\U0001d7cf\U0001d7d0" * 4,  # bold digits of mathematicians
    "\u202e\u200b\ufeff",
    "a\r\nb\tc\x0b\x00d",
    "👩‍👩‍👧‍👦" * 50,
    "null",
    "../../etc/passwd",
    "/" * 300,
    "@",
    ":::::",
]


@pytest.fixture
def people() -> story.Cast:
    people = story.cast()
    for procedure in Procedure:
        if procedure != Procedure.ISSUE:
            builders.routing(procedure, _ROUTES.get(procedure, Route.VIA_OFFICE))
    return people


@pytest.fixture
def page(people: story.Cast) -> Client:
    client = Client()
    client.force_login(people.clerk)
    return client


def url(name: str, dossier: Dossier) -> str:
    return reverse(f"requests_app:{name}", args=[dossier.uuid])


def read(page: Client, name: str, dossier: Dossier) -> str:
    answer = page.get(url(name, dossier))
    assert answer.status_code == 200
    return answer.content.decode()


# Whatever is typed


@pytest.mark.parametrize("code", FORMS)
def test_whatever_is_typed_is_kept_and_no_page_breaks_on_it(
    page: Client, people: story.Cast, code: str
) -> None:
    names = [field.name for field in kinds.get(code).fields]
    dossier = story.draft_of(people, code, [{} for _one in NASTY])
    typed = {
        f"{item.uuid}:{name}": value
        for item, value in zip(dossier.items.order_by("position"), NASTY, strict=True)
        for name in names
    }

    answer = page.post(url("editor", dossier), typed | {"version": dossier.version})

    assert answer.status_code == 302
    for item, value in zip(dossier.items.order_by("position"), NASTY, strict=True):
        for name in names:
            assert item.answers[name] in (nfc(value), value.strip()), (name, value)
    for name in ("editor", "check", "preview", "detail"):
        assert "<script>alert(1)" not in read(page, name, dossier)
    assert page.get(url("export_rows", dossier)).status_code == 200
    dossier.refresh_from_db()
    step = {"action": "request_signature", "version": dossier.version}
    assert page.post(url("take_step", dossier), step).status_code == 200
    dossier.refresh_from_db()
    assert dossier.state == "draft"


@pytest.mark.parametrize("code", FORMS)
def test_whatever_stands_in_the_letters_data_is_kept_and_no_page_breaks_on_it(
    page: Client, people: story.Cast, code: str
) -> None:
    dossier = story.draft_of(people, code, [{}])
    names = [f"contact_{field.name}" for field in kinds.get(code).contact_fields]
    names += ["letter_number", "letter_date", "note"]

    for begin in range(0, len(NASTY), len(names)):
        dossier.refresh_from_db()
        data = dict(zip(names, (NASTY + NASTY)[begin:], strict=False))
        answer = page.post(url("letter_data", dossier), data | {"version": dossier.version})
        assert answer.status_code in (200, 302)
        for name in ("letter_data", "check", "preview"):
            assert "<script>alert(1)" not in read(page, name, dossier)


@pytest.mark.parametrize("code", FORMS)
def test_the_same_comes_through_a_spreadsheet_as_a_report(
    page: Client, people: story.Cast, code: str
) -> None:
    kind = kinds.get(code)
    rows = [{field.name: nfc(value)[:2000] for field in kind.fields} for value in NASTY]
    dossier = story.draft_of(people, code, [])
    sheet = SimpleUploadedFile("bang.xlsx", spreadsheets.export(kind, rows))

    answer = page.post(url("import", dossier), {"file": sheet})

    assert answer.status_code == 302
    report = answer.headers["Location"]
    shown = page.get(report)
    assert "<script>alert(1)" not in shown.content.decode()
    imported = page.post(report, {"version": dossier.version, "do": "all"})
    assert imported.status_code == 302
    editor = page.get(imported.headers["Location"])
    assert "<script>alert(1)" not in editor.content.decode()
    assert dossier.items.count() == len(NASTY)
    assert editor.context["problem_count"] == shown.context["report"].problem_count


NO_SHEETS = [
    ("bang.xlsx", b"%PDF-1.7 ..."),
    ("bang.xlsx", b"<html><table><tr><td>1</td></tr></table></html>"),
    ("bang.xlsx", b"MZ\x90\x00" + b"\x00" * 600),
    ("bang.xlsx", b"PK\x03\x04" + b"\x00" * 600),
    ("bang.xlsx", bytes.fromhex("d0cf11e0a1b11ae1") + b"\x00" * 600),
    ("bang.pdf", b"STT,Ho ten\n1,An\n"),
]


@pytest.mark.parametrize("code", FORMS)
def test_a_file_that_is_not_what_its_name_says_is_refused_in_words(
    page: Client, people: story.Cast, code: str
) -> None:
    dossier = story.draft_of(people, code, [])

    for name, content in NO_SHEETS:
        answer = page.post(url("import", dossier), {"file": SimpleUploadedFile(name, content)})

        assert answer.status_code == 200, name
        assert "lỗi" in answer.content.decode() or "không" in answer.content.decode()
        assert not dossier.items.exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("quet.pdf", b"MZ\x90\x00" + b"\x00" * 600),
        ("quet.pdf", b"<html><script>alert(1)</script></html>"),
        ("quet.pdf", b"%PDF-1.7\nkhong phai"),
        ("quet.jpg", b"%PDF-1.7\nkhong phai"),
        ("quet.exe", b"%PDF-1.7\n"),
        ("../../quet.pdf", b""),
    ],
)
def test_an_attachment_that_is_not_what_its_name_says_is_refused(
    page: Client, people: story.Cast, name: str, content: bytes
) -> None:
    dossier = story.draft_of(people, "mau_05_revoke", [{}])

    answer = page.post(
        url("attach", dossier),
        {"file": SimpleUploadedFile(name, content), "kind": "other", "version": dossier.version},
    )

    assert answer.status_code == 200
    assert not dossier.attachments.exists()


# Days


DAYS = [
    (code, field.name)
    for code in FORMS
    for field in kinds.get(code).fields
    if field.widget == "date"
]


@pytest.mark.parametrize(("code", "name"), DAYS)
@pytest.mark.parametrize("day", ["21/11/2026", "31/12/2099"])
def test_a_day_to_come_is_told_in_its_cell(code: str, name: str, day: str) -> None:
    findings = _findings(kinds.get(code), {name: day})

    assert "in_the_future" in findings[name]


@pytest.mark.parametrize("code", [code for code, name in DAYS if name == "birth_on"])
def test_a_card_is_not_issued_before_its_holder_was_born(code: str) -> None:
    findings = _findings(kinds.get(code), {"birth_on": "05/06/1985", "issued_on": "04/06/1985"})

    assert "before_birth" in findings["issued_on"]


@pytest.mark.parametrize("code", FORMS)
def test_no_day_of_the_letter_lies_ahead(people: story.Cast, code: str) -> None:
    kind = kinds.get(code)
    days = [field.name for field in kind.contact_fields if field.widget == "date"]
    dossier = story.draft_of(people, code, [{}], contact=dict.fromkeys(days, "31/12/2099"))

    found = violations_before_signing(dossier, now=NOW)

    assert [violation.code for violation in found].count("in_the_future") == len(days)


def _findings(kind: Kind, answers: Mapping[str, str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {name: set() for name in answers}
    (row,) = kinds.base.check_list(kind, [answers], builders.TODAY)
    for one in row:
        found.setdefault(one.field, set()).add(one.finding.code)
    return found


# Numbers of certificates and devices


def right_row(code: str, certificate: Certificate, device: Device) -> dict[str, str]:
    match code:
        case "mau_04_renew_change":
            return renew_change.row_of(certificate, renews=True, changes=False)
        case "mau_05_revoke":
            return revoke.row_of(certificate, cause="retired") | CARD
        case "mau_06_recover":
            return recover.rows_of([device])[0]
        case "mau_08_return":
            return give_back.rows_of([device], now=NOW)[0]
        case "mau_09_loss":
            return loss.rows_of([device])[0] | TOLD
    raise LookupError(code)


ABOUT = ("mau_04_renew_change", "mau_05_revoke", "mau_06_recover", "mau_08_return", "mau_09_loss")


def _held(people: story.Cast) -> tuple[Certificate, Device]:
    holder = builders.person(at=people.agency)
    key = builders.key()
    certificate = builders.certificate(subscriber=holder, key_pair=key)
    return certificate, builders.in_hands_of(holder, key)


def _codes(people: story.Cast, code: str, row: Mapping[str, str]) -> list[Violation]:
    dossier = story.draft_of(people, code, [row], contact=CONTACTS.get(code))
    return violations_before_signing(dossier, now=NOW)


def _as_typed(serial: str) -> str:
    """A number in small letters, in pairs."""
    return " ".join(serial[at : at + 2] for at in range(0, len(serial), 2)).lower()


@pytest.mark.parametrize("code", ABOUT)
def test_a_number_in_small_letters_with_spaces_is_found_and_its_form_offered(
    people: story.Cast, code: str
) -> None:
    certificate, device = _held(people)
    right = right_row(code, certificate, device)
    typed = {
        name: _as_typed(value) if name in ("certificate_serial", "device_serial") else value
        for name, value in right.items()
    }
    before = {violation.code for violation in _codes(people, code, right)}

    dossier = story.draft_of(people, code, [typed], contact=CONTACTS.get(code))

    item = dossier.items.get()
    assert (item.certificate, item.device) == (certificate, device)
    found = violations_before_signing(dossier, now=NOW)
    more = {violation.code for violation in found} - before
    assert more <= {"not_16_hex"}
    if more:
        (field,) = (one for one in kinds.get(code).fields if one.name == "certificate_serial")
        (offer,) = check_cell(field, typed)
        assert offer.suggestion == certificate.serial


@pytest.mark.parametrize("code", ABOUT)
def test_a_number_without_its_leading_zeros_is_told_and_never_passes(
    people: story.Cast, code: str
) -> None:
    certificate, device = _held(people)
    Certificate.objects.filter(pk=certificate.pk).update(serial="00FFA1B2C3D4E5F6")
    certificate.refresh_from_db()
    row = right_row(code, certificate, device)
    if "certificate_serial" in row:
        row |= {"certificate_serial": certificate.serial.lstrip("0")}
    else:
        row |= {"device_serial": device.serial.replace("0", "")}

    found = _codes(people, code, row)

    assert {"not_16_hex", "unknown_device"} & {violation.code for violation in found}


@pytest.mark.parametrize("code", ABOUT)
def test_a_device_stands_once_however_it_is_typed(people: story.Cast, code: str) -> None:
    row = right_row(code, *_held(people))
    again = row | {
        name: _as_typed(row[name])
        for name in ("certificate_serial", "device_serial")
        if name in row
    }
    dossier = story.draft_of(people, code, [row, again], contact=CONTACTS.get(code))

    found = violations_before_signing(dossier, now=NOW)

    assert any(violation.code.startswith("same_") for violation in found if violation.row == 2)


@pytest.mark.parametrize("code", ABOUT)
def test_what_is_another_bodys_is_as_unknown_as_what_does_not_exist(
    people: story.Cast, code: str
) -> None:
    strangers = story.cast_beside(people)
    row = right_row(code, *_held(strangers))
    nothing = row | {name: value for name, value in _NOTHING.items() if name in row}

    found, of_nothing = _codes(people, code, row), _codes(people, code, nothing)

    assert found
    assert [one.code for one in found] == [one.code for one in of_nothing]
    assert not any(strangers.agency.name in one.message for one in found)


_NOTHING: dict[str, Any] = {"certificate_serial": "FFFFFFFFFFFFFFFF", "device_serial": "KHONG-CO-1"}
