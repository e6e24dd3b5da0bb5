"""What a change of the RoutingRules would change: before and after, for who reads and confirms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from portal.ca.models import Storage
from portal.core.rules import Refused
from requests_app.kinds.base import Words
from requests_app.models import Procedure, RoutingProposal, RoutingRule
from requests_app.routing.services import rule_for
from requests_app.routing.terms import PresetTerms, RuleFacts, facts_of, refuse_if_wrong
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
        return Storage(self.storage).label if self.storage else _("Mọi loại thiết bị")

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
    return sorted(found, key=_order)


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
        one.procedure, one.storage, one.route, addressee, followers, one.working_days, one.basis
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
    return way.route, way.addressee, frozenset(way.copies), way.working_days


def _order(change: Change) -> tuple[int, str]:
    return list(Procedure).index(change.procedure), change.storage
