"""Certificates of organisations: DOMAIN 4.1 (which one is kept) and 4.2 (which one lives on)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from orgmerge.codes import Warn, Why
from orgmerge.deciding import ages, endings, survivors
from orgmerge.deciding.roads import Atlas, Fate, Road
from orgmerge.facts import Certificate, Choice, Line, Target
from orgmerge.words import About, Action, Answer, Stage

_NOTHING_ASKED = frozenset({Why.HAS_CERTIFICATE, Why.NEVER_HAD_ONE, Why.NO_SEAL})


@dataclass(slots=True)
class Outcome:
    """What becomes of the organisation certificates: their lines by key, the bodies' lines."""

    certificates: dict[int, Line] = field(default_factory=dict)
    bodies: list[Line] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)


@dataclass(slots=True)
class Case:
    """One target with the certificates that come to it whole, and what lives on under it."""

    target: Target
    atlas: Atlas
    pool: list[Certificate]
    gathers: bool  # something of another body comes: it needs an organisation certificate
    kept: frozenset[int] = frozenset()  # bodies whose name and type it bears
    is_open: bool = False
    survivor: int | None = None
    lines: dict[int, Line] = field(default_factory=dict)

    @property
    def live(self) -> list[Certificate]:
        """Those that can still be used."""
        return [one for one in self.pool if ages.is_live(one, self.atlas.world.day)]


def decide(atlas: Atlas, certificates: Sequence[Certificate]) -> Outcome:
    """Return what becomes of every organisation certificate and which targets ask for a new one."""
    outcome = Outcome()
    by_body: dict[int, list[Certificate]] = {}
    for certificate in certificates:
        by_body.setdefault(certificate.body, []).append(certificate)
    adopted = _without_home(atlas, certificates, outcome)
    for key in sorted(atlas.world.targets):
        case = _case(atlas.world.targets[key], atlas, by_body)
        choice = _settle(case, _of_parted(case, by_body))
        outcome.certificates |= case.lines
        outcome.bodies.append(_body_line(case, choice, adopted))
        if choice is not None:
            outcome.choices.append(choice)
    return outcome


def _case(
    target: Target,
    atlas: Atlas,
    by_body: Mapping[int, list[Certificate]],
) -> Case:
    sources = [share.old for share in atlas.sources.get(target.pk, [])]
    if target.agency is not None and target.agency not in sources:
        sources.append(target.agency)
    whole = [body for body in dict.fromkeys(sources) if atlas.road(body).home is target]
    kept = frozenset(
        body
        for body in whole
        if body in atlas.world.bodies and atlas.world.bodies[body].key == target.key
    )
    if target.agency in kept:
        kept = frozenset({target.agency})
    return Case(
        target=target,
        atlas=atlas,
        pool=[one for body in whole for one in by_body.get(body, ())],
        gathers=any(body != target.agency for body in sources),
        kept=kept,
    )


def _of_parted(case: Case, by_body: Mapping[int, list[Certificate]]) -> list[Certificate]:
    """Return the certificates of bodies of which only a part comes to the target."""
    return [
        certificate
        for share in case.atlas.sources.get(case.target.pk, [])
        if case.atlas.road(share.old).home is not case.target
        for certificate in by_body.get(share.old, ())
    ]


def _settle(case: Case, parted: list[Certificate]) -> Choice | None:
    """Write the lines of the case's certificates; return the choice where it is a person's."""
    pool = _may_live_on(case)
    bears_name = any(case.target.key in one.names for one in pool)
    if bears_name and len(case.kept) == 1:
        _write(case, pool)  # M2: the certificates of the body whose name is kept go on
        return None
    alive = [one for one in pool if ages.is_live(one, case.atlas.world.day)]
    is_persons = case.gathers and not case.kept and not bears_name
    if len(alive) <= 1 and not is_persons:
        _write(case, alive)
        return None
    outdone = [one for one in case.live if one not in pool]
    choice = survivors.choice_of(case.target, pool, parted, case.atlas, outdone=outdone)
    case.is_open = choice is not None and not choice.is_made
    lives_on = None
    if choice is not None:
        lives_on = choice.chosen if choice.is_made else choice.proposed
    _write(case, [one for one in pool if one.pk == lives_on])
    return choice


