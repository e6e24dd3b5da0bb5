"""Mẫu 06 from draft to effect: what stops a row, one unlocking, the answer, the new PIN."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from io import BytesIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pypdf import PdfReader
from pytest_django import Settings

from devices import services as devices
from devices.lifecycle import Condition, Custody, Move
from devices.models import CustodyMove, Device
from devices.pins import services as pins
from portal.ca.authority import keystore
from portal.ca.authority.services import open_for_signing
from portal.ca.models import Certificate, RecoveryUse, RevocationReason, VirtualToken
from portal.ca.register import services as ca
from portal.ca.tokens import services as tokens
from portal.core.rules import Refused, Violation
from portal.deadlines.models import Deadline, DeadlineKind
from portal.documents import services as documents
from portal.notices.models import Mail, Notice
from requests_app.catalogue.mau_06_recover import effect as recovering
from requests_app.catalogue.mau_06_recover import rules as row_rules
from requests_app.decision.services import RowDecision, decide_rows
from requests_app.execution import services as execution
from requests_app.kinds.row_rules import rows_of
from requests_app.kinds.targets import newest_certificates
from requests_app.models import DeliveredPaper, Dossier, DossierItem, Outcome, Procedure
from requests_app.submission.checks import violations_before_signing
from requests_app.workflow import Action, Route, State
from tests import builders, story
from tests.requests_app import recovery
from tests.requests_app.recovery import cast, confirmed, draft, lock, locked, row

pytestmark = pytest.mark.usefixtures("ca")

NOW = builders.NOW
SOON = NOW + timedelta(seconds=5)
MONDAY = date(2026, 11, 23)  # one working day after Friday 20/11/2026


def unlocks(device: Device) -> int:
    return CustodyMove.objects.filter(device=device, move=Move.UNLOCK).count()


def words(dossier: Dossier) -> str:
    paper = dossier.delivered_papers.get(kind=DeliveredPaper.Kind.RECOVERY_ANSWER)
    pdf = PdfReader(BytesIO(documents.read(paper.document)))
    return " ".join(" ".join(page.extract_text() for page in pdf.pages).split())


def carried_out(people: story.Cast, *found: Device, refuse: int = 0) -> Dossier:
    dossier = confirmed(people, *found, refuse=refuse)
    execution.execute_accepted(now=SOON)
    dossier.refresh_from_db()
    return dossier


def assert_untouched(device: Device) -> None:
    device.refresh_from_db()
    assert device.condition == Condition.LOCKED
    assert unlocks(device) == 0
    token = VirtualToken.objects.filter(key=device.key_id).first()
    assert token is None or (token.locked_at is not None and token.has_first_pin)


# What the register says of a row.


def against(device: Device) -> list[Violation]:
    newest = newest_certificates([device]).get(device.key_id)
    return row_rules.of_device(device, newest, now=NOW)


def test_a_locked_device_with_a_valid_certificate_can_be_recovered() -> None:
    people = cast()
    device = locked(people)

    assert against(device) == []
    assert violations_before_signing(draft(people, row(device)), now=NOW) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"email": "khac@laichau.gov.vn"}, "email_differs"),
        ({"certificate_name": "Lò Thị Khác"}, "name_differs"),
        ({"device_serial": "BIT4ID-999999"}, "unknown_device"),
    ],
)
def test_a_row_fits_what_the_register_says_of_its_device(
    changes: dict[str, str], code: str
) -> None:
    people = cast()
    dossier = draft(people, row(locked(people)), row(locked(people, "Lò Thị Hai"), **changes))

    found = violations_before_signing(dossier, now=NOW)

    assert [(one.code, one.row) for one in found] == [(code, 2)]


def test_another_bodys_device_is_as_good_as_unknown() -> None:
    people = cast()
    strangers = story.cast_beside(people)
    device = locked(strangers)

    found = violations_before_signing(draft(people, row(device)), now=NOW)

    assert [one.code for one in found] == ["unknown_device"]
    assert strangers.agency.name not in found[0].message


def _revoked(device: Device, people: story.Cast) -> None:
    certificate = Certificate.objects.get(key=device.key_id)
    ca.revoke(certificate, RevocationReason.CESSATION, actor=people.operator, now=NOW)


def _expired(device: Device, people: story.Cast) -> None:
    Certificate.objects.filter(key=device.key_id).update(not_after=NOW)


def _lost(device: Device, people: story.Cast) -> None:
    devices.make_move(device, Move.REPORT_LOST, actor=people.clerk, now=NOW, reason="Mất túi")


def _damaged(device: Device, people: story.Cast) -> None:
    devices.make_move(device, Move.REPORT_DAMAGED, actor=people.clerk, now=NOW, reason="Gãy")


HINDRANCES = [
    (_revoked, "certificate_revoked"),
    (_expired, "certificate_expired"),
    (_lost, "lost"),
    (_damaged, "damaged"),
]


@pytest.mark.parametrize(("happen", "code"), HINDRANCES)
def test_what_is_spent_lost_or_broken_is_not_unlocked(
    happen: Callable[[Device, story.Cast], None], code: str
) -> None:
    people = cast()
    device = locked(people)
    happen(device, people)
    device.refresh_from_db()

    found = against(device)

    assert [one.code for one in found] == [code]
    assert str(device.uuid) in found[0].link


def test_a_sound_device_has_nothing_to_recover() -> None:
    people = cast()
    certificate = story.give_certificate(builders.person(at=people.agency))
    device = Device.objects.get(key=certificate.key)

    assert [one.code for one in against(device)] == ["not_locked"]


@pytest.mark.parametrize("kind", ["mau_06_recover", "mau_05_revoke"])
def test_a_device_that_another_open_dossier_asks_for_is_not_asked_twice(kind: str) -> None:
    people = cast()
    device = locked(people)
    other = builders.dossier(agency=people.agency, kind=kind, state=State.SUBMITTED)
    certificate = Certificate.objects.get(key=device.key_id)
    other.items.update(device=device, certificate=certificate)

    found = violations_before_signing(draft(people, row(device)), now=NOW)

    assert [one.code for one in found] == ["duplicate_open"]
    assert str(other.uuid) in found[0].link
    assert [one.code for one in against(device)] == ["duplicate_open"]


def test_the_rules_cost_the_same_for_one_row_and_for_many() -> None:
    people = cast()
    few = draft(people, row(locked(people)))
    many = draft(people, *(row(locked(people, f"Lò Văn {number}")) for number in "ABCDE"))

    def queries(dossier: Dossier) -> int:
        items = list(rows_of(dossier))
        with CaptureQueriesContext(
            connection,
        ) as captured:
            row_rules.violations(dossier, items, now=NOW)
        return len(captured)

    assert queries(few) == queries(many)


# The way to whoever decides, by the kind of device.


def test_a_sim_goes_to_the_ca_where_tokens_are_the_offices() -> None:
    people = cast()
    builders.routing(Procedure.RECOVER, Route.DIRECT, storage="sim")
    device = locked(people, storage="sim")

    dossier = story.send_in_ink(draft(people, row(device)), people)
    story.confirm(story.decide(dossier, people), people)
    execution.execute_accepted(now=SOON)

    dossier.refresh_from_db()
    device.refresh_from_db()
    assert dossier.route == Route.DIRECT
    assert dossier.state == State.COMPLETED
    assert device.condition == Condition.OK


def test_a_token_and_a_sim_do_not_go_in_one_letter_where_they_go_different_ways() -> None:
    people = cast()
    builders.routing(Procedure.RECOVER, Route.DIRECT, storage="sim")
    sim = locked(people, "Lò Thị Sim", storage="sim")

    dossier = draft(people, row(locked(people)), row(sim))

    found = violations_before_signing(dossier, now=NOW)
    assert [one.code for one in found] == ["rows_go_different_ways"]


# The effect.


def test_the_office_unlocks_and_the_subscriber_sets_a_new_pin_and_signs_again() -> None:
    people = cast()
    device = locked(people)

    dossier = carried_out(people, device)

    device.refresh_from_db()
    assert dossier.state == State.COMPLETED
    assert dossier.items.get().outcome == Outcome.DONE
    assert (device.condition, device.custody) == (Condition.OK, Custody.WITH_SUBSCRIBER)
    assert devices.ledger_agrees(device)
    entry = CustodyMove.objects.get(device=device, move=Move.UNLOCK)
    assert (entry.document_uuid, entry.actor) == (dossier.uuid, None)
    assert device.key is not None
    with pytest.raises(tokens.NoPinYet):
        tokens.unlock(device.key, story.PIN, now=SOON)
    pins.set_new_pin(
        device, pin="Moi-2026", serial_seen=device.serial, actor=people.clerk, now=SOON
    )
    tokens.unlock(device.key, "Moi-2026", now=SOON)


def test_the_clock_of_one_working_day_runs_from_the_receipt_to_the_answer() -> None:
    people = cast()
    dossier = story.send_in_ink(draft(people, row(locked(people))), people)

    clock = Deadline.objects.open().get(target_uuid=dossier.uuid)
    assert (clock.kind, clock.due_on) == (DeadlineKind.RECOVERY, MONDAY)
    assert clock.agency == dossier.addressee

    story.confirm(story.decide(dossier, people), people)
    assert Deadline.objects.open().filter(pk=clock.pk).exists()
    execution.execute_accepted(now=SOON)

    clock.refresh_from_db()
    assert clock.done_at is not None
    assert clock.cancelled_at is None


@pytest.mark.paper
def test_the_answer_names_the_unlocked_and_says_that_a_new_pin_is_to_be_set() -> None:
    people = cast()
    first, second = locked(people), locked(people, "Lò Thị Hai")

    dossier = carried_out(people, first, second, refuse=1)

    said = words(dossier)
    assert dossier.state == State.PARTLY_COMPLETED
    assert "THÔNG BÁO Kết quả khôi phục thiết bị lưu khóa bí mật" in said
    assert people.officer.agency.name.upper() in said
    assert first.serial in said
    assert second.serial not in said
    assert "mã PIN mới" in said
    assert "1 trường hợp không được chấp nhận" in said
    assert Notice.objects.filter(recipient=people.clerk, cause__startswith="paper:").count() == 1
    assert_untouched(second)


@pytest.mark.paper
def test_refused_rows_get_their_reason_in_writing() -> None:
    people = cast()
    device = locked(people)
    dossier = story.send_in_ink(draft(people, row(device)), people)
    story.decide(dossier, people, refuse=1)

    story.step(dossier, Action.REJECT, people.office_head)

    event = dossier.events.get(action=Action.REJECT)
    assert event.document is not None
    pdf = PdfReader(BytesIO(documents.read(event.document)))
    assert "Sai tên đơn vị" in pdf.pages[0].extract_text()
    assert not dossier.delivered_papers.exists()
    assert not Deadline.objects.open().filter(target_uuid=dossier.uuid).exists()
    assert_untouched(device)


def test_the_subscriber_is_told_to_set_a_new_pin() -> None:
    people = cast()
    device = locked(people)
    people.head.person = device.subscriber
    people.head.save()

    dossier = carried_out(people, device)

    use = RecoveryUse.objects.get(key=device.key_id)
    assert (use.dossier_uuid, use.letter_number) == (dossier.uuid, dossier.letter_number)
    mail = Mail.objects.get(cause__startswith="recovered:")
    assert mail.recipient_name == Certificate.objects.get(key=device.key_id).common_name
    assert device.serial in mail.text
    told = Notice.objects.get(recipient=people.head, cause__startswith="device_unlock:")
    assert told.path.endswith(f"{device.uuid}/")
    assert "PIN mới" in told.title
    assert dossier.state == State.COMPLETED


def test_of_real_hardware_only_the_ledger_is_kept(settings: Settings) -> None:
    people = cast()
    device = recovery.real_hardware(people)
    dossier = confirmed(people, device)
    settings.SIMULATION = False  # production, no CA configured

    execution.execute_accepted(now=SOON)

    dossier.refresh_from_db()
    device.refresh_from_db()
    assert dossier.state == State.COMPLETED
    assert device.condition == Condition.OK
    assert devices.ledger_agrees(device)
    assert not pins.needs_new_pin(device)


def test_without_a_ca_an_issue_waits_and_an_unlocking_goes_on(settings: Settings) -> None:
    people = cast()
    dossier = confirmed(people, recovery.real_hardware(people))
    builders.routing(Procedure.ISSUE)
    issue = story.confirmed(people)
    settings.SIMULATION = False

    execution.execute_accepted(now=SOON)

    issue.refresh_from_db()
    dossier.refresh_from_db()
    assert (issue.state, dossier.state) == (State.ACCEPTED, State.COMPLETED)


# When it cannot be done.


def test_without_the_recovery_key_it_fails_visibly_and_a_retry_completes() -> None:
    people = cast()
    device = locked(people)
    dossier = confirmed(people, device)
    keystore.close()

    execution.execute_accepted(now=SOON)

    dossier.refresh_from_db()
    item = dossier.items.get()
    assert dossier.state == State.EXECUTION_FAILED
    assert (item.outcome, item.outcome_reason) == (Outcome.FAILED, recovering.NO_RECOVERY_KEY)
    assert_untouched(device)
    assert not dossier.delivered_papers.exists()
    assert Deadline.objects.open().filter(target_uuid=dossier.uuid).exists()

    open_for_signing()
    story.step(dossier, Action.RETRY, people.officer, now=SOON)
    execution.execute_accepted(now=SOON)

    dossier.refresh_from_db()
    device.refresh_from_db()
    assert dossier.state == State.COMPLETED
    assert device.condition == Condition.OK
    assert unlocks(device) == 1
    assert not Deadline.objects.open().filter(target_uuid=dossier.uuid).exists()


def test_with_the_simulation_off_a_virtual_token_is_not_unlocked(settings: Settings) -> None:
    people = cast()
    device = locked(people)
    dossier = confirmed(people, device)
    settings.SIMULATION = False

    execution.execute_accepted(now=SOON)

    dossier.refresh_from_db()
    assert dossier.state == State.EXECUTION_FAILED
    assert_untouched(device)


def test_a_token_sealed_for_another_recovery_key_fails_alone() -> None:
    people = cast()
    broken, sound = locked(people), locked(people, "Lò Thị Hai")
    other = VirtualToken.objects.get(key=sound.key_id)
    VirtualToken.objects.filter(key=broken.key_id).update(recovery_key=other.recovery_key)

    dossier = carried_out(people, broken, sound)

    sound.refresh_from_db()
    assert dossier.state == State.EXECUTION_FAILED
    assert [item.outcome for item in dossier.items.all()] == [Outcome.FAILED, Outcome.DONE]
    assert sound.condition == Condition.OK
    assert_untouched(broken)


@pytest.mark.parametrize(("happen", "code"), HINDRANCES)
def test_what_changes_after_the_decision_is_seen_before_the_unlocking(
    happen: Callable[[Device, story.Cast], None], code: str
) -> None:
    people = cast()
    device, other = locked(people), locked(people, "Lò Thị Hai")
    dossier = confirmed(people, device, other)
    happen(device, people)

    execution.execute_accepted(now=SOON)

    dossier.refresh_from_db()
    first, second = dossier.items.all()
    assert dossier.state == State.EXECUTION_FAILED
    assert (first.outcome, second.outcome) == (Outcome.FAILED, Outcome.DONE)
    assert device.serial in first.outcome_reason
    assert unlocks(device) == 0
    assert VirtualToken.objects.get(key=device.key_id).locked_at is not None


@pytest.mark.paper
def test_a_row_that_can_never_be_done_is_refused_after_all_and_the_answer_follows() -> None:
    people = cast()
    lost, sound = locked(people), locked(people, "Lò Thị Hai")
    dossier = confirmed(people, lost, sound)
    _lost(lost, people)
    execution.execute_accepted(now=SOON)
    dossier.refresh_from_db()
    item = dossier.items.get(position=1)

    decision = RowDecision("refused", "Thiết bị đã báo thất lạc")
    decide_rows(
        dossier, {item.uuid: decision}, actor=people.officer, now=SOON, version=dossier.version
    )
    story.step(dossier, Action.DECIDE, people.officer, now=SOON)
    story.step(dossier, Action.CONFIRM, people.office_head, now=SOON)
    execution.execute_accepted(now=SOON)

    dossier.refresh_from_db()
    assert dossier.state == State.PARTLY_COMPLETED
    assert sound.serial in words(dossier)


def test_the_same_rows_again_are_left_alone() -> None:
    people = cast()
    device = locked(people)
    dossier = confirmed(people, device)
    rows = list(dossier.items.values_list("pk", flat=True))

    assert recovering.do_chunk(dossier.pk, rows, now=SOON) == 1
    pins.set_new_pin(
        device, pin="Moi-2026", serial_seen=device.serial, actor=people.clerk, now=SOON
    )
    assert recovering.do_chunk(dossier.pk, rows, now=SOON) == 0

    assert unlocks(device) == 1
    assert device.key is not None
    tokens.unlock(device.key, "Moi-2026", now=SOON)


def test_a_worker_killed_before_the_closing_is_followed_by_one_that_answers_once() -> None:
    people = cast()
    device = locked(people)
    dossier = confirmed(people, device)
    execution.begin(dossier.pk, now=SOON)
    recovering.do_chunk(dossier.pk, execution.next_chunk(dossier.pk), now=SOON)

    later = SOON + timedelta(hours=1)
    execution.execute_accepted(now=later)

    dossier.refresh_from_db()
    assert dossier.state == State.COMPLETED
    assert unlocks(device) == 1
    assert dossier.delivered_papers.count() == 1


def test_a_list_longer_than_a_chunk_is_unlocked_to_its_end(settings: Settings) -> None:
    settings.EXECUTION_CHUNK = 2
    people = cast()
    found = [recovery.real_hardware(people) for _number in range(5)]

    dossier = carried_out(people, *found)

    assert dossier.state == State.COMPLETED
    done = DossierItem.objects.filter(dossier=dossier, outcome=Outcome.DONE)
    assert done.count() == len(found)
    assert not Device.objects.filter(condition=Condition.LOCKED).exists()


def test_unlocking_costs_a_fixed_number_of_queries_but_for_the_tokens() -> None:
    people = cast()
    few = confirmed(people, recovery.real_hardware(people))
    many = confirmed(people, *(recovery.real_hardware(people) for _number in range(5)))

    def queries(dossier: Dossier) -> int:
        rows = execution.next_chunk(dossier.pk)
        with CaptureQueriesContext(connection) as captured:
            recovering.do_chunk(dossier.pk, rows, now=SOON)
        return len(captured)

    assert queries(few) == queries(many)


def test_a_device_once_unlocked_is_not_asked_for_again() -> None:
    people = cast()
    device = locked(people)
    carried_out(people, device)

    with pytest.raises(Refused) as refusal:
        story.step(draft(people, row(device)), Action.REQUEST_SIGNATURE, people.clerk)

    assert [one.code for one in refusal.value.violations] == ["not_locked"]


def test_locked_a_second_time_it_is_recovered_a_second_time() -> None:
    people = cast()
    device = locked(people)
    carried_out(people, device)
    pins.set_new_pin(
        device, pin="Moi-2026", serial_seen=device.serial, actor=people.clerk, now=SOON
    )
    lock(Certificate.objects.get(key=device.key_id), now=SOON)

    dossier = carried_out(people, Device.objects.get(pk=device.pk))

    assert dossier.state == State.COMPLETED
    assert unlocks(device) == 2
