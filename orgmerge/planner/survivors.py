"""Which organisation certificate lives on under a new name (DOMAIN 4.2): ranked and explained.

The person decides; the machine only ranks and says why others fall out.
"""

from __future__ import annotations

from collections.abc import Iterable

from orgmerge.planner import validity
from orgmerge.planner.codes import Against, Note
from orgmerge.planner.facts import Candidate, Certificate, Choice, Device, Target
from orgmerge.planner.successors import PlanningContext
from orgmerge.vocabulary import Answer

# DERIVED: DOMAIN 4.2 ranks the newest kind of device first and names no order.
_NEWEST_KINDS = ("hsm", "token", "sim", "rssp", "sd", "soft")


def choice_of(
    target: Target,
    whole: Iterable[Certificate],
    partly: Iterable[Certificate],
    context: PlanningContext,
    *,
    outdone: Iterable[Certificate] = (),
) -> Choice | None:
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
        return Choice(target.pk, candidates, proposed=None, chosen=0, is_made=True)
    proposed = ranked[0].certificate
    chosen = context.world.chosen.get(target.pk)
    if chosen == 0 or chosen in {one.certificate for one in ranked}:
        return Choice(target.pk, candidates, proposed, chosen, is_made=True)
    return Choice(target.pk, candidates, proposed)


def _against(
    certificate: Certificate, device: Device | None, context: PlanningContext
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
        (is_lost or answer == Answer.DEVICE_NOT_FOUND, Against.DEVICE_LOST),
        (device is not None and device.condition == validity.DAMAGED, Against.DEVICE_DAMAGED),
        (device is not None and device.custody not in validity.IN_HAND, Against.DEVICE_NOT_IN_HAND),
        ("05" in certificate.pending, Against.REVOCATION_PENDING),
        (answer in (Answer.NOT_NEEDED, Answer.LEFT), Against.NOT_NEEDED),
    ]
    return [code for holds, code in found if holds]


def _fallen(
    certificates: Iterable[Certificate], why: str, context: PlanningContext
) -> list[Candidate]:
    day = context.world.day
    return [Candidate(one.pk, 0, (why,)) for one in certificates if validity.is_live(one, day)]
