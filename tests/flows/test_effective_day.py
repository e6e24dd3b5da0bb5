"""Two communes become one: the day comes, and everybody works on under the new name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from devices.models import Device
from orgmerge.models import Merger
from orgmerge.succession.remainders import remaining_counts
from orgmerge.vocabulary import MergerState
from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.ca.authority import keystore
from portal.ca.models import Certificate
from portal.core.roles import Role
from portal.notices.models import Notice
from requests_app.catalogue.mau_04_renew_change.prefill import row_of
from requests_app.drafts.services import save_letter
from requests_app.models import Dossier, Procedure, SigningMode
from requests_app.workflow import Action, Route, State
from tests import builders, story
from tests.orgmerge import approved
from tests.orgmerge import builders as merging
from tests.orgmerge.approved import DAY

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ca")]
MORNING = datetime(2026, 12, 1, 8, 0, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))


@pytest.fixture(autouse=True)
def _worker() -> Iterator[None]:
    yield
    keystore.close()


def sweep(at: datetime) -> None:
    call_command("run_sweeps", "--at", f"{at:%Y-%m-%dT%H:%M}", stdout=StringIO())


@dataclass(frozen=True, slots=True)
class House:
    """Two communes with work under way, and the decision that makes one of them."""

    people: story.Cast
    second: Agency
    others: tuple[User, User]  # its clerk and its head
    held: Certificate
    petition: Dossier
    revocation: Dossier
    ended: Dossier
    merger: Merger

    @property
    def new(self) -> Agency:
        """The body that was founded."""
        body = self.merger.bodies.select_related("agency__office").get()
        assert body.agency is not None
        return body.agency


@pytest.fixture
def house() -> House:
    people = story.able_to_sign(story.cast(Route.VIA_OFFICE))
    builders.routing(Procedure.REVOKE)
    second = builders.agency("ỦY BAN NHÂN DÂN XÃ HAI", office=people.agency.office)
    head = builders.user(Role.HEAD, agency=second, person=builders.person(at=second))
    revocation = builders.dossier(agency=second, kind="mau_05_revoke", state=State.FORWARDED)
    petition = story.sign_digitally(story.drafted(people), people)
    merger = merging.merger(people.officer, effective_on=DAY)
    body = merging.body(merger, "ỦY BAN NHÂN DÂN XÃ MỚI")
    for old in (people.agency, second):
        merging.share(merger, old, body)
    return House(
        people=people,
        second=second,
        others=(builders.user(Role.CLERK, agency=second), head),
        held=story.give_certificate(builders.person("Lò Thị Ở Lại", at=second)),
        petition=petition,
        revocation=revocation,
        ended=builders.dossier(agency=people.agency, state=State.COMPLETED),
        merger=approved.approve(merger),
    )


def test_two_communes_take_effect_by_the_sweeps(house: House) -> None:
    sweep(MORNING - timedelta(days=1))
    house.merger.refresh_from_db()
    assert house.merger.state == MergerState.APPROVED
    assert house.merger.list_document is not None

    sweep(MORNING)

    house.merger.refresh_from_db()
    assert house.merger.state in (MergerState.IN_FORCE, MergerState.COMPLETED)
    assert house.merger.followed_at == MORNING
    assert remaining_counts(house.merger, now=MORNING) == {}
    assert house.merger.handovers.count() == 2


def test_who_signed_in_for_the_old_bodies_works_for_the_new_one(house: House) -> None:
    sweep(MORNING)

    clerk, head = house.others
    for user in (house.people.clerk, house.people.head, clerk, head):
        user.refresh_from_db()
        assert user.agency == house.new
    assert house.people.head.role == Role.HEAD
    assert (head.role, head.is_active) == ("", False)  # a second one: two administrators decide
    assert house.held in Certificate.objects.visible_to(house.people.clerk)
    assert set(Device.objects.visible_to(clerk)) == set(Device.objects.all())


def test_what_asks_in_the_old_name_is_filed_anew_and_the_rest_goes_on(house: House) -> None:
    sweep(MORNING)

    house.petition.refresh_from_db()
    house.revocation.refresh_from_db()
    anew = house.petition.continued_by
    assert house.petition.state == State.WITHDRAWN
    assert (anew.state, anew.agency, anew.row_count) == (State.DRAFT, house.new, 1)
    assert (house.revocation.state, house.revocation.agency) == (State.FORWARDED, house.new)
    told = Notice.objects.filter(recipient=house.people.clerk)
    assert told.filter(target_uuid=anew.uuid).exists()
    clerk = Client()
    clerk.force_login(User.objects.get(pk=house.people.clerk.pk))
    for dossier in (house.petition, anew, house.revocation, house.ended):
        page = clerk.get(reverse("requests_app:detail", args=[dossier.uuid]))
        assert page.status_code == 200
    link = reverse("requests_app:detail", args=[anew.uuid])
    old = clerk.get(reverse("requests_app:detail", args=[house.petition.uuid]))
    assert link in old.content.decode()


def test_an_old_certificate_seals_the_first_letters_in_the_new_name(house: House) -> None:
    sweep(MORNING)  # DOMAIN 4.3: the trap

    anew = Dossier.objects.get(continues=house.petition)
    clerk = User.objects.get(pk=house.people.clerk.pk)
    save_letter(
        anew, letter_number="1/UBND-VHXH", letter_date=DAY, contact=anew.contact, note="",
        actor=clerk, now=MORNING, version=anew.version,
    )  # fmt: skip
    story.step(anew, Action.REQUEST_SIGNATURE, clerk, now=MORNING)

    assert (anew.state, anew.signing_mode) == (State.AWAITING_SIGNATURE, SigningMode.DIGITAL)
    assert anew.agency_version.agency == house.new


def test_the_old_bodys_certificate_is_changed_into_the_new_ones() -> None:
    people = story.cast(Route.DIRECT, procedure=Procedure.RENEW_CHANGE)
    first = people.agency
    own = story.give_certificate(builders.organisation(first))
    merger = merging.merger(people.officer, effective_on=DAY)
    body = merging.body(merger, "ỦY BAN NHÂN DÂN XÃ MỚI")
    merging.share(merger, first, body)
    approved.approve(merger)
    sweep(MORNING)
    body.refresh_from_db()
    people.clerk.refresh_from_db()
    people.head.refresh_from_db()
    own.refresh_from_db()
    assert own.agency == body.agency
    row = {**row_of(own, renews=False, changes=True), "new_name": "ỦY BAN NHÂN DÂN XÃ MỚI"}
    draft = story.draft_of(people, "mau_04_renew_change", [row], now=MORNING)

    story.carried_out(draft, people, now=MORNING)

    new = Certificate.objects.get(predecessor=own)
    assert new.subscriber.organisation == body.agency
    assert (new.agency, new.common_name) == (body.agency, "ỦY BAN NHÂN DÂN XÃ MỚI")
    assert own.subscriber.organisation == first


def test_nobody_else_gains_sight_of_anything() -> None:
    people = story.cast()
    stranger = builders.user(Role.CLERK, agency=builders.agency(office=people.officer.agency))
    merger = merging.merger(people.officer, effective_on=DAY)
    merging.share(merger, people.agency, merging.body(merger, "XÃ MỚI"))
    approved.approve(merger)
    builders.certificate(subscriber=builders.person(at=people.agency))
    builders.dossier(agency=people.agency, state=State.COMPLETED)

    sweep(MORNING)

    assert set(Agency.objects.visible_to(stranger)) == {stranger.agency}
    assert not Certificate.objects.visible_to(stranger).exists()
    assert not Dossier.objects.visible_to(stranger).exists()
