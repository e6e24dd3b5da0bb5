"""A list whose rows go different ways is split; what was attached to a row goes with it."""

from __future__ import annotations

import pytest

from requests_app.drafts.division import split_by_route
from requests_app.models import Attachment, Procedure
from requests_app.submission import letters
from requests_app.workflow import Route
from tests import builders, story
from tests.builders import NOW

pytestmark = pytest.mark.django_db


def test_a_rows_papers_go_with_the_row() -> None:
    people = story.cast(Route.DIRECT)
    builders.routing(Procedure.ISSUE, Route.VIA_OFFICE, storage="sim")
    rows = [
        builders.person_answers(1),
        builders.person_answers(2, storage="sim", carrier="Viettel"),
    ]
    dossier = story.draft_of(people, "mau_01_person", rows)
    moving = dossier.items.get(position=2)
    document = letters.freeze(dossier, story.blank_pdf(), now=NOW)
    for item in (None, moving):
        Attachment.objects.create(
            dossier=dossier,
            item=item,
            kind=Attachment.Kind.OTHER,
            document=document,
            added_by=people.clerk,
            added_at=NOW,
        )

    (other,) = split_by_route(dossier, actor=people.clerk, now=NOW, version=dossier.version)

    assert [paper.item for paper in other.attachments.all()] == [moving]
    assert [paper.item for paper in dossier.attachments.all()] == [None]
