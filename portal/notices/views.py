"""What one is told; for the administrator, the mails that do not arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from portal.core.paging import Order, keyset_page
from portal.core.roles import Role
from portal.notices import outbox, services
from portal.notices.models import Mail, Notice

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest

_PAGE = 25
_MOST_WRITTEN = 50
UNREAD = "chua-doc"


@require_safe
def notice_list(request: UserRequest) -> HttpResponse:
    """List the notices, newest first; ``?loc=chua-doc`` the unread alone."""
    notices = Notice.objects.visible_to(request.user)
    only_unread = request.GET.get("loc") == UNREAD
    page = keyset_page(
        notices.unread() if only_unread else notices,
        order=Order("at", is_descending=True),
        params=request.GET,
        size=_PAGE,
    )
    context = {
        "page": page,
        "only_unread": only_unread,
        "unread": notices.unread().count(),
        "looks_after_mails": request.user.role == Role.ADMINISTRATOR,
        "has_outbox": outbox.is_in_use(),
    }
    return render(request, "notices/list.html", context)


@require_POST
def open_notice(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Note that a notice is read and go to what it is about."""
    notice = get_object_or_404(Notice.objects.visible_to(request.user), uuid=uuid)
    services.read(notice, actor=request.user, now=timezone.now())
    if notice.path and url_has_allowed_host_and_scheme(notice.path, allowed_hosts=None):
        return redirect(notice.path)
    return redirect("notices:list")


@require_POST
def mark_read(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Note that a notice is read and stay in the list."""
    notice = get_object_or_404(Notice.objects.visible_to(request.user), uuid=uuid)
    services.read(notice, actor=request.user, now=timezone.now())
    return redirect("notices:list")


@require_POST
def read_all(request: UserRequest) -> HttpResponse:
    """Note that everything is read."""
    count = services.read_all(actor=request.user, now=timezone.now())
    messages.success(
        request,
        ngettext(
            "Đã đánh dấu đã đọc %(count)d thông báo.",
            "Đã đánh dấu đã đọc %(count)d thông báo.",
            count,
        )
        % {"count": count},
    )
    return redirect("notices:list")


@require_safe
def bell(request: UserRequest) -> HttpResponse:
    """Show how many notices are unread, for the page's own refresh."""
    unread = Notice.objects.visible_to(request.user).unread().count()
    return render(request, "notices/_bell.html", {"unread": unread})


bell.is_background = True  # type: ignore[attr-defined]  # it keeps no session alive


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
        "has_outbox": outbox.is_in_use(),
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
    if not outbox.is_in_use():
        raise Http404
    return render(request, "notices/outbox.html", {"mails": outbox.latest(_MOST_WRITTEN)})


def _permit(request: UserRequest) -> None:
    if request.user.role != Role.ADMINISTRATOR:
        raise PermissionDenied
