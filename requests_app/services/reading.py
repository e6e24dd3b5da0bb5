"""Reading what is masked elsewhere: whoever looks at a whole row is written down."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import transaction

from portal.accounts.models import User
from portal.audit import services as audit
from requests_app.models import Dossier, DossierItem
from requests_app.services.drafts import dossier_act


@transaction.atomic
def read_row(dossier: Dossier, item_uuid: uuid.UUID, *, actor: User, now: datetime) -> DossierItem:
    """Return one row with everything in it and record who read it.

    Raises Dossier.DoesNotExist (not visible to the actor) or DossierItem.DoesNotExist.
    """
    dossier = (
        Dossier.objects.visible_to(actor).select_related("agency", "office").get(pk=dossier.pk)
    )
    item = DossierItem.objects.select_related("device", "result").get(
        dossier=dossier, uuid=item_uuid
    )
    audit.record(
        dossier_act("dossier.read_row", dossier, data={"row": item.position}), actor=actor, now=now
    )
    return item


@transaction.atomic
def note_reading(dossier: Dossier, *, actor: User, now: datetime) -> None:
    """Record that the letter, in which nothing is masked, was opened."""
    audit.record(dossier_act("dossier.read_letter", dossier), actor=actor, now=now)
