"""Issuing (Mẫu 01–03): not asked twice, the body registered, the agency's own key a new one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from portal.ca.tokens.outside_keys import in_use, weak_together
from portal.core.rules import Violation
from requests_app import kinds
from requests_app.kinds.duplicates import stands_in
from requests_app.kinds.key_requests import MADE_AT_AGENCY, request_of
from requests_app.kinds.named_bodies import unregistered
from requests_app.models import Dossier, DossierItem
from requests_app.rules import dossiers as rules
from requests_app.rules.register import key_is_unused, key_shares_no_factor, owner_is_registered
from requests_app.workflow import ENDED, State


def violations(dossier: Dossier, items: Sequence[DossierItem], *, now: datetime) -> list[Violation]:
    """Return what stops the rows of a form that issues."""
    # Only the sender's own dossiers are looked at: others' are not its business.
    hashes = {item.identity_hash for item in items} - {""}
    others = {
        (other.identity_hash, other.storage): other.dossier
        for other in DossierItem.objects.filter(
            identity_hash__in=hashes, dossier__agency=dossier.agency, outcome=""
        )
        .exclude(dossier=dossier.pk)
        .exclude(dossier__state__in=[*ENDED, State.DRAFT])
        .select_related("dossier")
    }
    found = [
        stands_in(other, item, sender=dossier.agency_id)
        for item in items
        if item.identity_hash and (other := others.get((item.identity_hash, item.storage)))
    ]
    # Whose the key is stays unsaid: another body's certificates are not the sender's business.
    requests = {
        item.position: request
        for item in items
        if item.storage in MADE_AT_AGENCY and (request := request_of(item.answers))
    }
    used = in_use({one.fingerprint for one in requests.values()}) if requests else set()
    found += [
        key_is_unused(requests[item.position].fingerprint in used, item.position, item.title)
        for item in items
        if item.position in requests
    ]
    weak = weak_together(requests.values()) if requests else set()
    found += [
        key_shares_no_factor(requests[item.position].fingerprint in weak, item.position, item.title)
        for item in items
        if item.position in requests
    ]
    violations = [violation for violation in found if violation]
    about, today = kinds.get(dossier.kind).about, timezone.localdate(now)
    if about == "organisation":
        names = {item.position: item.title for item in items}
        is_registered = rules.organisation_is_registered
        violations += unregistered(dossier.agency, names, is_registered, today=today)
    if about == "system":
        owners = {item.position: item.answers.get("owner", "") for item in items}
        violations += unregistered(dossier.agency, owners, owner_is_registered, today=today)
    return violations
