"""A question goes its way through the pages: asked, handed over, answered, marked, asked again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.core.roles import Role
from portal.deadlines.models import Deadline, DeadlineKind
from portal.notices.models import Notice
from portal.search.finders import search
from portal.support.models import Entry, Question
from portal.support.workflow import Category, Desk, State
from tests import builders, story
from tests.flows.visitor import Visitor

pytestmark = pytest.mark.django_db
NUMBER = "012084900123"


@pytest.fixture
def people() -> dict[str, User]:
    builders.ca()
    office = builders.office()
    agency = builders.agency(office=office)
    return {
        "clerk": builders.user(Role.CLERK, agency=agency),
        "head": builders.user(Role.HEAD, agency=agency),
        "it": builders.user(Role.IT_OFFICER, agency=agency),
        "team": builders.user(Role.SUPPORT_TEAM, agency=office),
        "ca": builders.user(Role.CA_OPERATOR),
        "stranger": builders.user(Role.CLERK),
        "other_team": builders.user(Role.SUPPORT_TEAM),
    }


def asked(by: User, path: str = "/chung-thu/", *, subject: str = "Không thấy tên") -> Question:
    """A question as somebody asks it from a page."""
    visitor = Visitor(by).open(f"{path}?q=Lo+Van+A").follow("Hỏi hỗ trợ")
    visitor.press(
        "Xem lại trước khi gửi",
        subject=subject,
        text=f"Cắm USB Token rồi mà VSignPDF không thấy.\nNgười dùng {NUMBER}.",
        category=Category.VSIGN,
    )
    assert NUMBER not in visitor.html
    visitor.press("Gửi đến bàn hỗ trợ")
    return Question.objects.latest("pk")


def test_what_is_sent_is_shown_and_bears_nobodys_number(people: dict[str, User]) -> None:
    question = asked(people["clerk"], subject=f"Ký cho {NUMBER}")

    assert question.page == "/chung-thu/"  # what stood after it stayed behind
    assert NUMBER not in question.subject + question.text
    assert "\n" in question.text
    assert (question.desk, question.state) == (Desk.OFFICE, State.WAITING)
    told = Notice.objects.filter(target_uuid=question.uuid)
    assert [one.recipient for one in told] == [people["team"]]
    entry = AuditEntry.objects.get(action="question.ask")
    assert "VSignPDF" not in str(entry.data)


def test_asked_handed_over_answered_marked_and_asked_again(people: dict[str, User]) -> None:
    question = asked(people["clerk"])
    path = reverse("support:question", args=[question.uuid])
    team, ca, clerk = (Visitor(people[name]) for name in ("team", "ca", "clerk"))

    assert ca.open(path).status == 404
    team.open("/").follow("câu hỏi hỗ trợ chờ trả lời").follow("Không thấy tên")
    team.press("Ghi chú nội bộ", text="Đã gọi điện hai lần.")
    team.press("Chuyển Cục", text="Lỗi của phần mềm Cục cấp.")
    assert Deadline.objects.open().get(kind=DeadlineKind.SUPPORT_ANSWER).agency == builders.ca()
    assert not team.open(path).has_button("Trả lời")
    screen = SimpleUploadedFile("man-hinh.pdf", story.blank_pdf())
    ca.open(path).press(
        "Trả lời", text="Cài bản mới.", article="ky-pdf", files={"attached": screen}
    )

    assert "gọi điện" not in clerk.open(path).html
    assert "gọi điện" in ca.open(path).html
    assert not Deadline.objects.open().filter(kind=DeadlineKind.SUPPORT_ANSWER).exists()
    file = Entry.objects.get(kind="answer").files.get()
    clerk.open("/").follow("câu hỏi hỗ trợ đã có trả lời").follow("Không thấy tên")
    file_path = reverse("support:file", args=[question.uuid, file.uuid])
    assert clerk.client.get(file_path).status_code == 200
    clerk.press("Hỏi lại", text="Vẫn không được.")
    question.refresh_from_db()
    assert (question.desk, question.state) == (Desk.CA, State.WAITING)
    ca.open(path).press("Chuyển lại đội hỗ trợ", text="Nhờ đến tận nơi.")
    team.open(path).press("Trả lời", text="Đã đến cài.")
    clerk.open(path).press("Xác nhận đã xong", rating="4", text="Cảm ơn.")
    question.refresh_from_db()
    assert (question.state, question.rating, question.due_at) == (State.CLOSED, 4, None)
    kinds = list(question.entries.values_list("kind", flat=True))
    assert kinds == [
        "ask", "note", "hand_over", "answer", "reopen", "hand_back", "answer", "close"
    ]  # fmt: skip
    assert not Notice.objects.filter(target_uuid=question.uuid, over_at__isnull=True).exists()


def test_who_sees_a_question(people: dict[str, User]) -> None:
    question = asked(people["it"])
    note = Visitor(people["team"]).open(reverse("support:question", args=[question.uuid]))
    note.press("Ghi chú nội bộ", text="x", files={
        "attached": SimpleUploadedFile("a.pdf", story.blank_pdf())
    })  # fmt: skip
    file = Entry.objects.get(kind="note").files.get()

    def seen(path: str) -> set[str]:
        answers = {name: Visitor(user).client.get(path) for name, user in people.items()}
        return {name for name, answer in answers.items() if answer.status_code == 200}

    page = reverse("support:question", args=[question.uuid])
    assert seen(page) == {"clerk", "head", "it", "team"}
    assert seen(reverse("support:file", args=[question.uuid, file.uuid])) == {"team"}
    assert seen(reverse("support:desk")) == {"team", "ca", "other_team"}


def test_the_desk_finds_what_waits_and_what_repeats(people: dict[str, User]) -> None:
    for number in range(3):
        asked(people["clerk"], subject=f"Lỗi số {number}")
    Question.objects.filter(subject="Lỗi số 0").update(due_at=timezone.now() - timedelta(hours=1))
    team = Visitor(people["team"])

    desk = reverse("support:desk")
    assert 'data-total="3"' in team.open(desk).html
    assert 'data-total="1"' in team.open(f"{desk}?state=late").html
    assert 'data-total="1"' in team.open(f"{desk}?state=waiting&q=loi so 2").html
    assert 'data-total="0"' in team.open(f"{desk}?state=khong-co").html
    team.open(f"{desk}?state=waiting").follow("Lỗi số 1").press(
        "Trả lời", text="Xem bài.", article="ky-pdf"
    )
    assert 'data-total="1"' in team.open(f"{desk}?state=&article=ky-pdf").html
    repeats = team.open(reverse("support:repeats"))
    assert "article=ky-pdf" in repeats.html
    assert 'data-count="3"' in repeats.html


def test_lists_ask_a_fixed_number_of_queries(
    people: dict[str, User], django_assert_max_num_queries: object
) -> None:
    visitor = Visitor(people["team"])
    for number in range(4):
        asked(people["clerk"], subject=f"Lỗi số {number}")
    for path in (reverse("support:desk"), reverse("support:index"), reverse("support:repeats")):
        with django_assert_max_num_queries(12):  # type: ignore[operator]
            visitor.client.get(path)


def test_bad_input_is_told_and_kept(people: dict[str, User]) -> None:
    clerk = Visitor(people["clerk"]).open(reverse("support:ask"))
    clerk.press("Xem lại trước khi gửi", subject="Một câu", text="", category="khong-co")
    assert "Một câu" in clerk.html
    assert not Question.objects.exists()
    question = asked(people["clerk"])
    path = reverse("support:question", args=[question.uuid])
    team = Visitor(people["team"]).open(path)
    team.press("Trả lời", text="   ")
    assert 'data-code="no_text"' in team.html
    team.open(path).press(
        "Trả lời", text="Giữ lại lời này",
        files={"attached": SimpleUploadedFile("a.exe", b"MZ")},
    )  # fmt: skip
    assert 'data-code="upload_type_unknown"' in team.html
    assert "Giữ lại lời này" in team.html
    stale = Visitor(people["team"]).open(path)
    team.open(path).press("Chuyển Cục", text="Của Cục.")
    stale.press("Trả lời", text="Chậm một bước")
    assert stale.status == 200
    assert "Chậm một bước" in stale.html
    question.refresh_from_db()
    assert question.state == State.WAITING
    posted = team.client.post(reverse("support:take_step", args=[question.uuid]), {"action": "x"})
    assert posted.status_code == 404
    clerk.open(path).press("Rút câu hỏi")
    question.refresh_from_db()
    assert (question.state, question.due_at) == (State.WITHDRAWN, None)
    for odd in ("//evil.vn/", "/khong-co/", "x" * 500, "/thiet-bi/%00/"):
        assert clerk.client.get(reverse("support:ask"), {"trang": odd}).status_code == 200


def test_ones_own_questions_are_found_by_their_words(people: dict[str, User]) -> None:
    question = asked(people["clerk"], subject="VSignPDF không thấy tên")
    path = reverse("support:question", args=[question.uuid])

    def found(user: User, typed: str) -> list[str]:
        groups = search(user, typed, most=5)
        return [hit.url for group in groups if group.finder.place == 71 for hit in group.hits]

    assert found(people["clerk"], "vsign ten") == [path]  # marks aside, any part of a word
    assert found(people["head"], "VSignPDF") == [path]  # of one's body
    assert found(people["clerk"], "vs") == []
    assert found(people["stranger"], "VSignPDF") == []
    assert found(people["team"], "VSignPDF") == []  # the desk has a list with a search of its own
