"""What comes with the effective day: bodies recorded, things handed over, the list for the CA, the
records both sides sign."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from orgmerge import pages
from orgmerge.models import Merger, MergerBody, RecordsHandover
from orgmerge.succession import agency_list, effective_day, records, remainders
from orgmerge.succession.remainders import LABELS, remaining_counts, second_heads
from portal.core.roles import Capability, Scope
from portal.core.rules import Violation
from portal.core.text.numbers import with_dots
from portal.core.web.forms import DayField
from portal.core.web.refusals import Refusals
from portal.documents.responses import file_response
from requests_app.errors import StaleVersion

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest

ROWS = 50


class ListSentForm(forms.Form):
    """With which number, and when, the list of bodies went to the CA.

    ``violations`` are what a Refused said.
    """

    violations: Sequence[Violation] = ()

    number = forms.CharField(label=gettext_lazy("Số, ký hiệu công văn"), max_length=40)
    sent_on = DayField(label=gettext_lazy("Ngày gửi"), help_text=gettext_lazy("Ví dụ: 01/12/2026."))


class SignedRecordForm(forms.Form):
    """The scan of a record that both sides have signed."""

    violations: Sequence[Violation] = ()

    file = forms.FileField(
        label=gettext_lazy("Bản quét biên bản đã ký"),
        help_text=gettext_lazy("PDF, PNG hoặc JPEG, tối đa 10 MB."),
        error_messages={"required": gettext_lazy("Hãy chọn tệp quét của biên bản đã ký.")},
        widget=forms.FileInput(attrs={"accept": ".pdf,.png,.jpg,.jpeg"}),
    )


class SendToForm(forms.Form):
    """Where some of the things left behind go; each is named by what it is and its UUID."""

    violations: Sequence[Violation] = ()

    thing = forms.MultipleChoiceField(
        label=gettext_lazy("Các mục"),
        error_messages={"required": gettext_lazy("Đánh dấu ít nhất một mục.")},
    )
    body = forms.ModelChoiceField(
        MergerBody.objects.none(),
        label=gettext_lazy("Chuyển đến"),
        empty_label=gettext_lazy("Chọn đơn vị"),
    )

    def __init__(self, *args: Any, merger: Merger, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["body"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = merger.bodies.filter(agency__isnull=False).order_by("position")
        self.left = remainders.things_to_assign(merger)
        self.fields["thing"].choices = [(one.code, one.title) for one in self.left]  # type: ignore[attr-defined]

    def things(self) -> list[tuple[str, UUID]]:
        """Return what was marked."""
        return [
            (one.about, one.uuid) for one in self.left if one.code in self.cleaned_data["thing"]
        ]


@require_safe
def overview(request: UserRequest, code: UUID) -> HttpResponse:
    """Show how far the effective day is carried through, and what a person has to do."""
    return _overview(request, pages.find(request.user, code))


@require_safe
def list_letter(request: UserRequest, code: UUID) -> HttpResponse:
    """Return the letter with the list of bodies, to the office and to the CA."""
    merger = pages.find(request.user, code)
    if merger.list_document is None or request.user.scope not in (Scope.OFFICE, Scope.CA):
        raise Http404
    return file_response(merger.list_document, as_attachment="inline" not in request.GET)


@require_POST
def send_list(request: UserRequest, code: UUID) -> HttpResponse:
    """Note with which number the list went to the CA."""
    merger = pages.find(request.user, code)
    form = ListSentForm(request.POST)
    if form.is_valid():
        with Refusals() as refused:
            agency_list.record_sent(
                merger, **form.cleaned_data, actor=request.user, now=timezone.now()
            )
            messages.success(request, _("Đã ghi nhận việc gửi danh sách cho Cục."))
            return redirect("orgmerge:records", merger.uuid)
        form.violations = list(refused.violations)
    return _overview(request, merger, list_form=form)


@require_POST
def try_again(request: UserRequest, code: UUID) -> HttpResponse:
    """Let the next sweep try again what could not be recorded."""
    merger = pages.find(request.user, code)
    try:
        count = effective_day.try_again(
            merger, actor=request.user, now=timezone.now(), version=pages.version_of(request)
        )
    except StaleVersion:
        return pages.conflict(request, merger)
    messages.success(
        request, _("%(count)s dòng sẽ được ghi nhận lại.") % {"count": with_dots(count)}
    )
    return redirect("orgmerge:records", merger.uuid)


@require_POST
def send_to(request: UserRequest, code: UUID) -> HttpResponse:
    """Say where something left with a divided body goes."""
    merger = pages.find(request.user, code)
    form = SendToForm(request.POST, merger=merger)
    if form.is_valid():
        with Refusals() as refused:
            body = form.cleaned_data["body"]
            things, now = form.things(), timezone.now()
            remainders.assign(merger, things, body, actor=request.user, now=now)
            messages.success(request, _("Đã ghi nhận; hệ thống chuyển trong ít phút."))
            return redirect("orgmerge:records", merger.uuid)
        form.violations = list(refused.violations)
    return _overview(request, merger, send_form=form)


@require_safe
def record(request: UserRequest, code: UUID, record_code: UUID) -> HttpResponse:
    """Show one record: what it lists, and whether both sides have signed it."""
    return _record(request, _find(request.user, code, record_code))


@require_POST
def keep_signed(request: UserRequest, code: UUID, record_code: UUID) -> HttpResponse:
    """Keep the scan of a record that both sides have signed."""
    handover = _find(request.user, code, record_code)
    form = SignedRecordForm(request.POST, request.FILES)
    if form.is_valid():
        with Refusals() as refused:
            records.keep_signed(
                handover, form.cleaned_data["file"], actor=request.user, now=timezone.now()
            )
            messages.success(request, _("Đã lưu biên bản đã ký."))
            return redirect("orgmerge:record", code, record_code)
        form.violations = list(refused.violations)
    return _record(request, handover, form=form)


@require_safe
def record_file(request: UserRequest, code: UUID, record_code: UUID) -> HttpResponse:
    """Return the printed record, or the signed one: ``?signed``."""
    handover = _find(request.user, code, record_code)
    document = handover.signed if "signed" in request.GET else handover.record
    if document is None:
        raise Http404
    return file_response(document, as_attachment="inline" not in request.GET)


def _find(user: User, code: UUID, record_code: UUID) -> RecordsHandover:
    rows = RecordsHandover.objects.visible_to(user).filter(merger__uuid=code, uuid=record_code)
    found = rows.select_related("merger__office", "old", "body__agency", "signed_by").first()
    if found is None:
        raise Http404
    return found


def _overview(
    request: UserRequest,
    merger: Merger,
    *,
    list_form: ListSentForm | None = None,
    send_form: SendToForm | None = None,
) -> HttpResponse:
    user, now = request.user, timezone.now()
    in_charge = user.can(Capability.PREPARE_REORGANISATIONS) and merger.is_led_by(user)
    left = (
        remaining_counts(merger, now=now)
        if merger.in_force_at and user.scope is Scope.OFFICE
        else {}
    )
    handovers = RecordsHandover.objects.visible_to(user).filter(merger=merger)
    bodies = merger.bodies.order_by()
    unsigned = handovers.filter(signed_at__isnull=True).count()
    page = Paginator(
        handovers.select_related("old", "body").order_by("signed_at", "pk"), ROWS
    ).get_page(request.GET.get("page"))
    # What was noted of the list, to be mended.
    context = {
        "merger": merger,
        "what_waits": _what_waits(
            merger, in_charge=in_charge, is_signed=bool(page.paginator.count) and not unsigned
        ),
        "who_signs": _who_signs(user, unsigned),
        "in_charge": in_charge,
        "is_office": user.scope is Scope.OFFICE,
        "may_read_list": user.scope in (Scope.OFFICE, Scope.CA),
        "list_form": list_form
        or ListSentForm(initial={"number": merger.list_number, "sent_on": merger.list_sent_on}),
        "list_button": _("Lưu số, ngày công văn")
        if merger.list_sent_on
        else _("Ghi nhận đã gửi Cục"),
        "problems": effective_day.problems_of(merger) if user.scope is Scope.OFFICE else [],
        "heads": second_heads(merger) if user.scope is Scope.OFFICE else [],
        "send_form": (send_form or SendToForm(merger=merger)) if in_charge and left else None,
        "left": [(LABELS[name], count) for name, count in left.items()],
        "body_count": bodies.count(),
        "recorded": bodies.filter(took_effect_at__isnull=False).count(),
        "handed_over": bodies.filter(handed_over_at__isnull=False).count(),
        "unsigned": unsigned,
        "page": page,
    }
    return render(request, "orgmerge/records.html", context)


def _what_waits(merger: Merger, *, in_charge: bool, is_signed: bool) -> str:
    """Return what comes next, in one sentence; ``is_signed``: every record of a hand-over is."""
    if not merger.approved_at:
        return _("Chưa được phê duyệt nên chưa có việc ở đây.")
    if not merger.list_sent_on and in_charge:
        return _(
            "Việc tiếp theo: gửi Cục danh sách cơ quan và ghi số, ngày công văn. Chưa ghi thì "
            "chưa lập hồ sơ nào."
        )
    if not merger.list_sent_on:
        words = _("Chờ %(office)s gửi Cục danh sách cơ quan.")
        return words % {"office": merger.office.name}
    if not merger.in_force_at:
        return _("Chờ đến ngày hiệu lực %(day)s.") % {"day": f"{merger.effective_on:%d/%m/%Y}"}
    if not merger.followed_at:
        return _(
            "Đã ghi nhận các đơn vị sau sắp xếp; đang bàn giao thuê bao, chứng thư, thiết bị, hồ "
            "sơ."
        )
    done = _("Mọi thuê bao, chứng thư, thiết bị, hồ sơ đã về đơn vị mới.")
    return f"{done} {_('Các biên bản bàn giao đã ký đủ.')}" if is_signed else done


def _who_signs(user: User, unsigned: int) -> str:
    words = (
        _(
            "Còn %(total)d biên bản bàn giao chưa ký: in ra, hai bên ký, văn thư đơn vị mới quét "
            "và tải lên."
        )
        if user.can(Capability.HAND_IN_RECORDS)
        else _("Còn %(total)d biên bản bàn giao chờ hai bên ký, văn thư đơn vị mới tải lên.")
    )
    return words % {"total": unsigned}


def _record(
    request: UserRequest, handover: RecordsHandover, *, form: SignedRecordForm | None = None
) -> HttpResponse:
    user = request.user
    receives = user.can(Capability.HAND_IN_RECORDS) and handover.body.agency_id in user.body_ids
    context = {
        "handover": handover,
        "merger": handover.merger,
        "may_sign": receives and handover.signed_at is None,
        "form": form or SignedRecordForm(),
    }
    return render(request, "orgmerge/record.html", context)
