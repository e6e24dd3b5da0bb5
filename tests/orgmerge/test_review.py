"""A review round: what each body is asked, what it says, and what the office sees of silence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied

from devices.lifecycle import Condition, Custody
from orgmerge.approval import services as approval
from orgmerge.models import Merger, MergerBody, ReviewItem, ReviewReply, ReviewRound
from orgmerge.register import answers as review_answers
from orgmerge.review import lists, rounds
from orgmerge.review import services as review
from orgmerge.review.rules import OUTSIDE, Said
from orgmerge.vocabulary import MergerState, ReviewAnswer
from orgmerge.workflow import MergerAction
from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.audit.models import AuditEntry
from portal.ca.models import Certificate, RevocationReason
from portal.core.roles import Role
from portal.core.rules import Refused
from portal.deadlines.models import Deadline, DeadlineKind
from portal.notices.models import Notice
from portal.notices.reminders import remind_all
from requests_app.errors import NotEditable, StaleVersion
from tests import builders
from tests.builders import NOW, TODAY
from tests.orgmerge import builders as mergers

pytestmark = pytest.mark.django_db

DUE = date(2026, 11, 27)


@dataclass(frozen=True, slots=True)
class Scene:
    """Two communes that become one, with a clerk each; nothing asked yet."""

    merger: Merger
    officer: User
    olds: tuple[Agency, Agency]
    new: MergerBody
    clerks: tuple[User, User]

    def open(self, *, due_on: date = DUE, now: datetime = NOW) -> ReviewRound:
        return rounds.open_round(self.merger, due_on=due_on, note="", actor=self.officer, now=now)

    def reply(self, place: int = 0) -> ReviewReply:
        return ReviewReply.objects.get(agency=self.olds[place], round__closed_at=None)

    def say(self, row: int, *, by: User | None = None, place: int = 0, **said: str) -> int:
        reply = self.reply(place)
        return review.answer(
            reply,
            {row: Said(**said)},
            actor=by or self.clerks[place],
            now=NOW,
            version=reply.version,
        )


@pytest.fixture
def scene() -> Scene:
    officer = builders.user(Role.OFFICE_OFFICER)
    olds = (builders.agency(office=officer.agency), builders.agency(office=officer.agency))
    merger = mergers.merger(officer)
    new = mergers.body(merger, "UBND XÃ MỚI")
    for old in olds:
        mergers.share(merger, old, new)
    clerks = (builders.user(Role.CLERK, agency=olds[0]), builders.user(Role.CLERK, agency=olds[1]))
    return Scene(merger, officer, olds, new, clerks)


def asked(reply: ReviewReply) -> list[tuple[int | None, int | None, int | None]]:
    return list(reply.items.values_list("certificate", "device", "subscriber"))


def held(
    certificate: Certificate, *, custody: str = Custody.WITH_SUBSCRIBER, **columns: str
) -> int:
    device = builders.device(
        custody=custody,
        agency=certificate.agency,
        subscriber=certificate.subscriber,
        key_pair=certificate.key,
        **columns,
    )
    return device.pk


def codes(refusal: pytest.ExceptionInfo[Refused]) -> list[tuple[str, int | None]]:
    return [(one.code, one.row) for one in refusal.value.violations]


# What stands in a list


def test_a_certificate_is_asked_about_with_its_device(scene: Scene) -> None:
    person = builders.person(at=scene.olds[0])
    certificate = builders.certificate(subscriber=person)
    device = held(certificate)

    scene.open()

    assert asked(scene.reply()) == [(certificate.pk, device, None)]


def test_what_was_revoked_or_replaced_is_no_question(scene: Scene) -> None:
    person = builders.person(at=scene.olds[0])
    old = builders.certificate(subscriber=person)
    new = builders.certificate(subscriber=person)
    Certificate.objects.filter(pk=new.pk).update(predecessor=old)
    revoked = builders.certificate(subscriber=person)
    Certificate.objects.filter(pk=revoked.pk).update(
        revoked_at=NOW, revocation_reason=RevocationReason.CESSATION, crl_entry=b"x"
    )

    scene.open()

    assert asked(scene.reply()) == [(new.pk, None, None)]


@pytest.mark.parametrize(
    ("custody", "is_asked"),
    [
        (Custody.WITH_SUBSCRIBER, True),
        (Custody.TO_BE_RETURNED, True),
        (Custody.AT_CA, False),
        (Custody.AT_OFFICE, False),
    ],
)
def test_an_expired_certificate_is_asked_about_while_its_device_is_out(
    scene: Scene, custody: str, is_asked: bool
) -> None:
    person = builders.person(at=scene.olds[0])
    certificate = builders.certificate(subscriber=person, not_after=NOW - timedelta(days=1))
    device = held(certificate, custody=custody)

    scene.open()

    expected = (certificate.pk, device, None) if is_asked else (None, None, person.pk)
    assert asked(scene.reply()) == [expected]


def test_a_certificate_counts_as_standing_on_its_last_day(scene: Scene) -> None:
    person = builders.person(at=scene.olds[0])
    certificate = builders.certificate(subscriber=person, not_after=NOW + timedelta(hours=1))

    scene.open()

    assert asked(scene.reply()) == [(certificate.pk, None, None)]


def test_a_device_in_hand_without_a_certificate_is_asked_about_by_itself(scene: Scene) -> None:
    waiting = builders.device(custody=Custody.AT_AGENCY, agency=scene.olds[0])
    builders.device(custody=Custody.ON_ITS_WAY, agency=scene.olds[0])
    builders.device(custody=Custody.AT_AGENCY, agency=scene.olds[0], condition=Condition.LOST)

    scene.open()

    assert asked(scene.reply()) == [(None, waiting.pk, None)]


def test_the_own_certificate_comes_first_then_people_by_name_then_single_things(
    scene: Scene,
) -> None:
    old = scene.olds[0]
    late = builders.certificate(subscriber=builders.person("Lò Văn Ước", at=old))
    early = builders.certificate(subscriber=builders.person("Lò Văn An", at=old))
    own = builders.certificate(subscriber=builders.organisation(old))
    device = builders.device(custody=Custody.AT_AGENCY, agency=old)
    alone = builders.person("Vàng Thị Ánh", at=old)

    scene.open()

    assert asked(scene.reply()) == [
        (own.pk, None, None),
        (early.pk, None, None),
        (late.pk, None, None),
        (None, device.pk, None),
        (None, None, alone.pk),
    ]


def test_a_unit_without_a_seal_is_answered_for_by_the_body_above_it(scene: Scene) -> None:
    unit = builders.agency("PHÒNG THỬ", parent=scene.olds[0], has_seal=False)
    person = builders.person(at=unit)

    scene.open()

    assert asked(scene.reply()) == [(None, None, person.pk)]
    assert not ReviewReply.objects.filter(agency=unit).exists()


def test_a_body_that_has_nothing_is_asked_all_the_same(scene: Scene) -> None:
    scene.open()

    assert scene.reply(1).listed_at == NOW
    assert asked(scene.reply(1)) == []


# Opening, reminding, closing


def test_each_body_owes_its_answer_until_the_day_and_its_people_are_told(scene: Scene) -> None:
    scene.open()

    reply = scene.reply()
    clock = Deadline.objects.get(target_uuid=reply.uuid)
    assert (clock.kind, clock.agency, clock.office) == (
        DeadlineKind.MERGER_REVIEW,
        scene.olds[0],
        scene.officer.agency,
    )
    assert clock.due_on == DUE
    told = Notice.objects.get(recipient=scene.clerks[0])
    assert told.path == f"/sap-nhap/ra-soat/{reply.uuid}/"


@pytest.mark.parametrize(
    ("due_on", "code"),
    [
        (TODAY, "due_passed"),
        (TODAY + timedelta(days=1), None),
        (date(2026, 12, 1), None),  # the effective day
        (date(2026, 12, 2), "due_after_effective"),
    ],
)
def test_the_day_lies_between_today_and_the_effective_day(
    scene: Scene, due_on: date, code: str | None
) -> None:
    if code is None:
        assert scene.open(due_on=due_on).due_on == due_on
        return

    with pytest.raises(Refused) as refusal:
        scene.open(due_on=due_on)

    assert codes(refusal) == [(code, None)]
    assert not ReviewRound.objects.exists()


def test_one_round_is_open_at_a_time(scene: Scene) -> None:
    first = scene.open()

    with pytest.raises(Refused) as refusal:
        scene.open()

    assert codes(refusal) == [("round_open", None)]
    rounds.close_round(first, actor=scene.officer, now=NOW)
    assert scene.open().number == 2


def test_only_an_officer_of_the_office_opens_one_and_only_of_a_draft(scene: Scene) -> None:
    head = builders.user(Role.OFFICE_HEAD, agency=scene.officer.agency)
    stranger = builders.user(Role.OFFICE_OFFICER)

    with pytest.raises(PermissionDenied):
        rounds.open_round(scene.merger, due_on=DUE, note="", actor=head, now=NOW)
    with pytest.raises(Merger.DoesNotExist):
        rounds.open_round(scene.merger, due_on=DUE, note="", actor=stranger, now=NOW)
    Merger.objects.update(state=MergerState.AWAITING_APPROVAL)
    with pytest.raises(NotEditable):
        scene.open()


def test_nothing_described_nobody_asked(scene: Scene) -> None:
    empty = mergers.merger(scene.officer)

    with pytest.raises(Refused) as refusal:
        rounds.open_round(empty, due_on=DUE, note="", actor=scene.officer, now=NOW)

    assert codes(refusal) == [("nothing_described", None)]


def test_the_engine_reminds_each_threshold_once_and_tells_the_ca_of_nothing(scene: Scene) -> None:
    operator = builders.user(Role.CA_OPERATOR)
    scene.open()
    Notice.objects.all().delete()

    late = NOW + timedelta(days=40)
    for _again in range(2):
        remind_all(now=NOW + timedelta(days=5))  # two working days before the end
        remind_all(now=late)

    assert Notice.objects.filter(recipient=scene.clerks[0]).count() == 2
    assert Notice.objects.filter(recipient=scene.officer).exists()
    assert not Notice.objects.filter(recipient=operator).exists()


def test_a_reminder_reaches_who_is_silent_once_a_day(scene: Scene) -> None:
    made = scene.open()
    reply = scene.reply(1)
    review.send(reply, actor=scene.clerks[1], now=NOW, version=reply.version)
    Notice.objects.all().delete()

    told = rounds.remind(made, actor=scene.officer, now=NOW)
    rounds.remind(made, actor=scene.officer, now=NOW + timedelta(hours=1))

    assert (told.bodies, told.people, told.without_account) == (1, 1, 0)
    assert [one.recipient for one in Notice.objects.all()] == [scene.clerks[0]]


def test_a_body_without_an_account_is_counted_as_out_of_reach(scene: Scene) -> None:
    User.objects.filter(agency=scene.olds[0]).update(is_active=False)
    made = scene.open()

    told = rounds.remind(made, actor=scene.officer, now=NOW)

    assert (told.bodies, told.without_account) == (1, 1)


def test_closing_says_who_was_silent_and_assumes_nothing(scene: Scene) -> None:
    builders.person(at=scene.olds[0])
    made = scene.open()
    reply = scene.reply(1)
    review.send(reply, actor=scene.clerks[1], now=NOW, version=reply.version)

    silent = rounds.close_round(made, actor=scene.officer, now=NOW)

    assert silent == 1
    assert list(made.replies.silent()) == [ReviewReply.objects.get(agency=scene.olds[0])]
    assert set(ReviewItem.objects.values_list("answer", flat=True)) == {""}
    assert review_answers.replies(scene.merger) == {}
    states = dict(Deadline.objects.values_list("agency", "cancelled_at"))
    assert states == {scene.olds[0].pk: NOW, scene.olds[1].pk: None}
    assert not Notice.objects.filter(target_type="review", over_at=None).exists()


def test_a_round_is_closed_once(scene: Scene) -> None:
    made = scene.open()
    rounds.close_round(made, actor=scene.officer, now=NOW)

    with pytest.raises(NotEditable):
        rounds.close_round(made, actor=scene.officer, now=NOW)


def test_a_plan_withdrawn_takes_its_round_with_it(scene: Scene) -> None:
    made = scene.open()

    approval.take_step(
        scene.merger,
        MergerAction.WITHDRAW,
        actor=scene.officer,
        now=NOW,
        version=scene.merger.version,
        reason="Chưa có nghị quyết",
    )

    made.refresh_from_db()
    assert made.closed_at == NOW
    assert not Deadline.objects.open().exists()


# Made in the background


def test_long_lists_are_made_by_a_worker_once(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "AT_ONCE", -1)
    certificate = builders.certificate(subscriber=builders.person(at=scene.olds[0]))
    made = scene.open()
    assert (made.prepared_at, Notice.objects.count()) == (None, 0)

    first, second = lists.prepare_waiting(now=NOW), lists.prepare_waiting(now=NOW)

    made.refresh_from_db()
    assert (first, second, made.prepared_at) == (2, 0, NOW)
    assert asked(scene.reply()) == [(certificate.pk, None, None)]
    assert Deadline.objects.open().count() == 2
    assert AuditEntry.objects.filter(action="review.prepare").count() == 1


def test_after_a_kill_the_bodies_without_a_list_are_gone_on_with(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "AT_ONCE", -1)
    monkeypatch.setattr(lists, "CHUNK", 1)
    for old in scene.olds:
        builders.certificate(subscriber=builders.person(at=old))
    scene.open()
    fill = lists._write_lists
    calls: list[int] = []

    def killed(*args: object, **kwargs: object) -> None:
        if calls:
            raise KeyboardInterrupt
        calls.append(1)
        fill(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(lists, "_write_lists", killed)
    with pytest.raises(KeyboardInterrupt):
        lists.prepare_waiting(now=NOW)
    monkeypatch.setattr(lists, "_write_lists", fill)
    assert ReviewReply.objects.filter(listed_at=NOW).count() == 1
    assert lists.prepare_waiting(now=NOW) == 0  # its lease runs

    later = NOW + lists.LEASE + timedelta(minutes=1)
    assert lists.prepare_waiting(now=later) == 1
    assert ReviewItem.objects.count() == 2
    assert ReviewRound.objects.get().prepared_at == later


def test_a_round_closed_meanwhile_gets_no_more_lists(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "AT_ONCE", -1)
    made = scene.open()
    rounds.close_round(made, actor=scene.officer, now=NOW)

    assert lists.prepare_waiting(now=NOW) == 0
    assert not ReviewReply.objects.filter(listed_at__isnull=False).exists()


def test_the_number_of_queries_does_not_grow_with_the_bodies(
    scene: Scene, django_assert_max_num_queries: object
) -> None:
    for _more in range(30):
        old = builders.agency(office=scene.officer.agency)
        mergers.share(scene.merger, old, scene.new)
        builders.certificate(subscriber=builders.person(at=old))

    with django_assert_max_num_queries(60):  # type: ignore[operator]
        scene.open()

    assert ReviewItem.objects.count() == 30


# Answers


@pytest.fixture
def listed(scene: Scene) -> Scene:
    """As ``scene``, asked: line 1 a person's certificate on a token, line 2 a person alone."""
    certificate = builders.certificate(subscriber=builders.person("Lò Văn An", at=scene.olds[0]))
    held(certificate)
    builders.person("Lò Văn Bình", at=scene.olds[0])
    scene.open()
    return scene


