"""Certificates of people and of systems: DOMAIN 4.4."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from orgmerge.codes import Warn, Why
from orgmerge.deciding import ages, endings
from orgmerge.deciding.roads import Atlas, Fate, Road
from orgmerge.facts import Certificate, Decided, Device, Line, Reply, Target
from orgmerge.words import About, Action, Answer, Stage

_OF_CONDITION = {ages.LOST: Why.DEVICE_LOST, ages.DAMAGED: Why.DEVICE_DAMAGED}
# Said of a device not found too: the need goes on, the device does not.
_CONTINUES = frozenset({Answer.CONTINUES, Answer.MOVES, Answer.DEVICE_NOT_FOUND})


def decide(atlas: Atlas, held: Mapping[int, Sequence[Certificate]]) -> dict[int, Line]:
    """Return the line of every certificate of a person or a system, by its key; ``held`` are the
    certificates by holder."""
    lines = {one.pk: _line(atlas, one) for several in held.values() for one in several}
    for several in held.values():
        if len(several) > 1:
            _compare(atlas, several, lines)
    return lines


def _compare(atlas: Atlas, several: Sequence[Certificate], lines: dict[int, Line]) -> None:
    """Look at what one holder has that goes on, each sort of storage for itself."""
    going_on: dict[str, list[Certificate]] = {}
    for certificate in several:
        if _goes_on(lines[certificate.pk]):
            going_on.setdefault(certificate.storage, []).append(certificate)
    for alike in going_on.values():
        if len(alike) > 1:
            _keep_the_best(atlas, alike, lines)


def reply_about(atlas: Atlas, certificate: Certificate) -> Reply | None:
    """Return what was answered of a certificate, of its device or of whoever holds it."""
    replies = atlas.world.replies
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


def settled(atlas: Atlas, certificate: Certificate) -> Reply | None:
    """Return a person's decision about a certificate, or about its holder, as an answer."""
    decided = atlas.world.decided
    if not decided:
        return None
    reply = reply_about(atlas, certificate)
    own = decided.get((About.CERTIFICATE, certificate.pk))
    if own is not None and own.action != Action.SETTLE:
        return _as_answer(own, reply)
    of_holder = decided.get((About.SUBSCRIBER, certificate.subscriber))
    of_holder = of_holder or atlas.placed.get(certificate.subscriber)
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


def destination(road: Road, reply: Reply | None, targets: Mapping[int, Target]) -> Target | None:
    """Return the target a person or a system goes to; None where nobody has said."""
    if reply is not None and reply.to is not None:
        return targets.get(reply.to)
    if reply is not None and reply.answer == Answer.CONTINUES and road.own is not None:
        return road.own
    return road.home


def _line(atlas: Atlas, certificate: Certificate) -> Line:
    road = atlas.road(certificate.body)
    over = endings.already(certificate, atlas.world.day)
    if over is None and road.fate == Fate.OUTSIDE:
        over = Why.NOT_INVOLVED
    if over is not None:
        return endings.kept(certificate, over)
    return _of_body_involved(atlas, certificate, road)


def _of_body_involved(atlas: Atlas, certificate: Certificate, road: Road) -> Line:
    decided, word, reply = "", None, None
    if not atlas.is_silent:
        decided, word = _decided(atlas, certificate), settled(atlas, certificate)
        reply = word or reply_about(atlas, certificate)
    if decided == Action.KEEP:
        return endings.kept(certificate, Why.SETTLED)
    ends = _ends(certificate, atlas.device_of(certificate), reply)
    target = destination(road, reply, atlas.world.targets)
    if ends is not None:
        return _revoked(certificate, ends, road, target)
    if reply is not None and reply.answer == Answer.MOVES and reply.to is None:
        return endings.kept(certificate, Why.MOVES_OUTSIDE)
    if target is None:
        return endings.left_open(certificate, road, warnings=_silence(reply))
    if decided == Action.ISSUE:
        return _issued_as_decided(atlas, certificate, target)
    return _going_over(atlas, certificate, target, reply, is_settled=word is not None)


def _ends(certificate: Certificate, device: Device | None, reply: Reply | None) -> Why | None:
    """Return why the certificate ends wherever its holder goes (R22, R23, R25)."""
    condition = device.condition if device is not None else ages.OK
    if reply is None:
        return _OF_CONDITION.get(condition)
    answer = reply.answer
    if endings.is_lost(device, answer):
        return Why.DEVICE_LOST
    if answer == Answer.LEFT:
        return Why.PERSON_LEFT
    if answer == Answer.NOT_NEEDED:
        return Why.STOPS_OPERATING if certificate.kind == "system" else Why.NEED_ENDED
    return _OF_CONDITION.get(condition)


