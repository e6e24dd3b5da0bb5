"""Rendering the letters of long lists in the background."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from portal.audit import services as audit
from portal.core.roles import Role
from requests_app.models import Dossier
from requests_app.services import letters
from requests_app.services.drafts import dossier_act
from requests_app.workflow import State

LEASE = timedelta(minutes=5)


def freeze_waiting(*, now: datetime, most: int = 5) -> int:
    """Render the frozen letters that are still missing; return how many."""
    waiting = Dossier.objects.filter(
        Q(claimed_until__isnull=True) | Q(claimed_until__lt=now),
        queue=Role.HEAD,
        state=State.AWAITING_SIGNATURE,
        letter__isnull=True,
    ).values_list("pk", flat=True)[:most]
    return sum(_freeze(pk, now=now) for pk in list(waiting))


def _freeze(pk: int, *, now: datetime) -> bool:
    claimed = Dossier.objects.filter(
        Q(claimed_until__isnull=True) | Q(claimed_until__lt=now),
        pk=pk,
        state=State.AWAITING_SIGNATURE,
        letter__isnull=True,
    ).update(claimed_until=now + LEASE)
    if not claimed:
        return False
    dossier = Dossier.objects.get(pk=pk)
    pdf = letters.render(dossier)
    with transaction.atomic():
        locked = Dossier.objects.select_for_update(of=("self",)).get(pk=pk)
        locked.claimed_until = None
        if locked.version == dossier.version:
            # Nobody took it back to change it while it was rendered.
            document = letters.freeze(locked, pdf, now=now)
            locked.save(update_fields=["letter", "signed_letter"])
            act = dossier_act("dossier.freeze", locked, data={"sha256": document.sha256})
            audit.record(act, actor=None, now=now)
        locked.save(update_fields=["claimed_until"])
    return True
