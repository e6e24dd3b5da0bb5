"""Certificates of organisations: DOMAIN 4.1 (which one is kept) and 4.2 (which one lives on)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from orgmerge.planner import certificates as certificate_lines
from orgmerge.planner import validity
from orgmerge.planner.codes import Against, Note, Warn, Why
from orgmerge.planner.facts import (
    Candidate,
    KnownCertificate,
    KnownDevice,
    PlannerChoice,
    PlannerLine,
    Target,
)
from orgmerge.planner.successors import BodyChange, BodyOutcome, PlanningContext
from orgmerge.vocabulary import LineAbout, LineAction, LineStage, ReviewAnswer

_NOTHING_ASKED = frozenset({Why.HAS_CERTIFICATE, Why.NEVER_HAD_ONE, Why.NO_SEAL, Why.UNIT_ENDS})
_OVER = frozenset({Why.SUPERSEDED, Why.REVOKED, Why.EXPIRED, Why.REVOCATION_PENDING})


@dataclass(slots=True)
class OrganisationLines:
    """What becomes of the organisation certificates: their lines by key, the bodies' lines."""

    certificates: dict[int, PlannerLine] = field(default_factory=dict)
    bodies: list[PlannerLine] = field(default_factory=list)
    choices: list[PlannerChoice] = field(default_factory=list)


