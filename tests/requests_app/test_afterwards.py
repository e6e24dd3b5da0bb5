"""What a dossier that has ended still asks of somebody, and its refused rows filed anew."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from devices.lifecycle import Custody
from devices.models import Device
from requests_app.dossier_pages.stages import Place, Standing, stages_of, still_waiting
from requests_app.models import Dossier, Outcome
from requests_app.workflow import Action, State
from tests import builders, story

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(builders.NOW):
        yield


def carried_out(people: story.Cast, *custody: str) -> Dossier:
    """A dossier of new certificates that is done, with a device for each row."""
    dossier = builders.dossier(
        agency=people.agency,
        state=State.COMPLETED,
        rows=len(custody),
        created_by=people.clerk,
        ended_at=builders.NOW,
    )
    for item, place in zip(dossier.items.order_by("position"), custody, strict=True):
        person = builders.person(at=people.agency)
        key = builders.key()
        item.device = builders.device(
            custody=place, agency=people.agency, subscriber=person, key_pair=key
        )
        item.result = builders.certificate(subscriber=person, key_pair=key)
        item.outcome = Outcome.DONE
        item.save()
    return dossier


def test_who_does_it_gets_the_link_and_others_the_name() -> None:
    people = story.cast()
    dossier = carried_out(people, Custody.ALLOCATED, Custody.AT_AGENCY, Custody.AT_AGENCY)

    of_clerk, of_operator, of_officer = (
        {one.words[:10]: one.url for one in still_waiting(dossier, user, now=builders.NOW)}
        for user in (people.clerk, people.operator, people.officer)
    )

    only = f"?dossier={dossier.uuid}"
    hand_over = reverse("devices:hand_over_many") + only
    send = reverse("devices:send", args=[people.agency.uuid]) + only
    assert of_clerk == {"1 thiết bị": "", "2 thiết bị": hand_over}
    assert of_operator == {"1 thiết bị": send, "2 thiết bị": ""}
    assert of_officer == {"1 thiết bị": "", "2 thiết bị": ""}


@pytest.mark.parametrize("custody", [Custody.ALLOCATED, Custody.AT_AGENCY, Custody.TO_BE_RETURNED])
def test_a_link_leads_to_exactly_the_devices_it_counts(client: Client, custody: Custody) -> None:
    people = story.cast()
    dossier = carried_out(people, custody, custody)
    carried_out(people, custody)
    user = people.operator if custody is Custody.ALLOCATED else people.clerk
    client.force_login(user)

    (link,) = (one.url for one in still_waiting(dossier, user, now=builders.NOW) if one.url)
    page, whole = client.get(link).text, client.get(link.partition("?")[0]).text

    def listed(page: str) -> set[str]:
        found = Device.objects.values_list("serial", flat=True)
        return {serial for serial in found if serial in page}

    assert listed(page) == set(dossier.items.values_list("device__serial", flat=True))
    assert len(listed(whole)) == 3
    assert client.get(f"{link}x").status_code == 200  # no uuid: all


def test_the_bar_stands_at_the_hand_over_until_every_device_is_handed_over() -> None:
    people = story.cast()
    dossier = carried_out(people, Custody.AT_AGENCY, Custody.WITH_SUBSCRIBER)

    before = stages_of(dossier, people.clerk)[-1]
    Device.objects.update(custody=Custody.WITH_SUBSCRIBER)
    after = stages_of(dossier, people.clerk)[-1]

    assert (before.place, before.standing) == (Place.HANDING_OVER, Standing.NOW)
    assert (after.place, after.standing) == (Place.HANDING_OVER, Standing.DONE)


def test_the_bar_says_who_has_it_since_when_and_until_when() -> None:
    people = story.cast()
    dossier = story.sent(people)

    own, of_ca = stages_of(dossier, people.clerk), stages_of(dossier, people.operator)
    now = next(stage for stage in own if stage.standing is Standing.NOW)

    assert [stage.place for stage in own] == list(Place)
    assert [stage.standing for stage in own[:3]] == [Standing.DONE, Standing.DONE, Standing.NOW]
    assert people.officer.full_name in now.people
    assert people.agency.office is not None
    assert now.where == people.agency.office.name
    assert (now.since, now.until) == (builders.TODAY, dossier.due_on)
    assert [one.standing for one in of_ca] == [one.standing for one in own]


def test_who_of_a_body_corrects_a_dossier_is_its_own_business() -> None:
    people = story.cast()
    dossier = story.sent(people)
    story.step(dossier, Action.RETURN, people.officer, reason="Thiếu")

    (own,) = (one for one in stages_of(dossier, people.clerk) if one.standing is Standing.NOW)
    (seen,) = (one for one in stages_of(dossier, people.officer) if one.standing is Standing.NOW)

    assert own.place == seen.place == Place.WRITING
    assert people.clerk.full_name in own.people
    assert (seen.people, seen.where) == ("", people.agency.name)


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_a_place_on_every_route(state: State) -> None:
    people = story.cast()
    dossier = builders.dossier(agency=people.agency, state=state)

    stages = stages_of(dossier, people.clerk)

    here = [one for one in stages if one.standing in (Standing.NOW, Standing.STOPPED)]
    assert len(here) == (state not in (State.COMPLETED, State.PARTLY_COMPLETED))


def test_refused_rows_are_filed_anew_with_their_data(client: Client) -> None:
    people = story.cast()
    dossier = story.decided(people, rows=3, refuse=2)
    dossier.items.filter(decision="refused").update(outcome=Outcome.REFUSED)
    Dossier.objects.filter(pk=dossier.pk).update(state=State.PARTLY_COMPLETED)
    refused = list(dossier.items.filter(outcome=Outcome.REFUSED).order_by("position"))
    client.force_login(people.clerk)
    address = reverse("requests_app:file_again", args=[dossier.uuid])

    page = client.get(reverse("requests_app:detail", args=[dossier.uuid])).text
    client.post(address)
    client.post(address, {"row": str(refused[1].uuid)})
    accepted = client.post(address, {"row": str(dossier.items.all()[0].uuid)})

    both, one = Dossier.objects.exclude(pk=dossier.pk).order_by("pk")
    assert page.count(address) == 3
    assert [item.answers for item in both.items.order_by("position")] == [
        item.answers for item in refused
    ]
    assert one.items.get().answers == refused[1].answers
    assert one.contact == dossier.contact
    assert (one.state, one.letter_number) == (State.DRAFT, "")
    assert accepted.status_code == 404
