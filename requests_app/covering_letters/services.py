"""Putting dossiers under a covering letter: choosing them, taking one out."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, Q

from portal.accounts.models import User
from portal.audit import services as audit
from portal.core.roles import Capability
from portal.core.rules import Refused
from portal.documents import uploads
from portal.documents.models import Document
from requests_app.acts import letter_act
from requests_app.covering_letters import rules
from requests_app.covering_letters.steps import COVERING_LETTERS
from requests_app.letter_workflow import Stage
from requests_app.models import (
    CoveredDossier,
    CoveringLetter,
    Dossier,
    DossierEvent,
)
from requests_app.models.querysets import DossierQuerySet
from requests_app.workflow import PASSED_ON, Action, Route, State, find_step, queue_of

_SCANS = frozenset({uploads.PDF.media_type, uploads.PNG.media_type, uploads.JPEG.media_type})


@dataclass(frozen=True, slots=True)
class Made:
    """A new covering letter, and how many dossiers four eyes kept out of it."""

    letter: CoveringLetter
    barred: int


def waiting_to_forward(user: User) -> DossierQuerySet:
    """Return what the user's office can forward and has under no open covering letter."""
    covered = CoveredDossier.objects.filter(outcome="").order_by().values("dossier")
    return (
        Dossier.objects.visible_to(user)
        .filter(
            queue=queue_of(State.SUBMITTED, Route.VIA_OFFICE),
            state=State.SUBMITTED,
            route__in=PASSED_ON,
        )
        .exclude(pk__in=covered)
    )


@transaction.atomic
def make_letter(chosen: DossierQuerySet, *, actor: User, now: datetime) -> Made:
    """Open a covering letter over ``chosen``, which are among what waits to be forwarded.

    Dossiers the actor had a hand in sending stay out: who sent does not forward. Raises
    PermissionDenied (not an office's officer) or Refused.
    """
    if not actor.can(Capability.COVER_DOSSIERS):
        raise PermissionDenied("only an officer of an office forwards")
    waiting = waiting_to_forward(actor).filter(pk__in=chosen.order_by().values("pk"))
    rows = (
        waiting.select_for_update(of=("self",), no_key=True).select_related("agency").order_by("pk")
    )
    found = list(rows[: rules.MOST_DOSSIERS + 1])
    if violation := rules.fits_one_letter(len(found)):
        raise Refused(violation)
    # Another officer may have taken some while these rows were waited for.
    taken = CoveredDossier.objects.filter(dossier__in=found, outcome="")
    out = set(taken.values_list("dossier", flat=True))
    # The dossiers four eyes keep the actor from forwarding, in two queries.
    step = find_step(Action.FORWARD, state=State.SUBMITTED, role=actor.role, route=Route.VIA_OFFICE)
    accounts = Q(pk=actor.pk)
    if actor.person_id is not None:
        accounts |= Q(person=actor.person_id)
    same = list(User.objects.filter(accounts).values_list("pk", flat=True))
    acted = DossierEvent.objects.filter(
        dossier__in=found,
        round=F("dossier__round"),
        action__in=step.barred_by,
        actor__in=same,
    )
    edited = Dossier.objects.filter(pk__in=[dossier.pk for dossier in found], edited_by__in=same)
    barred = {
        *acted.order_by().values_list("dossier", flat=True),
        *edited.order_by().values_list("pk", flat=True),
    }
    free = [dossier for dossier in found if dossier.pk not in out | barred]
    if violation := rules.has_dossiers(len(free)):
        raise Refused(violation)
    letter = CoveringLetter.objects.create(
        office=actor.agency, made_by=actor, made_at=now, updated_at=now
    )
    letter.edited_by.add(actor)
    ordered = sorted(free, key=lambda one: (one.agency.sort_name, one.kind, one.pk))
    CoveredDossier.objects.bulk_create(
        [
            CoveredDossier(
                letter=letter,
                dossier=dossier,
                position=position,
                dossier_version=dossier.version,
                letter_number=dossier.letter_number,
                letter_date=dossier.letter_date,
                row_count=dossier.row_count,
            )
            for position, dossier in enumerate(ordered, 1)
        ]
    )
    audit.record(letter_act("covering.make", letter, dossiers=len(free)), actor=actor, now=now)
    return Made(letter, len(barred - out))


@transaction.atomic
def uncover(
    letter: CoveringLetter, dossier_uuid: uuid.UUID, *, actor: User, now: datetime, version: int
) -> CoveringLetter:
    """Take a dossier out of a letter that is still a draft; it waits to be forwarded again."""
    letter = COVERING_LETTERS.lock(letter, actor=actor, version=version, stage=Stage.DRAFT)
    letter.covered.filter(dossier__uuid=dossier_uuid).delete()
    COVERING_LETTERS.touch(letter, "uncover", actor=actor, now=now)
    return letter


def is_others_letter(document: Document, user: User) -> bool:
    """Say whether a document is a covering letter ``user`` may not see: it names other bodies."""
    made = CoveringLetter.objects.filter(
        Q(letter=document) | Q(signed_letter=document) | Q(scan=document)
    )
    return made.exists() and not made.visible_to(user).exists()
