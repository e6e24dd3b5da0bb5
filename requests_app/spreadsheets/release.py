"""Handing a list out as a spreadsheet: whole numbers leave the portal, so it is recorded."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from portal.accounts.models import User
from portal.audit import services as audit
from requests_app import kinds
from requests_app.models import Dossier
from requests_app.spreadsheets.writing import export


@transaction.atomic
def release(dossier: Dossier, *, actor: User, now: datetime) -> bytes:
    """Return the rows as the kind's sheet and record who took them.

    Raises Dossier.DoesNotExist when the dossier is not visible to the actor.
    """
    visible = Dossier.objects.visible_to(actor).select_related("agency", "office")
    dossier = visible.get(pk=dossier.pk)
    rows = [item.answers for item in dossier.items.order_by("position")]
    content = export(kinds.get(dossier.kind), rows)
    act = audit.Act(
        action="dossier.export_rows",
        target_type="dossier",
        target_uuid=dossier.uuid,
        agency_uuid=dossier.agency.uuid,
        office_uuid=dossier.office.uuid if dossier.office else None,
        data={"rows": len(rows)},
    )
    audit.record(act, actor=actor, now=now)
    return content
