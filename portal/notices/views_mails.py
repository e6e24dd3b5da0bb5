"""For the administrator: the mails that do not arrive, and those a demonstration wrote to files."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.core.roles import Capability
from portal.notices import services
from portal.notices.delivery import outboxes
from portal.notices.models import Mail

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest

_PAGE = 25
_MOST_WRITTEN = 50


@require_safe
def dead_mails(request: UserRequest) -> HttpResponse:
    """List the mails that are tried no more."""
    _permit(request)
    mails = Mail.objects.visible_to(request.user)
    dead = mails.dead().select_related("recipient__agency")
    context = {
        "page": Paginator(dead, _PAGE).get_page(request.GET.get("page")),
        "waiting": mails.put_off().count(),
        "last_waiting": mails.put_off().order_by("-claimed_until").first(),
        "has_outbox": bool(outboxes()),
    }
    return render(request, "notices/dead_mails.html", context)


@require_POST
def send_again(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Let a dead mail be tried again."""
    _permit(request)
    mails = Mail.objects.visible_to(request.user).select_related("recipient__agency__office")
    mail = get_object_or_404(mails, uuid=uuid)
    if services.send_again(mail, actor=request.user, now=timezone.now()):
        messages.success(request, _("Thư sẽ được gửi lại trong ít phút."))
    else:
        messages.info(request, _("Thư này không còn chờ xử lý."))
    return redirect("notices:dead_mails")


@require_safe
def written_mails(request: UserRequest) -> HttpResponse:
    """Show the mails of a demonstration, which are written into files."""
    _permit(request)
    kept = outboxes()
    if not kept:
        raise Http404
    messages_kept = [one for outbox in kept for one in outbox.latest(_MOST_WRITTEN)]
    return render(request, "notices/outbox.html", {"mails": messages_kept})


def _permit(request: UserRequest) -> None:
    if not request.user.can(Capability.ADMINISTER):
        raise PermissionDenied
