"""The pages of what comes after a certificate, wide and narrow: axe finds nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from devices import services as devices
from devices.lifecycle import Move
from devices.models import Device
from portal.accounts.models import User
from portal.ca.models import Certificate
from portal.core.roles import Role
from requests_app.covering_letters.services import make_letter
from requests_app.models import Dossier, Procedure
from requests_app.workflow import Route, State
from tests import builders, story
from tests.browser.tour import Tour
from tests.requests_app import returns

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LONG_NAME = "TRƯỜNG PHỔ THÔNG DÂN TỘC BÁN TRÚ TRUNG HỌC CƠ SỞ VÀ TRUNG HỌC PHỔ THÔNG NẬM CẦN THỬ"
Looked = Iterator[tuple[User, str]]


def held(
    people: story.Cast, name: str, *, days_left: int, old: Certificate | None = None
) -> Device:
    """A device in the hands of a person whose certificate ends in so many days."""
    now = timezone.now()
    holder = old.subscriber if old else builders.person(name, at=people.agency)
    key = old.key if old else builders.key()
    ends = now + timedelta(days=days_left)
    made = builders.certificate(subscriber=holder, key_pair=key, not_after=ends)
    Certificate.objects.filter(pk=made.pk).update(predecessor=old)
    return Device.objects.get(key=key) if old else builders.in_hands_of(holder, key)


def pages_of_a_clerk(people: story.Cast) -> Looked:
    late = held(people, LONG_NAME.title(), days_left=29)
    replaced = held(people, "Lò Thị Mới", days_left=200)
    old = Certificate.objects.get(key=replaced.key)
    held(people, "", days_left=900, old=old)
    new = Certificate.objects.get(predecessor=old)
    ended = held(people, "Lò Văn Hết", days_left=-1)
    assert ended.key_id is not None
    devices.open_return([ended.key_id], paper=returns.PAPER, reason="Hết hạn", now=timezone.now())
    reason = "Để quên trên xe"
    lost = held(people, "Lò Văn Mất", days_left=300)
    devices.make_move(lost, Move.REPORT_LOST, actor=people.clerk, now=timezone.now(), reason=reason)
    clerk, way = people.clerk, reverse("requests_app:start_way")
    yield clerk, reverse("requests_app:start")
    yield clerk, reverse("requests_app:start_happened") + "?about=device"
    yield clerk, f"{way}?about=person&event=expiring"
    yield clerk, f"{way}?about=device&event=damaged"
    yield clerk, reverse("ca:detail", args=[Certificate.objects.get(key=late.key).uuid])
    yield clerk, reverse("ca:detail", args=[new.uuid])
    yield clerk, reverse("devices:detail", args=[lost.uuid])
    yield clerk, reverse("devices:take_back_many")
    yield clerk, reverse("devices:sums")
    yield clerk, reverse("registers:index")
    for register in ("chung-thu", "thiet-bi-phai-nop-lai", "thiet-bi-that-lac", "van-ban-di"):
        yield clerk, reverse("registers:register", args=[register])


def pages_of_the_desks(people: story.Cast) -> Looked:
    given_back = returns.at_agency(people, 2)
    minutes = returns.sent(people, given_back)
    at_office = returns.at_agency(people, 1)
    paper = ("", None, "Biên bản giao, nhận thiết bị (Mẫu 08)")
    now, officer = timezone.now(), people.officer
    devices.take_returned(at_office, Move.PASS_TO_OFFICE, paper=paper, actor=officer, now=now)
    waiting = builders.dossier(agency=people.agency, state=State.SUBMITTED, route=Route.VIA_OFFICE)
    chosen = Dossier.objects.filter(pk=waiting.pk)
    letter = make_letter(chosen, actor=officer, now=now).letter
    builders.dossier(agency=people.agency, state=State.SUBMITTED, route=Route.VIA_OFFICE)
    yield officer, reverse("requests_app:minutes", args=[minutes.uuid])
    yield officer, reverse("requests_app:forwarding")
    yield officer, reverse("requests_app:covering_letters")
    yield officer, reverse("requests_app:covering_letter", args=[letter.uuid])
    yield people.operator, reverse("devices:office_returns")
    office = people.officer.agency
    yield people.operator, reverse("devices:office_return", args=[office.uuid])
    administrator = builders.user(Role.ADMINISTRATOR, agency=office)
    yield administrator, reverse("requests_app:routing")
    yield administrator, reverse("requests_app:add_rule")
    yield administrator, reverse("requests_app:preset_rules")


def test_axe_finds_nothing_and_no_page_scrolls_sideways(tour: Tour) -> None:
    people = story.cast()
    for procedure in set(Procedure) - {Procedure.ISSUE, Procedure.RETURN_DEVICE}:
        builders.routing(procedure, Route.VIA_OFFICE)
    builders.routing(Procedure.RETURN_DEVICE, Route.OFFICE_MINUTES)
    people.agency.name = LONG_NAME
    people.agency.save()

    for user, path in [*pages_of_a_clerk(people), *pages_of_the_desks(people)]:
        page = tour.page_of(user)
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        tour.look(page)
        page.context.close()

    assert tour.faults == []
