"""Dated papers handed to the sender of a dossier."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from portal.audit.models import AuditEntry
from portal.core.roles import Role
from portal.documents import services as documents
from portal.notices.models import Notice
from requests_app.models import DeliveredPaper, Dossier, DossierCopy
from requests_app.papers import deliver_document
from requests_app.workflow import State
from tests import builders, story

pytestmark = pytest.mark.django_db

NOTICE = DeliveredPaper.Kind.REVOCATION_NOTICE


def delivered(people: story.Cast) -> tuple[Dossier, DeliveredPaper]:
    dossier = builders.dossier(agency=people.agency, state=State.COMPLETED)
    paper = documents.store(
        story.blank_pdf(), name="thong-bao.pdf", media_type=documents.PDF, now=builders.NOW
    )
    return dossier, deliver_document(dossier, NOTICE, paper, now=builders.NOW)


def test_a_paper_is_delivered_once_and_keeps_its_day() -> None:
    people = story.cast()
    dossier, paper = delivered(people)

    later = builders.NOW + timedelta(days=3)
    another = documents.store(b"%PDF-1.7", name="k.pdf", media_type=documents.PDF, now=later)
    again = deliver_document(dossier, NOTICE, another, now=later)

    assert again == paper
    assert again.delivered_at == builders.NOW
    assert AuditEntry.objects.filter(action="dossier.deliver_paper").count() == 1


def test_the_clerks_of_the_sender_are_told_of_it() -> None:
    people = story.cast()
    dossier, _ = delivered(people)

    notice = Notice.objects.get(target_uuid=dossier.uuid, recipient=people.clerk)
    assert notice.title.startswith("Thông báo thu hồi chứng thư: ")


@pytest.mark.parametrize("part", ["clerk", "head", "officer", "operator"])
def test_who_sees_the_dossier_finds_the_paper_on_its_page(client: Client, part: str) -> None:
    people = story.cast()
    dossier, paper = delivered(people)
    client.force_login(getattr(people, part))
    file = reverse("requests_app:paper", args=[dossier.uuid, paper.uuid])

    page = client.get(reverse("requests_app:detail", args=[dossier.uuid])).text

    assert f'href="{file}"' in page
    assert client.get(file).content == story.blank_pdf()


def test_a_body_with_a_copy_sees_that_it_was_delivered_but_not_the_paper(client: Client) -> None:
    dossier, paper = delivered(story.cast())
    follower = builders.user(Role.CLERK)
    DossierCopy.objects.create(dossier=dossier, agency=follower.agency)
    client.force_login(follower)
    file = reverse("requests_app:paper", args=[dossier.uuid, paper.uuid])

    page = client.get(reverse("requests_app:detail", args=[dossier.uuid])).text

    assert "Văn bản đã giao" in page
    assert file not in page
    assert client.get(file).status_code == 404


def test_a_paper_of_another_dossier_is_not_found_under_this_one(client: Client) -> None:
    people = story.cast()
    _, paper = delivered(people)
    another = builders.dossier(agency=people.agency, state=State.COMPLETED)
    client.force_login(people.clerk)

    response = client.get(reverse("requests_app:paper", args=[another.uuid, paper.uuid]))

    assert response.status_code == 404
