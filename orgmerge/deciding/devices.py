"""Key devices: DOMAIN 4.5. What becomes of a device follows from its certificate."""

from __future__ import annotations

from collections.abc import Mapping

from orgmerge.codes import Warn, Why
from orgmerge.deciding import ages, endings
from orgmerge.deciding.roads import Atlas, Fate, Road
from orgmerge.facts import Certificate, Decided, Device, Line
from orgmerge.words import FORM_OF, About, Action, Answer, Stage

_STAGES = {
    Action.RECOVER: Stage.RECOVER,
    Action.HAND_OVER: Stage.HAND_OVER,
    Action.RETURN: Stage.DEVICES,
}
_OVER = frozenset({Why.REVOKED, Why.EXPIRED, Why.SUPERSEDED})


def decide(
    atlas: Atlas,
    certificates: Mapping[int, Certificate],
    lines: Mapping[int, Line],
) -> list[Line]:
    """Return a line for every device; ``lines`` are those of the certificates, by key."""
    found = []
    for device in atlas.devices.values():
        key = device.certificate
        certificate = certificates.get(key) if key else None
        line = lines.get(key) if key else None
        found.append(_line(atlas, device, certificate, line))
    return found


def _line(atlas: Atlas, device: Device, certificate: Certificate | None, line: Line | None) -> Line:
    decided = atlas.world.decided.get((About.DEVICE, device.pk)) if atlas.world.decided else None
    if device.custody in ages.AWAY and device.custody not in ("allocated", "on_its_way"):
        return _kept(device, Why.NOT_AT_AGENCY)
    answer = _answer(atlas, device, certificate)
    if decided is not None and decided.action == Action.REPORT_LOSS:
        answer = Answer.DEVICE_NOT_FOUND.value
    if endings.is_lost(device, answer):
        return _lost(atlas, device, line)
    if decided is not None and decided.action != Action.SETTLE:
        return _as_decided(atlas, device, decided)
    if device.custody in ages.COMING_BACK:
        return _kept(device, Why.ON_ITS_WAY_BACK)
    if certificate is None or line is None:
        return _without_certificate(atlas, device)
    return _with_certificate(atlas, device, certificate, line)


def _answer(atlas: Atlas, device: Device, certificate: Certificate | None) -> str:
    replies = atlas.world.replies
    if not replies:
        return ""
    reply = replies.get((About.DEVICE, device.pk))
    if reply is None and certificate is not None:
        reply = replies.get((About.CERTIFICATE, certificate.pk))
    return reply.answer if reply else ""


def _lost(atlas: Atlas, device: Device, line: Line | None) -> Line:
    """Điều 20: Mẫu 09 at once, beside the revocation; not again when it was made already."""
    if line is not None and line.reason == Why.NOT_INVOLVED:
        return _kept(device, Why.NOT_INVOLVED)
    is_over = line is None or line.reason in _OVER
    if device.condition == ages.LOST and is_over:
        return _kept(device, Why.LOST_ALREADY)
    sender = (line.sender if line else None) or atlas.road(device.body).sender
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


def _without_certificate(atlas: Atlas, device: Device) -> Line:
    road = atlas.road(device.body)
    if device.certificate is not None:
        return _kept(device, Why.NOT_INVOLVED)
    if road.home is None:
        if road.fate == Fate.OUTSIDE:
            return _kept(device, Why.NOT_INVOLVED)
        return _open(device, road)
    reply = atlas.reply(About.DEVICE, device.pk)
    if reply is not None and reply.answer in (Answer.NOT_NEEDED, Answer.LEFT):
        return _act(device, Action.RETURN, Why.NOT_IN_USE, road.home.pk)
    if road.fate == Fate.ABSORBED:
        return _act(device, Action.HAND_OVER, Why.NOT_IN_USE, road.home.pk)
    return _kept(device, Why.NOT_IN_USE)


def _with_certificate(atlas: Atlas, device: Device, certificate: Certificate, line: Line) -> Line:
    road = atlas.road(device.body)
    sender = line.sender or road.sender
    if line.action == Action.SETTLE:
        return _open(device, road)
    if line.action == Action.REVOKE or line.reason == Why.REVOCATION_PENDING:
        return _act(device, Action.RETURN, Why.AFTER_REVOCATION, sender, line=line)
    if line.action == Action.ISSUE or line.reason == Why.ENDS_BY_ITSELF:
        return _act(device, Action.RETURN, Why.REPLACED, sender, line=line)
    if line.reason in (Why.EXPIRED, Why.REVOKED):
        if road.fate == Fate.OUTSIDE:
            return _kept(device, Why.NOT_INVOLVED)
        why = Why.AFTER_EXPIRY if line.reason == Why.EXPIRED else Why.AFTER_REVOCATION
        return _act(device, Action.RETURN, why, sender, line=line)
    return _staying(device, certificate, line, road)


def _staying(device: Device, certificate: Certificate, line: Line, road: Road) -> Line:
    """Return the line of a device whose certificate goes on: it stays with it."""
    changes_hands = certificate.kind == "organisation" and road.fate == Fate.ABSORBED
    if device.condition == ages.LOCKED and line.action == Action.CHANGE:
        warnings = (Warn.HAND_OVER_TOO,) if changes_hands else ()
        why = Why.LOCKED_BEFORE_CHANGE
        return _act(device, Action.RECOVER, why, line.sender, line=line, warnings=warnings)
    if changes_hands and road.home is not None:
        return _act(device, Action.HAND_OVER, Why.TO_NEW_CLERK, road.home.pk, line=line)
    warnings = (Warn.DEVICE_LOCKED,) if device.condition == ages.LOCKED else ()
    return _kept(device, Why.STAYS_WITH_CERTIFICATE, warnings, is_open=line.is_open)


def _as_decided(atlas: Atlas, device: Device, decided: Decided) -> Line:
    sender = decided.to or atlas.road(device.body).sender
    action = Action(decided.action)
    heir = atlas.world.targets.get(sender or 0)
    is_done = (
        action == Action.KEEP
        or (action == Action.HAND_OVER and heir is not None and heir.agency == device.body)
        or (action == Action.RECOVER and device.condition != ages.LOCKED)
    )
    return _kept(device, Why.SETTLED) if is_done else _act(device, action, Why.SETTLED, sender)


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


def _open(device: Device, road: Road) -> Line:
    return Line(
        About.DEVICE,
        device.pk,
        device.body,
        Action.SETTLE,
        endings.why_open(road),
        Stage.NOTHING,
        is_open=True,
    )
