"""What the page of a certificate or a device offers: open at once, or closed with the reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from devices.lifecycle import Condition, Custody
from devices.models import Device
from portal.accounts.models import User
from portal.agencies.models import Affiliation
from portal.audit.models import AuditEntry
from portal.ca.models import Certificate, RevocationReason
from portal.ca.register import services as certificates
from portal.core.roles import OFFICE_ROLES, Role
from requests_app.drafts.prefilled import start_dossier
from requests_app.models import Dossier, Procedure
from requests_app.start_page.offers import (
    RECOVER,
    Offer,
    offers_for_certificate,
    offers_for_device,
)
from requests_app.workflow import Route, State
from tests import builders, story
from tests.builders import NOW, TODAY

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ca")]
MOST_QUERIES = 18


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def people() -> story.Cast:
    made = story.cast()
    for procedure in Procedure:
        if procedure is not Procedure.ISSUE:
            builders.routing(procedure, Route.VIA_OFFICE)
    return made


def held(people: story.Cast, *, days_left: int = 400, renewals: int = 0) -> Certificate:
    """The certificate of a person of the body, on a token in their hands."""
    person = builders.person("Lò Thị Mai", at=people.agency)
    made = story.give_certificate(person, days_left=days_left, renewals=renewals)
    return Certificate.objects.select_related("subscriber", "agency", "key__device").get(pk=made.pk)


def offers(certificate: Certificate, user: User) -> dict[str, Offer]:
    return {offer.code: offer for offer in offers_for_certificate(certificate, user, NOW)}


def of_device(device: Device, user: User) -> dict[str, Offer]:
    return {offer.code: offer for offer in offers_for_device(device, user, NOW)}


def codes(offer: Offer) -> set[str]:
    return {violation.code for violation in offer.violations}


def opened(found: dict[str, Offer]) -> set[str]:
    return {code for code, offer in found.items() if offer.is_open}


def page(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def ask(user: User, thing: Certificate | Device, do: str) -> Dossier:
    """Press the button of an offer and return the draft it opened."""
    kind = "certificate" if isinstance(thing, Certificate) else "device"
    address = reverse(f"requests_app:start_from_{kind}", args=[thing.uuid])
    answer = page(user).post(address, {"do": do})
    assert answer.status_code == 302, answer.text
    draft = Dossier.objects.latest("pk")
    assert answer.headers["Location"] == reverse("requests_app:editor", args=[draft.uuid])
    return draft


def test_a_certificate_with_a_year_left_is_renewed_changed_or_revoked(people: story.Cast) -> None:
    found = offers(held(people), people.clerk)

    assert list(found) == [
        "renew", "change", "revoke", "reissue", "recover", "give_back", "lose",
    ]  # fmt: skip
    assert opened(found) == {"renew", "change", "revoke", "lose"}


@pytest.mark.parametrize(("days_left", "is_late"), [(30, False), (29, True)])
def test_with_29_days_left_only_a_new_issue_is_open(
    people: story.Cast, days_left: int, is_late: bool
) -> None:
    found = offers(held(people, days_left=days_left), people.clerk)

    assert {"renew", "change"} & opened(found) == (set() if is_late else {"renew", "change"})
    assert found["reissue"].is_open is is_late
    if is_late:
        (violation,) = found["renew"].violations
        assert violation.code == "too_late_to_renew"
        assert "Điều 12" in violation.article
        assert "reissue" in found["renew"].instead
    else:
        assert codes(found["reissue"]) == {"still_long_valid"}
        assert "21/11/2026" in found["reissue"].violations[0].way_out


def test_what_was_renewed_once_is_changed_but_not_renewed(people: story.Cast) -> None:
    found = offers(held(people, renewals=1), people.clerk)

    assert codes(found["renew"]) == {"renewed_already"}
    assert found["change"].is_open


def test_what_was_revoked_is_issued_anew_and_not_revoked_again(people: story.Cast) -> None:
    certificate = held(people)
    certificates.revoke(certificate, RevocationReason.CESSATION, actor=None, now=NOW)
    certificate.refresh_from_db()

    found = offers(certificate, people.clerk)

    assert codes(found["renew"]) == {"revoked"}
    assert not found["revoke"].is_open
    assert found["reissue"].is_open


def test_what_has_a_successor_leads_to_it(people: story.Cast) -> None:
    old = held(people, days_left=10)
    successor = builders.certificate(subscriber=old.subscriber, key_pair=old.key)
    Certificate.objects.filter(pk=successor.pk).update(predecessor=old)

    violation = offers(old, people.clerk)["reissue"].violations[0]

    assert violation.code == "superseded"
    assert violation.link == reverse("ca:detail", args=[successor.uuid])


def test_a_locked_device_is_recovered_and_a_lost_one_told_of(people: story.Cast) -> None:
    device = held(people).key.device
    Device.objects.filter(pk=device.pk).update(condition=Condition.LOCKED)
    device.refresh_from_db()
    assert opened(of_device(device, people.clerk)) == {"recover", "lose", "revoke", "tell"}

    Device.objects.filter(pk=device.pk).update(condition=Condition.LOST)
    device.refresh_from_db()
    found = of_device(device, people.clerk)

    assert opened(found) == {"lose", "revoke", "tell"}
    assert codes(found["give_back"]) == {"device_lost"}
    assert "lose" in found["give_back"].instead


def test_a_device_that_is_back_is_given_back(people: story.Cast) -> None:
    device = held(people).key.device
    Device.objects.filter(pk=device.pk).update(custody=Custody.BACK_AT_AGENCY)
    device.refresh_from_db()

    assert of_device(device, people.clerk)["give_back"].is_open


def test_what_stands_in_an_open_dossier_is_linked_to_it(people: story.Cast) -> None:
    certificate = held(people)
    draft = ask(people.clerk, certificate, "revoke")
    Dossier.objects.filter(pk=draft.pk).update(state=State.SUBMITTED)

    violation = next(
        one
        for one in offers(certificate, people.clerk)["revoke"].violations
        if one.code == "duplicate_open"
    )

    assert violation.link == reverse("requests_app:detail", args=[draft.uuid])
    shown = page(people.clerk).get(reverse("ca:detail", args=[certificate.uuid])).text
    assert f'class="way-out" href="{violation.link}"' in shown


def test_what_stands_in_a_draft_is_gone_on_with(people: story.Cast) -> None:
    certificate = held(people)
    draft = ask(people.clerk, certificate, "renew")
    path = reverse("requests_app:editor", args=[draft.uuid])

    found = offers(certificate, people.clerk)
    again = page(people.clerk).post(
        reverse("requests_app:start_from_certificate", args=[certificate.uuid]), {"do": "change"}
    )

    assert found["renew"].draft == found["change"].draft == path
    assert found["revoke"].draft == ""
    assert again.headers["Location"] == path
    assert Dossier.objects.count() == 1


def test_a_new_issue_asked_for_already_is_linked(people: story.Cast) -> None:
    certificate = held(people, days_left=10)
    draft = ask(people.clerk, certificate, "reissue")
    assert offers(certificate, people.clerk)["reissue"].draft

    Dossier.objects.filter(pk=draft.pk).update(state=State.SUBMITTED)

    assert codes(offers(certificate, people.clerk)["reissue"]) == {"duplicate_open"}


@pytest.mark.parametrize(
    ("do", "form", "ticked"),
    [("renew", "mau_04_renew_change", "renews"), ("change", "mau_04_renew_change", "changes")],
)
def test_a_draft_of_mau_04_names_the_certificate_and_the_wish(
    people: story.Cast, do: str, form: str, ticked: str
) -> None:
    certificate = held(people)

    draft = ask(people.clerk, certificate, do)

    answers = draft.items.get().answers
    assert draft.kind == form
    assert answers["certificate_serial"] == certificate.serial
    assert answers["email"] == certificate.email
    assert {name for name in ("renews", "changes") if answers.get(name)} == {ticked}


def test_a_new_issue_knows_the_person_and_the_old_number(people: story.Cast) -> None:
    certificate = held(people, days_left=10)
    person = certificate.subscriber
    Affiliation.objects.create(
        subscriber=person,
        agency=people.agency,
        position="Chuyên viên",
        email="mai.tanuyen@laichau.gov.vn",
        phone="0912345678",
        valid_from=TODAY,
    )

    draft = ask(people.clerk, certificate, "reissue")

    answers = draft.items.get().answers
    assert draft.kind == "mau_01_person"
    assert {
        "full_name": "Lò Thị Mai",
        "birth_on": "01/01/1990",
        "identity_number": person.identity_number,
        "org1": "ỦY BAN NHÂN DÂN TỈNH LAI CHÂU",
        "province": "Lai Châu",
        "position": "Chuyên viên",
        "phone": "0912345678",
        "email": "mai.tanuyen@laichau.gov.vn",
        "old_serial": certificate.serial,
        "storage": "token",
    }.items() <= answers.items()
    reading = AuditEntry.objects.get(action="subscriber.reveal")
    assert (reading.actor_uuid, reading.target_uuid) == (people.clerk.uuid, person.uuid)


def test_the_letter_names_the_old_number_where_the_list_has_no_column(people: story.Cast) -> None:
    body = builders.organisation(people.agency)
    certificate = story.give_certificate(body, days_left=10)

    draft = ask(people.clerk, certificate, "reissue")

    answers = draft.items.get().answers
    assert draft.kind == "mau_02_organisation"
    assert certificate.serial in draft.note
    assert answers["name"] == people.agency.name
    assert answers["address"] == "Bản Thử"


def test_the_number_of_a_person_who_went_away_is_not_given(people: story.Cast) -> None:
    certificate = held(people, days_left=10)
    certificate.subscriber.agency = builders.agency(office=builders.office())
    certificate.subscriber.save()

    draft = ask(people.clerk, certificate, "reissue")

    answers = draft.items.get().answers
    assert answers["full_name"] == "Lò Thị Mai"
    assert (answers["identity_number"], answers["birth_on"]) == ("", "")
    assert not AuditEntry.objects.filter(action="subscriber.reveal").exists()


@pytest.mark.parametrize(
    ("do", "form"),
    [("recover", "mau_06_recover"), ("lose", "mau_09_loss"), ("revoke", "mau_05_revoke")],
)
def test_what_is_asked_on_a_device_names_it(people: story.Cast, do: str, form: str) -> None:
    device = held(people).key.device
    Device.objects.filter(pk=device.pk).update(condition=Condition.LOCKED)

    draft = ask(people.clerk, device, do)

    assert draft.kind == form
    assert draft.items.get().answers["device_serial"] == device.serial
    assert draft.items.get().device == device


def test_a_hand_over_is_told_of_from_the_device_and_of_no_other(people: story.Cast) -> None:
    device, _other = held(people).key.device, held(people)
    offer = offers_for_device(device, people.clerk, NOW)[0]
    assert (offer.code, offer.is_next) == ("tell", True)

    draft = ask(people.clerk, device, "tell")

    assert draft.kind == "mau_07_handover"
    assert [item.device for item in draft.items.all()] == [device]
    (again, *_others) = offers_for_device(device, people.clerk, NOW)
    assert again.draft == reverse("requests_app:editor", args=[draft.uuid])


@pytest.mark.parametrize(("days_left", "right"), [(400, None), (40, "renew"), (29, "reissue")])
def test_on_what_soon_expires_the_right_act_stands_first_and_alone_is_heavy(
    people: story.Cast, days_left: int, right: str | None
) -> None:
    certificate = held(people, days_left=days_left)

    found = offers_for_certificate(certificate, people.clerk, NOW)

    assert [offer.code for offer in found if offer.is_next] == ([right] if right else [])
    answer = page(people.clerk).get(reverse("ca:detail", args=[certificate.uuid]))
    shown = answer.text.partition("</main>")[0]
    assert (found[0].code == right) is (right is not None)
    heavy = re.findall(r'<(?:button|a) class="btn btn-primary"[^>]*>([^<]*)', shown)
    assert len(heavy) == (1 if right else 0)


def test_what_is_closed_opens_no_draft_and_says_why(people: story.Cast) -> None:
    certificate = held(people, days_left=29)
    address = reverse("requests_app:start_from_certificate", args=[certificate.uuid])

    answer = page(people.clerk).post(address, {"do": "renew"})

    assert answer.status_code == 200
    assert 'data-code="too_late_to_renew"' in answer.text
    assert not Dossier.objects.exists()


def test_what_is_no_offer_is_not_found(people: story.Cast) -> None:
    certificate = held(people)
    address = reverse("requests_app:start_from_certificate", args=[certificate.uuid])

    assert page(people.clerk).post(address, {"do": "fly"}).status_code == 404
    assert page(people.clerk).post(address).status_code == 404


def test_nothing_is_started_about_what_is_not_seen(people: story.Cast) -> None:
    certificate = held(people)
    stranger = story.cast_beside(people).clerk

    with pytest.raises(Certificate.DoesNotExist):
        start_dossier("mau_05_revoke", actor=stranger, now=NOW, certificates=[certificate])

    assert not Dossier.objects.exists()


@pytest.mark.parametrize(
    "role",
    [one for one in Role if one not in (Role.CLERK, Role.IT_OFFICER, Role.ADMINISTRATOR)],
)
def test_only_clerks_are_offered_anything(people: story.Cast, role: Role) -> None:
    certificate = held(people)
    homes = dict.fromkeys(OFFICE_ROLES, people.officer.agency)
    home = None if role.startswith("ca") else homes.get(role, people.agency)
    reader = builders.user(role, agency=home)

    shown = page(reader).get(reverse("ca:detail", args=[certificate.uuid]))

    assert shown.status_code == 200
    assert offers(certificate, reader) == {}
    assert "viec-co-the-lam" not in shown.text


def test_the_it_officer_is_offered_recovery_alone(people: story.Cast) -> None:
    certificate = held(people)
    officer = builders.user(Role.IT_OFFICER, agency=people.agency)

    assert set(offers(certificate, officer)) == {RECOVER}
    Device.objects.update(condition=Condition.LOCKED)
    certificate.refresh_from_db()
    assert offers(certificate, officer)[RECOVER].is_open
    page(officer).post(
        reverse("requests_app:start_from_device", args=[certificate.key.device.uuid]),
        {"do": "recover"},
    )
    assert [one.kind for one in Dossier.objects.all()] == ["mau_06_recover"]


def test_the_page_shows_open_ones_as_buttons_and_closed_ones_with_article_and_way_out(
    people: story.Cast,
) -> None:
    certificate = held(people, days_left=29)

    shown = page(people.clerk).get(reverse("ca:detail", args=[certificate.uuid])).text

    assert set(re.findall(r'name="do" value="(\w+)"', shown)) == {"revoke", "reissue", "lose"}
    assert "Điều 12 Nghị định 68/2024/NĐ-CP" in shown
    assert 'href="#viec-reissue"' in shown


@pytest.mark.parametrize("route", ["ca:detail", "devices:detail"])
@pytest.mark.parametrize("custody", [Custody.WITH_SUBSCRIBER, Custody.BACK_AT_AGENCY])
@pytest.mark.parametrize("condition", [Condition.OK, Condition.LOCKED])
def test_offers_cost_the_same_queries_whatever_stands_beside(
    people: story.Cast, route: str, custody: str, condition: str
) -> None:
    certificate = held(people)
    Device.objects.update(custody=custody, condition=condition)
    thing = certificate if route == "ca:detail" else certificate.key.device
    client = page(people.clerk)
    address = reverse(route, args=[thing.uuid])
    client.get(address)
    counts = []

    for _ in range(2):
        for _ in range(3):
            builders.certificate(
                subscriber=certificate.subscriber,
                key_pair=certificate.key,
                not_after=NOW + timedelta(days=300),
            )
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        counts.append(len(queries))

    assert counts[0] == counts[1] <= MOST_QUERIES
