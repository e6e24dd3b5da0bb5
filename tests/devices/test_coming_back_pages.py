"""The pages of devices coming back: one by one, by list or scan; nothing typed is lost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from devices import services
from devices.lifecycle import Condition, Custody, Move
from devices.models import Device
from devices.register.wording import next_sentence
from devices.serials import alike, split_serials, without_zeros
from portal.agencies.models import Agency, SubscriberKind
from portal.ca.models import Certificate
from portal.core.roles import Role
from tests import builders
from tests.builders import NOW
from tests.devices.builders import device_at, sent

pytestmark = pytest.mark.django_db

TODAY = f"{timezone.localdate():%d/%m/%Y}"
TOMORROW = f"{timezone.localdate() + timedelta(days=1):%d/%m/%Y}"


def signed_in(role: Role, agency: Agency | None = None) -> Client:
    client = Client()
    client.force_login(builders.user(role, agency=agency))
    return client


def html(response: Any) -> str:
    return str(response.content.decode())


def codes(response: Any) -> list[str]:
    return [violation.code for violation in response.context["violations"]]


def to_be_returned(agency: Agency) -> Device:
    device = device_at(Custody.WITH_SUBSCRIBER, agency=agency)
    Certificate.objects.filter(key=device.key).update(
        revoked_at=NOW, revocation_reason="cessation", crl_entry=b"x"
    )
    assert device.key_id is not None
    services.open_return([device.key_id], paper=("", None, "Mẫu 05"), reason="x", now=NOW)
    device.refresh_from_db()
    return device


def at_office(agency: Agency) -> Device:
    device = to_be_returned(agency)
    clerk = builders.user(Role.CLERK, agency=agency)
    officer = builders.user(Role.OFFICE_OFFICER, agency=agency.office)
    services.take_back([device], serials_seen=[device.serial], actor=clerk, now=NOW)
    paper = ("", None, "Biên bản Mẫu 08")
    services.take_returned([device], Move.PASS_TO_OFFICE, paper=paper, actor=officer, now=NOW)
    device.refresh_from_db()
    return device


@pytest.fixture
def agency() -> Agency:
    return builders.agency(office=builders.office())


def places(devices: Sequence[Device]) -> list[str]:
    by_key = {device.pk: device.custody for device in Device.objects.all()}
    return [by_key[device.pk] for device in devices]


# One device


def test_the_serial_read_off_the_thing_is_checked_when_it_comes_back(agency: Agency) -> None:
    device = to_be_returned(agency)
    client = signed_in(Role.CLERK, agency)
    url = reverse("devices:take_back", args=[device.uuid])

    other = client.post(url, {"serial_seen": "VG-KHAC", "on": TODAY, "reason": "Vỏ nứt"})
    assert codes(other) == ["serial_differs"]
    assert "Vỏ nứt" in html(other)
    assert places([device]) == [Custody.TO_BE_RETURNED]

    typed = {"serial_seen": f" {device.serial.lower()} ", "on": TODAY, "reason": "Vỏ nứt"}
    assert client.post(url, typed)["Location"] == reverse("devices:detail", args=[device.uuid])

    entry = device.moves.latest("pk")
    assert (entry.move, entry.note) == (Move.TAKE_BACK, "Vỏ nứt")
    assert entry.document_label
    assert places([device]) == [Custody.BACK_AT_AGENCY]


@pytest.mark.parametrize(("on", "code"), [(TOMORROW, "in_the_future"), ("01/01/2020", "before")])
def test_a_day_that_cannot_be_is_refused(agency: Agency, on: str, code: str) -> None:
    device = to_be_returned(agency)
    url = reverse("devices:take_back", args=[device.uuid])

    response = signed_in(Role.CLERK, agency).post(url, {"serial_seen": device.serial, "on": on})

    assert [found.startswith(code) for found in codes(response)] == [True]
    assert f'value="{on}"' in html(response)
    assert places([device]) == [Custody.TO_BE_RETURNED]


def test_a_device_given_back_early_can_be_given_again_while_its_certificate_runs(
    agency: Agency,
) -> None:
    device = device_at(Custody.WITH_SUBSCRIBER, agency=agency)
    client = signed_in(Role.CLERK, agency)
    client.post(
        reverse("devices:take_back", args=[device.uuid]),
        {"serial_seen": device.serial, "on": TODAY},
    )
    detail = reverse("devices:detail", args=[device.uuid])
    assert Move.GIVE_AGAIN in [card.move for card in client.get(detail).context["cards"]]
    url = reverse("devices:give_again", args=[device.uuid])
    typed = {"serial_seen": device.serial, "on": TODAY, "reason": "Nộp nhầm"}

    assert client.post(url, typed).status_code == 302

    entry = device.moves.latest("pk")
    handed_over = device.moves.get(move=Move.HAND_OVER)
    assert (entry.move, entry.holder) == (Move.GIVE_AGAIN, handed_over.holder)
    assert places([device]) == [Custody.WITH_SUBSCRIBER]


def test_a_device_whose_certificate_ended_is_not_given_again(agency: Agency) -> None:
    device = to_be_returned(agency)
    client = signed_in(Role.CLERK, agency)
    clerk = builders.user(Role.CLERK, agency=agency)
    services.take_back([device], serials_seen=[device.serial], actor=clerk, now=NOW)
    typed = {"serial_seen": device.serial, "on": TODAY, "reason": "Nộp nhầm"}

    refused = client.post(reverse("devices:give_again", args=[device.uuid]), typed)

    assert codes(refused) == ["no_valid_certificate"]
    page = client.get(reverse("devices:detail", args=[device.uuid]))
    assert Move.GIVE_AGAIN not in [card.move for card in page.context["cards"]]


def test_only_an_organisations_device_changes_hands(agency: Agency) -> None:
    of_person = device_at(Custody.WITH_SUBSCRIBER, agency=agency)
    body = builders.organisation(agency)
    of_body = device_at(Custody.WITH_SUBSCRIBER, agency=agency, subscriber=body)
    assert body.kind == SubscriberKind.ORGANISATION
    client = signed_in(Role.CLERK, agency)
    typed = {"holder": "Lò Thị Mới", "on": TODAY, "reason": "Biên bản 3/BB-VP"}

    refused = client.post(reverse("devices:change_holder", args=[of_person.uuid]), typed)
    done = client.post(reverse("devices:change_holder", args=[of_body.uuid]), typed)

    assert codes(refused) == ["personal_device"]
    assert done.status_code == 302
    entry = of_body.moves.latest("pk")
    assert (entry.holder, entry.note) == ("Lò Thị Mới", "Biên bản 3/BB-VP")
    page = client.get(reverse("devices:detail", args=[of_person.uuid]))
    assert Move.CHANGE_HOLDER not in [card.move for card in page.context["cards"]]


# By list or scan, from subscribers


def test_ticks_and_odd_typing_take_many_back_at_once(agency: Agency) -> None:
    ticked, typed, early = (
        to_be_returned(agency),
        to_be_returned(agency),
        device_at(Custody.WITH_SUBSCRIBER, agency=agency),
    )
    spaced = f"{typed.serial[:2].lower()} {typed.serial[2:]}"
    sent_form = {
        "seen": [ticked.serial],
        "typed": f"{spaced}\r\n{early.serial}\t{early.serial};",
        "on": TODAY,
    }

    response = signed_in(Role.CLERK, agency).post(
        reverse("devices:take_back_many"), sent_form, follow=True
    )

    page = html(response)
    assert "Đã ghi nhận 3 thiết bị" in page
    assert f"chỉ tính một: {early.serial}" in page
    assert set(places([ticked, typed, early])) == {Custody.BACK_AT_AGENCY}


def test_each_odd_serial_says_what_is_wrong_and_holds_the_others_until_one_decides(
    agency: Agency,
) -> None:
    good = to_be_returned(agency)
    there = device_at(Custody.AT_AGENCY, agency=agency)
    others = device_at(Custody.WITH_SUBSCRIBER)
    lost_zeros = good.serial.replace("VG0", "VG").replace("VG0", "VG")
    url = reverse("devices:take_back_many")
    client = signed_in(Role.CLERK, agency)
    typed = "\n".join([good.serial, there.serial, others.serial, lost_zeros])

    held = client.post(url, {"typed": typed, "on": TODAY})

    assert codes(held) == ["illegal_move", "unknown_serial", "unknown_serial"]
    page = html(held)
    assert others.serial in page
    assert f"Có phải {good.serial} không?" in page
    assert held.context["ready"] == 1
    assert places([good]) == [Custody.TO_BE_RETURNED]

    done = client.post(url, {"typed": typed, "on": TODAY, "skip": "1"}, follow=True)

    assert places([good, there]) == [Custody.BACK_AT_AGENCY, Custody.AT_AGENCY]
    assert f"Để lại, chưa ghi nhận: {there.serial}, {others.serial}, {lost_zeros}" in html(done)


def test_nothing_named_is_said_and_the_day_stays(agency: Agency) -> None:
    to_be_returned(agency)

    response = signed_in(Role.CLERK, agency).post(
        reverse("devices:take_back_many"), {"typed": " ", "on": TODAY}
    )

    assert list(response.context["form"].errors) == ["typed"]


def test_a_day_to_come_holds_the_whole_batch_with_its_ticks(agency: Agency) -> None:
    device = to_be_returned(agency)

    response = signed_in(Role.CLERK, agency).post(
        reverse("devices:take_back_many"), {"seen": [device.serial], "on": TOMORROW}
    )

    assert codes(response) == ["in_the_future"]
    assert response.context["form"].marked == [device.serial]
    assert places([device]) == [Custody.TO_BE_RETURNED]


def test_a_head_sees_the_batch_and_takes_nothing_back(agency: Agency) -> None:
    device = to_be_returned(agency)
    head = signed_in(Role.HEAD, agency)
    url = reverse("devices:take_back_many")

    assert device.serial in html(head.get(url))
    assert head.post(url, {"seen": [device.serial], "on": TODAY}).status_code == 403


# From an office to the CA


def office_form(**typed: Any) -> dict[str, Any]:
    return {
        "number": "215/SKHCN",
        "signed_on": "20/11/2026",
        "channel": "co_yeu",
        "on": TODAY,
        **typed,
    }


def test_the_ca_takes_in_what_an_office_hands_in_under_its_document(agency: Agency) -> None:
    first, second = at_office(agency), at_office(agency)
    assert agency.office is not None
    client = signed_in(Role.CA_OPERATOR)
    assert agency.office.name in html(client.get(reverse("devices:office_returns")))
    url = reverse("devices:office_return", args=[agency.office.uuid])

    client.post(url, office_form(seen=[first.serial], typed=second.serial.lower()))

    assert set(places([first, second])) == {Custody.AT_CA}
    entry = first.moves.latest("pk")
    assert entry.document_label.startswith("Văn bản số 215/SKHCN ngày 20/11/2026 của")
    assert entry.channel == "co_yeu"
    assert services.ledger_agrees(Device.objects.get(pk=first.pk))


def test_what_is_not_the_offices_to_hand_in_is_told_apart(agency: Agency) -> None:
    good, still = at_office(agency), to_be_returned(agency)
    foreign = at_office(builders.agency(office=builders.office()))
    assert agency.office is not None
    url = reverse("devices:office_return", args=[agency.office.uuid])
    typed = "\n".join([good.serial, still.serial, foreign.serial, "KHONG-CO"])

    response = signed_in(Role.CA_OPERATOR).post(url, office_form(typed=typed))

    assert codes(response) == ["illegal_move", "of_another_office", "unknown_serial"]
    assert 'value="215/SKHCN"' in html(response)
    assert set(places([good, foreign])) == {Custody.AT_OFFICE}


def test_a_document_dated_after_its_receipt_is_refused(agency: Agency) -> None:
    device = at_office(agency)
    assert agency.office is not None
    url = reverse("devices:office_return", args=[agency.office.uuid])
    client = signed_in(Role.CA_OPERATOR)

    late = client.post(url, office_form(seen=[device.serial], signed_on=TOMORROW))
    crossed = client.post(url, office_form(seen=[device.serial], on="19/11/2026"))

    assert list(late.context["form"].errors) == ["signed_on"]
    assert list(crossed.context["form"].errors) == ["on"]
    assert places([device]) == [Custody.AT_OFFICE]


def test_a_supervisor_and_an_office_confirm_nothing(agency: Agency) -> None:
    device = at_office(agency)
    assert agency.office is not None
    url = reverse("devices:office_return", args=[agency.office.uuid])

    supervisor = signed_in(Role.CA_SUPERVISOR).post(url, office_form(seen=[device.serial]))
    officer = signed_in(Role.OFFICE_OFFICER, agency.office).get(url)

    assert (supervisor.status_code, officer.status_code) == (403, 404)
    assert places([device]) == [Custody.AT_OFFICE]


# A shipment


def test_a_serial_that_lost_its_zeros_is_asked_about_not_guessed() -> None:
    shipment = sent(2)
    first, second = Device.objects.order_by("pk")
    url = reverse("devices:receive", args=[shipment.uuid])
    client = signed_in(Role.CLERK, shipment.agency)
    spaced = f"{first.serial[:3].lower()} {first.serial[3:]}"

    asked = client.post(url, {"typed": without_zeros(second.serial), "rest": "later", "on": TODAY})
    assert codes(asked) == ["not_in_list"]
    assert f"Có phải {second.serial} không?" in html(asked)
    client.post(url, {"typed": spaced, "rest": "later", "on": TODAY})

    assert places([first, second]) == [Custody.AT_AGENCY, Custody.ON_ITS_WAY]


@pytest.mark.parametrize(
    ("serial", "meant"),
    [
        ("VG101", ["VG000101"]),
        ("BIT4ID101", ["BIT4ID-000101"]),
        ("123", ["000123"]),
        ("VG000101", []),
        ("VG1010", []),
    ],
)
def test_only_zeros_and_marks_may_differ(serial: str, meant: list[str]) -> None:
    assert alike(serial, ["VG000101", "BIT4ID-000101", "000123"]) == meant


def test_a_pasted_column_is_read_cell_by_cell() -> None:
    assert split_serials(" vg 001\r\nVG002\tvg003; VG004,\n\n") == [
        "VG001",
        "VG002",
        "VG003",
        "VG004",
    ]


# Sums


@pytest.mark.parametrize("role", list(Role))
def test_the_sums_are_what_the_user_may_see_in_fixed_queries(agency: Agency, role: Role) -> None:
    at_office(agency)
    homes = {
        Role.CLERK: agency,
        Role.HEAD: agency,
        Role.OFFICE_OFFICER: agency.office,
        Role.OFFICE_HEAD: agency.office,
    }
    client = signed_in(role, homes.get(role))
    url = reverse("devices:sums")
    client.get(url)

    with CaptureQueriesContext(connection) as few:
        page = client.get(url)
    for _one in range(3):
        at_office(builders.agency(office=agency.office))
        device_at(Custody.WITH_SUBSCRIBER, agency=agency)
    with CaptureQueriesContext(connection) as many:
        client.get(url)

    sees = {*homes, Role.CA_OPERATOR, Role.CA_SUPERVISOR}
    assert page.context["in_all"].total.count == (1 if role in sees else 0)
    assert page.context["agrees"] is (None if role.startswith("ca_") else True)
    assert len(many) == len(few)


def test_sums_that_disagree_with_the_ledger_are_not_hidden(agency: Agency) -> None:
    device = at_office(agency)
    Device.objects.filter(pk=device.pk).update(condition=Condition.DAMAGED)

    page = signed_in(Role.CLERK, agency).get(reverse("devices:sums"))

    assert page.context["agrees"] is False
    assert "khác sổ theo dõi" in html(page)


# What a page says


@pytest.mark.parametrize("custody", list(Custody))
@pytest.mark.parametrize("condition", list(Condition))
def test_every_state_says_what_comes_next(custody: Custody, condition: Condition) -> None:
    assert next_sentence(custody, condition).endswith(".")


def test_a_clerk_reads_what_is_owed_until_when_and_under_which_paper(agency: Agency) -> None:
    dossier = builders.dossier(agency=agency)
    device = device_at(Custody.WITH_SUBSCRIBER, agency=agency)
    paper: tuple[str, UUID | None, str] = ("dossier", dossier.uuid, "Mẫu 05 số 68")
    services.make_move(device, Move.RECALL, reason="x", actor=None, now=NOW, paper=paper)

    page = html(signed_in(Role.CLERK, agency).get(reverse("devices:detail", args=[device.uuid])))
    link = reverse("requests_app:detail", args=[dossier.uuid])

    assert "30/11/2026" in page
    assert f'<a href="{link}">Mẫu 05 số 68</a>' in page


def test_a_document_the_reader_may_not_open_is_named_and_not_linked(agency: Agency) -> None:
    foreign = builders.dossier(agency=builders.agency())
    device = device_at(Custody.WITH_SUBSCRIBER, agency=agency)
    paper: tuple[str, UUID | None, str] = ("dossier", foreign.uuid, "Mẫu 04 số 3")
    services.make_move(device, Move.RECALL, reason="x", actor=None, now=NOW, paper=paper)

    page = html(signed_in(Role.CLERK, agency).get(reverse("devices:detail", args=[device.uuid])))

    assert "Mẫu 04 số 3" in page
    assert str(foreign.uuid) not in page


def test_a_sim_is_found_by_its_number_and_shows_what_it_is(agency: Agency) -> None:
    device = device_at(Custody.WITH_SUBSCRIBER, agency=agency)
    Device.objects.filter(pk=device.pk).update(
        kind="sim",
        carrier="Viettel",
        phone="0912345678",
        iccid="8984048000012345678",
        converts_number=True,
    )
    client = signed_in(Role.CLERK, agency)

    for text in ("0912345678", "8984048000012345678"):
        assert device.serial in html(client.get(reverse("devices:list"), {"q": text}))
    page = html(client.get(reverse("devices:detail", args=[device.uuid])))
    assert "Có (cs)" in page
    assert "8984048000012345678" in page
