"""Scenes that a house's own processes play: ``python -m tests.flows.stage confirm 50``."""

from __future__ import annotations

import sys

import django

django.setup()

from django.utils import timezone  # noqa: E402

from portal.ca.authority import services as authority  # noqa: E402
from portal.ca.register import services as ca  # noqa: E402
from requests_app.catalogue.mau_05_revoke.prefill import rows_of  # noqa: E402
from requests_app.models import Procedure  # noqa: E402
from tests import builders, story  # noqa: E402


def confirm(rows: int) -> None:
    """Bring a dossier of ``rows`` people to the worker's door, with devices in stock for all."""
    authority.open_for_signing()
    for key in ca.make_keys("token", rows, now=timezone.now()):
        builders.device(key_pair=key)
    story.confirmed(story.cast(), rows=rows)


def confirm_revocation(rows: int) -> None:
    """Bring a Mẫu 05 of ``rows`` people to the worker's door."""
    people = story.cast(procedure=Procedure.REVOKE)
    held = []
    for number in range(1, rows + 1):
        holder = builders.person(f"Lò Văn {number * 'A'}", at=people.agency)
        key = builders.key()
        builders.in_hands_of(holder, key)
        held.append(builders.certificate(subscriber=holder, key_pair=key))
    card = {"issued_on": "25/08/2024", "issue_place": "CCSQLHCVTTXH"}
    answers = [{**row, **card} for row in rows_of(held, cause="retired")]
    dossier = story.draft_of(people, "mau_05_revoke", answers)
    story.confirm(story.decide(story.send_in_ink(dossier, people), people), people)


if __name__ == "__main__":
    {"confirm": confirm, "confirm_revocation": confirm_revocation}[sys.argv[1]](
        *map(int, sys.argv[2:])
    )