def _revoked(certificate: Certificate, why: Why, road: Road, target: Target | None) -> Line:
    # DOMAIN 4.3: 04 and 05 of individuals are one step; only then what is left of the bodies.
    sender = target.pk if target is not None else road.sender
    warnings = [Warn.SUPERIOR_FILES] if sender is None else []
    return endings.line(certificate, why, stage=Stage.PEOPLE, sender=sender, warnings=warnings)


def _decided(atlas: Atlas, certificate: Certificate) -> str:
    found = atlas.world.decided.get((About.CERTIFICATE, certificate.pk))
    return found.action if found else ""


def _issued_as_decided(atlas: Atlas, certificate: Certificate, target: Target) -> Line:
    """Điều 21: in the last 30 days a new one is issued beside it, before that only after its
    revocation (the holder's line then asks for the new one)."""
    if ages.days_left(certificate, atlas.world.day) < ages.DAYS_LEFT_TO_ASK:
        return _anew(certificate, target, [])
    return endings.line(certificate, Why.SETTLED, stage=Stage.PEOPLE, sender=target.pk)


def _going_over(
    atlas: Atlas,
    certificate: Certificate,
    target: Target,
    reply: Reply | None,
    *,
    is_settled: bool,
) -> Line:
    """Return the line of a certificate whose holder goes on under ``target``."""
    passage = atlas.passage(certificate.body, target)
    changes = passage.changes(certificate, reply.email if reply else "")
    day = atlas.world.day
    silence = _silence(reply)
    if certificate.shows_title and (changes or (reply and reply.position)) and not is_settled:
        return _with_title(certificate, target, reply)
    if not changes:
        warnings = endings.age_warnings(certificate, day)
        if target.key not in certificate.names and certificate.names:
            warnings.append(Warn.AGENCY_NOT_NAMED)
        return endings.kept(certificate, Why.NOTHING_CHANGES, warnings=warnings)
    if ages.days_left(certificate, day) < ages.DAYS_LEFT_TO_ASK:
        return _anew(certificate, target, silence)
    device = atlas.device_of(certificate)
    warnings = endings.change_warnings(certificate, device, passage, reply, day) + silence
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


def _with_title(certificate: Certificate, target: Target, reply: Reply | None) -> Line:
    """C10, Điều 17 khoản 2: a title that no longer fits can't be changed. While nobody has said
    what the person's title is from now on, the line waits for a word."""
    said = reply is not None and bool(reply.position)
    return endings.line(
        certificate,
        Why.TITLE_NO_LONGER_FITS,
        stage=Stage.PEOPLE,
        sender=target.pk,
        is_open=not said,
        warnings=[Warn.TITLE_SHOWN, *_silence(reply)],
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


def _keep_the_best(atlas: Atlas, several: list[Certificate], lines: dict[int, Line]) -> None:
    """R45: one personal certificate is enough. The one that is good longest is kept, a person
    decides about the others; what was replaced by a new one ends by itself (DOMAIN 14.2)."""
    best = min(several, key=lambda one: _worth(atlas, one))
    for certificate in several:
        line = lines[certificate.pk]
        if certificate is best:
            continue
        if _is_ending(atlas, certificate) and not _is_ending(atlas, best):
            lines[certificate.pk] = endings.kept(certificate, Why.ENDS_BY_ITSELF)
            continue
        if certificate.kind != "person" or _decided(atlas, certificate):
            continue
        home = line.sender or atlas.road(certificate.body).sender
        lines[certificate.pk] = endings.line(
            certificate,
            Why.SECOND_CERTIFICATE,
            stage=Stage.REVOKE,
            sender=home,
            successor=best.pk,
            is_open=True,
            warnings=[one for one in line.warnings if one == Warn.NO_ANSWER],
        )


def _is_ending(atlas: Atlas, certificate: Certificate) -> bool:
    return ages.days_left(certificate, atlas.world.day) < ages.DAYS_LEFT_TO_ASK


def _worth(atlas: Atlas, certificate: Certificate) -> tuple[object, ...]:
    said = needs_one(reply_about(atlas, certificate))
    return (
        _is_ending(atlas, certificate),
        not _decided(atlas, certificate),
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
