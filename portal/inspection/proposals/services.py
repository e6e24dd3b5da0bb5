"""Proposing reward or discipline, and noting what was decided; nobody notes of their own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.audit import services as audit
from portal.audit.look_only import refuse_look_only
from portal.core.roles import Capability
from portal.core.rules import refuse
from portal.core.text.vietnamese import nfc
from portal.inspection.acts import act
from portal.inspection.models import ConductProposal, InspectionRound
from portal.inspection.rounds.services import people_of
from portal.notices import services as notices
from portal.support.questions.texts import as_kept


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalFacts:
    """What is typed to propose."""

    kind: str
    agency: Agency
    round: InspectionRound | None
    about: str
    reason: str


@transaction.atomic
def propose(facts: ProposalFacts, *, actor: User, now: datetime) -> ConductProposal:
    """Keep a proposal and tell those who may note what is decided. Raises PermissionDenied."""
    refuse_look_only(actor, now=now)
    seen = Agency.objects.visible_to(actor)
    if not actor.can(Capability.INSPECT) or not seen.filter(pk=facts.agency.pk).exists():
        raise PermissionDenied("only the office of a body proposes")
    made = ConductProposal.objects.create(
        office=actor.agency,
        agency=facts.agency,
        round=facts.round,
        kind=facts.kind,
        about=nfc(facts.about),
        reason=as_kept(facts.reason),
        proposed_by=actor,
        proposed_at=now,
    )
    deciders = people_of(actor.agency_id, Capability.INSPECT, Capability.SIGN_REPORTS)
    notices.tell(
        deciders.exclude(pk=actor.pk),
        cause=f"conduct-proposal:{made.pk}",
        title=_("Đề nghị %(kind)s chờ kết luận: %(body)s")
        % {"kind": made.get_kind_display().lower(), "body": made.agency.name},
        path=reverse("inspection:proposals"),
        target_type="conduct_proposal",
        target_uuid=made.uuid,
        asks=True,
        now=now,
    )
    audit.record(_act("propose", made), actor=actor, now=now)
    return made


def may_decide(proposal: ConductProposal, user: User) -> bool:
    """Say whether ``user`` may note what was decided: in its office, and not who proposed it."""
    is_of_office = proposal.office_id in user.body_ids
    is_able = user.can(Capability.INSPECT) or user.can(Capability.SIGN_REPORTS)
    return (
        is_of_office
        and is_able
        and not proposal.decision
        and not user.looks_only
        and not user.is_same_person_as(proposal.proposed_by)
    )


@transaction.atomic
def decide(
    proposal: ConductProposal, decision: str, basis: str, note: str, *, actor: User, now: datetime
) -> ConductProposal:
    """Note what was decided of a proposal.

    Raises DoesNotExist, PermissionDenied (who proposed it, or has no part), or Refused where it is
    decided.
    """
    refuse_look_only(actor, now=now)
    rows = ConductProposal.objects.visible_to(actor).select_related(
        "office", "agency", "proposed_by"
    )
    found = rows.select_for_update(of=("self",), no_key=True).get(pk=proposal.pk)
    if found.decision:
        raise refuse(
            "decided_already",
            _("Đề nghị này đã có kết luận."),
            way_out=_("Xem kết luận ở danh sách."),
        )
    if not may_decide(found, actor):
        raise PermissionDenied("another person notes what was decided")
    found.decision, found.decision_basis = decision, nfc(basis)
    found.decision_note, found.decided_by, found.decided_at = as_kept(note), actor, now
    found.save()
    notices.settle("conduct_proposal", found.uuid, now=now)
    audit.record(_act("decide", found, decision=decision), actor=actor, now=now)
    return found


def _act(name: str, proposal: ConductProposal, **data: object) -> audit.Act:
    facts = {"kind": proposal.kind, **data}  # never whom it is about, or why
    return act(
        f"conduct.{name}",
        "conduct_proposal",
        proposal.uuid,
        agency=proposal.agency,
        office=proposal.office,
        **facts,
    )
