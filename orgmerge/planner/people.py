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
# Warnings that hold whatever is done about the certificate.
_OF_THE_PERSON = frozenset({Warn.NO_ANSWER, Warn.STAYS_WITH_NAMESAKE, Warn.UNIT_ENDS})


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
            # R45: one certificate is enough for a person; a system may have one of each storage.
            alike: dict[str, list[KnownCertificate]] = {}
            for certificate in several:
                if _goes_on(lines[certificate.pk]):
                    sort = certificate.storage if certificate.kind == "system" else ""
                    alike.setdefault(sort, []).append(certificate)
            for some in alike.values():
                if len(some) > 1:
                    _choose_one(context, some, lines)
                _say_which_stays(context, several, some, lines)
    return lines


def _choose_one(
    context: PlanningContext, alike: Sequence[KnownCertificate], lines: dict[int, PlannerLine]
) -> None:
    """Propose which of one holder's certificates is kept; a person decides about the others
    (DOMAIN 14.18). What was replaced by a new one ends by itself (14.2)."""
    cases = [PersonalCase(context, one) for one in alike]
    lasting = [case for case in cases if not case.is_ending()]
    if lasting:
        for case in cases:
            if case.is_ending():
                kept = certificates.kept(case.certificate, Why.ENDS_BY_ITSELF)
                lines[case.certificate.pk] = kept
    # A person's word that one is kept beside another stands.
    cases = [case for case in lasting or cases if case.decided_action() != LineAction.KEEP]
    if not cases[1:] or cases[0].certificate.kind != "person":
        return
    best = min(cases, key=PersonalCase.worth)
    for case in cases:
        if case is best:
            continue
        line = lines[case.certificate.pk]
        lines[case.certificate.pk] = certificates.line(
            case.certificate,
            Why.SECOND_CERTIFICATE,
            stage=LineStage.REVOKE,
            sender=line.sender or context.outcome(case.certificate.body).sender,
            successor=best.certificate.pk,
            is_open=True,
            warnings=[
                *case.why_less_than(best),
                *(one for one in line.warnings if one in _OF_THE_PERSON),
            ],
        )


def _say_which_stays(
    context: PlanningContext,
    several: Sequence[KnownCertificate],
    staying: Sequence[KnownCertificate],
    lines: Mapping[int, PlannerLine],
) -> None:
    """Name the certificate that stays in the line of one that a person decided to end."""
    for each in several:
        line = lines[each.pk]
        is_decided = PersonalCase(context, each).decided_action() == LineAction.REVOKE
        if line.reason == Why.NEED_ENDED and is_decided:
            line.reason = Why.SECOND_CERTIFICATE
            line.successor = min(staying, key=lambda one: PersonalCase(context, one).worth()).pk


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
    of_holder = decided.get((LineAbout.SUBSCRIBER, certificate.subscriber))
    of_holder = of_holder or context.placed.get(certificate.subscriber)
    if own is not None and own.action != LineAction.SETTLE:
        # What was said before of the way stands where this decision tells none.
        way = own.to or (reply.to if reply else None) or (of_holder.to if of_holder else None)
        return _as_answer(replace(own, to=way), reply)
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
    """Return the target a person or a system goes to; None where nobody has said.

    People of a divided body stay with the one that bears its name (DOMAIN 14.17).
    """
    if reply is not None and reply.to is not None:
        return targets.get(reply.to)
    if reply is not None and reply.answer == ReviewAnswer.CONTINUES and outcome.own is not None:
        return outcome.own
    return outcome.successor or outcome.namesake