def _may_live_on(case: Case) -> list[Certificate]:
    """Return the certificates one of which may live on: those that bear the target's name already,
    else those of the body whose name is kept, else all.

    A choice made while the target was still to be founded stands after its founding.
    """
    live = case.live
    of_kept = [one for one in live if one.body in case.kept]
    bearing = [one for one in of_kept or live if case.target.key in one.names]
    if bearing or of_kept:
        return bearing or of_kept
    chosen = case.atlas.world.chosen.get(case.target.pk)
    if case.kept and chosen not in {one.pk for one in live}:
        return []
    case.kept = frozenset()
    return case.pool


def _write(case: Case, going_on: Iterable[Certificate]) -> None:
    """Write a line for each certificate of the pool: those in ``going_on`` first."""
    for certificate in going_on:
        line = _going_on(case, certificate)
        case.lines[certificate.pk] = line
        if line.action in (Action.KEEP, Action.CHANGE) and line.reason != Why.REVOCATION_PENDING:
            case.survivor = case.survivor or certificate.pk
    for certificate in case.pool:
        if certificate.pk not in case.lines:
            case.lines[certificate.pk] = _ending(case, certificate)


def _going_on(case: Case, certificate: Certificate) -> Line:
    """Return the line of a certificate meant to live on; it may turn out that it can't."""
    target, world = case.target, case.atlas.world
    device = case.atlas.device_of(certificate)
    over = endings.of_itself(certificate, device, case.atlas)
    if over is not None:
        stage = Stage.NOTHING
        if over != Why.REVOCATION_PENDING:
            # Before the new one: Điều 21 gives none while the old has 30 days and more.
            stage = Stage.RECOVER
        return endings.line(certificate, over, stage=stage, sender=target.pk)
    reply = case.atlas.reply(About.CERTIFICATE, certificate.pk)
    passage = case.atlas.passage(certificate.body, target)
    changes = passage.changes(certificate, reply.email if reply else "")
    if not changes:
        why = Why.NAME_KEPT if case.gathers else Why.NOTHING_CHANGES
        warnings = endings.age_warnings(certificate, world.day)
        return endings.kept(certificate, why, warnings=warnings, is_open=case.is_open)
    if ages.days_left(certificate, world.day) < ages.DAYS_LEFT_TO_ASK:
        return endings.line(
            certificate, Why.TOO_LATE_TO_CHANGE, stage=Stage.REVOKE, sender=target.pk
        )
    is_new_name = changes[0] == Why.AGENCY_RENAMED and case.gathers
    warnings = endings.change_warnings(certificate, device, passage, reply, world.day)
    return Line(
        About.CERTIFICATE,
        certificate.pk,
        certificate.body,
        Action.CHANGE,
        Why.SURVIVOR if is_new_name else changes[0],
        Stage.ORGANISATION,
        form="04",
        sender=target.pk,
        is_open=case.is_open,
        warnings=tuple(warnings),
    )


def _ending(case: Case, certificate: Certificate) -> Line:
    """Return the line of a certificate that does not live on under the target."""
    over = endings.already(certificate, case.atlas.world.day)
    if over is not None:
        return endings.kept(certificate, over)
    return endings.line(
        certificate,
        Why.MERGED,
        stage=Stage.REVOKE,
        sender=case.target.pk,
        successor=case.survivor,
        is_open=case.is_open,
    )


def _without_home(
    atlas: Atlas, certificates: Sequence[Certificate], outcome: Outcome
) -> dict[int, int]:
    """Write the lines of bodies that go nowhere whole; return which targets got a certificate."""
    adopted: dict[int, int] = {}
    for certificate in certificates:
        road = atlas.road(certificate.body)
        if road.home is None:
            line = outcome.certificates[certificate.pk] = _parted(atlas, certificate, road)
            keeper = line.sender if line.action in (Action.KEEP, Action.CHANGE) else None
            if keeper is not None:
                adopted[keeper] = certificate.pk
    return adopted


def _parted(atlas: Atlas, certificate: Certificate, road: Road) -> Line:
    """Return the line of a body's that is split, dissolved or not involved (M4, Điều 17 khoản 3).

    Whether a body that goes on while parts leave it keeps its own is not for the machine to say.
    """
    over = endings.already(certificate, atlas.world.day)
    if over is None and road.fate == Fate.OUTSIDE:
        over = Why.NOT_INVOLVED
    if over is not None:
        return endings.kept(certificate, over)
    heir = _bears_an_heir(atlas, certificate, road)
    if heir is not None:
        return endings.kept(certificate, Why.NAME_KEPT, sender=heir.pk)
    decided = atlas.world.decided.get((About.CERTIFICATE, certificate.pk))
    decided = decided or atlas.placed.get(certificate.subscriber)
    if road.fate != Fate.DIVIDED and decided is None:
        return endings.with_its_body(certificate, road)
    over = endings.of_itself(certificate, atlas.device_of(certificate), atlas)
    if over == Why.DEVICE_LOST or (over is not None and decided is None):
        return endings.line(certificate, over, stage=Stage.REVOKE, sender=road.sender)
    if decided is not None:
        return endings.as_decided(certificate, decided, road, atlas)
    return endings.left_open(certificate, road)


