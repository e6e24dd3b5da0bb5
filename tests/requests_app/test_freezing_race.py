"""Two workers render one long letter, the second because the first is past its lease."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection

from portal.audit.models import AuditEntry
from portal.documents.models import Document
from requests_app.models import Dossier
from requests_app.tasks import LEASE, freeze_waiting
from requests_app.workflow import Action
from tests import builders, story
from tests.builders import NOW
from tests.flows.house import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_letter_rendered_by_two_workers_is_kept_once() -> None:
    people = story.cast()
    numbers = range(50_000, 50_000 + settings.LETTER_ROWS_AT_ONCE + 1)
    answers = [builders.person_answers(number) for number in numbers]
    dossier = story.draft_of(people, "mau_01_person", answers)
    story.step(dossier, Action.REQUEST_SIGNATURE, people.clerk)
    documents = Document.objects.count()

    def first() -> int:
        try:
            return freeze_waiting(now=NOW)
        finally:
            connection.close()

    def is_claimed() -> bool:
        return Dossier.objects.filter(pk=dossier.pk, claimed_until__isnull=False).exists()

    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(first)
        wait_until(is_claimed, seconds=300, pause=0.005)
        freeze_waiting(now=NOW + LEASE + timedelta(minutes=1))

    assert slow.result() == 1
    dossier.refresh_from_db()
    assert dossier.letter is not None
    assert Document.objects.count() == documents + 1
    assert AuditEntry.objects.filter(action="dossier.freeze").count() == 1