@dataclass(slots=True)
class Case:
    """One target with the certificates that come to it whole, and what lives on under it."""

    target: Target
    context: PlanningContext
    pool: list[KnownCertificate]
    receives_others: bool  # something of another body comes: it needs an organisation certificate
    kept: frozenset[int] = frozenset()  # bodies whose name and type it bears
    # Of a divided body whose name it bears: the line of the certificate that it goes on with.
    namesakes: PlannerLine | None = None
    is_open: bool = False
    survivor: int | None = None
    lines: dict[int, PlannerLine] = field(default_factory=dict)
    # Of the live certificates of a divided body that goes on as the target; None: it is no such.
    own_lines: Sequence[PlannerLine] | None = None
    is_settled: bool = False  # a person decided that a certificate of a body that comes whole ends

    @property
    def live(self) -> list[KnownCertificate]:
        """Those that can still be used."""
        return [one for one in self.pool if validity.is_live(one, self.context.world.day)]

    def is_named_by(self, certificate: KnownCertificate) -> bool:
        """Say whether a certificate bears the target's name; a district's namesake does not."""
        body = self.context.world.bodies.get(certificate.body)
        is_another = (
            body is not None
            and body.key == self.target.key
            and not self.context.bears_name(body.pk, self.target)
        )
        return self.target.key in certificate.names and not is_another

    def settle(self, parted: list[KnownCertificate]) -> PlannerChoice | None:
        """Write the lines of the case's certificates; return the choice where it is a person's."""
        if self.namesakes is not None:  # M2, DOMAIN 14.17: the name is kept, the others end
            self.survivor, self.is_open = self.namesakes.pk, self.namesakes.is_open
            self.write([])
            return None
        # The certificates one of which may live on: those that bear the target's name already, else
        # those of the body whose name is kept, else all.
        live = self.live
        of_kept = [one for one in live if one.body in self.kept]
        bearing = [one for one in of_kept or live if self.is_named_by(one)]
        if bearing or of_kept:
            pool = bearing or of_kept
        else:
            chosen = self.context.world.chosen.get(self.target.pk)
            if self.kept and chosen not in {one.pk for one in live}:
                pool = []
            else:
                self.kept = frozenset()
                pool = self.pool
        bears_name = any(map(self.is_named_by, pool))
        if bears_name and len(self.kept) == 1:
            self.write(pool)  # M2: the certificates of the body whose name is kept go on
            return None
        alive = [one for one in pool if validity.is_live(one, self.context.world.day)]
        is_persons = self.receives_others and not self.kept and not bears_name
        if len(alive) <= 1 and not is_persons:
            self.write(alive)
            return None
        outdone = [one for one in self.live if one not in pool]
        choice = choice_of(self.target, pool, parted, self.context, outdone=outdone)
        self.is_open = choice is not None and not choice.is_made
        lives_on = None
        if choice is not None:
            lives_on = choice.chosen if choice.is_made else choice.proposed
        self.write([one for one in pool if one.pk == lives_on])
        return choice

    def write(self, going_on: Iterable[KnownCertificate]) -> None:
        """Write a line for each certificate of the pool: those in ``going_on`` first."""
        for certificate in going_on:
            # The line of a certificate meant to live on; it may turn out that it can't.
            target, world = self.target, self.context.world
            device = self.context.device_of(certificate)
            over = certificate_lines.of_itself(certificate, device, self.context)
            if over is not None:
                stage = LineStage.NOTHING
                if over != Why.REVOCATION_PENDING:
                    # Before the new one: Điều 21 gives none while the old has 30 days and more.
                    stage = LineStage.RECOVER
                line = certificate_lines.line(certificate, over, stage=stage, sender=target.pk)
            else:
                reply = self.context.reply(LineAbout.CERTIFICATE, certificate.pk)
                name_changes = self.context.name_changes(certificate.body, target)
                changes = name_changes.changes(certificate, reply.email if reply else "")
                if not changes:
                    why = Why.NAME_KEPT if self.receives_others else Why.NOTHING_CHANGES
                    warnings = certificate_lines.age_warnings(certificate, world.day)
                    line = certificate_lines.kept(
                        certificate, why, warnings=warnings, is_open=self.is_open
                    )
                elif validity.days_left(certificate, world.day) < validity.DAYS_LEFT_TO_ASK:
                    line = certificate_lines.line(
                        certificate,
                        Why.TOO_LATE_TO_CHANGE,
                        stage=LineStage.REVOKE,
                        sender=target.pk,
                    )
                else:
                    is_new_name = changes[0] == Why.AGENCY_RENAMED and self.receives_others
                    warnings = certificate_lines.change_warnings(
                        certificate, device, name_changes, reply, world.day
                    )
                    line = PlannerLine(
                        LineAbout.CERTIFICATE,
                        certificate.pk,
                        certificate.body,
                        LineAction.CHANGE,
                        Why.SURVIVOR if is_new_name else changes[0],
                        LineStage.ORGANISATION,
                        form="04",
                        sender=target.pk,
                        is_open=self.is_open,
                        warnings=tuple(warnings),
                    )
            self.lines[certificate.pk] = line
            if (
                line.action in (LineAction.KEEP, LineAction.CHANGE)
                and line.reason != Why.REVOCATION_PENDING
            ):
                self.survivor = self.survivor or certificate.pk
        for certificate in self.pool:
            if certificate.pk not in self.lines:
                self.lines[certificate.pk] = self.ending(certificate)

    def ending(self, certificate: KnownCertificate) -> PlannerLine:
        """Return the line of a certificate that does not live on under the target."""
        over = certificate_lines.already(certificate, self.context.world.day)
        if over is not None:
            return certificate_lines.kept(certificate, over)
        return certificate_lines.line(
            certificate,
            Why.MERGED,
            stage=LineStage.REVOKE,
            sender=self.target.pk,
            successor=self.survivor,
            is_open=self.is_open,
        )

    def line_of_body(self, choice: PlannerChoice | None, adopted: Mapping[int, int]) -> PlannerLine:
        """Return what the target itself asks for: a new certificate (Mẫu 02), or nothing."""
        target = self.target
        # Why the target has no certificate, or that it has one or needs none.
        if self.ends_with_superior:
            why = Why.UNIT_ENDS
        elif self.survivor is not None or target.pk in adopted:
            why = Why.HAS_CERTIFICATE
        elif self.own_lines is not None:
            why = _why_divided(self.own_lines)
        elif self.has_no_seal:
            why = Why.NO_SEAL
        elif self.is_settled or (choice and choice.is_made and choice.proposed is not None):
            why = Why.CHOSEN_NONE
        else:
            why = self.why_none
        warnings = []
        if choice is not None and self.is_open and self.context.world.chosen.get(target.pk):
            warnings.append(Warn.CHOICE_FELL_OUT)
        is_issued = why not in _NOTHING_ASKED
        decided = self.context.world.decided.get((LineAbout.BODY, target.pk))
        if decided is not None and decided.action in (LineAction.KEEP, LineAction.ISSUE):
            wants = decided.action == LineAction.ISSUE and why != Why.HAS_CERTIFICATE
            is_issued, why = wants, why if wants == is_issued else Why.SETTLED
        if is_issued and not any(one.body == target.agency for one in self.live):
            warnings.append(Warn.WET_INK)
        return PlannerLine(
            LineAbout.BODY,
            target.pk,
            target.pk,
            LineAction.ISSUE if is_issued else LineAction.KEEP,
            why,
            LineStage.ORGANISATION if is_issued else LineStage.NOTHING,
            form="02" if is_issued else "",
            sender=target.pk if is_issued else None,
            is_open=self.is_open,
            warnings=tuple(warnings),
        )

    @property
    def why_none(self) -> Why:
        day = self.context.world.day
        wanted = [one for one in self.live if not self.is_not_needed(one)]
        if wanted:
            is_late = all(
                validity.days_left(one, day) < validity.DAYS_LEFT_TO_ASK for one in wanted
            )
            return Why.NONE_HAS_30_DAYS if is_late else Why.CERTIFICATE_UNUSABLE
        if self.live and not self.receives_others:
            return Why.NEVER_HAD_ONE  # the body itself says that it needs none any more
        past = [one for one in self.pool if not one.is_superseded]
        if past and not max(past, key=lambda one: (one.not_after, one.pk)).is_revoked:
            return Why.ALL_EXPIRED
        if not self.receives_others:
            return Why.NEVER_HAD_ONE
        if past:
            return Why.CERTIFICATE_UNUSABLE
        whole = {share.old for share in self.context.sources.get(self.target.pk, [])}
        comes_whole = any(self.context.outcome(body).successor is self.target for body in whole)
        return Why.FIRST_CERTIFICATE if comes_whole else Why.SPLIT_SUCCESSOR

    def is_not_needed(self, certificate: KnownCertificate) -> bool:
        reply = self.context.reply(LineAbout.CERTIFICATE, certificate.pk)
        says_no = reply is not None and reply.answer == ReviewAnswer.NOT_NEEDED
        return says_no or "05" in certificate.pending

    @property
    def ends_with_superior(self) -> bool:
        """Whether the target is an office without a seal that ends with its body (14.21)."""
        agency = self.target.agency
        return agency is not None and self.context.outcome(agency).unit_of is not None

    @property
    def has_no_seal(self) -> bool:
        sources = [share.old for share in self.context.sources.get(self.target.pk, [])]
        facts = [
            self.context.world.bodies[body] for body in sources if body in self.context.world.bodies
        ]
        return bool(facts) and not any(body.has_seal for body in facts)


