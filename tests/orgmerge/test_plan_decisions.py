"""What people decide on the pages of a plan: which certificate lives on, what is open."""

from __future__ import annotations

from datetime import timedelta

import pytest

from devices.lifecycle import Custody
from orgmerge.approval import readiness
from orgmerge.description import implied_rows
from orgmerge.models import Merger, Plan, PlanLine
from orgmerge.planner.codes import Warn, Why
from orgmerge.plans import access
from orgmerge.plans import services as plans
from orgmerge.plans.wording import SLUG_OF
from orgmerge.succession import effective_day, handover, records
from orgmerge.vocabulary import Extent, LineAbout, LineAction
from orgmerge.workflow import STEPS, MergerAction
from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.ca.models import Certificate
from portal.core.roles import Role
from requests_app.workflow import State
from tests import builders
from tests.builders import NOW
from tests.orgmerge import builders as mergers
from tests.orgmerge import planned
from tests.orgmerge.approved import ON_THE_DAY
from tests.orgmerge.planned import page_of, signed_in, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_november")]


# Choices


def choice_of(plan: Plan) -> dict[str, object]:
    (choice,) = plan.choices
    return dict(choice)


def test_candidates_stand_on_top_with_what_speaks_for_and_against(
    merger: Merger, officer: User
) -> None:
    late = Certificate.objects.filter(kind="organisation").order_by("pk").last()
    assert late is not None
    Certificate.objects.filter(pk=late.pk).update(not_after=NOW + timedelta(days=20), renewals=1)
    plan = planned.plan_of(merger, officer)

    page = text_of(officer, page_of(merger))

    assert choice_of(plan)["proposed"] != late.pk
    assert f'name="choice-{choice_of(plan)["target"]}"' in page
    assert "Không chứng thư nào: cấp mới (Mẫu 02)" in page
    assert 'data-code="under_30_days"' in page
    assert "đã gia hạn một lần" in page
    assert "còn 989 ngày" in page  # on the first of December
    assert "bình thường, thuê bao đang giữ" in page


def choose(
    merger: Merger, user: User, value: object, *, version: int | None = None, **more: str
) -> object:
    body = merger.bodies.get().pk
    typed = {"body": body, f"choice-{body}": value, "version": version or merger.version, **more}
    return signed_in(user).post(page_of(merger, "plan_choices"), typed)


def test_a_choice_is_taken_and_the_plan_made_anew(
    merger: Merger, officer: User, plan: Plan
) -> None:
    other = next(
        one["certificate"]
        for one in plan.choices[0]["candidates"]
        if one["certificate"] != plan.choices[0]["proposed"]
    )

    answer = choose(merger, officer, other)
    waiting = text_of(officer, page_of(merger))
    planned.make_all()
    made = text_of(officer, page_of(merger))

    assert answer.headers["Location"] == page_of(merger)  # type: ignore[attr-defined]
    assert merger.choices.get().certificate_id == other
    assert "Kế hoạch đang lập lại theo lựa chọn này" in waiting
    assert "chưa chọn chứng thư cơ quan" not in made
    newest = plans.newest_ready(merger)
    assert newest is not None
    assert planned.line_about(newest, LineAbout.CERTIFICATE, other).action == LineAction.CHANGE


def test_what_was_chosen_is_not_offered_again_until_the_plan_is_made_anew(
    merger: Merger, officer: User, plan: Plan
) -> None:
    client, body = signed_in(officer), merger.bodies.get().pk
    unmade = f"{page_of(merger, 'plan_choices')}?open=yes"
    typed = {"body": body, "version": merger.version, "do": "proposed"}

    offered = client.get(unmade)
    answer = client.post(unmade, typed)
    merger.choices.update(decided_at=NOW + timedelta(minutes=1))  # after the plan was asked for
    left = client.get(unmade)

    assert len(offered.context["offers"]) == 1
    assert answer.headers["Location"] == unmade
    assert left.headers["Location"] == page_of(merger)


