"""Certificates of people and of systems: DOMAIN 4.4."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from orgmerge.planner import certificates, validity
from orgmerge.planner.codes import Warn, Why
from orgmerge.planner.facts import Certificate, Decided, Device, Line, Reply, Target
from orgmerge.planner.successors import BodyChange, BodyOutcome, PlanningContext
from orgmerge.vocabulary import About, Action, Answer, Stage

_OF_CONDITION = {validity.LOST: Why.DEVICE_LOST, validity.DAMAGED: Why.DEVICE_DAMAGED}
# Said of a device not found too: the need goes on, the device does not.
_CONTINUES = frozenset({Answer.CONTINUES, Answer.MOVES, Answer.DEVICE_NOT_FOUND})


def decide(context: PlanningContext, held: Mapping[int, Sequence[Certificate]]) -> dict[int, Line]:
    """Return the line of every certificate of a person or a system, by its key; ``held`` are the
    certificates by holder."""
    lines = {one.pk: _line(context, one) for several in held.values() for one in several}
    for several in held.values():
        if len(several) > 1:
            # Look at what one holder has that goes on, each sort of storage for itself.
            going_on: dict[str, list[Certificate]] = {}
            for certificate in several:
                if _goes_on(lines[certificate.pk]):
                    going_on.setdefault(certificate.storage, []).append(certificate)
            for alike in going_on.values():
                if len(alike) > 1:
                    # R45: one personal certificate is enough. The one that is good longest is kept,
                    # a person decides about the others; what was replaced by a new one ends by
                    # itself (DOMAIN 14.2).
                    best = min(alike, key=lambda one: _worth(context, one))
                    for each in alike:
                        line = lines[each.pk]
                        if each is best:
                            continue
                        if _is_ending(context, each) and not _is_ending(context, best):
                            lines[each.pk] = certificates.kept(each, Why.ENDS_BY_ITSELF)
                            continue
                        if each.kind != "person" or _decided(context, each):
                            continue
                        home = line.sender or context.outcome(each.body).sender
                        lines[each.pk] = certificates.line(
                            each,
                            Why.SECOND_CERTIFICATE,
                            stage=Stage.REVOKE,
                            sender=home,
                            successor=best.pk,
                            is_open=True,
                            warnings=[one for one in line.warnings if one == Warn.NO_ANSWER],
                        )
    return lines


def reply_about(context: PlanningContext, certificate: Certificate) -> Reply | None:
    """Return what was answered of a certificate, of its device or of whoever holds it."""
    replies = context.world.replies
    if not replies:
        return None
    own = replies.get((About.CERTIFICATE, certificate.pk)) or replies.get(
        (About.DEVICE, certificate.device or 0)
    )
    if own is not None:
        return own
    of_holder = replies.get((About.SUBSCRIBER, certificate.subscriber))
    # Which device was not found, a word about the person does not say.
    is_vague = of_holder is not None and of_holder.answer == Answer.DEVICE_NOT_FOUND
    return None if is_vague else of_holder


def settled(context: PlanningContext, certificate: Certificate) -> Reply | None:
    """Return a person's decision about a certificate, or about its holder, as an answer."""
    decided = context.world.decided
    if not decided:
        return None
    reply = reply_about(context, certificate)
    own = decided.get((About.CERTIFICATE, certificate.pk))
    if own is not None and own.action != Action.SETTLE:
        return _as_answer(own, reply)
    of_holder = decided.get((About.SUBSCRIBER, certificate.subscriber))
    of_holder = of_holder or context.placed.get(certificate.subscriber)
    if of_holder is None or of_holder.action == Action.SETTLE:
        return None
    if reply is not None and reply.answer not in _CONTINUES - {Answer.DEVICE_NOT_FOUND}:
        return replace(reply, to=of_holder.to)  # where to, not whether
    return _as_answer(of_holder, reply)


def _as_answer(decided: Decided, reply: Reply | None) -> Reply:
    match decided.action:
        case Action.REVOKE | Action.RETURN:
            return Reply(Answer.NOT_NEEDED, to=decided.to)
        case Action.REPORT_LOSS:
            return Reply(Answer.DEVICE_NOT_FOUND, to=decided.to)
    answer = Answer.CONTINUES if decided.to is None else Answer.MOVES
    return replace(reply or Reply(answer), answer=answer, to=decided.to)


def needs_one(reply: Reply | None) -> bool:
    """Say whether somebody said that the need goes on."""
    return reply is not None and reply.answer in _CONTINUES


def destination(
    outcome: BodyOutcome, reply: Reply | None, targets: Mapping[int, Target]
) -> Target | None:
    """Return the target a person or a system goes to; None where nobody has said."""
    if reply is not None and reply.to is not None:
        return targets.get(reply.to)
    if reply is not None and reply.answer == Answer.CONTINUES and outcome.own is not None:
        return outcome.own
    return outcome.successor


def _line(context: PlanningContext, certificate: Certificate) -> Line:
    outcome = context.outcome(certificate.body)
    over = certificates.already(certificate, context.world.day)
    if over is None and outcome.change == BodyChange.OUTSIDE:
        over = Why.NOT_INVOLVED
    if over is not None:
        return certificates.kept(certificate, over)
    return _of_body_involved(context, certificate, outcome)


