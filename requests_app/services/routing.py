"""Who gets which form: the RoutingRule in force for an office, procedure, storage and day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db.models import Q

from portal.core.rules import refuse
from requests_app.models import RoutingRule
from requests_app.workflow import Route


def rule_for(
    procedure: str, *, office_id: int | None, storage: str = "", today: date
) -> RoutingRule:
    """Return the most specific rule in force; raise Refused when there is none."""
    return _choose(_in_force(procedure, office_id=office_id, today=today), procedure, storage)


def rules_for(
    procedure: str, *, office_id: int | None, storages: Iterable[str], today: date
) -> list[RoutingRule]:
    """Return the rule of each storage, in one query."""
    candidates = _in_force(procedure, office_id=office_id, today=today)
    return [_choose(candidates, procedure, storage) for storage in storages]


def _in_force(procedure: str, *, office_id: int | None, today: date) -> list[RoutingRule]:
    found = RoutingRule.objects.select_related("addressee").filter(
        Q(office=office_id) | Q(office__isnull=True),
        Q(valid_until__isnull=True) | Q(valid_until__gt=today),
        procedure=procedure,
        valid_from__lte=today,
    )
    return list(found) if office_id is not None else _without_office(found)


def _without_office(rules: Iterable[RoutingRule]) -> list[RoutingRule]:
    """A body no office answers for (an office itself, say) writes to the CA without one between."""
    found = [rule for rule in rules if rule.route != Route.OFFICE_ONLY]
    for rule in found:
        if rule.route == Route.VIA_OFFICE:
            rule.route = Route.DIRECT  # not saved
    return found


def _choose(candidates: list[RoutingRule], procedure: str, storage: str) -> RoutingRule:
    fitting = [rule for rule in candidates if rule.storage in ("", storage)]
    if not fitting:
        raise refuse(
            "no_routing_rule",
            "Chưa có quy định nơi nhận cho loại hồ sơ này tại đơn vị.",
            way_out="Đề nghị quản trị hệ thống hoặc Sở KH&CN bổ sung quy định nơi nhận.",
        )
    return max(
        fitting, key=lambda rule: (rule.office_id is not None, bool(rule.storage), rule.valid_from)
    )
