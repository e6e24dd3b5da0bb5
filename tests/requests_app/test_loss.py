"""Mẫu 09 from draft to effect: what stops a row, the ledger, the clocks, the draft Mẫu 05."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from io import BytesIO

import pytest
from pypdf import PdfReader

from devices import services as devices
from devices.lifecycle import Condition, Custody, Move
from devices.models import CustodyMove, Device
from portal.ca.models import Certificate, RevocationReason
from portal.ca.register import services as ca
from portal.deadlines.models import Deadline, DeadlineKind
from portal.documents import services as documents
from portal.notices.models import Notice
from requests_app.catalogue.mau_09_loss import rules as row_rules
from requests_app.catalogue.mau_09_loss.prefill import rows_of
from requests_app.drafts.services import import_rows
from requests_app.models import Dossier, Procedure, RoutingRule
from requests_app.submission import letters
from requests_app.submission.checks import violations_before_signing
from requests_app.workflow import Action, Route, State
from tests import builders, story

pytestmark = pytest.mark.usefixtures("ca")

NOW = builders.NOW
CONTACT = {
    "made_at": "09 giờ 30 phút",
    "made_on": "20/11/2026",
    "made_in": "Trụ sở UBND xã",
    "maker": "Lò Thị Nhận",
    "maker_position": "Văn thư",
    "participants": "Ông Lò Văn Chủ, Chủ tịch",
}
TOLD = {
    "lost_on": "19/11/2026",
    "place": "Bến xe",
    "circumstances": "Mất túi khi đi công tác",
    "measures": "Đã báo công an xã",
}


def cast() -> story.Cast:
    people = story.cast(Route.NOTICE, procedure=Procedure.REPORT_LOSS)
    builders.routing(Procedure.REVOKE, Route.DIRECT)
    return people


def held(people: story.Cast, name: str = "Lò Văn Mất") -> Device:
    """A device in its subscriber's hands, with a real certificate."""
    person = builders.person(name, at=people.agency)
    return Device.objects.get(key=story.give_certificate(person).key)


def row(device: Device, **changes: str) -> Mapping[str, str]:
    return rows_of([device])[0] | TOLD | changes


def draft(people: story.Cast, *rows: Mapping[str, str]) -> Dossier:
    return story.draft_of(people, "mau_09_loss", rows, contact=CONTACT)


def sent(people: story.Cast, *found: Device) -> Dossier:
    return story.send_in_ink(draft(people, *map(row, found)), people)


def report_lost(device: Device, people: story.Cast) -> None:
    """The clerk enters the loss before any minutes are made: they are owed."""
    devices.make_move(device, Move.REPORT_LOST, actor=people.clerk, now=NOW, reason="Mất túi")
    device.refresh_from_db()


def owed(device: Device) -> set[str]:
    found = Deadline.objects.open().filter(target_uuid=device.uuid)
    return set(found.values_list("kind", flat=True))


def revocation_drafts(people: story.Cast) -> list[Dossier]:
    return list(Dossier.objects.filter(kind="mau_05_revoke", agency=people.agency).order_by("pk"))


def returned(dossier: Dossier, people: story.Cast) -> Dossier:
    return story.step(dossier, Action.RETURN, people.operator, reason="Ghi nhầm thiết bị")


def sent_again_with(dossier: Dossier, people: story.Cast, *found: Device) -> Dossier:
    """Corrected to these devices, signed and sent once more."""
    dossier.refresh_from_db()
    import_rows(
        dossier,
        [row(device) for device in found],
        replace=True,
        actor=people.clerk,
        now=NOW,
        version=dossier.version,
    )
    return story.send_in_ink(dossier, people)


# What the register says of a row.


def test_a_device_in_a_subscribers_hands_can_be_told_lost() -> None:
    people = cast()
    device = held(people)

    assert row_rules.of_device(device) == []
    assert violations_before_signing(draft(people, row(device)), now=NOW) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"subscriber_name": "Lò Thị Khác"}, "name_differs"),
        ({"certificate_serial": "2A05F812673607B0"}, "certificate_not_on_device"),
        ({"device_serial": "BIT4ID-999999"}, "unknown_device"),
    ],
)
def test_a_row_fits_what_the_register_says_of_its_device(
    changes: dict[str, str], code: str
) -> None:
    people = cast()

    found = violations_before_signing(draft(people, row(held(people), **changes)), now=NOW)

    assert [(one.code, one.row) for one in found] == [(code, 1)]