def _bears_an_heir(atlas: Atlas, certificate: Certificate, road: Road) -> Target | None:
    """Return the successor whose new name the certificate was changed to already."""
    body = atlas.world.bodies.get(road.body)
    old = body.key if body else ""
    return next(
        (heir for heir in road.heirs if heir.key != old and heir.key in certificate.names), None
    )


def _body_line(case: Case, choice: Choice | None, adopted: Mapping[int, int]) -> Line:
    """Return what the target itself asks for: a new certificate (Mẫu 02), or nothing."""
    target = case.target
    why = _why_issue(case, choice, adopted)
    warnings = []
    if case.is_open and case.atlas.world.chosen.get(target.pk):
        warnings.append(Warn.CHOICE_FELL_OUT)
    is_issued = why not in _NOTHING_ASKED
    decided = case.atlas.world.decided.get((About.BODY, target.pk))
    if decided is not None and decided.action in (Action.KEEP, Action.ISSUE):
        wants = decided.action == Action.ISSUE and why != Why.HAS_CERTIFICATE
        is_issued, why = wants, why if wants == is_issued else Why.SETTLED
    if is_issued and not any(one.body == target.agency for one in case.live):
        warnings.append(Warn.WET_INK)
    return Line(
        About.BODY,
        target.pk,
        target.pk,
        Action.ISSUE if is_issued else Action.KEEP,
        why,
        Stage.ORGANISATION if is_issued else Stage.NOTHING,
        form="02" if is_issued else "",
        sender=target.pk if is_issued else None,
        is_open=case.is_open,
        warnings=tuple(warnings),
    )


def _why_issue(case: Case, choice: Choice | None, adopted: Mapping[int, int]) -> Why:
    """Say why the target has no certificate, or that it has one or needs none."""
    if case.survivor is not None or case.target.pk in adopted or _is_divided(case):
        return Why.HAS_CERTIFICATE
    if _has_no_seal(case):
        return Why.NO_SEAL
    if choice is not None and choice.is_made and choice.proposed is not None:
        return Why.CHOSEN_NONE
    return _why_none(case)


def _why_none(case: Case) -> Why:
    day = case.atlas.world.day
    wanted = [one for one in case.live if not _is_not_needed(case, one)]
    if wanted:
        is_late = all(ages.days_left(one, day) < ages.DAYS_LEFT_TO_ASK for one in wanted)
        return Why.NONE_HAS_30_DAYS if is_late else Why.CERTIFICATE_UNUSABLE
    if case.live and not case.gathers:
        return Why.NEVER_HAD_ONE  # the body itself says that it needs none any more
    past = [one for one in case.pool if not one.is_superseded]
    if past and not max(past, key=lambda one: (one.not_after, one.pk)).is_revoked:
        return Why.ALL_EXPIRED
    if not case.gathers:
        return Why.NEVER_HAD_ONE
    if past:
        return Why.CERTIFICATE_UNUSABLE
    whole = {share.old for share in case.atlas.sources.get(case.target.pk, [])}
    comes_whole = any(case.atlas.road(body).home is case.target for body in whole)
    return Why.FIRST_CERTIFICATE if comes_whole else Why.SPLIT_SUCCESSOR


def _is_not_needed(case: Case, certificate: Certificate) -> bool:
    reply = case.atlas.reply(About.CERTIFICATE, certificate.pk)
    says_no = reply is not None and reply.answer == Answer.NOT_NEEDED
    return says_no or "05" in certificate.pending


def _is_divided(case: Case) -> bool:
    agency = case.target.agency
    return agency is not None and case.atlas.road(agency).fate == Fate.DIVIDED


def _has_no_seal(case: Case) -> bool:
    sources = [share.old for share in case.atlas.sources.get(case.target.pk, [])]
    facts = [case.atlas.world.bodies[body] for body in sources if body in case.atlas.world.bodies]
    return bool(facts) and not any(body.has_seal for body in facts)
