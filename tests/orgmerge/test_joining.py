"""Several offices in one reorganisation: asked, joined, each agreeing to the plan."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from orgmerge.approval.services import allowed_steps
from orgmerge.body_lists import services as body_lists
from orgmerge.body_lists.sheets import COMMUNES
from orgmerge.description import services as description
from orgmerge.description.services import DescribedRow
from orgmerge.description.values import MergerFacts
from orgmerge.models import BodyList, Merger, MergerOffice
from orgmerge.partners import services as partners
from orgmerge.repeal import services as repeal_services
from orgmerge.vocabulary import MergerKind, MergerState
from orgmerge.workflow import MergerAction
from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.audit.models import AuditEntry
from portal.core.roles import Role
from portal.core.rules import Refused
from portal.core.steps import IllegalStep
from portal.notices.models import Notice
from requests_app.errors import Barred, NotEditable, StaleVersion
from tests import builders
from tests.builders import NOW
from tests.orgmerge import builders as mergers
from tests.orgmerge import joined
from tests.orgmerge.joined import Scene, agree, ask, step

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=1)
Act = Callable[[Scene, User], object]


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refusal:
        act()
    (violation,) = refusal.value.violations
    return violation.code


def told(user: User) -> list[str]:
    """Return what ``user`` was told, up to the name of the reorganisation."""
    titles = Notice.objects.filter(recipient=user).order_by("pk").values_list("title", flat=True)
    return [title.partition(":")[0] for title in titles]


def last_entry() -> tuple[str, object]:
    entry = AuditEntry.objects.order_by("-sequence")[0]
    return entry.action, entry.data.get("office")


def part(scene: Scene, actor: User) -> None:
    scene.merger.refresh_from_db()
    partners.leave(scene.asked, actor=actor, now=LATER, version=scene.merger.version)


def decline(scene: Scene, actor: User, reason: str = "Không có đơn vị nào") -> MergerOffice:
    return partners.decline(scene.asked, actor=actor, now=LATER, reason=reason)


def disagree(scene: Scene, actor: User, reason: str = "Thiếu xã Hai") -> MergerOffice:
    number = scene.merger.plans.order_by("-number")[0].number
    return partners.disagree(scene.asked, actor=actor, now=LATER, plan_number=number, reason=reason)


def add_row(scene: Scene, old: Agency, actor: User) -> None:
    scene.merger.refresh_from_db()
    version = scene.merger.version
    description.add_row(
        scene.merger, DescribedRow(old, scene.body), actor=actor, now=NOW, version=version
    )


# Asked and joined


def test_an_asked_office_sees_the_question_and_not_the_reorganisation() -> None:
    scene = joined.asked()

    assert not Merger.objects.visible_to(scene.other.officer).exists()
    waiting = MergerOffice.objects.visible_to(scene.other.officer)
    assert list(waiting.waiting_for(scene.other.officer)) == [scene.asked]
    assert last_entry() == ("merger.ask_office", scene.other.office.name)
    for user in (scene.other.officer, scene.other.head):
        assert told(user) == ["Mời cùng lập phương án sắp xếp"]
    assert told(scene.leader.head) == []


def test_asking_leaves_the_description_and_its_plan_as_they_are() -> None:
    scene = joined.alone()

    ask(scene)

    before = scene.merger.version
    scene.merger.refresh_from_db()
    assert scene.merger.version == before


def test_who_joins_sees_it_and_the_leading_office_is_told() -> None:
    scene = joined.together()

    assert Merger.objects.visible_to(scene.other.head).get() == scene.merger
    assert scene.merger.office_ids() == [scene.leader.office.pk, scene.other.office.pk]
    assert (scene.asked.joined_by, scene.asked.joined_at) == (scene.other.officer, NOW)
    assert last_entry() == ("merger.join", scene.other.office.name)
    expected = [f"{scene.other.office.name} đã nhận lời"]
    assert told(scene.leader.officer) == told(scene.leader.head) == expected


def test_who_declines_says_why_and_can_be_asked_again() -> None:
    scene = joined.asked()

    without = code_of(lambda: decline(scene, scene.other.officer, reason="  "))
    declined = decline(scene, scene.other.officer)

    assert without == "no_reason"
    assert (declined.has_declined, declined.answered_by) == (True, scene.other.officer)
    assert not MergerOffice.objects.waiting_for(scene.other.officer).exists()
    assert last_entry() == ("merger.decline", scene.other.office.name)
    notice = Notice.objects.get(recipient=scene.leader.officer)
    assert notice.text == "Không có đơn vị nào"
    again = ask(scene)
    assert (again.pk, again.has_declined, again.answered_by) == (declined.pk, False, None)


def test_who_declined_can_think_better_of_it() -> None:
    scene = joined.asked()
    decline(scene, scene.other.officer)

    partners.join(scene.asked, actor=scene.other.officer, now=LATER)

    assert scene.asked.objection == ""
    assert scene.asked.joined_at == LATER


def test_only_another_office_that_exists_is_asked_and_only_once() -> None:
    scene = joined.together()
    third = builders.office()
    ended = builders.office()
    Agency.objects.filter(pk=ended.pk).update(dissolved_on=NOW.date())
    ask(scene, third)

    found = {
        "itself": code_of(lambda: ask(scene, scene.leader.office)),
        "joined": code_of(lambda: ask(scene, scene.other.office)),
        "asked": code_of(lambda: ask(scene, third)),
        "a commune": code_of(lambda: ask(scene, scene.their_body())),
        "ended": code_of(lambda: ask(scene, Agency.objects.get(pk=ended.pk))),
    }

    assert found == {
        "itself": "office_is_there",
        "joined": "office_is_there",
        "asked": "office_is_asked",
        "a commune": "not_an_office",
        "ended": "not_an_office",
    }


def test_the_leading_officer_alone_asks_while_it_is_a_draft() -> None:
    scene = joined.together()
    third = builders.office()

    def asks(actor: User, version: int) -> None:
        partners.ask_office(scene.merger, third, actor=actor, now=NOW, version=version)

    version = scene.merger.version
    for refused in (scene.leader.head, scene.other.officer):
        with pytest.raises(PermissionDenied):
            asks(refused, version)
    with pytest.raises(Merger.DoesNotExist):
        asks(builders.user(Role.OFFICE_OFFICER), version)
    with pytest.raises(StaleVersion):
        asks(scene.leader.officer, version - 1)
    Merger.objects.update(state=MergerState.AWAITING_APPROVAL)
    with pytest.raises(NotEditable):
        asks(scene.leader.officer, version)
    assert scene.merger.joint_offices.count() == 1


@pytest.mark.parametrize(
    "act",
    [lambda scene, user: partners.join(scene.asked, actor=user, now=LATER), decline],
    ids=["join", "decline"],
)
def test_an_officer_of_the_asked_office_alone_answers_and_once(act: Act) -> None:
    scene = joined.asked()

    with pytest.raises(PermissionDenied):
        act(scene, scene.other.head)
    for stranger in (scene.leader.officer, builders.user(Role.OFFICE_OFFICER)):
        with pytest.raises(MergerOffice.DoesNotExist):
            act(scene, stranger)
    partners.join(scene.asked, actor=scene.other.officer, now=NOW)
    with pytest.raises(NotEditable):
        act(scene, scene.other.officer)


def test_nobody_joins_what_is_no_draft_any_more() -> None:
    scene = joined.asked()
    step(scene, MergerAction.WITHDRAW, scene.leader.officer, reason="Hoãn")

    with pytest.raises(NotEditable):
        partners.join(scene.asked, actor=scene.other.officer, now=LATER)

    assert not MergerOffice.objects.waiting_for(scene.other.officer).exists()


# Described together


def test_bodies_of_the_other_office_are_described_by_either_once_it_has_joined() -> None:
    scene = joined.asked()
    first, second = scene.their_body(), scene.their_body()

    before = code_of(lambda: add_row(scene, first, scene.leader.officer))
    partners.join(scene.asked, actor=scene.other.officer, now=NOW)
    add_row(scene, first, scene.leader.officer)
    add_row(scene, second, scene.other.officer)
    add_row(scene, builders.agency(office=scene.leader.office), scene.other.officer)

    assert before == "not_followed"
    assert scene.merger.shares.filter(old__in=[first, second]).count() == 2


def test_what_stands_under_an_ended_body_follows_from_the_day_its_office_joins() -> None:
    scene = joined.asked()
    ended = scene.merger.shares.get().old
    school = scene.their_body("TRƯỜNG CỦA SỞ KIA", parent=ended)

    partners.join(scene.asked, actor=scene.other.officer, now=NOW)
    joined_rows = list(scene.merger.shares.filter(is_implied=True).values_list("old", flat=True))
    part(scene, scene.other.officer)

    assert joined_rows == [school.pk]
    assert not scene.merger.shares.filter(is_implied=True).exists()


def commune(office: Agency, name: str, province: str) -> Agency:
    made = builders.agency(f"ỦY BAN NHÂN DÂN {name}", office=office)
    Agency.objects.filter(pk=made.pk).update(province=province)
    made.versions.update(province=province)
    return made


def communes_of_two_provinces(scene: Scene) -> BodyList:
    """Lines as the decisions of 2025 have them, Quảng Nam being transferred into Đà Nẵng."""
    over = "49,Tỉnh Quảng Nam,whole,20335,Phường Bàn Thạch,48,Thành phố Đà Nẵng"
    inside = "48,Thành phố Đà Nẵng,whole,20194,Phường Hải Vân Mới,48,Thành phố Đà Nẵng"
    lines = (
        f"20335,Phường Tân Thạnh,Thành phố Tam Kỳ,{over},2026-12-01",
        f"20194,Phường Hải Vân,Quận Liên Chiểu,{inside},2026-12-01",
    )
    scene.merger.refresh_from_db()
    return body_lists.upload(
        scene.merger,
        "\n".join([",".join(COMMUNES), *lines]).encode(),
        file_name="xa.csv",
        actor=scene.leader.officer,
        now=NOW,
        version=scene.merger.version,
    )


def test_a_list_of_communes_of_two_provinces_finds_the_bodies_of_both_offices() -> None:
    scene = joined.asked()
    ours = commune(scene.leader.office, "PHƯỜNG HẢI VÂN", "Đà Nẵng")
    theirs = commune(scene.other.office, "PHƯỜNG TÂN THẠNH", "Quảng Nam")

    before = communes_of_two_provinces(scene)
    partners.join(scene.asked, actor=scene.other.officer, now=NOW)
    made = communes_of_two_provinces(scene)
    body_lists.mark(made, [1, 2], does="review", actor=scene.other.officer, now=NOW, version=1)
    made.refresh_from_db()
    count = body_lists.accept_list(made, actor=made.made_by, now=NOW, version=made.version)

    assert set(before.rows.values_list("old", "is_bad")) == {(ours.pk, False), (None, True)}
    assert count == 2
    said = scene.merger.shares.filter(old__in=[ours, theirs]).values_list("new__name", flat=True)
    assert set(said) == {
        "ỦY BAN NHÂN DÂN PHƯỜNG BÀN THẠCH",
        "ỦY BAN NHÂN DÂN PHƯỜNG HẢI VÂN MỚI",
    }


# Leaving


def test_an_office_leaves_once_none_of_its_bodies_is_described() -> None:
    scene = joined.together()
    add_row(scene, scene.their_body(), scene.other.officer)
    row = scene.merger.shares.order_by("-position")[0]

    refused = code_of(lambda: part(scene, scene.other.officer))
    scene.merger.refresh_from_db()
    description.remove_row(
        scene.merger,
        row.position,
        actor=scene.other.officer,
        now=NOW,
        version=scene.merger.version,
    )
    part(scene, scene.other.officer)

    assert refused == "office_has_bodies"
    assert not Merger.objects.visible_to(scene.other.officer).exists()
    assert last_entry() == ("merger.part", scene.other.office.name)
    assert told(scene.leader.officer)[-1] == f"{scene.other.office.name} thôi cùng lập"


def test_a_question_is_taken_back_and_whom_it_was_put_to_is_told() -> None:
    scene = joined.asked()
    version = scene.merger.version

    part(scene, scene.leader.officer)

    scene.merger.refresh_from_db()
    assert scene.merger.version == version
    assert not MergerOffice.objects.visible_to(scene.other.officer).exists()
    expected = f"Không còn mời {scene.other.office.name} cùng lập phương án"
    assert told(scene.other.head)[-1] == expected


def test_who_may_not_end_the_part_of_another_office() -> None:
    scene = joined.together()
    third = joined.people(builders.office())
    partners.join(ask(scene, third.office), actor=third.officer, now=NOW)

    for user in (third.officer, scene.other.head, scene.leader.head):
        with pytest.raises(PermissionDenied):
            part(scene, user)
    with pytest.raises(Merger.DoesNotExist):
        part(scene, builders.user(Role.OFFICE_OFFICER))
    with pytest.raises(StaleVersion):
        partners.leave(scene.asked, actor=scene.leader.officer, now=NOW, version=99)


def test_who_has_not_joined_says_no_instead_of_leaving() -> None:
    scene = joined.asked()

    with pytest.raises(Merger.DoesNotExist):
        part(scene, scene.other.officer)

    assert not partners.may_leave(scene.asked, scene.other.officer)
    assert partners.may_leave(scene.asked, scene.leader.officer)


# Agreeing


def test_nothing_is_approved_before_each_joined_office_agreed_to_the_very_plan() -> None:
    scene = joined.submitted()

    refused = code_of(lambda: step(scene, MergerAction.APPROVE, scene.leader.head))
    agree(scene)
    step(scene, MergerAction.APPROVE, scene.leader.head)

    assert refused == "office_has_not_agreed"
    assert scene.merger.state == MergerState.APPROVED
    assert scene.asked.answered_plan == scene.merger.approved_plan


def test_an_agreement_is_kept_with_who_when_and_which_plan_and_told() -> None:
    scene = joined.submitted()

    agree(scene)

    word = scene.asked
    assert word.has_agreed
    assert word.answered_plan == scene.merger.plans.get()
    assert (word.answered_by, word.answered_at) == (scene.other.head, NOW)
    assert last_entry() == ("merger.agree", scene.other.office.name)
    expected = f"{scene.other.office.name} đồng ý kế hoạch xử lý"
    assert told(scene.leader.officer)[-1] == told(scene.leader.head)[-1] == expected


def test_planning_anew_voids_the_agreement() -> None:
    scene = joined.submitted()
    agree(scene)
    step(scene, MergerAction.SEND_BACK, scene.leader.head, reason="Thiếu")
    joined.replan(scene)

    refused = code_of(lambda: step(scene, MergerAction.APPROVE, scene.leader.head))
    agree(scene)
    step(scene, MergerAction.APPROVE, scene.leader.head)

    assert refused == "office_has_not_agreed"


def test_an_office_that_was_asked_and_did_not_join_holds_nothing_up() -> None:
    scene = joined.submitted()
    MergerOffice.objects.create(
        merger=scene.merger,
        office=builders.office(),
        asked_by=scene.leader.officer,
        asked_at=NOW,
    )
    agree(scene)

    step(scene, MergerAction.APPROVE, scene.leader.head)

    assert scene.merger.state == MergerState.APPROVED


def test_who_disagrees_says_why_and_what_was_agreed_is_no_more() -> None:
    scene = joined.submitted()
    agree(scene)

    without = code_of(lambda: disagree(scene, scene.other.head, reason=""))
    disagree(scene, scene.other.head)

    refused = code_of(lambda: step(scene, MergerAction.APPROVE, scene.leader.head))
    assert (without, refused) == ("no_reason", "office_has_not_agreed")
    assert not scene.asked.has_agreed
    assert last_entry() == ("merger.disagree", scene.other.office.name)
    notice = Notice.objects.filter(recipient=scene.leader.head).order_by("-pk")[0]
    assert notice.text == "Thiếu xã Hai"


def test_agreeing_after_all_is_told_a_second_time() -> None:
    scene = joined.submitted()
    agree(scene)
    disagree(scene, scene.other.head)

    number = scene.merger.plans.get().number
    partners.agree(scene.asked, actor=scene.other.head, now=LATER, plan_number=number)

    name = scene.other.office.name
    assert told(scene.leader.head)[-3:] == [
        f"{name} đồng ý kế hoạch xử lý",
        f"{name} chưa đồng ý kế hoạch xử lý",
        f"{name} đồng ý kế hoạch xử lý",
    ]


def test_who_agreed_does_not_agree_twice() -> None:
    scene = joined.submitted()
    agree(scene)
    second = builders.user(Role.OFFICE_HEAD, agency=scene.other.office)

    assert code_of(lambda: agree(scene, actor=second)) == "already_agreed"
    assert scene.asked.answered_by == scene.other.head


def test_a_page_with_an_older_plan_says_nothing_of_the_newer() -> None:
    scene = joined.submitted()
    step(scene, MergerAction.SEND_BACK, scene.leader.head, reason="Thiếu")
    joined.replan(scene)

    with pytest.raises(StaleVersion):
        partners.agree(scene.asked, actor=scene.other.head, now=NOW, plan_number=1)
    with pytest.raises(StaleVersion):
        partners.disagree(
            scene.asked, actor=scene.other.head, now=NOW, plan_number=1, reason="Thiếu"
        )

    assert scene.asked.answered_plan is None


@pytest.mark.parametrize("act", [lambda scene, user: agree(scene, actor=user), disagree])
def test_the_head_of_a_joined_office_alone_speaks_of_the_plan(act: Act) -> None:
    scene = joined.submitted()
    third = joined.people(builders.office())

    with pytest.raises(PermissionDenied):
        act(scene, scene.other.officer)
    for stranger in (scene.leader.head, third.head):
        with pytest.raises(MergerOffice.DoesNotExist):
            act(scene, stranger)

    assert scene.asked.answered_plan is None


@pytest.mark.parametrize("act", [lambda scene, user: agree(scene, actor=user), disagree])
def test_nobody_speaks_of_a_plan_that_does_not_await_approval(act: Act) -> None:
    scene = joined.submitted()
    step(scene, MergerAction.SEND_BACK, scene.leader.head, reason="Thiếu")

    with pytest.raises(NotEditable):
        act(scene, scene.other.head)


def test_who_described_does_not_agree_whatever_account_they_use() -> None:
    scene = joined.submitted()
    person = builders.person(at=scene.other.office)
    mine = [scene.other.officer.pk, scene.other.head.pk]
    User.objects.filter(pk__in=mine).update(person=person)

    with pytest.raises(Barred):
        agree(scene, actor=User.objects.get(pk=scene.other.head.pk))


# Steps are the leading office's


@pytest.mark.parametrize(
    ("role", "action"),
    [
        (Role.OFFICE_OFFICER, MergerAction.WITHDRAW),
        (Role.OFFICE_HEAD, MergerAction.APPROVE),
        (Role.OFFICE_HEAD, MergerAction.SEND_BACK),
        (Role.OFFICE_HEAD, MergerAction.WITHDRAW),
    ],
)
def test_people_of_a_joined_office_take_no_step(role: Role, action: str) -> None:
    scene = joined.submitted()
    agree(scene)
    actor = scene.other.head if role == Role.OFFICE_HEAD else scene.other.officer

    with pytest.raises(IllegalStep):
        step(scene, action, actor, reason="Vì")

    assert allowed_steps(scene.merger, actor) == []
    assert scene.merger.state == MergerState.AWAITING_APPROVAL


def test_a_joined_officer_does_not_submit() -> None:
    scene = joined.together()

    with pytest.raises(IllegalStep):
        step(scene, MergerAction.SUBMIT, scene.other.officer)


def test_the_people_of_all_offices_are_told_of_a_step() -> None:
    scene = joined.submitted()
    agree(scene)

    step(scene, MergerAction.APPROVE, scene.leader.head)

    assert told(scene.leader.head)[-2] == "Phương án sắp xếp chờ phê duyệt"
    assert told(scene.other.head)[-1] == "Phương án sắp xếp chờ phê duyệt"
    for officer in (scene.leader.officer, scene.other.officer):
        assert told(officer)[-1] == "Phương án sắp xếp đã được phê duyệt"


def test_a_repeal_is_the_leading_offices_and_asks_the_others() -> None:
    scene = joined.submitted()
    Merger.objects.update(state=MergerState.IN_FORCE)

    repeal = MergerFacts(
        title="Bãi bỏ sắp xếp",
        kind=MergerKind.MIXED,
        decision="99/NQ-UBTVQH16",
        decided_on=date(2027, 1, 4),
        effective_on=date(2027, 2, 1),
    )

    with pytest.raises(PermissionDenied):
        repeal_services.repeal(scene.merger, repeal, actor=scene.other.officer, now=NOW)
    made = repeal_services.repeal(scene.merger, repeal, actor=scene.leader.officer, now=NOW)

    (question,) = made.joint_offices.all()
    assert (question.office, question.joined_at) == (scene.other.office, None)
    assert told(scene.other.officer)[-1] == "Mời cùng lập phương án sắp xếp"


def test_bodies_of_an_office_that_has_not_joined_hold_the_description_up() -> None:
    scene = joined.alone()
    stranger = scene.their_body()
    mergers.share(scene.merger, stranger, scene.body)  # described before another office had it
    mergers.plan(scene.merger, scene.body)

    def submit() -> None:
        step(scene, MergerAction.SUBMIT, scene.leader.officer)

    assert code_of(submit) == "body_of_another_office"

    ask(scene)
    partners.join(scene.asked, actor=scene.other.officer, now=NOW)
    scene.merger.refresh_from_db()
    joined.replan(scene)


# At once


def at_once(*acts: Callable[[], object]) -> list[str]:
    ready = Barrier(len(acts))

    def do(act: Callable[[], object]) -> str:
        ready.wait()
        try:
            act()
        except (Refused, NotEditable, StaleVersion, MergerOffice.DoesNotExist) as error:
            return type(error).__name__
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        return sorted(pool.map(do, acts))


@pytest.mark.django_db(transaction=True)
def test_of_two_heads_agreeing_at_once_exactly_one_does() -> None:
    scene = joined.submitted()
    second = builders.user(Role.OFFICE_HEAD, agency=scene.other.office)

    outcomes = at_once(lambda: agree(scene), lambda: agree(scene, actor=second))

    assert outcomes == ["Refused", "done"]
    assert AuditEntry.objects.filter(action="merger.agree").count() == 1


@pytest.mark.django_db(transaction=True)
def test_nothing_is_approved_while_it_is_objected_to() -> None:
    scene = joined.submitted()
    agree(scene)

    at_once(
        lambda: disagree(scene, scene.other.head),
        lambda: step(scene, MergerAction.APPROVE, scene.leader.head),
    )

    merger = Merger.objects.get()
    assert (merger.state == MergerState.APPROVED) == scene.asked.has_agreed


@pytest.mark.django_db(transaction=True)
def test_of_joining_and_taking_the_question_back_at_once_exactly_one_is_done() -> None:
    scene = joined.asked()
    asked, merger = scene.asked, scene.merger

    outcomes = at_once(
        lambda: partners.join(asked, actor=scene.other.officer, now=NOW),
        lambda: partners.leave(asked, actor=scene.leader.officer, now=NOW, version=merger.version),
    )

    assert outcomes in (["DoesNotExist", "done"], ["StaleVersion", "done"])
    assert merger.joint_offices.exists() == ("StaleVersion" in outcomes)


def test_the_day_decides_which_offices_can_be_asked() -> None:
    scene = joined.alone()
    Agency.objects.filter(pk=scene.other.office.pk).update(dissolved_on=date(2026, 12, 1))

    def offered(day: date) -> bool:
        offices = partners.offices_to_ask(scene.merger, actor=scene.leader.officer, today=day)
        return offices.filter(pk=scene.other.office.pk).exists()

    assert (offered(date(2026, 11, 30)), offered(date(2026, 12, 1))) == (True, False)
