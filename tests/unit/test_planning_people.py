"""DOMAIN 4.4: what becomes of the certificates of people and systems, a test a row."""

from __future__ import annotations

import pytest

from orgmerge.planner.codes import Warn, Why
from orgmerge.planner.facts import Decided, Reply
from orgmerge.vocabulary import Extent, LineAction, LineStage, ReviewAnswer
from tests.orgmerge.worlds import SUPERIOR, Making, said, seen


def merged(making: Making, **columns: object) -> tuple[int, int]:
    """A body that is absorbed under a new name: (body, target)."""
    body, other = making.body("UBND xã A"), making.body("UBND xã B")
    return body, making.target("UBND xã C", body, other, **columns)  # type: ignore[arg-type]


def answered(making: Making, certificate: int, answer: str, **columns: object) -> None:
    making.replies["certificate", certificate] = Reply(answer, **columns)  # type: ignore[arg-type]


def test_the_agency_in_the_certificate_ends_and_the_need_goes_on() -> None:
    making = Making()
    body, target = merged(making)
    certificate = making.person(body)
    answered(making, certificate, ReviewAnswer.CONTINUES)

    line = seen(making).certificate(certificate)

    assert said(line) == (LineAction.CHANGE, "04", Why.AGENCY_RENAMED)
    assert (line.sender, line.stage, line.warnings) == (target, LineStage.PEOPLE, ())
    assert not line.is_open


def test_silence_is_shown() -> None:
    making = Making()
    body, _target = merged(making)
    certificate = making.person(body)

    line = seen(making).certificate(certificate)

    assert line.action == LineAction.CHANGE
    assert line.warnings == (Warn.NO_ANSWER,)


def test_the_superior_in_the_certificate_ends() -> None:
    making = Making()
    district = making.body("UBND huyện Tân Uyên")
    school = making.body("Trường TH A", parent=district)
    making.target("Trường TH A", school, agency=school)
    certificate = making.person(school, also=("UBND huyện Tân Uyên",))

    assert said(seen(making).certificate(certificate)) == (
        LineAction.CHANGE,
        "04",
        Why.SUPERIOR_CHANGES,
    )


def test_the_province_in_the_certificate_ends() -> None:
    making = Making()
    body = making.body("Sở Y tế", province="Tỉnh Yên Bái")
    making.target("Sở Y tế", body, agency=body, province="Tỉnh Lào Cai")
    certificate = making.person(body)

    assert seen(making).certificate(certificate).reason == Why.PROVINCE_CHANGES


def test_a_name_that_ends_in_another_province_is_not_ours() -> None:
    making = Making()
    ended = making.body("UBND phường 1", province="Tỉnh Cà Mau")
    making.target("UBND phường An Xuyên", ended, province="Tỉnh Cà Mau")
    body = making.body("UBND phường 1", province="Thành phố Đà Nẵng")
    making.target("UBND phường 1", body, agency=body, province="Thành phố Đà Nẵng")
    certificate = making.person(body)

    assert seen(making).certificate(certificate).action == LineAction.KEEP


def test_the_mailbox_ends_and_the_new_one_is_known() -> None:
    making = Making()
    body = making.body("Sở Y tế", domain="yenbai.gov.vn")
    making.target("Sở Y tế", body, agency=body, domain="laocai.gov.vn")
    certificate = making.person(body)
    answered(making, certificate, ReviewAnswer.CONTINUES, email="an@laocai.gov.vn")

    line = seen(making).certificate(certificate)

    assert said(line) == (LineAction.CHANGE, "04", Why.EMAIL_CHANGES)
    assert line.warnings == ()


def test_the_mailbox_ends_and_no_new_one_is_known() -> None:
    making = Making()
    body = making.body("Sở Y tế", domain="yenbai.gov.vn")
    making.target("Sở Y tế", body, agency=body, domain="laocai.gov.vn")
    certificate = making.person(body)

    assert Warn.NO_NEW_EMAIL in seen(making).certificate(certificate).warnings


@pytest.mark.parametrize("email", ["an@yenbai.gov.vn", "an@soyte.yenbai.gov.vn"])
def test_mailboxes_under_the_ending_domain_end_with_it(email: str) -> None:
    making = Making()
    body = making.body("Sở Y tế", domain="yenbai.gov.vn")
    making.target("Sở Y tế", body, agency=body, domain="laocai.gov.vn")
    certificate = making.person(body, email=email)

    assert seen(making).certificate(certificate).action == LineAction.CHANGE


