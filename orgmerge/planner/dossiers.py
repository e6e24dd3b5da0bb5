"""Open dossiers and subscribers: what is handed over with the bodies (DOMAIN 4.6, 14.8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from orgmerge.planner import certificates as certificate_lines
from orgmerge.planner import people
from orgmerge.planner.codes import Warn, Why
from orgmerge.planner.facts import (
    Decided,
    KnownCertificate,
    KnownDossier,
    KnownSubscriber,
    PlannerLine,
    Reply,
    Target,
)
from orgmerge.planner.successors import BodyChange, BodyOutcome, PlanningContext
from orgmerge.vocabulary import LineAbout, LineAction, LineStage, ReviewAnswer

# DOMAIN 14.8: these name the body itself and are refiled in the new name while not executed.
_IN_THE_BODYS_NAME = frozenset({"01", "02", "03", "04"})
_BEING_EXECUTED = "executing"
# DOMAIN 4.4, 4.5: these end with a new issue as the next step, whether or not somebody said so.
_WITH_A_NEW_ONE = frozenset({Why.DEVICE_DAMAGED, Why.TITLE_NO_LONGER_FITS})
_AWAY = frozenset({ReviewAnswer.LEFT, ReviewAnswer.NOT_NEEDED})
_STILL_THERE = frozenset({Why.NOTHING_CHANGES, Why.SETTLED, Why.MOVES_OUTSIDE, Why.NOT_INVOLVED})


@dataclass(slots=True)
class Holding:
    """The certificates of one person or system, and the lines that say what becomes of them."""

    certificates: Sequence[KnownCertificate]
    lines: Sequence[PlannerLine]

    @property
    def ending(self) -> list[PlannerLine]:
        """The lines that revoke one."""
        return [line for line in self.lines if line.action == LineAction.REVOKE]

    @property
    def is_provided(self) -> bool:
        """Whether a certificate is left after the plan, or another is asked for in its place."""
        return any(
            line.action in (LineAction.CHANGE, LineAction.ISSUE, LineAction.SETTLE)
            or (line.action == LineAction.KEEP and line.reason in _STILL_THERE)
            for line in self.lines
        )


def decide_dossiers(
    context: PlanningContext, dossiers: Iterable[KnownDossier]
) -> list[PlannerLine]:
    """Return a line for every dossier that has not ended."""
    return [DossierCase(context, dossier).decide() for dossier in dossiers]


def decide_subscribers(
    context: PlanningContext,
    held: Mapping[int, Sequence[KnownCertificate]],
    lines: Mapping[int, PlannerLine],
) -> list[PlannerLine]:
    """Return a line for every subscriber; ``held`` are the certificates by holder, ``lines`` what
    becomes of each, by its key."""
    found = []
    for one in context.world.subscribers:
        certificates = held.get(one.pk, ())
        holding = Holding(certificates, [lines[each.pk] for each in certificates])
        case = SubscriberCase(context, one, holding)
        found.append(case.of_organisation() if one.kind == "organisation" else case.decide())
    return found


@dataclass(frozen=True, slots=True)
class DossierCase:
    """One open dossier, and what is known of the bodies."""

    context: PlanningContext
    dossier: KnownDossier

    def decide(self) -> PlannerLine:
        outcome = self.context.outcome(self.dossier.body)
        decided = self.context.world.decided.get((LineAbout.DOSSIER, self.dossier.pk))
        if decided is not None and decided.action != LineAction.SETTLE:
            return self.as_decided(decided, outcome)
        if outcome.change == BodyChange.OUTSIDE:
            return self.line(LineAction.KEEP, Why.NOT_INVOLVED, LineStage.NOTHING)
        line = self.of_body_involved(outcome)
        if outcome.is_district and line.action != LineAction.SETTLE:
            line.reason, line.is_open = Why.DISTRICT, True  # DOMAIN 14.20
        return line

    def of_body_involved(self, outcome: BodyOutcome) -> PlannerLine:
        if outcome.successor is None:
            why = certificate_lines.why_open(outcome)
            return self.line(LineAction.SETTLE, why, LineStage.NOTHING, is_open=True)
        body = self.context.world.bodies.get(self.dossier.body)
        has_new_name = body is not None and body.key != outcome.successor.key
        is_refiled = (
            self.dossier.form in _IN_THE_BODYS_NAME and self.dossier.state != _BEING_EXECUTED
        )
        if outcome.change == BodyChange.GOES_ON and not (has_new_name and is_refiled):
            warnings = (Warn.NAMES_OLD_SUPERIOR,) if is_refiled and self.moves_up(outcome) else ()
            return self.line(
                LineAction.KEEP, Why.BODY_GOES_ON, LineStage.NOTHING, warnings=warnings
            )
        if is_refiled:
            return self.refiled(outcome.successor.pk)
        is_running = self.dossier.form in _IN_THE_BODYS_NAME
        why = Why.BEING_EXECUTED if is_running else Why.GOES_ON_UNDER_SUCCESSOR
        return self.line(
            LineAction.HAND_OVER, why, LineStage.HAND_OVER, sender=outcome.successor.pk
        )

    def refiled(self, sender: int | None, why: Why = Why.OLD_NAME) -> PlannerLine:
        is_organisation = self.dossier.form == "02"
        return PlannerLine(
            LineAbout.DOSSIER,
            self.dossier.pk,
            self.dossier.body,
            LineAction.REFILE,
            why,
            LineStage.ORGANISATION if is_organisation else LineStage.PEOPLE,
            form=self.dossier.form,
            sender=sender,
            warnings=(Warn.SECOND_ORGANISATION_REQUEST,) if is_organisation else (),
        )

    def as_decided(self, decided: Decided, outcome: BodyOutcome) -> PlannerLine:
        sender = decided.to or outcome.sender
        successor = self.context.world.targets.get(sender or 0)
        if successor is not None and successor.agency == self.dossier.body:
            return self.line(LineAction.KEEP, Why.BODY_GOES_ON, LineStage.NOTHING)
        if decided.action == LineAction.REFILE:
            return self.refiled(sender, Why.SETTLED)
        if decided.action == LineAction.KEEP:
            return self.line(LineAction.KEEP, Why.SETTLED, LineStage.NOTHING)
        return self.line(LineAction.HAND_OVER, Why.SETTLED, LineStage.HAND_OVER, sender=sender)

    def line(
        self,
        action: LineAction,
        why: Why,
        stage: LineStage,
        *,
        sender: int | None = None,
        is_open: bool = False,
        warnings: tuple[str, ...] = (),
    ) -> PlannerLine:
        return PlannerLine(
            LineAbout.DOSSIER,
            self.dossier.pk,
            self.dossier.body,
            action,
            why,
            stage,
            sender=sender,
            is_open=is_open,
            warnings=warnings,
        )

    def moves_up(self, outcome: BodyOutcome) -> bool:
        """Say whether the body comes under another superior, whom an open dossier may not name."""
        superior = outcome.successor.superior if outcome.successor else ""
        return superior != "" and self.context.parent_key(outcome.body) not in ("", superior)


@dataclass(frozen=True, slots=True)
class SubscriberCase:
    """One subscriber with what it holds, and what is known of the bodies."""

    context: PlanningContext
    subscriber: KnownSubscriber
    holding: Holding

    def decide(self) -> PlannerLine:
        outcome = self.context.outcome(self.subscriber.body)
        if outcome.change == BodyChange.OUTSIDE:
            return self.line(LineAction.KEEP, Why.NOT_INVOLVED)
        decided = self.context.world.decided.get((LineAbout.SUBSCRIBER, self.subscriber.pk))
        if decided is not None and decided.action == LineAction.KEEP:
            return self.line(LineAction.KEEP, Why.SETTLED)
        reply = self.word()
        answer = reply.answer if reply else ""
        if reply is not None and answer == ReviewAnswer.MOVES and reply.to is None:
            return self.line(LineAction.KEEP, Why.MOVES_OUTSIDE)
        target = people.destination(outcome, reply, self.context.world.targets)
        if target is not None:
            # The line that asks for a new certificate, when the need goes on and none is left.
            is_said = people.needs_one(reply)
            ending = self.holding.ending
            is_wanted = is_said or any(line.reason in _WITH_A_NEW_ONE for line in ending)
            if not is_wanted or self.holding.is_provided:
                issue = None
            else:
                warnings = [] if is_said else [Warn.NO_ANSWER]
                if any(one.storage == "rssp" for one in self.holding.certificates):
                    warnings.append(Warn.CENTRAL_SIGNING)
                issue = PlannerLine(
                    LineAbout.SUBSCRIBER,
                    self.subscriber.pk,
                    self.subscriber.body,
                    LineAction.ISSUE,
                    Why.NEED_WITHOUT_CERTIFICATE,
                    # Điều 21: only after the revocation of one that still has 30 days and more.
                    LineStage.REVOKE if ending else LineStage.PEOPLE,
                    form="03" if self.subscriber.kind == "system" else "01",
                    sender=target.pk,
                    is_open=any(line.is_open for line in ending),
                    warnings=tuple(warnings),
                )
            line = issue or self.with_its_body(target, answer)
            if outcome.namesake is not None or outcome.unit_of is not None:
                line.warnings += people.what_to_know(outcome, reply)
            if outcome.is_district and not self.is_said(reply):
                is_asked = any(one.is_open for one in self.holding.lines)
                line.reason = Why.FOLLOWS_CERTIFICATE if is_asked else Why.DISTRICT
                line.is_open = True  # DOMAIN 14.20
            return line
        if answer in _AWAY:
            return self.line(LineAction.KEEP, Why.PERSON_LEFT)
        is_asked = any(line.action == LineAction.SETTLE for line in self.holding.lines)
        why = Why.FOLLOWS_CERTIFICATE if is_asked else certificate_lines.why_open(outcome)
        return self.line(LineAction.SETTLE, why, is_open=True)

    def is_said(self, reply: Reply | None) -> bool:
        """Say whether somebody told what becomes of the subscriber."""
        decided = self.context.world.decided
        return (
            (reply is not None and (reply.to is not None or reply.answer in _AWAY))
            or (LineAbout.SUBSCRIBER, self.subscriber.pk) in decided
            or any((LineAbout.CERTIFICATE, one.pk) in decided for one in self.holding.certificates)
        )

    def with_its_body(self, target: Target, answer: str) -> PlannerLine:
        is_losing = any(line.reason == Why.DEVICE_LOST for line in self.holding.ending)
        is_without = is_losing and not self.holding.is_provided
        warnings = (Warn.NO_CERTIFICATE_LEFT,) if is_without else ()
        if target.agency == self.subscriber.body:
            return self.line(LineAction.KEEP, Why.BODY_GOES_ON, warnings=warnings)
        why = Why.MOVES if answer == ReviewAnswer.MOVES else Why.GOES_OVER
        return self.line(LineAction.HAND_OVER, why, sender=target.pk, warnings=warnings)

    def of_organisation(self) -> PlannerLine:
        """A body is a subscriber itself: it goes to its successor, for its papers are handed
        over."""
        outcome = self.context.outcome(self.subscriber.body)
        if outcome.change == BodyChange.OUTSIDE:
            return self.line(LineAction.KEEP, Why.NOT_INVOLVED)
        if outcome.own is not None:
            return self.line(LineAction.KEEP, Why.BODY_GOES_ON)
        if outcome.successor is None:
            return self.line(LineAction.KEEP, Why.ENDS_WITH_BODY)
        return self.line(LineAction.HAND_OVER, Why.GOES_OVER, sender=outcome.successor.pk)

    def word(self) -> Reply | None:
        """Return what was settled or answered of the subscriber: about it, or about what it
        holds."""
        world = self.context.world
        if not world.replies and not world.decided:
            return None
        decided = world.decided.get((LineAbout.SUBSCRIBER, self.subscriber.pk))
        if decided is not None and decided.action != LineAction.SETTLE:
            is_gone = decided.action in (LineAction.REVOKE, LineAction.RETURN)
            answer = ReviewAnswer.NOT_NEEDED if is_gone else ReviewAnswer.MOVES
            if decided.to is None and not is_gone:
                answer = ReviewAnswer.CONTINUES
            return Reply(answer, to=decided.to)
        held = sorted(
            self.holding.certificates, key=lambda one: (-one.not_after.toordinal(), one.pk)
        )
        settled = [people.settled(self.context, one) for one in held]
        placed = next((one for one in settled if one and one.to and people.needs_one(one)), None)
        own = placed or world.replies.get((LineAbout.SUBSCRIBER, self.subscriber.pk))
        if own is not None:
            return own
        words = [
            word or people.reply_about(self.context, one)
            for word, one in zip(settled, held, strict=True)
        ]
        said = [word for word in words if word is not None]
        return next((word for word in said if people.needs_one(word)), said[0] if said else None)

    def line(
        self,
        action: LineAction,
        why: Why,
        *,
        sender: int | None = None,
        is_open: bool = False,
        warnings: tuple[str, ...] = (),
    ) -> PlannerLine:
        return PlannerLine(
            LineAbout.SUBSCRIBER,
            self.subscriber.pk,
            self.subscriber.body,
            action,
            why,
            LineStage.HAND_OVER if action == LineAction.HAND_OVER else LineStage.NOTHING,
            sender=sender,
            is_open=is_open,
            warnings=warnings,
        )
