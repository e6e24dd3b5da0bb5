"""What became of the rows that lines opened: taken over as it happens, a bounded number at a time.

A line about an organisation's certificate has its end when the new one is on its device, or handed
over: that is the gate of DOMAIN 4.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from devices.lifecycle import Custody
from orgmerge.models import Merger, PlanLine
from orgmerge.services import lines
from orgmerge.services.opening import lock
from orgmerge.words import Action, LineState, Stage
from portal.ca.models import Certificate
from requests_app.models import Dossier, DossierItem, Outcome
from requests_app.workflow import ENDED, State

AT_ONCE = 500
_IN_HAND = frozenset({Custody.WITH_SUBSCRIBER})


def take_over(merger: Merger, *, now: datetime) -> int:
    """Take over the outcomes of rows that ended; return how many lines ended or failed by it."""
    done, after = 0, 0
    while True:
        with transaction.atomic():
            if lock(merger.pk) is None:
                return done
            found = _next(merger, after)
            done += _take(merger, found, now=now)
        if len(found) < AT_ONCE:
            return done
        after = found[-1].pk


def _next(merger: Merger, after: int) -> list[PlanLine]:
    rows = with_news(merger).filter(pk__gt=after).order_by("pk")
    locked = rows.select_for_update(of=("self",))
    return list(
        locked.select_related("item__dossier", "item__result__key__device", "dossier").defer(
            "item__answers", "item__result__der", "item__result__crl_entry"
        )[:AT_ONCE]
    )


def with_news(merger: Merger) -> QuerySet[PlanLine]:
    """Return the lines whose row has an end, is gone, or is done after it had failed."""
    under_way = Q(state=LineState.OPEN) & (
        Q(item__isnull=True) | ~Q(item__outcome=Outcome.NONE) | Q(item__dossier__state__in=ENDED)
    )
    after_all = Q(state=LineState.FAILED, item__outcome=Outcome.DONE)
    return PlanLine.objects.filter(under_way | after_all, plan=merger.approved_plan_id)


def _take(merger: Merger, found: Sequence[PlanLine], *, now: datetime) -> int:
    done: list[PlanLine] = []
    failed: list[PlanLine] = []
    moved = 0
    for line in found:
        if _moved_on(line):
            moved += 1
            continue
        outcome = _outcome(line)
        if outcome is None:
            continue
        state, line.outcome = outcome
        (done if state == LineState.DONE else failed).append(line)
    lines.end(merger, done, LineState.DONE, now=now)
    lines.end(merger, failed, LineState.FAILED, now=now)
    return len(done) + len(failed) + moved


def _outcome(line: PlanLine) -> tuple[LineState, str] | None:
    """Return how a line's row ended and why; None while it has not."""
    item = line.item
    if item is None:
        return LineState.FAILED, _("Văn thư đã bỏ dòng này khỏi hồ sơ.")
    match item.outcome:
        case Outcome.REFUSED:
            reason = item.outcome_reason or item.decision_reason
            return LineState.FAILED, _("Bị từ chối: %s") % (reason or _("xem thông báo từ chối"))
        case Outcome.FAILED:
            return LineState.FAILED, _("Thực hiện bị lỗi: %s") % item.outcome_reason
        case Outcome.DONE:
            return (LineState.DONE, "") if _has_arrived(line, item) else None
    return _by_the_dossier(item.dossier)


def _by_the_dossier(dossier: Dossier) -> tuple[LineState, str] | None:
    """A row without an outcome of its own ends with its dossier: notices are only recorded."""
    if dossier.state == State.WITHDRAWN:
        last = dossier.events.order_by("at", "pk").last()
        return LineState.FAILED, _("Hồ sơ đã rút: %s") % (last.reason if last else "")
    if dossier.state == State.REJECTED:
        return LineState.FAILED, _("Hồ sơ bị từ chối.")
    return (LineState.DONE, "") if dossier.state in ENDED else None


def _has_arrived(line: PlanLine, item: DossierItem) -> bool:
    is_the_bodys = line.stage == Stage.ORGANISATION and line.action in (
        Action.CHANGE,
        Action.ISSUE,
    )
    return not is_the_bodys or item.result is None or is_in_use(item.result)


def is_in_use(certificate: Certificate) -> bool:
    """Say whether a new certificate is on its device, or the device with it handed over."""
    if certificate.predecessor_id is not None:
        return certificate.installed_at is not None
    device = getattr(certificate.key, "device", None)
    return device is None or device.custody in _IN_HAND


def _moved_on(line: PlanLine) -> bool:
    """Follow a row into the dossier that was written in place of one that was stopped."""
    item = line.item
    if item is None or item.outcome != Outcome.NONE or item.dossier.state != State.WITHDRAWN:
        return False
    next_dossier = getattr(item.dossier, "continued_by", None)
    if next_dossier is None:
        return False
    same = next_dossier.items.filter(
        certificate=item.certificate_id, device=item.device_id, identity_hash=item.identity_hash
    )
    copy = same.filter(plan_line__isnull=True).first()
    if copy is None:
        return False
    line.item, line.dossier = copy, next_dossier
    line.save(update_fields=["item", "dossier"])
    return True
