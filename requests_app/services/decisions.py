"""Deciding row by row: the operator's work, saved as it goes, until it is put before the second."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from portal.accounts.models import User
from portal.audit import services as audit
from portal.core.bulk import update_rows
from portal.core.rules import refuse
from requests_app.models import Decision, Dossier, Outcome
from requests_app.services.drafts import dossier_act
from requests_app.services.errors import Barred, StaleVersion
from requests_app.services.steps import bars_of
from requests_app.workflow import Action, find_step


@transaction.atomic
def decide_rows(
    dossier: Dossier,
    decisions: Mapping[uuid.UUID, tuple[str, str]],
    *,
    actor: User,
    now: datetime,
    version: int,
) -> Dossier:
    """Keep decision and reason of the rows named; others keep theirs.

    Raises as ``take_step`` does; Refused when a row is refused without a reason.
    """
    dossier = Dossier.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=dossier.pk)
    find_step(Action.DECIDE, state=dossier.state, role=actor.role, route=dossier.route)
    if any(step.action == Action.DECIDE for step in bars_of(dossier, actor)):
        raise Barred(Action.DECIDE)
    if dossier.version != version:
        raise StaleVersion(seen=version, current=dossier.version)
    # What was carried out stands, whatever is decided anew about the others.
    items = list(dossier.items.filter(uuid__in=list(decisions)).exclude(outcome=Outcome.DONE))
    for item in items:
        decision, reason = decisions[item.uuid]
        if decision == Decision.REFUSED and not reason.strip():
            raise refuse(
                "no_reason",
                f"Dòng {item.position} ({item.title}): từ chối phải nêu rõ lý do.",
                way_out="Ghi lý do từ chối của dòng này.",
            )
        item.decision = Decision(decision)
        item.decision_reason = reason.strip() if decision == Decision.REFUSED else ""
    update_rows(items, ["decision", "decision_reason"])
    dossier.version += 1
    dossier.updated_at = now
    dossier.save(update_fields=["version", "updated_at"])
    dossier.decided_by.add(actor)
    audit.record(
        dossier_act("dossier.decide_rows", dossier, data={"rows": len(items)}),
        actor=actor,
        now=now,
    )
    return dossier


def accept_all(dossier: Dossier, *, actor: User, now: datetime, version: int) -> Dossier:
    """Accept every row that has no decision yet."""
    undecided = dossier.items.filter(decision=Decision.NONE).values_list("uuid", flat=True)
    return decide_rows(
        dossier,
        dict.fromkeys(undecided, (str(Decision.ACCEPTED), "")),
        actor=actor,
        now=now,
        version=version,
    )
