"""The registers: what stands in them, for whom, at what price, and how they are taken away."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from io import BytesIO

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook
from pytest_django import Settings

from devices import services as devices
from devices.lifecycle import Condition, Custody, Move
from devices.models import CustodyMove, Device
from devices.returns.services import start_clocks
from portal.accounts.models import User
from portal.agencies.models import Affiliation, Agency
from portal.audit.models import AuditEntry
from portal.core.roles import OFFICE_ROLES, Role
from portal.core.web import sheets
from requests_app.models import DossierEvent
from requests_app.registers.books import registers
from requests_app.registers.books.handovers import HANDS_CHANGED
from requests_app.workflow import Action, State
from tests import builders, words
from tests.builders import NOW, TODAY

pytestmark = pytest.mark.django_db
MOST_QUERIES = 14
READERS = [role for role in Role if role is not Role.ADMINISTRATOR]


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def clerk() -> User:
    return builders.user(Role.CLERK, agency=builders.agency(office=builders.office()))


def page(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def url(slug: str) -> str:
    return reverse("registers:register", args=[slug])


def lines(user: User, slug: str, **params: str) -> list[dict[str, object]]:
    """Return the lines of the spreadsheet: header → value."""
    answer = page(user).get(url(slug), {**params, "export": "xlsx"})
    assert answer.status_code == 200
    header, *rows = load_workbook(BytesIO(answer.content)).active.iter_rows(values_only=True)  # type: ignore[union-attr]
    return [dict(zip((str(name) for name in header), row, strict=True)) for row in rows]


def held(agency: Agency, name: str = "Lò Văn Thử") -> Device:
    """A device in its person's hands, with a certificate on its key."""
    person = builders.person(name, at=agency)
    key = builders.key()
    device = builders.in_hands_of(person, key)
    builders.certificate(subscriber=person, key_pair=key)
    return device


def give_back(device: Device, *, now: datetime) -> None:
    """The ledger's line of a device that its person gave back."""
    CustodyMove.objects.create(
        device=device,
        move=Move.TAKE_BACK,
        from_custody=Custody.WITH_SUBSCRIBER,
        to_custody=Custody.BACK_AT_AGENCY,
        from_condition=Condition.OK,
        to_condition=Condition.OK,
        agency=device.agency,
        subscriber=device.subscriber,
        document_label="Sổ thử",
        happened_on=TODAY,
        at=now,
    )


def lose(device: Device, clerk: User) -> None:
    devices.make_move(device, Move.REPORT_LOST, actor=clerk, now=NOW, reason="Rơi trên đường")


def fill(slug: str, agency: Agency, clerk: User) -> None:
    """Put one line into a register."""
    if slug == "van-ban-di":
        builders.dossier(agency=agency, state=State.SUBMITTED, created_by=clerk)
        return
    device = held(agency)
    if slug == "thiet-bi-phai-nop-lai":
        start_clocks([device], now=NOW)
    if slug == "thiet-bi-that-lac":
        lose(device, clerk)


@pytest.mark.parametrize("role", READERS)
@pytest.mark.parametrize("slug", registers())
def test_a_register_costs_the_same_few_queries_however_long_it_is(
    clerk: User, slug: str, role: Role
) -> None:
    homes = {Role.OFFICE_OFFICER: clerk.agency.office, Role.OFFICE_HEAD: clerk.agency.office}
    home = None if role.startswith("ca") else homes.get(role, clerk.agency)
    reader = page(builders.user(role, agency=home))
    reader.get(url(slug))
    counts = []

    for more in (1, 4):
        for _ in range(more):
            fill(slug, clerk.agency, clerk)
        with CaptureQueriesContext(connection) as queries:
            assert "Không có dòng nào" not in reader.get(url(slug)).text
        counts.append(len(queries))

    assert counts[0] == counts[1] <= MOST_QUERIES


@pytest.mark.parametrize("slug", registers())
def test_the_body_is_named_in_each_line_only_where_there_are_several(
    clerk: User, slug: str
) -> None:
    fill(slug, clerk.agency, clerk)

    of_clerk, of_ca = (
        [str(header) for header in page(user).get(url(slug)).context["headers"]]
        for user in (clerk, builders.user(Role.CA_OPERATOR))
    )

    assert set(of_ca) - set(of_clerk) <= {"Cơ quan quản lý", "Đơn vị gửi"}
    assert len(of_ca) == len(of_clerk) + 1


@pytest.mark.parametrize("slug", registers())
def test_nobody_reads_the_lines_of_another_body(clerk: User, slug: str) -> None:
    other = builders.user(Role.CLERK)
    fill(slug, other.agency, other)

    assert lines(clerk, slug) == []
    assert lines(other, slug) != []


