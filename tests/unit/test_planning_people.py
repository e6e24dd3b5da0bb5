"""DOMAIN 4.4: what becomes of the certificates of people and systems, a test a row."""

from __future__ import annotations

import pytest

from orgmerge.planner.codes import Warn, Why
from orgmerge.planner.facts import Decided, Reply
from orgmerge.vocabulary import LineAction, LineStage, ReviewAnswer
from tests.orgmerge.worlds import Making, said, seen


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


def test_a_name_that_ends_in_another_province_is_not_ours() -> None:
    making = Making()
    ended = making.body("UBND phường 1", province="Tỉnh Cà Mau")
    making.target("UBND phường An Xuyên", ended, province="Tỉnh Cà Mau")
    body = making.body("UBND phường 1", province="Thành phố Đà Nẵng")
    making.target("UBND phường 1", body, agency=body, province="Thành phố Đà Nẵng")
    certificate = making.person(body)

    assert seen(making).certificate(certificate).action == LineAction.KEEP


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


def test_a_system_too_late_to_change_is_asked_for_anew_by_form_03() -> None:
    making = Making()
    body, _target = merged(making)
    certificate = making.certificate(body, "system", storage="soft", days=3)

    assert seen(making).certificate(certificate).form == "03"
