"""The pages of carrying out: who sees what, failures that are tried again, devices, few queries."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from devices.lifecycle import Custody
from devices.models import Device
from orgmerge.filing import services
from orgmerge.models import PlanLine
from orgmerge.plans import line_states
from orgmerge.plans.wording import SLUG_OF
from orgmerge.vocabulary import LineAction, LineStage, LineState
from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.core.roles import Role
from portal.core.rules import Refused
from requests_app.errors import NotEditable
from requests_app.models import Dossier
from requests_app.workflow import Action as StepAction
from tests import builders, story
from tests.orgmerge import approved, carried
from tests.orgmerge.carried import Merging

pytestmark = [pytest.mark.both, pytest.mark.django_db, pytest.mark.usefixtures("ca")]


@pytest.fixture
def at() -> Iterator[Merging]:
    """The first letter lies ready."""
    made = carried.merged()
    made.drive()
    with time_machine.travel(made.now, tick=False):
        yield made


def page(at: Merging, user: User, route: str = "progress", *more: object, status: int = 200) -> str:
    client = Client()
    client.force_login(user)
    response = client.get(reverse(f"orgmerge:{route}", args=[at.merger.uuid, *more]))
    assert response.status_code == status
    return response.content.decode()


def failed(at: Merging) -> PlanLine:
    """The clerk has withdrawn the letter of the organisation's certificate."""
    dossier = Dossier.objects.get(agency=at.agency)
    story.step(dossier, StepAction.WITHDRAW, at.clerk, reason="Nhầm tên", now=at.now)
    at.drive()
    return at.line(stage=LineStage.ORGANISATION, action=LineAction.CHANGE)


def test_the_page_says_whose_turn_it_is(at: Merging) -> None:
    assert "Chờ văn thư ỦY BAN NHÂN DÂN XÃ MỚI hoàn thiện 1 văn bản." in page(at, at.officer)
    assert "hoàn thiện 1 văn bản" in page(at, at.clerk)


def test_a_device_whose_notice_of_revocation_is_not_out_waits_for_that(at: Merging) -> None:
    device = Device.objects.get(pk=at.line(stage=LineStage.DEVICES).target_id)
    PlanLine.objects.exclude(stage=LineStage.DEVICES).update(state=LineState.DONE)
    assert device.custody == Custody.WITH_SUBSCRIBER
    assert "Chờ thông báo thu hồi chứng thư của 1 thiết bị." in page(at, at.officer)

    Device.objects.filter(pk=device.pk).update(custody=Custody.TO_BE_RETURNED)

    assert "Chờ thu về 1 thiết bị." in page(at, at.officer)


def test_without_a_clerk_the_page_says_so_and_nothing_is_opened() -> None:
    at = carried.merged()
    User.objects.filter(pk=at.clerk.pk).update(is_active=False)

    assert at.drive() == 0

    assert "chưa có tài khoản văn thư" in page(at, at.officer)
    assert not Dossier.objects.exists()


def test_before_the_list_is_sent_nothing_is_opened_and_the_page_says_so() -> None:
    at = carried.in_force(carried.planned(carried.described()), is_list_sent=False)

    assert at.drive() == 0

    assert "Chờ gửi danh sách cơ quan cho Cục" in page(at, at.officer)


def test_another_body_sees_nothing_of_it(at: Merging) -> None:
    stranger = builders.user(Role.CLERK, agency=builders.agency(office=at.office))

    page(at, stranger, status=404)


def test_the_ca_sees_numbers_and_no_things_of_people(at: Merging) -> None:
    line = failed(at)
    operator = builders.user(Role.CA_OPERATOR)

    shown = page(at, operator)

    assert "Tiến độ chung" in shown
    assert line.title not in shown
    page(at, operator, "devices", status=404)


def test_the_clerk_opens_again_as_it_was_and_leaves_the_rest_to_the_office(at: Merging) -> None:
    line = failed(at)

    with pytest.raises(PermissionDenied):
        services.again(line, actor=at.clerk, now=at.now, action=LineAction.REVOKE)
    with pytest.raises(PermissionDenied):
        services.set_aside(line, actor=at.clerk, now=at.now, reason="x")


def test_the_bodys_page_links_the_letters_for_its_own_people_alone(at: Merging) -> None:
    dossier = Dossier.objects.get(agency=at.agency)
    address = reverse("requests_app:detail", args=[dossier.uuid])

    assert address in page(at, at.clerk, "progress_body", at.body.uuid)
    assert address not in page(at, at.officer, "progress_body", at.body.uuid)


def test_a_number_leads_to_the_lines_it_counts(at: Merging) -> None:
    under_way = at.line(stage=LineStage.ORGANISATION, action=LineAction.CHANGE)
    client = Client()
    client.force_login(at.clerk)
    address = reverse("orgmerge:progress_body", args=[at.merger.uuid, at.body.uuid])

    def shown(asked: str) -> str:
        return client.get(f"{address}?{asked}").content.decode()

    counted = f"xem=open&amp;buoc={LineStage.ORGANISATION.value}"
    assert f'href="?{counted}#viec"' in page(at, at.clerk, "progress_body", at.body.uuid)
    assert under_way.title in shown(counted.replace("&amp;", "&"))
    assert under_way.title not in shown("xem=planned")
    assert "Không có việc nào như vậy." in shown("xem=failed")
    assert under_way.title in shown("xem=khac&buoc=99")  # what no page says is everything