def decide(context: PlanningContext, certificates: Sequence[KnownCertificate]) -> OrganisationLines:
    """Return what becomes of every organisation certificate and which targets ask for a new one."""
    result = OrganisationLines()
    certificates = sorted(certificates, key=lambda one: one.pk)
    by_body: dict[int, list[KnownCertificate]] = {}
    for certificate in certificates:
        by_body.setdefault(certificate.body, []).append(certificate)
    # Write the lines of bodies that go nowhere whole, and of what a person decided; note which
    # targets got a certificate so, and which the one of a divided body whose name they bear.
    adopted: dict[int, int] = {}
    namesakes: dict[int, PlannerLine] = {}
    named = _kept_by(context, by_body)
    for each in certificates:
        outcome = context.outcome(each.body)
        if outcome.unit_of is not None and (outcome.successor or outcome.has_ended):
            result.certificates[each.pk] = _of_unit(context, each, outcome)
        elif outcome.successor is None or _is_decided(context, each, outcome):
            line = result.certificates[each.pk] = _parted(context, each, outcome, named)
            keeper = line.sender if line.action in (LineAction.KEEP, LineAction.CHANGE) else None
            if keeper is not None:
                adopted[keeper] = each.pk
                if outcome.namesake is not None and outcome.namesake.pk == keeper:
                    namesakes.setdefault(keeper, line)
    part = context.world.part
    for key in sorted(context.world.targets if part is None else part):
        target = context.world.targets[key]
        sources = [share.old for share in context.sources.get(target.pk, [])]
        if target.agency is not None and target.agency not in sources:
            sources.append(target.agency)
        whole = [
            body for body in dict.fromkeys(sources) if context.outcome(body).successor is target
        ]
        kept = frozenset(body for body in whole if context.bears_name(body, target))
        if target.agency in kept:
            kept = frozenset({target.agency})
        case = Case(
            target=target,
            context=context,
            pool=[
                one
                for body in whole
                for one in by_body.get(body, ())
                if one.pk not in result.certificates
            ],
            receives_others=any(body != target.agency for body in sources),
            kept=kept,
            namesakes=namesakes.get(target.pk),
            own_lines=_lines_of_divided(context, target, by_body, result.certificates),
            is_settled=any(
                result.certificates[one.pk].reason == Why.SETTLED
                for body in whole
                for one in by_body.get(body, ())
                if one.pk in result.certificates
            ),
        )
        # The certificates of bodies of which only a part comes to the target.
        choice = case.settle(
            [
                certificate
                for share in case.context.sources.get(case.target.pk, [])
                if case.context.outcome(share.old).successor is not case.target
                for certificate in by_body.get(share.old, ())
            ]
        )
        if choice is None or choice.proposed is None:
            _ask_of_districts(context, case.lines.values())
        result.certificates |= case.lines
        result.bodies.append(case.line_of_body(choice, adopted))
        if choice is not None:
            result.choices.append(choice)
    return result


