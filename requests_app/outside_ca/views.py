"""The pages on which files are exchanged with another CA and its answers recorded, confirmed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.ca.authority.anchors import anchors
from portal.ca.register.certificate_files import read_certificates
from portal.core.roles import Capability
from portal.core.rules import Violation
from portal.core.text.numbers import typed_number
from portal.core.web.forms import CheckedField, DayField
from portal.core.web.paging import Order, capped_count, keyset_page
from portal.core.web.refusals import Refusals
from requests_app.models import Dossier
from requests_app.outside_ca import services
from requests_app.outside_ca.services import Recorded, Said, Taken, What

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest
    from portal.ca.models import OutsideOrder

MOST_BYTES = 20 * 1024 * 1024
_ORDERS_A_PAGE = 50
WHY = {
    "known": gettext_lazy("đã có trong hệ thống; không ghi lần nữa"),
    "not_trusted": gettext_lazy(
        "không do CA được tin cậy cấp; kiểm tra tệp, hoặc đề nghị quản trị hệ thống thêm CA này"
    ),
    "ended": gettext_lazy("đã hết hạn"),
    "serial_in_use": gettext_lazy("số hiệu đã có ở một chứng thư khác; hỏi lại CA"),
    "key_in_use": gettext_lazy("khóa đã dùng cho chứng thư khác; hỏi lại CA"),
    "no_order": gettext_lazy(
        "không khớp dòng nào đang chờ; nếu là chứng thư có từ trước, đưa vào ở trang Hiện trạng"
    ),
    "several_orders": gettext_lazy("khớp nhiều dòng; tải riêng tệp của từng hồ sơ hoặc hỏi lại CA"),
    "two_for_one": gettext_lazy("hai chứng thư cho một dòng; hỏi CA chứng thư nào là đúng"),
    "of_a_ca": gettext_lazy("là chứng thư của CA; không cần ghi"),
    "not_a_certificate": gettext_lazy("không phải chứng thư"),
    "cannot_be_read": gettext_lazy("không đọc được"),
    "damaged_archive": gettext_lazy("tệp nén hỏng; tải lại từ CA"),
    "archive_too_large": gettext_lazy("tệp nén quá lớn; chia nhỏ"),
    "encrypted_archive": gettext_lazy("tệp nén có mật khẩu; giải nén rồi tải lên"),
    "too_many_certificates": gettext_lazy("quá nhiều chứng thư; chia nhỏ"),
}


class FileForm(forms.Form):
    """What came from the CA."""

    file = forms.FileField(
        label=gettext_lazy("Tệp chứng thư CA trả về"),
        help_text=gettext_lazy(
            "Tệp .cer, .p7b hoặc .zip gồm các tệp ấy; tên tệp, thứ tự thế nào cũng được. Hệ thống "
            "tự tìm dòng của từng chứng thư."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".cer,.crt,.pem,.der,.p7b,.p7c,.zip"}),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(_("Tệp lớn hơn 20 MB; chia nhỏ."), code="upload_too_large")
        return file


class AnswerForm(forms.Form):
    """What the CA answered to one order."""

    answer = forms.ChoiceField(required=False, widget=forms.RadioSelect)
    words = CheckedField(label=gettext_lazy("Lời từ chối của CA"), max_length=1000, required=False)
    day = DayField(label=gettext_lazy("Ngày CA thực hiện"), required=False)
    device_serial = CheckedField(
        label=gettext_lazy("Số hiệu thiết bị CA gửi kèm"), max_length=64, required=False
    )

    def __init__(self, data: Any = None, *, order: OutsideOrder, takes_a_device: bool) -> None:
        done = timezone.localdate(order.done_at) if order.done_at else None
        initial = {
            "answer": order.answer,
            "words": order.words,
            "day": f"{done:%d/%m/%Y}" if done and order.answer == Said.DONE else "",
            "device_serial": order.device_serial,
        }
        super().__init__(data, prefix=str(order.uuid), initial=initial)
        self.order = order
        is_certificate = order.what in (What.ISSUE, What.RENEW)
        choices = [("", _("Chưa có trả lời")), (Said.REFUSED.value, _("CA từ chối"))]
        if not is_certificate:
            choices.insert(1, (Said.DONE.value, _("CA đã thực hiện")))
        elif order.answer == Said.ISSUED:
            choices.insert(0, (Said.ISSUED.value, _("Nhận chứng thư đã tải lên")))
        self.fields["answer"].choices = choices  # type: ignore[attr-defined]
        if is_certificate:
            del self.fields["day"]
        if not takes_a_device:
            del self.fields["device_serial"]


@require_http_methods(["GET", "HEAD", "POST"])
def index(request: UserRequest) -> HttpResponse:
    """Show what waits for another CA, and the CAs that are believed; take a file in."""
    records = request.user.can(Capability.RECORD_CA_ANSWERS)
    if not (records or request.user.can(Capability.CONFIRM_CA_ANSWERS)):
        raise PermissionDenied("exchanges nothing with other CAs")
    form = FileForm(request.POST or None, request.FILES or None)
    taken: Taken | None = None
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        with Refusals() as refused:
            taken = services.take_in(file.read(), file.name, actor=request.user, now=timezone.now())
        refused.put_on(form, "file")
    is_to_confirm = request.GET.get("cho") == "xac-nhan"
    found = (services.to_confirm if is_to_confirm else services.to_record)(request.user)
    items = services.items_of(taken.matched) if taken else {}
    context = {
        "form": form if records else None,
        "matched": [(one, items[one.row_key]) for one in taken.matched] if taken else [],
        "others": [(*one[:2], WHY.get(one[2], one[2])) for one in taken.others] if taken else [],
        "is_taken": taken is not None,
        "page": keyset_page(found.for_list(), order=Order("updated_at"), params=request.GET),
        "count": capped_count(found),
        "is_to_confirm": is_to_confirm,
        "anchors": anchors(),
    }
    return render(request, "requests_app/outside_ca/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def answers(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Show what a dossier asks of another CA and what it answered; record its answers."""
    dossier = _find(request.user, uuid)
    if request.method == "POST" and not request.user.can(Capability.RECORD_CA_ANSWERS):
        raise PermissionDenied("records no answers")
    page, rows = _rows(request, dossier)
    violations: tuple[Violation, ...] = ()
    if request.method == "POST":
        forms_ = [form for _order, _item, form, _certificate in rows if form is not None]
        if all(form.is_valid() for form in forms_):
            said = {
                form.order.uuid: Recorded(
                    form.cleaned_data["answer"],
                    form.cleaned_data["words"],
                    form.cleaned_data.get("day"),
                    form.cleaned_data.get("device_serial", ""),
                )
                for form in forms_
            }
            with Refusals() as refused:
                changed = services.record(dossier, said, actor=request.user, now=timezone.now())
                messages.success(
                    request,
                    _("Đã ghi %(count)d trả lời; chờ người thứ hai xác nhận.")
                    % {"count": len(changed)},
                )
                return redirect(request.get_full_path())
            violations = refused.violations
    return _page(request, dossier, page, rows, violations)