def test_what_the_ca_or_the_office_has_is_not_the_agencys_to_tell_lost() -> None:
    people = cast()
    device = builders.device(
        custody=Custody.AT_OFFICE,
        agency=people.agency,
        subscriber=builders.person(at=people.agency),
    )

    assert [one.code for one in row_rules.of_device(device)] == ["not_at_the_agency"]


def test_a_loss_is_confirmed_once() -> None:
    people = cast()
    device = held(people)
    dossier = sent(people, device)
    device.refresh_from_db()

    assert [one.code for one in row_rules.of_device(device)] == ["duplicate_open"]

    story.step(dossier, Action.ACKNOWLEDGE, people.operator)
    found = violations_before_signing(draft(people, row(device)), now=NOW)
    assert [one.code for one in found] == ["loss_confirmed_already"]
    assert str(dossier.uuid) in found[0].link


def test_found_and_lost_again_it_is_told_again() -> None:
    people = cast()
    device = held(people)
    story.step(sent(people, device), Action.ACKNOWLEDGE, people.operator)
    later = NOW + timedelta(days=3)
    devices.make_move(device, Move.FIND, actor=people.clerk, now=later, reason="Thấy ở tủ")
    devices.make_move(device, Move.REPORT_LOST, actor=people.clerk, now=later, reason="Lại mất")
    device.refresh_from_db()

    assert row_rules.of_device(device) == []


# What sending causes.


def test_the_minutes_enter_the_loss_and_revoke_nothing() -> None:
    people = cast()
    device = held(people)

    dossier = sent(people, device)

    device.refresh_from_db()
    entry = CustodyMove.objects.get(device=device, move=Move.REPORT_LOST)
    assert dossier.state == State.SUBMITTED
    assert device.condition == Condition.LOST
    assert entry.document_uuid == dossier.uuid
    assert devices.ledger_agrees(device)
    assert owed(device) == set()
    assert Certificate.objects.get(key=device.key_id).revoked_at is None


def test_minutes_that_are_owed_are_told_with_the_sending() -> None:
    people = cast()
    device = held(people)
    report_lost(device, people)
    assert owed(device) == {DeadlineKind.LOSS_MINUTES}
    assert rows_of([device])[0]["circumstances"] == "Mất túi"

    sent(people, device)

    assert owed(device) == set()
    assert CustodyMove.objects.filter(device=device, move=Move.REPORT_LOST).count() == 1


def test_a_device_to_be_returned_is_owed_no_more_once_its_loss_is_told() -> None:
    people = cast()
    device = held(people)
    certificate = Certificate.objects.get(key=device.key_id)
    ca.revoke(certificate, RevocationReason.CESSATION, actor=people.operator, now=NOW)
    devices.open_return(
        [certificate.key_id], paper=("test", None, "Thu hồi"), reason="Nghỉ việc", now=NOW
    )
    assert owed(device) == {DeadlineKind.DEVICE_RETURN}

    sent(people, device)

    assert owed(device) == set()
    assert revocation_drafts(people) == []


def test_the_request_for_revocation_lies_ready_and_the_clerks_are_told() -> None:
    people = cast()
    device = held(people)

    dossier = sent(people, device)

    (ready,) = revocation_drafts(people)
    item = ready.items.get()
    assert ready.state == State.DRAFT
    assert item.certificate == Certificate.objects.get(key=device.key_id)
    assert item.answers["cause"] == "device_lost"
    assert dossier.letter_number in item.answers["reason"]
    told = Notice.objects.get(recipient=people.clerk, cause__startswith="loss-to-revoke:")
    assert told.path.endswith(f"{ready.uuid}/")


def test_one_draft_for_all_the_devices_of_the_minutes() -> None:
    people = cast()

    sent(people, held(people), held(people, "Lò Thị Hai"))

    (ready,) = revocation_drafts(people)
    assert ready.row_count == 2


@pytest.mark.parametrize("state", [State.DRAFT, State.SUBMITTED, State.EXECUTING])
def test_a_revocation_that_is_asked_for_is_not_drafted_again(state: State) -> None:
    people = cast()
    device = held(people)
    other = builders.dossier(agency=people.agency, kind="mau_05_revoke", state=state)
    other.items.update(certificate=Certificate.objects.get(key=device.key_id), device=device)

    sent(people, device)

    assert revocation_drafts(people) == [other]


