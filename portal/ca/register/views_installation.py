"""Confirming that a new certificate is on its device; the section of its page that asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.ca.models import Certificate
from portal.ca.register import installation
from portal.ca.register.guidance import installation_steps
from portal.core.web.refusals import Refusals

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the page of a certificate that is not installed yet says."""

    steps: list[str]
    ends_old_at: datetime  # when the old one is revoked though nobody confirmed
    is_overdue: bool  # that moment has come
    may_confirm: bool


def waiting(certificate: Certificate, user: User, *, device: str, now: datetime) -> Waiting | None:
    """Return what is left to do before ``certificate`` is in use; None when nothing is."""
    is_new = certificate.predecessor_id is not None and certificate.installed_at is None
    if not is_new or not certificate.is_valid(now):
        return None
    ends_old_at = certificate.issued_at + installation.SUPERSEDED_AFTER
    return Waiting(
        steps=installation_steps(
            [certificate.key.storage], device=device, serial=certificate.serial
        ),
        ends_old_at=ends_old_at,
        is_overdue=ends_old_at <= now,
        may_confirm=installation.may_confirm(certificate, user, now=now),
    )


@require_POST
def confirm_installed(request: UserRequest, code: UUID) -> HttpResponse:
    """Note that the certificate is on its device and go back to its page."""
    certificate = get_object_or_404(Certificate.objects.visible_to(request.user), uuid=code)
    with Refusals() as refused:
        installation.confirm_installed(certificate, actor=request.user, now=timezone.now())
        text = _("Đã xác nhận cài đặt. Chứng thư cũ không còn giá trị ký.")
        messages.success(request, text)
    refused.tell(request)
    return redirect("ca:detail", code)
