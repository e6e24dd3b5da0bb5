"""The editor: everything typed is kept, nothing is overwritten unseen, it works without script."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.core.roles import Role
from requests_app import kinds
from requests_app.drafts import cells as editor_cells
from requests_app.drafts.services import create_draft, import_rows, remove_row, save_rows
from requests_app.kinds.base import has_errors
from requests_app.models import Dossier, DossierItem, Procedure
from requests_app.workflow import Route, State
from tests import builders
from tests.builders import NOW, person_answers
from tests.pages import flat

pytestmark = pytest.mark.django_db
PERSON = kinds.get("mau_01_person")


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def clerk() -> User:
    office = builders.office()
    for procedure, route in (
        (Procedure.ISSUE, Route.VIA_OFFICE),
        (Procedure.HANDOVER_NOTICE, Route.NOTICE),
    ):
        builders.routing(procedure, route, office=office)
    return builders.user(Role.CLERK, agency=builders.agency(office=office))


@pytest.fixture
def page(clerk: User) -> Client:
    client = Client()
    client.force_login(clerk)
    return client


@pytest.fixture
def draft(clerk: User) -> Dossier:
    return create_draft("mau_01_person", actor=clerk, now=NOW)


def fill(draft: Dossier, clerk: User, *rows: Mapping[str, str]) -> Dossier:
    """Put rows into a draft and return it as it is then."""
    import_rows(draft, rows, actor=clerk, now=NOW, version=draft.version)
    draft.refresh_from_db()
    return draft


def url(draft: Dossier, name: str = "editor") -> str:
    return reverse(f"requests_app:{name}", args=[draft.uuid])


def typed(item: DossierItem, **cells: str) -> dict[str, str]:
    return {editor_cells.cell_name(item.uuid, name): value for name, value in cells.items()}


def press(page: Client, draft: Dossier, button: str, **data: Any) -> Any:
    """Press a button of the editor with the form as it stands."""
    draft.refresh_from_db()
    form = {"version": draft.version, "page": 1, "do": button} | data
    return page.post(url(draft), form)


def rows(draft: Dossier) -> list[DossierItem]:
    return list(draft.items.order_by("position"))


def names(draft: Dossier) -> list[str]:
    return [item.answers.get("full_name", "") for item in rows(draft)]


def test_the_question_opens_a_draft_of_the_form(page: Client) -> None:
    answer = page.post(reverse("requests_app:start"), {"need": "mau_01_person:central"})

    draft = Dossier.objects.get()
    assert answer.headers["Location"] == url(draft)
    assert (draft.kind, draft.variant, draft.state) == ("mau_01_person", "central", State.DRAFT)


@pytest.mark.parametrize("need", ["", "mau_77", "mau_01_person:other"])
def test_no_answer_opens_nothing(page: Client, need: str) -> None:
    answer = page.post(reverse("requests_app:start"), {"need": need})

    assert answer.status_code == 200
    assert "Hãy chọn một việc" in answer.content.decode()
    assert not Dossier.objects.exists()


def test_every_form_stands_among_the_answers(page: Client) -> None:
    text = page.get(reverse("requests_app:start")).content.decode()

    assert all(f'value="{code}"' in text for code in kinds.KINDS)


def test_a_body_without_a_seal_is_told_who_writes_instead(page: Client, clerk: User) -> None:
    clerk.agency.has_seal = False
    clerk.agency.save()

    answer = page.post(reverse("requests_app:start"), {"need": "mau_01_person"})

    assert 'data-code="sender_has_no_seal"' in answer.content.decode()


@pytest.mark.parametrize("role", [Role.HEAD, Role.OFFICE_OFFICER, Role.CA_OPERATOR, Role.AUDITOR])
def test_only_clerks_start_dossiers(client: Client, role: Role) -> None:
    client.force_login(builders.user(role))

    assert client.get(reverse("requests_app:start")).status_code == 404


def test_what_is_wrong_is_kept_as_typed_and_told_beside_the_cell(
    page: Client, draft: Dossier
) -> None:
    press(page, draft, "add")
    (item,) = rows(draft)

    press(page, draft, "save", **typed(item, full_name="R2-D2", birth_on="31/02/1980"))

    (item,) = rows(draft)
    assert item.answers["full_name"] == "R2-D2"
    assert item.answers["birth_on"] == "31/02/1980"
    shown = page.get(url(draft)).content.decode()
    assert 'value="31/02/1980"' in shown
    assert "Không có ngày 31/02/1980" in shown
    assert 'href="#o-1-birth_on"' in shown


def test_a_row_nobody_has_typed_in_is_not_full_of_errors(page: Client, draft: Dossier) -> None:
    press(page, draft, "add")

    assert "Chưa nhập" not in page.get(url(draft)).content.decode()


def test_a_button_keeps_what_was_typed_in_other_rows(
    page: Client, draft: Dossier, clerk: User
) -> None:
    fill(draft, clerk, person_answers(1), person_answers(2))
    first, second = rows(draft)

    press(page, draft, f"duplicate:{first.uuid}", **typed(second, position="Kế toán"))

    assert len(names(draft)) == 3
    assert names(draft)[0] == names(draft)[2]
    assert rows(draft)[1].answers["position"] == "Kế toán"


def test_rows_move_up_and_down_and_stop_at_the_edge(
    page: Client, draft: Dossier, clerk: User
) -> None:
    fill(draft, clerk, {"full_name": "An"}, {"full_name": "Bình"})
    press(page, draft, f"up:{rows(draft)[1].uuid}")
    assert names(draft) == ["Bình", "An"]

    press(page, draft, f"up:{rows(draft)[0].uuid}")
    assert names(draft) == ["Bình", "An"]

    press(page, draft, f"down:{rows(draft)[0].uuid}")
    assert names(draft) == ["An", "Bình"]


def test_a_removed_row_can_be_put_back(page: Client, draft: Dossier, clerk: User) -> None:
    fill(draft, clerk, person_answers(1), {"full_name": "Bình"})
    press(page, draft, f"remove:{rows(draft)[0].uuid}")
    assert names(draft) == ["Bình"]
    assert "Lấy lại" in page.get(url(draft)).content.decode()

    press(page, draft, "restore")

    assert rows(draft)[1].answers == person_answers(1)
    assert "Lấy lại" not in page.get(url(draft)).content.decode()


def test_what_was_removed_lies_sealed_in_the_session(
    page: Client, draft: Dossier, clerk: User
) -> None:
    fill(draft, clerk, person_answers(1))

    press(page, draft, f"remove:{rows(draft)[0].uuid}")

    kept = json.dumps(dict(page.session))
    assert person_answers(1)["identity_number"] not in kept
    assert person_answers(1)["full_name"] not in kept


def test_an_offered_value_is_taken_with_one_press(
    page: Client, draft: Dossier, clerk: User
) -> None:
    fill(draft, clerk, person_answers(1, identity_number="12084900001"))
    (item,) = rows(draft)
    assert "Dùng 012084900001" in page.get(url(draft)).content.decode()

    press(page, draft, f"take:{item.uuid}:identity_number")

    assert rows(draft)[0].answers["identity_number"] == "012084900001"


def test_twenty_rows_stand_on_a_page_and_paging_keeps_what_was_typed(
    page: Client, draft: Dossier, clerk: User
) -> None:
    fill(draft, clerk, *(person_answers(number) for number in range(1, 46)))
    shown = page.get(url(draft) + "?page=3")
    assert len(shown.context["rows"]) == 5

    item = rows(draft)[44]
    answer = press(page, draft, "go:1", **typed(item, position="Kế toán"))

    assert answer.headers["Location"].endswith("?page=1")
    assert rows(draft)[44].answers["position"] == "Kế toán"


def test_the_summary_leads_to_cells_on_other_pages(
    page: Client, draft: Dossier, clerk: User
) -> None:
    people = [person_answers(number) for number in range(1, 25)]
    people[23] = person_answers(24, email="x@gmail.com")
    fill(draft, clerk, *people)

    assert 'href="?page=2#o-24-email"' in page.get(url(draft)).content.decode()


def test_a_page_of_rows_costs_few_queries(
    page: Client, draft: Dossier, clerk: User, django_assert_max_num_queries: Any
) -> None:
    fill(draft, clerk, *(person_answers(number) for number in range(1, 101)))

    page.get(url(draft))  # the day's first: that the numbers were read is recorded
    with django_assert_max_num_queries(21):
        page.get(url(draft))


BLOCK = "Lò Văn Anh\t04/08/1984\t012084900001\nLò Thị Bình\t05/08/1984\t12084900002\n"


def test_a_pasted_block_is_added_below(page: Client, draft: Dossier, clerk: User) -> None:
    fill(draft, clerk, {"full_name": "Cũ"})

    press(page, draft, "paste", pasted=BLOCK)

    assert names(draft) == ["Cũ", "Lò Văn Anh", "Lò Thị Bình"]
    assert rows(draft)[2].answers["identity_number"] == "12084900002"
    assert rows(draft)[2].answers["storage"] == "token"


def test_a_block_pasted_into_a_cell_fills_from_there_and_adds_the_rest(
    page: Client, draft: Dossier, clerk: User
) -> None:
    fill(draft, clerk, person_answers(1), person_answers(2))
    at = editor_cells.cell_name(rows(draft)[1].uuid, "position")

    press(page, draft, "paste", pasted="Kế toán\t0912345678\nVăn thư\t0912345679", paste_at=at)

    found = rows(draft)
    assert [item.answers["position"] for item in found] == ["Chuyên viên", "Kế toán", "Văn thư"]
    assert found[1].answers["full_name"] == person_answers(2)["full_name"]
    assert found[2].answers["phone"] == "0912345679"


def test_lines_of_the_whole_sheet_are_read_by_its_columns(page: Client, draft: Dossier) -> None:
    header = "\t".join(column.header for column in PERSON.sheet)
    answers = person_answers(1, storage="sim", carrier="Viettel", converts_number="x")
    line = "\t".join(
        column.text(answers.get(column.field, "")) if column.field else "1"
        for column in PERSON.sheet
    )

    press(page, draft, "paste", pasted=f"{header}\n{line}\n\n")

    (item,) = rows(draft)
    assert item.answers == answers


def test_a_cell_with_a_line_break_is_one_cell(page: Client, draft: Dossier) -> None:
    press(page, draft, "paste", pasted='"Lò Văn\nAnh"\t04/08/1984')

    (item,) = rows(draft)
    assert item.answers["full_name"] == "Lò Văn Anh"
    assert item.answers["birth_on"] == "04/08/1984"


def test_one_pasted_column_fills_one_column(page: Client, draft: Dossier) -> None:
    press(page, draft, "paste", pasted="An\nBình\n")

    assert names(draft) == ["An", "Bình"]


def test_more_rows_than_a_letter_takes_are_refused_and_nothing_is_lost(
    page: Client, draft: Dossier, clerk: User
) -> None:
    fill(draft, clerk, {"full_name": "An"})

    answer = press(page, draft, "paste", pasted="Bình\n" * 5000)

    assert 'data-code="too_many_rows"' in answer.content.decode()
    assert names(draft) == ["An"]


def quietly(page: Client, draft: Dossier, version: int, **cells: str) -> Any:
    headers = {"accept": "application/json"}
    return page.post(url(draft), {"version": version, **cells}, headers=headers)


def test_the_script_saves_as_one_types(page: Client, draft: Dossier, clerk: User) -> None:
    fill(draft, clerk, person_answers(1))
    (item,) = rows(draft)

    answer = quietly(page, draft, draft.version, **typed(item, email="x@gmail.com"))

    found = answer.json()
    assert found["version"] == draft.version + 1
    assert found["saved"].startswith("Đã lưu lúc ")
    assert found["rows"][str(item.uuid)]["email"]["invalid"]
    assert "full_name" not in found["rows"][str(item.uuid)]
    assert found["states"][str(item.uuid)][0] == "danger"
    assert f"#o-{item.position}-email" in found["problems"]
    assert rows(draft)[0].answers["email"] == "x@gmail.com"


def test_saving_what_is_the_same_writes_nothing(page: Client, draft: Dossier, clerk: User) -> None:
    fill(draft, clerk, person_answers(1))
    (item,) = rows(draft)
    entries = AuditEntry.objects.count()

    answer = quietly(page, draft, draft.version, **typed(item, position="Chuyên viên"))

    assert answer.json()["version"] == draft.version
    assert AuditEntry.objects.count() == entries


def test_a_mark_taken_away_is_saved(page: Client, draft: Dossier, clerk: User) -> None:
    fill(draft, clerk, person_answers(1, converts_number="x"))
    (item,) = rows(draft)

    press(page, draft, "save", **typed(item, converts_number=""))

    assert rows(draft)[0].answers["converts_number"] == ""


def test_the_script_is_told_when_somebody_else_saved(
    page: Client, draft: Dossier, clerk: User
) -> None:
    fill(draft, clerk, person_answers(1))
    (item,) = rows(draft)

    answer = quietly(page, draft, draft.version - 1, **typed(item, position="Kế toán"))

    assert answer.status_code == 409
    assert answer.json() == {"conflict": True}
    assert rows(draft)[0].answers["position"] == "Chuyên viên"


def test_two_windows_do_each_other_no_harm(page: Client, draft: Dossier, clerk: User) -> None:
    fill(draft, clerk, person_answers(1))
    (item,) = rows(draft)
    was = editor_cells.snapshot([item])
    version = draft.version
    other = {item.uuid: {"position": "Kế toán", "phone": "0912345678"}}
    save_rows(draft, other, actor=clerk, now=NOW, version=version)

    mine = typed(item, **(item.answers | {"position": "Văn thư"}))
    answer = page.post(url(draft), {"version": version, "was": was, "do": "save", **mine})

    assert answer.status_code == 409
    (kept,) = rows(draft)
    assert kept.answers["position"] == "Kế toán"
    shown = {cell.field.name: cell for cell in answer.context["rows"][0].cells}
    assert shown["position"].value == "Văn thư"
    assert shown["position"].stored == "Kế toán"
    assert shown["phone"].value == "0912345678", "what only the other window changed stays"
    assert [(clash.mine, clash.theirs) for clash in answer.context["clashes"]] == [
        ("Văn thư", "Kế toán")
    ]

    press(page, draft, "save", was=editor_cells.snapshot([kept]), **typed(kept, position="Văn thư"))
    assert rows(draft)[0].answers["position"] == "Văn thư"


def test_what_was_typed_in_a_row_that_is_gone_is_shown(
    page: Client, draft: Dossier, clerk: User
) -> None:
    fill(draft, clerk, person_answers(1), person_answers(2))
    first, _second = rows(draft)
    was = editor_cells.snapshot([first])
    version = draft.version
    remove_row(draft, first.uuid, actor=clerk, now=NOW, version=version)

    answer = page.post(
        url(draft),
        {"version": version, "was": was, "do": "save", **typed(first, position="Văn thư")},
    )

    assert answer.status_code == 409
    assert "anh/chị nhập “Văn thư”" in answer.content.decode()


def test_what_is_typed_is_text_on_the_page(page: Client, draft: Dossier, clerk: User) -> None:
    fill(draft, clerk, person_answers(1, position="<script>alert(1)</script>"))

    shown = page.get(url(draft)).content.decode()

    assert "<script>alert(1)" not in shown
    assert "&lt;script&gt;alert(1)" in shown


def test_a_code_that_is_none_stays_in_sight(page: Client, draft: Dossier, clerk: User) -> None:
    fill(draft, clerk, person_answers(1, storage="USB", converts_number="có"))

    shown = page.get(url(draft)).content.decode()

    assert "USB (không có)" in shown
    assert 'value="có"' in shown


@pytest.mark.parametrize("name", ["editor", "letter_data", "import"])
def test_another_bodys_clerk_finds_no_draft(client: Client, draft: Dossier, name: str) -> None:
    client.force_login(builders.user(Role.CLERK))

    assert client.get(url(draft, name)).status_code == 404
    assert client.post(url(draft, name), {"version": 1}).status_code == 404


@pytest.mark.parametrize("name", ["editor", "letter_data", "import"])
def test_the_head_reads_but_does_not_edit(client: Client, draft: Dossier, name: str) -> None:
    client.force_login(builders.user(Role.HEAD, agency=draft.agency))

    answer = client.get(url(draft, name))

    assert answer.headers["Location"] == url(draft, "detail")


def test_a_letter_that_is_out_for_signing_is_not_edited(
    page: Client, draft: Dossier, clerk: User
) -> None:
    fill(draft, clerk, person_answers(1))
    (item,) = rows(draft)
    Dossier.objects.filter(pk=draft.pk).update(state=State.AWAITING_SIGNATURE)

    answer = press(page, draft, "save", **typed(item, position="Văn thư"))

    assert answer.status_code == 409
    assert rows(draft)[0].answers["position"] == "Chuyên viên"


def test_a_row_of_another_dossier_is_not_touched(page: Client, draft: Dossier, clerk: User) -> None:
    other = fill(create_draft("mau_01_person", actor=clerk, now=NOW), clerk, person_answers(1))
    (item,) = rows(other)

    press(page, draft, "save", **typed(item, position="Văn thư"))
    answer = press(page, draft, f"remove:{item.uuid}")

    assert answer.status_code == 404
    assert rows(other)[0].answers["position"] == "Chuyên viên"


@pytest.mark.parametrize("row", ["", "abc", str(UUID(int=0))])
def test_a_button_for_no_row_is_not_found(page: Client, draft: Dossier, row: str) -> None:
    assert press(page, draft, f"duplicate:{row}").status_code == 404


LETTER = {
    "letter_number": "12/UBND-VHXH",
    "letter_date": "20/11/2026",
    "note": "Đề nghị xem xét sớm.",
    "contact_full_name": "Lò Thị Hoa",
    "contact_identity_number": "012184900777",
    "contact_issued_on": "01/02/2022",
    "contact_issue_place": "CCSQLHCVTTXH",
    "contact_position": "Văn thư",
    "contact_phone": "0912345678",
    "contact_email": "vanthu.tanuyen@laichau.gov.vn",
    "contact_address": "UBND xã Tân Uyên",
}


def send_letter(page: Client, draft: Dossier, **changes: str) -> Any:
    draft.refresh_from_db()
    return page.post(url(draft, "letter_data"), {"version": draft.version, **LETTER, **changes})


def test_the_letters_data_is_kept(page: Client, draft: Dossier) -> None:
    answer = send_letter(page, draft, do="check")

    draft.refresh_from_db()
    assert answer.headers["Location"] == url(draft, "check")
    assert draft.letter_number == "12/UBND-VHXH"
    assert draft.letter_date == builders.TODAY
    assert draft.contact["phone"] == "0912345678"
    assert not has_errors(PERSON.contact_cells(draft.contact, builders.TODAY))


def test_a_blank_number_is_allowed_and_a_wrong_one_is_kept_and_told(
    page: Client, draft: Dossier
) -> None:
    send_letter(page, draft, letter_number="", letter_date="")
    draft.refresh_from_db()
    assert (draft.letter_number, draft.letter_date) == ("", None)

    send_letter(page, draft, letter_number="số 12", contact_email="hoa@gmail.com")
    draft.refresh_from_db()
    assert draft.letter_number == "số 12"
    assert draft.contact["email"] == "hoa@gmail.com"
    shown = page.get(url(draft, "letter_data")).content.decode()
    assert "không đúng dạng số, ký hiệu" in shown
    assert "gmail.com là hộp thư cá nhân" in shown


def test_a_day_that_is_none_loses_nothing_else(page: Client, draft: Dossier) -> None:
    answer = send_letter(page, draft, letter_date="31/02/2026")

    draft.refresh_from_db()
    assert draft.contact["full_name"] == "Lò Thị Hoa"
    shown = flat(answer)
    assert "Không có ngày 31/02/2026" in shown
    assert 'value="31/02/2026"' in shown
    assert f'name="version" value="{draft.version}"' in shown


def test_two_windows_of_the_letter_show_both(page: Client, draft: Dossier) -> None:
    version = draft.version
    send_letter(page, draft, letter_number="13/UBND-VHXH")

    answer = page.post(url(draft, "letter_data"), {"version": version, **LETTER})

    draft.refresh_from_db()
    assert draft.letter_number == "13/UBND-VHXH"
    shown = answer.content.decode()
    assert "Đang lưu: “13/UBND-VHXH”" in shown
    assert 'value="12/UBND-VHXH"' in shown


def test_a_new_dossier_proposes_the_last_contact(page: Client, draft: Dossier, clerk: User) -> None:
    send_letter(page, draft)
    new = create_draft("mau_01_person", actor=clerk, now=NOW)

    shown = page.get(url(new, "letter_data")).content.decode()

    assert 'value="Lò Thị Hoa"' in shown
    new.refresh_from_db()
    assert new.contact == {}


@pytest.mark.parametrize("day", ["5/3/1990", "05031990", "5.3.1990", "5-3-1990", "1990-03-05"])
def test_a_day_is_understood_however_it_is_typed_and_kept_in_full(
    page: Client, draft: Dossier, clerk: User, day: str
) -> None:
    fill(draft, clerk, {"full_name": "Lò Văn An"})
    (item,) = rows(draft)

    press(page, draft, "save", **typed(item, birth_on=day))

    (item,) = rows(draft)
    assert item.answers["birth_on"] == "05/03/1990"
    assert 'value="05/03/1990"' in page.get(url(draft)).content.decode()


def test_saving_as_one_types_shows_the_day_in_full_and_offers_what_was_meant(
    page: Client, draft: Dossier, clerk: User
) -> None:
    fill(draft, clerk, {"full_name": "Lò Văn An"})
    (item,) = rows(draft)
    draft.refresh_from_db()

    answer = page.post(
        url(draft),
        {"version": draft.version} | typed(item, birth_on="5/3/1990", issued_on="10/5/23"),
        headers={"Accept": "application/json"},
    ).json()

    told = answer["rows"][str(item.uuid)]
    assert answer["days"] == {editor_cells.cell_name(item.uuid, "birth_on"): "05/03/1990"}
    assert "birth_on" not in told
    assert told["issued_on"]["offer"] == "10/05/2023"
    assert f'value="take:{item.uuid}:issued_on"' in page.get(url(draft)).content.decode()

    press(page, draft, f"take:{item.uuid}:issued_on")

    assert rows(draft)[0].answers["issued_on"] == "10/05/2023"


def test_a_saved_day_is_no_change_when_the_page_sends_it_as_typed(
    page: Client, draft: Dossier, clerk: User
) -> None:
    fill(draft, clerk, {"full_name": "Lò Văn An", "birth_on": "05/03/1990"})
    before = draft.version

    press(page, draft, "save", **typed(rows(draft)[0], birth_on="5/3/1990"))

    draft.refresh_from_db()
    assert draft.version == before


def letter(draft: Dossier, **data: str) -> dict[str, Any]:
    draft.refresh_from_db()
    return {"version": draft.version, "letter_number": "12/UBND-VX"} | data


def test_the_letters_days_are_read_and_offered_alike(page: Client, draft: Dossier) -> None:
    address = url(draft, "letter_data")
    typed_days = {"letter_date": "19.11.2026", "contact_issued_on": "5/3/2021"}

    page.post(address, letter(draft, **typed_days))

    draft.refresh_from_db()
    assert f"{draft.letter_date:%d/%m/%Y}" == "19/11/2026"
    assert draft.contact["issued_on"] == "05/03/2021"

    shown = page.post(address, letter(draft, letter_date="18/11/26", contact_issued_on="5/3/21"))
    text = shown.content.decode()
    assert 'name="letter_date-dung" value="18/11/2026"' in text
    assert 'name="contact_issued_on-dung" value="05/03/2021"' in text
    taken = {"letter_date": "18/11/26", "letter_date-dung": "18/11/2026"}
    page.post(address, letter(draft, **taken))
    draft.refresh_from_db()
    assert f"{draft.letter_date:%d/%m/%Y}" == "18/11/2026"


def test_a_new_row_begins_with_the_senders_profile_and_counts_as_blank(
    page: Client, draft: Dossier, clerk: User
) -> None:
    press(page, draft, "add")

    (item,) = rows(draft)
    assert item.answers == {
        "org1": clerk.agency.name,
        "province": "Lai Châu",
        "storage": "token",
    }
    answer = page.get(url(draft))
    assert answer.context["problem_count"] == 0
    text = flat(answer)
    assert 'list="co-noi-cap"' in text
    assert '<option value="Bộ Công an"></option>' in text
    assert f'<option value="{clerk.agency.name}"></option>' in text
    assert '<option value="Điện Biên"></option>' in text


def test_the_first_row_of_form_02_is_about_the_sender(page: Client, clerk: User) -> None:
    draft = create_draft("mau_02_organisation", actor=clerk, now=NOW)

    press(page, draft, "add")
    press(page, draft, "add")

    first, second = (item.answers for item in rows(draft))
    assert (first["name"], first["address"]) == (clerk.agency.name, "Bản Thử")
    assert "name" not in second


def test_the_letter_offers_the_senders_address_and_the_places_of_issue(
    page: Client, draft: Dossier
) -> None:
    text = flat(page.get(url(draft, "letter_data")))

    assert 'value="Bản Thử"' in text
    assert 'list="co-noi-cap"' in text
