"""An office ends: so do the rules about who gets which form that name it (decision 0021)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.audit import services as audit
from portal.core.database.bulk import update_rows
from portal.notices import services as notices
from requests_app.models import Procedure, RoutingRule


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
    ended = [one for one in named if _is_replaced(one, office, heir, standing)]
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


def _is_replaced(
    rule: RoutingRule, office: Agency, heir: Agency, standing: Sequence[RoutingRule]
) -> bool:
    """Say whether another rule, which does not name ``office``, serves those that this one did."""
    served_by = {None, heir.pk if rule.office_id == office.pk else rule.office_id}
    return any(
        other.procedure == rule.procedure
        and other.office_id in served_by
        and other.storage in ("", rule.storage)
        and office.pk not in (other.office_id, other.addressee_id)
        for other in standing
    )


def _name_of(rule: RoutingRule) -> str:
    name = str(Procedure(rule.procedure).label)
    if rule.storage:
        name += f" ({rule.get_storage_display()})"
    return f"{name} – {rule.office.name}" if rule.office else name