def test_a_mailbox_elsewhere_stays() -> None:
    making = Making()
    body = making.body("Sở Y tế", domain="yenbai.gov.vn")
    making.target("Sở Y tế", body, agency=body, domain="laocai.gov.vn")
    certificate = making.person(body, email="an@moh.gov.vn")

    assert seen(making).certificate(certificate).action == LineAction.KEEP


@pytest.mark.parametrize(
    ("answer", "why"),
    [(ReviewAnswer.NOT_NEEDED, Why.NEED_ENDED), (ReviewAnswer.LEFT, Why.PERSON_LEFT)],
)
def test_who_needs_it_no_more_or_left_is_revoked_and_the_device_comes_back(
    answer: str, why: str
) -> None:
    making = Making()
    body, target = merged(making)
    certificate = making.person(body)
    answered(making, certificate, answer)

    found = seen(making)
    line, device = found.certificate(certificate), found.device(making.device_of(certificate))

    assert said(line) == (LineAction.REVOKE, "05", why)
    assert said(device) == (LineAction.RETURN, "08", Why.AFTER_REVOCATION)
    assert line.sender == device.sender == target
    assert line.stage < device.stage
    assert found.subscriber(making.holder_of(certificate)).action == LineAction.HAND_OVER


def test_who_moves_to_another_target_is_changed_by_the_receiving_body() -> None:
    making = Making()
    body, _target = merged(making)
    other = making.target("Sở Nội vụ", making.body("Sở Nội vụ cũ"))
    certificate = making.person(body)
    answered(making, certificate, ReviewAnswer.MOVES, to=other)

    found = seen(making)

    assert said(found.certificate(certificate)) == (LineAction.CHANGE, "04", Why.MOVES)
    assert found.certificate(certificate).sender == other
    assert found.subscriber(making.holder_of(certificate)).sender == other
    assert found.device(making.device_of(certificate)).action == LineAction.KEEP


def test_who_moves_to_a_body_outside_keeps_it_and_that_body_asks() -> None:
    making = Making()
    body, _target = merged(making)
    certificate = making.person(body)
    answered(making, certificate, ReviewAnswer.MOVES)

    found = seen(making)

    assert said(found.certificate(certificate)) == (LineAction.KEEP, "", Why.MOVES_OUTSIDE)
    assert found.subscriber(making.holder_of(certificate)).reason == Why.MOVES_OUTSIDE


def test_a_new_position_alone_changes_nothing() -> None:
    making = Making()
    body = making.body("Sở Y tế")
    making.target("Sở Y tế", body, agency=body)
    certificate = making.person(body)
    answered(making, certificate, ReviewAnswer.CONTINUES, position="Phó Giám đốc")

    assert said(seen(making).certificate(certificate)) == (LineAction.KEEP, "", Why.NOTHING_CHANGES)


def test_a_title_in_the_certificate_that_no_longer_fits_is_revoked_and_issued_anew() -> None:
    making = Making()
    body, target = merged(making)
    certificate = making.person(body, shows_title=True)
    answered(making, certificate, ReviewAnswer.CONTINUES, position="Phó Chủ tịch")

    found = seen(making)
    line, new = found.certificate(certificate), found.subscriber(making.holder_of(certificate))

    assert said(line) == (LineAction.REVOKE, "05", Why.TITLE_NO_LONGER_FITS)
    assert said(new) == (LineAction.ISSUE, "01", Why.NEED_WITHOUT_CERTIFICATE)
    assert (new.sender, new.is_open) == (target, False)
    assert line.stage < new.stage  # Điều 21: anew only after the revocation


def test_a_title_nobody_spoke_of_waits_for_a_word() -> None:
    making = Making()
    body, _target = merged(making)
    certificate = making.person(body, shows_title=True)

    found = seen(making)

    assert found.certificate(certificate).is_open
    assert Warn.TITLE_SHOWN in found.certificate(certificate).warnings
    assert found.subscriber(making.holder_of(certificate)).is_open


def test_a_title_that_still_fits_is_said_by_a_person() -> None:
    making = Making()
    body, target = merged(making)
    certificate = making.person(body, shows_title=True)
    making.decided["certificate", certificate] = Decided(LineAction.CHANGE, to=target)

    line = seen(making).certificate(certificate)

    assert line.action == LineAction.CHANGE
    assert not line.is_open