def test_an_answer_feeds_the_plan(listed: Scene) -> None:
    listed.say(1, answer=ReviewAnswer.CONTINUES, unit="Văn phòng", email="An.LV@laichau.gov.vn")

    item = listed.reply().items.get(position=1)
    said = review_answers.replies(listed.merger)["certificate", item.certificate_id or 0]
    assert (said.answer, said.unit, said.email) == (
        ReviewAnswer.CONTINUES,
        "Văn phòng",
        "an.lv@laichau.gov.vn",
    )
    assert (item.answered_by, item.answered_at) == (listed.clerks[0], NOW)


@pytest.mark.parametrize(
    ("row", "said", "code"),
    [
        (1, {"answer": "perhaps"}, "unknown_answer"),
        (1, {"unit": "Văn phòng"}, "no_answer"),
        (1, {"answer": ReviewAnswer.MOVES}, "moves_nowhere"),
        (1, {"answer": ReviewAnswer.MOVES, "moves_to": "UBND XÃ NÀO"}, "unknown_body"),
        (1, {"answer": ReviewAnswer.LEFT, "moves_to": "UBND XÃ MỚI"}, "does_not_move"),
        (1, {"answer": ReviewAnswer.CONTINUES, "email": "an@gmail.com"}, "public_provider"),
        (1, {"answer": ReviewAnswer.CONTINUES, "email": "an"}, "not_an_email"),
        (1, {"answer": ReviewAnswer.CONTINUES, "note": "x" * 251}, "too_long"),
        (2, {"answer": ReviewAnswer.DEVICE_NOT_FOUND}, "no_device"),
    ],
)
def test_an_answer_that_cannot_be_used_is_refused_with_its_row(
    listed: Scene, row: int, said: dict[str, str], code: str
) -> None:
    answers = {row: Said(**said)}

    with pytest.raises(Refused) as refusal:
        review.answer(listed.reply(), answers, actor=listed.clerks[0], now=NOW, version=1)

    assert codes(refusal) == [(code, row)]
    assert set(listed.reply().items.values_list("answer", flat=True)) == {""}
    assert listed.reply().version == 1


