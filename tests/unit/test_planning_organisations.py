"""DOMAIN 4.1 and 4.2: what becomes of the certificates of organisations, a test a row."""

from __future__ import annotations

import pytest

from orgmerge.planner.codes import Against, Note, Warn, Why
from orgmerge.planner.facts import BodyShare, Candidate, PlannerChoice, Reply
from orgmerge.vocabulary import Extent, LineAction, LineStage, ReviewAnswer
from tests.orgmerge.worlds import DAY, SUPERIOR, Making, said, seen


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


def test_m1_one_certificate_takes_the_new_name_and_the_rest_are_revoked() -> None:
    making = Making()
    first, second, target = two_into_one(making)
    long, short = making.certificate(first, days=900), making.certificate(second, days=400)
    making.chosen[target] = long

    found = seen(making)

    assert said(found.certificate(long)) == (LineAction.CHANGE, "04", Why.SURVIVOR)
    assert said(found.certificate(short)) == (LineAction.REVOKE, "05", Why.MERGED)
    assert found.certificate(short).successor == long
    assert found.certificate(long).sender == found.certificate(short).sender == target
    assert said(found.body(target)) == (LineAction.KEEP, "", Why.HAS_CERTIFICATE)
    assert not any(line.is_open for line in found.plan.lines)


def test_m1_a_town_that_becomes_a_commune_of_the_same_name_is_a_new_name() -> None:
    making = Making()
    _first, second, target = two_into_one(making, "UBND xã Tân Uyên")
    certificate = making.certificate(second)
    making.chosen[target] = certificate

    assert said(seen(making).certificate(certificate)) == (LineAction.CHANGE, "04", Why.SURVIVOR)


def test_m1_until_a_person_chooses_the_plan_shows_the_first_and_is_open() -> None:
    making = Making()
    first, second, target = two_into_one(making)
    long, short = making.certificate(first, days=900), making.certificate(second, days=400)

    found = seen(making)

    assert found.plan.choices[0].proposed == long
    assert not found.plan.choices[0].is_made
    assert found.certificate(long).action == LineAction.CHANGE
    assert found.certificate(short).action == LineAction.REVOKE
    assert found.certificate(long).is_open
    assert found.certificate(short).is_open
    assert found.body(target).is_open


def test_m2_the_kept_bodys_certificate_stays_and_the_others_are_revoked() -> None:
    making = Making()
    kept, other = making.body("UBND phường Đoàn Kết"), making.body("UBND phường Quyết Tiến")
    target = making.target("UBND phường Đoàn Kết", kept, other, agency=kept)
    mine, theirs = making.certificate(kept, days=100), making.certificate(other, days=900)

    found = seen(making)

    assert said(found.certificate(mine)) == (LineAction.KEEP, "", Why.NAME_KEPT)
    assert said(found.certificate(theirs)) == (LineAction.REVOKE, "05", Why.MERGED)
    assert found.certificate(theirs).sender == target
    assert found.plan.choices == []


def test_m2_is_judged_by_the_name_although_nobody_said_which_body_goes_on() -> None:
    making = Making()
    kept, other = making.body("Ủy ban nhân dân phường Đoàn Kết"), making.body("UBND xã Sùng Phài")
    making.target("UBND Phường Đoàn Kết", kept, other)
    mine, theirs = making.certificate(kept), making.certificate(other)

    found = seen(making)

    assert found.certificate(mine).action == LineAction.KEEP
    assert found.certificate(theirs).action == LineAction.REVOKE


def test_m2_with_m3_the_kept_certificate_that_names_the_abolished_superior_is_changed() -> None:
    making = Making()
    district = making.body("UBND huyện Tân Uyên")
    kept, other = making.body("UBND xã Pắc Ta", parent=district), making.body("UBND xã Hố Mít")
    making.target("UBND xã Pắc Ta", kept, other, agency=kept)
    mine = making.certificate(kept, also=(SUPERIOR, "UBND huyện Tân Uyên"))

    line = seen(making).certificate(mine)

    assert said(line) == (LineAction.CHANGE, "04", Why.SUPERIOR_CHANGES)
    assert line.stage == LineStage.ORGANISATION


def test_m2_with_m3_also_when_the_register_forgot_the_abolished_district_already() -> None:
    making = Making()
    kept, other = making.body("UBND xã Pắc Ta"), making.body("UBND xã Hố Mít")
    making.target("UBND xã Pắc Ta", kept, other, agency=kept)
    mine = making.certificate(kept, also=(SUPERIOR, "Ủy ban nhân dân huyện Tân Uyên"))

    assert said(seen(making).certificate(mine)) == (LineAction.CHANGE, "04", Why.SUPERIOR_CHANGES)


def test_m2_the_kept_certificate_that_names_the_old_province_is_changed() -> None:
    making = Making()
    kept = making.body("UBND phường 1", province="Tỉnh Bạc Liêu")
    other = making.body("UBND phường 2", province="Tỉnh Bạc Liêu")
    making.target("UBND phường 1", kept, other, agency=kept, province="Tỉnh Cà Mau")
    mine = making.certificate(kept)

    assert said(seen(making).certificate(mine)) == (LineAction.CHANGE, "04", Why.PROVINCE_CHANGES)


def test_m2_two_old_bodies_of_the_kept_name_leave_the_choice_to_a_person() -> None:
    making = Making()
    one, two = making.body("UBND phường 1"), making.body("UBND Phường 1")
    making.target("UBND phường 1", one, two)
    long, short = making.certificate(one, days=900), making.certificate(two, days=400)

    found = seen(making)

    assert found.plan.choices[0].proposed == long
    assert said(found.certificate(long)) == (LineAction.KEEP, "", Why.NAME_KEPT)
    assert found.certificate(short).action == LineAction.REVOKE


