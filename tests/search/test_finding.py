"""The search box: what is found by what, for whom, and what it leads to."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from devices.models import Device
from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.ca.models import Certificate
from portal.core.roles import Role
from portal.core.text.vietnamese import search_key
from portal.search.finders import search
from portal.search.words import phrases
from requests_app.models import Dossier
from requests_app.workflow import State
from tests import builders, words
from tests.orgmerge.builders import merger

pytestmark = [pytest.mark.django_db, pytest.mark.both]

PEOPLE, CERTIFICATES, DEVICES, DOSSIERS, LETTERS, BODIES, MERGERS = 10, 20, 30, 40, 45, 50, 60


@pytest.fixture
def clerk() -> User:
    return builders.user(Role.CLERK)


def found(user: User, typed: str, *, most: int = 5) -> dict[int, list[str]]:
    """Return the titles of what is found, by the place of its kind."""
    groups = search(user, typed, most=most)
    return {group.finder.place: [hit.title for hit in group.hits] for group in groups}


def people(user: User, typed: str) -> list[str]:
    return found(user, typed).get(PEOPLE, [])


def ask(client: Client, typed: str) -> Any:
    """Return the answer to what is typed into the box and sent."""
    answer = client.post(reverse("search:results"), {"q": typed})
    if answer.status_code == 302 and answer["Location"].startswith(reverse("search:results")):
        return client.get(answer["Location"])
    return answer


def test_words_are_kept_with_some_left_out_in_one_place() -> None:
    assert phrases("Lò Văn Tím") == {"lo van tim", "van tim", "tim", "lo tim"}
    of_four = phrases("Nguyễn Thị Thu Hà")
    assert {"nguyen thu ha", "nguyen ha", "thi ha", "nguyen thi ha"} <= of_four
    assert len(of_four) == 8
    of_a_body = phrases("Ủy ban nhân dân xã Tân Uyên")
    assert {"uy ban tan uyen", "uy tan uyen", "nhan dan xa tan uyen"} <= of_a_body
    assert len(of_a_body) == 22


@pytest.mark.parametrize(
    "typed", ["lo van tim", "LÒ VĂN TÍM", "Văn Tí", "tim", "lò tím", "tim lo", "  Lò   Văn "]
)
def test_a_person_is_found_however_the_name_is_typed(clerk: User, typed: str) -> None:
    builders.person("Lò Văn Tím", at=clerk.agency)
    builders.person("Hà Thị Lan", at=clerk.agency)
    words.fill()

    assert people(clerk, typed) == ["Lò Văn Tím"]


def test_words_apart_are_found_among_many_who_have_one_of_them(clerk: User) -> None:
    for number in range(30):
        builders.person(f"Nguyễn Thị Thu {'ABCDEGHIKL'[number % 10]}", at=clerk.agency)
    builders.person("Nguyễn Đình Thu Hà", at=clerk.agency)
    words.fill()

    for typed in ("nguyen thu ha", "thu ha nguyen", "dinh ha", "ha nguyen"):
        assert people(clerk, typed) == ["Nguyễn Đình Thu Hà"], typed
    assert people(clerk, "tran thu ha") == []


def test_nobody_finds_what_another_body_has(clerk: User) -> None:
    other = builders.agency("PHÒNG KHÁC HẲN", office=clerk.agency.office)
    person = builders.person("Lò Văn Tím", at=other)
    certificate = builders.certificate(subscriber=person)
    device = builders.in_hands_of(person, certificate.key)
    builders.dossier(agency=other, letter_number="77/UBND", state=State.SUBMITTED)
    words.fill()
    everything = ("lo van tim", certificate.serial, device.serial, "77/UBND", "khác hẳn")

    assert [found(clerk, typed) for typed in everything] == [{}] * 5
    officer = builders.user(Role.OFFICE_OFFICER, agency=clerk.agency.office)
    assert [list(found(officer, typed)) for typed in everything] == [
        [PEOPLE],
        [CERTIFICATES],
        [DEVICES],
        [DOSSIERS],
        [BODIES],
    ]


def test_a_second_duty_is_found_by_both_bodies(clerk: User) -> None:
    other = builders.agency(office=builders.office())
    person = builders.person("Lò Văn Tím", at=other)
    person.affiliations.create(agency=clerk.agency, valid_from=builders.TODAY)
    words.fill()

    assert people(clerk, "tim") == ["Lò Văn Tím"]
    (hit,) = search(clerk, "tim", most=5)[0].hits
    assert other.name not in hit.detail


def test_a_whole_serial_opens_the_certificate(client: Client, clerk: User) -> None:
    certificate = _certificate(clerk, "54A0C1D2E3F40911")
    client.force_login(clerk)
    there = reverse("ca:detail", args=[certificate.uuid])

    for written in ("54A0C1D2E3F40911", "54:a0:c1:d2:e3:f4:09:11", "54a0 c1d2 e3f4 0911"):
        assert ask(client, written)["Location"] == there
    assert found(clerk, "54a0:c1") == {CERTIFICATES: ["54A0C1D2E3F40911"]}
    assert found(clerk, "a0c1") == {}


def test_a_device_is_found_by_serial_number_and_iccid(client: Client, clerk: User) -> None:
    person = builders.person(at=clerk.agency)
    device = builders.in_hands_of(person, builders.key("sim"))
    Device.objects.filter(pk=device.pk).update(
        serial="VG000123", phone="0912345678", iccid="8984048000012345678"
    )
    client.force_login(clerk)
    there = reverse("devices:detail", args=[device.uuid])

    for typed in ("vg000123", "VG 000 123", "0912 345 678", "+84912345678", "8984048000012345678"):
        assert ask(client, typed)["Location"] == there, typed
    for typed in ("vg00", "0912", "898404"):
        assert list(found(clerk, typed)) == [DEVICES], typed


def test_a_letter_is_found_by_its_number(client: Client, clerk: User) -> None:
    dossier = builders.dossier(agency=clerk.agency, letter_number="15/UBND-VX")
    builders.dossier(agency=clerk.agency, letter_number="157/UBND-VX")
    client.force_login(clerk)

    answer = ask(client, "số 15/ubnd-vx")

    assert answer["Location"] == reverse("requests_app:detail", args=[dossier.uuid])
    assert len(found(clerk, "15")[DOSSIERS]) == 2
    assert len(found(clerk, "157")[DOSSIERS]) == 1


def test_a_dossier_is_found_by_who_is_in_it_once_it_may_be_seen(clerk: User) -> None:
    dossier = _with_row(builders.dossier(agency=clerk.agency), "Lò Văn Tím")
    office = clerk.agency.office
    assert office is not None
    officer = builders.user(Role.OFFICE_OFFICER, agency=office)
    operator = builders.user(Role.CA_OPERATOR)
    words.fill()

    [group] = search(clerk, "văn tím", most=5)
    [hit] = group.hits
    row = dossier.items.get()
    assert hit.detail.endswith(f" {row.position}: Lò Văn Tím")  # which row it is
    assert found(officer, "văn tím") == {}
    Dossier.objects.filter(pk=dossier.pk).update(sent_at=builders.NOW, state=State.SUBMITTED)
    assert list(found(officer, "văn tím")) == [DOSSIERS]
    assert found(operator, "văn tím") == {}
    Dossier.objects.filter(pk=dossier.pk).update(is_at_ca=1, state=State.FORWARDED)
    assert list(found(operator, "văn tím")) == [DOSSIERS]
    # What is being corrected was not sent.
    Dossier.objects.filter(pk=dossier.pk).update(state=State.RETURNED)
    assert found(officer, "văn tím") == {}


def test_a_body_is_found_by_its_short_name_too(clerk: User) -> None:
    name = "ỦY BAN NHÂN DÂN XÃ TÂN UYÊN"
    body = builders.agency(name, office=clerk.agency.office)
    officer = builders.user(Role.OFFICE_OFFICER, agency=clerk.agency.office)
    words.fill()

    for typed in ("tân uyên", "UBND xã Tân Uyên", "uy ban tan uyen", "nhan dan tan uyen"):
        assert found(officer, typed)[BODIES] == [name]
    administrator = builders.user(Role.ADMINISTRATOR)
    assert found(administrator, "tân uyên") == {BODIES: [body.name]}


def test_an_identity_number_opens_the_person_and_the_reading_is_recorded(
    client: Client, clerk: User
) -> None:
    person = builders.person("Lò Văn Tím", at=clerk.agency, number="012084000123")
    client.force_login(clerk)

    answer = client.post(reverse("search:results"), {"q": "012 084 000 123"})

    assert answer["Location"] == reverse("agencies:subscriber", args=[person.uuid])
    (entry,) = AuditEntry.objects.filter(action="subscriber.reveal")
    assert (entry.target_uuid, entry.actor_uuid) == (person.uuid, clerk.uuid)


def test_an_identity_number_of_elsewhere_finds_nobody_and_stands_in_no_address(
    client: Client, clerk: User
) -> None:
    builders.person(at=builders.agency(), number="012084000123")
    client.force_login(clerk)

    posted = client.post(reverse("search:results"), {"q": "012084000123"})
    asked = client.get(reverse("search:results"), {"q": "012084000123"})
    offered = client.post(reverse("search:offers"), {"q": "012084000123"})

    assert (posted.status_code, posted.context["groups"]) == (200, [])
    assert (asked.status_code, asked.context["groups"]) == (200, [])
    assert "012084000123" not in (asked.content + offered.content).decode()
    assert not AuditEntry.objects.filter(action="subscriber.reveal").exists()


def test_a_reorganisation_is_found_by_its_name_or_decision_by_who_works_on_it() -> None:
    officer = builders.user(Role.OFFICE_OFFICER)
    made = merger(officer)

    assert found(officer, "sắp xếp xã thử") == {MERGERS: [made.title]}
    assert made.title in found(officer, made.decision)[MERGERS]
    for stranger in (builders.user(Role.OFFICE_OFFICER), builders.user(Role.CLERK)):
        assert MERGERS not in found(stranger, "sắp xếp xã thử")


def test_one_letter_or_nothing_asks_for_more(client: Client, clerk: User) -> None:
    client.force_login(clerk)

    for typed in ("", " ", "a", "%", "_", "\\", "'", "–", "ø", "x" * 500):
        assert ask(client, typed).context["groups"] == [], typed
        assert client.post(reverse("search:offers"), {"q": typed}).status_code == 200


def test_what_is_more_is_in_the_list(client: Client, clerk: User) -> None:
    for number in range(7):
        builders.person(f"Lò Văn {'ABCDEGH'[number]}nh", at=clerk.agency)
    words.fill()

    (group,) = search(clerk, "lo van", most=5)

    assert len(group.hits) == 5
    client.force_login(clerk)
    assert client.get(group.more_url).context["count"] == 7


def _certificate(clerk: User, serial: str) -> Certificate:
    certificate = builders.certificate(subscriber=builders.person(at=clerk.agency))
    Certificate.objects.filter(pk=certificate.pk).update(serial=serial)
    return certificate


def _with_row(dossier: Dossier, name: str) -> Dossier:
    dossier.items.update(title=name, search_title=search_key(name))
    return dossier
