"""Keeping the RoutingRules: who gets which form, from when to when, on what basis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.agencies.models import Agency, AgencyKind
from portal.audit import services as audit
from portal.core.roles import Role
from portal.core.rules import refuse
from portal.deadlines.rules import LIMITS
from requests_app.models import Procedure, RoutingRule
from requests_app.workflow import Route

# The longest the receiving side may take; a rule may shorten it, never lengthen it.
_LEGAL_LIMIT = {
    Procedure.ISSUE: "ca_issue",
    Procedure.RENEW_CHANGE: "ca_renew_change",
    Procedure.REVOKE: "ca_revoke",
    Procedure.RECOVER: "recovery",
}


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


@transaction.atomic
def add_rule(facts: RuleFacts, *, actor: User, now: datetime) -> RoutingRule:
    """Put a rule in force from a day; the one it takes the place of ends that day.

    Raises PermissionDenied (not an administrator) or Refused.
    """
    _permit(actor)
    _check(facts)
    standing = RoutingRule.objects.select_for_update().filter(
        Q(valid_until__isnull=True) | Q(valid_until__gt=facts.valid_from),
        office=facts.office,
        procedure=facts.procedure,
        storage=facts.storage,
    )
    if standing.filter(valid_from__gte=facts.valid_from).exists():
        raise refuse(
            "rule_overlaps",
            _("Đã có quy định cùng loại bắt đầu từ ngày này hoặc muộn hơn."),
            way_out=_("Chọn ngày bắt đầu muộn hơn, hoặc kết thúc quy định kia trước."),
        )
    standing.update(valid_until=facts.valid_from)
    rule = RoutingRule.objects.create(
        office=facts.office,
        procedure=facts.procedure,
        storage=facts.storage,
        route=facts.route,
        addressee=facts.addressee,
        working_days=facts.working_days,
        valid_from=facts.valid_from,
        basis=facts.basis.strip(),
    )
    rule.copies.set(facts.copies)
    _record("routing.add", rule, actor=actor, now=now)
    return rule


@transaction.atomic
def end_rule(rule: RoutingRule, *, until: date, actor: User, now: datetime) -> RoutingRule:
    """End a rule before a day; dossiers already sent keep the route they were sent on.

    Raises PermissionDenied or Refused.
    """
    _permit(actor)
    rule = RoutingRule.objects.select_for_update().get(pk=rule.pk)
    if until <= rule.valid_from:
        raise refuse("ends_before_start", _("Ngày kết thúc phải sau ngày bắt đầu."))
    if rule.valid_until is not None and rule.valid_until <= until:
        raise refuse("ended_already", _("Quy định này đã kết thúc trước ngày đó."))
    rule.valid_until = until
    rule.save(update_fields=["valid_until"])
    _record("routing.end", rule, actor=actor, now=now)
    return rule


def _permit(actor: User) -> None:
    if actor.role != Role.ADMINISTRATOR:
        raise PermissionDenied("only an administrator changes routes")


def _check(facts: RuleFacts) -> None:
    if not facts.basis.strip():
        raise refuse("no_basis", _("Phải ghi căn cứ (số, ngày văn bản quy định nơi nhận)."))
    if facts.route == Route.OFFICE_ONLY and facts.addressee.kind != AgencyKind.OFFICE:
        raise refuse("addressee_no_office", _("Hồ sơ Sở tự giải quyết phải gửi đến Sở."))
    if facts.route != Route.OFFICE_ONLY and facts.addressee.kind != AgencyKind.CA:
        raise refuse("addressee_no_ca", _("Hồ sơ theo đường này phải gửi đến Cục."))
    limit = _LEGAL_LIMIT.get(Procedure(facts.procedure))
    if limit and facts.working_days and facts.working_days > LIMITS[limit].working_days:
        raise refuse(
            "longer_than_the_law",
            _("Thời hạn chỉ được ngắn hơn quy định (%(days)s ngày làm việc), không được dài hơn.")
            % {"days": LIMITS[limit].working_days},
            article=LIMITS[limit].article,
        )


def _record(action: str, rule: RoutingRule, *, actor: User, now: datetime) -> None:
    act = audit.Act(
        action=action,
        target_type="routing_rule",
        target_uuid=rule.uuid,
        office_uuid=rule.office.uuid if rule.office else None,
        data={
            "procedure": rule.procedure,
            "storage": rule.storage,
            "route": rule.route,
            "from": rule.valid_from.isoformat(),
            "until": rule.valid_until.isoformat() if rule.valid_until else None,
        },
    )
    audit.record(act, actor=actor, now=now)
