"""What follows from a step: clocks, notices, copies, the rows' fate, the written refusal."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator

from devices import services as devices
from devices.lifecycle import Custody, Move
from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.ca import expiry
from portal.ca.models import Certificate
from portal.core.roles import CA_ROLES, OFFICE_ROLES, Role
from portal.deadlines import services as deadlines
from portal.deadlines.models import DeadlineKind
from portal.documents import letters as paper
from portal.documents import services as documents
from portal.documents.models import Document
from portal.notices import services as notices
from requests_app import kinds
from requests_app.kinds.base import EffectKind
from requests_app.letter_content import refusal_letter_of
from requests_app.models import (
    Decision,
    Dossier,
    DossierEvent,
    DossierItem,
    Outcome,
    Procedure,
)
from requests_app.services import losses
from requests_app.services.settling import limit_of
from requests_app.workflow import ENDED, PORTAL, Action, Route, State, Step, queue_of

_CA_CLOCK = {
    Procedure.ISSUE: DeadlineKind.CA_ISSUE,
    Procedure.RENEW_CHANGE: DeadlineKind.CA_RENEW_CHANGE,
    Procedure.REVOKE: DeadlineKind.CA_REVOKE,
    Procedure.RECOVER: DeadlineKind.RECOVERY,
}

_LONGEST_TITLE = 250


def headline_of(dossier: Dossier) -> str:
    """Return what the dossier is about in human words: "Cấp chứng thư cho 18 cá nhân"."""
    return kinds.get(dossier.kind).headline_of(dossier.row_count)


def title_of(dossier: Dossier) -> str:
    """Return the headline with whose it is: "Cấp chứng thư cho 18 cá nhân – UBND xã Tân Uyên"."""
    return f"{headline_of(dossier)} – {dossier.agency.name}"


def _clipped(title: str) -> str:
    """Cut a title to what deadlines and notices hold: a body's name alone may be as long."""
    return Truncator(title).chars(_LONGEST_TITLE)


def follow(dossier: Dossier, step: Step, event: DossierEvent, *, now: datetime) -> None:
    """Do what the step causes; the caller saves the dossier and records the audit entry."""
    if step.action == Action.SEAL:
        _on_sent(dossier, actor=event.actor, now=now)
    elif step.action == Action.FORWARD:
        deadlines.close(DeadlineKind.OFFICE_CHECK, dossier.uuid, now=now)
        _start_ca_clock(dossier, now=now)
    elif step.action == Action.RETURN:
        deadlines.cancel_all(dossier.uuid, now=now)
        _open(DeadlineKind.CORRECTION, dossier, owner=dossier.agency, now=now)
    elif step.action in (Action.WITHDRAW, Action.STOP):
        deadlines.cancel_all(dossier.uuid, now=now)
        _on_withdrawn(dossier, actor=event.actor, now=now)
    elif step.target in ENDED:
        for kind in {*_CA_CLOCK.values(), DeadlineKind.OFFICE_CHECK}:
            deadlines.close(kind, dossier.uuid, now=now)
    _set_due(dossier)
    _tell(dossier, event, now=now)


def _on_sent(dossier: Dossier, *, actor: User | None, now: datetime) -> None:
    """The day the first official recipient has it is the law's day (DOMAIN 14.1)."""
    dossier.sent_at = dossier.sent_at or now
    dossier.received_on = timezone.localdate(now)
    deadlines.close(DeadlineKind.CORRECTION, dossier.uuid, now=now)
    if dossier.route == Route.VIA_OFFICE:
        assert dossier.office is not None
        _open(DeadlineKind.OFFICE_CHECK, dossier, owner=dossier.office, now=now)
    elif dossier.route != Route.NOTICE:
        _start_ca_clock(dossier, now=now)
    effect = kinds.get(dossier.kind).effect
    if effect is EffectKind.RECORD_HANDOVER:
        _record_handover_notice(dossier, actor=actor, now=now)
    elif effect is EffectKind.RECORD_LOSS and actor is not None:
        losses.on_sent(dossier, actor=actor, now=now)
    elif effect is EffectKind.RENEW_CHANGE:
        renewing = dossier.items.filter(renews=True).values("certificate")
        expiry.asked(Certificate.objects.filter(pk__in=renewing).only("uuid"), now=now)


def _on_withdrawn(dossier: Dossier, *, actor: User | None, now: datetime) -> None:
    """What a notice or minutes told before they were returned is told no more."""
    effect = kinds.get(dossier.kind).effect
    if effect is EffectKind.RECORD_HANDOVER:
        devices.detach_notice(_paper_of(dossier), actor=actor, now=now)
    elif effect is EffectKind.RECORD_LOSS and actor is not None:
        losses.on_withdrawn(dossier, actor=actor, now=now)


def _record_handover_notice(dossier: Dossier, *, actor: User | None, now: datetime) -> None:
    """Mẫu 07 is sent: the hand-overs it names are notified, their clocks stop."""
    handed_over = [item.device for item in dossier.items.select_related("device") if item.device]
    devices.attach_notice(handed_over, document=_paper_of(dossier), actor=actor, now=now)


def _paper_of(dossier: Dossier) -> tuple[str, UUID, str]:
    label = f"Thông báo bàn giao (Mẫu 07) số {dossier.letter_number}"
    return "dossier", dossier.uuid, label