def test_none_can_be_chosen(merger: Merger, officer: User, plan: Plan) -> None:
    choose(merger, officer, 0)

    assert merger.choices.get().certificate is None


def test_the_proposals_of_a_page_are_taken_at_once(
    merger: Merger, officer: User, plan: Plan
) -> None:
    choose(merger, officer, "", do="proposed")

    assert merger.choices.get().certificate_id == plan.choices[0]["proposed"]


@pytest.mark.parametrize("value", ["", "x", "999999", "²"])
def test_what_is_no_choice_is_answered_with_the_page(
    merger: Merger, officer: User, plan: Plan, value: str
) -> None:
    answer = choose(merger, officer, value)

    assert answer.status_code == 200  # type: ignore[attr-defined]
    assert 'data-code="nothing_chosen"' in answer.content.decode()  # type: ignore[attr-defined]
    assert not merger.choices.exists()


def test_what_another_certificate_is_refused(merger: Merger, officer: User, plan: Plan) -> None:
    stranger = builders.certificate()

    answer = choose(merger, officer, stranger.pk)

    assert 'data-code="not_a_candidate"' in answer.content.decode()  # type: ignore[attr-defined]


def test_who_saw_an_older_plan_is_told_and_nothing_is_chosen(
    merger: Merger, officer: User, plan: Plan
) -> None:
    answer = choose(merger, officer, 0, version=merger.version + 1)

    assert answer.status_code == 409  # type: ignore[attr-defined]
    assert not merger.choices.exists()


# What the machine leaves to people


@pytest.fixture
def split(officer: User) -> Merger:
    return planned.split_commune(officer)


def waiting_lines(plan: Plan) -> list[PlanLine]:
    return list(plan.lines.filter(about=LineAbout.CERTIFICATE, is_open=True).order_by("pk"))


def settle(merger: Merger, user: User, lines: list[PlanLine], **typed: object) -> object:
    sent = {"line": [line.pk for line in lines], "version": merger.version, "note": "", **typed}
    return signed_in(user).post(page_of(merger, "settle"), sent)


def test_what_waits_is_counted_on_top_and_can_be_marked(split: Merger, officer: User) -> None:
    plan = planned.plan_of(split, officer)

    page = text_of(officer, page_of(split))
    listed = text_of(officer, f"{page_of(split)}?open=settle&about=certificate")

    assert "open=settle&amp;about=certificate&amp;reason=body_split" in page
    for line in waiting_lines(plan):
        assert f'name="line" value="{line.pk}"' in listed


def test_some_lines_are_settled_with_one_decision(split: Merger, officer: User) -> None:
    lines = waiting_lines(planned.plan_of(split, officer))
    body = split.bodies.order_by("pk").last()
    assert body is not None
    asked = text_of(officer, f"{page_of(split, 'settle')}?line={lines[0].pk}&line={lines[1].pk}")

    settle(split, officer, lines, action="change", body=body.pk, note="Theo danh sách")
    planned.make_all()

    assert "Quyết định 2 dòng" in asked
    assert split.settlements.filter(action="change", body=body, note="Theo danh sách").count() == 2
    newest = plans.newest_ready(split)
    assert newest is not None
    assert {
        planned.line_about(newest, LineAbout.CERTIFICATE, one.target_id).is_open for one in lines
    } == {False}
    assert AuditEntry.objects.filter(action="merger.settle").count() == 1


@pytest.mark.parametrize(
    ("typed", "code"),
    [({}, "action"), ({"action": "change"}, "body"), ({"action": "return"}, "action")],
)
def test_a_decision_that_lacks_something_comes_back(
    split: Merger, officer: User, typed: dict[str, str], code: str
) -> None:
    lines = waiting_lines(planned.plan_of(split, officer))

    answer = settle(split, officer, lines, **typed)

    assert answer.status_code == 200  # type: ignore[attr-defined]
    assert code in answer.context["form"].errors  # type: ignore[attr-defined]
    assert not split.settlements.exists()


