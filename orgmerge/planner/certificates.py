"""Lines that several tables share: certificates that are over, end, or are left to people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from orgmerge.planner import validity
from orgmerge.planner.codes import Warn, Why
from orgmerge.planner.facts import (
    Decided,
    KnownCertificate,
    KnownDevice,
    PlannerLine,
    Reply,
    Target,
)
from orgmerge.planner.successors import BodyChange, BodyOutcome, NameChanges, PlanningContext
from orgmerge.vocabulary import LineAbout, LineAction, LineStage, ReviewAnswer


def already(certificate: KnownCertificate, day: date) -> Why | None:
    """Return why there is nothing left to do about a certificate; None when it is still used."""
    if certificate.is_superseded:
        return Why.SUPERSEDED
    if certificate.is_revoked:
        return Why.REVOKED
    if certificate.not_after < day:
        return Why.EXPIRED
    if "05" in certificate.pending:
        return Why.REVOCATION_PENDING
    return None


def of_itself(
    certificate: KnownCertificate, device: KnownDevice | None, context: PlanningContext
) -> Why | None:
    """Return why a certificate ends whatever becomes of its body (R22); None when it need not."""
    if "05" in certificate.pending:
        return Why.REVOCATION_PENDING
    reply = context.reply(LineAbout.CERTIFICATE, certificate.pk)
    answer = reply.answer if reply else ""
    if is_lost(device, answer):
        return Why.DEVICE_LOST
    if answer == ReviewAnswer.NOT_NEEDED:
        is_system = certificate.kind == "system"
        return Why.STOPS_OPERATING if is_system else Why.NEED_ENDED
    if answer == ReviewAnswer.LEFT:
        return Why.PERSON_LEFT
    if device is not None and device.condition == validity.DAMAGED:
        return Why.DEVICE_DAMAGED
    return None


def is_lost(device: KnownDevice | None, answer: str) -> bool:
    """Say whether the device can't be found: by the register or by the body's answer."""
    return answer == ReviewAnswer.DEVICE_NOT_FOUND or (
        device is not None and device.condition == validity.LOST
    )


def kept(
    certificate: KnownCertificate,
    why: Why,
    *,
    warnings: Sequence[str] = (),
    is_open: bool = False,
    sender: int | None = None,
) -> PlannerLine:
    """Return the line of a certificate about which nothing is done."""
    return PlannerLine(
        LineAbout.CERTIFICATE,
        certificate.pk,
        certificate.body,
        LineAction.KEEP,
        why,
        LineStage.NOTHING,
        sender=sender,
        is_open=is_open,
        warnings=tuple(warnings),
    )


def line(
    certificate: KnownCertificate,
    why: Why,
    *,
    stage: LineStage,
    sender: int | None,
    successor: int | None = None,
    is_open: bool = False,
    warnings: Sequence[str] = (),
) -> PlannerLine:
    """Return the line of a certificate to be revoked by Mẫu 05, or kept when it already is
    being."""
    if why == Why.REVOCATION_PENDING:
        return kept(certificate, why, warnings=warnings)
    said = [*warnings]
    if "04" in certificate.pending:
        said.append(Warn.PENDING_04)
    if certificate.storage == "sim":
        said.append(Warn.SIM_CARD)
    return PlannerLine(
        LineAbout.CERTIFICATE,
        certificate.pk,
        certificate.body,
        LineAction.REVOKE,
        why,
        stage,
        form="05",
        sender=sender,
        successor=successor,
        is_open=is_open,
        warnings=tuple(said),
    )


def left_open(
    certificate: KnownCertificate, outcome: BodyOutcome, *, warnings: Sequence[str] = ()
) -> PlannerLine:
    """Return the line of what the machine does not decide."""
    return PlannerLine(
        LineAbout.CERTIFICATE,
        certificate.pk,
        certificate.body,
        LineAction.SETTLE,
        why_open(outcome),
        LineStage.NOTHING,
        is_open=True,
        warnings=tuple(warnings),
    )


def why_open(outcome: BodyOutcome) -> Why:
    """Say why a thing of a body that goes nowhere whole is left to people."""
    return Why.BODY_DISSOLVED if outcome.change == BodyChange.DISSOLVED else Why.BODY_SPLIT


def with_its_body(certificate: KnownCertificate, outcome: BodyOutcome) -> PlannerLine:
    """Return the line of an organisation certificate whose body is split or dissolved: Điều 17
    khoản 3. What a district has is a person's choice (DOMAIN 14.20)."""
    if outcome.change == BodyChange.DISSOLVED or outcome.sender is None:
        why, warnings = Why.DISSOLVED, [Warn.SUPERIOR_FILES]
    else:
        why = Why.SPLIT
        warnings = [Warn.ANY_SUCCESSOR_FILES] if len(outcome.successors) > 1 else []
    return line(
        certificate,
        Why.DISTRICT if outcome.is_district else why,
        stage=LineStage.REVOKE,
        sender=outcome.sender,
        is_open=outcome.is_district,
        warnings=warnings,
    )


