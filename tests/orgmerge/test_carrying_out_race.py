"""Two workers carry out one plan at once: each line still opens one row."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from orgmerge.filing.services import carry_out
from orgmerge.models import Merger, MergerBody, PlanLine
from orgmerge.vocabulary import LineAbout, LineAction, LineStage, LineState, MergerState
from portal.core.roles import Role
from requests_app.models import Dossier, DossierItem, Procedure
from tests import builders
from tests.builders import NOW
from tests.orgmerge import approved

BODIES = 6


def in_force() -> Merger:
    """Each of some bodies has a certificate to be revoked."""
    names = [f"UBND XÃ SỐ {number}" for number in range(BODIES)]
    at = approved.scene(*names, into=[f"{name} MỚI" for name in names])
    builders.routing(Procedure.REVOKE)
    Merger.objects.filter(pk=at.merger.pk).update(
        state=MergerState.IN_FORCE, in_force_at=NOW, list_sent_on=NOW.date()
    )
    for old, body in zip(at.olds, at.bodies, strict=True):
        MergerBody.objects.filter(pk=body.pk).update(
            agency=old, took_effect_at=NOW, handed_over_at=NOW
        )
        builders.user(Role.CLERK, agency=old)
        held = builders.certificate(subscriber=builders.person(at=old))
        PlanLine.objects.create(
            plan=at.plan,
            about=LineAbout.CERTIFICATE,
            target_id=held.pk,
            target_uuid=held.uuid,
            title=held.common_name,
            search_title=held.search_name,
            agency=old,
            sender=body,
            action=LineAction.REVOKE,
            form="05",
            reason="need_ended",
            stage=LineStage.PEOPLE,
        )
    return at.merger


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_open_each_line_once() -> None:
    in_force()
    ready = Barrier(2)

    def work(_worker: int) -> int:
        ready.wait()
        try:
            return carry_out(now=NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(work, range(2)))

    assert sum(done) == BODIES
    assert Dossier.objects.count() == DossierItem.objects.count() == BODIES
    assert set(PlanLine.objects.values_list("state", flat=True)) == {LineState.OPEN}


@pytest.mark.django_db
def test_run_again_it_opens_nothing_twice() -> None:
    in_force()

    assert [carry_out(now=NOW), carry_out(now=NOW)] == [BODIES, 0]

    assert DossierItem.objects.count() == BODIES
