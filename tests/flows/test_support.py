"""A locked device is asked about; the IT officer, or the office's team under a mandate, writes the
Mẫu 06, and the body itself numbers, signs and sends it."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.core.roles import Role
from portal.support.models import Question
from portal.support.workflow import Category, State
from requests_app.models import Dossier, RecoveryMandate
from requests_app.workflow import State as Stage
from tests import builders, story
from tests.flows.visitor import Visitor
from tests.requests_app import recovery

pytestmark = [pytest.mark.both, pytest.mark.django_db]


def _ask(visitor: Visitor, page: str) -> str:
    """Ask about a locked device from its page; return the question's."""
    visitor.open(page).follow("Hỏi hỗ trợ")
    visitor.press(
        "Xem lại", subject="Thiết bị bị khóa", text="Sai PIN mười lần.", category=Category.LOCKED
    )
    return visitor.press("Gửi đến bàn hỗ trợ").path


def _fill(visitor: Visitor, dossier: Dossier) -> None:
    contact: dict[str, Any] = {f"contact_{name}": value for name, value in recovery.CONTACT.items()}
    visitor.open(f"/ho-so/{dossier.uuid}/soan/van-ban/")
    visitor.press("Lưu", letter_number="99/UBND", letter_date="20/11/2026", **contact)
    dossier.refresh_from_db()


@pytest.mark.usefixtures("ca")
def test_from_a_locked_device_to_a_letter_that_the_body_sends() -> None:
    people = story.able_to_sign(recovery.cast(), now=timezone.now())
    device = recovery.locked(people)
    officer = Visitor(builders.user(Role.IT_OFFICER, agency=people.agency))
    team = Visitor(builders.user(Role.SUPPORT_TEAM, agency=people.officer.agency))
    page = f"/thiet-bi/{device.uuid}/"

    path = _ask(officer, page)
    question = Question.objects.get()
    assert question.device == device
    assert not team.open(path).has_button("Lập Mẫu 06")  # nobody gave a mandate
    officer.open(path).press("Lập Mẫu 06")
    dossier = Dossier.objects.get(kind="mau_06_recover")
    _fill(officer, dossier)
    assert dossier.letter_number == ""  # it is another's to give
    assert dossier.items.get().device == device
    assert not officer.open(f"/ho-so/{dossier.uuid}/kiem-tra/").has_button("Trình lãnh đạo ký")
    assert not officer.open("/").has_button("Lập hồ sơ mới")
    assert officer.client.post("/ho-so/lap-moi/", {"need": "mau_01_person"}).status_code == 404
    _fill(Visitor(people.clerk), dossier)
    Visitor(people.clerk).open(f"/ho-so/{dossier.uuid}/kiem-tra/").press("Trình lãnh đạo ký")
    dossier.refresh_from_db()
    assert dossier.state == Stage.AWAITING_SIGNATURE
    Visitor(people.head).open(f"/ho-so/{dossier.uuid}/ky/").press("Ký", pin=story.PIN)
    Visitor(people.clerk).open(f"/ho-so/{dossier.uuid}/ky/").press("gửi", pin=story.PIN)
    dossier.refresh_from_db()
    assert dossier.state == Stage.SUBMITTED
    team.open(path).press("Trả lời", text="Hồ sơ đã đến Sở.")
    officer.open(path).press("Xác nhận đã xong", rating="5")
    question.refresh_from_db()
    assert (question.state, question.recovery) == (State.CLOSED, dossier)


@pytest.mark.usefixtures("ca")
def test_a_mandate_lets_the_team_prepare_until_it_is_withdrawn() -> None:
    people = recovery.cast()
    device, other = recovery.locked(people), recovery.locked(people, "Lò Thị Khác")
    team = Visitor(builders.user(Role.SUPPORT_TEAM, agency=people.officer.agency))
    stranger = Visitor(builders.user(Role.SUPPORT_TEAM))
    head = Visitor(people.head)
    path = _ask(Visitor(people.head), f"/thiet-bi/{device.uuid}/")

    assert not head.open(path).has_button("Lập Mẫu 06")
    assert not Visitor(people.clerk).open(reverse("requests_app:mandates")).has_button("Ủy quyền")
    head.open(reverse("requests_app:mandates"))
    today = timezone.localdate()
    head.press("Ủy quyền", basis="12/UBND", valid_from="31/12/2027", valid_until="01/01/2027")
    assert 'data-code="mandate_has_ended"' in head.html
    day = f"{today:%d/%m/%Y}"
    head.press("Ủy quyền", basis="12/UBND", valid_from=day, valid_until=f"31/12/{today.year + 1}")
    head.press("Ủy quyền", basis="13/UBND", valid_from=day, valid_until=f"31/12/{today.year + 1}")
    assert RecoveryMandate.objects.count() == 1
    assert "12/UBND" in team.open(reverse("requests_app:mandates")).html

    team.open(path).press("Lập Mẫu 06")
    dossier = Dossier.objects.get(kind="mau_06_recover")
    assert dossier.agency == people.agency
    _fill(team, dossier)
    assert (dossier.letter_number, dossier.contact["full_name"]) == ("", "Lò Thị Nhận")
    assert stranger.open(f"/ho-so/{dossier.uuid}/").status == 404
    told = people.clerk.notices.get(target_uuid=dossier.uuid)
    Visitor(people.clerk).open(told.path).open(f"/ho-so/{dossier.uuid}/kiem-tra/")

    head.open(reverse("requests_app:mandates")).press("Rút ủy quyền")
    assert team.open(f"/ho-so/{dossier.uuid}/soan/").status == 404
    second = _ask(Visitor(people.clerk), f"/thiet-bi/{other.uuid}/")
    assert not team.open(second).has_button("Lập Mẫu 06")
    refused = team.client.post(f"/ho-so/lap-moi/tu-thiet-bi/{other.uuid}/", {"do": "recover"})
    assert refused.status_code == 404
