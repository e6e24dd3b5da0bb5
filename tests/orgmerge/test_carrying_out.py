"""A reorganisation carried out: each stage in its turn, each line one row, once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from devices.holders.services import take_back
from devices.lifecycle import Custody
from devices.models import Device
from orgmerge.succession import records
from orgmerge.vocabulary import LineAction, LineStage, LineState, MergerState
from requests_app.models import Dossier
from requests_app.workflow import State
from tests import builders, story
from tests.orgmerge import carried

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ca")]


def test_the_chosen_certificate_is_changed_first_and_alone() -> None:
    at = carried.merged()

    assert at.drive() >= 1

    dossier = Dossier.objects.get(agency=at.agency)
    (row,) = dossier.items.all()
    assert dossier.kind == "mau_04_renew_change"
    assert dossier.created_by == at.clerk
    assert row.answers["new_name"] == carried.NEW_NAME
    line = at.line(stage=LineStage.ORGANISATION, action=LineAction.CHANGE)
    assert (line.state, line.item, line.dossier) == (LineState.OPEN, row, dossier)
    assert at.drive() == 0
    assert Dossier.objects.filter(agency=at.agency).count() == 1


def test_people_and_revocations_wait_until_the_new_certificate_is_installed() -> None:
    at = carried.merged()
    at.drive()
    dossier = carried.finished(Dossier.objects.get(agency=at.agency), at)
    at.drive()
    assert Dossier.objects.filter(agency=at.agency).count() == 1
    new = dossier.items.get().result
    assert new is not None

    carried.install(at, new)
    at.drive()

    kinds = sorted(Dossier.objects.filter(agency=at.agency).values_list("kind", flat=True))
    assert kinds == ["mau_04_renew_change", "mau_04_renew_change"]
    people = Dossier.objects.filter(agency=at.agency).exclude(pk=dossier.pk).get()
    assert people.items.count() == 2


def test_section_1_is_as_the_clerk_wrote_it_last() -> None:
    at = carried.merged()
    theirs = {**story.CONTACT, "full_name": at.clerk.full_name, "address": "Trụ sở cũ"}
    other = {**story.CONTACT, "full_name": "Lò Thị Khác", "position": "Kế toán"}
    for days, contact in enumerate([other, theirs], start=1):
        made = builders.dossier(agency=at.agency, state=State.COMPLETED, created_by=at.clerk)
        sent_at = carried.START - timedelta(days=9 - days)
        made.contact, made.sent_at = contact, sent_at
        made.save()

    at.drive()

    told = Dossier.objects.get(agency=at.agency, state="draft").contact
    kept = ("full_name", "identity_number", "issued_on", "issue_place")
    assert [told[name] for name in kept] == [theirs[name] for name in kept]
    assert told.get("address") != "Trụ sở cũ"


def test_another_persons_section_1_is_not_taken() -> None:
    at = carried.merged()
    made = builders.dossier(agency=at.agency, state=State.COMPLETED, created_by=at.clerk)
    made.contact = {**story.CONTACT, "full_name": "Lò Thị Khác"}
    made.sent_at = carried.START
    made.save()

    at.drive()

    told = Dossier.objects.get(agency=at.agency, state="draft").contact
    assert told["full_name"] == at.clerk.full_name
    assert "identity_number" not in told


def changed(at: carried.Merging) -> None:
    """Bring the organisation's certificate through the gate."""
    at.drive()
    dossier = carried.finished(Dossier.objects.get(agency=at.agency), at)
    new = dossier.items.get().result
    assert new is not None
    carried.install(at, new)
    at.drive()


def drafts(at: carried.Merging, kind: str) -> list[Dossier]:
    return list(Dossier.objects.filter(agency=at.agency, kind=kind, state="draft"))


def test_the_rest_is_revoked_when_the_peoples_letters_have_been_sent() -> None:
    at = carried.merged()
    changed(at)
    (people,) = drafts(at, "mau_04_renew_change")
    assert drafts(at, "mau_05_revoke") == []

    carried.finished(people, at)
    at.drive()

    (revocation,) = drafts(at, "mau_05_revoke")
    (row,) = revocation.items.all()
    assert row.answers["cause"] == "merged"
    assert {line.state for line in at.lines(stage=LineStage.PEOPLE)} == {LineState.DONE}


def test_a_device_is_given_back_when_it_is_back_and_then_nothing_is_left() -> None:
    at = carried.merged()
    changed(at)
    carried.finished(drafts(at, "mau_04_renew_change")[0], at)
    at.drive()
    carried.finished(drafts(at, "mau_05_revoke")[0], at)
    at.drive()
    line = at.line(stage=LineStage.DEVICES)
    assert line.state == LineState.PLANNED
    device = Device.objects.get(pk=line.target_id)
    assert device.custody == Custody.TO_BE_RETURNED
    take_back([device], serials_seen=[device.serial], actor=at.clerk, now=at.now)

    at.drive()

    (minutes,) = drafts(at, "mau_08_return")
    (item,) = minutes.items.all()
    assert item.device == device
    carried.given_back(minutes, at)
    at.drive()
    assert {one.state for one in at.lines()} <= {LineState.DONE, LineState.OVERTAKEN}
    at.merger.refresh_from_db()
    assert at.merger.state == MergerState.IN_FORCE  # the records are not signed yet
    records.make_records(now=at.now)
    assert at.drive() == 0
    at.merger.handovers.update(signed_at=at.now, signed=minutes.letter)
    at.drive()
    at.merger.refresh_from_db()
    assert at.merger.state == MergerState.COMPLETED