def test_one_bad_answer_keeps_all_from_being_taken(listed: Scene) -> None:
    reply = listed.reply()
    both = {1: Said(answer=ReviewAnswer.CONTINUES), 2: Said(answer=ReviewAnswer.DEVICE_NOT_FOUND)}

    with pytest.raises(Refused):
        review.answer(reply, both, actor=listed.clerks[0], now=NOW, version=1)

    assert set(reply.items.values_list("answer", flat=True)) == {""}


def test_an_organisation_does_not_retire(scene: Scene) -> None:
    builders.certificate(subscriber=builders.organisation(scene.olds[0]))
    scene.open()

    with pytest.raises(Refused) as refusal:
        scene.say(1, answer=ReviewAnswer.LEFT)

    assert codes(refusal) == [("not_a_person", 1)]


def test_who_moves_goes_to_a_body_of_the_reorganisation_or_outside(listed: Scene) -> None:
    listed.say(1, answer=ReviewAnswer.MOVES, moves_to="Ủy ban nhân dân xã mới")
    assert listed.reply().items.get(position=1).moves_to == listed.new

    listed.say(1, answer=ReviewAnswer.MOVES, moves_to=str(OUTSIDE).lower())
    item = listed.reply().items.get(position=1)
    assert (item.answer, item.moves_to) == (ReviewAnswer.MOVES, None)


