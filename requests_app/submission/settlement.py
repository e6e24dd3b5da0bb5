"""What a draft goes out as: its sender's name, office, route, addressee and copies of that day."""

from __future__ import annotations

from datetime import date

from portal.agencies.models import AgencyVersion
from portal.core.rules import Refused, refuse
from requests_app import kinds
from requests_app.models import Dossier, DossierCopy, RoutingRule
from requests_app.routing.services import copies_for, rule_for


def settle(dossier: Dossier, *, today: date) -> RoutingRule:
    """Set on ``dossier`` how it goes out when it is frozen ``today``; return the rule it goes by.

    A draft may be older than the sender's present name or the rule in force. Nothing is saved.
    Raises Refused when there is no rule.
    """
    if dossier.sent_at is None:
        dossier.office = dossier.agency.office
    rule = _rule_of(dossier, today=today)
    apply_rule(dossier, rule, version_in_force(dossier.agency_id, today))
    return rule


def apply_rule(dossier: Dossier, rule: RoutingRule, version: AgencyVersion) -> None:
    """Set what the letter was rendered with; nothing is saved."""
    dossier.agency_version = version
    dossier.route, dossier.addressee = rule.route, rule.addressee
    dossier.mail_rule = rule if rule.mail_to else None


def version_in_force(agency_id: int, today: date) -> AgencyVersion:
    """Return how the body stands ``today``; raises Refused when nothing is in force."""
    found = AgencyVersion.objects.on(today).filter(agency=agency_id)
    version = found.select_related("parent").order_by("-valid_from").first()
    if version is None:
        raise refuse("no_agency_version", "Đơn vị chưa có thông tin có hiệu lực hôm nay.")
    return version


def set_copies(dossier: Dossier, rule: RoutingRule) -> None:
    """Write down which bodies get the dossier to follow it, once it is sent."""
    dossier.copies.all().delete()
    DossierCopy.objects.bulk_create(
        [DossierCopy(dossier=dossier, agency=body) for body in copies_for(rule, dossier.agency)]
    )


def limit_of(dossier: Dossier, *, today: date) -> int | None:
    """Return the working days the rule in force gives who decides; None: the law's own."""
    try:
        return _rule_of(dossier, today=today).working_days
    except Refused:  # the rule the dossier was sent by has ended
        return None


def _rule_of(dossier: Dossier, *, today: date) -> RoutingRule:
    """Return the rule for the first row's storage: all rows go one way by the time it counts."""
    storage = dossier.items.order_by("position").values_list("storage", flat=True).first() or ""
    procedure = kinds.get(dossier.kind).procedure
    return rule_for(procedure, office_id=dossier.office_id, storage=storage, today=today)
