"""Demand: a round, what bodies propose, what it sums up to, and who is told when it is passed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.audit.models import AuditEntry
from portal.ca.models import Storage
from portal.core.roles import Role
from portal.core.text.names import in_proper_letters
from portal.demand import services
from portal.demand.models import DemandProposal, DemandRound
from portal.demand.rows import ROWS
from portal.demand.services import letter_of
from portal.notices.models import Notice
from requests_app.workflow import State
from tests import builders, story
from tests.builders import NOW, TODAY

pytestmark = pytest.mark.django_db
YEAR = TODAY.year


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    client.get(reverse("agencies:suggest"))
    return client


class Province:
    """An office with two bodies, each with a clerk and a head, all in their browsers."""

    def __init__(self) -> None:
        self.office = builders.office()
        self.officer = client_of(builders.user(Role.OFFICE_OFFICER, agency=self.office))
        self.chief = client_of(builders.user(Role.OFFICE_HEAD, agency=self.office))
        self.bodies = [builders.agency(office=self.office) for _ in range(2)]
        self.clerks = {one: self.person(Role.CLERK, one) for one in self.bodies}
        self.heads = {one: self.person(Role.HEAD, one) for one in self.bodies}

    @staticmethod
    def person(role: Role, at: Agency) -> Client:
        return client_of(builders.user(role, agency=at))

    def opened(self, client: Client | None = None) -> DemandRound:
        data = {
            "title": "Nhu cầu năm sau",
            "basis": "Công văn số 12/SKHCN ngày 05/01/2026",
            "first_year": YEAR,
            "last_year": YEAR + 1,
            "row_codes": [row.code for row in ROWS],
            "due_on": f"{TODAY:%d/%m/%Y}",
        }
        assert (client or self.officer).post(reverse("demand:open"), data).status_code == 302
        assert services.tell_next(now=timezone.now()) == 1
        return DemandRound.objects.latest("pk")

    def sent(
        self, of: DemandRound, at: Agency, number: int, *, desk: Client, head: Client
    ) -> DemandProposal:
        """A proposal of ``number`` in every cell, signed on paper and sent."""
        assert desk.post(reverse("demand:start", args=[of.uuid])).status_code == 302
        made = DemandProposal.objects.filter(round=of, agency=at).latest("pk")
        assert post(desk, "write", made, **cells(of, number)) == 302
        letter = f"{made.pk}/UBND-VHXH"
        day = f"{TODAY:%d/%m/%Y}"
        assert post(desk, "number", made, letter_number=letter, letter_date=day) == 302
        assert post(desk, "step", made, action="request_signature") == 302
        scan = SimpleUploadedFile("quet.pdf", story.blank_pdf(), content_type="application/pdf")
        assert post(desk, "scan", made, file=scan) == 302
        assert post(head, "step", made, action="sign") == 302
        assert post(desk, "step", made, action="seal") == 302
        made.refresh_from_db()
        return made


def post(client: Client, name: str, made: DemandProposal, **data: Any) -> int:
    made.refresh_from_db()
    path = reverse(f"demand:{name}", args=[made.uuid])
    return client.post(path, {"version": made.version} | data).status_code


def cells(of: DemandRound, number: object) -> dict[str, object]:
    return {f"{row.code}_{year}": number for row in of.rows for year in of.years}


@pytest.fixture
def province() -> Province:
    return Province()


@pytest.mark.both
def test_a_round_is_answered_summed_up_corrected_and_passed_on_to_the_ca(
    province: Province,
) -> None:
    of = province.opened()
    one, other = province.bodies
    assert Notice.objects.filter(target_uuid=of.uuid).count() == 2
    assert of.title in province.clerks[one].get("/").content.decode()

    first = province.sent(of, one, 4, desk=province.clerks[one], head=province.heads[one])
    assert of.title not in province.clerks[one].get("/").content.decode()
    assert Notice.objects.get(target_uuid=of.uuid, recipient__agency=one).over_at == NOW
    assert Notice.objects.get(target_uuid=of.uuid, recipient__agency=other).over_at is None
    page = province.officer.get(reverse("demand:round", args=[of.uuid]))
    assert (page.context["answered_count"], page.context["silent_count"]) == (1, 1)
    assert str(first.uuid) in page.content.decode()
    silent = province.officer.get(reverse("demand:round", args=[of.uuid]) + "?only=silent")
    assert [body for body, _made in silent.context["bodies"]] == [other]

    assert post(province.officer, "correct", first, **cells(of, 3), reason="") == 200
    assert post(province.officer, "correct", first, **cells(of, 3), reason="Vượt định mức") == 302
    first.refresh_from_db()
    assert first.cells["system"][str(YEAR)] == 4
    assert first.agreed["system"][str(YEAR)] == 3
    seen = province.clerks[one].get(reverse("demand:proposal", args=[first.uuid]))
    assert "Vượt định mức" in seen.content.decode()

    province.sent(of, other, 5, desk=province.clerks[other], head=province.heads[other])
    # A round of before asked for the same years: its answers are not counted again.
    earlier = province.opened()
    province.sent(earlier, one, 50, desk=province.clerks[one], head=province.heads[one])
    DemandRound.objects.filter(pk=earlier.pk).update(opened_at=NOW - timedelta(days=300))
    builders.certificate(subscriber=builders.person(at=one))
    operator = client_of(builders.user(Role.CA_OPERATOR, agency=builders.ca()))
    of_the_ca = province.opened(operator)
    assert province.officer.post(reverse("demand:start", args=[of_the_ca.uuid])).status_code == 302
    summed = DemandProposal.objects.get(round=of_the_ca)
    assert {n for by_year in summed.cells.values() for n in by_year.values()} == {3 + 5}
    assert summed.known["person_token"]["held"] == 1  # of its bodies
    whole = province.officer.get(reverse("demand:export", args=[of.uuid]))
    assert whole.content.startswith(b"PK")
    acts = AuditEntry.objects.filter(target_uuid=first.uuid).order_by("pk")
    assert [act.action for act in acts][-2:] == ["demand.seal", "demand.correct"]


@pytest.mark.both
def test_bodies_are_told_in_pieces_and_told_anew_when_the_day_is_moved(
    province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "TOLD_AT_ONCE", 1)
    of, (one, other) = province.opened(), province.bodies
    path = reverse("demand:round", args=[of.uuid])
    page = province.officer.get(path)
    assert (page.context["told_count"], page.context["asked_count"]) == (1, 2)
    assert b"dang-bao-so" in page.content
    province.sent(of, one, 4, desk=province.clerks[one], head=province.heads[one])

    move, later = reverse("demand:move_due", args=[of.uuid]), TODAY + timedelta(days=9)
    typed = {"due_on": f"{later:%d/%m/%Y}", "reason": "Bão lụt"}
    past = province.officer.post(move, typed | {"due_on": f"{TODAY - timedelta(days=1):%d/%m/%Y}"})
    assert past.context["move_form"].errors.keys() == {"due_on"}
    assert province.officer.post(move, typed | {"reason": ""}).status_code == 200
    assert province.clerks[one].post(move, typed).status_code == 403
    assert province.officer.post(move, typed).status_code == 302
    assert province.officer.post(move, typed).context["move_form"].errors.keys() == {"due_on"}
    assert [services.tell_next(now=NOW + timedelta(seconds=n)) for n in (1, 2)] == [1, 0]

    told = Notice.objects.filter(target_uuid=of.uuid, over_at__isnull=True)
    assert {notice.recipient.agency_id for notice in told} == {other.pk}  # who has not answered
    assert f"{later:%d/%m/%Y}" in told.get().title
    page = province.clerks[other].get(path)
    assert "Bão lụt" in page.content.decode()
    assert b"dang-bao-so" not in province.officer.get(path).content
    moved = AuditEntry.objects.get(action="demand_round.move_due")
    assert (moved.data["was"], moved.data["due_on"]) == (f"{TODAY}", f"{later}")
    assert province.officer.post(reverse("demand:close", args=[of.uuid])).status_code == 302
    assert province.officer.post(move, typed | {"due_on": f"{TODAY:%d/%m/%Y}"}).status_code == 200


@pytest.mark.both
def test_what_is_sent_again_takes_the_place_of_what_was_sent(province: Province) -> None:
    of, body = province.opened(), province.bodies[0]
    desk, head = province.clerks[body], province.heads[body]
    first = province.sent(of, body, 4, desk=desk, head=head)

    second = province.sent(of, body, 6, desk=desk, head=head)

    first.refresh_from_db()
    assert (first.is_replaced, second.is_replaced, second.number) == (True, False, 2)
    assert list(DemandProposal.objects.in_force()) == [second]
    with pytest.raises(IntegrityError), transaction.atomic():
        DemandProposal.objects.filter(pk=first.pk).update(is_replaced=False)
    assert province.officer.post(reverse("demand:close", args=[of.uuid])).status_code == 302
    assert desk.post(reverse("demand:start", args=[of.uuid])).status_code == 302
    assert DemandProposal.objects.count() == 2


def test_the_portal_proposes_what_ends_and_who_has_none_with_its_reasons(
    province: Province,
) -> None:
    of, body = province.opened(), province.bodies[0]
    ends = NOW.replace(year=YEAR + 1)
    for storage in (Storage.TOKEN, Storage.SIM):
        holder = builders.person(at=body)
        builders.certificate(subscriber=holder, key_pair=builders.key(storage), not_after=ends)
    builders.person(at=body)  # has none
    desk = province.clerks[body]
    desk.post(reverse("demand:start", args=[of.uuid]))
    made = DemandProposal.objects.get()

    assert post(desk, "write", made, system_2026="7") in (200, 302)
    assert post(desk, "take_proposed", made) == 302

    made.refresh_from_db()
    staff = made.known["person_token"]["staff"]
    assert made.known["person_sim"]["held"] == 1
    assert made.cells["person_sim"] == {str(YEAR): 0, str(YEAR + 1): 1}
    assert made.cells["person_token"] == {str(YEAR): staff, str(YEAR + 1): 1}
    page = desk.get(reverse("demand:proposal", args=[made.uuid])).content.decode()
    assert "Đang có 1" in page


@pytest.mark.parametrize("typed", ["chữ", "-1", "1000000000", "1.5"])
def test_a_cell_that_is_no_number_comes_back_as_typed(province: Province, typed: str) -> None:
    of, body = province.opened(), province.bodies[0]
    desk = province.clerks[body]
    desk.post(reverse("demand:start", args=[of.uuid]))
    made = DemandProposal.objects.get()
    data = cells(of, 1) | {f"system_{YEAR}": typed, "version": made.version}

    page = desk.post(reverse("demand:write", args=[made.uuid]), data)

    assert page.status_code == 200
    assert page.context["form"].errors
    assert f'value="{typed}"' in page.content.decode()
    made.refresh_from_db()
    assert made.cells == {}


def test_empty_cells_are_not_sent_and_a_round_is_opened_for_sensible_years(
    province: Province,
) -> None:
    of, body = province.opened(), province.bodies[0]
    desk = province.clerks[body]
    desk.post(reverse("demand:start", args=[of.uuid]))
    made = DemandProposal.objects.get()
    post(desk, "number", made, letter_number="1/UBND", letter_date=f"{TODAY:%d/%m/%Y}")
    assert post(desk, "step", made, action="request_signature") == 200
    wrong = {"title": "x", "first_year": 2030, "last_year": 2029, "due_on": "1/1/2020"}
    page = province.officer.post(reverse("demand:open"), wrong)
    assert {"last_year", "due_on", "row_codes"} <= set(page.context["form"].errors)


def test_the_letter_has_the_layout_of_the_form(province: Province) -> None:
    of, body = province.opened(), province.bodies[0]
    province.clerks[body].post(reverse("demand:start", args=[of.uuid]))
    made = DemandProposal.objects.select_related("round__opened_by_body").get()
    made.cells = {row.code: dict.fromkeys(of.years, 2) for row in of.rows}

    letter = letter_of(made, now=NOW)

    assert [label for label, _width, _group in letter.columns] == [
        "TT", "Nội dung", "Đvt", *of.years, "Ghi chú",
    ]  # fmt: skip
    assert [row[0] for row in letter.rows] == ["01", "02", "", "", "", "03"]
    assert letter.rows[1][2:] == ["", "", "", ""]
    assert letter.addressees == [in_proper_letters(province.office.name)]


@pytest.mark.both
def test_who_asks_for_more_than_was_agreed_is_told_once(province: Province) -> None:
    of, body = province.opened(), province.bodies[0]
    province.sent(of, body, 1, desk=province.clerks[body], head=province.heads[body])
    clerk = User.objects.get(agency=body, role=Role.CLERK)
    builders.dossier(agency=body, state=State.FORWARDED, rows=2, created_by=clerk)
    Notice.objects.all().delete()

    told = [services.warn_of_overruns(now=NOW) for _time in range(2)]

    assert told == [2, 2]  # the clerk and the officer, offered twice
    assert Notice.objects.filter(cause__startswith="demand-over").count() == 2


def test_who_sees_and_may_do_what(province: Province) -> None:
    of, body = province.opened(), province.bodies[0]
    made = province.sent(of, body, 1, desk=province.clerks[body], head=province.heads[body])
    stranger = client_of(builders.user(Role.OFFICE_OFFICER, agency=builders.office()))
    neighbour = province.clerks[province.bodies[1]]

    assert stranger.get(reverse("demand:round", args=[of.uuid])).status_code == 404
    for client in (stranger, neighbour):
        assert client.get(reverse("demand:proposal", args=[made.uuid])).status_code == 404
    correction = cells(of, 2) | {"reason": "x"}
    assert post(province.clerks[body], "correct", made, **correction) == 404
    assert post(province.chief, "correct", made, **correction) == 404
    assert province.clerks[body].get(reverse("demand:open")).status_code == 404
