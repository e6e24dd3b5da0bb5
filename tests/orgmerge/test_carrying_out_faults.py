"""What happens between the plan and its carrying out: judged anew, taken up, refused, too many."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import Settings

from orgmerge.models import PlanLine
from orgmerge.vocabulary import LineAction, LineStage, LineState
from portal.ca.models import Certificate, RevocationReason
from portal.ca.register.services import revoke_many
from requests_app.drafts.prefilled import start_dossier
from requests_app.drafts.services import remove_row
from requests_app.models import Dossier
from tests.orgmerge import carried
from tests.orgmerge.carried import Merging

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("ca")]


def past_the_gate(people: int = 1, *, days_left: int = 1000) -> Merging:
    """The organisation's certificate is done with; people are next."""
    at = carried.merged(people, days_left=days_left)
    gate = PlanLine.objects.filter(plan=at.merger.approved_plan_id, stage=LineStage.ORGANISATION)
    gate.update(state=LineState.DONE)
    return at


def letters(at: Merging, kind: str) -> list[Dossier]:
    return list(Dossier.objects.filter(agency=at.agency, kind=kind).order_by("pk"))


def test_a_letter_has_no_more_rows_than_the_setting_says(settings: Settings) -> None:
    settings.MERGER_ROWS_PER_LETTER = 3
    at = past_the_gate(people=2)

    at.drive()

    assert [one.row_count for one in letters(at, "mau_04_renew_change")] == [3, 1]


def test_who_fell_under_thirty_days_meanwhile_gets_a_new_one() -> None:
    at = past_the_gate(days_left=45)
    assert {line.action for line in at.lines(stage=LineStage.PEOPLE)} == {LineAction.CHANGE}
    at.now += timedelta(days=9)

    at.drive()

    (letter,) = letters(at, "mau_01_person")
    serials = {item.answers["old_serial"] for item in letter.items.all()}
    assert serials == {one.serial for one in at.people}
    row = letter.items.first()
    assert row is not None
    assert row.answers["org2"] == carried.NEW_NAME
    assert {line.form for line in at.lines(stage=LineStage.PEOPLE)} == {"01"}


def test_what_was_revoked_meanwhile_is_not_asked_for() -> None:
    at = past_the_gate()
    revoke_many(
        [at.people[0]],
        {at.people[0].pk: RevocationReason.CESSATION},
        actor=None,
        now=at.now,
    )

    at.drive()

    assert at.of(at.people[0]).state == LineState.OVERTAKEN
    assert at.of(at.people[1]).state == LineState.OPEN
    assert letters(at, "mau_04_renew_change")[0].row_count == 1


def test_what_no_successor_files_is_left_to_a_person() -> None:
    at = past_the_gate()
    orphan = at.of(at.people[0])
    PlanLine.objects.filter(pk=orphan.pk).update(sender=None)

    at.drive()

    orphan.refresh_from_db()
    assert (orphan.state, orphan.item) == (LineState.FAILED, None)
    assert "cơ quan cấp trên" in orphan.outcome
    assert at.of(at.people[1]).state == LineState.OPEN


def test_a_row_the_clerk_has_begun_is_taken_up_and_no_second_one_made() -> None:
    at = past_the_gate(people=0)
    line = at.line(stage=LineStage.REVOKE)
    certificate = Certificate.objects.get(pk=line.target_id)
    own = start_dossier("mau_05_revoke", actor=at.clerk, now=at.now, certificates=[certificate])

    at.drive()

    line.refresh_from_db()
    assert (line.state, line.item) == (LineState.OPEN, own.items.get())
    assert letters(at, "mau_05_revoke") == [own]


def test_what_the_ca_refuses_is_shown_and_the_rest_goes_on() -> None:
    at = past_the_gate()
    at.drive()

    carried.finished(letters(at, "mau_04_renew_change")[0], at, refuse=1)
    at.drive()

    states = sorted(line.state for line in at.lines(stage=LineStage.PEOPLE))
    assert states == [LineState.DONE, LineState.FAILED]
    refused = at.line(stage=LineStage.PEOPLE, state=LineState.FAILED)
    assert "Sai tên đơn vị" in refused.outcome
    assert len(letters(at, "mau_05_revoke")) == 1


def test_a_row_taken_out_of_its_letter_waits_for_a_person() -> None:
    at = past_the_gate()
    at.drive()
    (letter,) = letters(at, "mau_04_renew_change")
    item = letter.items.first()
    assert item is not None
    remove_row(letter, item.uuid, actor=at.clerk, now=at.now, version=letter.version)

    at.drive()

    assert at.line(stage=LineStage.PEOPLE, state=LineState.FAILED).item is None
    assert at.line(stage=LineStage.PEOPLE, state=LineState.OPEN).dossier == letter


def test_a_lost_device_is_told_of_at_once_after_the_gate() -> None:
    at = past_the_gate()
    people = PlanLine.objects.filter(plan=at.merger.approved_plan_id, stage=LineStage.PEOPLE)
    people.update(state=LineState.FAILED, outcome="")
    line = at.line(stage=LineStage.REVOKE)
    device = Certificate.objects.get(pk=line.target_id).key.device
    PlanLine.objects.filter(target_uuid=device.uuid, plan=line.plan).update(
        action=LineAction.REPORT_LOSS, form="09", stage=LineStage.REVOKE
    )

    at.drive()

    assert len(letters(at, "mau_09_loss")) == 1
    assert len(letters(at, "mau_05_revoke")) == 1
