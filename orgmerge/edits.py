"""What every act about a reorganisation begins and ends with: the lock, the version, the entry."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.core.exceptions import PermissionDenied

from orgmerge.acts import merger_act
from orgmerge.models import Merger
from orgmerge.workflow import EDITABLE
from portal.accounts.models import User
from portal.audit import services as audit
from portal.core.roles import Capability
from requests_app.errors import NotEditable, StaleVersion


def lock_merger(
    merger: Merger, *, actor: User, version: int, states: Collection[str] = EDITABLE
) -> Merger:
    """Return it locked, for an officer of its office, while it stands in one of ``states``.

    Raises Merger.DoesNotExist (not visible), PermissionDenied, NotEditable or StaleVersion.
    """
    found = Merger.objects.visible_to(actor).select_for_update(of=("self",), no_key=True)
    locked = found.select_related("office").get(pk=merger.pk)
    if not actor.can(Capability.PREPARE_REORGANISATIONS):
        raise PermissionDenied("only an officer of the office describes a reorganisation")
    if locked.state not in states:
        raise NotEditable(locked.state)
    check_version(locked, version)
    return locked


def check_version(merger: Merger, version: int) -> None:
    """Raise StaleVersion when somebody else changed it since the form was shown."""
    if merger.version != version:
        raise StaleVersion(seen=version, current=merger.version)


def touch(merger: Merger, action: str, *, actor: User, now: datetime, **data: object) -> None:
    """Note that ``actor`` changed a locked reorganisation: they no longer may approve it, and a
    plan made before is no longer the present one. Call it last: the audit entry locks the chain."""
    merger.version += 1
    merger.updated_at = now
    merger.save(update_fields=["version", "updated_at"])
    merger.edited_by.add(actor)
    audit.record(merger_act(action, merger, **data), actor=actor, now=now)
