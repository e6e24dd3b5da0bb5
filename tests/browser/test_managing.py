"""What an office manages, in a browser: the plan of demand, supervision of use, the yearly report;
and at the CA's desk, what a court asks for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from portal.agencies.models import Agency
from portal.core.roles import Role
from portal.demand.models import DemandProposal, DemandRound
from portal.reports import tasks as report_tasks
from portal.reports.models import Report
from portal.usage.receiving.services import receive
from requests_app import tasks
from requests_app.models import ProceedingsRequest
from tests import builders, story
from tests.browser.tour import Tour, aside, press
from tests.usage import builders as usage

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def office() -> Agency:
    builders.ca()
    return builders.office()


def test_a_round_is_opened_answered_and_summed_up(tour: Tour, office: Agency) -> None:
    body = builders.agency(office=office)
    officer = tour.page_of(builders.user(Role.OFFICE_OFFICER, agency=office))
    year = timezone.localdate().year + 1

    officer.goto(reverse("demand:list"))
    officer.get_by_role("link", name="Mở đợt đề xuất").click()
    officer.get_by_label("Tên đợt").fill("Nhu cầu năm sau")
    officer.get_by_label("Từ năm").fill(str(year))
    officer.get_by_label("Đến năm").fill(str(year))
    officer.get_by_label("Hạn gửi").fill(f"{timezone.localdate() + timedelta(days=9):%d/%m/%Y}")
    tour.look(officer, "mo-dot")
    press(officer, "Mở đợt")

    of = DemandRound.objects.get()
    clerk = tour.page_of(builders.user(Role.CLERK, agency=body))
    clerk.goto(reverse("demand:round", args=[of.uuid]))
    press(clerk, "Lập đề xuất")
    press(clerk, "Điền theo số hệ thống đề xuất")
    tour.look(clerk, "de-xuat")
    clerk.locator("[name^=organisation_]").first.fill("4")
    press(clerk, "Lưu số lượng")

    assert DemandProposal.objects.get().cells["organisation"] == {str(year): 4}
    officer.goto(reverse("demand:round", args=[of.uuid]))
    expect(officer.locator("main")).to_contain_text(body.name)
    tour.look(officer, "dot")
    assert tour.faults == []


def test_supervision_leads_from_its_numbers_to_a_certificate(tour: Tour, office: Agency) -> None:
    now = timezone.now()
    body = builders.agency(office=office)
    officer = builders.user(Role.OFFICE_OFFICER, agency=office)
    used = builders.certificate(subscriber=builders.person("Lò Thị Dùng", at=body))
    idle = builders.certificate(subscriber=builders.person("Lò Văn Nghỉ", at=body))
    system = usage.system(agency=body, by=officer)
    told = [usage.event(used.serial, now - timedelta(days=days)) for days in (1, 2, 120)]
    receive(system, told, channel="api", now=now)
    page = tour.page_of(officer)

    page.goto(reverse("usage:overview"))
    tour.look(page, "giam-sat")
    page.goto(f"{reverse('usage:certificates')}?use=90")
    expect(page.locator("#ket-qua")).to_contain_text(idle.serial)
    tour.look(page, "khong-dung")
    page.goto(reverse("usage:certificate", args=[used.uuid]))
    expect(page.locator("main")).to_contain_text(system.name)
    tour.look(page, "su-dung-mot-chung-thu")
    assert tour.faults == []


def test_the_yearly_report_is_counted_read_and_followed(tour: Tour, office: Agency) -> None:
    body = builders.agency(office=office)
    builders.certificate(subscriber=builders.person("Lò Thị Đếm", at=body))
    page = tour.page_of(builders.user(Role.OFFICE_OFFICER, agency=office))

    page.goto(reverse("reports:list"))
    page.get_by_label("Năm", exact=False).first.check()
    press(page, "Tính số liệu")
    aside(report_tasks.count)
    page.goto(reverse("reports:report", args=[Report.objects.get().uuid]))
    tour.look(page, "bao-cao")
    page.locator("main a[href*='/chung-thu/valid/']").first.click()
    expect(page.locator("main")).to_contain_text("Lò Thị Đếm")
    tour.look(page, "danh-sach-cua-con-so")
    page.goto(reverse("reports:charts"))
    tour.look(page, "bieu-do")
    assert tour.faults == []


def test_what_a_court_asks_is_recorded_decided_and_answered(tour: Tour, office: Agency) -> None:
    body = builders.agency(office=office)
    named = builders.certificate(subscriber=builders.person("Lò Văn Án", at=body))
    today = f"{timezone.localdate():%d/%m/%Y}"
    operator = tour.page_of(builders.user(Role.CA_OPERATOR))

    operator.goto(reverse("proceedings:list"))
    operator.get_by_role("link", name="Ghi yêu cầu").click()
    operator.get_by_label("Loại cơ quan yêu cầu").select_option(label="Tòa án")
    for field, words in (
        ("asker", "Tòa án nhân dân khu vực 1"), ("letter_number", "12/TA"), ("letter_date", today),
        ("basis", "Vụ án hình sự"), ("named", "Lò Văn Án"), ("serials", named.serial[:-1]),
    ):  # fmt: skip
        operator.locator(f"[name={field}]").fill(words)
    scan = {"name": "ta.pdf", "mimeType": "application/pdf", "buffer": story.blank_pdf()}
    operator.locator("[name=scan]").set_input_files(scan)  # type: ignore[arg-type]
    press(operator, "Ghi và trình phê duyệt")
    expect(operator.locator("[data-code=unknown_serial]")).to_be_visible()
    tour.look(operator, "ghi-yeu-cau")
    operator.locator("[name=serials]").fill(named.serial)
    operator.locator("[name=scan]").set_input_files(scan)  # type: ignore[arg-type]
    press(operator, "Ghi và trình phê duyệt")

    path = reverse("proceedings:request", args=[ProceedingsRequest.objects.get().uuid])
    supervisor = tour.page_of(builders.user(Role.CA_SUPERVISOR))
    supervisor.goto(path)
    tour.look(supervisor, "phe-duyet-yeu-cau")
    press(supervisor, "Phê duyệt thu hồi")
    aside(tasks.answer_proceedings)
    operator.goto(path)
    expect(operator.get_by_role("link", name="Tải văn bản trả lời")).to_be_visible()
    tour.look(operator, "da-tra-loi")
    operator.goto(reverse("proceedings:list"))
    tour.look(operator, "cac-yeu-cau")
    assert tour.faults == []