@pytest.mark.parametrize(("days", "action", "form"), [(30, "change", "04"), (29, "issue", "01")])
def test_under_30_days_a_new_one_is_asked_for_instead(days: int, action: str, form: str) -> None:
    making = Making()
    body, _target = merged(making)
    certificate = making.person(body, days=days)

    line = seen(making).certificate(certificate)

    assert (line.action, line.form) == (action, form)


def test_under_30_days_the_old_one_ends_by_itself_and_its_device_comes_back() -> None:
    making = Making()
    body, _target = merged(making)
    certificate = making.person(body, days=10)

    found = seen(making)
    device = found.device(making.device_of(certificate))

    assert said(found.certificate(certificate)) == (LineAction.ISSUE, "01", Why.TOO_LATE_TO_CHANGE)
    assert said(device) == (LineAction.RETURN, "08", Why.REPLACED)
    assert found.certificate(certificate).stage < device.stage
    assert found.subscriber(making.holder_of(certificate)).action == LineAction.HAND_OVER


def test_one_renewed_already_is_changed_and_told_to_be_replaced_in_time() -> None:
    making = Making()
    body, _target = merged(making)
    certificate = making.person(body, days=40, renewals=1)

    line = seen(making).certificate(certificate)

    assert line.action == LineAction.CHANGE  # Điều 21 gives no new one while 30 days are left
    assert {Warn.RENEWED_ALREADY, Warn.NEAR_END} <= set(line.warnings)


def test_one_never_renewed_and_near_its_end_is_renewed_in_the_same_row() -> None:
    making = Making()
    body, _target = merged(making)
    certificate = making.person(body, days=40)

    assert Warn.RENEW_TOO in seen(making).certificate(certificate).warnings


def test_an_expired_one_needs_nothing_but_its_device_comes_back() -> None:
    making = Making()
    body, _target = merged(making)
    certificate = making.person(body, days=-1)

    found = seen(making)

    assert said(found.certificate(certificate)) == (LineAction.KEEP, "", Why.EXPIRED)
    assert said(found.device(making.device_of(certificate)))[:2] == (LineAction.RETURN, "08")
    assert found.subscriber(making.holder_of(certificate)).action == LineAction.HAND_OVER


def test_an_expired_one_still_needed_is_asked_for_anew() -> None:
    making = Making()
    body, target = merged(making)
    certificate = making.person(body, days=-1)
    answered(making, certificate, ReviewAnswer.CONTINUES)

    line = seen(making).subscriber(making.holder_of(certificate))

    assert said(line) == (LineAction.ISSUE, "01", Why.NEED_WITHOUT_CERTIFICATE)
    assert (line.sender, line.stage) == (target, LineStage.PEOPLE)


def test_somebody_who_never_had_one_and_needs_one_asks_for_the_first() -> None:
    making = Making()
    body, _target = merged(making)
    person = making.subscriber(body)
    making.replies["subscriber", person] = Reply(ReviewAnswer.CONTINUES)

    assert seen(making).subscriber(person).action == LineAction.ISSUE


def test_a_device_not_found_is_reported_at_once_and_a_new_one_asked_for() -> None:
    making = Making()
    body, _target = merged(making)
    certificate = making.person(body)
    answered(making, certificate, ReviewAnswer.DEVICE_NOT_FOUND)

    found = seen(making)
    line, device = found.certificate(certificate), found.device(making.device_of(certificate))

    assert said(line) == (LineAction.REVOKE, "05", Why.DEVICE_LOST)
    assert said(device) == (LineAction.REPORT_LOSS, "09", Why.DEVICE_LOST)
    assert device.stage == line.stage
    assert found.subscriber(making.holder_of(certificate)).action == LineAction.ISSUE


def test_a_lost_device_nobody_spoke_of_leaves_the_question_of_a_new_one() -> None:
    making = Making()
    body, _target = merged(making)
    certificate = making.person(body, condition="lost")

    line = seen(making).subscriber(making.holder_of(certificate))

    assert line.action == LineAction.HAND_OVER
    assert line.warnings == (Warn.NO_CERTIFICATE_LEFT,)


def test_a_sim_is_changed_with_its_signing_number() -> None:
    making = Making()
    body, _target = merged(making)
    certificate = making.person(body, storage="sim", device_kind="sim")

    line = seen(making).certificate(certificate)

    assert line.action == LineAction.CHANGE
    assert Warn.SIM_PHONE in line.warnings


