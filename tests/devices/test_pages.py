"""The pages of devices: who sees what, what can be done there, how many queries they take."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from devices import services
from devices.lifecycle import Condition, Custody, Move
from devices.models import Device, Intake, Shipment
from devices.services import take_in
from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.ca.models import VirtualToken
from portal.core.roles import Role
from tests import builders, words
from tests.builders import NOW
from tests.devices.builders import allocated, device_at, sent, stock

pytestmark = pytest.mark.django_db
MOST_QUERIES = 12  # the frame's own among them
PAPERS = 2  # which dossiers and shipments of a device's story the reader may open
OFFERS = 16  # what a clerk may ask about one device, judged form by form


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def clerk_of(agency: Agency | None) -> Client:
    return signed_in(builders.user(Role.CLERK, agency=agency))


def operator() -> Client:
    return signed_in(builders.user(Role.CA_OPERATOR))


def html(response: Any) -> str:
    return str(response.content.decode())


@pytest.mark.parametrize("path", ["list", "incoming"])
@pytest.mark.parametrize("role", list(Role))
def test_everybody_signed_in_may_open_the_lists(path: str, role: Role) -> None:
    assert signed_in(builders.user(role)).get(reverse(f"devices:{path}")).status_code == 200


@pytest.mark.parametrize("path", ["stock", "dispatch"])
@pytest.mark.parametrize("role", list(Role))
def test_the_stock_and_the_dispatch_are_the_cas(path: str, role: Role) -> None:
    status = signed_in(builders.user(role)).get(reverse(f"devices:{path}")).status_code

    assert status == (200 if role in {Role.CA_OPERATOR, Role.CA_SUPERVISOR} else 404)


def test_a_stranger_finds_neither_device_nor_shipment() -> None:
    shipment = sent()
    device = Device.objects.get()
    stranger = clerk_of(builders.agency())

    for route, uuid in [
        ("detail", device.uuid),
        ("hand_over", device.uuid),
        ("shipment", shipment.uuid),
    ]:
        assert stranger.get(reverse(f"devices:{route}", args=[uuid])).status_code == 404
    for route, uuid in [("make_move", device.uuid), ("receive", shipment.uuid)]:
        assert stranger.post(reverse(f"devices:{route}", args=[uuid])).status_code == 404
    assert device.serial not in html(stranger.get(reverse("devices:list")))


@pytest.mark.both
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", True),
        ("q=lo+van+thu", True),
        ("q=Ngu", False),
        ("kind=token&custody=at_agency&condition=ok", True),
        ("kind=sim", False),
        ("custody=stock", False),
        ("condition=lost", False),
        ("notice=owed", False),
    ],
)
def test_the_list_is_narrowed_by_what_the_address_says(query: str, found: bool) -> None:
    device = device_at(Custody.AT_AGENCY)
    words.fill()

    page = html(clerk_of(device.agency).get(f"{reverse('devices:list')}?{query}"))

    assert (device.serial in page) is found


def test_the_ca_finds_a_device_by_its_agency_and_its_serial() -> None:
    mine, other = device_at(Custody.AT_AGENCY), device_at(Custody.AT_AGENCY)
    assert mine.agency is not None
    ca = operator()

    by_agency = html(ca.get(reverse("devices:list"), {"agency": mine.agency.name.lower()}))
    by_serial = html(ca.get(reverse("devices:list"), {"q": mine.serial.lower()}))

    for page in (by_agency, by_serial):
        assert mine.serial in page
        assert other.serial not in page


def test_htmx_gets_the_list_alone() -> None:
    response = operator().get(reverse("devices:list"), headers={"HX-Request": "true"})

    assert html(response).strip().startswith("<section")


def queries_of(client: Client, url: str) -> int:
    client.get(url)  # the first request after signing in also keeps the session
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


def test_the_list_takes_the_same_queries_however_long() -> None:
    agency = builders.agency(office=builders.office())
    client = clerk_of(agency)
    allocated(1, agency=agency)
    short = queries_of(client, reverse("devices:list"))

    allocated(12, agency=agency)

    assert queries_of(client, reverse("devices:list")) == short <= MOST_QUERIES


def test_the_detail_takes_the_same_queries_however_long_the_story() -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)
    clerk = builders.user(Role.CLERK, agency=device.agency)
    url = reverse("devices:detail", args=[device.uuid])
    short = queries_of(signed_in(clerk), url)

    for _time in range(4):
        services.make_move(device, Move.REPORT_LOST, reason="x", actor=clerk, now=NOW)
        services.make_move(device, Move.FIND, reason="x", actor=clerk, now=NOW)

    assert queries_of(signed_in(clerk), url) == short <= MOST_QUERIES + PAPERS + OFFERS


@pytest.mark.parametrize("route", ["dispatch", "stock", "incoming"])
def test_the_desks_take_the_same_queries_however_much_waits(route: str) -> None:
    ca = operator()
    sent()
    allocated()
    short = queries_of(ca, reverse(f"devices:{route}"))

    for _one in range(6):
        sent(2)
        allocated(2)

    assert queries_of(ca, reverse(f"devices:{route}")) == short <= MOST_QUERIES


def test_a_shipment_takes_the_same_queries_however_full() -> None:
    one, many = sent(1), sent(12)
    ca = operator()

    short = queries_of(ca, reverse("devices:shipment", args=[one.uuid]))

    assert queries_of(ca, reverse("devices:shipment", args=[many.uuid])) == short <= MOST_QUERIES


@pytest.mark.parametrize("custody", list(Custody))
@pytest.mark.parametrize("condition", list(Condition))
def test_every_state_has_a_page_that_says_what_comes_next(
    custody: Custody, condition: Condition
) -> None:
    agency = builders.agency(office=builders.office())
    is_stock = custody == Custody.STOCK
    device = builders.device(
        custody=custody,
        condition=condition,
        agency=None if is_stock else agency,
        subscriber=None if is_stock else builders.person(at=agency),
    )

    response = operator().get(reverse("devices:detail", args=[device.uuid]))

    assert response.context["now_sentence"]
    assert response.context["next_sentence"]
    assert "%(" not in html(response)


def test_the_buttons_are_those_of_the_table() -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)
    agency = device.agency

    clerk = clerk_of(agency).get(reverse("devices:detail", args=[device.uuid]))
    head = signed_in(builders.user(Role.HEAD, agency=agency))

    assert [card.move for card in clerk.context["cards"]] == [
        Move.TAKE_BACK,
        Move.LOCK,
        Move.REPORT_DAMAGED,
        Move.REPORT_LOST,
    ]
    assert head.get(reverse("devices:detail", args=[device.uuid])).context["cards"] == []


def test_a_loss_is_reported_on_the_page_and_needs_its_reason() -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)
    client = clerk_of(device.agency)
    url = reverse("devices:make_move", args=[device.uuid])

    refused = client.post(url, {"move": "report_lost", "reason": ""})
    assert refused.status_code == 200
    assert 'data-code="no_reason"' in html(refused)

    done = client.post(url, {"move": "report_lost", "reason": "Mất trên xe"})
    assert done.status_code == 302
    device.refresh_from_db()
    assert device.condition == Condition.LOST


def test_a_move_made_meanwhile_by_somebody_else_is_said_and_not_made_twice() -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)
    client = clerk_of(device.agency)
    url = reverse("devices:make_move", args=[device.uuid])
    typed = {"move": "lock", "reason": "Nhập sai mật khẩu"}
    client.post(url, typed)

    again = client.post(url, typed)

    assert 'data-code="illegal_move"' in html(again)
    assert device.moves.filter(move=Move.LOCK).count() == 1


def test_a_lot_is_taken_in_by_a_range() -> None:
    form = {"kind": "token", "batch": "PN 01", "model": "", "first": "VG001", "last": "VG012"}

    response = operator().post(reverse("devices:stock"), form, follow=True)

    assert Intake.objects.get().count == 12
    assert "Đã tạo 0 trên 12 khóa" in html(response)


def test_what_was_typed_is_not_lost_when_a_serial_is_known_already() -> None:
    stock_operator = builders.user(Role.CA_OPERATOR)
    take_in("token", ["VG001"], batch="1", actor=stock_operator, now=NOW)
    form = {"kind": "token", "batch": "PN 02", "listed": "VG001\nVG002"}

    page = html(operator().post(reverse("devices:stock"), form))

    assert 'data-code="serial_known"' in page
    assert "VG001\nVG002" in page
    assert 'value="PN 02"' in page


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({}, "first"),
        ({"first": "VG001", "last": "XX009"}, "last"),
        ({"first": "VG001", "last": "VG009", "listed": "VG010"}, "listed"),
    ],
)
def test_a_lot_is_a_range_or_a_list(typed: dict[str, str], field: str) -> None:
    response = operator().post(reverse("devices:stock"), {"kind": "token", "batch": "1", **typed})

    assert list(response.context["form"].errors) == [field]
    assert not Intake.objects.exists()


def test_a_supervisor_takes_nothing_in() -> None:
    client = signed_in(builders.user(Role.CA_SUPERVISOR))

    assert client.post(reverse("devices:stock"), {}).status_code == 403


def test_the_chosen_devices_are_sent() -> None:
    agency = builders.agency(office=builders.office())
    first, second = allocated(2, agency=agency)
    url = reverse("devices:send", args=[agency.uuid])
    ca = operator()

    response = ca.post(url, {"devices": [str(first.uuid)], "channel": "co_yeu", "note": "EB1"})

    shipment = Shipment.objects.get()
    assert response["Location"] == reverse("devices:shipment", args=[shipment.uuid])
    assert [item.device for item in shipment.items.all()] == [first]
    page = html(ca.get(url))
    assert second.serial in page
    assert first.serial not in page


def test_nothing_chosen_sends_nothing() -> None:
    agency = builders.agency(office=builders.office())
    allocated(2, agency=agency)

    response = operator().post(reverse("devices:send", args=[agency.uuid]), {"channel": "post"})

    assert list(response.context["form"].errors) == ["devices"]
    assert not Shipment.objects.exists()


def test_a_clerk_confirms_by_ticks_and_by_typing_and_reports_the_rest() -> None:
    shipment = sent(3)
    ticked, typed, gone = Device.objects.order_by("pk")
    client = clerk_of(shipment.agency)
    url = reverse("devices:receive", args=[shipment.uuid])

    response = client.post(
        url,
        {
            "seen": [ticked.serial],
            "typed": f" {typed.serial.lower()}\n",
            "rest": "missing",
            "on": "20/11/2026",
        },
        follow=True,
    )

    page = html(response)
    assert "Đã nhận 2 thiết bị; đã báo Cục thiếu 1 thiết bị" in page
    assert "Báo thiếu" in page
    gone.refresh_from_db()
    assert gone.custody == Custody.ON_ITS_WAY


def test_a_serial_of_another_shipment_is_refused_and_the_ticks_stay() -> None:
    shipment = sent(2)
    device = shipment.items.all()[0].device
    form = {"seen": [device.serial], "typed": "LA-001", "rest": "later", "on": "20/11/2026"}

    response = clerk_of(shipment.agency).post(
        reverse("devices:receive", args=[shipment.uuid]), form
    )

    assert 'data-code="not_in_list"' in html(response)
    assert response.context["form"].marked == [device.serial]
    assert not Device.objects.filter(custody=Custody.AT_AGENCY).exists()


def hand_over_form(device: Device, **changes: str) -> dict[str, str]:
    form = {"serial_seen": device.serial, "on": "", "holder": "Lò Văn Thử"}
    return form | changes


def test_a_hand_over_in_the_browser() -> None:
    device = device_at(Custody.AT_AGENCY)
    client = clerk_of(device.agency)
    url = reverse("devices:hand_over", args=[device.uuid])
    day = client.get(url).context["form"]["on"].value()

    response = client.post(url, hand_over_form(device, on=f"{day:%d/%m/%Y}"), follow=True)

    assert "Mẫu 07" in html(response)
    device.refresh_from_db()
    assert device.custody == Custody.WITH_SUBSCRIBER


@pytest.mark.parametrize(
    ("pin", "again", "field"),
    [("Lai-Chau-26", "Lai-Chau-27", "pin_again"), ("1234", "1234", "pin"), ("", "", "pin")],
)
def test_the_pin_is_typed_twice_alike_and_never_shown(pin: str, again: str, field: str) -> None:
    device = device_at(Custody.AT_AGENCY)
    assert device.key is not None
    VirtualToken.objects.create(
        key=device.key, sealed_key=b"", salt=b"", recovery_key=b"", transport_pin="x", tries_left=9
    )
    form = hand_over_form(device, on="20/11/2026", pin=pin, pin_again=again)

    response = clerk_of(device.agency).post(reverse("devices:hand_over", args=[device.uuid]), form)

    assert field in response.context["form"].errors
    assert "Lai-Chau-2" not in html(response)
    device.refresh_from_db()
    assert device.custody == Custody.AT_AGENCY


def test_another_serial_is_refused_on_the_page() -> None:
    device = device_at(Custody.AT_AGENCY)
    url = reverse("devices:hand_over", args=[device.uuid])

    response = clerk_of(device.agency).post(
        url, hand_over_form(device, serial_seen="KHAC-001", on="20/11/2026")
    )

    assert 'data-code="serial_differs"' in html(response)


def test_only_a_clerk_opens_the_hand_over_and_only_while_it_waits() -> None:
    device = device_at(Custody.AT_AGENCY)
    url = reverse("devices:hand_over", args=[device.uuid])

    assert signed_in(builders.user(Role.HEAD, agency=device.agency)).get(url).status_code == 403
    assert operator().get(url).status_code == 403
    gone = device_at(Custody.WITH_SUBSCRIBER)
    response = clerk_of(gone.agency).get(reverse("devices:hand_over", args=[gone.uuid]))
    assert response["Location"] == reverse("devices:detail", args=[gone.uuid])


def test_a_page_names_the_mau_07_that_told_of_the_hand_over() -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)
    client = clerk_of(device.agency)
    url = reverse("devices:detail", args=[device.uuid])
    assert client.get(url).context["owes_notice"]

    letter = ("dossier", uuid4(), "Mẫu 07 số 15/UBND-VX")
    services.attach_notice([device], letter, actor=None, now=NOW)

    response = client.get(url)
    assert not response.context["owes_notice"]
    assert "Mẫu 07 số 15/UBND-VX" in html(response)


def test_progress_is_asked_for_again_only_while_keys_are_made() -> None:
    stock(2)
    ca = operator()
    headers = {"HX-Request": "true"}
    assert 'hx-trigger="every 3s"' in html(ca.get(reverse("devices:stock"), headers=headers))

    Intake.objects.update(ended_at=NOW)

    assert "hx-trigger" not in html(ca.get(reverse("devices:stock"), headers=headers))


def test_each_device_that_waits_to_be_sent_is_counted_once_whatever_its_story() -> None:
    device = allocated(2)[0]
    assert device.agency is not None
    ca = builders.user(Role.CA_OPERATOR)
    services.make_move(device, Move.REPORT_LOST, reason="x", actor=ca, now=NOW)
    services.make_move(device, Move.FIND, reason="x", actor=ca, now=NOW)

    page = html(signed_in(ca).get(reverse("devices:dispatch")))

    link = reverse("devices:send", args=[device.agency.uuid])
    assert f'<a href="{link}" data-count="2">' in page
    assert 'id="cho-gui" aria-labelledby="cho-gui-ten" data-total="2"' in page


def test_a_loss_is_reported_in_one_place_of_the_page() -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)
    clerk = builders.user(Role.CLERK, agency=device.agency)
    url = reverse("devices:detail", args=[device.uuid])
    before = html(signed_in(clerk).get(url))

    services.make_move(device, Move.REPORT_LOST, reason="x", actor=clerk, now=NOW)
    after = html(signed_in(clerk).get(url))

    assert ('value="report_lost"' in before, 'value="lose"' in before) == (True, False)
    assert ('value="report_lost"' in after, 'value="lose"' in after) == (False, True)


def test_a_lost_device_is_in_no_list_but_that_of_the_lost() -> None:
    device = device_at(Custody.WITH_SUBSCRIBER)
    clerk = builders.user(Role.CLERK, agency=device.agency)
    services.make_move(device, Move.REPORT_LOST, reason="x", actor=clerk, now=NOW)

    pages = {
        place: html(signed_in(clerk).get(reverse("devices:list"), {"custody": place}))
        for place in ("with_subscriber", "lost")
    }

    assert device.serial not in pages["with_subscriber"]
    assert device.serial in pages["lost"]
