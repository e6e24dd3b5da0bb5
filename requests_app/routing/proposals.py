"""Changing the RoutingRules: one administrator proposes, another person confirms or declines."""

from __future__ import annotations

from datetime import date, datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.accounts.rules import is_known_person, is_second_person
from portal.agencies.models import Agency
from portal.audit import services as audit
from portal.core.roles import Capability
from portal.core.rules import Refused, Violation, refuse
from requests_app.models import RoutingProposal, RoutingRule
from requests_app.routing.terms import (
    PresetTerms,
    RuleFacts,
    facts_of,
    refuse_if_wrong,
    refuse_overlap,
    replaced_by,
    write,
)


@transaction.atomic
def propose_rule(facts: RuleFacts, *, actor: User, now: datetime) -> RoutingProposal:
    """Propose a rule from a day on; nothing changes until another person confirms it.

    Raises PermissionDenied (not an administrator) or Refused.
    """
    _permit(actor)
    refuse_if_wrong([facts])
    proposal = _open(facts.office, facts.valid_from, actor=actor, now=now)
    write(facts, proposal)
    refuse_overlap(proposal)
    _record("routing.propose", proposal, actor=actor, now=now)
    return proposal


@transaction.atomic
def propose_preset(terms: PresetTerms, *, actor: User, now: datetime) -> RoutingProposal:
    """Propose a province's set of rules for an office, in the place of all it has.

    Raises PermissionDenied or Refused.
    """
    _permit(actor)
    every = facts_of(terms)
    refuse_if_wrong(every)
    proposal = _open(terms.office, terms.valid_from, preset=terms.preset.code, actor=actor, now=now)
    for facts in every:
        write(facts, proposal)
    refuse_overlap(proposal)
    _record("routing.propose", proposal, actor=actor, now=now)
    return proposal


@transaction.atomic
def propose_end(rule: RoutingRule, *, until: date, actor: User, now: datetime) -> RoutingProposal:
    """Propose to end a rule before a day; raises PermissionDenied or Refused."""
    _permit(actor)
    _refuse_end(rule, until)
    proposal = _open(rule.office, until, ends=rule, actor=actor, now=now)
    _record("routing.propose", proposal, actor=actor, now=now)
    return proposal


@transaction.atomic
def confirm_proposal(proposal: RoutingProposal, *, actor: User, now: datetime) -> RoutingProposal:
    """Put the proposed rules in force; each they replace ends on their first day.

    Dossiers already sent keep the route they were sent on. Raises PermissionDenied or Refused:
    everything is asked again, as other rules may have come since.
    """
    proposal = _lock_open(proposal, actor=actor)
    _refuse_if(is_second_person(actor.is_same_person_as(proposal.proposed_by), False))
    standing = list(RoutingRule.objects.select_for_update(no_key=True).order_by("pk"))
    if proposal.ends is not None:
        ending = next(rule for rule in standing if rule.pk == proposal.ends_id)
        _refuse_end(ending, proposal.starts_on)
        ending.valid_until = proposal.starts_on
        ending.save(update_fields=["valid_until"])
    else:
        refuse_overlap(proposal)
        replaced_by(proposal).update(valid_until=proposal.starts_on)
    _decide(proposal, actor, is_confirmed=True, now=now)
    _record("routing.confirm", proposal, actor=actor, now=now)
    return proposal


@transaction.atomic
def decline_proposal(proposal: RoutingProposal, *, actor: User, now: datetime) -> RoutingProposal:
    """Decline a proposal; everything stays as it is. Raises PermissionDenied or Refused."""
    proposal = _lock_open(proposal, actor=actor)
    _refuse_if(is_second_person(actor.is_same_person_as(proposal.proposed_by), False))
    _decide(proposal, actor, is_confirmed=False, now=now)
    _record("routing.decline", proposal, actor=actor, now=now)
    return proposal


@transaction.atomic
def withdraw_proposal(proposal: RoutingProposal, *, actor: User, now: datetime) -> RoutingProposal:
    """Take one's own proposal back. Raises PermissionDenied or Refused."""
    proposal = _lock_open(proposal, actor=actor)
    if not actor.is_same_person_as(proposal.proposed_by):
        raise PermissionDenied("only who proposed a rule may withdraw it")
    _decide(proposal, None, is_confirmed=False, now=now)
    _record("routing.withdraw", proposal, actor=actor, now=now)
    return proposal


def _permit(actor: User) -> None:
    if not actor.can(Capability.ADMINISTER):
        raise PermissionDenied("only an administrator changes routes")
    _refuse_if(is_known_person(actor.person_id is not None))


def _refuse_if(violation: Violation | None) -> None:
    if violation:
        raise Refused(violation)


def _refuse_end(rule: RoutingRule, until: date) -> None:
    if until <= rule.valid_from:
        raise refuse("ends_before_start", _("Ngày kết thúc phải sau ngày bắt đầu."))
    if rule.valid_until is not None and rule.valid_until <= until:
        raise refuse("ended_already", _("Quy định này đã kết thúc trước ngày đó."))


def _open(
    office: Agency | None,
    starts_on: date,
    *,
    preset: str = "",
    ends: RoutingRule | None = None,
    actor: User,
    now: datetime,
) -> RoutingProposal:
    return RoutingProposal.objects.create(
        office=office,
        preset=preset,
        ends=ends,
        starts_on=starts_on,
        proposed_by=actor,
        proposed_at=now,
    )


def _lock_open(proposal: RoutingProposal, *, actor: User) -> RoutingProposal:
    _permit(actor)
    found = RoutingProposal.objects.visible_to(actor).select_for_update(of=("self",), no_key=True)
    proposal = found.select_related("office", "ends", "proposed_by").get(pk=proposal.pk)
    if proposal.decided_at is not None:
        raise refuse(
            "already_decided",
            _("Đề nghị này đã được người khác xử lý."),
            way_out=_("Tải lại trang quy định nơi nhận để xem kết quả."),
        )
    return proposal


def _decide(
    proposal: RoutingProposal, actor: User | None, *, is_confirmed: bool, now: datetime
) -> None:
    proposal.decided_by, proposal.decided_at = actor, now
    proposal.is_confirmed = is_confirmed
    proposal.save(update_fields=["decided_by", "decided_at", "is_confirmed"])


def _record(action: str, proposal: RoutingProposal, *, actor: User, now: datetime) -> None:
    """Write one entry about all the rules of a proposal."""
    found = proposal.rules.all() if proposal.ends is None else [proposal.ends]
    act = audit.Act(
        action=action,
        target_type="routing_rule",
        target_uuid=proposal.uuid,
        office_uuid=proposal.office.uuid if proposal.office else None,
        data={
            "preset": proposal.preset,
            "is_end": proposal.ends_id is not None,
            "from": proposal.starts_on.isoformat(),
            "rules": [
                {
                    "procedure": rule.procedure,
                    "storage": rule.storage,
                    "route": rule.route,
                    "addressee": str(rule.addressee.uuid),
                }
                for rule in found
            ],
        },
    )
    audit.record(act, actor=actor, now=now)
