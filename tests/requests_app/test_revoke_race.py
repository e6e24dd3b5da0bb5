"""Two at once over the same certificate: one effect, whoever comes second finds it done."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.conf import settings
from django.db import connection

from portal.audit.models import AuditEntry
from portal.ca.models import Certificate
from portal.deadlines.models import Deadline, DeadlineKind
from requests_app.catalogue.mau_05_revoke.prefill import row_of
from requests_app.execution import services as execution
from requests_app.models import DeliveredPaper, Dossier, Outcome, Procedure
from requests_app.workflow import State
from tests import builders, story

pytestmark = pytest.mark.django_db(transaction=True)

CARD = {"issued_on": "25/08/2024", "issue_place": "CCSQLHCVTTXH", "cause": "retired"}


def held(people: story.Cast, name: str) -> Certificate:
    holder = builders.person(name, at=people.agency)
    key = builders.key()
    builders.in_hands_of(holder, key)
    return builders.certificate(subscriber=holder, key_pair=key)


def confirmed(people: story.Cast, *certificates: Certificate) -> Dossier:
    rows = [{**row_of(one), **CARD} for one in certificates]
    dossier = story.draft_of(people, "mau_05_revoke", rows)
    return story.confirm(story.decide(story.send_in_ink(dossier, people), people), people)


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Do all at the same moment, each on a connection of its own; return what came of each."""
    ready = Barrier(len(acts))

    def do(act: Callable[[], object]) -> object:
        ready.wait()
        try:
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(do, acts))


def test_a_second_worker_past_the_lease_revokes_nothing_twice() -> None:
    people = story.cast(procedure=Procedure.REVOKE)
    dossier = confirmed(people, *(held(people, f"Lò Văn {name}") for name in ("An", "Bình", "Chi")))
    late = builders.NOW + settings.EXECUTION_LEASE + timedelta(minutes=1)

    at_once(
        lambda: execution.execute(dossier.pk, now=builders.NOW),
        lambda: execution.execute(dossier.pk, now=late),
    )

    dossier.refresh_from_db()
    assert dossier.state == State.COMPLETED
    entries = AuditEntry.objects.filter(action="certificate.revoke")
    assert sum(len(entry.data["reasons"]) for entry in entries) == 3
    assert DeliveredPaper.objects.count() == 1
    assert Deadline.objects.filter(kind=DeadlineKind.DEVICE_RETURN).count() == 3


def test_two_dossiers_about_one_certificate_have_one_effect() -> None:
    people = story.cast(procedure=Procedure.REVOKE)
    certificate = held(people, "Lò Văn An")
    first = confirmed(people, certificate)
    # The second was let through before the first was sent: only the effect can tell them apart.
    Dossier.objects.filter(pk=first.pk).update(state=State.DRAFT)
    second = confirmed(people, certificate)
    Dossier.objects.filter(pk=first.pk).update(state=State.ACCEPTED)

    at_once(
        lambda: execution.execute(first.pk, now=builders.NOW),
        lambda: execution.execute(second.pk, now=builders.NOW),
    )

    for dossier in (first, second):
        dossier.refresh_from_db()
        assert dossier.state == State.COMPLETED
        assert dossier.items.get().outcome == Outcome.DONE
    reasons = [dossier.items.get().outcome_reason for dossier in (first, second)]
    assert sorted(map(bool, reasons)) == [False, True]
    assert AuditEntry.objects.filter(action="certificate.revoke").count() == 1
    assert Deadline.objects.filter(kind=DeadlineKind.DEVICE_RETURN).count() == 1
