"""Systems that sign: the list, one of them with its figures, its token, files for it."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Max
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.agencies.forms import BodyField
from portal.core.roles import Capability
from portal.core.text.numbers import with_dots
from portal.core.web.forms import CheckedField, DayField, SheetFile
from portal.core.web.refusals import Refusals
from portal.usage.figures import sums_of
from portal.usage.models import BodyMonth, SigningSystem, SystemKind
from portal.usage.receiving.files import take_file
from portal.usage.systems import services

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest

ROWS = 25
_SHOWN = 10  # batches, unknown serials on a system's page
_FINDINGS_SHOWN = 100
_FIRST_DAY = date(2000, 1, 1)


class SystemForm(forms.Form):
    """A system to be registered."""

    name = CheckedField(label=gettext_lazy("Tên hệ thống"), max_length=150)
    kind = forms.ChoiceField(
        label=gettext_lazy("Loại"),
        choices=[one for one in SystemKind.choices if one[0] != SystemKind.PAPERS],
    )
    agency = BodyField(
        label=gettext_lazy("Đơn vị chủ quản"),
        required=False,
        help_text=gettext_lazy("Để trống: đơn vị của anh/chị. Ghi tên hoặc mã định danh."),
    )


class EventsFile(forms.Form):
    """A file of events."""

    file = SheetFile(
        label=gettext_lazy("Tệp lượt ký (.csv hoặc .jsonl, UTF-8)"), suffixes=".csv,.jsonl,.json"
    )


class StolenForm(forms.Form):
    """That a token was stolen, and since when."""

    day = DayField(label=gettext_lazy("Lộ từ ngày"))
    hour = forms.TimeField(
        label=gettext_lazy("Lúc (giờ:phút)"),
        input_formats=["%H:%M"],
        initial="00:00",
        help_text=gettext_lazy(
            "Lượt ký nhận bằng mã từ lúc đó bị rút khỏi số liệu; hệ thống gửi lại được."
        ),
    )

    def since(self) -> datetime:
        """Return the moment that was typed, not before there were portals."""
        day: date = max(self.cleaned_data["day"], _FIRST_DAY)
        return timezone.make_aware(datetime.combine(day, self.cleaned_data["hour"]))


@require_safe
def system_list(request: UserRequest) -> HttpResponse:
    """List the systems that report, those heard of last on top."""
    _require_reader(request)
    systems = SigningSystem.objects.visible_to(request.user).for_list()
    page = Paginator(systems.order_by("ended_at", "name", "pk"), ROWS)
    context = {
        "page": page.get_page(request.GET.get("page")),
        "may_register": request.user.can(Capability.REGISTER_SIGNING_SYSTEMS),
    }
    return render(request, "usage/systems.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def register(request: UserRequest) -> HttpResponse:
    _require_registrar(request)
    form = SystemForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        refused = Refusals()
        with refused:
            system = services.register(
                form.cleaned_data["name"],
                form.cleaned_data["kind"],
                form.cleaned_data["agency"] or request.user.agency,
                actor=request.user,
                now=timezone.now(),
            )
            messages.success(request, _("Đã đăng ký. Cấp mã truy cập để hệ thống gửi dữ liệu."))
            return redirect("usage:system", system.uuid)
        refused.put_on(form)
    return render(request, "usage/register.html", {"form": form})


@require_safe
def system(request: UserRequest, code: UUID) -> HttpResponse:
    """Show one system: its clock, its token, what came in, what is not known."""
    return _page(request, _visible(request, code))


@require_POST
def make_token(request: UserRequest, code: UUID) -> HttpResponse:
    """Give a new token and show it, this once."""
    _require_registrar(request)
    found = _visible(request, code)
    refused = Refusals()
    with refused:
        token = services.make_token(found, actor=request.user, now=timezone.now())
        response = _page(request, found, token=token)
        response["Cache-Control"] = "no-store"
        return response
    return _page(request, found, violations=refused.violations)


@require_POST
def end_token(request: UserRequest, code: UUID) -> HttpResponse:
    """End the token; with a moment, what came with it since is withdrawn."""
    _require_registrar(request)
    found = _visible(request, code)
    is_stolen = "day" in request.POST
    form = StolenForm(request.POST) if is_stolen else None
    if form is not None and not form.is_valid():
        return _page(request, found, stolen=form)
    refused = Refusals()
    with refused:
        taken = services.end_token(
            found,
            stolen_since=form.since() if form else None,
            actor=request.user,
            now=timezone.now(),
        )
        messages.success(
            request,
            _("Đã hủy mã truy cập; rút %(count)s lượt ký khỏi số liệu.")
            % {"count": with_dots(taken)}
            if is_stolen
            else _("Đã hủy mã truy cập."),
        )
    refused.tell(request)
    return redirect("usage:system", found.uuid)


@require_POST
def end(request: UserRequest, code: UUID) -> HttpResponse:
    """Take nothing more from a system."""
    _require_registrar(request)
    found = _visible(request, code)
    refused = Refusals()
    with refused:
        services.end(found, actor=request.user, now=timezone.now())
        messages.success(request, _("Đã ngừng nhận dữ liệu của hệ thống."))
    refused.tell(request)
    return redirect("usage:system", found.uuid)


@require_POST
def upload(request: UserRequest, code: UUID) -> HttpResponse:
    """Take a file of events; each row that is refused is named."""
    _require_registrar(request)
    found = _visible(request, code)
    form = EventsFile(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, found, upload=form)
    refused = Refusals()
    with refused:
        done = take_file(
            found, form.cleaned_data["file"].read(), actor=request.user, now=timezone.now()
        )
        return _page(request, found, done=done, findings=done.findings[:_FINDINGS_SHOWN])
    refused.put_on(form, "file")
    return _page(request, found, upload=form)


def _page(request: UserRequest, found: SigningSystem, **more: Any) -> HttpResponse:
    now = timezone.now()
    serials = found.strays.order_by().values("serial").annotate(n=Count("pk"), last=Max("moment"))
    may_register = request.user.can(Capability.REGISTER_SIGNING_SYSTEMS)
    context = {
        "system": found,
        "tokens": found.tokens.select_related("made_by") if may_register else [],
        "may_register": may_register and found.kind != SystemKind.PAPERS,
        "sums": sums_of(BodyMonth.objects.filter(system=found), now=now),
        "batches": found.batches.select_related("handed_in_by")[:_SHOWN],
        "strays": serials.order_by("-n", "serial")[:_SHOWN],
        "skew_minutes": abs(found.skew_seconds or 0) // 60,
        "upload": EventsFile(),
        "stolen": StolenForm(),
        "api_path": request.build_absolute_uri(reverse("api:usage_events")),
    }
    return render(request, "usage/system.html", context | more)


def _visible(request: UserRequest, code: UUID) -> SigningSystem:
    _require_reader(request)
    visible = SigningSystem.objects.visible_to(request.user)
    return get_object_or_404(visible.select_related("agency", "registered_by"), uuid=code)


def _require_reader(request: UserRequest) -> None:
    if not request.user.can(Capability.READ_DOSSIERS):
        raise PermissionDenied("who reads certificates")


def _require_registrar(request: UserRequest) -> None:
    if not request.user.can(Capability.REGISTER_SIGNING_SYSTEMS):
        raise PermissionDenied("who registers systems")