def _of_unit(
    context: PlanningContext, certificate: KnownCertificate, outcome: BodyOutcome
) -> PlannerLine:
    """Return the line of an office without a seal, which as a rule has no certificate of its own:
    it ends with its body (DOMAIN 14.21)."""
    over = certificate_lines.already(certificate, context.world.day)
    if over is not None:
        return certificate_lines.kept(certificate, over)
    ends = certificate_lines.of_itself(certificate, context.device_of(certificate), context)
    ends = ends or (Why.UNIT_ENDS if outcome.has_ended else None)
    if ends is not None:
        sender, stage = outcome.sender, LineStage.REVOKE
        return certificate_lines.line(certificate, ends, stage=stage, sender=sender)
    return certificate_lines.kept(certificate, Why.NOTHING_CHANGES)


def _is_decided(
    context: PlanningContext, certificate: KnownCertificate, outcome: BodyOutcome
) -> bool:
    """Say whether a person decided about a certificate of a district (DOMAIN 14.20)."""
    is_asked = outcome.is_district and validity.is_live(certificate, context.world.day)
    return is_asked and (LineAbout.CERTIFICATE, certificate.pk) in context.world.decided


def _ask_of_districts(context: PlanningContext, lines: Iterable[PlannerLine]) -> None:
    """Leave open what is proposed of certificates of districts (DOMAIN 14.20)."""
    for line in lines:
        if line.reason not in _OVER and context.outcome(line.body).is_district:
            line.reason, line.is_open = Why.DISTRICT, True


def _kept_by(
    context: PlanningContext, by_body: Mapping[int, Sequence[KnownCertificate]]
) -> Mapping[int, int]:
    """Return target → how many bodies with a live certificate of their own bear its name and
    come to it, whole or divided (DOMAIN 14.17)."""
    found: dict[int, int] = {}
    for body, certificates in by_body.items():
        outcome = context.outcome(body)
        keeper = outcome.namesake or outcome.successor
        if keeper is None or not context.bears_name(body, keeper):
            continue
        if any(validity.is_live(one, context.world.day) for one in certificates):
            found[keeper.pk] = found.get(keeper.pk, 0) + 1
    return found


