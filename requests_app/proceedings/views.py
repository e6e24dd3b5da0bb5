"""Pages of what proceedings bodies ask for: the list, recording one, one of them, its papers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import UUID

import django_filters
from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.audit.exports import note_export
from portal.core.roles import Capability
from portal.core.text.identifiers import normalise_serial
from portal.core.text.names import key as name_key
from portal.core.text.vietnamese import nfc
from portal.core.web import sheets
from portal.core.web.forms import CheckedField, DayField, SheetFile
from portal.core.web.fragments import filtered, render_list
from portal.core.web.paging import Order, capped_count, first_rows, keyset_page
from portal.core.web.refusals import Refusals
from portal.core.web.sheets import SheetColumn
from portal.deadlines.models import Deadline
from portal.documents.responses import file_response
from requests_app.models import ProceedingsNotice, ProceedingsRequest
from requests_app.models.querysets import ProceedingsRequestQuerySet
from requests_app.proceedings import services
from requests_app.proceedings.services import ProceedingsFacts, finding_words

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest

State = ProceedingsRequest.State
_ORDER = Order("entered_at", is_descending=True)
_BETWEEN_SERIALS = re.compile(r"[\n,;]+")
_LONGEST_LIST = 10_000
TONES = {
    State.WAITING: "warning",
    State.ACCEPTED: "success",
    State.REFUSED: "danger",
    State.WITHDRAWN: "neutral",
}
COLUMNS: tuple[SheetColumn[ProceedingsRequest], ...] = (
    SheetColumn(gettext_lazy("Cơ quan yêu cầu"), lambda one: one.asker, 44),
    SheetColumn(gettext_lazy("Loại"), lambda one: str(one.get_asker_kind_display()), 20),
    SheetColumn(gettext_lazy("Số văn bản"), lambda one: one.letter_number, 20),
    SheetColumn(gettext_lazy("Ngày văn bản"), lambda one: one.letter_date, 14),
    SheetColumn(gettext_lazy("Ngày nhận"), lambda one: one.received_on, 12),
    SheetColumn(gettext_lazy("Căn cứ"), lambda one: one.basis, 44),
    SheetColumn(gettext_lazy("Người, cơ quan được nêu tên"), lambda one: one.named, 36),
    SheetColumn(gettext_lazy("Trạng thái"), lambda one: str(one.get_state_display()), 20),
    SheetColumn(
        gettext_lazy("Ngày quyết định"),
        lambda one: timezone.localdate(one.decided_at) if one.decided_at else None,
        16,
    ),
    SheetColumn(gettext_lazy("Lý do"), lambda one: one.reason, 44),
)


class RequestFilter(django_filters.FilterSet):
    """Filters of the list."""

    q = django_filters.CharFilter(
        label=gettext_lazy("Cơ quan, số văn bản, số hiệu hoặc người được nêu tên"),
        max_length=250,
        method="with_text",
    )
    state = django_filters.ChoiceFilter(
        label=gettext_lazy("Trạng thái"), choices=State.choices, empty_label=gettext_lazy("Tất cả")
    )
    asker_kind = django_filters.ChoiceFilter(
        label=gettext_lazy("Loại cơ quan"),
        choices=ProceedingsRequest.Asker.choices,
        empty_label=gettext_lazy("Tất cả"),
    )

    class Meta:
        model = ProceedingsRequest
        fields: list[str] = []

    def with_text(
        self, requests: ProceedingsRequestQuerySet, name: str, value: str
    ) -> ProceedingsRequestQuerySet:
        text = nfc(value)
        found = Q(asker_key__contains=name_key(text)) | Q(letter_number__istartswith=text)
        found |= Q(named__icontains=text)
        # A subquery: joined, a request would stand once for each of its certificates.
        items = ProceedingsRequest.objects.filter(items__serial=normalise_serial(text))
        return requests.filter(found | Q(pk__in=items.order_by().values("pk")))


class RecordForm(forms.Form):
    """What stands in the letter."""

    asker_kind = forms.ChoiceField(
        label=gettext_lazy("Loại cơ quan yêu cầu"),
        choices=[("", gettext_lazy("Chọn loại cơ quan")), *ProceedingsRequest.Asker.choices],
    )
    asker = CheckedField(
        label=gettext_lazy("Tên cơ quan yêu cầu"),
        help_text=gettext_lazy("Chép đúng tên trên văn bản; văn bản trả lời gửi về tên này."),
        max_length=250,
    )
    letter_number = CheckedField(label=gettext_lazy("Số văn bản"), max_length=50)
    letter_date = DayField(label=gettext_lazy("Ngày văn bản"))
    received_on = DayField(
        label=gettext_lazy("Ngày nhận"), help_text=gettext_lazy("Thời hạn tính từ ngày này.")
    )
    basis = CheckedField(
        label=gettext_lazy("Căn cứ"),
        help_text=gettext_lazy("Căn cứ pháp lý, vụ việc nêu trong văn bản."),
        max_length=500,
    )
    named = CheckedField(
        label=gettext_lazy("Người, cơ quan được nêu tên"),
        help_text=gettext_lazy("Không ghi số định danh cá nhân; bản quét đã có."),
        max_length=250,
    )
    serials = forms.CharField(
        label=gettext_lazy("Số hiệu chứng thư"),
        help_text=gettext_lazy(
            "Mỗi dòng một số hiệu. Văn bản chỉ nêu tên thì để trống: hệ thống chỉ ra các chứng thư "
            "mang tên đó để chọn."
        ),
        required=False,
        max_length=_LONGEST_LIST,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
    )
    keeps_findings = forms.BooleanField(
        label=gettext_lazy("Ghi cả những số hiệu không thu hồi được, để trả lời cơ quan yêu cầu"),
        required=False,
    )
    scan = SheetFile(
        label=gettext_lazy("Bản quét văn bản yêu cầu"),
        help_text=gettext_lazy("PDF, PNG hoặc JPEG, tối đa 10 MB."),
        suffixes=".pdf,.png,.jpg,.jpeg",
    )

    def clean_serials(self) -> list[str]:
        return _BETWEEN_SERIALS.split(self.cleaned_data["serials"])


class ReasonForm(forms.Form):
    """Why nothing is revoked, or why a record is taken back."""

    reason = forms.CharField(
        label=gettext_lazy("Lý do"),
        required=False,  # the service asks for it where it is needed
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


@require_safe
def request_list(request: UserRequest) -> HttpResponse:
    """List what was asked, the latest first; also as a spreadsheet."""
    user, now = request.user, timezone.now()
    _require(request, Capability.READ_PROCEEDINGS)
    found = RequestFilter(request.GET, ProceedingsRequest.objects.visible_to(user))
    narrowed = filtered(found)
    assert isinstance(narrowed, ProceedingsRequestQuerySet)
    if sheets.is_wanted(request.GET):
        listed = first_rows(narrowed.for_list(), order=_ORDER, size=sheets.MOST_ROWS + 1)
        note_export("yeu-cau-to-tung", rows=len(listed), params=request.GET, actor=user, now=now)
        return sheets.sheet_response(
            listed, COLUMNS, name="yeu-cau-to-tung", today=timezone.localdate(now)
        )
    page = keyset_page(narrowed.for_list(), order=_ORDER, params=request.GET)
    rows = list(page)
    clocks = Deadline.objects.open().filter(target_uuid__in=[one.uuid for one in rows])
    due_on = dict(clocks.order_by().values_list("target_uuid", "due_on"))
    context = {
        "filter": found,
        "page": page,
        "rows": [(one, TONES[State(one.state)], due_on.get(one.uuid)) for one in rows],
        "count": capped_count(narrowed),
        "today": timezone.localdate(now),
        "may_record": user.can(Capability.RECORD_PROCEEDINGS),
    }
    page_name = "requests_app/proceedings/list.html"
    return render_list(
        request, page_name, fragment="requests_app/proceedings/_table.html", context=context
    )


@require_http_methods(["GET", "HEAD", "POST"])
def record(request: UserRequest) -> HttpResponse:
    """Record a letter that came to the desk."""
    _require(request, Capability.RECORD_PROCEEDINGS)
    today = timezone.localdate()
    initial = {"received_on": f"{today:%d/%m/%Y}"}
    form = RecordForm(request.POST or None, request.FILES or None, initial=initial)
    refused = Refusals()
    if request.method == "POST" and form.is_valid():
        typed: dict[str, Any] = dict(form.cleaned_data)
        serials, scan = typed.pop("serials"), typed.pop("scan")
        keeps = typed.pop("keeps_findings")
        with refused:
            made = services.record(
                ProceedingsFacts(**typed),
                serials,
                scan,
                keeps_findings=keeps,
                actor=request.user,
                now=timezone.now(),
            )
            messages.success(request, _("Đã ghi yêu cầu và chuyển cán bộ phê duyệt."))
            return redirect("proceedings:request", made.uuid)
    context = {"form": form, "violations": refused.violations}
    return render(request, "requests_app/proceedings/record.html", context)


@require_safe
def request_page(request: UserRequest, uuid: UUID) -> HttpResponse:
    return _page(request, _visible(request, uuid))


@require_POST
def decide(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Accept, or refuse with a reason."""
    found = _visible(request, uuid)
    _require(request, Capability.DECIDE_PROCEEDINGS)
    form = ReasonForm(request.POST)
    refused = Refusals()
    if form.is_valid():
        with refused:
            if request.POST.get("do") == "accept":
                services.accept(found, actor=request.user, now=timezone.now())
                messages.success(request, _("Đã thu hồi. Văn bản trả lời, thông báo đang lập."))
            else:
                reason = form.cleaned_data["reason"]
                services.refuse_request(found, reason, actor=request.user, now=timezone.now())
                messages.success(request, _("Đã ghi nhận không chấp nhận."))
            return redirect("proceedings:request", found.uuid)
    return _page(request, _visible(request, uuid), form=form, refused=refused)


