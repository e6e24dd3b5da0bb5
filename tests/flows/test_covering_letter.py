"""An office that consolidates, through HTTP: ticks, one letter, two signatures, all at the CA."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from requests_app.covering_letters import forward_queue
from requests_app.models import CoveringLetter, Dossier
from requests_app.workflow import State
from tests import builders, story
from tests.flows.visitor import Visitor

pytestmark = pytest.mark.django_db


def _sent(people: story.Cast, rows: int) -> Dossier:
    now = timezone.now()
    own = people.agency.name
    answers = [builders.person_answers(10 * rows + number, org2=own) for number in range(rows)]
    draft = story.draft_of(people, "mau_01_person", answers, now=now)
    return story.send_in_ink(draft, people, now=now)


def test_many_dossiers_go_to_the_ca_under_one_letter_signed_in_ink() -> None:
    people = story.cast()
    ticked, also, left = (_sent(people, rows) for rows in (1, 2, 3))

    officer = Visitor(people.officer).open("/ho-so/").follow("Chuyển theo công văn")
    officer.press("hồ sơ đã đánh dấu", dossiers=[str(ticked.uuid), str(also.uuid)])
    letter = CoveringLetter.objects.get()
    assert "2 hồ sơ, 1 đơn vị, 3 trường hợp" in officer.words()
    officer.press("Trình lãnh đạo Sở ký")
    assert "Chưa nhập số" in officer.html
    officer.press(
        "Lưu số và ngày",
        letter_number="68/SKHCN-CĐS",
        letter_date=f"{timezone.localdate():%d/%m/%Y}",
    )
    officer.press("Trình lãnh đạo Sở ký")
    head = Visitor(people.office_head).open("/")
    head.follow("công văn chuyển hồ sơ chờ anh/chị").follow("68/SKHCN-CĐS")
    head.press("Xác nhận đã ký tay")
    assert "Chưa có bản quét" in head.html
    officer.open(f"/ho-so/cong-van-chuyen/{letter.uuid}/")
    scan = SimpleUploadedFile("quet.pdf", story.blank_pdf(), content_type="application/pdf")
    officer.press("Tải lên bản quét", files={"file": scan})
    head.open(f"/ho-so/cong-van-chuyen/{letter.uuid}/").press("Xác nhận đã ký tay")
    officer.open(f"/ho-so/cong-van-chuyen/{letter.uuid}/").press("Chuyển Cục")
    assert "Đã chuyển 0 trên 2 hồ sơ" in officer.words()

    forward_queue.forward_waiting(now=timezone.now())

    officer.open(f"/ho-so/cong-van-chuyen/{letter.uuid}/")
    assert "Đã chuyển 2 trên 2 hồ sơ" in officer.words()
    for dossier, state in (
        (ticked, State.FORWARDED),
        (also, State.FORWARDED),
        (left, State.SUBMITTED),
    ):
        dossier.refresh_from_db()
        assert dossier.state == state
    operator = Visitor(people.operator).open(f"/ho-so/{ticked.uuid}/")
    operator.follow("Số 68/SKHCN-CĐS")
    assert also.letter_number in operator.words()


@pytest.mark.usefixtures("ca")
def test_all_that_match_the_filter_go_under_a_letter_signed_with_pins() -> None:
    now = timezone.now()
    people = story.cast()
    office = people.officer.agency
    story.give_certificate(builders.organisation(office), now=now)
    people.office_head.person = builders.person("Vàng Văn Chủ", at=office)
    people.office_head.save()
    story.give_certificate(people.office_head.person, now=now)
    dossiers = [_sent(people, rows) for rows in (1, 2)]
    other = story.cast_beside(people)
    elsewhere = _sent(other, 3)

    officer = Visitor(people.officer).open("/ho-so/chuyen-cuc/?kind=mau_01_person")
    officer.press("Lập công văn cho tất cả")
    letter = CoveringLetter.objects.get()
    officer.press(
        "Lưu số và ngày",
        letter_number="69/SKHCN-CĐS",
        letter_date=f"{timezone.localdate():%d/%m/%Y}",
    )
    officer.press("Trình lãnh đạo Sở ký")
    head = Visitor(people.office_head).open(f"/ho-so/cong-van-chuyen/{letter.uuid}/")
    head.press("Ký công văn", pin="sai-ma-pin-1")
    assert "PIN không đúng" in head.html
    head.press("Ký công văn", pin=story.PIN)
    officer.open(f"/ho-so/cong-van-chuyen/{letter.uuid}/")
    officer.press("Ký số cơ quan và chuyển Cục", pin=story.PIN)
    forward_queue.forward_waiting(now=timezone.now())

    for dossier in dossiers:
        dossier.refresh_from_db()
        assert dossier.state == State.FORWARDED
    elsewhere.refresh_from_db()
    assert elsewhere.state == State.SUBMITTED
    letter.refresh_from_db()
    assert letter.signed_letter is not None
