"""The pages on which offices are asked, join, leave and agree to a plan."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.urls import reverse

from orgmerge.hooks import waiting_of
from orgmerge.models import Merger
from orgmerge.partners import services as partners
from orgmerge.vocabulary import MergerState
from orgmerge.workflow import MergerAction
from portal.accounts.models import User
from portal.core.roles import Role
from tests import builders
from tests.builders import NOW
from tests.orgmerge import builders as mergers
from tests.orgmerge import joined
from tests.orgmerge.joined import Scene, agree, step
from tests.orgmerge.planned import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_november")]


def page_of(scene: Scene, route: str = "detail") -> str:
    return reverse(f"orgmerge:{route}", args=[scene.merger.uuid])


def of_office(scene: Scene, route: str = "invitation") -> str:
    return reverse(f"orgmerge:{route}", args=[scene.asked.uuid])


def text_of(user: User, url: str) -> str:
    response = signed_in(user).get(url)
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def post(user: User, url: str, status: int = 302, **data: object) -> str:
    """Send a form; return where it leads, or the page that came back."""
    response = signed_in(user).post(url, data)
    assert response.status_code == status, response.content.decode()
    return response.headers["Location"] if status == 302 else response.content.decode()


def next_of(scene: Scene, user: User) -> str:
    found = signed_in(user).get(page_of(scene)).context["next"]
    assert isinstance(found, str)
    return found


def codes(page: str) -> list[str]:
    return [part.partition('"')[0] for part in page.split('data-code="')[1:]]


def sentence(of: Scene, user: User) -> str:
    """Return the sentence without the names of the two offices, which tests make up."""
    said = next_of(of, user).replace(of.leader.office.name, "CHỦ TRÌ")
    return said.replace(of.other.office.name, "SỞ KIA")


# Asking


def test_the_leading_officer_asks_an_office_from_the_description() -> None:
    scene = joined.alone()
    panel = text_of(scene.leader.officer, page_of(scene))
    form = text_of(scene.leader.officer, page_of(scene, "ask_office"))

    led_to = post(
        scene.leader.officer,
        page_of(scene, "ask_office"),
        office=scene.other.office.pk,
        version=scene.merger.version,
    )

    assert "Các Sở cùng lập phương án" in panel
    assert page_of(scene, "ask_office") in panel
    assert f"{scene.other.office.name} (Lai Châu)</option>" in form
    assert scene.leader.office.name not in form.partition("<select")[2].partition("</select")[0]
    assert led_to == page_of(scene) + "#cac-so"
    after = text_of(scene.leader.officer, page_of(scene))
    assert scene.other.office.name in after
    assert "Chờ trả lời" in after
    assert f"{scene.leader.officer.full_name} mời lúc" in after


@pytest.mark.parametrize("office", ["", "99999", "x", "' OR 1"])
def test_no_or_a_wrong_office_comes_back_with_what_to_do(office: str) -> None:
    scene = joined.alone()

    page = post(
        scene.leader.officer,
        page_of(scene, "ask_office"),
        200,
        office=office,
        version=scene.merger.version,
    )

    assert "Chưa lưu được. Xin xem lại:" in page
    assert "Hãy chọn một Sở, Cục." in page or "không mời được" in page
    assert not scene.merger.joint_offices.exists()


def test_a_form_of_an_older_version_asks_nobody() -> None:
    scene = joined.alone()
    office = scene.other.office.pk

    page = post(scene.leader.officer, page_of(scene, "ask_office"), 409, office=office, version=99)

    assert "chưa được ghi nhận" in page
    assert not scene.merger.joint_offices.exists()


def test_others_are_led_back_from_the_form_and_see_no_button() -> None:
    scene = joined.together()

    for user in (scene.leader.head, scene.other.officer, scene.other.head):
        answer = signed_in(user).get(page_of(scene, "ask_office"))
        assert answer.headers["Location"] == page_of(scene)
        assert page_of(scene, "ask_office") not in text_of(user, page_of(scene))


def test_where_one_office_works_alone_others_see_no_panel() -> None:
    scene = joined.alone()

    assert 'id="cac-so"' not in text_of(scene.leader.head, page_of(scene))


# Answering


def test_the_asked_office_reads_what_it_is_asked_and_no_row() -> None:
    scene = joined.asked()
    listed = text_of(scene.other.officer, reverse("orgmerge:list"))
    page = text_of(scene.other.officer, of_office(scene))

    assert of_office(scene) in listed
    for told in (
        scene.merger.title,
        scene.merger.decision,
        "02/11/2026",
        "01/12/2026",
        scene.leader.office.name,
        scene.leader.officer.full_name,
        "Nhận lời, cùng lập",
        "Không tham gia…",
    ):
        assert told in page
    assert scene.body.name not in page
    assert scene.merger.shares.get().old.name not in page
    assert signed_in(scene.other.officer).get(page_of(scene)).status_code == 404


def test_its_head_reads_it_and_leaves_the_answer_to_the_officer() -> None:
    scene = joined.asked()

    page = text_of(scene.other.head, of_office(scene))

    assert "Nhận lời, cùng lập" not in page
    assert "Chuyên viên của đơn vị anh/chị trả lời" in page
    assert of_office(scene) in text_of(scene.other.head, reverse("orgmerge:list"))


def test_who_joins_describes_bodies_of_theirs_by_form() -> None:
    scene = joined.asked()
    theirs = scene.their_body("ỦY BAN NHÂN DÂN XÃ CỦA SỞ KIA")

    led_to = post(scene.other.officer, of_office(scene, "answer_invitation"), do="join")
    scene.merger.refresh_from_db()
    post(
        scene.other.officer,
        reverse("orgmerge:add_row", args=[scene.merger.uuid, scene.body.uuid]),
        old=theirs.name,
        extent="whole",
        version=scene.merger.version,
    )

    assert led_to == page_of(scene)
    assert scene.merger.shares.filter(old=theirs).exists()
    panel = text_of(scene.other.officer, page_of(scene))
    assert "Cùng lập" in panel
    assert f"cùng với {scene.other.office.name}" in panel
    moved_on = signed_in(scene.other.officer).get(of_office(scene))
    assert moved_on.headers["Location"] == page_of(scene)
    listed = text_of(scene.other.officer, reverse("orgmerge:list"))
    assert of_office(scene) not in listed
    assert page_of(scene) in listed


def test_who_declines_says_why_and_the_leading_office_reads_it() -> None:
    scene = joined.asked()

    without = post(scene.other.officer, of_office(scene, "answer_invitation"), 200, do="decline")
    post(
        scene.other.officer,
        of_office(scene, "answer_invitation"),
        do="decline",
        reason="Không có đơn vị nào của <b>tỉnh</b>",
    )

    assert codes(without) == ["no_reason"]
    assert '<details class="action" open>' in without
    panel = text_of(scene.leader.officer, page_of(scene))
    assert "Không nhận lời" in panel
    assert "Không có đơn vị nào của &lt;b&gt;tỉnh&lt;/b&gt;" in panel
    assert "vẫn nhận lời được" in text_of(scene.other.officer, of_office(scene))
    assert "Mời lại ở trang Mô tả" in text_of(scene.leader.head, of_office(scene))


def test_an_answer_that_comes_too_late_says_so() -> None:
    scene = joined.asked()
    step(scene, MergerAction.WITHDRAW, scene.leader.officer, reason="Hoãn")

    led_to = post(scene.other.officer, of_office(scene, "answer_invitation"), do="join")
    page = text_of(scene.other.officer, led_to)

    assert led_to == of_office(scene)
    assert "không còn trả lời được" in page
    assert "Nhận lời, cùng lập" not in page


def test_a_reason_that_is_too_long_comes_back() -> None:
    scene = joined.asked()
    reason = "Không " * 500

    page = post(
        scene.other.officer, of_office(scene, "answer_invitation"), 200, do="decline", reason=reason
    )

    assert "Chưa lưu được. Xin xem lại:" in page
    assert reason.strip() in page


# Leaving


def test_a_question_is_taken_back_after_a_page_that_asks() -> None:
    scene = joined.asked()
    link = of_office(scene, "part")

    panel = text_of(scene.leader.officer, page_of(scene))
    question = text_of(scene.leader.officer, link)
    led_to = post(scene.leader.officer, link, version=scene.merger.version)

    assert link in panel
    assert "Rút lời mời" in question
    assert led_to == page_of(scene) + "#cac-so"
    assert not scene.merger.joint_offices.exists()


def test_an_office_leaves_and_is_led_to_what_it_still_sees() -> None:
    scene = joined.together()
    link = of_office(scene, "part")

    question = text_of(scene.other.officer, link)
    stale = post(scene.other.officer, link, 409)
    led_to = post(scene.other.officer, link, version=scene.merger.version)

    assert "Đơn vị anh/chị thôi cùng lập" in question
    assert "chưa được ghi nhận" in stale
    assert led_to == reverse("orgmerge:list")


def test_an_office_with_bodies_in_it_is_told_why_it_cannot_leave() -> None:
    scene = joined.together()
    mergers.share(scene.merger, scene.their_body(), scene.body)

    page = post(scene.leader.officer, of_office(scene, "part"), 200, version=scene.merger.version)

    assert codes(page) == ["office_has_bodies"]
    assert scene.merger.joint_offices.exists()


# The plan


def test_the_head_of_a_joined_office_agrees_on_the_page_of_the_plan() -> None:
    scene = joined.submitted()
    head = scene.other.head

    page = text_of(head, page_of(scene, "plan"))
    led_to = post(head, of_office(scene, "plan_word"), plan=1, do="agree")
    after = text_of(head, page_of(scene, "plan"))

    assert "Đồng ý kế hoạch lần 1</button>" in page
    assert led_to == page_of(scene, "plan")
    assert "Đồng ý kế hoạch lần 1</button>" not in after
    assert f"Chờ {scene.leader.office.name} phê duyệt." in after
    panel = text_of(scene.leader.head, page_of(scene))
    assert "Đồng ý kế hoạch lần 1" in panel
    assert head.full_name in panel


def test_an_objection_needs_a_reason_and_is_read_by_the_leading_office() -> None:
    scene = joined.submitted()
    link = of_office(scene, "plan_word")

    without = post(scene.other.head, link, 200, plan=1, do="disagree", reason=" ")
    too_long = post(scene.other.head, link, 200, plan=1, do="disagree", reason="x" * 2001)
    unread = post(scene.other.head, link, 200, plan="", do="agree")
    post(scene.other.head, link, plan=1, do="disagree", reason="Thiếu xã Hai")

    assert codes(without) == ["no_reason"]
    assert codes(too_long) == ["bad_form"]
    assert "x" * 2001 in too_long
    assert codes(unread) == ["bad_form"]
    panel = text_of(scene.leader.officer, page_of(scene))
    assert "Chưa đồng ý kế hoạch lần 1" in panel
    assert "Thiếu xã Hai" in panel
    assert "Thiếu xã Hai" in text_of(scene.other.head, page_of(scene, "plan"))


def test_a_page_with_an_older_plan_shows_the_conflict_and_what_was_typed() -> None:
    scene = joined.submitted()
    step(scene, MergerAction.SEND_BACK, scene.leader.head, reason="Thiếu")
    joined.replan(scene)

    page = post(
        scene.other.head,
        of_office(scene, "plan_word"),
        409,
        plan=1,
        do="disagree",
        reason="Thiếu xã Hai",
    )

    assert "Thiếu xã Hai" in page


def test_an_agreement_to_an_older_plan_is_shown_as_such() -> None:
    scene = joined.submitted()
    agree(scene)
    step(scene, MergerAction.SEND_BACK, scene.leader.head, reason="Thiếu")
    joined.replan(scene)

    page = text_of(scene.leader.head, page_of(scene))

    assert "phải cho ý kiến lại" in page
    assert "Đồng ý kế hoạch lần 2</button>" in text_of(scene.other.head, page_of(scene, "plan"))


def test_who_described_is_told_that_another_has_to_agree() -> None:
    scene = joined.submitted()
    person = builders.person(at=scene.other.office)
    mine = [scene.other.officer.pk, scene.other.head.pk]
    User.objects.filter(pk__in=mine).update(person=person)

    page = post(scene.other.head, of_office(scene, "plan_word"), 200, plan=1, do="agree")

    assert codes(page) == ["barred"]
    assert not scene.asked.has_agreed


def test_nobody_else_is_asked_for_a_word_about_the_plan() -> None:
    scene = joined.submitted()

    for user in (scene.leader.head, scene.leader.officer, scene.other.officer):
        assert 'id="y-kien"' not in text_of(user, page_of(scene, "plan"))
    for user in (scene.leader.head, scene.other.officer):
        post(user, of_office(scene, "plan_word"), 404, plan=1, do="agree")


# Whose turn it is


def test_the_sentence_says_whose_turn_it_is() -> None:
    scene = joined.submitted()
    before = {
        "leading head": sentence(scene, scene.leader.head),
        "leading officer": sentence(scene, scene.leader.officer),
        "joined head": sentence(scene, scene.other.head),
        "joined officer": sentence(scene, scene.other.officer),
    }
    agree(scene)
    after = {user: sentence(scene, user) for user in (scene.leader.head, scene.other.head)}

    day = "phê duyệt trước ngày 01/12/2026."
    assert before == {
        "leading head": f"Chờ SỞ KIA đồng ý kế hoạch xử lý; sau đó anh/chị {day}",
        "leading officer": f"Chờ SỞ KIA đồng ý kế hoạch xử lý, rồi lãnh đạo Sở {day}",
        "joined head": "Anh/chị đọc trang Kế hoạch xử lý, rồi đồng ý hoặc nêu lý do chưa đồng ý "
        f"ở đó; CHỦ TRÌ {day}",
        "joined officer": f"Chờ lãnh đạo Sở đọc và đồng ý kế hoạch xử lý; CHỦ TRÌ {day}",
    }
    assert after[scene.leader.head].startswith("Anh/chị đọc trang Kế hoạch xử lý, rồi phê duyệt")
    assert after[scene.other.head] == (
        "Đơn vị anh/chị đã đồng ý kế hoạch xử lý; chờ CHỦ TRÌ phê duyệt trước ngày 01/12/2026."
    )


def test_the_joined_head_is_led_to_the_plan_until_they_have_agreed() -> None:
    scene = joined.submitted()

    def link(user: User) -> str:
        found = signed_in(user).get(page_of(scene)).context["next_link"]
        assert isinstance(found, str)
        return found

    assert link(scene.other.head) == page_of(scene, "plan")
    assert link(scene.other.officer) == link(scene.leader.head) == ""
    agree(scene)
    assert link(scene.other.head) == ""


def test_a_joined_office_is_not_told_to_do_what_the_leading_one_does() -> None:
    scene = joined.submitted()
    agree(scene)
    step(scene, MergerAction.APPROVE, scene.leader.head)

    assert next_of(scene, scene.leader.officer).startswith("Việc tiếp theo: gửi Cục danh sách")
    assert not next_of(scene, scene.other.officer).startswith("Việc tiếp theo")


@pytest.mark.parametrize("state", MergerState)
def test_a_joined_head_sees_no_step_and_is_not_told_they_are_barred(state: str) -> None:
    scene = joined.together()
    plan = mergers.plan(scene.merger, scene.body)
    Merger.objects.update(
        state=state, approved_plan=plan, approved_by=scene.leader.head, approved_at=NOW
    )

    page = signed_in(scene.other.head).get(page_of(scene))

    assert page.context["cards"] == []
    assert not page.context["is_barred"]


def test_others_who_see_what_is_approved_read_who_worked_on_it() -> None:
    scene = joined.submitted()
    agree(scene)
    step(scene, MergerAction.APPROVE, scene.leader.head)

    page = text_of(builders.user(Role.CA_OPERATOR), page_of(scene))

    assert f"cùng với {scene.other.office.name}" in page
    assert 'id="cac-so"' not in page


# The work list


def paths(user: User) -> list[str]:
    return [one.path for one in waiting_of(user)]


def test_the_question_waits_on_the_work_list_of_who_answers() -> None:
    scene = joined.asked()

    assert paths(scene.other.officer) == [of_office(scene)]
    assert scene.merger.title in text_of(scene.other.officer, "/")
    assert paths(scene.other.head) == paths(scene.leader.officer) == []

    partners.decline(scene.asked, actor=scene.other.officer, now=NOW, reason="Không có đơn vị")

    assert paths(scene.other.officer) == []


def test_the_plan_waits_on_the_work_list_until_the_office_has_spoken_of_it() -> None:
    scene = joined.submitted()
    page = page_of(scene, "plan")
    before = paths(scene.other.head)
    agree(scene)
    after = paths(scene.other.head)
    step(scene, MergerAction.SEND_BACK, scene.leader.head, reason="Thiếu")
    sent_back = paths(scene.other.head)
    joined.replan(scene)

    assert (before, after, sent_back) == ([page], [], [])
    assert paths(scene.other.head) == [page]
    assert paths(scene.leader.head) == [page_of(scene)]


# How often the database is asked


@pytest.mark.parametrize("offices", [1, 5])
def test_the_pages_ask_as_often_for_one_office_as_for_five(
    offices: int, django_assert_max_num_queries: Callable[..., object]
) -> None:
    scene = joined.submitted()
    agree(scene)
    for _number in range(offices - 1):
        more = joined.people(builders.office())
        scene.merger.joint_offices.create(
            office=more.office,
            asked_by=scene.leader.officer,
            asked_at=NOW,
            joined_by=more.officer,
            joined_at=NOW,
        )
    head = signed_in(scene.other.head)
    leader = signed_in(scene.leader.head)
    for client in (head, leader):
        client.get(reverse("orgmerge:list"))  # what is read and written once a session

    with django_assert_max_num_queries(47):  # type: ignore[attr-defined]
        shown = leader.get(page_of(scene))
    with django_assert_max_num_queries(15):  # type: ignore[attr-defined]
        plan = head.get(page_of(scene, "plan"))

    assert len(shown.context["joint"]) == offices
    assert plan.context["joint_office"] == scene.asked