def test_two_bodies_of_one_name_are_told_apart_by_province(listed: Scene) -> None:
    twin = mergers.body(listed.merger, "UBND XÃ MỚI")
    MergerBody.objects.filter(pk=twin.pk).update(province="Sơn La")

    with pytest.raises(Refused) as refusal:
        listed.say(1, answer=ReviewAnswer.MOVES, moves_to="UBND XÃ MỚI")
    listed.say(1, answer=ReviewAnswer.MOVES, moves_to="UBND XÃ MỚI (Sơn La)")

    assert codes(refusal) == [("ambiguous_body", 1)]
    assert listed.reply().items.get(position=1).moves_to == twin


def test_where_a_body_is_no_longer_described_nobody_is_taken_for_gone_outside(
    listed: Scene,
) -> None:
    gone = mergers.body(listed.merger, "UBND XÃ KHÁC")
    listed.say(1, answer=ReviewAnswer.MOVES, moves_to=gone.name)

    gone.delete()

    item = listed.reply().items.get(position=1)
    assert (item.answer, item.moves_to) == ("", None)


def test_an_empty_answer_takes_back_what_was_said(listed: Scene) -> None:
    listed.say(1, answer=ReviewAnswer.NOT_NEEDED)

    listed.say(1)

    assert review_answers.replies(listed.merger) == {}