def test_the_administrator_has_no_registers() -> None:
    client = page(builders.user(Role.ADMINISTRATOR))

    assert client.get(reverse("registers:index")).status_code == 404
    assert client.get(url("chung-thu")).status_code == 404
    assert "Sổ theo dõi" not in client.get("/").text


def test_there_is_no_register_by_another_name(clerk: User) -> None:
    assert page(clerk).get(url("khac")).status_code == 404


def test_the_register_of_certificates_says_who_holds_what_and_masks_the_number(
    clerk: User,
) -> None:
    device = held(clerk.agency, "Lò Thị Sổ")
    assert device.subscriber is not None
    assert device.key is not None
    Affiliation.objects.create(
        subscriber=device.subscriber,
        agency=clerk.agency,
        unit="Văn phòng",
        position="Chuyên viên",
        valid_from=TODAY,
    )

    (line,) = lines(clerk, "chung-thu")

    number = device.subscriber.identity_number
    assert line["Tên chứng thư"] == "Lò Thị Sổ"
    assert line["Số định danh"] == f"{number[:4]}•••••{number[-3:]}"
    assert (line["Bộ phận"], line["Chức vụ"]) == ("Văn phòng", "Chuyên viên")
    assert line["Số hiệu chứng thư"] == device.key.certificates.get().serial
    assert line["Số hiệu thiết bị"] == device.serial
    assert line["Trạng thái"] == "Còn hiệu lực"
    assert number not in page(clerk).get(url("chung-thu")).text


def test_certificates_are_narrowed_by_days_kind_and_state(clerk: User) -> None:
    person = builders.person("Lò Văn Sớm", at=clerk.agency)
    soon = builders.certificate(subscriber=person, not_after=NOW + timedelta(days=40))
    builders.certificate(subscriber=builders.organisation(clerk.agency))
    words.fill()

    def serials(**params: str) -> list[object]:
        return [line["Số hiệu chứng thư"] for line in lines(clerk, "chung-thu", **params)]

    assert len(serials()) == 2
    for params in (
        {"state": "expiring"},
        {"kind": "person"},
        {"q": "som"},
        {"ends_until": "31/12/2026"},
        {"ends_since": "30/12/2026", "ends_until": "30/12/2026"},
    ):
        assert serials(**params) == [soon.serial], params
    assert serials(state="revoked") == []
    assert serials(since="01/01/9999") == []


def test_a_day_that_is_none_is_told_and_shows_nothing(clerk: User) -> None:
    held(clerk.agency)

    answer = page(clerk).get(url("chung-thu"), {"since": "31/02/2026"})

    assert answer.status_code == 200
    assert answer.context["lines"] == []
    assert answer.context["filter"].form.errors.keys() == {"since"}


def test_the_register_of_hand_overs_holds_each_change_of_hands_and_nothing_else(
    clerk: User,
) -> None:
    device = held(clerk.agency)
    devices.make_move(device, Move.LOCK, actor=clerk, now=NOW, reason="Nhập sai")
    give_back(device, now=NOW + timedelta(hours=1))

    shown = lines(clerk, "giao-nhan-thiet-bi")

    assert [line["Việc"] for line in shown] == [
        "Thuê bao nộp lại đơn vị",
        "Bàn giao cho thuê bao",
        "Đơn vị nhận",
        "Gửi về đơn vị",
    ]
    assert {line["Số hiệu thiết bị"] for line in shown} == {device.serial}
    assert [line["Việc"] for line in lines(clerk, "giao-nhan-thiet-bi", move="hand_over")] == [
        "Bàn giao cho thuê bao"
    ]


def test_each_move_either_changes_hands_or_is_known_not_to() -> None:
    stays = {
        Move.TAKE_IN, Move.ALLOCATE, Move.RECALL, Move.RETIRE, Move.LOCK, Move.UNLOCK,
        Move.REPORT_DAMAGED, Move.REPORT_LOST, Move.FIND, Move.BRING_IN, Move.BRING_IN_HELD,
    }  # fmt: skip

    assert set(HANDS_CHANGED) == set(Move) - stays


def test_a_hand_over_names_the_certificate_the_device_carried_then(clerk: User) -> None:
    device = held(clerk.agency)
    assert device.subscriber is not None
    assert device.key is not None
    old = device.key.certificates.get()
    later = builders.certificate(subscriber=device.subscriber, key_pair=device.key)
    later.issued_at = NOW + timedelta(hours=1)
    later.save()
    give_back(device, now=NOW + timedelta(hours=2))

    back, *before = lines(clerk, "giao-nhan-thiet-bi")

    assert back["Số hiệu chứng thư"] == later.serial
    assert {line["Số hiệu chứng thư"] for line in before} == {old.serial}


