"""Certificates of people and of systems: DOMAIN 4.4."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from orgmerge.planner import certificates, validity
from orgmerge.planner.codes import Warn, Why
from orgmerge.planner.facts import (
    Decided,
    KnownCertificate,
    KnownDevice,
    PlannerLine,
    Reply,
    Target,
)
from orgmerge.planner.successors import BodyChange, BodyOutcome, PlanningContext
from orgmerge.vocabulary import LineAbout, LineAction, LineStage, ReviewAnswer

_OF_CONDITION = {validity.LOST: Why.DEVICE_LOST, validity.DAMAGED: Why.DEVICE_DAMAGED}
# Said of a device not found too: the need goes on, the device does not.
_CONTINUES = frozenset({ReviewAnswer.CONTINUES, ReviewAnswer.MOVES, ReviewAnswer.DEVICE_NOT_FOUND})


def decide(
    context: PlanningContext, held: Mapping[int, Sequence[KnownCertificate]]
) -> dict[int, PlannerLine]:
    """Return the line of every certificate of a person or a system, by its key; ``held`` are the
    certificates by holder."""
    lines = {
        one.pk: PersonalCase(context, one).decide() for several in held.values() for one in several
    }
    for several in held.values():
        if len(several) > 1:
            # Look at what one holder has that goes on, each sort of storage for itself.
            going_on: dict[str, list[KnownCertificate]] = {}
            for certificate in several:
                if _goes_on(lines[certificate.pk]):
                    going_on.setdefault(certificate.storage, []).append(certificate)
            for alike in going_on.values():
                if len(alike) > 1:
                    # R45: one personal certificate is enough. The one that is good longest is kept,
                    # a person decides about the others; what was replaced by a new one ends by
                    # itself (DOMAIN 14.2).
                    best = min(alike, key=lambda one: PersonalCase(context, one).worth())
                    for each in alike:
                        line = lines[each.pk]
                        if each is best:
                            continue
                        if (
                            PersonalCase(context, each).is_ending()
                            and not PersonalCase(context, best).is_ending()
                        ):
                            lines[each.pk] = certificates.kept(each, Why.ENDS_BY_ITSELF)
                            continue
                        if each.kind != "person" or PersonalCase(context, each).decided_action():
                            continue
                        home = line.sender or context.outcome(each.body).sender
                        lines[each.pk] = certificates.line(
                            each,
                            Why.SECOND_CERTIFICATE,
                            stage=LineStage.REVOKE,
                            sender=home,
                            successor=best.pk,
                            is_open=True,
                            warnings=[one for one in line.warnings if one == Warn.NO_ANSWER],
                        )
    return lines


def reply_about(context: PlanningContext, certificate: KnownCertificate) -> Reply | None:
    """Return what was answered of a certificate, of its device or of whoever holds it."""
    replies = context.world.replies
    if not replies:
        return None
    own = replies.get((LineAbout.CERTIFICATE, certificate.pk)) or replies.get(
        (LineAbout.DEVICE, certificate.device or 0)
    )
    if own is not None:
        return own
    of_holder = replies.get((LineAbout.SUBSCRIBER, certificate.subscriber))
    # Which device was not found, a word about the person does not say.
    is_vague = of_holder is not None and of_holder.answer == ReviewAnswer.DEVICE_NOT_FOUND
    return None if is_vague else of_holder


def settled(context: PlanningContext, certificate: KnownCertificate) -> Reply | None:
    """Return a person's decision about a certificate, or about its holder, as an answer."""
    decided = context.world.decided
    if not decided:
        return None
    reply = reply_about(context, certificate)
    own = decided.get((LineAbout.CERTIFICATE, certificate.pk))
    if own is not None and own.action != LineAction.SETTLE:
        return _as_answer(own, reply)
    of_holder = decided.get((LineAbout.SUBSCRIBER, certificate.subscriber))
    of_holder = of_holder or context.placed.get(certificate.subscriber)
    if of_holder is None or of_holder.action == LineAction.SETTLE:
        return None
    if reply is not None and reply.answer not in _CONTINUES - {ReviewAnswer.DEVICE_NOT_FOUND}:
        return replace(reply, to=of_holder.to)  # where to, not whether
    return _as_answer(of_holder, reply)