def test_the_same_again_changes_nothing(listed: Scene) -> None:
    listed.say(1, answer=ReviewAnswer.NOT_NEEDED)

    assert listed.say(1, answer=ReviewAnswer.NOT_NEEDED) == 0
    assert AuditEntry.objects.filter(action="review.answer").count() == 1


def test_the_second_of_two_clerks_sees_that_the_list_changed(listed: Scene) -> None:
    seen = listed.reply()
    listed.say(1, answer=ReviewAnswer.NOT_NEEDED)

    with pytest.raises(StaleVersion):
        review.answer(
            seen, {1: Said(answer=ReviewAnswer.LEFT)}, actor=listed.clerks[0], now=NOW, version=1
        )

    assert listed.reply().items.get(position=1).answer == ReviewAnswer.NOT_NEEDED


def test_another_bodys_clerk_has_no_such_list(listed: Scene) -> None:
    with pytest.raises(ReviewReply.DoesNotExist):
        listed.say(1, by=listed.clerks[1], answer=ReviewAnswer.CONTINUES)


def test_a_head_reads_but_does_not_answer(listed: Scene) -> None:
    head = builders.user(Role.HEAD, agency=listed.olds[0])

    with pytest.raises(PermissionDenied):
        listed.say(1, by=head, answer=ReviewAnswer.CONTINUES)


