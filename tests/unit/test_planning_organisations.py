"""DOMAIN 4.1 and 4.2: what becomes of the certificates of organisations, a test a row."""

from __future__ import annotations

import pytest

from orgmerge.planner.codes import Against, Note, Warn, Why
from orgmerge.planner.facts import BodyShare, Candidate, PlannerChoice, Reply
from orgmerge.vocabulary import Extent, LineAction, ReviewAnswer
from tests.orgmerge.worlds import DAY, Making, said, seen


def two_into_one(making: Making, name: str = "UBND xã Tân Uyên") -> tuple[int, int, int]:
    """Two communes that merge into one with a new name: (first, second, target)."""
    first, second = making.body("UBND xã Trung Đồng"), making.body("UBND thị trấn Tân Uyên")
    return first, second, making.target(name, first, second)


def the_choice(making: Making) -> PlannerChoice:
    (choice,) = making.plan().choices
    return choice


def candidate(making: Making, certificate: int) -> Candidate:
    return next(one for one in the_choice(making).candidates if one.certificate == certificate)


# 4.1


def test_m3_the_superior_of_the_superior_that_ends_shows_too() -> None:
    making = Making()
    district = making.body("Phòng Giáo dục Tân Uyên")
    commune = making.body("UBND xã Mường Khoa", parent=district)
    school = making.body("Trường TH Mường Khoa", parent=commune)
    making.target("UBND xã Mường Khoa", commune, agency=commune)
    making.target("Trường TH Mường Khoa", school, agency=school, superior="UBND xã Mường Khoa")
    certificate = making.certificate(school, also=("Phòng Giáo dục Tân Uyên",))

    assert seen(making).certificate(certificate).reason == Why.SUPERIOR_CHANGES


def test_m4_a_dissolved_bodys_certificate_is_revoked_by_its_superior() -> None:
    making = Making()
    old = making.body("Ban quản lý dự án")
    making.dissolve(old)
    certificate = making.certificate(old)

    line = seen(making).certificate(certificate)

    assert said(line) == (LineAction.REVOKE, "05", Why.DISSOLVED)
    assert line.sender is None
    assert line.warnings == (Warn.SUPERIOR_FILES,)


def test_m5_under_a_new_name_only_one_of_two_certificates_goes_on() -> None:
    making = Making()
    body = making.body("Sở Thông tin và Truyền thông")
    target = making.target("Sở Khoa học và Công nghệ", body, agency=body)
    long, short = making.certificate(body, days=900), making.certificate(body, days=400)
    making.chosen[target] = short

    found = seen(making)

    assert found.certificate(short).action == LineAction.CHANGE
    assert found.certificate(long).action == LineAction.REVOKE


def test_a_mailbox_that_ends_with_the_old_province_is_changed_by_form_04() -> None:
    making = Making()
    body = making.body("Sở Y tế", domain="baclieu.gov.vn")
    making.target("Sở Y tế", body, agency=body, domain="camau.gov.vn")
    certificate = making.certificate(body)

    line = seen(making).certificate(certificate)

    assert said(line) == (LineAction.CHANGE, "04", Why.EMAIL_CHANGES)
    assert Warn.NO_NEW_EMAIL in line.warnings


# 4.2


def test_the_latest_end_comes_first() -> None:
    making = Making()
    first, second, _target = two_into_one(making)
    short, long = making.certificate(first, days=400), making.certificate(second, days=900)

    ranks = [(one.certificate, one.rank) for one in the_choice(making).candidates]

    assert ranks == [(long, 1), (short, 2)]


def test_at_the_same_end_what_is_not_asked_for_elsewhere_comes_first() -> None:
    making = Making()
    first, second, _target = two_into_one(making)
    asked = making.certificate(first, pending=("04",))
    free = making.certificate(second)

    assert the_choice(making).proposed == free
    assert candidate(making, asked).notes == (Note.PENDING,)


def test_then_the_same_province_and_superior() -> None:
    making = Making()
    far = making.body("UBND xã A", province="Tỉnh Yên Bái")
    near = making.body("UBND xã B")
    making.target("UBND xã C", far, near)
    other, same = making.certificate(far), making.certificate(near)

    assert the_choice(making).proposed == same
    assert candidate(making, other).notes == (Note.OTHER_PROVINCE,)