def test_an_absorbed_body_reads_before_the_day_when_its_progress_begins() -> None:
    at = approved.scene("UBND XÃ ĐẦU")
    client = Client()
    client.force_login(builders.user(Role.CLERK, agency=at.olds[0]))

    shown = client.get(reverse("orgmerge:progress", args=[at.merger.uuid])).content.decode()

    assert "Từ ngày 01/12/2026, tiến độ của đơn vị anh/chị hiện ở đây." in shown
    assert "Không phải lập hồ sơ nào." not in shown


@pytest.mark.both
def test_a_letter_that_was_withdrawn_waits_for_a_person_and_is_opened_again(at: Merging) -> None:
    line = failed(at)
    assert (line.state, "Nhầm tên" in line.outcome) == (LineState.FAILED, True)
    before = line.item
    assert before is not None
    assert at.drive() == 0

    client = Client()
    client.force_login(at.clerk)
    address = reverse(
        "orgmerge:line_again", args=[at.merger.uuid, SLUG_OF[line.about], line.target_uuid]
    )
    assert client.post(address).status_code == 302
    at.drive()

    line.refresh_from_db()
    assert line.state == LineState.OPEN
    assert line.item not in (None, before)
    entry = AuditEntry.objects.get(action="merger.line_again")
    assert entry.data["before"] == str(before.uuid)


def test_what_failed_for_one_cause_is_opened_again_with_one_press(at: Merging) -> None:
    line = failed(at)
    others = PlanLine.objects.filter(plan=line.plan_id, sender__isnull=False, state="planned")
    alike = [line, *others.exclude(about="dossier").order_by("pk")[:3]]
    assert len(alike) > 1
    keys = [one.pk for one in alike]
    PlanLine.objects.filter(pk__in=keys).update(state=LineState.FAILED, outcome=line.outcome)
    address = reverse("orgmerge:lines_again", args=[at.merger.uuid])
    stranger = builders.user(Role.CLERK, agency=builders.agency(office=at.office))

    def press(user: User) -> int:
        client = Client()
        client.force_login(user)
        return client.post(address, {"cause": line.outcome}).status_code

    assert f"Lập lại cả {len(alike)} việc cùng nguyên nhân" in page(at, at.officer)
    assert press(stranger) == 404
    assert press(builders.user(Role.CA_OPERATOR)) == 302  # sees the numbers: nothing is done
    assert PlanLine.objects.filter(pk__in=keys, state=LineState.FAILED).count() == len(alike)
    assert press(at.clerk) == 302

    assert not PlanLine.objects.filter(pk__in=keys).exclude(state=LineState.PLANNED)
    assert AuditEntry.objects.filter(action="merger.line_again").count() == len(alike)


def test_the_office_sets_aside_what_nobody_will_do_with_a_reason(at: Merging) -> None:
    line = failed(at)

    with pytest.raises(Refused):
        services.set_aside(line, actor=at.officer, now=at.now, reason=" ")
    services.set_aside(line, actor=at.officer, now=at.now, reason="Dùng chứng thư khác")

    line.refresh_from_db()
    assert (line.state, line.outcome) == (LineState.OVERTAKEN, "Dùng chứng thư khác")


def test_what_is_under_way_is_neither_opened_again_nor_set_aside(at: Merging) -> None:
    line = at.line(stage=LineStage.ORGANISATION, action=LineAction.CHANGE)

    with pytest.raises(NotEditable):
        services.again(line, actor=at.officer, now=at.now)
    with pytest.raises(NotEditable):
        services.set_aside(line, actor=at.officer, now=at.now, reason="x")


def test_a_change_that_cannot_be_is_turned_into_a_new_certificate(at: Merging) -> None:
    line = failed(at)

    services.again(line, actor=at.officer, now=at.now, action=LineAction.ISSUE, reason="")
    at.drive()

    line.refresh_from_db()
    assert (line.form, line.state) == ("02", LineState.OPEN)
    assert line.dossier is not None
    assert line.dossier.kind == "mau_02_organisation"


def test_the_inventory_counts_the_devices_of_each_body_before(at: Merging) -> None:
    shown = page(at, at.officer, "devices")
    client = Client()
    client.force_login(at.officer)
    address = reverse("orgmerge:devices", args=[at.merger.uuid])

    assert all(old.name in shown for old in at.olds)
    of_one = client.get(address, {"don_vi": str(at.olds[0].uuid)})
    assert len(of_one.context["rows"]) == 2
    assert client.get(address, {"don_vi": "x"}).status_code == 404


def test_more_lines_and_failures_cost_no_more_queries(at: Merging) -> None:
    client = Client()
    client.force_login(at.officer)
    address = reverse("orgmerge:progress", args=[at.merger.uuid])

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    asked()  # the first one of a session keeps it

    first = asked()
    for line in at.lines(stage=LineStage.PEOPLE):
        line.outcome = "Thử"
        with transaction.atomic():
            line_states.end(at.merger, [line], LineState.FAILED, now=at.now)

    assert asked() <= first
    assert first <= 17