def going_on(
    certificate: KnownCertificate,
    target: Target,
    context: PlanningContext,
    why: Why,
    *,
    is_open: bool = False,
) -> PlannerLine:
    """Return the line of an organisation certificate that ``target`` goes on with for the reason
    ``why``: kept, changed by Mẫu 04 where something in it ends, ended where that is too late."""
    day = context.world.day
    reply = context.reply(LineAbout.CERTIFICATE, certificate.pk)
    name_changes = context.name_changes(certificate.body, target)
    if not name_changes.changes(certificate, reply.email if reply else ""):
        warnings = age_warnings(certificate, day) if is_open else []
        return kept(certificate, why, sender=target.pk, is_open=is_open, warnings=warnings)
    if validity.days_left(certificate, day) < validity.DAYS_LEFT_TO_ASK:
        return line(
            certificate,
            Why.TOO_LATE_TO_CHANGE,
            stage=LineStage.REVOKE,
            sender=target.pk,
            warnings=[] if is_open else [Warn.CANNOT_AS_SETTLED],
        )
    device = context.device_of(certificate)
    return PlannerLine(
        LineAbout.CERTIFICATE,
        certificate.pk,
        certificate.body,
        LineAction.CHANGE,
        why,
        LineStage.ORGANISATION,
        form="04",
        sender=target.pk,
        is_open=is_open,
        warnings=tuple(change_warnings(certificate, device, name_changes, reply, day)),
    )


def as_decided(
    certificate: KnownCertificate, decided: Decided, outcome: BodyOutcome, context: PlanningContext
) -> PlannerLine:
    """Return the line of an organisation certificate as a person settled it.

    What can't be done as settled (no change under 30 days) ends instead, with a warning.
    """
    target = context.world.targets.get(decided.to or 0)
    match decided.action:
        case LineAction.KEEP:
            # In use as before, by whoever is known to go on with it.
            target = target or outcome.successor or outcome.namesake or outcome.own
            if target is None:
                return kept(certificate, Why.SETTLED, sender=outcome.sender)
            return going_on(certificate, target, context, Why.SETTLED)
        case LineAction.CHANGE | LineAction.HAND_OVER if target or outcome.sender:
            target = target or context.world.targets[outcome.sender or 0]
            return going_on(certificate, target, context, Why.SETTLED)
        case LineAction.SETTLE:
            return left_open(certificate, outcome)
    sender = target.pk if target else outcome.sender
    return line(certificate, Why.SETTLED, stage=LineStage.REVOKE, sender=sender)


def age_warnings(certificate: KnownCertificate, day: date) -> list[str]:
    """Return what to know of the time left to a certificate that stays as it is."""
    left = validity.days_left(certificate, day)
    if left < validity.DAYS_LEFT_TO_ASK:
        return [Warn.UNDER_30_DAYS]
    return [Warn.NEAR_END] if left < validity.NEAR_END_DAYS else []


def change_warnings(
    certificate: KnownCertificate,
    device: KnownDevice | None,
    name_changes: NameChanges,
    reply: Reply | None,
    day: date,
) -> list[str]:
    """Return what to know before a certificate is changed by Mẫu 04."""
    is_near = validity.days_left(certificate, day) < validity.NEAR_END_DAYS
    found: list[str] = []
    if certificate.renewals:
        found.append(Warn.RENEWED_ALREADY)
    if is_near:
        found.append(Warn.NEAR_END if certificate.renewals else Warn.RENEW_TOO)
    if "04" in certificate.pending:
        found.append(Warn.PENDING_04)
    if certificate.storage == "sim":
        found.append(Warn.SIM_PHONE)
    if name_changes.email_ends(certificate.email) and not (reply is not None and reply.email):
        found.append(Warn.NO_NEW_EMAIL)
    if device is None:
        if certificate.storage in validity.ON_DEVICES:
            found.append(Warn.DEVICE_UNKNOWN)
        return found
    if device.condition == validity.LOCKED:
        found.append(Warn.DEVICE_LOCKED)
    if device.custody not in validity.IN_HAND:
        found.append(Warn.DEVICE_NOT_IN_HAND)
    return found
