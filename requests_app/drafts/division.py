"""Splitting a list whose rows go different ways: a dossier has one route."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.audit import services as audit
from portal.core.database.bulk import update_rows
from requests_app import kinds
from requests_app.acts import dossier_act
from requests_app.drafts.services import create_draft, lock_draft
from requests_app.kinds.certificate_names import question_key
from requests_app.models import Attachment, Dossier, DossierItem, QuestionAnswer
from requests_app.routing.services import rules_for


@transaction.atomic
def split_by_route(dossier: Dossier, *, actor: User, now: datetime, version: int) -> list[Dossier]:
    """Move the rows that go another way than the first into drafts of their own; return those."""
    dossier = lock_draft(dossier, actor=actor, version=version)
    items = list(dossier.items.order_by("position"))
    routes = rules_for(
        kinds.get(dossier.kind).procedure,
        office_id=dossier.office_id,
        storages=[item.storage for item in items],
        today=timezone.localdate(now),
    )
    by_route: dict[tuple[str, int], list[DossierItem]] = {}
    for item, rule in zip(items, routes, strict=True):
        by_route.setdefault((rule.route, rule.addressee_id), []).append(item)
    staying, *leaving = by_route.values() if by_route else [[]]
    said = list(dossier.question_answers.select_related("said_by"))
    made = []
    for (route, addressee_id), group in list(by_route.items())[1:]:
        draft = create_draft(
            dossier.kind, actor=actor, now=now, variant=dossier.variant, agency=dossier.agency
        )
        draft.contact, draft.note = dossier.contact, dossier.note
        draft.route, draft.addressee_id = route, addressee_id
        for item in group:
            item.dossier = draft
        _renumber(group)
        draft.count_rows()
        draft.save()
        Attachment.objects.filter(item__in=group).update(dossier=draft)  # a row's papers go too
        QuestionAnswer.objects.bulk_create(_about(group, said, draft))
        made.append(draft)
    assert len(made) == len(leaving)
    _renumber(staying)
    dossier.count_rows()
    dossier.version += 1
    dossier.updated_at = now
    dossier.save(update_fields=["row_count", "first_title", "version", "updated_at"])
    dossier.edited_by.add(actor)
    audit.record(
        dossier_act("dossier.split", dossier, data={"into": [str(one.uuid) for one in made]}),
        actor=actor,
        now=now,
    )
    return made


def _about(
    items: list[DossierItem], said: list[QuestionAnswer], draft: Dossier
) -> list[QuestionAnswer]:
    """Return for ``draft`` what was ``said`` about cells of ``items``; of others it stays said."""
    return [
        QuestionAnswer(
            dossier=draft,
            question=one.question,
            code=one.code,
            field=one.field,
            message=one.message,
            answer=one.answer,
            said_by=one.said_by,
            said_at=one.said_at,
        )
        for one in said
        if any(
            question_key(one.code, one.field, str(item.answers.get(one.field, ""))) == one.question
            for item in items
        )
    ]


def _renumber(items: list[DossierItem]) -> None:
    for position, item in enumerate(items, start=1):
        item.position = position
    update_rows(items, ["position", "dossier"])
