"""Who gets which form: the RoutingRule in force for an office, procedure, storage and day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from django.db import transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.agencies.querysets import ancestors_of, heirs_of
from portal.audit import services as audit
from portal.core.database.bulk import update_rows
from portal.core.rules import refuse
from portal.notices import services as notices
from requests_app.models import Procedure, RoutingRule
from requests_app.routing.rules import DECIDED_BY_THE_OFFICE
from requests_app.workflow import PASSED_ON, Route


@transaction.atomic
def end_rules_naming(
    office: Agency, heir: Agency, *, day: date, now: datetime, basis: Mapping[str, str]
) -> list[RoutingRule]:
    """End on ``day`` the rules of an office that ended and those that address it; return them.

    What ``heir`` has takes their place, else the general rule. A rule whose place nothing takes
    stays and is read with the heir in it: no dossier is without a way. Administrators are told of
    both: what is to be instead, two of them say (decision 0015). Safe to repeat.
    """
    standing = list(
        RoutingRule.objects.select_for_update(of=("self",), no_key=True)
        .confirmed()
        .not_ended_by(day)
        .select_related("office", "addressee")
        .prefetch_related("copies")
        .order_by("pk")
    )
    named = [one for one in standing if office.pk in (one.office_id, one.addressee_id)]
    ended = []
    for one in named:
        # Whether another rule, which does not name ``office``, serves those that this one did.
        served_by = {None, heir.pk if one.office_id == office.pk else one.office_id}
        if any(
            other.procedure == one.procedure
            and other.office_id in served_by
            and other.storage in ("", one.storage)
            and office.pk not in (other.office_id, other.addressee_id)
            for other in standing
        ):
            ended.append(one)
    for one in ended:
        one.valid_until = max(day, one.valid_from)
    update_rows(ended, ["valid_until"])
    copied = [one for one in standing if office in one.copies.all() and one not in named]
    if named or copied:
        said = [
            (_("Đã hết hiệu lực"), ended),
            (
                _("Chưa có quy định thay thế, tạm đọc theo đơn vị kế thừa"),
                [one for one in named if one not in ended],
            ),
            (_("Có ghi đồng gửi, nay gửi đơn vị kế thừa"), copied),
        ]
        lines = [f"{words}: {', '.join(map(_name_of, rules))}." for words, rules in said if rules]
        lines.append(_("Hãy rà soát và đề nghị quy định cho %(heir)s.") % {"heir": heir.name})
        notices.tell(
            User.objects.administrators(),
            cause=f"routes-of-ended-office:{office.pk}",
            title=(_("Quy định nơi nhận có ghi %(name)s") % {"name": office.name})[:250],
            text="\n".join(lines),
            path=reverse("requests_app:routing"),
            target_type="agency",
            target_uuid=office.uuid,
            now=now,
        )
    if ended:
        rules = [{"rule": str(one.uuid), "procedure": one.procedure} for one in ended]
        act = audit.Act(
            action="routing.end_with_office",
            target_type="agency",
            target_uuid=office.uuid,
            agency_uuid=office.uuid,
            office_uuid=heir.uuid,
            data={"name": office.name, "from": day.isoformat(), "rules": rules, **basis},
        )
        audit.record(act, actor=None, now=now)
    return ended


def _name_of(rule: RoutingRule) -> str:
    name = str(Procedure(rule.procedure).label)
    if rule.storage:
        name += f" ({rule.get_storage_display()})"
    return f"{name} – {rule.office.name}" if rule.office else name


# The commune's specialised unit (since 7/2025 in the place of the district's): it gets a copy.
_CULTURE_UNIT = "phòng văn hóa"


def rule_for(
    procedure: str, *, office_id: int | None, storage: str = "", today: date
) -> RoutingRule:
    """Return the most specific rule in force; raise Refused when there is none."""
    candidates = _in_force(procedure, office_id=office_id, today=today)
    return _choose(candidates, procedure, storage, office_id)


def rules_for(
    procedure: str, *, office_id: int | None, storages: Iterable[str], today: date
) -> list[RoutingRule]:
    """Return the rule of each storage, in one query."""
    candidates = _in_force(procedure, office_id=office_id, today=today)
    return [_choose(candidates, procedure, storage, office_id) for storage in storages]


def copies_for(rule: RoutingRule, sender: Agency) -> list[Agency]:
    """Return the bodies that get ``sender``'s dossier to follow it, the sender itself left out."""
    bodies = [_who_goes_on(body) for body in rule.copies.all()]
    if rule.copies_commune:
        # The Phòng Văn hóa – Xã hội of the commune: the sender's own, or one beside it.
        near = Q(parent=sender.pk)
        if sender.parent_id is not None:
            near |= Q(parent=sender.parent_id)
        found = Agency.objects.filter(near, has_seal=False, dissolved_on__isnull=True)
        units = found.named(_CULTURE_UNIT)
        if units:
            bodies.append(min(units, key=lambda unit: (unit.parent_id != sender.pk, unit.pk)))
    return [body for body in dict.fromkeys(bodies) if body.pk != sender.pk]


def _in_force(procedure: str, *, office_id: int | None, today: date) -> list[RoutingRule]:
    found = RoutingRule.objects.in_force(today).select_related("office", "addressee")
    whose = Q(office=office_id) | Q(office__isnull=True)
    if office_id is not None:
        whose |= Q(office__in=ancestors_of(office_id))  # what had no other in its place
    rules = list(found.filter(whose, procedure=procedure))
    if office_id is None:
        # A body no office answers for (an office itself, say) writes to the CA without one between.
        rules = [rule for rule in rules if rule.route not in DECIDED_BY_THE_OFFICE]
        for rule in rules:
            if rule.route in PASSED_ON:
                rule.route = Route.DIRECT  # not saved
        return rules
    for rule in rules:
        # What an office decides itself is addressed to it: it is the sender's own that decides.
        if rule.route in DECIDED_BY_THE_OFFICE and rule.addressee_id != office_id:
            own = rule.office if rule.office_id == office_id else None
            rule.addressee = own or Agency.objects.get(pk=office_id)  # not saved
    return rules


def _choose(
    candidates: list[RoutingRule], procedure: str, storage: str, office_id: int | None
) -> RoutingRule:
    fitting = [rule for rule in candidates if rule.storage in ("", storage)]
    if not fitting:
        raise refuse(
            "no_routing_rule",
            "Chưa có quy định nơi nhận cho loại hồ sơ này tại đơn vị.",
            way_out="Đề nghị quản trị hệ thống hoặc Sở KH&CN bổ sung quy định nơi nhận.",
        )
    # The office's own goes before the general one, that before one of an office that ended.
    ranks = {office_id: 2, None: 1}
    found = max(
        fitting,
        key=lambda rule: (ranks.get(rule.office_id, 0), bool(rule.storage), rule.valid_from),
    )
    found.addressee = _who_goes_on(found.addressee)  # not saved
    return found


def _who_goes_on(body: Agency) -> Agency:
    """Return ``body``, or what a body that has ended has become."""
    if body.dissolved_on is None:
        return body
    heirs = Agency.objects.filter(pk__in=heirs_of(body.pk))  # none until its day has come
    return heirs.order_by(F("dissolved_on").desc(nulls_first=True), "pk").first() or body
