"""Two dossiers name the same people at once: each person is made once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from portal.agencies import services
from portal.agencies.models import Agency, Subscriber
from portal.agencies.services import PersonFacts
from tests import builders
from tests.builders import NOW


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_people_named_in_two_dossiers_at_once_are_made_once() -> None:
    people = [
        PersonFacts(number=f"0120849{n:05d}", name=f"Người {n}", position="Văn thư")
        for n in range(200)
    ]
    ready = Barrier(2)

    def match(asked: list[PersonFacts], agency: Agency) -> list[int]:
        ready.wait()
        try:
            return [
                one.pk for one in services.match_or_create_people(asked, agency=agency, now=NOW)
            ]
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(match, people, builders.agency())
        second = pool.submit(match, people[::-1], builders.agency())

    assert first.result() == second.result()[::-1]
    assert Subscriber.objects.count() == len(people)
