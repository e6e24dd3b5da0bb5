"""The pages of a dossier in a real browser, wide and narrow: axe finds nothing."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from portal.accounts.models import User
from portal.core.roles import Role
from requests_app.drafts.services import save_rows
from requests_app.models import Dossier
from requests_app.workflow import Action
from tests import builders, story
from tests.browser.tour import Tour

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def address(name: str, dossier: Dossier) -> str:
    return reverse(f"requests_app:{name}", args=[dossier.uuid])


def pages_of_a_story() -> list[tuple[User | None, str]]:
    """Play dossiers into several states and return who looks at which page."""
    now = timezone.now()
    people = story.cast()
    drafted = story.drafted(people, rows=2, now=now)
    sent = story.sent(story.cast(), now=now)
    officer = User.objects.get(agency=sent.office, role=Role.OFFICE_OFFICER)
    others = story.cast()
    waiting = story.drafted(others, now=now)
    story.step(waiting, Action.REQUEST_SIGNATURE, others.clerk, now=now)
    third = story.cast()
    decided = story.decided(third, rows=3, refuse=1, now=now)
    fourth = story.cast()
    forwarded = story.sent(fourth, rows=2, now=now)
    story.step(forwarded, Action.FORWARD, fourth.officer, now=now)
    back = story.cast()
    returned = story.sent(back, rows=2, now=now)
    story.step(returned, Action.RETURN, back.officer, reason="Sai thư (dòng 1)", now=now)
    item = returned.items.get(position=1)
    save_rows(
        returned,
        {item.uuid: {"position": "Chủ tịch"}},
        actor=back.clerk,
        now=now,
        version=returned.version,
    )
    return [
        (back.clerk, address("editor", returned)),
        (back.clerk, reverse("devices:hand_over_many")),
        (None, reverse("help:index")),
        (None, reverse("accounts:login")),
        (people.clerk, "/"),
        (people.clerk, reverse("requests_app:list")),
        (people.clerk, address("detail", drafted)),
        (people.clerk, address("check", drafted)),
        (others.head, address("sign", waiting)),
        (officer, "/"),
        (officer, address("review", sent)),
        (fourth.operator, reverse("requests_app:queue")),
        (fourth.operator, address("review", forwarded)),
        (third.supervisor, address("confirm", decided)),
        (builders.user(Role.AUDITOR, name="Nguyễn Trần Thị Phương Thảo Nguyên"), "/"),
        (builders.user(Role.ADMINISTRATOR), "/"),
    ]


def test_axe_finds_nothing_and_no_page_scrolls_sideways(tour: Tour) -> None:
    for user, path in pages_of_a_story():
        page = tour.page_of(user)
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        tour.look(page)
        page.context.close()

    assert tour.faults == []


def test_rows_ticked_in_the_list_stand_in_the_reason(tour: Tour) -> None:
    people = story.cast()
    dossier = story.sent(people, rows=3, now=timezone.now())
    first, _second, third = dossier.items.order_by("position")
    page = tour.page_of(people.officer)
    page.goto(address("review", dossier))

    page.get_by_text("Trả lại để hoàn thiện…").click()
    page.get_by_label("Lý do theo danh mục").select_option("wrong_email")
    for row in ("1", "2", "3", "2"):
        page.locator(f'input[name="row"][value="{row}"]').click()

    said = page.get_by_label("Nội dung lý do").input_value()
    assert f"(dòng 1: {first.title}; 3: {third.title})" in said
    page.get_by_role("button", name="Trả lại để hoàn thiện").click()
    expect(page.locator("h1")).to_contain_text("Đã trả lại để hoàn thiện")
    assert dossier.events.get(action=Action.RETURN).reason == said
    assert tour.faults == []


def test_without_script_the_desk_returns_a_dossier_and_an_error_loses_nothing(tour: Tour) -> None:
    people = story.cast()
    dossier = story.sent(people, now=timezone.now())
    page = tour.page_of(people.officer, script=False, width=360)
    page.goto(address("detail", dossier))

    page.get_by_text("Trả lại để hoàn thiện…").click()
    page.get_by_role("button", name="Trả lại để hoàn thiện").click()
    expect(page.locator(".error-summary")).to_be_visible()

    page.get_by_label("Nội dung lý do").fill("Dòng 1 thiếu ngày cấp.")
    page.get_by_role("button", name="Trả lại để hoàn thiện").click()
    expect(page.locator("h1")).to_contain_text("Đã trả lại để hoàn thiện")


def test_an_error_takes_the_focus_and_the_skip_link_comes_first(tour: Tour) -> None:
    people = story.cast()
    dossier = story.sent(people, now=timezone.now())
    page = tour.page_of(people.officer)
    page.goto(address("detail", dossier))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip-link"

    page.get_by_text("Trả lại để hoàn thiện…").click()
    page.get_by_role("button", name="Trả lại để hoàn thiện").click()

    expect(page.locator(".error-summary")).to_be_focused()


def test_choosing_a_filter_refreshes_the_list_and_the_address(tour: Tour) -> None:
    people = story.cast()
    builders.dossier(agency=people.agency, state="submitted")
    builders.dossier(agency=people.agency, state="draft")
    page = tour.page_of(people.clerk)
    page.goto(reverse("requests_app:list"))

    page.get_by_label("Trạng thái").select_option("draft")
    page.wait_for_url("**state=draft**")

    expect(page.locator("tbody tr")).to_have_count(1)
    page.reload()
    expect(page.get_by_label("Trạng thái")).to_have_value("draft")
    expect(page.locator("tbody tr")).to_have_count(1)