def test_a_sim_no_longer_needed_is_revoked_and_the_card_is_asked_about() -> None:
    making = Making()
    body, _target = merged(making)
    certificate = making.person(body, storage="sim", device_kind="sim")
    answered(making, certificate, ReviewAnswer.NOT_NEEDED)

    found = seen(making)

    assert found.certificate(certificate).warnings == (Warn.SIM_CARD,)
    assert found.device(making.device_of(certificate)).action == LineAction.RETURN


@pytest.mark.parametrize("storage", ["rssp", "soft"])
def test_central_signing_and_soft_keys_have_no_device(storage: str) -> None:
    making = Making()
    body, _target = merged(making)
    certificate = making.person(body, storage=storage)
    answered(making, certificate, ReviewAnswer.NOT_NEEDED)

    found = seen(making)

    assert found.certificate(certificate).action == LineAction.REVOKE
    assert not [line for line in found.plan.lines if line.about == "device"]


def test_a_new_one_for_central_signing_is_the_variant() -> None:
    making = Making()
    body, _target = merged(making)
    certificate = making.person(body, storage="rssp", days=5)

    line = seen(making).certificate(certificate)

    assert line.form == "01"
    assert Warn.CENTRAL_SIGNING in line.warnings


def test_of_two_certificates_of_one_person_the_better_is_kept_and_the_other_asked_about() -> None:
    making = Making()
    body, _target = merged(making)
    other = making.body("UBND xã D")
    making.target("UBND xã D", other, agency=other)
    long = making.person(body, days=900)
    short = making.person(other, days=400, subscriber=making.holder_of(long))

    found = seen(making)

    assert found.certificate(long).action == LineAction.CHANGE
    assert said(found.certificate(short)) == (LineAction.REVOKE, "05", Why.SECOND_CERTIFICATE)
    assert found.certificate(short).is_open
    assert found.certificate(short).successor == long


def test_a_person_may_settle_that_both_stay() -> None:
    making = Making()
    body, _target = merged(making)
    long = making.person(body, days=900)
    short = making.person(body, days=400, subscriber=making.holder_of(long))
    making.decided["certificate", short] = Decided(LineAction.KEEP)
    making.decided["certificate", long] = Decided(LineAction.KEEP)

    found = seen(making)

    assert said(found.certificate(short)) == (LineAction.KEEP, "", Why.SETTLED)
    assert not any(line.is_open for line in found.plan.lines)


def test_a_token_and_a_sim_of_one_person_both_go_on() -> None:
    making = Making()
    body, _target = merged(making)
    token = making.person(body)
    sim = making.person(body, storage="sim", subscriber=making.holder_of(token))

    found = seen(making)

    assert found.certificate(token).action == found.certificate(sim).action == LineAction.CHANGE


def test_a_replaced_one_in_its_last_days_is_not_replaced_again() -> None:
    making = Making()
    body, _target = merged(making)
    old = making.person(body, days=10)
    making.person(body, days=1800, subscriber=making.holder_of(old))

    found = seen(making)

    assert said(found.certificate(old)) == (LineAction.KEEP, "", Why.ENDS_BY_ITSELF)
    assert found.device(making.device_of(old)).action == LineAction.RETURN


def test_a_damaged_device_is_revoked_returned_and_a_new_one_asked_for() -> None:
    making = Making()
    body, _target = merged(making)
    certificate = making.person(body, condition="damaged")

    found = seen(making)

    assert said(found.certificate(certificate)) == (LineAction.REVOKE, "05", Why.DEVICE_DAMAGED)
    assert found.device(making.device_of(certificate)).action == LineAction.RETURN
    assert found.subscriber(making.holder_of(certificate)).action == LineAction.ISSUE


def test_a_locked_device_is_recovered_before_the_change() -> None:
    making = Making()
    body, _target = merged(making)
    certificate = making.person(body, condition="locked")

    found = seen(making)
    device = found.device(making.device_of(certificate))

    assert said(device) == (LineAction.RECOVER, "06", Why.LOCKED_BEFORE_CHANGE)
    assert device.stage < found.certificate(certificate).stage


def test_what_another_dossier_asks_already_is_told() -> None:
    making = Making()
    body, _target = merged(making)
    changing, ending = making.person(body, pending=("04",)), making.person(body, pending=("05",))

    found = seen(making)

    assert Warn.PENDING_04 in found.certificate(changing).warnings
    assert said(found.certificate(ending)) == (LineAction.KEEP, "", Why.REVOCATION_PENDING)