def test_a_device_gone_to_another_body_leaves_its_line_without_a_link(clerk: User) -> None:
    device = held(clerk.agency)
    other = builders.agency(office=clerk.agency.office)
    Device.objects.filter(pk=device.pk).update(agency=other)

    answer = page(clerk).get(url("giao-nhan-thiet-bi"))

    assert device.serial in answer.text
    assert {line.url for line in answer.context["lines"]} == {""}


def test_a_loss_stands_with_its_minutes_and_its_end(clerk: User) -> None:
    found, lost = held(clerk.agency), held(clerk.agency)
    for device in (found, lost):
        lose(device, clerk)
    later = NOW + timedelta(days=1)
    devices.make_move(found, Move.FIND, actor=clerk, now=later, reason="Ở nhà")
    minutes = builders.dossier(
        agency=clerk.agency, kind="mau_09_loss", state=State.SUBMITTED, created_by=clerk
    )
    minutes.items.update(device=lost)

    by_serial = {line["Số hiệu thiết bị"]: line for line in lines(clerk, "thiet-bi-that-lac")}

    assert by_serial[found.serial]["Kết quả"] == "Đã tìm lại được"
    assert by_serial[found.serial]["Biên bản Mẫu 09 số"] is None
    assert by_serial[lost.serial]["Kết quả"] == "Còn thất lạc"
    assert by_serial[lost.serial]["Biên bản Mẫu 09 số"] == minutes.letter_number
    assert by_serial[lost.serial]["Chứng thư nay"] == "Còn hiệu lực"
    assert by_serial[lost.serial]["Hoàn cảnh"] == "Rơi trên đường"
    for state, device in (("found", found), ("lost", lost)):
        (line,) = lines(clerk, "thiet-bi-that-lac", state=state)
        assert line["Số hiệu thiết bị"] == device.serial


def test_the_register_of_letters_holds_what_was_sent_with_who_signed(clerk: User) -> None:
    builders.dossier(agency=clerk.agency, state=State.DRAFT, created_by=clerk)
    sent = builders.dossier(agency=clerk.agency, state=State.SUBMITTED, created_by=clerk)
    head = builders.user(Role.HEAD, agency=clerk.agency, name="Lò Văn Chủ")
    DossierEvent.objects.create(
        dossier=sent, action=Action.SIGN, target=State.AWAITING_SEAL, round=1, actor=head, at=NOW
    )

    (line,) = lines(clerk, "van-ban-di", since="20/11/2026", until="20/11/2026")

    assert line["Số, ký hiệu"] == sent.letter_number
    assert line["Người ký"] == "Lò Văn Chủ"
    assert line["Tên loại và trích yếu nội dung"] == (
        "Đề nghị cấp chứng thư chữ ký số chuyên dùng công vụ cho cá nhân"
    )
    assert lines(clerk, "van-ban-di", since="21/11/2026") == []


@pytest.mark.parametrize("slug", registers())
def test_taking_a_register_away_is_recorded_without_what_was_searched_for(
    clerk: User, slug: str
) -> None:
    fill(slug, clerk.agency, clerk)

    lines(clerk, slug, q="khong co ai")

    entry = AuditEntry.objects.latest("sequence")
    assert entry.action == "register.export"
    assert entry.actor_uuid == clerk.uuid
    assert entry.agency_uuid == clerk.agency.uuid
    assert entry.data == {"list": slug, "rows": 0, "narrowed_by": ["q"]}


@pytest.mark.parametrize(
    ("route", "name"),
    [
        ("ca:list", "chung-thu"),
        ("devices:list", "thiet-bi"),
        ("requests_app:list", "ho-so"),
        ("requests_app:queue", "ho-so"),
    ],
)
def test_taking_any_list_away_is_recorded(clerk: User, route: str, name: str) -> None:
    answer = page(clerk).get(reverse(route), {"export": "xlsx"})

    entry = AuditEntry.objects.latest("sequence")
    assert answer.status_code == 200
    assert (entry.action, entry.data["list"]) == ("register.export", name)


def test_a_register_longer_than_a_sheet_says_so(
    clerk: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "MOST_ROWS", 2)
    for _ in range(3):
        fill("van-ban-di", clerk.agency, clerk)

    *shown, more = lines(clerk, "van-ban-di")

    assert len(shown) == 2
    assert str(more["Số, ký hiệu"]).startswith("Còn nữa")


def test_what_looks_like_a_formula_stays_a_text(clerk: User) -> None:
    fill("chung-thu", clerk.agency, clerk)
    clerk.agency.name = "=1+1"
    clerk.agency.save()

    answer = page(clerk).get(url("chung-thu"), {"export": "xlsx"})

    cells = [
        cell
        for row in load_workbook(BytesIO(answer.content)).active.iter_rows()  # type: ignore[union-attr]
        for cell in row
        if cell.value == "=1+1"
    ]
    assert [cell.data_type for cell in cells] == ["s"]


