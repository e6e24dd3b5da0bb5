"""Drafting: a dossier, its letter data and its rows, kept as typed until they are right."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone

from portal.accounts.models import User
from portal.agencies.models import Agency, Signer
from portal.audit import services as audit
from portal.core.database.bulk import insert_objects, update_rows
from portal.core.roles import Capability
from portal.core.rules import Refused, refuse
from portal.core.steps import IllegalStep
from portal.core.text.vietnamese import nfc
from requests_app import kinds
from requests_app.acts import dossier_act
from requests_app.errors import NotEditable, StaleVersion
from requests_app.kinds.base import Kind, kept
from requests_app.kinds.certificate_names import question_key
from requests_app.kinds.targets import fill_columns
from requests_app.mandates.drafting import may_draft
from requests_app.models import Attachment, Dossier, DossierItem, QuestionAnswer
from requests_app.routing.services import rule_for, rules_for
from requests_app.rules import dossiers as rules
from requests_app.submission.settlement import set_copies, version_in_force
from requests_app.words import add_words, keep_words
from requests_app.workflow import EDITABLE, State, queue_of

MOST_ROWS = 5000  # of one letter; the CA's sheet is cut there too
_FEW_ROWS = 100  # written in a statement or a few


@transaction.atomic
def create_draft(
    kind_code: str,
    *,
    actor: User,
    now: datetime,
    variant: str = "",
    agency: Agency | None = None,
) -> Dossier:
    """Open an empty draft of a kind and return it: in the name of the actor's body, or of
    ``agency``, which gave the actor's office a mandate.

    Raises IllegalStep when the actor may not draft it, Refused when the body may not send.
    """
    agency = agency or actor.agency
    permit_drafting(actor, kind_code, agency.pk)
    kind = kinds.get(kind_code)
    today = timezone.localdate(now)
    found = [
        rules.sender_has_seal(agency.has_seal, agency.name),
        rules.sender_exists(agency.exists_on(today), agency.name),
    ]
    if violations := [violation for violation in found if violation]:
        raise Refused(*violations)
    rule = rule_for(kind.procedure, office_id=agency.office_id, today=today)
    dossier = Dossier.objects.create(
        kind=kind.code,
        kind_version=kind.version,
        variant=variant,
        agency=agency,
        agency_version=version_in_force(agency.pk, today),
        office_id=agency.office_id,
        route=rule.route,
        addressee=rule.addressee,
        queue=queue_of(State.DRAFT, rule.route),
        waiting_since=today,
        created_by=actor,
        created_at=now,
        updated_at=now,
    )
    set_copies(dossier, rule)  # the preview names them
    dossier.edited_by.add(actor)
    _record("dossier.create", dossier, actor=actor, now=now, data={"kind": kind.code})
    return dossier


@transaction.atomic
def save_letter(
    dossier: Dossier,
    *,
    letter_number: str,
    letter_date: date | None,
    contact: Mapping[str, str],
    note: str,
    filing: str | None = None,
    signer: Signer | None = None,
    actor: User,
    now: datetime,
    version: int,
) -> Dossier:
    """Keep the number, date, section 1 and extra text as typed; checks come before signing.

    ``filing``: what stands after "Lưu: VT" (None: as it was). ``signer``: which of the body's
    signers is to sign; None leaves it to its head.
    """
    dossier = lock_draft(dossier, actor=actor, version=version)
    if actor.can(Capability.DRAFT):  # else the number is another's to give
        dossier.letter_number = nfc(letter_number)
        dossier.letter_date = letter_date
        dossier.filing = nfc(filing) if filing is not None else dossier.filing
        dossier.signer = signer if signer and signer.agency_id == dossier.agency_id else None
    dossier.contact = kept(kinds.get(dossier.kind).contact_fields, contact)
    dossier.note = note.strip()
    _touch(dossier, actor=actor, now=now)
    dossier.save()
    _record("dossier.edit_letter", dossier, actor=actor, now=now)
    return dossier


@transaction.atomic
def add_row(
    dossier: Dossier, answers: Mapping[str, str], *, actor: User, now: datetime, version: int
) -> DossierItem:
    """Append one row as typed, right or not, and return it."""
    dossier = lock_draft(dossier, actor=actor, version=version)
    items = _append(dossier, [answers], actor=actor)
    _finish(dossier, "dossier.add_row", actor=actor, now=now, rows=1)
    return items[0]


@transaction.atomic
def import_rows(
    dossier: Dossier,
    rows: Sequence[Mapping[str, str]],
    *,
    replace: bool = False,
    actor: User,
    now: datetime,
    version: int,
) -> int:
    """Append (or put in place of all) the rows of a sheet, each its answers; return how many."""
    dossier = lock_draft(dossier, actor=actor, version=version)
    if replace:
        dossier.items.all().delete()
        dossier.row_count = 0
    _append(dossier, rows, actor=actor)
    _finish(dossier, "dossier.import_rows", actor=actor, now=now, rows=len(rows))
    return len(rows)


@transaction.atomic
def save_rows(
    dossier: Dossier,
    changes: Mapping[uuid.UUID, Mapping[str, str]],
    *,
    actor: User,
    now: datetime,
    version: int,
) -> Dossier:
    """Keep what was typed in several rows at once; a cell not named keeps its value."""
    dossier = lock_draft(dossier, actor=actor, version=version)
    kind = kinds.get(dossier.kind)
    items = list(dossier.items.filter(uuid__in=list(changes)))
    for item in items:
        item.answers = {**item.answers, **kept(kind.fields, changes[item.uuid])}
    fill_columns(kind, items, actor=actor)
    update_rows(
        items,
        [
            "answers",
            "title",
            "search_title",
            "storage",
            "identity_hash",
            "subscriber",
            "certificate",
            "device",
            "renews",
        ],
    )
    keep_words(items, dossier)
    _finish(dossier, "dossier.edit_rows", actor=actor, now=now, rows=len(items))
    return dossier


@transaction.atomic
def duplicate_row(
    dossier: Dossier, item_uuid: uuid.UUID, *, actor: User, now: datetime, version: int
) -> DossierItem:
    """Copy a row to the end of the list and return the copy."""
    dossier = lock_draft(dossier, actor=actor, version=version)
    original = dossier.items.get(uuid=item_uuid)
    copies = _append(dossier, [original.answers], actor=actor)
    _finish(dossier, "dossier.add_row", actor=actor, now=now, rows=1)
    return copies[0]


@transaction.atomic
def remove_row(
    dossier: Dossier, item_uuid: uuid.UUID, *, actor: User, now: datetime, version: int
) -> None:
    """Take a row out of the list; the ones below move up."""
    dossier = lock_draft(dossier, actor=actor, version=version)
    item = dossier.items.get(uuid=item_uuid)
    dossier.items.filter(position__gt=item.position).update(position=F("position") - 1)
    item.delete()
    _finish(dossier, "dossier.remove_row", actor=actor, now=now, rows=1)


@transaction.atomic
def move_row(
    dossier: Dossier,
    item_uuid: uuid.UUID,
    *,
    by: int,
    actor: User,
    now: datetime,
    version: int,
) -> None:
    """Move a row up (``by`` = -1) or down (1) one place; at the edge nothing moves."""
    dossier = lock_draft(dossier, actor=actor, version=version)
    item = dossier.items.get(uuid=item_uuid)
    neighbour = dossier.items.filter(position=item.position + by).first()
    if neighbour is not None:
        item.position, neighbour.position = neighbour.position, item.position
        update_rows([item, neighbour], ["position"])
    _finish(dossier, "dossier.move_row", actor=actor, now=now, rows=1)


def permit_drafting(actor: User, kind_code: str, agency_id: int) -> None:
    """Raise IllegalStep unless the actor writes this form in the name of that body."""
    if not may_draft(actor, kind_code, agency_id):
        raise IllegalStep(f"{actor.role} drafts no {kind_code} for {agency_id}")


def lock_draft(dossier: Dossier, *, actor: User, version: int) -> Dossier:
    """Return the dossier locked for editing.

    Raises Dossier.DoesNotExist (not the actor's), IllegalStep (drafts nothing),
    NotEditable (no draft) or StaleVersion (somebody saved in between).
    """
    dossier = (
        Dossier.objects.visible_to(actor)
        .select_for_update(of=("self",), no_key=True)
        .get(pk=dossier.pk)
    )
    if dossier.state not in EDITABLE:
        raise NotEditable(dossier.state)
    permit_drafting(actor, dossier.kind, dossier.agency_id)
    if dossier.version != version:
        raise StaleVersion(seen=version, current=dossier.version)
    return dossier


def _append(
    dossier: Dossier, rows: Sequence[Mapping[str, str]], *, actor: User
) -> list[DossierItem]:
    if dossier.row_count + len(rows) > MOST_ROWS:
        raise refuse(
            "too_many_rows",
            f"Một văn bản chỉ nhận tối đa {MOST_ROWS} dòng.",
            way_out="Chia danh sách thành nhiều hồ sơ.",
        )
    last = dossier.items.aggregate(last=Max("position"))["last"] or 0
    kind = kinds.get(dossier.kind)
    items = DossierItem.new_rows(
        dossier, enumerate((kept(kind.fields, answers) for answers in rows), start=last + 1)
    )
    for item in items:
        item.request_key = uuid.uuid4().hex
    fill_columns(kind, items, actor=actor)
    if len(items) <= _FEW_ROWS:
        DossierItem.objects.bulk_create(items)
    else:
        insert_objects(items)
        added = dossier.items.filter(position__gt=last).order_by()
        keys = dict(added.values_list("position", "pk"))
        for item in items:
            item.pk = keys[item.position]
            item._state.adding = False
    add_words(items, dossier)
    dossier.row_count += len(items)
    return items


def _finish(dossier: Dossier, act: str, *, actor: User, now: datetime, rows: int) -> None:
    _touch(dossier, actor=actor, now=now)
    dossier.count_rows()
    dossier.save(update_fields=["row_count", "first_title", "version", "updated_at"])
    _record(act, dossier, actor=actor, now=now, data={"rows": rows})


def _touch(dossier: Dossier, *, actor: User, now: datetime) -> None:
    dossier.version += 1
    dossier.updated_at = now
    dossier.edited_by.add(actor)


def _record(
    act: str,
    dossier: Dossier,
    *,
    actor: User,
    now: datetime,
    data: Mapping[str, object] | None = None,
) -> None:
    audit.record(dossier_act(act, dossier, data=data), actor=actor, now=now)


def kind_of(dossier: Dossier) -> Kind:
    """Return the kind a dossier was drafted on."""
    return kinds.get(dossier.kind)


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
        # What was said about cells of these rows is said of the new draft; of others it stays.
        asked = {
            question_key(one.code, one.field, str(item.answers.get(one.field, "")))
            for one in said
            for item in group
        }
        QuestionAnswer.objects.bulk_create(
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
            if one.question in asked
        )
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


def _renumber(items: list[DossierItem]) -> None:
    for position, item in enumerate(items, start=1):
        item.position = position
    update_rows(items, ["position", "dossier"])
