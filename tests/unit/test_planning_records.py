"""DOMAIN 4.5, 4.6 and 14.8: devices, open dossiers and subscribers, a test a row."""

from __future__ import annotations

import pytest

from orgmerge.planner.codes import Warn, Why
from orgmerge.planner.facts import Decided, Reply
from orgmerge.vocabulary import Extent, LineAction, LineStage, ReviewAnswer
from tests.orgmerge.worlds import Making, said, seen


def merged(making: Making) -> tuple[int, int]:
    """A body that is absorbed under a new name: (body, target)."""
    body, other = making.body("UBND xã A"), making.body("UBND xã B")
    return body, making.target("UBND xã C", body, other)


def kept(making: Making) -> tuple[int, int]:
    """A body that goes on under its own name."""
    body = making.body("UBND xã A")
    return body, making.target("UBND xã A", body, agency=body)


# 4.5


def test_the_survivors_device_passes_to_the_new_bodys_clerk() -> None:
    making = Making()
    body, target = merged(making)
    certificate = making.certificate(body)
    making.chosen[target] = certificate

    device = seen(making).device(making.device_of(certificate))

    assert said(device) == (LineAction.HAND_OVER, "", Why.TO_NEW_CLERK)
    assert (device.sender, device.stage) == (target, LineStage.HAND_OVER)


def test_the_survivors_locked_device_is_recovered_and_handed_over_too() -> None:
    making = Making()
    body, target = merged(making)
    certificate = making.certificate(body, condition="locked")
    making.chosen[target] = certificate

    device = seen(making).device(making.device_of(certificate))

    assert device.action == LineAction.RECOVER
    assert device.warnings == (Warn.HAND_OVER_TOO,)


def test_the_kept_bodys_device_stays_where_it_is() -> None:
    making = Making()
    body, _target = kept(making)
    certificate = making.certificate(body)

    device = seen(making).device(making.device_of(certificate))

    assert said(device) == (LineAction.KEEP, "", Why.STAYS_WITH_CERTIFICATE)


@pytest.mark.parametrize("custody", ["to_be_returned", "back_at_agency"])
def test_a_device_on_its_way_back_goes_on_its_way(custody: str) -> None:
    making = Making()
    body, _target = merged(making)
    certificate = making.person(body, is_revoked=True, custody=custody)

    device = seen(making).device(making.device_of(certificate))

    assert said(device) == (LineAction.KEEP, "", Why.ON_ITS_WAY_BACK)


@pytest.mark.parametrize("custody", ["at_office", "at_ca", "retired"])
def test_a_device_given_back_is_left_alone(custody: str) -> None:
    making = Making()
    body, _target = merged(making)
    certificate = making.person(body, is_revoked=True, custody=custody)

    assert seen(making).device(making.device_of(certificate)).reason == Why.NOT_AT_AGENCY


def test_a_loss_reported_already_is_not_reported_again() -> None:
    making = Making()
    body, _target = merged(making)
    certificate = making.person(body, is_revoked=True, condition="lost")

    assert seen(making).device(making.device_of(certificate)).reason == Why.LOST_ALREADY


def test_a_device_without_a_certificate_that_is_not_needed_comes_back() -> None:
    making = Making()
    body, _target = merged(making)
    device = making.device(body)
    making.replies["device", device] = Reply(ReviewAnswer.NOT_NEEDED)

    assert said(seen(making).device(device))[:2] == (LineAction.RETURN, "08")


def test_what_a_person_decided_of_a_device_is_done() -> None:
    making = Making()
    old = making.body("Ban quản lý")
    making.dissolve(old)
    home = making.target("Sở Xây dựng", making.body("Sở Xây dựng cũ"))
    device = making.device(old)
    assert seen(making).device(device).action == LineAction.SETTLE

    making.decided["device", device] = Decided(LineAction.HAND_OVER, to=home)

    assert said(seen(making).device(device)) == (LineAction.HAND_OVER, "", Why.SETTLED)


# 4.6 and 14.8


def test_dossiers_of_a_body_that_keeps_its_name_go_on() -> None:
    making = Making()
    body, _target = kept(making)
    dossier = making.dossier(body, "04")

    assert said(seen(making).dossier(dossier)) == (LineAction.KEEP, "", Why.BODY_GOES_ON)


def test_dossiers_of_a_renamed_body_are_refiled_in_the_new_name() -> None:
    making = Making()
    body = making.body("Sở A")
    making.target("Sở B", body, agency=body)
    asking, ending = making.dossier(body, "01"), making.dossier(body, "05")

    found = seen(making)

    assert found.dossier(asking).action == LineAction.REFILE
    assert found.dossier(ending).action == LineAction.KEEP


def test_dossiers_of_a_split_body_are_left_to_people() -> None:
    making = Making()
    body = making.body("UBND huyện A")
    one = making.target("UBND xã A", body, extent=Extent.PARTLY)
    making.target("UBND xã B", body, extent=Extent.PARTLY)
    dossier = making.dossier(body, "05")
    assert said(seen(making).dossier(dossier)) == (LineAction.SETTLE, "", Why.BODY_SPLIT)

    making.decided["dossier", dossier] = Decided(LineAction.HAND_OVER, to=one)

    assert seen(making).dossier(dossier).sender == one


def test_subscribers_of_a_body_that_goes_on_stay() -> None:
    making = Making()
    body, _target = kept(making)
    person = making.subscriber(body)

    assert said(seen(making).subscriber(person)) == (LineAction.KEEP, "", Why.BODY_GOES_ON)


def test_who_leaves_a_dissolved_body_for_good_needs_no_new_place() -> None:
    making = Making()
    body = making.body("Ban quản lý")
    making.dissolve(body)
    certificate = making.person(body)
    making.replies["certificate", certificate] = Reply(ReviewAnswer.LEFT)

    found = seen(making)

    assert found.certificate(certificate).action == LineAction.REVOKE
    assert found.subscriber(making.holder_of(certificate)).reason == Why.PERSON_LEFT
    assert not any(line.is_open for line in found.plan.lines)


def test_a_body_nobody_spoke_of_is_left_alone() -> None:
    making = Making()
    body = making.body("Sở Y tế")
    certificate = making.certificate(body)
    person, dossier = making.subscriber(body), making.dossier(body, "01")

    found = seen(making)

    assert {line.reason for line in found.plan.lines} == {
        Why.NOT_INVOLVED,
        Why.STAYS_WITH_CERTIFICATE,
    }
    assert found.certificate(certificate).action == LineAction.KEEP
    assert found.subscriber(person).action == found.dossier(dossier).action == LineAction.KEEP
