"""What stands in a letter: the form's words, the rows in its columns, nothing invented."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from portal.agencies.models import AgencyKind
from portal.core.roles import Role
from portal.core.text.names import in_proper_letters
from portal.documents import letters
from requests_app import kinds
from requests_app.models import Dossier, DossierCopy, DossierItem
from requests_app.submission.letter_content import CA_ADDRESSEE, letter_of, refusal_letter_of
from requests_app.workflow import Route
from tests import builders
from tests.builders import person_answers

pytestmark = [pytest.mark.django_db, pytest.mark.paper]
CONTACT = {
    "full_name": "Lò Thị Hoa",
    "identity_number": "012184900777",
    "issued_on": "01/02/2022",
    "issue_place": "CCSQLHCVTTXH",
    "position": "Văn thư",
    "phone": "0912345678",
    "email": "vanthu.tanuyen@laichau.gov.vn",
    "address": "UBND xã Tân Uyên",
}


def dossier(kind: str = "mau_01_person", **columns: Any) -> Dossier:
    columns.setdefault("contact", CONTACT)
    return builders.dossier(kind=kind, rows=0, **columns)


def people(count: int) -> list[DossierItem]:
    return [
        DossierItem(position=number, title=f"Người {number}", answers=dict(person_answers(number)))
        for number in range(1, count + 1)
    ]


def test_the_letter_of_form_01_has_the_official_words() -> None:
    sent = dossier()
    letter = letter_of(sent, people(2))

    assert sent.office is not None  # via_office: it is addressed to it too
    assert letter.subject == "đề nghị cấp chứng thư chữ ký số chuyên dùng công vụ cho cá nhân"
    assert letter.addressees == [CA_ADDRESSEE, in_proper_letters(sent.office.name)]
    assert [label for label, _width, _group in letter.columns] == [
        column.label for column in kinds.get("mau_01_person").columns
    ]
    assert [row[:2] for row in letter.rows] == [
        ["1", person_answers(1)["full_name"]],
        ["2", person_answers(2)["full_name"]],
    ]
    assert letter.list_title == "Số lượng và danh sách đăng ký (2 cá nhân)"
    assert [[label for label, _value in line] for line in letter.contact] == [
        ["Họ và tên", "Số định danh cá nhân", "Ngày cấp", "Nơi cấp"],
        ["Chức vụ", "Số điện thoại di động", "Địa chỉ thư điện tử công vụ"],
        ["Địa chỉ tiếp nhận (địa chỉ cơ quan, tổ chức công tác)"],
    ]
    assert letter.recipients == ["Như trên;", "Lưu: VT, VHXH."]
    assert not letter.layout_note


def test_central_signing_has_its_own_subject() -> None:
    letter = letter_of(dossier(variant="central"), people(1))

    assert letter.subject.endswith("cho cá nhân sử dụng giải pháp ký số tập trung")
    assert letter.opening[0].endswith("cho cá nhân sử dụng giải pháp ký số tập trung như sau:")


def test_the_line_of_what_is_kept_names_the_drafting_unit_and_the_copies() -> None:
    for number, typed, line in (
        ("12/UBND-VHXH", "", "Lưu: VT, VHXH."),
        ("12/UBND-VHXH", "KTHT (02)", "Lưu: VT, KTHT (02)."),
        ("12/UBND", "", "Lưu: VT."),
        ("05/BB-UBND", "", "Lưu: VT."),
        ("", "", "Lưu: VT."),
    ):
        assert letters.filing_line(number, typed) == line
    kept = letter_of(dossier(letter_number="12/UBND-VX", filing="VHXH (02)"), people(1))
    assert kept.recipients[-1] == "Lưu: VT, VHXH (02)."


def test_number_and_day_stay_blank_until_they_are_entered() -> None:
    letter = letter_of(dossier(letter_number="", letter_date=None), people(1))

    assert letters.number_line(letter.number) == letters.BLANK_NUMBER
    assert letter.day is None


def test_a_peoples_committee_stands_alone_and_a_school_under_its_superior() -> None:
    committee = builders.agency("ỦY BAN NHÂN DÂN XÃ THỬ")
    school = builders.agency("TRƯỜNG THCS SỐ 1", parent=committee)

    assert letter_of(dossier(agency=committee), []).superior == ""
    assert letter_of(dossier(agency=school), []).superior == committee.name


def test_bodies_that_follow_get_a_line_under_recipients() -> None:
    made = dossier()
    DossierCopy.objects.create(dossier=made, agency=builders.office("SỞ TÀI CHÍNH"))

    assert letter_of(made, []).recipients == [
        "Như trên;",
        "Sở Tài chính (để theo dõi);",
        "Lưu: VT, VHXH.",
    ]


def test_the_heads_name_is_printed_when_there_is_one_head() -> None:
    made = dossier()
    assert letter_of(made, []).signer_name == ""

    builders.user(Role.HEAD, agency=made.agency, name="Vàng Văn Chỉ")
    assert letter_of(made, []).signer_name == "Vàng Văn Chỉ"

    builders.user(Role.HEAD, agency=made.agency)
    assert letter_of(made, []).signer_name == ""


def test_the_extra_text_follows_the_opening_in_paragraphs() -> None:
    letter = letter_of(dossier(note="Một.\n\nHai."), [])

    assert list(letter.opening[1:]) == ["Một.", "Hai."]


def test_form_07_says_that_its_layout_is_our_own() -> None:
    letter = letter_of(dossier("mau_07_handover", contact={}), [])

    assert "chưa đối chiếu" in letter.layout_note
    assert [label for label, _width, _group in letter.columns][-1] == "Ký nhận"


def test_a_refusal_names_each_row_and_its_reason() -> None:
    rows = people(2)
    for row in rows:
        row.decision_reason = f"Thiếu giấy tờ {row.position}"

    letter = refusal_letter_of(dossier(letter_number="7/UBND-VX"), rows)

    assert letter.agency == builders.ca().name
    assert letter.number == ""
    assert "số 7/UBND-VX ngày 20/11/2026" in letter.opening[0]
    assert [row[2] for row in letter.rows] == ["Thiếu giấy tờ 1", "Thiếu giấy tờ 2"]


def test_what_the_office_decides_itself_the_office_refuses() -> None:
    made = dossier(route=Route.OFFICE_ONLY, agency=builders.agency(office=builders.office()))

    letter = refusal_letter_of(made, people(1))

    assert made.office is not None
    assert letter.agency == made.office.name
    assert made.office.kind == AgencyKind.OFFICE


@pytest.mark.parametrize("kind", list(kinds.KINDS))
def test_every_form_prints(kind: str) -> None:
    answers = {one.name: "Nội dung thử" for one in kinds.get(kind).fields}
    rows = [DossierItem(position=1, title="Thử", answers=answers)]

    pdf = letters.render(letter_of(dossier(kind), rows))

    text = " ".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in text
    assert "Nội dung" in text