def _start_ca_clock(dossier: Dossier, *, now: datetime) -> None:
    procedure = Procedure(kinds.get(dossier.kind).procedure)
    if procedure in _CA_CLOCK:
        days = limit_of(dossier, today=timezone.localdate(now))
        kind = _CA_CLOCK[procedure]
        _open(kind, dossier, owner=dossier.addressee, now=now, working_days=days)


def _open(
    kind: DeadlineKind,
    dossier: Dossier,
    *,
    owner: Agency,
    now: datetime,
    working_days: int | None = None,
) -> None:
    deadlines.open_deadline(
        kind,
        agency=owner,
        office=dossier.office,
        target_type="dossier",
        target_uuid=dossier.uuid,
        title=_clipped(title_of(dossier)),
        path=reverse("requests_app:detail", args=[dossier.uuid]),
        now=now,
        working_days=working_days,
    )


def _set_due(dossier: Dossier) -> None:
    dossier.due_on = deadlines.next_due(dossier.uuid)


_TOLD_AGENCY = frozenset(
    {
        Action.RETURN, Action.FORWARD, Action.REJECT, Action.COMPLETE, Action.COMPLETE_PARTLY,
        Action.ACKNOWLEDGE, Action.SEND_BACK_TO_DRAFT, Action.TAKE_SOME, Action.STOP,
        Action.STOP_REST, Action.REOPEN,
    }
)  # fmt: skip


# The office that answers for the sender hears of what goes to the CA without it.
_PAST_THE_OFFICE = frozenset({Route.DIRECT, Route.NOTICE, Route.MINUTES})


def _tell(dossier: Dossier, event: DossierEvent, *, now: datetime) -> None:
    """Tell whom the dossier waits for now and, where it matters, its sender and its copies."""
    recipients = {user.pk: user for user in _who_acts(dossier, dossier.queue)}
    if event.action in _TOLD_AGENCY:
        clerks = User.objects.who_act_for(roles={Role.CLERK}, agency_id=dossier.agency_id)
        recipients |= {user.pk: user for user in clerks}
    if event.action == Action.SEAL and dossier.route in _PAST_THE_OFFICE:
        informed = User.objects.of_office(dossier.office_id)
        recipients |= {user.pk: user for user in informed}
    if event.action in (Action.WITHDRAW, Action.RETURN, Action.STOP):
        # Whose desk it leaves, and the office it had passed, must not look for it in vain.
        left = _who_acts(dossier, queue_of(event.source, dossier.route))
        passed = User.objects.of_office(dossier.office_id) if dossier.sent_at else []
        recipients |= {user.pk: user for user in [*left, *passed]}
    recipients.pop(event.actor_id or 0, None)
    notices.tell(
        recipients.values(),
        cause=f"dossier-event:{event.pk}",
        title=_clipped(f"{State(dossier.state).label}: {title_of(dossier)}"),
        text=event.reason,
        path=reverse("requests_app:detail", args=[dossier.uuid]),
        target_type="dossier",
        target_uuid=dossier.uuid,
        now=now,
    )


def _who_acts(dossier: Dossier, queue: str) -> list[User]:
    if not queue or queue == PORTAL:
        return []
    role = Role(queue)
    agency_id = dossier.office_id if role in OFFICE_ROLES else dossier.agency_id
    if role in CA_ROLES:
        agency_id = None
    return list(User.objects.who_act_for(roles={role}, agency_id=agency_id))


def accept_rows(dossier: Dossier, *, now: datetime) -> None:
    """Settle the refused rows; accepted ones that failed run again."""
    refuse_rows(dossier, now=now)
    failed = dossier.items.filter(decision=Decision.ACCEPTED, outcome=Outcome.FAILED)
    failed.update(outcome="", outcome_reason="")


def refuse_rows(dossier: Dossier, *, now: datetime) -> None:
    """Settle the refused rows; a device set aside for one goes back to the CA."""
    refused = dossier.items.filter(decision=Decision.REFUSED)
    _take_back(refused, reason="Dòng bị từ chối sau khi đã dành thiết bị.", now=now)
    refused.update(outcome=Outcome.REFUSED)


def take_back_undone(dossier: Dossier, *, now: datetime) -> None:
    """Let devices set aside for rows that will never be carried out go back to the CA."""
    undone = dossier.items.exclude(outcome=Outcome.DONE)
    _take_back(undone, reason="Hồ sơ dừng sau khi đã dành thiết bị.", now=now)


def _take_back(items: QuerySet[DossierItem], *, reason: str, now: datetime) -> None:
    set_aside = items.filter(device__custody=Custody.ALLOCATED).select_related("device")
    for item in set_aside:
        assert item.device is not None
        devices.make_move(item.device, Move.RECALL, actor=None, now=now, reason=reason)


def print_refusal(dossier: Dossier) -> bytes | None:
    """Print the notice of the refused rows with their reasons; None if there are none.

    The law wants a refusal in writing with its reason (Điều 22, S2 mục 8). Print it before the
    transaction that keeps it: others wait for what that one holds.
    """
    refused: list[DossierItem] = list(dossier.items.filter(decision=Decision.REFUSED))
    return paper.render(refusal_letter_of(dossier, refused)) if refused else None


def keep_refusal(dossier: Dossier, pdf: bytes | None, *, now: datetime) -> Document | None:
    """Keep the printed notice of the refused rows, if there is one."""
    if pdf is None:
        return None
    name = f"Thong-bao-tu-choi-{dossier.letter_number.replace('/', '-')}.pdf"
    return documents.store(pdf, name=name, media_type="application/pdf", now=now)
