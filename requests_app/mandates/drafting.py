"""Who may draft which form, in whose name: one's own body's, or a body's that gave a mandate."""

from __future__ import annotations

from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.core.roles import Capability, Scope
from requests_app import kinds
from requests_app.models import RecoveryMandate
from requests_app.models.querysets import RecoveryMandateQuerySet
from requests_app.workflow import Procedure


def may_draft(user: User, kind_code: str, agency_id: int) -> bool:
    """Say whether ``user`` writes a form in the name of a body whose dossier they see."""
    if user.can(Capability.DRAFT):
        return True
    if not user.can(Capability.DRAFT_RECOVERIES):
        return False
    if kinds.get(kind_code).procedure != Procedure.RECOVER:
        return False
    return agency_id in user.body_ids or _mandates(user).filter(agency=agency_id).exists()


def sender_for(user: User, agency: Agency | None) -> Agency | None:
    """Return in whose name ``user`` may write about what is ``agency``'s; None: in nobody's."""
    if user.can(Capability.DRAFT):
        return user.agency
    if agency is None or not user.can(Capability.DRAFT_RECOVERIES):
        return None
    if user.scope is Scope.BODY:
        return user.agency
    return agency if _mandates(user).filter(agency=agency).exists() else None


def _mandates(user: User) -> RecoveryMandateQuerySet:
    return RecoveryMandate.objects.visible_to(user).standing()
