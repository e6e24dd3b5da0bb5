"""Key devices: DOMAIN 4.5. What becomes of a device follows from its certificate."""

from __future__ import annotations

from collections.abc import Mapping

from orgmerge.planner import certificates as certificate_lines
from orgmerge.planner import validity
from orgmerge.planner.codes import Warn, Why
from orgmerge.planner.facts import Certificate, Device, Line
from orgmerge.planner.successors import BodyChange, BodyOutcome, PlanningContext
from orgmerge.vocabulary import FORM_OF, About, Action, Answer, Stage

_STAGES = {
    Action.RECOVER: Stage.RECOVER,
    Action.HAND_OVER: Stage.HAND_OVER,
    Action.RETURN: Stage.DEVICES,
}
_OVER = frozenset({Why.REVOKED, Why.EXPIRED, Why.SUPERSEDED})


def decide(
    context: PlanningContext,
    certificates: Mapping[int, Certificate],
    lines: Mapping[int, Line],
) -> list[Line]:
    """Return a line for every device; ``lines`` are those of the certificates, by key."""
    found = []
    for device in context.devices.values():
        key = device.certificate
        certificate = certificates.get(key) if key else None
        line = lines.get(key) if key else None
        found.append(_line(context, device, certificate, line))
    return found


def _line(
    context: PlanningContext, device: Device, certificate: Certificate | None, line: Line | None
) -> Line:
    decided = (
        context.world.decided.get((About.DEVICE, device.pk)) if context.world.decided else None
    )
    if device.custody in validity.AWAY and device.custody not in ("allocated", "on_its_way"):
        return _kept(device, Why.NOT_AT_AGENCY)
    replies = context.world.replies
    if not replies:
        answer = ""
    else:
        reply = replies.get((About.DEVICE, device.pk))
        if reply is None and certificate is not None:
            reply = replies.get((About.CERTIFICATE, certificate.pk))
        answer = reply.answer if reply else ""
    if decided is not None and decided.action == Action.REPORT_LOSS:
        answer = Answer.DEVICE_NOT_FOUND.value
    if certificate_lines.is_lost(device, answer):
        return _lost(context, device, line)
    if decided is not None and decided.action != Action.SETTLE:
        sender = decided.to or context.outcome(device.body).sender
        action = Action(decided.action)
        successor = context.world.targets.get(sender or 0)
        is_done = (
            action == Action.KEEP
            or (
                action == Action.HAND_OVER
                and successor is not None
                and successor.agency == device.body
            )
            or (action == Action.RECOVER and device.condition != validity.LOCKED)
        )
        return _kept(device, Why.SETTLED) if is_done else _act(device, action, Why.SETTLED, sender)
    if device.custody in validity.COMING_BACK:
        return _kept(device, Why.ON_ITS_WAY_BACK)
    if certificate is None or line is None:
        return _without_certificate(context, device)
    return _with_certificate(context, device, certificate, line)


def _lost(context: PlanningContext, device: Device, line: Line | None) -> Line:
    """Điều 20: Mẫu 09 at once, beside the revocation; not again when it was made already."""
    if line is not None and line.reason == Why.NOT_INVOLVED:
        return _kept(device, Why.NOT_INVOLVED)
    is_over = line is None or line.reason in _OVER
    if device.condition == validity.LOST and is_over:
        return _kept(device, Why.LOST_ALREADY)
    sender = (line.sender if line else None) or context.outcome(device.body).sender
    return Line(
        About.DEVICE,
        device.pk,
        device.body,
        Action.REPORT_LOSS,
        Why.DEVICE_LOST,
        line.stage if line is not None and line.action == Action.REVOKE else Stage.PEOPLE,
        form=FORM_OF[Action.REPORT_LOSS],
        sender=sender,
        is_open=line.is_open if line else False,
    )


