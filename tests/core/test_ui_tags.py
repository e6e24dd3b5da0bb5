"""The small pieces of pages: due dates in words, tags, icons, numbers masked, error pages."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.http import QueryDict
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import Client

from portal.audit.models import AuditEntry
from portal.audit.views import AuditFilter
from portal.ca.models import Certificate
from portal.ca.register.views import CertificateFilter
from portal.core.calendar.workdays import WorkCalendar
from portal.core.roles import Role
from portal.core.rules import Violation
from portal.core.templatetags.portal_ui import due_words, filter_words
from tests import builders

FRIDAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)


def show(template: str, **context: object) -> str:
    return Template("{% load portal_ui %}" + template).render(Context(context))


@pytest.mark.parametrize(
    ("day", "tone", "words"),
    [
        (date(2026, 11, 20), "warning", "đến hạn hôm nay"),
        (date(2026, 11, 23), "warning", "còn 1 ngày làm việc"),
        (date(2026, 11, 25), "neutral", "còn 3 ngày làm việc"),
        (date(2026, 11, 19), "danger", "quá hạn 1 ngày làm việc"),
        (date(2026, 11, 16), "danger", "quá hạn 4 ngày làm việc"),
    ],
)
def test_a_due_date_says_what_is_left_in_working_days(day: date, tone: str, words: str) -> None:
    assert due_words(day, today=FRIDAY, calendar=WorkCalendar()) == (tone, words)


def test_paper_names_what_a_list_was_narrowed_by() -> None:
    asked = QueryDict("q=Tím&kind=person&state=&from_day=5/3/2026")
    certificates = CertificateFilter(asked, Certificate.objects.none(), now=NOW)
    entries = AuditFilter(asked, AuditEntry.objects.none())

    assert filter_words(certificates) == "Tên, số hiệu hoặc thư điện tử: Tím; Thuê bao: Cá nhân"
    assert filter_words(entries) == "Từ ngày: 05/03/2026"
    assert filter_words(None) == ""


def test_on_a_weekend_yesterdays_due_date_is_late_by_no_working_day() -> None:
    saturday = date(2026, 11, 21)

    assert due_words(FRIDAY, today=saturday, calendar=WorkCalendar()) == ("danger", "đã quá hạn")


def test_a_state_is_a_word_and_what_a_person_typed_is_no_mark_up() -> None:
    shown = show("{% state_tag text tone %}", text="<b>", tone="odd")

    assert shown == '<span class="tag tag-neutral">&lt;b&gt;</span>'


def test_an_icon_is_decoration_unless_it_has_a_name() -> None:
    assert 'aria-hidden="true"' in show('{% icon "bell" %}')
    assert 'aria-label="Chuông"' in show('{% icon "bell" label="Chuông" %}')


def test_a_personal_number_is_masked() -> None:
    assert show("{{ number|mask }}", number="012190000123") == "0121•••••123"


def test_a_refusal_says_what_why_and_what_now() -> None:
    violation = Violation("late", "Đã muộn.", "Điều 12", row=3, way_out="Lập hồ sơ mới.")

    shown = render_to_string("_violations.html", {"violations": [violation]})

    for words in ("Dòng 3:", "Đã muộn.", "Điều 12", "Lập hồ sơ mới.", 'data-code="late"'):
        assert words in shown


@pytest.mark.parametrize("name", ["400.html", "403_csrf.html", "500.html"])
def test_pages_for_when_nothing_can_be_counted_on_need_no_context(name: str) -> None:
    assert "<h1>" in render_to_string(name)


@pytest.mark.django_db
def test_a_page_that_is_not_there_is_our_own(client: Client) -> None:
    client.force_login(builders.user(Role.CLERK))

    answer = client.get("/khong-co/")

    assert answer.status_code == 404
    assert "Không tìm thấy trang" in answer.text


@pytest.mark.django_db
def test_a_form_from_a_stale_page_gets_our_own_page() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(builders.user(Role.CLERK))

    answer = client.post("/tai-khoan/dang-xuat/")

    assert answer.status_code == 403
    assert "Trang đã cũ" in answer.text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "has", "has_not"),
    [
        (Role.CLERK, "/ho-so/", "/nhat-ky/"),
        (Role.AUDITOR, "/nhat-ky/", "/thoi-han/"),
        (Role.ADMINISTRATOR, "/tai-khoan/", "/ho-so/"),
    ],
)
def test_the_navigation_shows_a_role_what_it_can_use(
    client: Client, role: Role, has: str, has_not: str
) -> None:
    client.force_login(builders.user(role))

    shown = client.get("/").text

    assert f'<a href="{has}"' in shown
    assert f'<a href="{has_not}"' not in shown