@pytest.mark.parametrize(
    ("column", "why"), [("is_revoked", Why.REVOKED), ("is_superseded", Why.SUPERSEDED)]
)
def test_what_is_over_stays_over(column: str, why: str) -> None:
    making = Making()
    body, _target = merged(making)
    certificate = making.person(body, **{column: True})

    assert said(seen(making).certificate(certificate)) == (LineAction.KEEP, "", why)


def test_people_of_a_split_body_are_never_placed_by_the_machine() -> None:
    making = Making()
    old = making.body("UBND huyện Tân Uyên")
    making.target("UBND xã A", old, extent=Extent.PARTLY)
    making.target("UBND xã B", old, extent=Extent.PARTLY)
    certificate = making.person(old)
    answered(making, certificate, ReviewAnswer.CONTINUES)

    found = seen(making)
    lines = [
        found.certificate(certificate),
        found.device(making.device_of(certificate)),
        found.subscriber(making.holder_of(certificate)),
    ]

    assert {line.action for line in lines} == {LineAction.SETTLE}
    assert all(line.is_open for line in lines)


def test_who_of_a_split_body_is_said_to_move_goes_there() -> None:
    making = Making()
    old = making.body("UBND huyện Tân Uyên")
    making.target("UBND xã A", old, extent=Extent.PARTLY)
    two = making.target("UBND xã B", old, extent=Extent.PARTLY)
    certificate = making.person(old)
    answered(making, certificate, ReviewAnswer.MOVES, to=two)

    found = seen(making)

    assert said(found.certificate(certificate)) == (LineAction.CHANGE, "04", Why.MOVES)
    assert found.certificate(certificate).sender == two
    assert not found.subscriber(making.holder_of(certificate)).is_open


def test_settling_the_person_settles_the_certificate_and_the_device() -> None:
    making = Making()
    old = making.body("Ban quản lý dự án")
    making.dissolve(old)
    home = making.target("Sở Xây dựng", making.body("Sở Xây dựng cũ"))
    certificate = making.person(old)
    making.decided["subscriber", making.holder_of(certificate)] = Decided(
        LineAction.HAND_OVER, to=home
    )

    found = seen(making)

    assert found.certificate(certificate).action == LineAction.CHANGE
    assert found.certificate(certificate).sender == home
    assert found.subscriber(making.holder_of(certificate)).sender == home
    assert not any(line.is_open for line in found.plan.lines)


def test_what_was_settled_to_be_issued_anew_is_revoked_first_while_it_is_long_valid() -> None:
    making = Making()
    body, target = merged(making)
    certificate = making.person(body)
    making.decided["certificate", certificate] = Decided(LineAction.ISSUE, to=target)

    found = seen(making)

    assert said(found.certificate(certificate)) == (LineAction.REVOKE, "05", Why.SETTLED)
    assert found.subscriber(making.holder_of(certificate)).action == LineAction.ISSUE


def test_a_system_whose_owner_is_renamed_is_changed() -> None:
    making = Making()
    body, target = merged(making)
    certificate = making.certificate(body, "system", storage="soft")

    line = seen(making).certificate(certificate)

    assert said(line) == (LineAction.CHANGE, "04", Why.AGENCY_RENAMED)
    assert line.sender == target


def test_a_system_that_stops_operating_is_revoked() -> None:
    making = Making()
    body, _target = merged(making)
    certificate = making.certificate(body, "system", storage="soft")
    answered(making, certificate, ReviewAnswer.NOT_NEEDED)

    assert said(seen(making).certificate(certificate)) == (
        LineAction.REVOKE,
        "05",
        Why.STOPS_OPERATING,
    )


def test_a_system_too_late_to_change_is_asked_for_anew_by_form_03() -> None:
    making = Making()
    body, _target = merged(making)
    certificate = making.certificate(body, "system", storage="soft", days=3)

    assert seen(making).certificate(certificate).form == "03"


def test_people_of_a_unit_without_a_seal_go_where_its_superior_goes() -> None:
    making = Making()
    body, target = merged(making)
    unit = making.body("Văn phòng", parent=body, has_seal=False)
    certificate = making.person(unit, also=(SUPERIOR, "UBND xã A"))

    line = seen(making).certificate(certificate)

    assert said(line) == (LineAction.CHANGE, "04", Why.SUPERIOR_CHANGES)
    assert line.sender == target
