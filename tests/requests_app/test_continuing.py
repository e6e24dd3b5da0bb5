"""A dossier whose body has ended: stopped and written anew, or going on; nothing of it is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from devices.lifecycle import Custody
from portal.agencies.models import Agency
from portal.deadlines.models import Deadline, DeadlineKind
from portal.deadlines.services import open_deadline
from requests_app.models import Dossier, Outcome
from requests_app.succession.dossiers import continue_under
from requests_app.workflow import State
from tests import builders
from tests.builders import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1)


def heir_of(dossier: Dossier) -> Agency:
    heir = builders.agency("XÃ MỚI", office=dossier.office)
    builders.succession(dossier.agency, heir)
    return heir


def test_what_was_carried_out_is_not_asked_for_again() -> None:
    builders.routing()
    dossier = builders.dossier(state=State.EXECUTION_FAILED, rows=3)
    Dossier.objects.update(sent_at=NOW)
    first, second, third = dossier.items.order_by("position")
    device = builders.device(agency=dossier.agency, custody=Custody.ALLOCATED)
    for item, outcome in (
        (first, Outcome.DONE),
        (second, Outcome.FAILED),
        (third, Outcome.REFUSED),
    ):
        item.outcome = outcome
        item.save()
    second.device = device
    second.save()

    anew = continue_under(dossier, heir_of(dossier), names={}, reason="Sáp nhập", now=LATER)

    dossier.refresh_from_db()
    device.refresh_from_db()
    assert anew is not None
    assert dossier.state == State.PARTLY_COMPLETED
    assert [(row.position, row.title, row.device) for row in anew.items.all()] == [
        (1, second.title, None)
    ]
    assert device.custody == Custody.AT_CA


def test_asked_again_nothing_is_written_twice() -> None:
    builders.routing()
    dossier = builders.dossier(state=State.SUBMITTED)
    Dossier.objects.update(sent_at=NOW)
    heir = heir_of(dossier)
    continue_under(dossier, heir, names={}, reason="Sáp nhập", now=LATER)

    assert continue_under(dossier, heir, names={}, reason="Sáp nhập", now=LATER) is None

    assert Dossier.objects.count() == 2


def test_only_what_the_old_body_owed_is_passed_on() -> None:
    dossier = builders.dossier(kind="mau_05_revoke", state=State.RETURNED)
    Dossier.objects.update(sent_at=NOW)
    assert dossier.office is not None
    for kind, owner in (
        (DeadlineKind.CORRECTION, dossier.agency),
        (DeadlineKind.OFFICE_CHECK, dossier.office),
    ):
        open_deadline(
            kind, agency=owner, office=dossier.office, target_type="dossier",
            target_uuid=dossier.uuid, title="x", path="", now=NOW,
        )  # fmt: skip
    heir = heir_of(dossier)

    continue_under(dossier, heir, names={}, reason="Sáp nhập", now=LATER)

    owed = dict(Deadline.objects.values_list("kind", "agency"))
    assert owed == {
        DeadlineKind.CORRECTION: heir.pk,
        DeadlineKind.OFFICE_CHECK: dossier.office.pk,
    }


def test_a_stopped_dossier_owes_nothing_more() -> None:
    builders.routing()
    dossier = builders.dossier(state=State.SUBMITTED)
    Dossier.objects.update(sent_at=NOW)
    open_deadline(
        DeadlineKind.OFFICE_CHECK, agency=dossier.agency, office=dossier.office,
        target_type="dossier", target_uuid=dossier.uuid, title="x", path="", now=NOW,
    )  # fmt: skip

    continue_under(dossier, heir_of(dossier), names={}, reason="Sáp nhập", now=LATER)

    assert not Deadline.objects.open().exists()