@require_POST
def confirm(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Confirm the answers that were recorded; the rows go on."""
    dossier = _find(request.user, uuid)
    with Refusals() as refused:
        seen = request.POST.get("seen", "")
        count = services.confirm(dossier, actor=request.user, now=timezone.now(), seen=seen)
        messages.success(
            request, _("Đã xác nhận %(count)d trả lời; hệ thống thực hiện tiếp.") % {"count": count}
        )
        return redirect("requests_app:detail", dossier.uuid)
    page, rows = _rows(request, dossier)
    return _page(request, dossier, page, rows, refused.violations)


@require_safe
def package(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Return what is handed to the CA as a ZIP."""
    dossier = _find(request.user, uuid)
    with Refusals() as refused:
        content = services.package(dossier, actor=request.user, now=timezone.now())
        number = dossier.letter_number.replace("/", "-") or "chua-co-so"
        return HttpResponse(
            content,
            content_type="application/zip",
            headers={
                "Content-Disposition": content_disposition_header(True, f"de-nghi-{number}.zip"),
                "Cache-Control": "private, no-store",
            },
        )
    refused.tell(request)
    return redirect("requests_app:ca_answers", dossier.uuid)


def _find(user: User, uuid: UUID) -> Dossier:
    found = services.dossiers_of(user).filter(uuid=uuid)
    joined = found.select_related("agency", "office", "letter", "signed_letter")
    if (dossier := joined.first()) is None:
        raise Http404
    return dossier


def _rows(request: UserRequest, dossier: Dossier) -> tuple[Any, list[Any]]:
    """Return a page of the dossier's orders, each with its row, while open its form, and the
    certificate that came."""
    orders = services.orders_in(Dossier.objects.filter(pk=dossier.pk)).order_by("pk")
    orders = orders.select_related("recorded_by", "confirmed_by")
    page = Paginator(orders, _ORDERS_A_PAGE).get_page(
        typed_number(request.GET.get("page", ""), otherwise=1)
    )
    items = services.items_of(list(page.object_list))
    records = request.user.can(Capability.RECORD_CA_ANSWERS)
    data = request.POST if request.method == "POST" and records else None
    return page, [
        (
            order,
            items[order.row_key],
            AnswerForm(
                data,
                order=order,
                takes_a_device=services.takes_a_device(order, items[order.row_key]),
            )
            if records and order.confirmed_at is None
            else None,
            read_certificates(bytes(order.der), "").certificates[0] if order.der else None,
        )
        for order in page.object_list
    ]


def _page(
    request: UserRequest,
    dossier: Dossier,
    page: Any,
    rows: list[Any],
    violations: tuple[Violation, ...],
) -> HttpResponse:
    orders = services.orders_in(Dossier.objects.filter(pk=dossier.pk))
    recorded = orders.exclude(answer="").filter(confirmed_at__isnull=True)
    confirms = request.user.can(Capability.CONFIRM_CA_ANSWERS)
    context = {
        "dossier": dossier,
        "page": page,
        "rows": rows,
        "violations": violations,
        "records": request.user.can(Capability.RECORD_CA_ANSWERS),
        "waits": orders.filter(confirmed_at__isnull=True).count(),
        "unanswered": orders.filter(answer="").count(),
        "to_confirm": recorded.count(),
        "seen": services.mark_of(recorded.only("uuid", "recorded_at")),
        "remarks": recorded.exclude(remark="").count() if confirms else 0,
        "confirms": confirms,
    }
    return render(request, "requests_app/outside_ca/answers.html", context)
