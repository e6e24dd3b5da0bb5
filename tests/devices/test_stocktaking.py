"""A place is counted, held against the register, closed by somebody else, and what follows."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from openpyxl import Workbook
from pypdf import PdfReader
from pytest_django import DjangoAssertNumQueries

from devices.handover.services import hand_over
from devices.lifecycle import Condition, Custody
from devices.models import Device, Stocktaking, StocktakingLine
from devices.serials import MOST_AT_ONCE
from devices.services import receive
from devices.stocktaking import services
from devices.stocktaking.sheets import serials_of
from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.audit.models import AuditEntry
from portal.core.roles import Role
from portal.core.rules import Refused
from portal.deadlines.models import Deadline, DeadlineKind
from portal.documents import services as documents
from tests import builders
from tests.builders import NOW
from tests.devices.builders import device_at, stock

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def agency(db: None) -> Agency:
    return builders.agency(office=builders.office())


@pytest.fixture
def clerk(agency: Agency) -> User:
    return builders.user(Role.CLERK, agency=agency)


def codes(refusal: pytest.ExceptionInfo[Refused]) -> set[str]:
    return {violation.code for violation in refusal.value.violations}


def opened(clerk: User, place: str = "body") -> Stocktaking:
    return services.begin(place, actor=clerk, now=NOW + timedelta(minutes=1))


@pytest.mark.paper
def test_a_body_counts_and_its_head_closes(agency: Agency, clerk: User, client: Client) -> None:
    here = [device_at(Custody.AT_AGENCY, agency=agency) for _one in range(3)]
    held = device_at(Custody.WITH_SUBSCRIBER, agency=agency)
    theirs = device_at(Custody.AT_AGENCY)
    head = builders.user(Role.HEAD, agency=agency)
    found = opened(clerk)
    url = reverse("devices:stocktaking", args=[found.uuid])
    step = reverse("devices:stocktaking_step", args=[found.uuid])
    read = [here[0].serial, here[0].serial, here[1].serial.lower(), held.serial, theirs.serial]
    client.force_login(clerk)

    page = client.post(url, {"typed": "\n".join([*read, "VG999999", "??"])}).content.decode()

    assert 'data-code="known_elsewhere"' in page
    assert 'data-code="not_a_serial"' in page
    assert page.count('data-code="unknown_serial"') == 2  # another body's is not told from none
    assert theirs.agency is not None
    assert theirs.agency.name not in page
    assert services.count_all(found) == services.Counts(3, 2, 1, 3)
    client.post(step, {"step": "close"})
    assert Stocktaking.objects.get().is_open  # who counts does not close
    client.force_login(head)
    assert 'value="close"' in client.get(url).content.decode()
    client.post(step, {"step": "close", "remark": "Tủ số 2 để trống."})

    closed = Stocktaking.objects.get()
    assert services.count_all(closed) == services.Counts(3, 2, 1, 3)
    assert closed.closed_by == head
    assert closed.minutes is not None
    pages = PdfReader(BytesIO(documents.read(closed.minutes))).pages
    text = "".join(page.extract_text() for page in pages)
    for serial in (here[2].serial, held.serial, theirs.serial, "VG999999", "Tủ số 2"):
        assert serial in text
    assert here[0].serial not in text
    acts = AuditEntry.objects.filter(target_uuid=closed.uuid).order_by("pk")
    assert [one.action for one in acts] == [
        "stocktaking.open",
        "stocktaking.count",
        "stocktaking.close",
    ]

    client.force_login(clerk)
    odd = client.get(url, {"xem": "la"}).content.decode()
    assert reverse("devices:take_back_many") in odd
    client.post(step, {"step": "report_lost", "seen": [here[2].serial, here[0].serial]})

    lost = Device.objects.get(condition=Condition.LOST)
    assert lost == here[2]
    assert Deadline.objects.open().get(kind=DeadlineKind.LOSS_MINUTES).target_uuid == lost.uuid
    page = client.get(url).content.decode()
    assert f'name="pick" value="{lost.uuid}"' in page
    assert services.count_all(closed).missing == 1  # the minutes stay as they are


def test_the_register_goes_on_while_one_counts(agency: Agency, clerk: User) -> None:
    leaves, stays = (device_at(Custody.AT_AGENCY, agency=agency) for _one in range(2))
    found = opened(clerk)
    arrives = device_at(Custody.ON_ITS_WAY, agency=agency)
    shipment = arrives.shipment_items.get().shipment
    receive(shipment, serials=[arrives.serial], actor=clerk, now=LATER)
    hand_over(leaves, pin="", serial_seen=leaves.serial, actor=clerk, now=LATER)

    assert list(services.missing(found)) == [stays]
    services.count(found, [arrives.serial, stays.serial], actor=clerk, now=LATER)

    assert services.count_all(found) == services.Counts(2, 2, 0, 0)


def test_all_that_a_body_answers_for_can_be_counted(agency: Agency, clerk: User) -> None:
    held = device_at(Custody.WITH_SUBSCRIBER, agency=agency)
    found = opened(clerk, "body_and_holders")

    assert list(services.missing(found)) == [held]
    services.count(found, [held.serial, "VG999999"], actor=clerk, now=LATER)
    services.uncount(found, "VG999999", actor=clerk, now=LATER)
    assert services.count_all(found) == services.Counts(1, 1, 0, 0)
    services.drop(found, actor=clerk, now=LATER)

    with pytest.raises(Refused) as refusal:
        services.count(found, [held.serial], actor=clerk, now=LATER)
    assert codes(refusal) == {"stocktaking_is_over"}


def test_the_stock_takes_in_what_it_did_not_know(client: Client) -> None:
    operator = builders.user(Role.CA_OPERATOR)
    known = stock(2, operator=operator).devices.order_by("pk")
    found = opened(operator, "ca")
    services.count(found, [known[0].serial, known[1].serial, "XY0001"], actor=operator, now=LATER)
    other = builders.user(Role.CA_SUPERVISOR, agency=operator.agency)
    services.close(found, "", actor=other, now=LATER)
    client.force_login(operator)

    page = client.get(reverse("devices:stocktaking", args=[found.uuid]), {"xem": "la"})
    taken_in = client.get(reverse("devices:stock"), {"kiem-ke": str(found.uuid)}).content.decode()

    assert f"?kiem-ke={found.uuid}" in page.content.decode()
    assert "XY0001</textarea>" in taken_in
    sought = client.get(reverse("search:results"), {"q": "XY0001"})
    assert reverse("devices:stocktaking", args=[found.uuid]) in sought.content.decode()


def test_who_may_not(agency: Agency, clerk: User) -> None:
    found = opened(clerk)
    stranger = builders.user(Role.CLERK)
    officer = builders.user(Role.OFFICE_OFFICER, agency=agency.office)
    with pytest.raises(Refused) as again:
        opened(clerk)
    assert codes(again) == {"open_already"}
    with pytest.raises(PermissionDenied):
        services.begin("ca", actor=clerk, now=NOW)
    with pytest.raises(PermissionDenied):
        services.count(found, ["VG1"], actor=officer, now=LATER)
    with pytest.raises(PermissionDenied):
        services.close(found, "", actor=officer, now=LATER)
    with pytest.raises(Stocktaking.DoesNotExist):
        services.count(found, ["VG1"], actor=stranger, now=LATER)
    with pytest.raises(Refused) as many:
        services.count(found, [f"V{n}" for n in range(MOST_AT_ONCE + 1)], actor=clerk, now=LATER)
    assert codes(many) == {"too_many"}
    second = builders.user(Role.CLERK, agency=agency)
    services.count(found, ["VG0001"], actor=second, now=LATER)
    with pytest.raises(Refused) as same:
        services.close(found, "", actor=second, now=LATER)
    assert codes(same) == {"same_person"}


def test_a_page_costs_the_same_for_few_and_many(
    agency: Agency,
    clerk: User,
    client: Client,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    found = opened(clerk)
    StocktakingLine.objects.bulk_create(
        StocktakingLine(stocktaking=found, serial=f"VG{n:06d}") for n in range(120)
    )
    client.force_login(clerk)

    with django_assert_max_num_queries(18):
        page = client.get(reverse("devices:stocktaking", args=[found.uuid]), {"xem": "la"})

    assert page.content.decode().count('class="mono"') == 50
    book = client.get(reverse("devices:stocktaking", args=[found.uuid]) + "?xem=la&export=xlsx")
    assert book["Content-Type"].endswith("sheet")


def _workbook(*rows: list[object]) -> bytes:
    book, stream = Workbook(), BytesIO()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    book.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"vg 001\r\nVG002\r\n", ["VG001", "VG002"]),
        ("\ufeffTT;Số hiệu thiết bị;Ghi chú\n1;VG001;x\n2;VG002;\n".encode(), ["VG001", "VG002"]),
        (_workbook(["Danh sách"], ["TT", "Serial"], [1, "VG001"], [2, 77]), ["VG001", "77"]),
    ],
)
def test_a_file_of_serials(content: bytes, expected: list[str]) -> None:
    assert serials_of(SimpleUploadedFile("x", content)) == expected


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"a,b\n1,2\n", "no_serial_column"),
        (b"\xff\xfe\x00", "upload_unreadable"),
        (b"PK\x03\x04 no zip", "upload_unreadable"),
        (_workbook(["Serial"], ["VG1"])[:900], "upload_unreadable"),
        (b"x" * (2 * 1024 * 1024 + 1), "upload_too_large"),
        (b"VG1\n" * (MOST_AT_ONCE + 51), "too_many"),
    ],
)
def test_a_file_that_is_none(content: bytes, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        serials_of(SimpleUploadedFile("x", content))
    assert codes(refusal) == {code}