def test_an_officer_answers_for_a_silent_body_and_it_shows(listed: Scene) -> None:
    made = ReviewRound.objects.get()
    rounds.close_round(made, actor=listed.officer, now=NOW)
    reply = ReviewReply.objects.get(agency=listed.olds[0])

    review.answer(
        reply, {2: Said(answer=ReviewAnswer.LEFT)}, actor=listed.officer, now=NOW, version=1
    )

    assert reply.items.get(position=2).answered_by == listed.officer
    reply.refresh_from_db()
    assert reply.sent_at is None  # the body itself said nothing
    with pytest.raises(NotEditable):
        review.answer(
            reply,
            {2: Said(answer=ReviewAnswer.CONTINUES)},
            actor=listed.clerks[0],
            now=NOW,
            version=reply.version,
        )


# Sending


def test_a_list_with_open_lines_is_not_sent(listed: Scene) -> None:
    listed.say(1, answer=ReviewAnswer.CONTINUES)
    reply = listed.reply()

    with pytest.raises(Refused) as refusal:
        review.send(reply, actor=listed.clerks[0], now=NOW, version=reply.version)

    assert codes(refusal) == [("unanswered", None)]
    assert refusal.value.violations[0].link.endswith("?answer=none")


def send(scene: Scene) -> ReviewReply:
    for row in (1, 2):
        scene.say(row, answer=ReviewAnswer.CONTINUES)
    reply = scene.reply()
    return review.send(reply, actor=scene.clerks[0], now=NOW, version=reply.version)


def test_sending_ends_the_clock_and_shuts_the_list(listed: Scene) -> None:
    reply = send(listed)

    assert Deadline.objects.get(target_uuid=reply.uuid).done_at == NOW
    for actor in (listed.clerks[0], listed.officer):
        with pytest.raises(NotEditable):
            listed.say(1, by=actor, answer=ReviewAnswer.LEFT)


def test_taken_back_it_is_owed_again(listed: Scene) -> None:
    reply = send(listed)

    review.take_back(reply, actor=listed.clerks[0], now=NOW, version=reply.version)

    assert Deadline.objects.open().filter(target_uuid=reply.uuid).count() == 1
    assert listed.say(1, answer=ReviewAnswer.LEFT) == 1


def test_nothing_is_taken_back_once_the_round_is_closed(listed: Scene) -> None:
    reply = send(listed)
    rounds.close_round(ReviewRound.objects.get(), actor=listed.officer, now=NOW)

    with pytest.raises(NotEditable):
        review.take_back(reply, actor=listed.clerks[0], now=NOW, version=reply.version)