def _of_body_involved(
    context: PlanningContext, certificate: Certificate, outcome: BodyOutcome
) -> Line:
    decided, word, reply = "", None, None
    if not context.is_silent:
        decided, word = _decided(context, certificate), settled(context, certificate)
        reply = word or reply_about(context, certificate)
    if decided == Action.KEEP:
        return certificates.kept(certificate, Why.SETTLED)
    ends = _ends(certificate, context.device_of(certificate), reply)
    target = destination(outcome, reply, context.world.targets)
    if ends is not None:
        # DOMAIN 4.3: 04 and 05 of individuals are one step; only then what is left of the bodies.
        sender = target.pk if target is not None else outcome.sender
        warnings = [Warn.SUPERIOR_FILES] if sender is None else []
        return certificates.line(
            certificate, ends, stage=Stage.PEOPLE, sender=sender, warnings=warnings
        )
    if reply is not None and reply.answer == Answer.MOVES and reply.to is None:
        return certificates.kept(certificate, Why.MOVES_OUTSIDE)
    if target is None:
        return certificates.left_open(certificate, outcome, warnings=_silence(reply))
    if decided == Action.ISSUE:
        return _issued_as_decided(context, certificate, target)
    return _going_over(context, certificate, target, reply, is_settled=word is not None)


def _ends(certificate: Certificate, device: Device | None, reply: Reply | None) -> Why | None:
    """Return why the certificate ends wherever its holder goes (R22, R23, R25)."""
    condition = device.condition if device is not None else validity.OK
    if reply is None:
        return _OF_CONDITION.get(condition)
    answer = reply.answer
    if certificates.is_lost(device, answer):
        return Why.DEVICE_LOST
    if answer == Answer.LEFT:
        return Why.PERSON_LEFT
    if answer == Answer.NOT_NEEDED:
        return Why.STOPS_OPERATING if certificate.kind == "system" else Why.NEED_ENDED
    return _OF_CONDITION.get(condition)


def _decided(context: PlanningContext, certificate: Certificate) -> str:
    found = context.world.decided.get((About.CERTIFICATE, certificate.pk))
    return found.action if found else ""


def _issued_as_decided(context: PlanningContext, certificate: Certificate, target: Target) -> Line:
    """Điều 21: in the last 30 days a new one is issued beside it, before that only after its
    revocation (the holder's line then asks for the new one)."""
    if validity.days_left(certificate, context.world.day) < validity.DAYS_LEFT_TO_ASK:
        return _anew(certificate, target, [])
    return certificates.line(certificate, Why.SETTLED, stage=Stage.PEOPLE, sender=target.pk)


def _going_over(
    context: PlanningContext,
    certificate: Certificate,
    target: Target,
    reply: Reply | None,
    *,
    is_settled: bool,
) -> Line:
    """Return the line of a certificate whose holder goes on under ``target``."""
    name_changes = context.name_changes(certificate.body, target)
    changes = name_changes.changes(certificate, reply.email if reply else "")
    day = context.world.day
    silence = _silence(reply)
    if certificate.shows_title and (changes or (reply and reply.position)) and not is_settled:
        # C10, Điều 17 khoản 2: a title that no longer fits can't be changed. While nobody has said
        # what the person's title is from now on, the line waits for a word.
        said = reply is not None and bool(reply.position)
        return certificates.line(
            certificate,
            Why.TITLE_NO_LONGER_FITS,
            stage=Stage.PEOPLE,
            sender=target.pk,
            is_open=not said,
            warnings=[Warn.TITLE_SHOWN, *_silence(reply)],
        )
    if not changes:
        warnings = certificates.age_warnings(certificate, day)
        if target.key not in certificate.names and certificate.names:
            warnings.append(Warn.AGENCY_NOT_NAMED)
        return certificates.kept(certificate, Why.NOTHING_CHANGES, warnings=warnings)
    if validity.days_left(certificate, day) < validity.DAYS_LEFT_TO_ASK:
        return _anew(certificate, target, silence)
    device = context.device_of(certificate)
    warnings = certificates.change_warnings(certificate, device, name_changes, reply, day) + silence
    if certificate.shows_title:
        warnings.append(Warn.TITLE_SHOWN)
    is_moving = reply is not None and reply.answer == Answer.MOVES
    return Line(
        About.CERTIFICATE,
        certificate.pk,
        certificate.body,
        Action.CHANGE,
        Why.MOVES if is_moving else changes[0],
        Stage.PEOPLE,
        form="04",
        sender=target.pk,
        warnings=tuple(warnings),
    )


def _anew(certificate: Certificate, target: Target, silence: Sequence[str]) -> Line:
    """R08, DOMAIN 14.2: too late to change, so issued anew; the old one ends by itself."""
    warnings = [Warn.UNDER_30_DAYS, *silence]
    if certificate.storage == "rssp":
        warnings.append(Warn.CENTRAL_SIGNING)
    return Line(
        About.CERTIFICATE,
        certificate.pk,
        certificate.body,
        Action.ISSUE,
        Why.TOO_LATE_TO_CHANGE,
        Stage.PEOPLE,
        form="03" if certificate.kind == "system" else "01",
        sender=target.pk,
        warnings=tuple(warnings),
    )


def _is_ending(context: PlanningContext, certificate: Certificate) -> bool:
    return validity.days_left(certificate, context.world.day) < validity.DAYS_LEFT_TO_ASK


def _worth(context: PlanningContext, certificate: Certificate) -> tuple[object, ...]:
    said = needs_one(reply_about(context, certificate))
    return (
        _is_ending(context, certificate),
        not _decided(context, certificate),
        not said,
        -certificate.not_after.toordinal(),
        bool(certificate.pending),
        certificate.pk,
    )


def _goes_on(line: Line) -> bool:
    if line.reason == Why.MOVES_OUTSIDE:
        return False
    if line.action == Action.KEEP:
        return line.reason in (Why.NOTHING_CHANGES, Why.SETTLED)
    return line.action in (Action.CHANGE, Action.ISSUE)


def _silence(reply: Reply | None) -> list[str]:
    return [] if reply is not None and reply.answer else [Warn.NO_ANSWER]
