"""Changing the RoutingRules: one administrator proposes, another person confirms or declines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.accounts.models import User
from portal.accounts.rules import is_known_person, is_second_person
from portal.agencies.models import Agency
from portal.audit import services as audit
from portal.ca.models import Storage
from portal.core.roles import Capability
from portal.core.rules import Refused, Violation, refuse
from requests_app.kinds.base import Words
from requests_app.models import Procedure, RoutingProposal, RoutingRule
from requests_app.routing.services import rule_for
from requests_app.routing.terms import (
    PresetTerms,
    RuleFacts,
    facts_of,
    refuse_if_wrong,
    refuse_overlap,
    replaced_by,
    write,
)
from requests_app.workflow import Route


@dataclass(frozen=True, slots=True)
class Way:
    """One rule in the words a reader compares; ``storage`` "" is every device kind."""

    procedure: str
    storage: str
    route: str
    addressee: str
    copies: tuple[str, ...]
    working_days: int | None
    basis: str
    mails: tuple[str, ...] = ()  # the addresses its letters are mailed to
    mails_sheet: bool = False

    @property
    def route_words(self) -> Words:
        """The route as it is called on pages."""
        return Route(self.route).label


@dataclass(frozen=True, slots=True)
class Change:
    """How a procedure goes on the day before a proposal takes effect, and from then on."""

    procedure: Procedure
    storage: str
    before: Way | None
    after: Way | None

    @property
    def storage_words(self) -> Words:
        """The device kind as it is called on pages."""
        return Storage(self.storage).label if self.storage else gettext_lazy("Mọi loại thiết bị")

    @property
    def is_change(self) -> bool:
        """Whether the way itself differs, not only the document it stands on."""
        return _essence(self.before) != _essence(self.after)


_COMMUNE_UNIT = "phòng Văn hóa – Xã hội của xã, phường"


def preview_of(facts: Sequence[RuleFacts], *, replaces_all: bool) -> list[Change]:
    """Return what rules that are not written yet would change, in the order of the procedures.

    ``replaces_all``: they take the place of every rule of their office, also of those for a device
    kind of which they say nothing in particular.
    """
    found = [
        Change(
            Procedure(one.procedure), one.storage, _standing(one, one.storage), _way_of_facts(one)
        )
        for one in facts
    ]
    if replaces_all:
        said = {(one.procedure, one.storage) for one in facts}
        general = {one.procedure: one for one in facts if not one.storage}
        standing = RoutingRule.objects.in_force(facts[0].valid_from).filter(office=facts[0].office)
        kinds = standing.exclude(storage="").order_by().values_list("procedure", "storage")
        found += [
            Change(
                Procedure(procedure),
                storage,
                _standing(general[procedure], storage),
                _way_of_facts(general[procedure]),
            )
            for procedure, storage in sorted(set(kinds) - said)
            if procedure in general
        ]
    return sorted(found, key=lambda one: (list(Procedure).index(one.procedure), one.storage))


def preview_of_preset(terms: PresetTerms) -> list[Change]:
    """Return what a province's set of rules would change; raises Refused where one is wrong."""
    facts = facts_of(terms)
    refuse_if_wrong(facts)
    return preview_of(facts, replaces_all=True)


def changes_of(proposal: RoutingProposal) -> list[Change]:
    """Return what a proposal would change."""
    if proposal.ends is not None:
        way = way_of(proposal.ends)
        return [Change(Procedure(way.procedure), way.storage, way, None)]
    rules = proposal.rules.select_related("office", "addressee").prefetch_related("copies")
    facts = [
        RuleFacts(
            office=rule.office,
            procedure=rule.procedure,
            storage=rule.storage,
            route=rule.route,
            addressee=rule.addressee,
            copies=list(rule.copies.all()),
            working_days=rule.working_days,
            valid_from=rule.valid_from,
            basis=rule.basis,
            copies_commune=rule.copies_commune,
            channel=rule.channel,
            mail_to=rule.mail_to,
            mail_copy_to=rule.mail_copy_to,
            mails_sheet=rule.mails_sheet,
        )
        for rule in rules
    ]
    return preview_of(facts, replaces_all=bool(proposal.preset))


def way_of(rule: RoutingRule) -> Way:
    """Return a rule as a reader compares it."""
    return _way(
        rule, rule.addressee.name, [body.name for body in rule.copies.all()], rule.copies_commune
    )


def _way_of_facts(facts: RuleFacts) -> Way:
    return _way(
        facts, facts.addressee.name, [body.name for body in facts.copies], facts.copies_commune
    )


def _way(
    one: RuleFacts | RoutingRule, addressee: str, copies: Iterable[str], copies_commune: bool
) -> Way:
    followers = (*copies, *([_COMMUNE_UNIT] if copies_commune else []))
    return Way(
        one.procedure,
        one.storage,
        one.route,
        addressee,
        followers,
        one.working_days,
        one.basis,
        tuple(filter(None, (one.mail_to, one.mail_copy_to))),
        one.mails_sheet,
    )


def _standing(facts: RuleFacts, storage: str) -> Way | None:
    """Return how it goes now for who the rule is for; None where nothing says."""
    office_id = facts.office.pk if facts.office else None
    try:
        rule = rule_for(
            facts.procedure, office_id=office_id, storage=storage, today=facts.valid_from
        )
    except Refused:
        return None
    return way_of(rule)


def _essence(way: Way | None) -> tuple[object, ...] | None:
    if way is None:
        return None
    copies, mails = frozenset(way.copies), (frozenset(way.mails), way.mails_sheet)
    return way.route, way.addressee, copies, way.working_days, mails


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