def what_to_know(outcome: BodyOutcome, reply: Reply | None) -> tuple[str, ...]:
    """Say where nobody told where a person of a divided body goes and a name alone tells (DOMAIN
    14.17), and where nobody told the new unit of one whose unit ends with its body (14.21)."""
    is_told = reply is not None and (
        reply.to is not None or (reply.answer == ReviewAnswer.CONTINUES and outcome.own is not None)
    )
    found: list[str] = []
    if outcome.successor is None and outcome.namesake is not None and not is_told:
        found.append(Warn.STAYS_WITH_NAMESAKE)
    if outcome.unit_of is not None and outcome.has_ended and not (reply and reply.unit):
        found.append(Warn.UNIT_ENDS)
    return tuple(found)


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
        ends = self.why_it_ends(self.context.device_of(self.certificate), reply)
        target = destination(outcome, reply, self.context.world.targets)
        if decided == LineAction.KEEP and target is None:
            return certificates.kept(self.certificate, Why.SETTLED)
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
        line = self.with_its_holder(target, reply, is_settled=word is not None)
        if decided == LineAction.KEEP and line.action == LineAction.KEEP:
            line.reason = Why.SETTLED
        if outcome.is_district and word is None and (reply is None or reply.to is None):
            line.reason, line.is_open = Why.DISTRICT, True  # DOMAIN 14.20
        if outcome.namesake is not None or outcome.unit_of is not None:
            line.warnings += what_to_know(outcome, reply)
        return line

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
        revocation (the holder's line then asks for the new one). So it is where a person says that
        the title in it no longer fits (DOMAIN 14.19)."""
        if validity.days_left(self.certificate, self.context.world.day) < validity.DAYS_LEFT_TO_ASK:
            return self.anew(target, [])
        why = Why.TITLE_NO_LONGER_FITS if self.certificate.shows_title else Why.SETTLED
        return certificates.line(self.certificate, why, stage=LineStage.PEOPLE, sender=target.pk)

    def with_its_holder(
        self, target: Target, reply: Reply | None, *, is_settled: bool
    ) -> PlannerLine:
        """Return the line of a certificate whose holder goes on under ``target``."""
        name_changes = self.context.name_changes(self.certificate.body, target)
        changes = name_changes.changes(self.certificate, reply.email if reply else "")
        day = self.context.world.day
        silence = _silence(reply)
        asks_title = self.certificate.shows_title and not is_settled
        if asks_title and reply is not None and reply.position:
            # C10, Điều 17 khoản 2: a title that no longer fits can't be changed.
            return certificates.line(
                self.certificate,
                Why.TITLE_NO_LONGER_FITS,
                stage=LineStage.PEOPLE,
                sender=target.pk,
                warnings=[Warn.TITLE_SHOWN, *silence],
            )
        if not changes:
            warnings = certificates.age_warnings(self.certificate, day)
            if target.key not in self.certificate.names and self.certificate.names:
                warnings.append(Warn.AGENCY_NOT_NAMED)
            passes_to = target.pk if target.agency != self.certificate.body else None
            return certificates.kept(
                self.certificate, Why.NOTHING_CHANGES, warnings=warnings, sender=passes_to
            )
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
        why = Why.MOVES if is_moving else changes[0]
        return PlannerLine(
            LineAbout.CERTIFICATE,
            self.certificate.pk,
            self.certificate.body,
            LineAction.CHANGE,
            Why.TITLE_STAYS if asks_title else why,  # DOMAIN 14.19: 04 leaves the title as it is
            LineStage.PEOPLE,
            form="04",
            sender=target.pk,
            is_open=asks_title,
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
        """The key by which one is kept, the best first: on a device before RSSP and soft keys,
        then the later end (DOMAIN 14.18); before that what people said."""
        said = needs_one(reply_about(self.context, self.certificate))
        return (
            self.is_ending(),
            not self.decided_action(),
            not said,
            self.certificate.storage not in validity.ON_DEVICES,
            -self.certificate.not_after.toordinal(),
            bool(self.certificate.pending),
            self.certificate.pk,
        )

    def why_less_than(self, best: PersonalCase) -> list[str]:
        """Return why it is proposed to keep ``best`` and not this one."""
        mine, other = self.certificate, best.certificate
        if other.storage in validity.ON_DEVICES and mine.storage not in validity.ON_DEVICES:
            return [Warn.OTHER_ON_DEVICE]
        return [Warn.OTHER_LASTS_LONGER] if other.not_after > mine.not_after else []


def _goes_on(line: PlannerLine) -> bool:
    if line.reason == Why.MOVES_OUTSIDE:
        return False
    if line.action == LineAction.KEEP:
        return line.reason in (Why.NOTHING_CHANGES, Why.SETTLED)
    return line.action in (LineAction.CHANGE, LineAction.ISSUE)


def _silence(reply: Reply | None) -> list[str]:
    return [] if reply is not None and reply.answer else [Warn.NO_ANSWER]