def test_m3_a_new_superior_that_shows_is_changed() -> None:
    making = Making()
    old = making.body("Sở Giáo dục cũ")
    school = making.body("Trường THPT Tân Uyên", parent=old)
    making.target("Trường THPT Tân Uyên", school, agency=school, superior="Sở Giáo dục mới")
    certificate = making.certificate(school, also=("Sở Giáo dục cũ",))

    found = seen(making)

    assert said(found.certificate(certificate)) == (LineAction.CHANGE, "04", Why.SUPERIOR_CHANGES)
    assert found.plan.choices == []


def test_m3_a_new_superior_that_does_not_show_changes_nothing() -> None:
    making = Making()
    old = making.body("Sở Giáo dục cũ")
    school = making.body("Trường THPT Tân Uyên", parent=old)
    making.target("Trường THPT Tân Uyên", school, agency=school, superior="Sở Giáo dục mới")
    certificate = making.certificate(school, also=())

    assert said(seen(making).certificate(certificate)) == (LineAction.KEEP, "", Why.NOTHING_CHANGES)


def test_m3_the_superior_of_the_superior_that_ends_shows_too() -> None:
    making = Making()
    district = making.body("Phòng Giáo dục Tân Uyên")
    commune = making.body("UBND xã Mường Khoa", parent=district)
    school = making.body("Trường TH Mường Khoa", parent=commune)
    making.target("UBND xã Mường Khoa", commune, agency=commune)
    making.target("Trường TH Mường Khoa", school, agency=school, superior="UBND xã Mường Khoa")
    certificate = making.certificate(school, also=("Phòng Giáo dục Tân Uyên",))

    assert seen(making).certificate(certificate).reason == Why.SUPERIOR_CHANGES


def test_m4_a_split_revokes_and_each_successor_asks_for_its_first() -> None:
    making = Making()
    old = making.body("UBND huyện Tân Uyên")
    one = making.target("UBND xã Mường Khoa", old, extent=Extent.PARTLY)
    two = making.target("UBND xã Tân Uyên", old, extent=Extent.PARTLY)
    certificate = making.certificate(old)

    found = seen(making)

    assert said(found.certificate(certificate)) == (LineAction.REVOKE, "05", Why.SPLIT)
    assert found.certificate(certificate).warnings == (Warn.ANY_SUCCESSOR_FILES,)
    for target in (one, two):
        assert said(found.body(target)) == (LineAction.ISSUE, "02", Why.SPLIT_SUCCESSOR)
        assert found.body(target).warnings == (Warn.WET_INK,)
    assert found.device(making.device_of(certificate)).action == LineAction.RETURN


def test_m4_a_dissolved_bodys_certificate_is_revoked_by_its_superior() -> None:
    making = Making()
    old = making.body("Ban quản lý dự án")
    making.dissolve(old)
    certificate = making.certificate(old)

    line = seen(making).certificate(certificate)

    assert said(line) == (LineAction.REVOKE, "05", Why.DISSOLVED)
    assert line.sender is None
    assert line.warnings == (Warn.SUPERIOR_FILES,)


def test_m4_a_body_that_goes_on_while_a_part_leaves_is_left_to_people() -> None:
    making = Making()
    old = making.body("Sở Nội vụ")
    making.target("Sở Nội vụ", old, agency=old, extent=Extent.PARTLY)
    making.target("Sở Dân tộc", old, extent=Extent.PARTLY)
    certificate = making.certificate(old)

    line = seen(making).certificate(certificate)

    assert said(line) == (LineAction.SETTLE, "", Why.BODY_SPLIT)
    assert line.is_open


def test_m5_a_renamed_bodys_certificate_is_changed_without_a_choice() -> None:
    making = Making()
    body = making.body("Sở Thông tin và Truyền thông")
    target = making.target("Sở Khoa học và Công nghệ", body, agency=body)
    certificate = making.certificate(body)

    found = seen(making)

    assert said(found.certificate(certificate)) == (LineAction.CHANGE, "04", Why.AGENCY_RENAMED)
    assert found.plan.choices == []
    assert not found.body(target).is_open


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


def test_none_has_30_days_so_a_new_one_is_asked_for_and_the_valid_are_revoked() -> None:
    making = Making()
    first, second, target = two_into_one(making)
    valid, expired = making.certificate(first, days=29), making.certificate(second, days=-5)

    found = seen(making)

    assert said(found.body(target)) == (LineAction.ISSUE, "02", Why.NONE_HAS_30_DAYS)
    assert said(found.certificate(valid)) == (LineAction.REVOKE, "05", Why.MERGED)
    assert said(found.certificate(expired)) == (LineAction.KEEP, "", Why.EXPIRED)
    assert found.body(target).stage < found.certificate(valid).stage
    assert not any(line.is_open for line in found.plan.lines)


def test_all_expired_so_a_new_one_is_asked_for_and_the_devices_come_back() -> None:
    making = Making()
    first, second, target = two_into_one(making)
    expired = [making.certificate(first, days=-1), making.certificate(second, days=-5)]

    found = seen(making)

    assert said(found.body(target)) == (LineAction.ISSUE, "02", Why.ALL_EXPIRED)
    for certificate in expired:
        device = found.device(making.device_of(certificate))
        assert said(device) == (LineAction.RETURN, "08", Why.AFTER_EXPIRY)


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


def test_a_person_may_want_a_new_one_instead() -> None:
    making = Making()
    first, _second, target = two_into_one(making)
    certificate = making.certificate(first)
    making.chosen[target] = 0

    found = seen(making)

    assert said(found.body(target)) == (LineAction.ISSUE, "02", Why.CHOSEN_NONE)
    assert found.certificate(certificate).action == LineAction.REVOKE
    assert not found.certificate(certificate).is_open


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
