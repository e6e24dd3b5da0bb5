"""Deciding row by row, saved as it goes: an operator's work until it is put before the second
person, a receiver's until the devices of minutes are confirmed."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from devices.serials import normalise
from portal.accounts.models import User
from portal.audit import services as audit
from portal.core.database.bulk import update_rows
from portal.core.rules import Refused, Violation
from portal.core.steps import IllegalStep
from requests_app.acts import dossier_act
from requests_app.errors import Barred, StaleVersion
from requests_app.models import Decision, Dossier, DossierItem, Outcome
from requests_app.rules.returns import serial_was_seen
from requests_app.steps.engine import bars_of
from requests_app.steps.reasons import has_blank, with_rows
from requests_app.workflow import DECIDING, HANDING_BACK, Action, steps_open_to


class RowDecision(NamedTuple):
    """What is said of a row. On minutes ``reason`` is also the difference seen on a device that
    was received, and ``serial_seen`` its number, read off the thing."""

    decision: str
    reason: str = ""
    serial_seen: str = ""


@transaction.atomic
def decide_rows(
    dossier: Dossier,
    decisions: Mapping[uuid.UUID, RowDecision | tuple[str, str]],
    *,
    actor: User,
    now: datetime,
    version: int,
) -> Dossier:
    """Keep decision and reason of the rows named; others keep theirs.

    Raises as ``take_step`` does; Refused when a row is refused without a reason, or a device is
    received whose number was not seen.
    """
    dossier = (
        Dossier.objects.visible_to(actor)
        .select_for_update(of=("self",), no_key=True)
        .get(pk=dossier.pk)
    )
    _permit(dossier, actor)
    if dossier.version != version:
        raise StaleVersion(seen=version, current=dossier.version)
    # What was carried out stands, whatever is decided anew about the others.
    items = list(dossier.items.filter(uuid__in=list(decisions)).exclude(outcome=Outcome.DONE))
    said: dict[int, RowDecision] = {}
    for item in items:
        one = RowDecision(*decisions[item.uuid])
        # A reason of the catalogue that asks which row it is about names this one.
        reason = with_rows(one.reason, {item.position: ""}) if has_blank(one.reason) else one.reason
        said[item.pk] = one._replace(reason=reason)
    is_minutes = dossier.route in HANDING_BACK
    if violations := list(_violations(items, said, is_minutes=is_minutes)):
        raise Refused(*violations)
    for item in items:
        decision, reason = Decision(said[item.pk].decision), said[item.pk].reason.strip()
        keeps = decision == Decision.REFUSED or (is_minutes and decision == Decision.ACCEPTED)
        item.decision, item.decision_reason = decision, reason if keeps else ""
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
    """Accept every row that has no decision yet.

    Raises IllegalStep for minutes: each device is seen before it is received.
    """
    if dossier.route in HANDING_BACK:
        raise IllegalStep("devices are received one by one")
    undecided = dossier.items.filter(decision=Decision.NONE).values_list("uuid", flat=True)
    return decide_rows(
        dossier,
        dict.fromkeys(undecided, RowDecision(Decision.ACCEPTED)),
        actor=actor,
        now=now,
        version=version,
    )


def tick_devices(
    dossier: Dossier, serials: Iterable[str], *, actor: User, now: datetime, version: int
) -> tuple[int, list[str]]:
    """Receive the rows of minutes whose device numbers were scanned, as ``decide_rows`` does.

    Returns how many rows were ticked and the numbers that stand in no row. A remark stays.
    """
    dossier = Dossier.objects.visible_to(actor).get(pk=dossier.pk)
    _permit(dossier, actor)
    if dossier.route not in HANDING_BACK:
        raise IllegalStep("only minutes are received by scanning")
    seen = dict.fromkeys(serial for one in serials if (serial := normalise(one)))
    items = dossier.items.filter(device__serial__in=list(seen)).select_related("device")
    found = {item.device.serial: item for item in items if item.device is not None}
    ticked = {
        item.uuid: RowDecision(
            Decision.ACCEPTED,
            item.decision_reason if item.decision == Decision.ACCEPTED else "",
            serial,
        )
        for serial, item in found.items()
    }
    if ticked:
        decide_rows(dossier, ticked, actor=actor, now=now, version=version)
    return len(ticked), [serial for serial in seen if serial not in found]


def _permit(dossier: Dossier, actor: User) -> None:
    """Raise IllegalStep or Barred unless ``actor`` may take a step the rows are decided for."""
    steps = steps_open_to(actor.role, state=dossier.state, route=dossier.route)
    if not any(step.action in DECIDING for step in steps):
        raise IllegalStep(f"{actor.role} decides nothing of a dossier that is {dossier.state}")
    if any(step.action in DECIDING for step in bars_of(dossier, actor)):
        raise Barred(Action.DECIDE)


def _violations(
    items: Iterable[DossierItem], said: Mapping[int, RowDecision], *, is_minutes: bool
) -> Iterable[Violation]:
    for item in items:
        decision, reason, seen = said[item.pk]
        if decision == Decision.REFUSED and not reason.strip():
            yield Violation(
                "no_reason",
                f"{item.title}: từ chối, không nhận phải nêu rõ lý do.",
                row=item.position,
                way_out="Ghi lý do của dòng này.",
            )
        if has_blank(reason):
            yield Violation(
                "reason_has_blank",
                f"{item.title}: lý do còn chỗ chưa điền (“…”).",
                row=item.position,
                way_out="Ghi rõ điều gì rồi lưu lại.",
            )
        was_seen = item.decision == Decision.ACCEPTED and not seen
        if is_minutes and decision == Decision.ACCEPTED and not was_seen:
            serial = normalise(item.answers.get("device_serial", ""))
            if violation := serial_was_seen(normalise(seen), serial, item.position):
                yield violation
