"""Key devices: DOMAIN 4.5. What becomes of a device follows from its certificate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orgmerge.planner import certificates as certificate_lines
from orgmerge.planner import validity
from orgmerge.planner.codes import Warn, Why
from orgmerge.planner.facts import KnownCertificate, KnownDevice, PlannerLine
from orgmerge.planner.successors import BodyChange, BodyOutcome, PlanningContext
from orgmerge.vocabulary import FORM_OF, LineAbout, LineAction, LineStage, ReviewAnswer

_STAGES = {
    LineAction.RECOVER: LineStage.RECOVER,
    LineAction.HAND_OVER: LineStage.HAND_OVER,
    LineAction.RETURN: LineStage.DEVICES,
}
_OVER = frozenset({Why.REVOKED, Why.EXPIRED, Why.SUPERSEDED})


def decide(
    context: PlanningContext,
    certificates: Mapping[int, KnownCertificate],
    lines: Mapping[int, PlannerLine],
) -> list[PlannerLine]:
    """Return a line for every device; ``lines`` are those of the certificates, by key."""
    found = []
    for device in context.devices.values():
        key = device.certificate
        certificate = certificates.get(key) if key else None
        line = lines.get(key) if key else None
        found.append(DeviceCase(context, device).decide(certificate, line))
    return found


@dataclass(frozen=True, slots=True)
class DeviceCase:
    """One device, and what is known of the bodies; its methods return the line it may get."""

    context: PlanningContext
    device: KnownDevice

    def decide(self, certificate: KnownCertificate | None, line: PlannerLine | None) -> PlannerLine:
        decided = (
            self.context.world.decided.get((LineAbout.DEVICE, self.device.pk))
            if self.context.world.decided
            else None
        )
        if self.device.custody in validity.AWAY and self.device.custody not in (
            "allocated",
            "on_its_way",
        ):
            return self.kept(Why.NOT_AT_AGENCY)
        replies = self.context.world.replies
        if not replies:
            answer = ""
        else:
            reply = replies.get((LineAbout.DEVICE, self.device.pk))
            if reply is None and certificate is not None:
                reply = replies.get((LineAbout.CERTIFICATE, certificate.pk))
            answer = reply.answer if reply else ""
        if decided is not None and decided.action == LineAction.REPORT_LOSS:
            answer = ReviewAnswer.DEVICE_NOT_FOUND.value
        if certificate_lines.is_lost(self.device, answer):
            return self.lost(line)
        if decided is not None and decided.action != LineAction.SETTLE:
            sender = decided.to or self.context.outcome(self.device.body).sender
            action = LineAction(decided.action)
            successor = self.context.world.targets.get(sender or 0)
            is_done = (
                action == LineAction.KEEP
                or (
                    action == LineAction.HAND_OVER
                    and successor is not None
                    and successor.agency == self.device.body
                )
                or (action == LineAction.RECOVER and self.device.condition != validity.LOCKED)
            )
            return self.kept(Why.SETTLED) if is_done else self.act(action, Why.SETTLED, sender)
        if self.device.custody in validity.COMING_BACK:
            return self.kept(Why.ON_ITS_WAY_BACK)
        if certificate is None or line is None:
            return self.without_certificate()
        return self.with_certificate(certificate, line)

    def lost(self, line: PlannerLine | None) -> PlannerLine:
        """Điều 20: Mẫu 09 at once, beside the revocation; not again when it was made already."""
        if line is not None and line.reason == Why.NOT_INVOLVED:
            return self.kept(Why.NOT_INVOLVED)
        is_over = line is None or line.reason in _OVER
        if self.device.condition == validity.LOST and is_over:
            return self.kept(Why.LOST_ALREADY)
        sender = (line.sender if line else None) or self.context.outcome(self.device.body).sender
        return PlannerLine(
            LineAbout.DEVICE,
            self.device.pk,
            self.device.body,
            LineAction.REPORT_LOSS,
            Why.DEVICE_LOST,
            line.stage
            if line is not None and line.action == LineAction.REVOKE
            else LineStage.PEOPLE,
            form=FORM_OF[LineAction.REPORT_LOSS],
            sender=sender,
            is_open=line.is_open if line else False,
        )

    def without_certificate(self) -> PlannerLine:
        outcome = self.context.outcome(self.device.body)
        if self.device.certificate is not None:
            return self.kept(Why.NOT_INVOLVED)
        line = self.not_in_use(outcome)
        if outcome.is_district and line.action != LineAction.SETTLE:
            reply = self.context.reply(LineAbout.DEVICE, self.device.pk)
            if reply is None:
                line.reason, line.is_open = Why.DISTRICT, True  # DOMAIN 14.20
        return line

    def not_in_use(self, outcome: BodyOutcome) -> PlannerLine:
        if outcome.successor is None:
            if outcome.change == BodyChange.OUTSIDE:
                return self.kept(Why.NOT_INVOLVED)
            return self.left_open(certificate_lines.why_open(outcome))
        reply = self.context.reply(LineAbout.DEVICE, self.device.pk)
        if reply is not None and reply.answer in (ReviewAnswer.NOT_NEEDED, ReviewAnswer.LEFT):
            return self.act(LineAction.RETURN, Why.NOT_IN_USE, outcome.successor.pk)
        if outcome.change == BodyChange.ABSORBED:
            return self.act(LineAction.HAND_OVER, Why.NOT_IN_USE, outcome.successor.pk)
        return self.kept(Why.NOT_IN_USE)

    def with_certificate(self, certificate: KnownCertificate, line: PlannerLine) -> PlannerLine:
        outcome = self.context.outcome(self.device.body)
        sender = line.sender or outcome.sender
        if line.action == LineAction.SETTLE:
            return self.left_open(Why.FOLLOWS_CERTIFICATE)
        if line.action == LineAction.REVOKE or line.reason == Why.REVOCATION_PENDING:
            return self.act(LineAction.RETURN, Why.AFTER_REVOCATION, sender, line=line)
        if line.action == LineAction.ISSUE or line.reason == Why.ENDS_BY_ITSELF:
            return self.act(LineAction.RETURN, Why.REPLACED, sender, line=line)
        if line.reason in (Why.EXPIRED, Why.REVOKED):
            if outcome.change == BodyChange.OUTSIDE:
                return self.kept(Why.NOT_INVOLVED)
            why = Why.AFTER_EXPIRY if line.reason == Why.EXPIRED else Why.AFTER_REVOCATION
            return self.act(LineAction.RETURN, why, sender, line=line)
        return self.staying(certificate, line, outcome)

    def staying(
        self, certificate: KnownCertificate, line: PlannerLine, outcome: BodyOutcome
    ) -> PlannerLine:
        """Return the line of a device whose certificate goes on: it stays with it."""
        changes_hands, heir = False, line.sender
        if certificate.kind == "organisation":
            heir = heir or (outcome.successor.pk if outcome.successor else None)
            own = outcome.own.pk if outcome.own and not outcome.has_ended else None
            changes_hands = heir not in (None, own)
        if self.device.condition == validity.LOCKED and line.action == LineAction.CHANGE:
            warnings = (Warn.HAND_OVER_TOO,) if changes_hands else ()
            why = Why.LOCKED_BEFORE_CHANGE
            return self.act(LineAction.RECOVER, why, line.sender, line=line, warnings=warnings)
        if changes_hands:
            return self.act(LineAction.HAND_OVER, Why.TO_NEW_CLERK, heir, line=line)
        warnings = (Warn.DEVICE_LOCKED,) if self.device.condition == validity.LOCKED else ()
        why = Why.STAYS_WITH_CERTIFICATE
        return self.kept(why, warnings, is_open=line.is_open, sender=line.sender)

    def act(
        self,
        action: LineAction,
        why: Why,
        sender: int | None,
        *,
        line: PlannerLine | None = None,
        warnings: tuple[str, ...] = (),
    ) -> PlannerLine:
        if sender is None and action == LineAction.RETURN:
            warnings = (*warnings, Warn.SUPERIOR_FILES)
        return PlannerLine(
            LineAbout.DEVICE,
            self.device.pk,
            self.device.body,
            action,
            why,
            _STAGES.get(action, LineStage.PEOPLE),
            form=FORM_OF.get(action, ""),
            sender=sender,
            is_open=line.is_open if line else False,
            warnings=warnings,
        )

    def kept(
        self,
        why: Why,
        warnings: tuple[str, ...] = (),
        *,
        is_open: bool = False,
        sender: int | None = None,
    ) -> PlannerLine:
        return PlannerLine(
            LineAbout.DEVICE,
            self.device.pk,
            self.device.body,
            LineAction.KEEP,
            why,
            LineStage.NOTHING,
            sender=sender,
            is_open=is_open,
            warnings=warnings,
        )

    def left_open(self, why: Why) -> PlannerLine:
        return PlannerLine(
            LineAbout.DEVICE,
            self.device.pk,
            self.device.body,
            LineAction.SETTLE,
            why,
            LineStage.NOTHING,
            is_open=True,
        )
