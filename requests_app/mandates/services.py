"""Giving and withdrawing a mandate; the head of the body does both."""

from __future__ import annotations

from datetime import date, datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.audit import services as audit
from portal.core.roles import Capability, Scope
from portal.core.rules import refuse
from portal.core.text.vietnamese import nfc
from portal.notices import services as notices
from requests_app.acts import mandate_act
from requests_app.models import RecoveryMandate


def may_give(user: User) -> bool:
    """Say whether ``user`` leads a body that has an office to give a mandate to."""
    is_head = user.can(Capability.SIGN_LETTERS) and user.scope is Scope.BODY
    return is_head and user.agency.office_id is not None


@transaction.atomic
def give(
    *, valid_from: date, valid_until: date, basis: str, actor: User, now: datetime
) -> RecoveryMandate:
    """Let the office's support team write the body's requests for recovery; one stands at a time.

    Raises PermissionDenied or Refused.
    """
    if not may_give(actor):
        raise PermissionDenied("only the head of a body gives a mandate")
    agency = Agency.objects.select_for_update(of=("self",), no_key=True).get(pk=actor.agency_id)
    if valid_until < max(valid_from, timezone.localdate(now)):
        raise refuse("mandate_has_ended", _("Ngày kết thúc phải từ hôm nay và sau ngày bắt đầu."))
    assert agency.office is not None
    if RecoveryMandate.objects.standing().filter(agency=agency, office=agency.office).exists():
        raise refuse(
            "mandate_stands",
            _("Đơn vị đã có ủy quyền chưa rút."),
            way_out=_("Rút ủy quyền đó trước khi lập ủy quyền mới."),
        )
    mandate = RecoveryMandate.objects.create(
        agency=agency,
        office=agency.office,
        basis=nfc(basis),
        valid_from=valid_from,
        valid_until=valid_until,
        granted_by=actor,
        granted_at=now,
    )
    _tell(mandate, "given", _("%(agency)s ủy quyền soạn Mẫu 06"), now=now)
    audit.record(mandate_act("mandate.give", mandate), actor=actor, now=now)
    return mandate


@transaction.atomic
def withdraw(mandate: RecoveryMandate, *, actor: User, now: datetime) -> RecoveryMandate:
    """End a mandate now; what was drafted stays the body's.

    Raises RecoveryMandate.DoesNotExist, PermissionDenied or Refused.
    """
    if not may_give(actor):
        raise PermissionDenied("only the head of a body withdraws its mandate")
    seen = RecoveryMandate.objects.visible_to(actor)
    mandate = seen.select_for_update(of=("self",), no_key=True).get(pk=mandate.pk)
    if mandate.revoked_at is not None:
        raise refuse("mandate_is_withdrawn", _("Ủy quyền này đã được rút."))
    mandate.revoked_by, mandate.revoked_at = actor, now
    mandate.save(update_fields=["revoked_by", "revoked_at"])
    _tell(mandate, "withdrawn", _("%(agency)s rút ủy quyền soạn Mẫu 06"), now=now)
    audit.record(mandate_act("mandate.withdraw", mandate), actor=actor, now=now)
    return mandate


def _tell(mandate: RecoveryMandate, what: str, title: str, *, now: datetime) -> None:
    notices.tell(
        User.objects.who_can(Capability.DRAFT_RECOVERIES, agency_id=mandate.office_id),
        cause=f"mandate:{mandate.uuid}:{what}",
        title=title % {"agency": mandate.agency.name},
        text=mandate.basis,
        path=reverse("requests_app:mandates"),
        target_type="mandate",
        target_uuid=mandate.uuid,
        now=now,
    )
