"""Importing through the pages: a report first, then only what a person confirmed."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Sequence
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import translation
from openpyxl import load_workbook

from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.core.roles import Role
from portal.core.rules import Finding
from requests_app import kinds, spreadsheets
from requests_app.drafts.services import add_row, create_draft, import_rows
from requests_app.kinds import register_findings
from requests_app.kinds.base import CellFinding, check_rows
from requests_app.models import Dossier
from requests_app.spreadsheets import parked, readings
from requests_app.workflow import State
from tests import builders
from tests.builders import NOW, person_answers

pytestmark = pytest.mark.django_db
DATA = Path(__file__).parent.parent / "data"
CLEAN = (DATA / "import_19_columns_clean.xlsx").read_bytes()
DAMAGED = (DATA / "import_19_columns_damaged.xlsx").read_bytes()
PERSON = kinds.get("mau_01_person")


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def clerk() -> User:
    office = builders.office()
    builders.routing(office=office)
    province = builders.agency("ỦY BAN NHÂN DÂN TỈNH LAI CHÂU", office=office)
    name = "ỦY BAN NHÂN DÂN XÃ TÂN UYÊN"
    return builders.user(Role.CLERK, agency=builders.agency(name, parent=province, office=office))


@pytest.fixture
def page(clerk: User) -> Client:
    client = Client()
    client.force_login(clerk)
    return client


@pytest.fixture
def draft(clerk: User) -> Dossier:
    return create_draft("mau_01_person", actor=clerk, now=NOW)


def url(draft: Dossier, name: str = "import") -> str:
    return reverse(f"requests_app:{name}", args=[draft.uuid])


def upload(page: Client, draft: Dossier, content: bytes) -> Any:
    return page.post(url(draft), {"file": SimpleUploadedFile("bang.xlsx", content)})


def uploaded(page: Client, draft: Dossier, content: bytes) -> str:
    """Upload a sheet and return the address of its report."""
    answer = upload(page, draft, content)
    assert answer.status_code == 302, answer.content.decode()
    return str(answer.headers["Location"])


def press(page: Client, draft: Dossier, report: str, button: str, **data: Any) -> Any:
    draft.refresh_from_db()
    return page.post(report, {"version": draft.version, "do": button} | data)


def names(draft: Dossier) -> list[str]:
    return [item.title for item in draft.items.order_by("position")]


def sheet(*rows: Any) -> bytes:
    return spreadsheets.export(PERSON, rows)


def parked_files() -> Sequence[str]:
    try:
        return list(default_storage.listdir("imports")[1])
    except FileNotFoundError:
        return []


def test_the_clean_sheet_is_imported_whole(page: Client, draft: Dossier) -> None:
    report = uploaded(page, draft, CLEAN)
    assert "Cả 25 dòng đều tốt" in page.get(report).content.decode()
    assert not draft.items.exists(), "reading the report imports nothing"

    answer = press(page, draft, report, "all")

    assert answer.headers["Location"] == url(draft, "editor")
    draft.refresh_from_db()
    assert draft.row_count == 25
    assert names(draft)[0] == "Lê Thu Bình"
    assert {item.storage for item in draft.items.all()} == {"token", "sim", "rssp", "soft", "hsm"}


def test_the_damaged_sheet_is_reported_and_nothing_goes_in(page: Client, draft: Dossier) -> None:
    report = uploaded(page, draft, DAMAGED)

    text = page.get(report).content.decode()

    for cell in ("D2", "D3", "G4", "G5", "C7", "F8", "O9", "Q11", "S12", "H13"):
        assert f"<strong>{cell}</strong>" in text
    assert "<strong>Phạm Thanh Tuấn</strong>" in text  # whom row 3 is about
    assert 'data-label="Ngày sinh">14/02/1970</td>' in text  # 1970-02-14, in the preview
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<script>alert" not in text
    assert not draft.items.exists()


def test_offers_that_were_checked_are_taken_and_no_others(page: Client, draft: Dossier) -> None:
    report = uploaded(page, draft, DAMAGED)

    answer = press(page, draft, report, "check", accepted=["2:4", "8:6"])

    assert not draft.items.exists()
    shown = answer.content.decode()
    assert "<strong>D2</strong>" not in shown
    assert "<strong>D3</strong>" in shown
    assert '<input type="hidden" name="accepted" value="2:4">' in shown


def test_the_good_rows_alone_are_taken_and_the_others_can_be_had(
    page: Client, draft: Dossier
) -> None:
    report = uploaded(page, draft, DAMAGED)

    answer = press(page, draft, report, "good", accepted=["2:4"])

    draft.refresh_from_db()
    first = draft.items.order_by("position")[0]
    assert first.answers["identity_number"] == "012080900151"
    assert draft.row_count == 12
    assert "Phạm Thanh Tuấn" not in names(draft)
    assert '=HYPERLINK("http://example.invalid","Chuyên viên")' in [
        item.answers["position"] for item in draft.items.all()
    ]
    link = re.search(r'href="([^"]*dong-khong-nhap.xlsx)"', page.get(answer.url).content.decode())
    assert link
    assert "Phạm Thanh Tuấn" in [row[1].value for row in rejected(page.get(link[1]).content)]
    other = builders.user(Role.CLERK, agency=draft.agency)
    page.force_login(other)
    assert page.get(link[1]).status_code == 404


def rejected(content: bytes) -> list[Any]:
    return list(load_workbook(BytesIO(content)).worksheets[0].iter_rows(min_row=2))


def test_all_rows_are_taken_and_the_bad_ones_mended_in_the_editor(
    page: Client, draft: Dossier
) -> None:
    report = uploaded(page, draft, DAMAGED)

    answer = press(page, draft, report, "all")

    draft.refresh_from_db()
    assert draft.row_count == 25
    text = page.get(answer.url).content.decode()
    assert 'value="12080900151"' in text
    assert "Dùng 012080900151" in text


@pytest.mark.parametrize("content", [CLEAN, DAMAGED], ids=["clean", "damaged"])
def test_the_report_and_the_editor_agree_on_what_is_missing(
    page: Client, draft: Dossier, clerk: User, content: bytes
) -> None:
    import_rows(draft, [person_answers(5)], actor=clerk, now=NOW, version=draft.version)
    content = with_row(content, person_answers(5, storage="hsm"))
    report = page.get(address := uploaded(page, draft, content)).context["report"]

    answer = press(page, draft, address, "all")

    editor = page.get(answer.url).context
    assert report.problem_count == editor["problem_count"]
    told = sorted(
        one.finding.message.removeprefix("Trong danh sách đang có: ")
        for row in report.rows
        for one in (*row.findings, *row.afterwards)
        if one.is_error and not one.finding.code.rpartition("_")[2].isdigit()
    )
    assert told == sorted(
        one.message for one in editor["problems"] if not one.message.startswith("Trùng")
    )


def with_row(content: bytes, answers: Any) -> bytes:
    """The sheet with one row more."""
    book = load_workbook(BytesIO(content))
    row = [column.text(answers.get(column.field, "")) for column in PERSON.sheet]
    book.worksheets[0].append(row)
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_every_offer_is_taken_with_one_press(page: Client, draft: Dossier) -> None:
    report = uploaded(page, draft, DAMAGED)

    answer = press(page, draft, report, "accept_all")

    shown = answer.content.decode()
    assert not any(f"<strong>{cell}</strong>" in shown for cell in ("D2", "D3", "F8", "O9"))
    assert "<strong>G4</strong>" in shown
    press(page, draft, report, "all", accepted=["*"])
    assert draft.items.order_by("position")[0].answers["identity_number"] == "012080900151"


def test_the_bad_rows_come_as_a_sheet_that_can_be_mended_and_uploaded(
    page: Client, draft: Dossier
) -> None:
    report = uploaded(page, draft, DAMAGED)

    answer = press(page, draft, report, "rejects")

    assert answer["Content-Disposition"].startswith("attachment")
    assert not draft.items.exists()
    listed = rejected(answer.content)
    assert [row[1].value for row in listed][:2] == ["Hoàng Văn Đạt", "Phạm Thanh Tuấn"]
    assert "Dòng 2 của tệp" in listed[0][19].value
    assert "12 chữ số" in listed[0][19].value
    again = page.get(uploaded(page, draft, answer.content)).context["report"]
    # The second of two equal rows is no double where it stands alone.
    assert len(again.bad_rows) == len(listed) - 1


def test_a_rejected_text_never_becomes_a_formula(page: Client, draft: Dossier) -> None:
    report = uploaded(page, draft, sheet(person_answers(1, full_name="=cmd|' /c calc'!A1")))

    (row,) = rejected(press(page, draft, report, "rejects").content)

    assert (row[1].data_type, row[1].quotePrefix) == ("s", True)


def test_an_import_that_was_cancelled_leaves_nothing(page: Client, draft: Dossier) -> None:
    before = set(parked_files())
    report = uploaded(page, draft, CLEAN)

    answer = press(page, draft, report, "cancel")

    assert answer.headers["Location"] == url(draft, "editor")
    assert not draft.items.exists()
    assert set(parked_files()) == before


def test_rows_hidden_in_the_file_are_told_and_left_out_when_asked(
    page: Client, draft: Dossier
) -> None:
    book = load_workbook(BytesIO(sheet(person_answers(1), person_answers(2))))
    book.worksheets[0].row_dimensions[3].hidden = True
    stream = BytesIO()
    book.save(stream)
    report = uploaded(page, draft, stream.getvalue())
    assert 'data-code="hidden_row"' in page.get(report).content.decode()

    press(page, draft, report, "all", skips_hidden="1")

    assert names(draft) == [person_answers(1)["full_name"]]


def test_rows_are_added_or_take_the_place_of_all(page: Client, draft: Dossier, clerk: User) -> None:
    import_rows(draft, [person_answers(9)], actor=clerk, now=NOW, version=draft.version)
    content = sheet(person_answers(1), person_answers(2))

    press(page, draft, uploaded(page, draft, content), "all")
    draft.refresh_from_db()
    assert draft.row_count == 3

    press(page, draft, uploaded(page, draft, content), "all", replaces="1")
    draft.refresh_from_db()
    assert draft.row_count == 2
    assert [item.position for item in draft.items.order_by("position")] == [1, 2]


def test_pressing_twice_imports_once(page: Client, draft: Dossier) -> None:
    report = uploaded(page, draft, sheet(person_answers(1)))
    version = draft.version

    for _time in range(2):
        page.post(report, {"version": version, "do": "all"})

    assert draft.items.count() == 1


def test_a_stale_page_imports_nothing(page: Client, draft: Dossier, clerk: User) -> None:
    report = uploaded(page, draft, sheet(person_answers(1)))
    version = draft.version
    add_row(draft, {}, actor=clerk, now=NOW, version=version)

    answer = page.post(report, {"version": version, "do": "all"})

    assert answer.status_code == 409
    assert draft.items.count() == 1


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"a,b\n", "not_a_workbook"), (sheet(), "no_rows")],
)
def test_what_is_no_sheet_is_refused_on_the_same_page(
    page: Client, draft: Dossier, content: bytes, code: str
) -> None:
    answer = upload(page, draft, content)

    assert answer.status_code == 200
    assert f'data-code="{code}"' in answer.content.decode()
    assert "way-out" in answer.content.decode()


def test_a_file_too_large_is_refused(page: Client, draft: Dossier, settings: Any) -> None:
    settings.MAX_UPLOAD_BYTES = 1024

    assert "Tệp lớn hơn" in upload(page, draft, CLEAN).content.decode()


def test_no_file_is_told_at_the_field(page: Client, draft: Dossier) -> None:
    assert "Hãy chọn tệp." in page.post(url(draft), {}).content.decode()


def test_a_parked_sheet_is_sealed_and_gone_after_its_import(page: Client, draft: Dossier) -> None:
    before = set(parked_files())
    report = uploaded(page, draft, CLEAN)
    (name,) = set(parked_files()) - before
    with default_storage.open(f"imports/{name}") as file:
        assert not file.read().startswith(b"PK")

    press(page, draft, report, "all")

    assert name not in parked_files()
    answer = page.get(report)
    assert answer.headers["Location"] == url(draft)


def test_a_parked_sheet_is_one_persons_for_one_dossier(
    page: Client, draft: Dossier, clerk: User
) -> None:
    token = parked.park(CLEAN, dossier=draft.uuid, owner=clerk.uuid)

    with pytest.raises(parked.NotParked):
        parked.unpark(token, dossier=uuid.uuid4(), owner=clerk.uuid)
    with pytest.raises(parked.NotParked):
        parked.unpark(token, dossier=draft.uuid, owner=uuid.uuid4())
    assert parked.unpark(token, dossier=draft.uuid, owner=clerk.uuid) == CLEAN


def test_sheets_left_behind_are_removed_after_a_day(draft: Dossier, clerk: User) -> None:
    token = parked.park(CLEAN, dossier=draft.uuid, owner=clerk.uuid)
    made = default_storage.get_modified_time(f"imports/{token}.sealed")

    later = made + parked.KEPT_FOR
    parked.drop_old(now=later)  # what other tests left
    assert parked.unpark(token, dossier=draft.uuid, owner=clerk.uuid) == CLEAN
    assert parked.drop_old(now=later + timedelta(minutes=1), most=1) == 1
    assert parked.drop_old(now=later + timedelta(minutes=1)) == 0

    with pytest.raises(parked.NotParked):
        parked.unpark(token, dossier=draft.uuid, owner=clerk.uuid)


def test_the_pages_after_the_upload_read_no_sheet(
    page: Client, draft: Dossier, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = uploaded(page, draft, DAMAGED)
    monkeypatch.setattr(spreadsheets, "read_rows", None)

    shown = page.get(report).content.decode()
    answer = press(page, draft, report, "good", accepted=["2:4"])

    assert all(f"<strong>{cell}</strong>" in shown for cell in ("D2", "D3", "F8", "O9", "H13"))
    assert answer.status_code == 302
    assert draft.items.count() == 12


@pytest.mark.parametrize("content", [CLEAN, DAMAGED], ids=["clean", "damaged"])
def test_what_was_kept_of_a_sheet_tells_what_the_sheet_does(content: bytes) -> None:
    reading, again = (spreadsheets.read_rows(PERSON, content) for _ in range(2))
    for one in (reading, again):
        one.checks = check_rows(PERSON, one.numbered, builders.TODAY, variant="")

    packed = json.loads(json.dumps(kept_of(reading)))
    unpacked = readings.unpack(PERSON, packed, variant="", today=builders.TODAY)

    assert unpacked is not None
    assert report_of(unpacked) == report_of(again)


def kept_of(reading: spreadsheets.Reading) -> dict[str, Any]:
    return dict(readings.pack(PERSON, reading, variant="", today=builders.TODAY))


def report_of(reading: spreadsheets.Reading) -> spreadsheets.SheetReport:
    def find(rows: Any, known: Any) -> Any:
        return {number: (known or {}).get(number, ()) for number, _answers in rows}

    return spreadsheets.judge(PERSON, reading, find=find)


@pytest.mark.parametrize(
    "damage",
    [
        {"stamp": ["another version of the code"]},
        {"rows": [["2"]]},
        {"rows": [[2, ["Lò Văn Sai"], {}, {}, [], False]]},
        {"rows": [[2, [""] * 18 + [1], {}, {}, [], False]]},
        {"rows": [[2, [""] * 19, {"nothing": "x"}, {}, [], False]]},
        {"rows": None},
        {"findings": [["code", "message", "grave", "", False]]},
        {"findings": [["code", "message", "error", "", "no"]]},
        {"checks": [[2, [["full_name", 7]]]]},
        {"notes": [[1, 1, []]]},
    ],
)
def test_what_was_kept_of_a_sheet_by_other_code_or_damaged_is_not_taken(
    page: Client, draft: Dossier, clerk: User, damage: dict[str, Any]
) -> None:
    content = sheet(person_answers(1))
    kept = kept_of(spreadsheets.read_rows(PERSON, content))
    assert readings.unpack(PERSON, kept | damage, variant="", today=builders.TODAY) is None
    token = parked.park(content, dossier=draft.uuid, owner=clerk.uuid, reading=kept | damage)
    report = reverse("requests_app:import_report", args=[draft.uuid, token])

    assert "Cả 1 dòng đều tốt" in page.get(report).content.decode()
    press(page, draft, report, "all")

    assert names(draft) == [person_answers(1)["full_name"]]


def test_what_was_kept_of_a_sheet_holds_for_the_day_form_and_language(draft: Dossier) -> None:
    kept = kept_of(spreadsheets.read_rows(PERSON, CLEAN))
    today, tomorrow = builders.TODAY, builders.TODAY + timedelta(days=1)

    assert readings.unpack(PERSON, kept, variant="", today=today)
    assert readings.unpack(PERSON, kept, variant="", today=tomorrow) is None
    assert readings.unpack(PERSON, kept, variant="other", today=today) is None
    other = kinds.get("mau_02_organisation")
    assert readings.unpack(other, kept, variant="", today=today) is None
    with translation.override("en"):
        assert readings.unpack(PERSON, kept, variant="", today=today) is None


def test_the_register_is_asked_again_before_the_rows_are_written(
    page: Client, draft: Dossier, clerk: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = uploaded(page, draft, sheet(person_answers(1), person_answers(2)))
    assert not page.get(report).context["report"].bad_rows

    def found(*_args: object, **_kwargs: object) -> dict[int, list[CellFinding]]:
        return {2: [CellFinding("identity_number", Finding("known_otherwise", "Đã có."))]}

    monkeypatch.setattr(register_findings, "findings", found)
    press(page, draft, report, "good")

    assert names(draft) == [person_answers(2)["full_name"]]


@pytest.mark.both
def test_a_long_sheet_comes_in_as_a_short_one_does(
    page: Client, draft: Dossier, clerk: User
) -> None:
    people = [person_answers(number) for number in range(1, 122)]
    import_rows(draft, people[:1], actor=clerk, now=NOW, version=draft.version)

    press(page, draft, uploaded(page, draft, sheet(*people[1:])), "all")

    items = list(draft.items.order_by("position"))
    assert [item.answers for item in items] == [dict(one) for one in people]
    assert [item.position for item in items] == list(range(1, 122))
    assert all(item.words.exists() for item in items)
    columns = ("storage", "decision", "outcome", "serial", "renews", "result", "certificate")
    assert len({tuple(getattr(item, name) for name in columns) for item in items}) == 1


def test_a_letter_out_for_signing_takes_no_import(page: Client, draft: Dossier) -> None:
    report = uploaded(page, draft, CLEAN)
    Dossier.objects.filter(pk=draft.pk).update(state=State.AWAITING_SIGNATURE)

    answer = press(page, draft, report, "all")

    assert answer.headers["Location"] == url(draft, "detail")
    assert not draft.items.exists()


@pytest.mark.parametrize("kind", list(kinds.KINDS))
def test_each_form_has_a_template_to_download(page: Client, kind: str) -> None:
    answer = page.get(reverse("requests_app:sheet_template", args=[kind]))

    assert answer.headers["Content-Disposition"].startswith("attachment")
    headers = [cell.value for cell in load_workbook(BytesIO(answer.content)).worksheets[0][1]]
    assert headers == [column.header for column in kinds.get(kind).sheet]


def test_no_form_no_template(page: Client) -> None:
    assert page.get(reverse("requests_app:sheet_template", args=["mau_77"])).status_code == 404


def test_the_exported_list_comes_back_whole_and_is_recorded(
    page: Client, draft: Dossier, clerk: User
) -> None:
    people = [person_answers(1), person_answers(2)]
    import_rows(draft, people, actor=clerk, now=NOW, version=draft.version)

    content = page.get(url(draft, "export_rows")).content

    report = spreadsheets.read(PERSON, content, today=builders.TODAY)
    assert [row.answers for row in report.rows] == [dict(one) for one in people]
    entry = AuditEntry.objects.order_by("-sequence")[0]
    assert (entry.action, entry.data) == ("dossier.export_rows", {"rows": 2})


@pytest.mark.parametrize("role", [Role.CLERK, Role.AUDITOR, Role.CA_OPERATOR, Role.ADMINISTRATOR])
def test_strangers_and_the_auditor_get_no_list(client: Client, draft: Dossier, role: Role) -> None:
    client.force_login(builders.user(role))

    assert client.get(url(draft, "export_rows")).status_code == 404