def test_where_there_are_many_bodies_one_is_named(
    split: Merger, officer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orgmerge.plans.views.decisions._MOST_BODIES", 1)
    lines = waiting_lines(planned.plan_of(split, officer))

    unknown = settle(split, officer, lines, action="change", other="xã nào đó")
    settle(split, officer, lines, action="change", other="ủy ban nhân dân xã hai mới")

    assert "other" in unknown.context["form"].errors  # type: ignore[attr-defined]
    assert {one.body for one in split.settlements.all()} == {
        split.bodies.get(name__endswith="HAI MỚI")
    }


def test_lines_of_two_sorts_are_not_settled_together(split: Merger, officer: User) -> None:
    (old,) = {share.old for share in split.shares.select_related("old")}
    builders.person(at=old)  # without a certificate: asked for itself
    plan = planned.plan_of(split, officer)
    alone = plan.lines.get(about=LineAbout.SUBSCRIBER, reason="body_split")
    some = [waiting_lines(plan)[0], alone]

    answer = settle(split, officer, some, action="keep")

    assert answer.headers["Location"] == page_of(split)  # type: ignore[attr-defined]
    assert not split.settlements.exists()


def test_dossiers_and_empty_devices_of_a_divided_body_are_settled_many_at_once(
    split: Merger, officer: User
) -> None:
    (old,) = {share.old for share in split.shares.select_related("old")}
    for _number in range(2):
        builders.dossier(agency=old, state=State.SUBMITTED)
        builders.device(agency=old, custody=Custody.AT_AGENCY)
    body = split.bodies.order_by("pk").last()
    assert body is not None

    for about, action in ((LineAbout.DOSSIER, "refile"), (LineAbout.DEVICE, "hand_over")):
        lines = planned.plan_of(split, officer).lines.filter(about=about, reason="body_split")
        page = text_of(officer, f"{page_of(split)}?open=settle&about={about}&reason=body_split")
        query = f"about={SLUG_OF[about]}&reason=body_split"
        asked = text_of(officer, f"{page_of(split, 'settle')}?body={old.uuid}&{query}")
        asked_of_all = text_of(officer, f"{page_of(split, 'settle')}?{query}")
        settle(split, officer, list(lines), action=action, body=body.pk)
        decided = planned.plan_of(split, officer).lines.filter(about=about, reason="settled")

        assert "cần người quyết định chuyển về đâu" in page
        assert "quyết định 2 dòng" in page
        assert "Quyết định 2 dòng" in asked
        assert "Quyết định 2 dòng" in asked_of_all
        assert [(one.action, one.sender, one.is_open) for one in decided] == [
            (action, body, False)
        ] * 2


def test_who_has_no_superior_yet_holds_up_its_certificates_and_is_named_before_approval(
    split: Merger, officer: User
) -> None:
    (old,) = {share.old for share in split.shares.select_related("old")}
    school = builders.agency("TRƯỜNG TIỂU HỌC", office=split.office, parent=old)
    described = mergers.body(split, school.name, agency=school)
    mergers.share(split, school, described)
    certificate = builders.certificate(subscriber=builders.person(at=school))
    subject = f"C=VN, L=Lai Châu, O={old.name}, OU={school.name}, CN=A"
    Certificate.objects.filter(pk=certificate.pk).update(subject=subject)

    plan = planned.plan_of(split, officer)
    line = planned.line_about(plan, LineAbout.CERTIFICATE, certificate.pk)
    page = text_of(officer, page_of(split))
    of_line = text_of(officer, page_of(split, "plan_line", "chung-thu", certificate.uuid))
    described.parent_body = split.bodies.first()
    described.save()
    told = planned.plan_of(split, officer, now=NOW + timedelta(minutes=1))

    assert (line.action, line.is_open) == (LineAction.CHANGE, True)
    assert "superior_unknown" in line.warnings
    assert 'data-code="superior_unknown"' in page
    assert 'href="?warning=superior_unknown#cac-dong"' in page
    assert page_of(split, "edit_body", described.uuid) in of_line
    after = planned.line_about(told, LineAbout.CERTIFICATE, certificate.pk)
    assert (after.is_open, "superior_unknown" in after.warnings) == (False, False)


def test_one_question_stands_for_a_certificate_its_device_and_its_holder(
    split: Merger, officer: User
) -> None:
    plan = planned.plan_of(split, officer)
    waiting = plan.lines.filter(is_open=True)
    (asked,) = access.open_sorts(plan)

    page = text_of(officer, page_of(split))
    settle(
        split,
        officer,
        waiting_lines(plan),
        action="change",
        body=split.bodies.order_by("pk")[0].pk,
    )
    after = plans.newest_ready(split)
    planned.make_all()
    after = plans.newest_ready(split)

    assert (asked.about, asked.number) == (LineAbout.CERTIFICATE, 2)
    assert waiting.count() == 6
    assert "2 thiết bị, 2 thuê bao" in page
    assert after is not None
    assert (after.number, after.counts["open"]) == (plan.number + 1, 0)


def test_clear_lines_are_not_asked_about(merger: Merger, officer: User, plan: Plan) -> None:
    clear = plan.lines.filter(is_open=False).first()
    assert clear is not None

    answer = signed_in(officer).get(f"{page_of(merger, 'settle')}?line={clear.pk}&line=x")

    assert answer.headers["Location"] == page_of(merger)


def test_who_decides_on_an_older_description_is_told(split: Merger, officer: User) -> None:
    lines = waiting_lines(planned.plan_of(split, officer))

    answer = settle(split, officer, lines, action="revoke", version=99)

    assert answer.status_code == 409  # type: ignore[attr-defined]


def test_an_approved_plan_is_no_longer_decided(merger: Merger, officer: User, plan: Plan) -> None:
    planned.approve(merger, plan)

    assert choose(merger, officer, 0).status_code == 409  # type: ignore[attr-defined]


def test_the_head_decides_nothing(merger: Merger, officer: User, plan: Plan) -> None:
    head = builders.user(Role.OFFICE_HEAD, agency=officer.agency)

    assert choose(merger, head, 0).status_code == 404  # type: ignore[attr-defined]


# What is proposed and open: DOMAIN 14.17 to 14.19


@pytest.fixture
def divided(officer: User) -> Merger:
    """A commune divided between one that keeps its name and another; its seal's certificate."""
    made = planned.split_commune(officer, people=1)
    old = planned.old_bodies(made)[0]
    mergers.share(made, old, mergers.body(made, old.name), extent=Extent.PARTLY)
    subscriber = builders.organisation(old)
    builders.in_hands_of(subscriber, builders.certificate(subscriber=subscriber).key)
    subject = f"C=VN, L=Lai Châu, O=UBND TỈNH LAI CHÂU, CN={old.name}"
    Certificate.objects.filter(subscriber=subscriber).update(subject=subject)
    return made


def decided_again(merger: Merger, user: User, lines: list[PlanLine], **typed: object) -> Plan:
    """Settle ``lines``; return the plan that follows."""
    answer = settle(merger, user, lines, **typed)
    assert answer.status_code == 302, answer.context["form"].errors  # type: ignore[attr-defined]
    planned.make_all()
    found = plans.newest_ready(merger)
    assert found is not None
    merger.refresh_from_db()
    return found


def test_a_divided_communes_certificate_is_asked_about_and_passes_to_its_namesake(
    divided: Merger, officer: User
) -> None:
    plan = planned.plan_of(divided, officer)
    (line,) = plan.lines.filter(reason=Why.NAMESAKE)
    asked = text_of(officer, f"{page_of(divided, 'settle')}?line={line.pk}")
    submit = STEPS.find(MergerAction.SUBMIT, state=divided.state, role=Role.OFFICE_OFFICER)
    held = [one.code for one in readiness.violations_before(divided, submit, goes_ahead=True)]

    after = decided_again(divided, officer, [line], action="keep")
    planned.approve(divided, after)
    effective_day.take_effect(now=ON_THE_DAY)
    while handover.hand_over(now=ON_THE_DAY):
        pass

    namesake = divided.bodies.get(name="ỦY BAN NHÂN DÂN XÃ CHIA")
    certificate = Certificate.objects.get(pk=line.target_id)
    assert (line.action, line.sender) == (LineAction.KEEP, namesake)
    assert "Đơn vị giữ tên dùng tiếp" in asked
    assert "plan_open" in held
    assert after.counts["open"] == 0
    assert after.lines.get(about=LineAbout.BODY, target_id=namesake.pk).form == ""
    assert certificate.agency == namesake.agency
    assert certificate.key.device.agency == namesake.agency
    assert certificate.revoked_at is None


def test_when_it_is_to_be_revoked_the_namesake_asks_for_a_new_one(
    divided: Merger, officer: User
) -> None:
    (line,) = planned.plan_of(divided, officer).lines.filter(reason=Why.NAMESAKE)

    after = decided_again(divided, officer, [line], action="revoke")

    namesake = divided.bodies.get(name="ỦY BAN NHÂN DÂN XÃ CHIA")
    assert planned.line_about(after, LineAbout.CERTIFICATE, line.target_id).form == "05"
    assert planned.line_about(after, LineAbout.BODY, namesake.pk).form == "02"
    assert after.counts["open"] == 0


@pytest.fixture
def doubled(merger: Merger) -> Merger:
    """Three people of the first commune have a certificate for central signing beside the other."""
    (old, _second) = planned.old_bodies(merger)
    subject = f"C=VN, L=Lai Châu, O=UBND TỈNH LAI CHÂU, OU={old.name}, CN=A"
    for number in range(3):
        person = builders.person(f"Lò Thị {number}", at=old)
        token = builders.certificate(subscriber=person)
        builders.in_hands_of(person, token.key)
        builders.certificate(subscriber=person, key_pair=builders.key("rssp"))
        Certificate.objects.filter(subscriber=person).update(subject=subject)
    return merger


def seconds(plan: Plan) -> list[PlanLine]:
    return list(plan.lines.filter(reason=Why.SECOND_CERTIFICATE).order_by("pk"))


def test_people_with_two_certificates_are_one_question_of_their_body(
    doubled: Merger, officer: User
) -> None:
    plan = planned.plan_of(doubled, officer)
    (old, _second) = planned.old_bodies(doubled)
    sort = f"about=chung-thu&reason={Why.SECOND_CERTIFICATE}"
    narrowed = text_of(
        officer, f"{page_of(doubled)}?open=settle&about=certificate&reason=second_certificate"
    )
    asked = text_of(officer, f"{page_of(doubled, 'settle')}?body={old.uuid}&{sort}")

    first, *others = seconds(plan)
    # One is picked apart: its other certificate is the one that goes.
    plan = decided_again(doubled, officer, others, action="revoke")
    (left,) = seconds_open(plan)
    after = decided_again(doubled, officer, [left], action="the_other")

    assert "quyết định 3 dòng" in narrowed
    assert asked.count('name="line"') == 3
    assert "Giữ cả hai; ghi lý do" in asked
    assert left.target_id == first.target_id
    assert seconds_open(after) == []
    stays = planned.line_about(after, LineAbout.CERTIFICATE, first.target_id)
    ends = planned.line_about(after, LineAbout.CERTIFICATE, first.successor_id or 0)
    assert (stays.action, ends.action) == (LineAction.CHANGE, LineAction.REVOKE)
    assert ends.reason == Why.SECOND_CERTIFICATE


def seconds_open(plan: Plan) -> list[PlanLine]:
    return [line for line in seconds(plan) if line.is_open]


def test_both_certificates_stay_only_with_a_reason_which_is_shown(
    doubled: Merger, officer: User
) -> None:
    lines = seconds(planned.plan_of(doubled, officer))

    silent = settle(doubled, officer, lines, action="keep")
    after = decided_again(doubled, officer, lines, action="keep", note="Ký ở hai hệ thống")

    line = planned.line_about(after, LineAbout.CERTIFICATE, lines[0].target_id)
    about = page_of(doubled, "plan_line", "chung-thu", line.target_uuid)
    assert "note" in silent.context["form"].errors  # type: ignore[attr-defined]
    assert line.action == LineAction.CHANGE
    assert seconds_open(after) == []
    assert "Ký ở hai hệ thống" in text_of(officer, about)
    (entry,) = AuditEntry.objects.filter(action="merger.settle")
    assert "Ký ở hai hệ thống" in str(entry.data)


def test_a_title_that_no_longer_fits_is_revoked_and_issued_anew(
    merger: Merger, officer: User
) -> None:
    (old, _second) = planned.old_bodies(merger)
    titled = Certificate.objects.filter(kind="person", agency=old)
    titled.update(subject=f"C=VN, L=Lai Châu, O={old.name}, T=Chủ tịch, CN=A")
    (line,) = planned.plan_of(merger, officer).lines.filter(reason=Why.TITLE_STAYS)
    asked = text_of(officer, f"{page_of(merger, 'settle')}?line={line.pk}")

    after = decided_again(merger, officer, [line], action="issue")

    holder = titled.get().subscriber_id
    assert (line.action, line.form) == (LineAction.CHANGE, "04")
    assert "Chức vụ còn đúng" in asked
    assert 'name="body"' not in asked
    revoked = planned.line_about(after, LineAbout.CERTIFICATE, line.target_id)
    assert (revoked.form, revoked.reason) == ("05", Why.TITLE_NO_LONGER_FITS)
    assert planned.line_about(after, LineAbout.SUBSCRIBER, holder).form == "01"


def test_different_questions_are_not_answered_together(doubled: Merger, officer: User) -> None:
    Certificate.objects.filter(kind="person", agency=planned.old_bodies(doubled)[1]).update(
        subject=f"C=VN, L=Lai Châu, O={planned.OLD_NAMES[1]}, T=Chủ tịch, CN=A"
    )
    plan = planned.plan_of(doubled, officer)
    (title,) = plan.lines.filter(reason=Why.TITLE_STAYS)

    answer = settle(doubled, officer, [title, *seconds(plan)], action="keep", note="x")

    assert answer.headers["Location"] == page_of(doubled)  # type: ignore[attr-defined]
    assert not doubled.settlements.exists()


def test_an_office_without_a_seal_ends_with_its_commune_and_its_people_pass_on(
    officer: User,
) -> None:
    made = mergers.merger(officer)
    old = builders.agency("ỦY BAN NHÂN DÂN XÃ ĐẦU", office=made.office)
    new = mergers.body(made, planned.NEW_NAME)
    mergers.share(made, old, new)
    unit = builders.agency("VĂN PHÒNG", parent=old, office=made.office, has_seal=False)
    person = builders.person("Lò Văn Phòng", at=unit)
    certificate = builders.certificate(subscriber=person)
    device = builders.in_hands_of(person, certificate.key)
    levels = f"O=UBND TỈNH LAI CHÂU, OU={old.name}, OU=VĂN PHÒNG"
    Certificate.objects.filter(pk=certificate.pk).update(subject=f"C=VN, {levels}, CN=A")
    implied_rows.imply(made)

    plan = planned.plan_of(made, officer)
    planned.approve(made, plan)
    effective_day.take_effect(now=ON_THE_DAY)
    while handover.hand_over(now=ON_THE_DAY):
        pass

    line = planned.line_about(plan, LineAbout.CERTIFICATE, certificate.pk)
    of_unit = planned.line_about(plan, LineAbout.BODY, made.bodies.get(agency=unit).pk)
    for thing in (new, certificate, device, person, unit):
        thing.refresh_from_db()
    assert (line.action, line.sender) == (LineAction.CHANGE, new)
    assert Warn.UNIT_ENDS in line.warnings
    assert of_unit.reason == Why.UNIT_ENDS
    assert {certificate.agency, device.agency, person.agency} == {new.agency}
    assert unit.dissolved_on == made.effective_on
    assert [one.successor for one in unit.successions.all()] == [new.agency]
    lists = records.lists_of(made.shares.select_related("merger", "new").get(old=old))
    assert list(lists.subscribers) == [person]