def test_where_no_request_can_be_drafted_the_minutes_go_out_all_the_same() -> None:
    people = cast()
    RoutingRule.objects.filter(procedure=Procedure.REVOKE).delete()

    dossier = sent(people, held(people))

    assert dossier.state == State.SUBMITTED
    assert revocation_drafts(people) == []
    told = Notice.objects.get(recipient=people.clerk, cause__startswith="loss-to-revoke:")
    assert told.path.endswith(f"{dossier.uuid}/")
    assert "nơi nhận" in told.text


def test_the_office_is_informed_and_the_ca_acknowledges() -> None:
    people = cast()

    dossier = sent(people, held(people))

    assert Notice.objects.filter(recipient=people.officer, target_uuid=dossier.uuid).exists()
    story.step(dossier, Action.ACKNOWLEDGE, people.operator)
    assert dossier.state == State.COMPLETED


# Returned, corrected, withdrawn.


def test_sent_again_unchanged_it_causes_nothing_new() -> None:
    people = cast()
    device = held(people)
    dossier = returned(sent(people, device), people)

    story.send_in_ink(dossier, people)

    device.refresh_from_db()
    assert device.condition == Condition.LOST
    assert CustodyMove.objects.filter(device=device, move=Move.REPORT_LOST).count() == 1
    assert len(revocation_drafts(people)) == 1
    assert Notice.objects.filter(cause__startswith="loss-to-revoke:").count() == 1


def test_corrected_to_another_device_the_first_is_found_again() -> None:
    people = cast()
    wrong, right = held(people), held(people, "Lò Thị Hai")
    dossier = returned(sent(people, wrong), people)

    sent_again_with(dossier, people, right)

    wrong.refresh_from_db()
    right.refresh_from_db()
    assert (wrong.condition, right.condition) == (Condition.OK, Condition.LOST)
    assert devices.ledger_agrees(wrong)
    assert owed(wrong) == set()
    told = Notice.objects.get(recipient=people.clerk, cause__startswith="loss-corrected:")
    assert wrong.serial in told.text
    assert [one.items.get().device for one in revocation_drafts(people)] == [wrong, right]


def test_left_out_a_device_that_was_reported_lost_before_owes_its_minutes_again() -> None:
    people = cast()
    lost, other = held(people), held(people, "Lò Thị Hai")
    report_lost(lost, people)
    dossier = returned(sent(people, lost, other), people)
    assert owed(lost) == set()

    sent_again_with(dossier, people, other)

    lost.refresh_from_db()
    assert lost.condition == Condition.LOST
    assert owed(lost) == {DeadlineKind.LOSS_MINUTES}


def test_withdrawn_after_its_return_the_loss_it_told_is_undone() -> None:
    people = cast()
    device = held(people)
    dossier = returned(sent(people, device), people)

    story.step(dossier, Action.WITHDRAW, people.clerk, reason="Đã tìm thấy")

    device.refresh_from_db()
    assert device.condition == Condition.OK
    assert devices.ledger_agrees(device)


def test_a_draft_that_was_never_sent_undoes_nothing() -> None:
    people = cast()
    device = held(people)
    report_lost(device, people)
    dossier = draft(people, row(device))

    story.step(dossier, Action.WITHDRAW, people.clerk, reason="Lập nhầm")

    device.refresh_from_db()
    assert device.condition == Condition.LOST
    assert owed(device) == {DeadlineKind.LOSS_MINUTES}


# The document.


@pytest.mark.paper
def test_the_minutes_are_a_named_document_with_three_who_sign() -> None:
    people = cast()
    pdf = letters.render(draft(people, row(held(people))))

    pages = PdfReader(BytesIO(pdf)).pages
    said = " ".join(" ".join(page.extract_text() for page in pages).split())

    for words in (
        "BIÊN BẢN",
        "Xác nhận thiết bị lưu khóa bí mật bị thất lạc",
        "NGƯỜI LẬP",
        "THUÊ BAO",
        "ĐẠI DIỆN CƠ QUAN",
        "cam kết",
        "chưa đối chiếu",
        "09 giờ 30 phút",
    ):
        assert words in said
    assert "Kính gửi" not in said


def test_the_head_and_the_body_sign_the_minutes_with_their_certificates() -> None:
    people = story.able_to_sign(cast())

    dossier = story.sign_digitally(draft(people, row(held(people))), people)

    assert dossier.signed_letter is not None
    assert documents.read(dossier.signed_letter).startswith(b"%PDF")
    assert dossier.state == State.SUBMITTED
