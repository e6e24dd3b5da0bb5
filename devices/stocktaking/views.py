"""The stock-takings, and one: counting, what is missing and strange, closing, what follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from devices.forms import CODE
from devices.lifecycle import Condition, Custody, Move
from devices.models import Device, Stocktaking, StocktakingLine, StocktakingPlace
from devices.serials import normalise, split_serials
from devices.stocktaking import services
from devices.stocktaking.services import STRANGE, Counted, Result
from devices.stocktaking.sheets import serials_of
from portal.audit.exports import note_export
from portal.core.roles import Capability, Scope
from portal.core.rules import Violation
from portal.core.web import sheets
from portal.core.web.paging import Order, capped_count, first_rows, keyset_page
from portal.core.web.refusals import Refusals
from portal.core.web.sheets import SheetColumn
from portal.documents.responses import file_response

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from portal.accounts.models import User, UserRequest

MISSING, SEEN, ODD = "thieu", "thay", "la"
BY_KEY = Order("id")
_ODD_SHOWN = 50  # serials told at once after a count; all stand in the list
# Where a device lies that the register has elsewhere: the move that says so, by whose place it is.
_MOVED_BY: dict[tuple[Scope, str], tuple[_StrPromise, str]] = {
    (Scope.BODY, Custody.WITH_SUBSCRIBER): (
        gettext_lazy("Nhận lại từ thuê bao"),
        "devices:take_back_many",
    ),
    (Scope.BODY, Custody.TO_BE_RETURNED): (
        gettext_lazy("Nhận lại từ thuê bao"),
        "devices:take_back_many",
    ),
    (Scope.BODY, Custody.ON_ITS_WAY): (gettext_lazy("Xác nhận đã nhận"), "devices:incoming"),
    (Scope.CA, Custody.AT_OFFICE): (gettext_lazy("Xác nhận Cục đã nhận"), "devices:office_returns"),
}


def _result_of(row: Device | StocktakingLine) -> str:
    if isinstance(row, Device):
        return str(_("Chưa thấy"))
    if row.result:
        return row.get_result_display()
    return str(_("Lạ: sổ ghi ở nơi khác") if row.device_id else _("Đã ghi"))


def _register_of(row: Device | StocktakingLine) -> str:
    place = row.custody if isinstance(row, Device) else row.was_at
    return str(Custody(place).label) if place else "–"


COLUMNS: list[SheetColumn[Device | StocktakingLine]] = [
    SheetColumn(gettext_lazy("Số hiệu thiết bị"), lambda row: row.serial, 24),
    SheetColumn(gettext_lazy("Kết quả"), _result_of, 28),
    SheetColumn(gettext_lazy("Sổ theo dõi ghi"), _register_of, 28),
]


class CountForm(forms.Form):
    """Serials that were read off things: scanned, pasted, or in a file of a reader."""

    typed = forms.CharField(
        label=gettext_lazy("Quét, gõ hoặc dán số hiệu"),
        required=False,
        max_length=80_000,
        help_text=gettext_lazy("Mỗi dòng một số hiệu, đọc trên chính thiết bị."),
        widget=forms.Textarea(attrs={"rows": 6, **CODE}),
    )
    sheet = forms.FileField(
        label=gettext_lazy("Hoặc tệp của máy quét, bảng tính"),
        required=False,
        help_text=gettext_lazy("Tệp .txt, .csv hoặc .xlsx có cột “Số hiệu”, tối đa 2.000 số hiệu."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = dict(super().clean() or {})
        found = split_serials(cleaned.get("typed", ""))
        sheet = cleaned.get("sheet")
        if isinstance(sheet, UploadedFile):
            with Refusals() as refused:
                found += serials_of(sheet)
            refused.put_on(self, "sheet")
        if not found and not self.errors:
            self.add_error("typed", _("Chưa quét hoặc nhập số hiệu nào."))
        cleaned["serials"] = found
        return cleaned


class CloseForm(forms.Form):
    """What the one who closes it says."""

    remark = forms.CharField(
        label=gettext_lazy("Nhận xét, kiến nghị"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


@dataclass(frozen=True, slots=True)
class Row:
    """One line as the page shows it: what it is, and where it is mended."""

    serial: str
    url: str
    result: str
    said: str
    act: str
    act_url: str
    is_reportable: bool


@require_http_methods(["GET", "HEAD", "POST"])
def index(request: UserRequest) -> HttpResponse:
    """List the stock-takings, the newest on top, and open one."""
    user = request.user
    if user.scope is Scope.NONE:
        raise Http404
    places = services.places_open_to(user)
    refused = Refusals()
    if request.method == "POST":
        place = request.POST.get("place", "")
        if place not in StocktakingPlace.values or place not in places:
            raise PermissionDenied("not a place of theirs")
        with refused:
            made = services.begin(place, actor=user, now=timezone.now())
            return redirect("devices:stocktaking", made.uuid)
    found = Stocktaking.objects.visible_to(user)
    page = keyset_page(
        found.select_related("agency", "opened_by", "closed_by"),
        order=Order("opened_at", is_descending=True),
        params=request.GET,
    )
    context = {
        "page": page,
        "count": capped_count(found),
        "places": places,
        "violations": refused.violations,
    }
    return render(request, "devices/stocktakings.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def stocktaking(request: UserRequest, code: UUID) -> HttpResponse:
    """Show one with what is missing, strange and seen; count, while it is open."""
    found = _find(request.user, code)
    if request.method != "POST":
        return _page(request, found)
    if not services.may_count(found, request.user):
        raise PermissionDenied("does not count here")
    form = CountForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, found, count_form=form)
    refused = Refusals()
    with refused:
        counted = services.count(
            found, form.cleaned_data["serials"], actor=request.user, now=timezone.now()
        )
        return _page(request, found, counted=counted)
    return _page(request, found, count_form=form, violations=refused.violations)


@require_POST
def take_step(request: UserRequest, code: UUID) -> HttpResponse:
    """Close it, give it up, take a serial out, report what is missing."""
    found = _find(request.user, code)
    step = request.POST.get("step", "")
    refused = Refusals()
    with refused:
        back = _taken(request, found, step)
        return redirect(back)
    refused.tell(request)
    return redirect("devices:stocktaking", found.uuid)


@require_safe
def minutes(request: UserRequest, code: UUID) -> HttpResponse:
    found = _find(request.user, code)
    if found.minutes is None:
        raise Http404
    return file_response(found.minutes, as_attachment="tai" in request.GET)


def _taken(request: UserRequest, found: Stocktaking, step: str) -> str:
    """Take the step that was asked for; return where to go then."""
    user, now = request.user, timezone.now()
    here = reverse("devices:stocktaking", args=[found.uuid])
    if step == "close":
        form = CloseForm(request.POST)
        if form.is_valid():
            services.close(found, form.cleaned_data["remark"], actor=user, now=now)
            messages.success(request, _("Đã chốt kiểm kê và lập biên bản."))
        return here
    if step == "drop":
        services.drop(found, actor=user, now=now)
        messages.success(request, _("Đã hủy đợt kiểm kê; không có biên bản."))
        return reverse("devices:stocktakings")
    if step == "uncount":
        services.uncount(found, normalise(request.POST.get("serial", "")), actor=user, now=now)
        return here
    if step == "report_lost":
        count = services.report_missing(found, request.POST.getlist("seen"), actor=user, now=now)
        messages.success(request, _("Đã ghi thất lạc %(count)d thiết bị.") % {"count": count})
    return here


def _find(user: User, code: UUID) -> Stocktaking:
    rows = Stocktaking.objects.visible_to(user).select_related(
        "agency", "office", "opened_by", "closed_by", "minutes"
    )
    return get_object_or_404(rows, uuid=code)


def _page(
    request: UserRequest,
    found: Stocktaking,
    *,
    count_form: CountForm | None = None,
    counted: Counted | None = None,
    violations: Sequence[Violation] = (),
) -> HttpResponse:
    user = request.user
    view = request.GET.get("xem", "")
    view = view if view in (MISSING, SEEN, ODD) else MISSING
    rows: Any
    if view == MISSING and found.is_open:
        rows = services.missing(found).select_related("agency", "subscriber")
    else:
        wanted = {MISSING: (Result.MISSING,), SEEN: (Result.FOUND,), ODD: STRANGE}[view]
        rows = services.lines(found, *wanted)
    if sheets.is_wanted(request.GET):
        now = timezone.now()
        taken = first_rows(rows, order=BY_KEY, size=sheets.MOST_ROWS + 1)
        note_export("kiem-ke", rows=len(taken), params=request.GET, actor=user, now=now)
        today = timezone.localdate(now)
        return sheets.sheet_response(taken, COLUMNS, name="kiem-ke", today=today)
    page = keyset_page(rows, order=BY_KEY, params=request.GET)
    shown = [_row(found, row, user) for row in page]
    may_count = services.may_count(found, user)
    may_close = services.may_close(found, user)
    has_counted = may_close and services.has_counted(found, user)
    context = {
        "stocktaking": found,
        "counts": services.count_all(found),
        "view": view,
        "page": page,
        "rows": shown,
        "may_count": may_count,
        "lost": services.lost_since(found) if user.can(Capability.DRAFT) else (),
        "may_report": any(row.is_reportable for row in shown),
        "count_form": (count_form or CountForm()) if may_count else None,
        "close_form": CloseForm() if may_close and not has_counted else None,
        "has_counted": has_counted,
        "counted": counted,
        "odd": counted.odd[:_ODD_SHOWN] if counted else (),
        "violations": violations,
    }
    return render(request, "devices/stocktaking.html", context)


def _row(found: Stocktaking, row: Device | StocktakingLine, user: User) -> Row:
    device = row if isinstance(row, Device) else row.device
    said = str(_("Không có trong sổ"))
    if device is not None:
        said = str(device.get_custody_display())
        if device.condition != Condition.OK:
            said = f"{said}, {device.get_condition_display().lower()}"
    act, url = "", ""
    is_missing = isinstance(row, StocktakingLine) and row.result == Result.MISSING
    if not found.is_open and isinstance(row, StocktakingLine):
        act, url = _mended_at(found, row, user)
    return Row(
        serial=row.serial,
        url=reverse("devices:detail", args=[device.uuid]) if device else "",
        result=_result_of(row),
        said=said,
        act=act,
        act_url=url,
        is_reportable=bool(
            is_missing
            and found.closed_at
            and device is not None
            and device.can(Move.REPORT_LOST, user.role)
        ),
    )


def _mended_at(found: Stocktaking, line: StocktakingLine, user: User) -> tuple[str, str]:
    """Return the act that mends a line of one that is over, and its page."""
    device = line.device
    if line.result == Result.FOUND:
        return "", ""
    if device is None:
        taken_in = f"{reverse('devices:stock')}?kiem-ke={found.uuid}#nhap-kho"
        if user.scope is Scope.CA:
            return _("Nhập kho"), taken_in
        return _("Hỏi bàn hỗ trợ"), reverse("support:ask")
    page = reverse("devices:detail", args=[device.uuid])
    is_lost = device.condition == Condition.LOST
    if line.result == Result.MISSING:
        return "", ""
    if is_lost:
        return _("Ghi tìm lại được"), page
    label, route = _MOVED_BY.get((user.scope, device.custody), (_("Sửa nơi giữ"), ""))
    return str(label), reverse(route) if route else page
