"""Mẫu 01, 03: old certificates that rows name and that stand long yet. A warning, no refusal.

DOMAIN 14.2 permits a new issue with fewer than 30 days left and says nothing of more. Whose device
is broken, lost or of another sort may be right to ask, so the clerk is warned and the CA judges.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from portal.ca.models import Certificate
from portal.core.rules import Violation
from requests_app import kinds
from requests_app.kinds.base import EffectKind
from requests_app.kinds.duplicates import standing_rows
from requests_app.kinds.named_bodies import bodies_of
from requests_app.kinds.row_rules import day_of_law
from requests_app.kinds.targets import serial_of
from requests_app.models import Dossier, DossierItem
from requests_app.rules.reissue import first_day, may_be_issued_anew

OLD_SERIAL = "old_serial"


def warnings(dossier: Dossier, items: Sequence[DossierItem], *, now: datetime) -> list[Violation]:
    """Return the rows whose old certificate could still be renewed or changed (R31).

    Only the sender's own are looked at: of others nothing is told. One whose revocation is asked
    for is being replaced rightly.
    """
    if not any(one.name == OLD_SERIAL for one in kinds.get(dossier.kind).fields):
        return []
    rows = {item.position: serial_of(item.answers, OLD_SERIAL) for item in items}
    asked = standing_rows({EffectKind.REVOKE}).filter(certificate__isnull=False).order_by()
    own = Certificate.objects.filter(
        serial__in=set(rows.values()) - {""}, agency__in=bodies_of(dossier.agency)
    ).exclude(pk__in=asked.values("certificate"))
    named = {one.serial: one for one in own.only("serial", "revoked_at", "not_after")}
    day = day_of_law(dossier, now)
    found = (
        may_be_issued_anew(
            old.days_left(day),
            has_ended=old.revoked_at is not None or old.not_after <= now,
            from_day=first_day(timezone.localdate(old.not_after)),
            row=row,
        )
        for row, serial in rows.items()
        if (old := named.get(serial)) is not None
    )
    return [violation for violation in found if violation]
