"""A clerk at work while administrators have the account in hand: nobody waits for each other."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import Error, connection
from django.utils import timezone

from portal.accounts import services as accounts
from portal.accounts.models import RoleGrant, User
from portal.core.roles import Role
from portal.core.rules import Refused
from requests_app.drafts.services import create_draft
from tests import story
from tests.builders import person
from tests.builders import user as make_user

TABS = 5
ACTS = 30


@pytest.mark.django_db(transaction=True)
def test_five_tabs_of_a_clerk_and_two_administrators_meet_no_deadlock() -> None:
    people = story.cast()
    people.clerk.person = person(at=people.agency)
    people.clerk.save()
    administrators = [
        make_user(Role.ADMINISTRATOR, person=person(at=people.agency)) for _number in range(3)
    ]

    def draft(_number: int) -> str:
        create_draft("mau_01_person", actor=people.clerk, now=timezone.now())
        return "drafted"

    def propose_or_take_back(number: int) -> str:
        now, actor = timezone.now(), administrators[number % 2]
        clerk = User.objects.get(pk=people.clerk.pk)
        grant = RoleGrant.objects.filter(user=clerk).open().first()
        try:
            if grant is None:
                accounts.propose_role(
                    clerk, role=Role.HEAD, agency=people.agency, actor=actor, now=now
                )
            elif grant.proposed_by_id == actor.pk:
                accounts.withdraw_role(grant, actor=actor, now=now)
            else:
                accounts.decline_role(grant, actor=actor, now=now)
        except Refused:  # the other was quicker
            return "refused"
        return "decided"

    def act(tab: int) -> Counter[str]:
        did: Counter[str] = Counter()
        try:
            for number in range(ACTS):
                try:
                    did[draft(number) if tab < TABS else propose_or_take_back(tab)] += 1
                except Error as error:
                    did[type(error.__cause__).__name__] += 1
        finally:
            connection.close()
        return did

    with ThreadPoolExecutor(TABS + 2) as pool:
        did = sum(pool.map(act, range(TABS + 2)), Counter())

    assert did["drafted"] == TABS * ACTS, did
    assert set(did) <= {"drafted", "decided", "refused"}, did
