"""What a RoutingRule says, checked before it is written; ending what it takes the place of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from portal.agencies.models import Agency, AgencyKind
from portal.core.rules import Refused, Violation
from portal.deadlines.rules import limit_of
from requests_app.models import Procedure, RoutingProposal, RoutingRule
from requests_app.models.querysets import RoutingRuleQuerySet
from requests_app.routing import rules
from requests_app.routing.presets import Preset, PresetRule
from requests_app.workflow import routes_of

# The longest the receiving side may take; a rule may shorten it, never lengthen it.
_LEGAL_LIMIT = {
    Procedure.ISSUE: "ca_issue",
    Procedure.RENEW_CHANGE: "ca_renew_change",
    Procedure.REVOKE: "ca_revoke",
    Procedure.RECOVER: "recovery",
}
_LONGEST_BASIS = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFacts:
    """One rule as it is typed; ``office`` None is every office, ``storage`` "" every device."""

    office: Agency | None
    procedure: str
    storage: str
    route: str
    addressee: Agency
    copies: Sequence[Agency]
    working_days: int | None
    valid_from: date
    basis: str
    copies_commune: bool = False
    channel: str = ""
    mail_to: str = ""
    mail_copy_to: str = ""
    mails_sheet: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PresetTerms:
    """For which office a preset is taken, from when, on what basis, with which further copies."""

    preset: Preset
    office: Agency
    valid_from: date
    basis: str
    copies: Sequence[Agency] = ()


def facts_of(terms: PresetTerms) -> list[RuleFacts]:
    """Return the rules of a preset as this office would have them; raise Refused without a CA."""
    ca = Agency.objects.filter(kind=AgencyKind.CA, dissolved_on__isnull=True).first()
    if ca is None:
        raise Refused(Violation("no_ca", "Chưa có cơ quan cung cấp dịch vụ chứng thực."))
    return [_facts_of(line, terms, ca) for line in terms.preset.rules]


def _facts_of(line: PresetRule, terms: PresetTerms, ca: Agency) -> RuleFacts:
    copies = [terms.office] if line.copies_office else []
    article = f", {line.article}" if line.article else ""
    return RuleFacts(
        office=terms.office,
        procedure=line.procedure,
        storage=line.storage,
        route=line.route,
        addressee=terms.office if line.goes_to_office else ca,
        copies=[*copies, *(body for body in terms.copies if body not in copies)],
        copies_commune=line.copies_commune,
        channel=line.channel,
        working_days=line.working_days,
        valid_from=terms.valid_from,
        basis=f"{terms.basis.strip()}{article}"[:_LONGEST_BASIS] if terms.basis.strip() else "",
    )


def violations_of(facts: RuleFacts) -> list[Violation]:
    """Return every reason why a rule may not be written so, each once."""
    kind = _LEGAL_LIMIT.get(Procedure(facts.procedure))
    limit = limit_of(kind) if kind else None
    found = [
        rules.has_basis(facts.basis),
        rules.fits_procedure(facts.procedure, facts.route, routes_of(facts.procedure)),
        rules.may_be_delegated(facts.procedure, facts.route),
        rules.office_addresses_itself(
            facts.route, facts.office.pk if facts.office else None, facts.addressee.pk
        ),
        rules.ca_is_addressed(facts.route, facts.addressee.kind == AgencyKind.CA),
        rules.is_no_longer_than_the_law(
            facts.working_days,
            limit.working_days if limit else None,
            limit.article if limit else "",
        ),
    ]
    return [violation for violation in found if violation]


def refuse_if_wrong(facts: Sequence[RuleFacts]) -> None:
    """Raise Refused with what is wrong in any of the rules; the same thing is said once."""
    if found := dict.fromkeys(violation for one in facts for violation in violations_of(one)):
        raise Refused(*found)


def write(facts: RuleFacts, proposal: RoutingProposal) -> RoutingRule:
    """Write a rule that takes effect when ``proposal`` is confirmed."""
    rule = RoutingRule.objects.create(
        office=facts.office,
        procedure=facts.procedure,
        storage=facts.storage,
        route=facts.route,
        addressee=facts.addressee,
        copies_commune=facts.copies_commune,
        channel=facts.channel.strip(),
        mail_to=facts.mail_to,
        mail_copy_to=facts.mail_copy_to,
        mails_sheet=facts.mails_sheet,
        working_days=facts.working_days,
        valid_from=facts.valid_from,
        basis=facts.basis.strip(),
        proposal=proposal,
    )
    rule.copies.set(facts.copies)
    return rule


def replaced_by(proposal: RoutingProposal) -> RoutingRuleQuerySet:
    """Return the rules in force that a proposal's rules take the place of.

    A preset takes the place of every rule of its office; a single rule, of its own kind.
    """
    standing = RoutingRule.objects.confirmed().not_ended_by(proposal.starts_on)
    standing = standing.exclude(proposal=proposal)
    if proposal.preset:
        return standing.filter(office=proposal.office)
    same = Q(pk__in=[])
    for rule in proposal.rules.all():
        same |= Q(office=rule.office_id, procedure=rule.procedure, storage=rule.storage)
    return standing.filter(same)


def refuse_overlap(proposal: RoutingProposal) -> None:
    """Raise Refused when a rule that would be replaced begins on the same day or later."""
    overlaps = replaced_by(proposal).filter(valid_from__gte=proposal.starts_on).exists()
    if violation := rules.comes_after_the_standing(overlaps):
        raise Refused(violation)
