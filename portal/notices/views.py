"""What one is told, the bell in the frame, and when mail should come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseStopPolling

from portal.accounts import sessions
from portal.core.roles import Capability
from portal.core.text.numbers import with_dots
from portal.core.web.paging import Order, keyset_page
from portal.notices import services
from portal.notices.delivery import outboxes, pointers_for
from portal.notices.models import Mailing, Notice
from portal.notices.preferences import choose, mailing_of

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest


class MailingForm(forms.Form):
    """When mail should come."""

    mailing = forms.ChoiceField(
        label=gettext_lazy("Gửi thư điện tử cho tôi"),
        choices=Mailing.choices,
        widget=forms.RadioSelect,
        help_text=gettext_lazy("Thông báo về việc đã quá hạn luôn được gửi ngay, kể cả ngày nghỉ."),
        error_messages={
            "required": gettext_lazy("Hãy chọn một cách nhận thư."),
            "invalid_choice": gettext_lazy("Hãy chọn một trong các cách nhận thư dưới đây."),
        },
    )


_PAGE = 25
_MOST_DIGITS = 10
_PREVIEWED, _LOOKED_AT = 5, 50  # by the bell: things, notices
UNREAD, OVERDUE = "chua-doc", "qua-han"


@require_safe
def notice_list(request: UserRequest) -> HttpResponse:
    """List the notices, newest first; ``?loc=`` the unread or the overdue alone."""
    told = Notice.objects.visible_to(request.user)
    chosen = request.GET.get("loc", "")
    shown = {UNREAD: told.unread(), OVERDUE: told.urgent()}.get(chosen, told)
    order = Order("at", is_descending=True)
    shown = shown.select_related("deadline")
    page = keyset_page(shown, order=order, params=request.GET, size=_PAGE)
    unread = told.unread().count()
    context = {
        "page": page,
        "groups": grouped(page),
        "chosen": chosen if chosen in {UNREAD, OVERDUE} else "",
        "filters": [
            ("", _("Tất cả")),
            (UNREAD, _("Chưa đọc (%(count)s)") % {"count": with_dots(unread)}),
            (OVERDUE, _("Quá hạn")),
        ],
        "unread": unread,
        "looks_after_mails": request.user.can(Capability.ADMINISTER),
        "has_outbox": bool(outboxes()),
    }
    return render(request, "notices/list.html", context)


@require_POST
def open_notice(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Note that a notice is read and go to what it is about."""
    notice = get_object_or_404(Notice.objects.visible_to(request.user), uuid=uuid)
    services.read(notice, actor=request.user, now=timezone.now())
    if _is_ours(notice.path):
        return redirect(notice.path)
    return redirect("notices:list")


@require_POST
def mark_read(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Note that a notice is read, with ``about`` all before it about the same thing; stay."""
    notice = get_object_or_404(Notice.objects.visible_to(request.user), uuid=uuid)
    now = timezone.now()
    if "about" in request.POST:
        services.read_about(notice, actor=request.user, now=now)
    else:
        services.read(notice, actor=request.user, now=now)
    came_from = request.POST.get("back", "")
    here = reverse("notices:list")
    is_list = came_from.startswith(f"{here}?") and _is_ours(came_from)
    return HttpResponseRedirect(came_from if is_list else here)


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


@login_not_required
@never_cache
@require_safe
def bell(request: HttpRequest) -> HttpResponse:
    """Show how many notices are unread, for the page's own refresh; keeps no session alive.

    ``?known=`` is what the page shows: 204 while it is true. When the session has ended the bell
    says so and asks no more, and what somebody has typed on the page stays.
    """
    user = request.user
    if not user.is_authenticated or sessions.is_over(request.session, now=timezone.now()):
        return HttpResponseStopPolling(render(request, "notices/_bell_over.html").content)
    unread = Notice.objects.visible_to(user).unread().count()
    known = request.GET.get("known", "")
    if known == str(unread):
        return HttpResponse(status=204)
    is_news = known.isascii() and known.isdigit() and len(known) < _MOST_DIGITS
    context = {"unread": unread, "is_news": is_news and int(known) < unread}
    return render(request, "notices/_bell.html", context)


@require_safe
def newest(request: UserRequest) -> HttpResponse:
    """Show the newest that are still to be read, what repeats as one, for the bell's panel."""
    unread = Notice.objects.visible_to(request.user).unread()
    groups = grouped(unread.select_related("deadline")[:_LOOKED_AT], many=2)
    response = render(request, "notices/_newest.html", {"groups": groups[:_PREVIEWED]})
    add_never_cache_headers(response)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: UserRequest) -> HttpResponse:
    """Let people choose when mail should come."""
    typed = request.POST if request.method == "POST" else None
    form = MailingForm(typed, initial={"mailing": mailing_of(request.user)})
    if request.method == "POST" and form.is_valid():
        chosen = Mailing(form.cleaned_data["mailing"])
        choose(chosen, actor=request.user, now=timezone.now())
        messages.success(request, _("Đã ghi cách nhận thư: %(chosen)s.") % {"chosen": chosen.label})
        return redirect("notices:preferences")
    context = {"form": form, "pointers": pointers_for(request.user)}
    return render(request, "notices/preferences.html", context)


def _is_ours(path: str) -> bool:
    return bool(path) and url_has_allowed_host_and_scheme(path, allowed_hosts=None)


MANY = 3  # about the same thing on one page


@dataclass(slots=True)
class Group:
    """A notice, and those of the same page that came before it about the same thing."""

    latest: Notice
    earlier: list[Notice] = field(default_factory=list)

    @property
    def unread(self) -> int:
        """How many of all are unread."""
        return sum(notice.is_new for notice in [self.latest, *self.earlier])


def grouped(notices: Iterable[Notice], *, many: int = MANY) -> list[Group]:
    """Return notices, given newest first, in groups where ``many`` or more are about one thing."""
    notices = list(notices)
    told = Counter(_thing(notice) for notice in notices)
    groups: list[Group] = []
    of_thing: dict[tuple[str, UUID | None], Group] = {}
    for notice in notices:
        thing = _thing(notice)
        if thing in of_thing:
            of_thing[thing].earlier.append(notice)
            continue
        groups.append(Group(notice))
        if notice.target_uuid is not None and told[thing] >= many:
            of_thing[thing] = groups[-1]
    return groups


def _thing(notice: Notice) -> tuple[str, UUID | None]:
    return notice.target_type, notice.target_uuid