def _lines_of_divided(
    context: PlanningContext,
    target: Target,
    by_body: Mapping[int, Sequence[KnownCertificate]],
    lines: Mapping[int, PlannerLine],
) -> Sequence[PlannerLine] | None:
    """Return what becomes of the live certificates of a divided body that goes on as ``target``,
    None where none does."""
    agency = target.agency
    if agency is None or context.outcome(agency).change != BodyChange.DIVIDED:
        return None
    found = [lines[one.pk] for one in by_body.get(agency, ())]
    return [line for line in found if line.reason not in _OVER]


def _why_divided(own: Sequence[PlannerLine]) -> Why:
    """Say why a body asks for a new one or not that goes on while parts leave it."""
    if any(line.action != LineAction.REVOKE for line in own):
        return Why.HAS_CERTIFICATE
    is_wanted = any(line.reason != Why.NEED_ENDED for line in own)
    return Why.CERTIFICATE_UNUSABLE if is_wanted else Why.NEVER_HAD_ONE


def _parted(
    context: PlanningContext,
    certificate: KnownCertificate,
    outcome: BodyOutcome,
    named: Mapping[int, int],
) -> PlannerLine:
    """Return the line of a body's that is split, dissolved or not involved (M4, Điều 17 khoản
    3)."""
    over = certificate_lines.already(certificate, context.world.day)
    if over is not None or outcome.change == BodyChange.OUTSIDE:
        return certificate_lines.kept(certificate, over or Why.NOT_INVOLVED)
    # The successor whose new name the certificate was changed to already.
    body = context.world.bodies.get(outcome.body)
    old = body.key if body else ""
    for successor in outcome.successors:
        if successor.key != old and successor.key in certificate.names:
            return certificate_lines.kept(certificate, Why.NAME_KEPT, sender=successor.pk)
    decided = context.world.decided.get((LineAbout.CERTIFICATE, certificate.pk))
    decided = decided or context.placed.get(certificate.subscriber)
    goes_on = outcome.change == BodyChange.DIVIDED or outcome.shares_name
    if not goes_on and decided is None:
        return certificate_lines.with_its_body(certificate, outcome)
    over = certificate_lines.of_itself(certificate, context.device_of(certificate), context)
    if over is not None and (over == Why.DEVICE_LOST or decided is None):
        line = certificate_lines.line
        return line(certificate, over, stage=LineStage.REVOKE, sender=outcome.sender)
    if decided is not None:
        return certificate_lines.as_decided(certificate, decided, outcome, context)
    return _for_namesake(context, certificate, outcome, named)


def _for_namesake(
    context: PlanningContext,
    certificate: KnownCertificate,
    outcome: BodyOutcome,
    named: Mapping[int, int],
) -> PlannerLine:
    """Return the open line of a divided body's that nobody decided about. Where one successor
    bears its name, S0 §1.1 goes before M4 (DOMAIN 14.17); which of several does, and whether a
    body keeps its own under another name, is not for the machine to say."""
    keeper = outcome.namesake
    if keeper is None or named.get(keeper.pk) != 1:
        return certificate_lines.left_open(certificate, outcome)
    return certificate_lines.going_on(certificate, keeper, context, Why.NAMESAKE, is_open=True)


# DERIVED: DOMAIN 4.2 ranks the newest kind of device first and names no order.
_NEWEST_KINDS = ("hsm", "token", "sim", "rssp", "sd", "soft")


