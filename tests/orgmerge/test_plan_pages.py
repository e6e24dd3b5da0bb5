"""The plan's pages: counts, filters, one line, what moved, to take away, who sees what."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from orgmerge.models import Merger, Plan, PlanLine
from orgmerge.plans import services as plans
from orgmerge.plans.wording import SLUG_OF
from orgmerge.vocabulary import LineAbout, LineAction, MergerState
from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.ca.models import Certificate
from portal.core.roles import Role
from tests import builders
from tests.builders import NOW
from tests.orgmerge import planned
from tests.orgmerge.planned import page_of, signed_in, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_november")]


def line_page(merger: Merger, line: PlanLine) -> str:
    return page_of(merger, "plan_line", SLUG_OF[line.about], line.target_uuid)


def titles(user: User, url: str) -> list[str]:
    context = signed_in(user).get(url).context
    return [row.line.title for row in context["rows"]]


# Counts and lines


def test_the_page_says_how_many_of_what_and_until_when(
    merger: Merger, officer: User, plan: Plan
) -> None:
    page = text_of(officer, page_of(merger))

    assert "15 dòng theo 1684/NQ-UBTVQH15, hiệu lực từ ngày 01/12/2026" in page
    for action, number in plan.counts["actions"].items():
        assert f'href="?action={action}#cac-dong"' in page
        assert f"<strong>{number}</strong>" in page
    assert 'href="?mau=04#cac-dong"' in page
    assert "05 ngày làm việc từ thông báo thu hồi" in page


def test_without_a_plan_the_officer_is_offered_to_make_one(merger: Merger, officer: User) -> None:
    page = text_of(officer, page_of(merger))
    client = signed_in(officer)

    asked = client.post(page_of(merger, "ask_plan"), follow=True).content.decode()

    assert "Lập kế hoạch xử lý</button>" in page
    assert "Đang lập kế hoạch xử lý" in asked
    assert 'hx-trigger="every 3s"' in asked
    assert merger.plans.get().state == Plan.State.WAITING


def test_while_a_plan_is_made_htmx_asks_again_and_then_for_the_page(
    merger: Merger, officer: User
) -> None:
    client = signed_in(officer)
    client.post(page_of(merger, "ask_plan"))
    htmx = {"HX-Request": "true"}
    Plan.objects.update(bodies_total=2, bodies_done=1)

    state = client.get(page_of(merger, "plan_state"), headers=htmx)
    planned.make_all()
    done = client.get(page_of(merger, "plan_state"), headers=htmx)
    plain = client.get(page_of(merger, "plan_state"))

    assert "Đã xếp xong 1 trên 2 đơn vị" in state.content.decode()
    assert 'hx-trigger="every 3s"' in state.content.decode()
    assert done.headers["HX-Refresh"] == "true"
    assert plain.headers["Location"] == page_of(merger)


def test_a_plan_of_something_that_changed_since_is_called_out_of_date(
    merger: Merger, officer: User, plan: Plan
) -> None:
    fresh = text_of(officer, page_of(merger))
    Merger.objects.update(version=merger.version + 1)

    stale = text_of(officer, page_of(merger))

    assert "đã thay đổi sau khi lập" not in fresh
    assert "đã thay đổi sau khi lập" in stale


def test_a_plan_that_could_not_be_made_says_so(merger: Merger, officer: User) -> None:
    plan = plans.ask_for_plan(merger, actor=officer, now=NOW)
    Plan.objects.filter(pk=plan.pk).update(state=Plan.State.FAILED, problem="Không lập được XYZ")

    page = text_of(officer, page_of(merger))

    assert "Không lập được XYZ" in page
    assert "Lập kế hoạch xử lý</button>" in page


@pytest.mark.both
@pytest.mark.parametrize(
    ("query", "condition"),
    [
        ("about=device", {"about": "device"}),
        ("action=revoke", {"action": "revoke"}),
        ("mau=04", {"form": "04"}),
        ("stage=6", {"stage": 6}),
        ("reason=survivor", {"reason": "survivor"}),
        ("open=any", {"is_open": True}),
        ("body=xa+hai", {"agency__name": "ỦY BAN NHÂN DÂN XÃ HAI"}),
        ("sender=xã mới", {"sender__name": planned.NEW_NAME}),
        ("q=xa+dau", {"search_title__contains": "xa dau"}),
        ("warning=no_answer", {"warnings": ["no_answer"]}),
        (
            "about=certificate&body=xa+hai",
            {"about": "certificate", "agency__name__endswith": "HAI"},
        ),
    ],
)
def test_lines_are_narrowed_by(
    merger: Merger, officer: User, plan: Plan, query: str, condition: dict[str, object]
) -> None:
    expected = plan.lines.filter(**condition).order_by("stage", "pk")

    shown = titles(officer, f"{page_of(merger)}?{query}")

    assert shown == [line.title for line in expected]
    assert 0 < len(shown) < 15


def test_what_makes_no_sense_narrows_to_nothing(merger: Merger, officer: User, plan: Plan) -> None:
    assert titles(officer, f"{page_of(merger)}?action=fly") == []


def test_htmx_gets_the_lines_alone(merger: Merger, officer: User, plan: Plan) -> None:
    htmx = {"HX-Request": "true"}

    page = signed_in(officer).get(f"{page_of(merger)}?about=device", headers=htmx).content.decode()

    assert page.lstrip().startswith('<section id="ket-qua"')


def test_pages_follow_one_another_by_stage(
    merger: Merger, officer: User, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    _many_lines(plan, 120)
    seen: list[int] = []
    query: str | None = ""

    while query is not None:
        page = signed_in(officer).get(f"{page_of(merger)}?{query}").context["page"]
        seen += [line.pk for line in page]
        query = page.next_params

    assert seen == list(plan.lines.order_by("stage", "pk").values_list("pk", flat=True))
    assert len(seen) == 135


def _many_lines(plan: Plan, number: int) -> None:
    """Lines as there are in a large plan; their things are made up."""
    some = plan.lines.filter(about=LineAbout.CERTIFICATE).first()
    assert some is not None
    PlanLine.objects.bulk_create(
        PlanLine(
            plan=plan,
            about=LineAbout.CERTIFICATE,
            target_id=1_000_000 + index,
            target_uuid=some.target_uuid,
            title=f"Người {index}",
            search_title=f"nguoi {index}",
            agency_id=some.agency_id,
            sender_id=some.sender_id,
            action=LineAction.CHANGE,
            form="04",
            reason="agency_renamed",
            stage=4,
            warnings=["no_answer"],
            is_open=index % 3 == 0,
        )
        for index in range(number)
    )


@pytest.mark.parametrize("query", ["", "?open=any", "?body=xa&warning=no_answer&q=nguoi"])
def test_the_page_asks_the_database_as_often_for_many_lines_as_for_few(
    merger: Merger,
    officer: User,
    plan: Plan,
    query: str,
    django_assert_max_num_queries: object,
) -> None:
    client = signed_in(officer)
    client.get(page_of(merger) + query)  # what is read once a process
    _many_lines(plan, 3000)

    with django_assert_max_num_queries(16):  # type: ignore[operator]
        page = client.get(page_of(merger) + query).content.decode()

    assert len(page) < 300_000
    if query:
        assert "1.000+ dòng" in page


# One line


def test_old_and_new_subject_stand_side_by_side(merger: Merger, officer: User, plan: Plan) -> None:
    line = plan.lines.get(about=LineAbout.CERTIFICATE, reason="survivor")

    page = text_of(officer, line_page(merger, line))

    context = signed_in(officer).get(line_page(merger, line)).context
    changed = {part.label: (part.old, part.new) for part in context["new_subject"].parts}
    assert changed["Tên chứng thư (CN)"][1] == planned.NEW_NAME
    assert changed["Tỉnh/Thành phố (L)"] == ("Lai Châu", "Lai Châu")
    assert "275/BCY-CTSBMTT mục 1.1" in page
    assert reverse("ca:detail", args=[line.target_uuid]) in page


def test_a_persons_new_subject_names_the_new_body(
    merger: Merger, officer: User, plan: Plan
) -> None:
    person = Certificate.objects.filter(kind="person").order_by("pk").first()
    assert person is not None
    line = planned.line_about(plan, LineAbout.CERTIFICATE, person.pk)

    subject = signed_in(officer).get(line_page(merger, line)).context["new_subject"]

    assert subject.old.organisation_levels[-1] == planned.OLD_NAMES[0]
    assert subject.new.organisation_levels[-1] == planned.NEW_NAME
    assert subject.new.common_name == person.common_name


def test_a_line_leads_to_device_and_holder(merger: Merger, officer: User, plan: Plan) -> None:
    line = plan.lines.get(about=LineAbout.CERTIFICATE, reason="merged")

    related = signed_in(officer).get(line_page(merger, line)).context["related"]

    assert {one.line.about for one in related} >= {LineAbout.DEVICE, LineAbout.SUBSCRIBER}


@pytest.mark.parametrize("about", list(LineAbout))
def test_each_sort_of_line_has_its_page(
    merger: Merger, officer: User, plan: Plan, about: LineAbout
) -> None:
    line = plan.lines.filter(about=about).first()
    assert line is not None

    assert line.title in text_of(officer, line_page(merger, line)).replace("&amp;", "&")


def test_what_is_in_no_line_has_no_page(merger: Merger, officer: User, plan: Plan) -> None:
    stranger = builders.certificate()

    text_of(officer, page_of(merger, "plan_line", "chung-thu", stranger.uuid), status=404)
    text_of(officer, page_of(merger, "plan_line", "gi-do", stranger.uuid), status=404)


# What to look at, what moved


def test_cautions_are_counted_with_links_to_their_lines(
    merger: Merger, officer: User, plan: Plan
) -> None:
    soon = Certificate.objects.filter(kind="person").order_by("pk").first()
    assert soon is not None
    Certificate.objects.filter(pk=soon.pk).update(not_after=NOW + timedelta(days=35))

    page = text_of(officer, page_of(merger, "plan_cautions"))
    listed = titles(officer, f"{page_of(merger)}?closing=yes")

    assert "1 chứng thư hôm nay còn gia hạn" in page
    assert [title.endswith(soon.serial) for title in listed] == [True]
    assert "?warning=no_answer#cac-dong" in page
    assert f"1 đơn vị sau sắp xếp chưa có tài khoản {Role.HEAD.label}" in page
    assert f"chưa có tài khoản {Role.CLERK.label}" not in page  # dossiers have their clerks


@pytest.mark.parametrize(("days", "number"), [(29, 0), (30, 1), (40, 1), (41, 0)])
def test_a_door_closes_between_today_and_the_effective_day(
    merger: Merger, officer: User, plan: Plan, days: int, number: int
) -> None:
    Certificate.objects.filter(kind="person").update(not_after=NOW + timedelta(days=1000))
    one = Certificate.objects.filter(kind="person").first()
    assert one is not None
    Certificate.objects.filter(pk=one.pk).update(not_after=NOW + timedelta(days=days))

    assert len(titles(officer, f"{page_of(merger)}?closing=yes")) == number


def test_what_moved_since_the_plan_before_is_shown(merger: Merger, officer: User) -> None:
    planned.plan_of(merger, officer)
    person = builders.person("Lò Thị Mới", at=planned.old_bodies(merger)[0])
    builders.certificate(subscriber=person)
    gone = merger.shares.order_by("position").last()
    assert gone is not None
    gone.delete()
    planned.plan_of(merger, officer)

    page = text_of(officer, page_of(merger))
    moved = text_of(officer, page_of(merger, "plan_changes"))
    ended = text_of(officer, page_of(merger, "plan_changes") + "?part=gone")

    assert page_of(merger, "plan_changes") in page
    assert "Lò Thị Mới" in moved
    assert planned.OLD_NAMES[1] in ended


def test_with_one_plan_there_is_nothing_to_compare(
    merger: Merger, officer: User, plan: Plan
) -> None:
    answer = signed_in(officer).get(page_of(merger, "plan_changes"))

    assert answer.headers["Location"] == page_of(merger)


# To take away


def test_the_lines_are_taken_away_as_they_are_narrowed(
    merger: Merger, officer: User, plan: Plan
) -> None:
    answer = signed_in(officer).get(f"{page_of(merger)}?export=xlsx&mau=04")

    sheet = load_workbook(BytesIO(answer.content)).active
    assert sheet is not None
    header, *rows = sheet.iter_rows(values_only=True)
    assert len(rows) == plan.lines.filter(form="04").count() > 0
    by_name = [dict(zip(header, map(str, row), strict=True)) for row in rows]
    assert {row["Mẫu"] for row in by_name} == {"04"}
    survivor = next(row for row in by_name if row["Lý do"].startswith("Chứng thư được chọn"))
    assert f"CN={planned.NEW_NAME}" in survivor["Chủ thể mới"]
    entry = AuditEntry.objects.get(action="register.export")
    assert entry.data == {"list": "phuong-an", "rows": len(rows), "narrowed_by": ["mau"]}


def test_the_annex_is_a_pdf_of_the_lines(merger: Merger, officer: User, plan: Plan) -> None:
    answer = signed_in(officer).get(f"{page_of(merger)}?export=pdf&about=certificate")

    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")


def test_a_long_annex_has_a_page_where_it_is_asked_for(
    merger: Merger, officer: User, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orgmerge.plans.views.plan.MOST_AT_ONCE", 3)

    answer = signed_in(officer).get(f"{page_of(merger)}?export=pdf&about=certificate")

    assert answer.headers["Location"] == page_of(merger, "plan_annex") + "?about=certificate"


# Who sees what


def clerk_of(merger: Merger) -> User:
    return builders.user(Role.CLERK, agency=planned.old_bodies(merger)[0])


def test_before_approval_the_plan_is_the_offices_own(merger: Merger, plan: Plan) -> None:
    for user in (clerk_of(merger), builders.user(Role.CA_OPERATOR)):
        text_of(user, page_of(merger), status=404)


def test_a_body_sees_its_own_lines_once_they_are_approved(merger: Merger, plan: Plan) -> None:
    planned.approve(merger, plan)
    mine, other = planned.old_bodies(merger)
    clerk = clerk_of(merger)

    page = text_of(clerk, page_of(merger))
    context = signed_in(clerk).get(page_of(merger)).context

    assert {row.line.agency for row in context["rows"]} == {mine}
    assert context["counts"].lines == plan.lines.filter(agency=mine).count() == len(context["rows"])
    assert sum(number for _action, number in context["actions"]) == context["counts"].lines
    assert other.name not in page
    assert "Chờ người quyết định</h2>" not in page
    theirs = plan.lines.filter(agency=other).first()
    assert theirs is not None
    text_of(clerk, line_page(merger, theirs), status=404)
    own = plan.lines.filter(agency=mine, about=LineAbout.CERTIFICATE).first()
    assert own is not None
    text_of(clerk, line_page(merger, own))
    for route in ("plan_choices", "plan_cautions", "plan_changes", "settle", "plan_state"):
        text_of(clerk, page_of(merger, route), status=404)


def test_a_body_takes_away_no_more_than_it_sees(merger: Merger, plan: Plan) -> None:
    planned.approve(merger, plan)
    mine = planned.old_bodies(merger)[0]

    answer = signed_in(clerk_of(merger)).get(f"{page_of(merger)}?export=xlsx")

    sheet = load_workbook(BytesIO(answer.content)).active
    assert sheet is not None
    assert {row[1] for row in sheet.iter_rows(min_row=2, values_only=True)} == {mine.name}


def test_a_founded_body_sees_what_it_files(merger: Merger, plan: Plan) -> None:
    planned.approve(merger, plan)
    founded = builders.agency(planned.NEW_NAME, office=merger.office)
    merger.bodies.update(agency=founded)
    merger.bodies.get()
    clerk = builders.user(Role.CLERK, agency=founded)

    context = signed_in(clerk).get(page_of(merger)).context

    assert context["counts"].lines == plan.lines.filter(sender__isnull=False).count()


def test_the_ca_sees_the_approved_plan_whole(merger: Merger, plan: Plan) -> None:
    planned.approve(merger, plan)

    context = signed_in(builders.user(Role.CA_OPERATOR)).get(page_of(merger)).context

    assert context["count"] == 15
    assert "newest" not in context or context["newest"] is None


def test_an_approved_plan_is_no_longer_decided(merger: Merger, officer: User, plan: Plan) -> None:
    planned.approve(merger, plan)

    page = text_of(officer, page_of(merger))

    assert "Lập lại kế hoạch" not in page
    assert 'name="line"' not in page
    assert 'type="radio"' not in page
    assert signed_in(officer).get(page_of(merger, "settle")).status_code == 302
    assert signed_in(officer).post(page_of(merger, "ask_plan")).status_code == 409
    assert merger.state == MergerState.APPROVED


def test_the_head_reads_and_decides_nothing(merger: Merger, officer: User, plan: Plan) -> None:
    head = builders.user(Role.OFFICE_HEAD, agency=officer.agency)

    page = text_of(head, page_of(merger))

    assert "Hạng 1" in page
    assert 'type="radio"' not in page
    assert signed_in(head).post(page_of(merger, "ask_plan")).status_code == 404
