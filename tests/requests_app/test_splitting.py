"""A list whose rows go different ways is split; what was attached to a row goes with it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from requests_app.drafts.questions import Answer, answer_questions
from requests_app.drafts.services import split_by_route
from requests_app.models import Attachment, Dossier, Procedure
from requests_app.submission import letters
from requests_app.submission.checks import questions_of, row_findings, violations_before_signing
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
    document = letters.freeze(dossier, story.blank_letter(), now=NOW)
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


def test_the_check_page_splits_and_what_was_answered_about_a_row_goes_with_it(
    client: Client,
) -> None:
    people = story.cast(Route.DIRECT)
    builders.routing(Procedure.ISSUE, Route.VIA_OFFICE, storage="sim")
    sim = {"storage": "sim", "carrier": "Viettel"}
    rows = [
        builders.person_answers(1, org3="TRƯỜNG THCS SỐ 1"),
        builders.person_answers(2, org3="TRƯỜNG THCS SỐ 1", **sim),
        builders.person_answers(3, org3="TRẠM Y TẾ SỐ 2"),
    ]
    dossier = story.draft_of(people, "mau_01_person", rows)
    asked = questions_of(dossier, row_findings(dossier, now=NOW))
    given = {one.key: Answer(words=f"Có thật: {one.value}") for one in asked}
    answer_questions(dossier, given, actor=people.clerk, now=NOW, version=dossier.version)
    client.force_login(people.clerk)
    there = reverse("requests_app:split", args=[dossier.uuid])

    page = client.get(reverse("requests_app:check", args=[dossier.uuid]))
    assert f'action="{there}"' in page.text
    dossier.refresh_from_db()
    client.post(there, {"version": dossier.version})

    other = Dossier.objects.exclude(pk=dossier.pk).get()
    assert [item.answers["full_name"] for item in other.items.all()] == [rows[1]["full_name"]]
    assert [one.answer for one in other.question_answers.all()] == ["Có thật: TRƯỜNG THCS SỐ 1"]
    dossier.refresh_from_db()
    assert violations_before_signing(dossier, now=NOW) == []
    missing = {one.code for one in violations_before_signing(other, now=NOW)}
    assert missing == {"no_letter_number", "no_letter_date"}  # each letter has its own
    assert f'action="{there}"' not in client.get(page.request["PATH_INFO"]).text