@require_POST
def withdraw(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Take back a record made by mistake."""
    found = _visible(request, uuid)
    _require(request, Capability.RECORD_PROCEEDINGS)
    form = ReasonForm(request.POST)
    refused = Refusals()
    if form.is_valid():
        with refused:
            reason = form.cleaned_data["reason"]
            services.withdraw(found, reason, actor=request.user, now=timezone.now())
            messages.success(request, _("Đã bỏ yêu cầu ghi nhầm."))
            return redirect("proceedings:request", found.uuid)
    return _page(request, _visible(request, uuid), form=form, refused=refused)


@require_safe
def letter(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Show the scan of what was asked; who reads it is recorded."""
    found = _visible(request, uuid)
    scan = services.open_letter(found, actor=request.user, now=timezone.now())
    return file_response(scan, as_attachment=False)


@require_safe
def answer(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Return the answer to the body that asked, once it is printed."""
    found = _visible(request, uuid)
    if found.answer is None:
        raise Http404
    return file_response(found.answer, as_attachment=True)


@require_safe
def notice(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Return the notice of revocation to the body it is for, its office and the desk."""
    visible = ProceedingsNotice.objects.visible_to(request.user).select_related("document")
    return file_response(get_object_or_404(visible, uuid=uuid).document, as_attachment=False)


def _require(request: UserRequest, capability: Capability) -> None:
    if not request.user.can(capability):
        raise Http404


def _visible(request: UserRequest, uuid: UUID) -> ProceedingsRequest:
    visible = ProceedingsRequest.objects.visible_to(request.user)
    joined = visible.select_related("agency", "entered_by", "decided_by", "scan", "answer")
    return get_object_or_404(joined, uuid=uuid)


def _page(
    request: UserRequest,
    found: ProceedingsRequest,
    *,
    form: ReasonForm | None = None,
    refused: Refusals | None = None,
) -> HttpResponse:
    user = request.user
    items = found.items.select_related("certificate__agency").defer(
        "certificate__der", "certificate__crl_entry"
    )
    is_waiting = found.state == State.WAITING
    is_decider = user.can(Capability.DECIDE_PROCEEDINGS)
    clocks = Deadline.objects.filter(target_uuid=found.uuid)
    context = {
        "one": found,
        "tone": TONES[State(found.state)],
        "items": [(item, finding_words(item) if item.finding else "") for item in items],
        "revocable": sum(not item.finding for item in items),
        "clock": clocks.order_by("-pk").first(),
        "notices": found.notices.select_related("agency"),
        "form": form or ReasonForm(),
        "may_decide": services.may_decide(found, user) and not user.looks_only,
        "is_own": is_waiting and is_decider and not services.may_decide(found, user),
        "may_withdraw": is_waiting
        and user.can(Capability.RECORD_PROCEEDINGS)
        and not user.looks_only,
        "is_printing": found.state in (State.ACCEPTED, State.REFUSED) and found.answer is None,
        "violations": refused.violations if refused else (),
    }
    return render(request, "requests_app/proceedings/request.html", context)