def _without_certificate(context: PlanningContext, device: Device) -> Line:
    outcome = context.outcome(device.body)
    if device.certificate is not None:
        return _kept(device, Why.NOT_INVOLVED)
    if outcome.successor is None:
        if outcome.change == BodyChange.OUTSIDE:
            return _kept(device, Why.NOT_INVOLVED)
        return _open(device, outcome)
    reply = context.reply(About.DEVICE, device.pk)
    if reply is not None and reply.answer in (Answer.NOT_NEEDED, Answer.LEFT):
        return _act(device, Action.RETURN, Why.NOT_IN_USE, outcome.successor.pk)
    if outcome.change == BodyChange.ABSORBED:
        return _act(device, Action.HAND_OVER, Why.NOT_IN_USE, outcome.successor.pk)
    return _kept(device, Why.NOT_IN_USE)


def _with_certificate(
    context: PlanningContext, device: Device, certificate: Certificate, line: Line
) -> Line:
    outcome = context.outcome(device.body)
    sender = line.sender or outcome.sender
    if line.action == Action.SETTLE:
        return _open(device, outcome)
    if line.action == Action.REVOKE or line.reason == Why.REVOCATION_PENDING:
        return _act(device, Action.RETURN, Why.AFTER_REVOCATION, sender, line=line)
    if line.action == Action.ISSUE or line.reason == Why.ENDS_BY_ITSELF:
        return _act(device, Action.RETURN, Why.REPLACED, sender, line=line)
    if line.reason in (Why.EXPIRED, Why.REVOKED):
        if outcome.change == BodyChange.OUTSIDE:
            return _kept(device, Why.NOT_INVOLVED)
        why = Why.AFTER_EXPIRY if line.reason == Why.EXPIRED else Why.AFTER_REVOCATION
        return _act(device, Action.RETURN, why, sender, line=line)
    return _staying(device, certificate, line, outcome)


def _staying(device: Device, certificate: Certificate, line: Line, outcome: BodyOutcome) -> Line:
    """Return the line of a device whose certificate goes on: it stays with it."""
    changes_hands = certificate.kind == "organisation" and outcome.change == BodyChange.ABSORBED
    if device.condition == validity.LOCKED and line.action == Action.CHANGE:
        warnings = (Warn.HAND_OVER_TOO,) if changes_hands else ()
        why = Why.LOCKED_BEFORE_CHANGE
        return _act(device, Action.RECOVER, why, line.sender, line=line, warnings=warnings)
    if changes_hands and outcome.successor is not None:
        return _act(device, Action.HAND_OVER, Why.TO_NEW_CLERK, outcome.successor.pk, line=line)
    warnings = (Warn.DEVICE_LOCKED,) if device.condition == validity.LOCKED else ()
    return _kept(device, Why.STAYS_WITH_CERTIFICATE, warnings, is_open=line.is_open)


def _act(
    device: Device,
    action: Action,
    why: Why,
    sender: int | None,
    *,
    line: Line | None = None,
    warnings: tuple[str, ...] = (),
) -> Line:
    if sender is None and action == Action.RETURN:
        warnings = (*warnings, Warn.SUPERIOR_FILES)
    return Line(
        About.DEVICE,
        device.pk,
        device.body,
        action,
        why,
        _STAGES.get(action, Stage.PEOPLE),
        form=FORM_OF.get(action, ""),
        sender=sender,
        is_open=line.is_open if line else False,
        warnings=warnings,
    )


def _kept(
    device: Device, why: Why, warnings: tuple[str, ...] = (), *, is_open: bool = False
) -> Line:
    return Line(
        About.DEVICE,
        device.pk,
        device.body,
        Action.KEEP,
        why,
        Stage.NOTHING,
        is_open=is_open,
        warnings=warnings,
    )


def _open(device: Device, outcome: BodyOutcome) -> Line:
    return Line(
        About.DEVICE,
        device.pk,
        device.body,
        Action.SETTLE,
        certificate_lines.why_open(outcome),
        Stage.NOTHING,
        is_open=True,
    )
