"""The receiving desk: devices given back on minutes, looked at and confirmed one by one."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Page
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from portal.core.web.refusals import Refusals
from requests_app import kinds
from requests_app.decision import services as decision_services
from requests_app.decision.services import RowDecision, decide_rows
from requests_app.dossier_pages.stages import stages_of
from requests_app.models import Decision, Dossier, DossierItem
from requests_app.pages import components
from requests_app.pages import views as taking
from requests_app.steps.engine import bars_of
from requests_app.steps.forms import StepForm
from requests_app.submission import checks
from requests_app.submission.signing_mode import personal_certificate
from requests_app.workflow import TAKING, Action, steps_open_to

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest

_BETWEEN_SERIALS = re.compile(r"[\r\n\t,;]+")
_ABOUT_THE_SERIAL = frozenset({"no_serial_seen", "serial_differs"})


class DeviceForm(forms.Form):
    """What is said of one device: is it there, the number read off it, what is different."""

    decision = forms.ChoiceField(
        label=gettext_lazy("Kết quả"),
        required=False,
        choices=[
            (Decision.NONE.value, gettext_lazy("Chưa xem")),
            (Decision.ACCEPTED.value, gettext_lazy("Đã nhận")),
            (Decision.REFUSED.value, gettext_lazy("Không nhận")),
        ],
        widget=forms.RadioSelect,
    )
    serial_seen = forms.CharField(
        label=gettext_lazy("Số hiệu đọc trên thiết bị"),
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    reason = forms.CharField(
        label=gettext_lazy("Khác biệt, hoặc lý do không nhận"), required=False, max_length=1000
    )

    def __init__(self, data: Any = None, *, item: DossierItem) -> None:
        self.item = item
        self.serial = item.answers.get("device_serial", "")
        was_seen = item.decision == Decision.ACCEPTED
        initial = {
            "decision": item.decision,
            "serial_seen": self.serial if was_seen else "",
            "reason": item.decision_reason,
        }
        super().__init__(data, prefix=str(item.uuid), initial=initial)

    @property
    def of_minutes(self) -> list[str]:
        """What the minutes say of the device, in words: kind, condition, why it comes back."""
        kind = kinds.get(self.item.dossier.kind)
        return [
            components.words_of(kind.field_named(name), self.item.answers.get(name, ""))
            for name in ("device_kind", "condition", "reason")
        ]


@require_http_methods(["GET", "HEAD", "POST"])
@taking.shows_conflict
def minutes(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Show the minutes beside their devices; a POST confirms or returns them."""
    dossier = components.find(request.user, uuid)
    form, response = taking.try_step(request, dossier)
    return response or _page(request, dossier, sent=form)


@require_POST
@taking.shows_conflict
def tick_devices(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Receive the devices whose numbers were scanned, one a line; unknown ones come back."""
    dossier = components.find(request.user, uuid)
    serials = _BETWEEN_SERIALS.split(request.POST.get("serials", ""))
    ticked, unknown = decision_services.tick_devices(
        dossier,
        serials,
        actor=request.user,
        now=timezone.now(),
        version=components.version_of(request),
    )
    if ticked:
        messages.success(request, _("Đã nhận %(count)s thiết bị.") % {"count": ticked})
    if unknown:
        return _page(request, components.find(request.user, uuid), unknown=unknown)
    return redirect("requests_app:minutes", dossier.uuid)


@require_POST
@taking.shows_conflict
def confirm_devices(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Keep what was said of the devices of one page; nothing typed is lost on an error."""
    dossier = components.find(request.user, uuid)
    page = components.rows_page(dossier, request.POST.get("page"))
    typed = [DeviceForm(request.POST, item=item) for item in page]
    if not all([form.is_valid() for form in typed]):  # noqa: C419 (each shows its own errors)
        return _page(request, dossier, typed=typed, page=page)
    with Refusals() as refused:
        decide_rows(
            dossier,
            {
                form.item.uuid: RowDecision(
                    form.cleaned_data["decision"],
                    form.cleaned_data["reason"],
                    form.cleaned_data["serial_seen"],
                )
                for form in typed
            },
            actor=request.user,
            now=timezone.now(),
            version=components.version_of(request),
        )
    if refused:
        # Put what the rules say beside the cell it is about.
        by_row = {form.item.position: form for form in typed}
        for violation in refused.violations:
            cell = "serial_seen" if violation.code in _ABOUT_THE_SERIAL else "reason"
            words = f"{violation.message} {violation.way_out}".strip()
            if form := by_row.get(violation.row or 0):
                form.add_error(cell, words)
        return _page(request, dossier, typed=typed, page=page)
    messages.success(request, _("Đã lưu kết quả %(count)s dòng.") % {"count": len(typed)})
    number = page.next_page_number() if page.has_next() else page.number
    address = reverse("requests_app:minutes", args=[dossier.uuid])
    return redirect(f"{address}?page={number}#danh-sach")


def _page(
    request: UserRequest,
    dossier: Dossier,
    *,
    sent: StepForm | None = None,
    typed: list[DeviceForm] | None = None,
    page: Page[DossierItem] | None = None,
    unknown: Collection[str] = (),
) -> HttpResponse:
    user = request.user
    open_here = steps_open_to(user.role, state=dossier.state, route=dossier.route)
    if not any(step.action in TAKING for step in open_here):
        return redirect("requests_app:detail", dossier.uuid)
    page = page or components.rows_page(dossier, request.GET.get("page"))
    barred = bars_of(dossier, user)
    now = timezone.now()
    returning = components.steps_of(dossier, user, sent=sent, only=[Action.RETURN])
    context = {
        "dossier": dossier,
        "stages": stages_of(dossier, request.user),
        "kind": kinds.get(dossier.kind),
        "scan": components.scan_of(dossier),
        "taking": components.steps_of(dossier, user, sent=sent, only=TAKING),
        "returning": returning,
        "picks_for": components.picks_for(returning),
        "barred": barred,
        "can_confirm": not barred,
        "can_sign": personal_certificate(user, now=now, is_virtual=True) is not None,
        "progress": components.progress_of(dossier),
        "checks": checks.checks(dossier, reader=user, now=now),
        "page": page,
        "rows": components.masked(dossier, page),
        "device_forms": typed or [DeviceForm(item=item) for item in page],
        "bad_forms": [form for form in typed or [] if form.errors],
        "unknown": unknown,
    }
    return render(request, "requests_app/minutes.html", context)