def _as_answer(decided: Decided, reply: Reply | None) -> Reply:
    match decided.action:
        case LineAction.REVOKE | LineAction.RETURN:
            return Reply(ReviewAnswer.NOT_NEEDED, to=decided.to)
        case LineAction.REPORT_LOSS:
            return Reply(ReviewAnswer.DEVICE_NOT_FOUND, to=decided.to)
    answer = ReviewAnswer.CONTINUES if decided.to is None else ReviewAnswer.MOVES
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
    if reply is not None and reply.answer == ReviewAnswer.CONTINUES and outcome.own is not None:
        return outcome.own
    return outcome.successor


@dataclass(frozen=True, slots=True)
class PersonalCase:
    """One certificate of a person or a system, and what is known of the bodies."""

    context: PlanningContext
    certificate: KnownCertificate

    def decide(self) -> PlannerLine:
        outcome = self.context.outcome(self.certificate.body)
        over = certificates.already(self.certificate, self.context.world.day)
        if over is None and outcome.change == BodyChange.OUTSIDE:
            over = Why.NOT_INVOLVED
        if over is not None:
            return certificates.kept(self.certificate, over)
        return self.decide_of_body_involved(outcome)

    def decide_of_body_involved(self, outcome: BodyOutcome) -> PlannerLine:
        decided, word, reply = "", None, None
        if not self.context.is_silent:
            decided, word = self.decided_action(), settled(self.context, self.certificate)
            reply = word or reply_about(self.context, self.certificate)
        if decided == LineAction.KEEP:
            return certificates.kept(self.certificate, Why.SETTLED)
        ends = self.why_it_ends(self.context.device_of(self.certificate), reply)
        target = destination(outcome, reply, self.context.world.targets)
        if ends is not None:
            # DOMAIN 4.3: 04 and 05 of individuals are one step; only then what is left of the
            # bodies.
            sender = target.pk if target is not None else outcome.sender
            warnings = [Warn.SUPERIOR_FILES] if sender is None else []
            return certificates.line(
                self.certificate, ends, stage=LineStage.PEOPLE, sender=sender, warnings=warnings
            )
        if reply is not None and reply.answer == ReviewAnswer.MOVES and reply.to is None:
            return certificates.kept(self.certificate, Why.MOVES_OUTSIDE)
        if target is None:
            return certificates.left_open(self.certificate, outcome, warnings=_silence(reply))
        if decided == LineAction.ISSUE:
            return self.issued_as_decided(target)
        return self.with_its_holder(target, reply, is_settled=word is not None)

    def why_it_ends(self, device: KnownDevice | None, reply: Reply | None) -> Why | None:
        """Return why the certificate ends wherever its holder goes (R22, R23, R25)."""
        condition = device.condition if device is not None else validity.OK
        if reply is None:
            return _OF_CONDITION.get(condition)
        answer = reply.answer
        if certificates.is_lost(device, answer):
            return Why.DEVICE_LOST
        if answer == ReviewAnswer.LEFT:
            return Why.PERSON_LEFT
        if answer == ReviewAnswer.NOT_NEEDED:
            return Why.STOPS_OPERATING if self.certificate.kind == "system" else Why.NEED_ENDED
        return _OF_CONDITION.get(condition)

    def decided_action(self) -> str:
        found = self.context.world.decided.get((LineAbout.CERTIFICATE, self.certificate.pk))
        return found.action if found else ""

    def issued_as_decided(self, target: Target) -> PlannerLine:
        """Điều 21: in the last 30 days a new one is issued beside it, before that only after its
        revocation (the holder's line then asks for the new one)."""
        if validity.days_left(self.certificate, self.context.world.day) < validity.DAYS_LEFT_TO_ASK:
            return self.anew(target, [])
        return certificates.line(
            self.certificate, Why.SETTLED, stage=LineStage.PEOPLE, sender=target.pk
        )

    def with_its_holder(
        self, target: Target, reply: Reply | None, *, is_settled: bool
    ) -> PlannerLine:
        """Return the line of a certificate whose holder goes on under ``target``."""
        name_changes = self.context.name_changes(self.certificate.body, target)
        changes = name_changes.changes(self.certificate, reply.email if reply else "")
        day = self.context.world.day
        silence = _silence(reply)
        if (
            self.certificate.shows_title
            and (changes or (reply and reply.position))
            and not is_settled
        ):
            # C10, Điều 17 khoản 2: a title that no longer fits can't be changed. While nobody has
            # said what the person's title is from now on, the line waits for a word.
            said = reply is not None and bool(reply.position)
            return certificates.line(
                self.certificate,
                Why.TITLE_NO_LONGER_FITS,
                stage=LineStage.PEOPLE,
                sender=target.pk,
                is_open=not said,
                warnings=[Warn.TITLE_SHOWN, *_silence(reply)],
            )
        if not changes:
            warnings = certificates.age_warnings(self.certificate, day)
            if target.key not in self.certificate.names and self.certificate.names:
                warnings.append(Warn.AGENCY_NOT_NAMED)
            return certificates.kept(self.certificate, Why.NOTHING_CHANGES, warnings=warnings)
        if validity.days_left(self.certificate, day) < validity.DAYS_LEFT_TO_ASK:
            return self.anew(target, silence)
        device = self.context.device_of(self.certificate)
        warnings = (
            certificates.change_warnings(self.certificate, device, name_changes, reply, day)
            + silence
        )
        if self.certificate.shows_title:
            warnings.append(Warn.TITLE_SHOWN)
        is_moving = reply is not None and reply.answer == ReviewAnswer.MOVES
        return PlannerLine(
            LineAbout.CERTIFICATE,
            self.certificate.pk,
            self.certificate.body,
            LineAction.CHANGE,
            Why.MOVES if is_moving else changes[0],
            LineStage.PEOPLE,
            form="04",
            sender=target.pk,
            warnings=tuple(warnings),
        )

    def anew(self, target: Target, silence: Sequence[str]) -> PlannerLine:
        """R08, DOMAIN 14.2: too late to change, so issued anew; the old one ends by itself."""
        warnings = [Warn.UNDER_30_DAYS, *silence]
        if self.certificate.storage == "rssp":
            warnings.append(Warn.CENTRAL_SIGNING)
        return PlannerLine(
            LineAbout.CERTIFICATE,
            self.certificate.pk,
            self.certificate.body,
            LineAction.ISSUE,
            Why.TOO_LATE_TO_CHANGE,
            LineStage.PEOPLE,
            form="03" if self.certificate.kind == "system" else "01",
            sender=target.pk,
            warnings=tuple(warnings),
        )

    def is_ending(self) -> bool:
        return (
            validity.days_left(self.certificate, self.context.world.day) < validity.DAYS_LEFT_TO_ASK
        )

    def worth(self) -> tuple[object, ...]:
        said = needs_one(reply_about(self.context, self.certificate))
        return (
            self.is_ending(),
            not self.decided_action(),
            not said,
            -self.certificate.not_after.toordinal(),
            bool(self.certificate.pending),
            self.certificate.pk,
        )


def _goes_on(line: PlannerLine) -> bool:
    if line.reason == Why.MOVES_OUTSIDE:
        return False
    if line.action == LineAction.KEEP:
        return line.reason in (Why.NOTHING_CHANGES, Why.SETTLED)
    return line.action in (LineAction.CHANGE, LineAction.ISSUE)


def _silence(reply: Reply | None) -> list[str]:
    return [] if reply is not None and reply.answer else [Warn.NO_ANSWER]
