"""Two workers at once on the effective day: everything once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

import pytest
from django.db import connection

from orgmerge.models import RecordsHandover, TransferEntry
from orgmerge.succession import records
from orgmerge.succession.effective_day import take_effect
from orgmerge.succession.handover import hand_over
from portal.agencies.models import Affiliation, Agency, Succession
from portal.audit.models import AuditEntry
from portal.ca.models import Certificate
from requests_app.models import Dossier
from requests_app.workflow import State
from tests import builders
from tests.orgmerge import approved
from tests.orgmerge.approved import ON_THE_DAY, Scene

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


def twice_at_once(work: Callable[..., int]) -> int:
    ready = Barrier(2)

    def run(now: datetime) -> int:
        ready.wait()
        try:
            return work(now=now)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        return sum(pool.map(run, [ON_THE_DAY, ON_THE_DAY]))


def scene() -> Scene:
    at = approved.scene(*(f"XÃ {number}" for number in range(6)))
    builders.routing()
    for old in at.olds:
        person = builders.person(at=old)
        Affiliation.objects.create(
            subscriber=person, agency=old, valid_from=builders.TODAY, unit="Văn phòng"
        )
        certificate = builders.certificate(subscriber=person)
        builders.in_hands_of(person, certificate.key)
        builders.dossier(agency=old, state=State.SUBMITTED)
    Dossier.objects.update(sent_at=builders.NOW)
    return at


def test_each_body_is_registered_and_succeeded_once() -> None:
    scene()

    assert twice_at_once(take_effect) == 7

    assert Agency.objects.filter(name="UBND XÃ MỚI").count() == 1
    assert Succession.objects.count() == 6
    assert AuditEntry.objects.filter(action="merger.take_effect").count() == 1
    assert AuditEntry.objects.filter(action="merger.in_force").count() == 1


def test_each_thing_goes_over_once() -> None:
    at = scene()
    take_effect(now=ON_THE_DAY)
    new = at.merger.bodies.get().agency

    twice_at_once(hand_over)

    assert Certificate.objects.filter(agency=new).count() == 6
    assert Affiliation.objects.filter(agency=new, valid_until=None).count() == 6
    assert Dossier.objects.filter(continues__isnull=False).count() == 6
    assert Dossier.objects.count() == 12
    assert TransferEntry.objects.filter(about="certificate").count() == 6
    assert AuditEntry.objects.filter(action="merger.followed").count() == 1


def test_each_record_is_kept_once() -> None:
    scene()
    take_effect(now=ON_THE_DAY)
    hand_over(now=ON_THE_DAY)

    assert twice_at_once(records.make_records) == 6

    assert RecordsHandover.objects.count() == 6