def test_then_the_newest_kind_of_device() -> None:
    making = Making()
    first, second, _target = two_into_one(making)
    making.certificate(first, storage="sd", device_kind="sd")
    token = making.certificate(second)

    assert the_choice(making).proposed == token


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"days": 29}, Against.UNDER_30_DAYS),
        ({"days": -1}, Against.EXPIRED),
        ({"is_revoked": True}, Against.REVOKED),
        ({"condition": "lost"}, Against.DEVICE_LOST),
        ({"condition": "damaged"}, Against.DEVICE_DAMAGED),
        ({"custody": "back_at_agency"}, Against.DEVICE_NOT_IN_HAND),
        ({"pending": ("05",)}, Against.REVOCATION_PENDING),
    ],
)
def test_what_falls_out_says_why(columns: dict[str, object], code: str) -> None:
    making = Making()
    first, second, _target = two_into_one(making)
    fallen = making.certificate(first, **columns)  # type: ignore[arg-type]
    good = making.certificate(second, days=30)

    assert the_choice(making).proposed == good
    assert candidate(making, fallen).rank == 0
    assert candidate(making, fallen).against == (code,)


def test_30_days_left_are_enough() -> None:
    making = Making()
    first, _second, _target = two_into_one(making)
    certificate = making.certificate(first, days=30)

    assert the_choice(making).proposed == certificate


def test_a_body_that_comes_only_partly_has_no_say_in_the_name() -> None:
    making = Making()
    first, _second, target = two_into_one(making)
    parted = making.body("UBND xã Nậm Sỏ")
    making.shares.append(BodyShare(parted, target, Extent.PARTLY))
    making.target("UBND xã Nậm Sỏ mới", parted, extent=Extent.PARTLY)
    theirs, ours = making.certificate(parted, days=900), making.certificate(first, days=60)

    choice = next(one for one in making.plan().choices if one.target == target)

    assert choice.proposed == ours
    assert Candidate(theirs, 0, (Against.NOT_WHOLE,)) in choice.candidates


def test_the_last_day_of_validity_is_still_valid() -> None:
    making = Making()
    first, _second, target = two_into_one(making)
    certificate = making.certificate(first, days=0)

    found = seen(making)

    assert found.certificate(certificate).action == LineAction.REVOKE
    assert found.body(target).reason == Why.NONE_HAS_30_DAYS


def test_the_chosen_one_renewed_once_is_changed_with_a_warning() -> None:
    making = Making()
    first, _second, target = two_into_one(making)
    certificate = making.certificate(first, renewals=1)
    making.chosen[target] = certificate

    line = seen(making).certificate(certificate)

    assert line.action == LineAction.CHANGE
    assert line.warnings == (Warn.RENEWED_ALREADY,)
    assert candidate(making, certificate).notes == (Note.RENEWED_ALREADY,)


def test_the_chosen_one_near_its_end_is_renewed_in_the_same_row() -> None:
    making = Making()
    first, _second, target = two_into_one(making)
    certificate = making.certificate(first, days=45)
    making.chosen[target] = certificate

    assert seen(making).certificate(certificate).warnings == (Warn.RENEW_TOO,)
    assert candidate(making, certificate).notes == (Note.RENEW_TOO,)


def test_the_chosen_ones_locked_device_is_recovered_first() -> None:
    making = Making()
    first, _second, target = two_into_one(making)
    certificate = making.certificate(first, condition="locked")
    making.chosen[target] = certificate

    found = seen(making)
    device = found.device(making.device_of(certificate))

    assert said(device) == (LineAction.RECOVER, "06", Why.LOCKED_BEFORE_CHANGE)
    assert device.stage < found.certificate(certificate).stage


def test_what_is_not_locked_is_proposed_before_what_is() -> None:
    making = Making()
    first, second, _target = two_into_one(making)
    making.certificate(first, days=900, condition="locked")
    free = making.certificate(second, days=100)

    assert the_choice(making).proposed == free


