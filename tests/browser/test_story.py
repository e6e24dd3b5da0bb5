"""The story in a browser: from signing in to the downloaded certificate, and without script."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from devices.lifecycle import Custody
from devices.models import Device
from portal.ca.models import Certificate
from portal.ca.register import services as ca
from requests_app.drafts.cells import page_of
from requests_app.execution import services as execution
from requests_app.models import Dossier, Procedure
from requests_app.workflow import Route, State
from tests import builders, story
from tests.browser import acts
from tests.browser.tour import Tour, aside, follow, press
from tests.ca import requests

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SHEET = Path(__file__).parents[1] / "data" / "import_19_columns_clean.xlsx"
IN_THE_SHEET = {"token": 18, "sim": 3}  # and two RSSP, one HSM, one soft key
VIEWER = "embed[type='application/x-google-chrome-pdf']"
NAME = "Lê Thu Bình"


@pytest.mark.usefixtures("ca")
def test_a_sheet_becomes_a_certificate_that_is_downloaded(tour: Tour) -> None:
    people = story.able_to_sign(story.cast(), now=timezone.now())
    builders.routing(Procedure.HANDOVER_NOTICE, Route.NOTICE)
    _fill_the_stock()
    clerk = tour.page_of(None)

    _sign_in(tour, clerk, people.clerk.username)
    _draft_from_the_sheet(tour, clerk)
    dossier = Dossier.objects.get()
    _sign_and_seal(tour, people, clerk)
    _forward_decide_confirm(tour, people, dossier)
    _watch_it_being_issued(tour, clerk, dossier)
    _send_devices(tour, people)
    _receive_and_hand_over(tour, clerk)
    _tell_of_the_hand_over(tour, people, clerk)
    parsed = _download(tour, clerk)

    one = Certificate.objects.get(common_name=NAME)
    assert f"{parsed.serial_number:016X}" == one.serial
    assert tour.faults == []


def _fill_the_stock() -> None:
    now = timezone.now()
    carriers = {"sim": ["Viettel", "Vinaphone", "Mobifone"]}
    for kind, count in IN_THE_SHEET.items():
        for key, number in zip(ca.make_keys(kind, count, now=now), range(count), strict=True):
            device = builders.device(kind=kind, key_pair=key)
            device.carrier = carriers.get(kind, [""] * count)[number]
            device.save()


def _sign_in(tour: Tour, page: Page, username: str) -> None:
    page.goto("/")
    tour.look(page, "dang-nhap")
    page.get_by_label("Tên đăng nhập").fill(username)
    page.get_by_label("Mật khẩu").fill(builders.PASSWORD)
    press(page, "Đăng nhập")
    expect(page.locator("h1")).to_have_text("Việc cần làm")
    tour.look(page, "viec-can-lam-lan-dau")


def _draft_from_the_sheet(tour: Tour, page: Page) -> None:
    follow(page.get_by_role("link", name="Lập hồ sơ mới").first)
    tour.look(page, "lap-ho-so")
    page.get_by_text("Tôi biết mẫu cần dùng").click()
    page.get_by_label("Cấp chứng thư chữ ký số cho cá nhân").check()
    press(page, "Tiếp tục")
    follow(page.get_by_role("link", name="Nhập từ bảng tính").first)
    tour.look(page, "nhap-bang-tinh")
    page.locator("input[type=file]").set_input_files(SHEET)
    press(page, "Tải lên và kiểm tra")
    tour.look(page, "ket-qua-bang-tinh")
    press(page, "Nhập 25 dòng")
    tour.look(page, "soan-danh-sach")
    _bring_own_keys(page)
    tour.look(page, "tep-pkcs10")
    page.get_by_role("link", name="2. Văn bản và người liên hệ").click()
    acts.fill_letter(page, "12/UBND-VHXH")
    tour.look(page, "van-ban")
    press(page, "Tiếp: kiểm tra và trình ký")
    acts.answer_questions(page)
    tour.look(page, "kiem-tra")
    press(page, "Trình lãnh đạo ký")
    tour.look(page, "da-trinh")


def _bring_own_keys(page: Page) -> None:
    """The sheet has no column for the requests of HSM and soft keys: they are uploaded."""
    for item in Dossier.objects.get().items.filter(storage__in=["hsm", "soft"]):
        place = f"?page={page_of(item.position)}#o-{item.position}-csr"  # opens a folded row
        page.goto(page.url.partition("?")[0] + place)
        cell = page.locator(f'[data-row="{item.uuid}"]')
        request = requests.der(name=item.title)
        cell.locator("input[type=file]").set_input_files(
            {"name": "khoa.csr", "mimeType": "application/pkcs10", "buffer": request}
        )
        press(page, f"Đọc tệp Tệp đề nghị PKCS#10 (CSR), dòng {item.position}")
        expect(cell.locator(".key-words")).to_contain_text("EC-P256, SHA-256")


def _sign_and_seal(tour: Tour, people: story.Cast, clerk: Page) -> None:
    head = tour.page_of(people.head)
    head.goto("/")
    tour.look(head, "lanh-dao-viec-can-lam")
    head.get_by_role("link", name="Xem và ký").click()
    head.get_by_label("Mã PIN").fill("sai-ma-pin-1")
    press(head, "Ký")
    expect(head.locator("main")).to_contain_text("PIN không đúng")
    tour.look(head, "lanh-dao-ky-sai-pin")
    head.get_by_label("Mã PIN").fill(story.PIN)
    press(head, "Ký")
    tour.look(head, "lanh-dao-da-ky")

    clerk.goto("/")
    follow(clerk.get_by_role("link", name="Ký số và gửi"))
    tour.look(clerk, "van-thu-ky-so")
    clerk.get_by_label("Mã PIN").fill(story.PIN)
    press(clerk, "Ký số cơ quan và gửi")
    tour.look(clerk, "da-gui")


def _forward_decide_confirm(tour: Tour, people: story.Cast, dossier: Dossier) -> None:
    officer = tour.page_of(people.officer)
    officer.goto("/")
    tour.look(officer, "so-viec-can-lam")
    follow(officer.get_by_role("link", name="Xem xét"))
    tour.look(officer, "so-xem-xet")
    press(officer, "Chuyển Cục")

    operator = tour.page_of(people.operator)
    operator.goto("/")
    operator.get_by_role("link", name="Xem xét").click()
    press(operator, "Chấp nhận mọi dòng")
    tour.look(operator, "cuc-xu-ly-tung-dong")
    press(operator, "Trình phê duyệt")

    supervisor = tour.page_of(people.supervisor)
    supervisor.goto("/")
    follow(supervisor.get_by_role("link", name="Xem và phê duyệt"))
    tour.look(supervisor, "cuc-phe-duyet")
    press(supervisor, "Phê duyệt")
    tour.look(supervisor, "cuc-da-phe-duyet")
    dossier.refresh_from_db()
    assert dossier.state == State.ACCEPTED


def _watch_it_being_issued(tour: Tour, clerk: Page, dossier: Dossier) -> None:
    clerk.goto(reverse("requests_app:detail", args=[dossier.uuid]))
    expect(clerk.locator("#tien-do")).to_contain_text("Xong 0 trên 25")
    tour.look(clerk, "tien-do")

    assert execution.execute_accepted(now=timezone.now()) == 25

    # The page asks again by itself; nobody reloads it.
    expect(clerk.locator("#tien-do")).to_contain_text("Xong 25 trên 25")
    clerk.reload()
    expect(clerk.locator(".panel-next .tag").first).to_have_text("Hoàn thành")
    tour.look(clerk, "hoan-thanh")


def _send_devices(tour: Tour, people: story.Cast) -> None:
    operator = tour.page_of(people.operator)
    operator.goto("/")
    tour.look(operator, "cuc-viec-can-lam")
    follow(operator.get_by_role("link", name="chờ gửi về đơn vị"))
    tour.look(operator, "cuc-cho-gui")
    operator.get_by_role("link", name="Lập đợt bàn giao").click()
    operator.get_by_label("Bưu chính công ích").check()
    tour.look(operator, "cuc-lap-chuyen")
    press(operator, "Ghi nhận đã gửi")
    tour.look(operator, "cuc-da-gui-thiet-bi")
    assert not Device.objects.filter(custody=Custody.ALLOCATED).exists()


def _receive_and_hand_over(tour: Tour, clerk: Page) -> None:
    clerk.goto("/")
    follow(clerk.get_by_role("link", name="đang gửi về đơn vị"))
    tour.look(clerk, "thiet-bi-dang-gui-ve")
    clerk.get_by_role("link", name="nhận").last.click()
    clerk.get_by_label("Đánh dấu đã thấy tất cả").check()
    tour.look(clerk, "nhan-thiet-bi")
    press(clerk, "Xác nhận đã nhận")
    assert not Device.objects.filter(custody=Custody.ON_ITS_WAY).exists()

    clerk.goto("/")
    tour.look(clerk, "viec-can-lam-ve-thiet-bi")
    follow(clerk.get_by_role("link", name="chờ bàn giao cho thuê bao"))
    tour.look(clerk, "thiet-bi-cho-ban-giao")
    device = Device.objects.get(subscriber__name=NAME)
    line = clerk.get_by_role("row").filter(has_text=device.serial)
    line.get_by_role("link", name="Bàn giao").click()
    clerk.get_by_label("Số hiệu đọc trên thiết bị").fill(device.serial)
    clerk.get_by_label("Mã PIN do người nhận tự đặt").fill(story.PIN)
    clerk.get_by_label("Nhập lại mã PIN").fill(story.PIN)
    tour.look(clerk, "ban-giao")
    press(clerk, "Xác nhận đã bàn giao")
    tour.look(clerk, "da-ban-giao")
    device.refresh_from_db()
    assert device.custody == Custody.WITH_SUBSCRIBER


def _tell_of_the_hand_over(tour: Tour, people: story.Cast, clerk: Page) -> None:
    clerk.goto("/")
    tour.look(clerk, "viec-can-lam-mau-07")
    clerk.get_by_role("link", name="lập Mẫu 07").click()
    clerk.get_by_role("link", name="Lập Mẫu 07 cho các thiết bị này").click()
    press(clerk, "Lập hồ sơ Mẫu 07")
    tour.look(clerk, "mau-07-danh-sach")
    acts.submit(clerk, "13/UBND-VHXH")
    notice = Dossier.objects.get(kind="mau_07_handover")
    acts.sign(tour.page_of(people.head), notice)
    acts.seal(clerk, notice)
    operator = tour.page_of(people.operator)
    acts.open_page(operator, "detail", notice)
    press(operator, "Xác nhận đã nhận")
    notice.refresh_from_db()
    assert notice.state == State.COMPLETED


def _download(tour: Tour, clerk: Page) -> x509.Certificate:
    clerk.goto("/")
    menu = clerk.get_by_text("Mục chính")
    if menu.is_visible():  # on a telephone
        menu.click()
    follow(clerk.get_by_role("link", name="Chứng thư", exact=True).filter(visible=True).first)
    tour.look(clerk, "danh-sach-chung-thu")
    follow(clerk.get_by_role("link", name=NAME))
    tour.look(clerk, "chung-thu")
    with clerk.expect_download() as download:
        clerk.get_by_role("link", name="Tải tệp .cer").click()
    return x509.load_der_x509_certificate(Path(download.value.path()).read_bytes())


@pytest.mark.usefixtures("ca")
def test_without_script_a_dossier_is_started_filled_and_handed_to_the_head(tour: Tour) -> None:
    people = story.able_to_sign(story.cast(), now=timezone.now())
    page = tour.page_of(people.clerk, script=False, width=360)

    page.goto("/")
    page.get_by_role("link", name="Lập hồ sơ mới").first.click()
    page.get_by_text("Tôi biết mẫu cần dùng").click()
    page.get_by_label("Cấp chứng thư chữ ký số cho cá nhân").check()
    press(page, "Tiếp tục")
    page.get_by_role("link", name="Nhập từ bảng tính").first.click()
    page.locator("input[type=file]").set_input_files(SHEET)
    press(page, "Tải lên và kiểm tra")
    press(page, "Nhập 25 dòng")
    page.locator("summary", has_text="1.").first.click()
    page.locator("#o-1-position").fill("Kế toán trưởng")
    press(page, "Lưu")
    expect(page.locator("#o-1-position")).to_have_value("Kế toán trưởng")
    _bring_own_keys(page)
    page.get_by_role("link", name="2. Văn bản và người liên hệ").click()
    acts.fill_letter(page, "12/UBND-VHXH")
    press(page, "Tiếp: kiểm tra và trình ký")
    acts.answer_questions(page)
    press(page, "Trình lãnh đạo ký")

    dossier = Dossier.objects.get()
    assert dossier.state == State.AWAITING_SIGNATURE
    assert dossier.items.get(position=1).answers["position"] == "Kế toán trưởng"
    assert dossier.row_count == 25
    assert tour.faults == []


@pytest.mark.viewer
@pytest.mark.usefixtures("ca")
def test_the_letter_stands_in_the_page_and_in_a_tab_of_its_own(tour: Tour) -> None:
    now = timezone.now()
    people = story.able_to_sign(story.cast(), now=now)
    dossier = story.drafted(people, now=now)
    aside(lambda: story.sign_digitally(dossier, people, now=now))
    page = tour.page_of(people.officer)

    for name in ("review", "letter"):
        page.goto(reverse(f"requests_app:{name}", args=[dossier.uuid]))
        _wait_for_the_viewer(page)

    blocked = [fault for fault in tour.faults if "Content Security Policy" in fault]
    assert blocked == []


def _wait_for_the_viewer(page: Page) -> None:
    """Chromium shows a PDF in an <embed> of its own, in a frame inside the one of the page."""
    for _ in range(100):
        frames = [frame for frame in page.frames if "van-ban.pdf" in frame.url]
        if any(frame.locator(VIEWER).count() for frame in frames):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{page.url} shows no PDF: {[frame.url for frame in page.frames]}")
