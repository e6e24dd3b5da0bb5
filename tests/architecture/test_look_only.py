"""Whose account was just reset looks and drafts: every step of every table, every act, every
route."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from devices.lifecycle import Move
from orgmerge.approval import services as merger_steps
from orgmerge.workflow import STEPS as MERGER_STEPS
from orgmerge.workflow import MergerAction
from portal.accounts.models import User
from portal.audit.look_only import STILL_POSSIBLE, LookOnly, refuse_look_only
from portal.audit.models import AuditEntry
from portal.audit.services import Act, record
from portal.audit.words import groups
from portal.core.roles import Role
from portal.support.workflow import Action as QuestionAction
from requests_app.covering_letters.steps import COVERING_LETTERS
from requests_app.letter_workflow import LETTER_STEPS, LetterAction
from requests_app.models import CoveringLetter
from requests_app.steps.engine import allowed_steps, take_step
from requests_app.workflow import STEPS, Action
from tests import builders
from tests.architecture import world as worlds
from tests.architecture.test_access import ACCESS
from tests.architecture.world import World, kwargs_of
from tests.builders import NOW
from tests.orgmerge import builders as mergers

pytestmark = pytest.mark.django_db
REFUSED = {401, 403, 404}
KNOWN = {f"{group.code}.{name}" for group in groups().values() for name in group.words}
TABLES = (
    {f"dossier.{action}" for action in Action}
    | {f"covering.{action}" for action in LetterAction}
    | {f"merger.{action}" for action in MergerAction}
    | {f"question.{action}" for action in QuestionAction}
    | {f"device.{move}" for move in Move}
)


def _reset(user: User) -> User:
    user.look_only_until = NOW + timedelta(hours=24)
    user.save()
    user.note_time(NOW)
    return user


def _refused(act: Callable[[], object]) -> None:
    with pytest.raises(LookOnly) as refusal:
        act()
    (violation,) = refusal.value.violations
    assert violation.code == "look_only"


def test_no_step_of_any_table_stays_possible() -> None:
    assert not STILL_POSSIBLE & TABLES
    assert STILL_POSSIBLE <= KNOWN


def test_each_act_is_refused_or_named_as_drafting() -> None:
    user = _reset(builders.user(Role.OFFICE_OFFICER))
    for action in sorted(KNOWN | TABLES):
        act = Act(action=action, target_type="dossier", target_uuid=uuid4())
        with transaction.atomic():
            if action in STILL_POSSIBLE:
                record(act, actor=user, now=NOW)
            else:
                _refused(lambda act=act: record(act, actor=user, now=NOW))  # type: ignore[misc]
                assert not AuditEntry.objects.exists(), action
                record(act, actor=user, now=NOW + timedelta(hours=24))
                record(act, actor=None, now=NOW)
            transaction.set_rollback(True)


@pytest.mark.parametrize("role", sorted({step.role for step in STEPS if step.role is not None}))
def test_each_step_of_a_dossier_is_refused_and_not_offered(role: Role) -> None:
    office = builders.office()
    agency = builders.agency(office=office)
    at = {Role.CLERK: agency, Role.HEAD: agency, Role.OFFICE_OFFICER: office}
    at[Role.OFFICE_HEAD] = office
    user = _reset(builders.user(role, agency=at.get(role)))
    for step in (one for one in STEPS if one.role == role):
        for state, route in itertools.product(sorted(step.sources), sorted(step.routes)):
            dossier = builders.dossier(agency=agency, state=state, route=route)

            _refused(
                lambda dossier=dossier, step=step: take_step(  # type: ignore[misc]
                    dossier, step.action, actor=user, now=NOW, version=dossier.version, reason="x"
                )
            )

            assert allowed_steps(dossier, user) == [], (step.action, state, route)
            dossier.refresh_from_db()
            assert dossier.state == state


@pytest.mark.parametrize("step", LETTER_STEPS)
def test_each_step_of_a_covering_letter_is_refused_and_not_offered(step: Any) -> None:
    user = builders.user(step.role)
    for stage in step.sources:
        letter = CoveringLetter.objects.create(
            office=user.agency, stage=stage, made_by=user, made_at=NOW, updated_at=NOW
        )
        _reset(user)

        _refused(
            lambda letter=letter: COVERING_LETTERS.take_step(  # type: ignore[misc]
                letter, step.action, actor=user, now=NOW, version=letter.version, reason="x"
            )
        )

        assert COVERING_LETTERS.open_steps(letter, user) == []


@pytest.mark.parametrize("step", [step for step in MERGER_STEPS if step.role is not None])
def test_each_step_of_a_reorganisation_is_refused_and_not_offered(step: Any) -> None:
    officer = builders.user(Role.OFFICE_OFFICER)
    user = builders.user(step.role, agency=officer.agency)
    for state in step.sources:
        merger = mergers.merger(officer)
        merger.state = state
        merger.save()
        _reset(user)

        _refused(
            lambda merger=merger: merger_steps.take_step(  # type: ignore[misc]
                merger, step.action, actor=user, now=NOW, version=merger.version, reason="x"
            )
        )

        assert merger_steps.allowed_steps(merger, user) == []


def test_the_portal_itself_is_never_held_up() -> None:
    refuse_look_only(None, now=NOW)


@pytest.fixture
def reset(world: World, db: None) -> World:
    """Everybody in it has just been reset."""
    User.objects.update(look_only_until=timezone.now() + timedelta(hours=24))
    return world


@pytest.mark.parametrize("app", sorted({row.partition(" ")[2].partition(":")[0] for row in ACCESS}))
def test_no_route_does_more_than_draft(reset: World, app: str) -> None:
    names = worlds.routes(get_resolver().url_patterns)
    rows = [row for row in ACCESS if row.partition(" ")[2].partition(":")[0] == app]
    done = set()
    for row in (row for row in rows if not row.startswith("GET ")):
        method, _, route = row.partition(" ")
        path = reverse(route, kwargs=kwargs_of(route, names[route], reset.own))
        for role, client in reset.clients.items():
            # Whom the route refuses anyway leaves nothing (test_access.py).
            if role is not None and ACCESS[row].expected(role, ACCESS[row].own) not in REFUSED:
                with worlds.no_pages():
                    done |= _acts_of(client, method, path, dict(ACCESS[row].data))

    assert done <= STILL_POSSIBLE


def _acts_of(client: Client, method: str, path: str, data: dict[str, Any]) -> set[str]:
    """What a request leaves on the record; it leaves no trace here."""
    before = AuditEntry.objects.count()
    with worlds.leaving_no_trace(client):
        if path.startswith("/api/"):
            answer = getattr(client, method.lower())(path, data, content_type="application/json")
        else:
            answer = client.post(path, data)
        assert answer.status_code < 500
        acts = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
        return set(acts[before:])


def test_every_page_of_such_a_user_says_until_when(reset: World) -> None:
    for role, client in reset.clients.items():
        if role is not None:
            assert 'id="chi-xem"' in client.get("/").content.decode(), role
    assert 'id="chi-xem"' not in Client().get(reverse("accounts:login")).content.decode()


def test_drafting_goes_on(reset: World) -> None:
    clerk = reset.clients[Role.CLERK]

    answer = clerk.post(
        reverse("api:dossiers"), {"kind": "mau_01_person"}, content_type="application/json"
    )

    assert answer.status_code == 201
    assert answer.json()["allowed_actions"] == []


def test_a_refused_act_is_answered_with_a_page_and_by_the_api_with_a_code(reset: World) -> None:
    own, operator = reset.own, reset.clients[Role.CA_OPERATOR]
    data = {"action": "return", "version": 1, "reason": "Thiếu"}

    page = operator.post(reverse("requests_app:take_step", args=[own.dossier.uuid]), data)
    answer = operator.post(
        reverse("api:steps", args=[own.dossier.uuid]), data, content_type="application/json"
    )
    unhandled = reset.clients[Role.ADMINISTRATOR].post(
        reverse("notices:send_again", args=[own.mail.uuid])
    )

    assert "mới được ký, duyệt, chuyển" in page.content.decode()
    assert answer.json()["violations"][0]["code"] == "look_only"
    assert unhandled.status_code == 403
    assert 'data-code="look_only"' in unhandled.content.decode()