def test_a_lost_one_is_never_chosen_but_revoked_with_minutes() -> None:
    making = Making()
    first, second, target = two_into_one(making)
    lost, good = making.certificate(first, condition="lost"), making.certificate(second)
    making.chosen[target] = lost

    found = seen(making)

    assert found.certificate(good).action == LineAction.CHANGE
    assert found.certificate(good).is_open  # what was chosen can't be: choose again
    assert Warn.CHOICE_FELL_OUT in found.body(target).warnings
    assert found.certificate(lost).action == LineAction.REVOKE
    assert said(found.device(making.device_of(lost)))[:2] == (LineAction.REPORT_LOSS, "09")


def test_nobody_had_one_so_the_first_is_asked_for_in_ink() -> None:
    making = Making()
    _first, _second, target = two_into_one(making)

    line = seen(making).body(target)

    assert said(line) == (LineAction.ISSUE, "02", Why.FIRST_CERTIFICATE)
    assert line.warnings == (Warn.WET_INK,)


def test_the_kept_bodys_own_lost_device_is_revoked_before_the_new_issue() -> None:
    making = Making()
    kept, other = making.body("UBND xã A"), making.body("UBND xã B")
    target = making.target("UBND xã A", kept, other, agency=kept)
    lost, theirs = making.certificate(kept, condition="lost"), making.certificate(other)

    found = seen(making)

    assert said(found.certificate(lost)) == (LineAction.REVOKE, "05", Why.DEVICE_LOST)
    assert found.body(target).action == LineAction.ISSUE
    assert found.certificate(lost).stage < found.body(target).stage
    assert found.certificate(theirs).action == LineAction.REVOKE


def test_a_kept_body_that_must_change_too_late_asks_for_a_new_one_first() -> None:
    making = Making()
    body = making.body("UBND xã A")
    target = making.target("UBND xã B", body, agency=body)
    certificate = making.certificate(body, days=20)

    found = seen(making)

    assert said(found.certificate(certificate)) == (LineAction.REVOKE, "05", Why.TOO_LATE_TO_CHANGE)
    assert said(found.body(target)) == (LineAction.ISSUE, "02", Why.NONE_HAS_30_DAYS)
    assert found.body(target).stage < found.certificate(certificate).stage
    assert found.body(target).warnings == ()  # it can still seal its own letter


def test_a_body_that_never_had_one_and_only_changes_its_superior_is_not_made_to_ask() -> None:
    making = Making()
    school = making.body("Trường TH A")
    target = making.target("Trường TH A", school, agency=school, superior="UBND xã X")

    assert said(seen(making).body(target)) == (LineAction.KEEP, "", Why.NEVER_HAD_ONE)


def test_bodies_without_a_seal_get_no_organisation_certificate() -> None:
    making = Making()
    one, two = making.body("Phòng A", has_seal=False), making.body("Phòng B", has_seal=False)
    target = making.target("Phòng C", one, two)

    assert said(seen(making).body(target)) == (LineAction.KEEP, "", Why.NO_SEAL)


def test_what_is_being_revoked_already_is_not_revoked_again() -> None:
    making = Making()
    first, second, _target = two_into_one(making)
    going, good = making.certificate(first, pending=("05",)), making.certificate(second)

    found = seen(making)

    assert said(found.certificate(going)) == (LineAction.KEEP, "", Why.REVOCATION_PENDING)
    assert said(found.device(making.device_of(going)))[:2] == (LineAction.RETURN, "08")
    assert found.certificate(good).action == LineAction.CHANGE


def test_a_body_that_needs_its_seal_no_more_is_not_made_to_ask_again() -> None:
    making = Making()
    body = making.body("Trạm Y tế xã A")
    target = making.target("Trạm Y tế xã B", body, agency=body)
    certificate = making.certificate(body)
    making.replies["certificate", certificate] = Reply(ReviewAnswer.NOT_NEEDED)

    found = seen(making)

    assert said(found.certificate(certificate)) == (LineAction.REVOKE, "05", Why.NEED_ENDED)
    assert found.body(target).action == LineAction.KEEP


def test_the_days_are_counted_to_the_day_of_the_plan() -> None:
    making = Making()
    first, _second, _target = two_into_one(making)
    certificate = making.certificate(first, days=30)
    making.day = DAY.replace(day=2)

    assert candidate(making, certificate).against == (Against.UNDER_30_DAYS,)
