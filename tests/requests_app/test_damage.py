"""A file altered or lost on the disk: told and recorded, never handed out, whoever asks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import get_resolver, reverse

from portal.audit.models import AuditEntry
from portal.core.roles import Role
from portal.documents.models import Document
from requests_app.workflow import Action, State
from tests import story
from tests.architecture import world as worlds
from tests.architecture.world import World

FILES = (
    "requests_app:letter",
    "requests_app:attachment",
    "requests_app:event_document",
    "requests_app:paper",
    "orgmerge:plan_annex_file",
)


@pytest.fixture
def world(db: None) -> World:
    return worlds.build()


def alter(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def remove(path: Path) -> None:
    path.unlink()


def replace_by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("damage", [alter, remove, replace_by_a_folder])
def test_no_route_hands_out_what_is_not_what_was_stored(
    world: World, damage: Callable[[Path], None]
) -> None:
    for document in Document.objects.all():
        damage(Path(default_storage.path(document.path)))

    told = {}
    for route in FILES:
        role = Role.OFFICE_OFFICER
        takes = worlds.routes(get_resolver().url_patterns)[route]
        path = reverse(route, kwargs=worlds.kwargs_of(route, takes, world.own))
        answer = world.clients[role].get(path)
        told[route] = answer.status_code
        assert b"%PDF" not in answer.content

    served = {route for route, status in told.items() if status == 409}
    assert served >= {"requests_app:letter", "requests_app:attachment", "requests_app:paper"}
    assert set(told.values()) <= {409, 404}
    entries = AuditEntry.objects.filter(action="document.damaged")
    assert entries.count() == len(served)
    assert {entry.actor_role for entry in entries} == {Role.OFFICE_OFFICER}


@pytest.mark.parametrize("through_the_api", [False, True])
def test_a_letter_altered_before_it_is_signed_is_not_signed(
    transactional_db: None, ca: None, client: Client, through_the_api: bool
) -> None:
    people = story.able_to_sign(story.cast())
    dossier = story.drafted(people)
    story.step(dossier, Action.REQUEST_SIGNATURE, people.clerk)
    assert dossier.letter is not None
    alter(Path(default_storage.path(dossier.letter.path)))
    client.force_login(people.head)
    asked = {"action": "sign", "version": dossier.version, "pin": story.PIN}

    if through_the_api:
        path = reverse("api:steps", args=[dossier.uuid])
        answer = client.post(path, asked, content_type="application/json")
        assert answer.json()["code"] == "document_damaged"
    else:
        answer = client.post(reverse("requests_app:take_step", args=[dossier.uuid]), asked)

    assert answer.status_code == 409
    dossier.refresh_from_db()
    assert dossier.state == State.AWAITING_SIGNATURE
    entry = AuditEntry.objects.get(action="document.damaged")
    assert entry.actor_uuid == people.head.uuid
    assert entry.data == {"how": "was changed"}