def choice_of(
    target: Target,
    whole: Iterable[KnownCertificate],
    partly: Iterable[KnownCertificate],
    context: PlanningContext,
    *,
    outdone: Iterable[KnownCertificate] = (),
) -> PlannerChoice | None:
    """Return the choice for ``target``; None when no body involved ever had a certificate.

    ``whole`` are the certificates that may live on, ``partly`` those of bodies of which only a
    part comes, ``outdone`` those of bodies that merge into one whose name is kept.
    """
    eligible: list[tuple[tuple[object, ...], Candidate]] = []
    fallen: list[Candidate] = []
    for certificate in whole:
        if certificate.is_superseded:
            continue
        device = context.device_of(certificate)
        against = _against(certificate, device, context)
        if against:
            fallen.append(Candidate(certificate.pk, 0, tuple(against)))
            continue
        left = validity.days_left(certificate, context.world.day)
        body = context.world.bodies.get(certificate.body)
        superior = context.parent_key(certificate.body)
        has_no_device = device is None and certificate.storage in validity.ON_DEVICES
        is_elsewhere = (
            body is not None and bool(target.province) and body.province != target.province
        )
        is_under_another = bool(target.superior) and superior not in ("", target.superior)
        found: list[tuple[bool, str]] = [
            (certificate.renewals > 0, Note.RENEWED_ALREADY),
            (certificate.renewals == 0 and left < validity.NEAR_END_DAYS, Note.RENEW_TOO),
            (device is not None and device.condition == validity.LOCKED, Note.DEVICE_LOCKED),
            (has_no_device, Note.DEVICE_UNKNOWN),
            (bool(certificate.pending), Note.PENDING),
            (is_elsewhere, Note.OTHER_PROVINCE),
            (is_under_another, Note.OTHER_SUPERIOR),
        ]
        notes = [code for holds, code in found if holds]
        # The key certificates are ranked by, the best first: what needs no recovery, then latest
        # end, not pending, same province and superior, newest kind of device.
        kind = device.kind if device else certificate.storage
        newest = _NEWEST_KINDS.index(kind) if kind in _NEWEST_KINDS else len(_NEWEST_KINDS)
        rank = (
            Note.DEVICE_LOCKED in notes,
            -certificate.not_after.toordinal(),
            Note.PENDING in notes,
            (Note.OTHER_PROVINCE in notes) + (Note.OTHER_SUPERIOR in notes),
            newest,
            certificate.pk,
        )
        eligible.append((rank, Candidate(certificate.pk, 1, (), tuple(notes))))
    fallen += _fallen(partly, Against.NOT_WHOLE, context)
    fallen += _fallen(outdone, Against.NAME_KEPT_BY_ANOTHER, context)
    if not eligible and not fallen:
        return None
    eligible.sort(key=lambda pair: pair[0])
    ranked = [
        Candidate(one.certificate, place, (), one.notes)
        for place, (_rank_, one) in enumerate(eligible, start=1)
    ]
    fallen.sort(key=lambda one: one.certificate)
    candidates = (*ranked, *fallen)
    if not ranked:
        return PlannerChoice(target.pk, candidates, proposed=None, chosen=0, is_made=True)
    proposed = ranked[0].certificate
    chosen = context.world.chosen.get(target.pk)
    if chosen == 0 or chosen in {one.certificate for one in ranked}:
        return PlannerChoice(target.pk, candidates, proposed, chosen, is_made=True)
    return PlannerChoice(target.pk, candidates, proposed)


def _against(
    certificate: KnownCertificate, device: KnownDevice | None, context: PlanningContext
) -> list[str]:
    """Return why it can't live on; [] when it can."""
    left = validity.days_left(certificate, context.world.day)
    reply = context.reply("certificate", certificate.pk)
    answer = reply.answer if reply else ""
    is_lost = device is not None and device.condition == validity.LOST
    found: list[tuple[bool, str]] = [
        (certificate.is_revoked, Against.REVOKED),
        (left < 0, Against.EXPIRED),
        (0 <= left < validity.DAYS_LEFT_TO_ASK, Against.UNDER_30_DAYS),
        (is_lost or answer == ReviewAnswer.DEVICE_NOT_FOUND, Against.DEVICE_LOST),
        (device is not None and device.condition == validity.DAMAGED, Against.DEVICE_DAMAGED),
        (device is not None and device.custody not in validity.IN_HAND, Against.DEVICE_NOT_IN_HAND),
        ("05" in certificate.pending, Against.REVOCATION_PENDING),
        (answer in (ReviewAnswer.NOT_NEEDED, ReviewAnswer.LEFT), Against.NOT_NEEDED),
    ]
    return [code for holds, code in found if holds]


def _fallen(
    certificates: Iterable[KnownCertificate], why: str, context: PlanningContext
) -> list[Candidate]:
    day = context.world.day
    return [Candidate(one.pk, 0, (why,)) for one in certificates if validity.is_live(one, day)]