def test_the_next_page_goes_on_where_this_one_ends(clerk: User) -> None:
    for _ in range(51):
        builders.dossier(agency=clerk.agency, state=State.SUBMITTED, created_by=clerk, rows=0)
    client = page(clerk)

    first = client.get(url("van-ban-di"))
    second = client.get(f"{url('van-ban-di')}?{first.context['page'].next_params}")

    names = [line.name for answer in (first, second) for line in answer.context["lines"]]
    assert [len(answer.context["lines"]) for answer in (first, second)] == [50, 1]
    assert len(set(names)) == 51


@pytest.mark.parametrize(
    ("slug", "role", "index"),
    [
        ("giao-nhan-thiet-bi", Role.CA_OPERATOR, "devices_move_recent"),
        ("giao-nhan-thiet-bi", Role.OFFICE_OFFICER, "devices_move_recent"),
        ("thiet-bi-that-lac", Role.CA_OPERATOR, "devices_move_kind"),
        ("thiet-bi-that-lac", Role.OFFICE_OFFICER, "devices_move_kind"),
        ("van-ban-di", Role.CA_OPERATOR, "dossier_ca_sent"),
        ("chung-thu", Role.CA_OPERATOR, "ca_certificate_not_after"),
    ],
)
def test_the_newest_of_many_bodies_are_read_in_order_from_an_index(
    slug: str, role: Role, index: str
) -> None:
    book = registers()[slug]
    sign = "-" if book.order.is_descending else ""
    reader = builders.user(role, agency=builders.office() if role in OFFICE_ROLES else None)
    newest = book.rows(reader).order_by(f"{sign}{book.order.column}", f"{sign}pk")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # The tables are all but empty: anything else would do.
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")

    plan = newest.explain()

    assert index in plan


def test_what_must_be_given_back_says_who_has_it_since_when_until_when_and_where(
    clerk: User,
) -> None:
    device, back, lost = (held(clerk.agency, name) for name in ("Lò Văn Một", "Lò Hai", "Lò Ba"))
    Device.objects.filter(pk=device.pk).update(custody=Custody.TO_BE_RETURNED)
    Device.objects.filter(pk=back.pk).update(custody=Custody.BACK_AT_AGENCY)
    start_clocks([device], now=NOW - timedelta(days=30))
    start_clocks([back, lost], now=NOW)
    lose(lost, clerk)
    held(clerk.agency)  # nobody asks for it
    words.fill()

    found = lines(clerk, "thiet-bi-phai-nop-lai")

    assert [(line["Số hiệu thiết bị"], line["Đang ở đâu"], line["Thời hạn"]) for line in found] == [
        (device.serial, "Thuê bao còn giữ", "Quá hạn"),
        (back.serial, "Đã thu hồi về đơn vị", "Còn hạn"),
        (lost.serial, "Thất lạc", "Còn hạn"),
    ]
    assert [line["Người giữ"] for line in found[:2]] == ["Lò Thị Nhận", clerk.agency.name]
    assert found[0]["Thuê bao"] == "Lò Văn Một"
    assert f"{found[0]['Phải nộp từ ngày']:%d/%m/%Y}" == "21/10/2026"
    for params in (
        {"state": "overdue"},
        {"custody": "to_be_returned"},
        {"q": "một"},
        {"q": device.serial},
        {"state": "overdue", "body": str(clerk.agency.uuid)},
    ):
        (line,) = lines(clerk, "thiet-bi-phai-nop-lai", **params)
        assert line["Số hiệu thiết bị"] == device.serial, params
    assert [line["Số hiệu thiết bị"] for line in lines(clerk, "thiet-bi-phai-nop-lai", q="ba")] == [
        lost.serial
    ]


def test_everybody_counts_what_must_be_given_back_alike(clerk: User, settings: Settings) -> None:
    settings.METRICS_TOKEN = "x"
    for custody in (Custody.TO_BE_RETURNED, Custody.BACK_AT_AGENCY):
        device = held(clerk.agency)
        Device.objects.filter(pk=device.pk).update(custody=custody)
        start_clocks([device], now=NOW)
    client, link = page(clerk), url("thiet-bi-phai-nop-lai")

    for path in ("/", reverse("devices:list"), reverse("devices:sums")):
        assert f'"{link}" data-count="2"' in client.get(path).text, path
    assert client.get(link).context["count"] == 2
    deadlines = client.get(reverse("deadlines:list"), {"kind": "device_return"})
    assert deadlines.context["count"] == 2
    assert link in deadlines.text
    metrics = client.get(reverse("metrics"), headers={"Authorization": "Bearer x"}).text
    assert 'portal_deadlines_open{kind="device_return"} 2' in metrics
