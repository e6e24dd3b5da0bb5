"""The pages on which an office brings in what existed before, or compares lists with it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.agencies import lookup
from portal.agencies.models import Agency
from portal.audit.exports import note_export
from portal.core.roles import Capability
from portal.core.rules import Violation
from portal.core.text.numbers import with_dots
from portal.core.web import sheets
from portal.core.web.forms import CheckedField
from portal.core.web.paging import Order, capped_count, first_rows, keyset_page
from portal.core.web.refusals import Refusals
from portal.core.web.sheets import SheetColumn
from portal.estate import accounts as proposals
from portal.estate import contents, differences, services
from portal.estate.columns import COLUMNS
from portal.estate.models import DeliveredFile, DeliveredRow, Delivery, Doubt, Remedy, Verdict
from portal.estate.wording import WHY_ASKED, choices_of, said_of, sentence

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest

_MOST_DOUBTS = 50
_SHOWN_FIRST = (
    Verdict.REFUSED,
    Verdict.DOUBTFUL,
    Verdict.DIFFERENT,
    Verdict.ONLY_HERE,
    Verdict.CHANGED,
    Verdict.NEW,
)


class _FilesField(forms.FileField):
    """Several files of one delivery."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"accept": ",".join(contents.SUFFIXES), "multiple": True}
        super().__init__(widget=_SeveralFiles(attrs=attrs), **kwargs)

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        given = data if isinstance(data, list) else [data] if data else []
        if not given:
            raise ValidationError(_("Hãy chọn tệp."), code="required")
        if sum(one.size or 0 for one in given) > services.MOST_BYTES:  # before any of it is read
            raise ValidationError(
                _("Các tệp của một đợt nhiều nhất %(most)d MB."),
                code="upload_too_large",
                params={"most": services.MOST_BYTES // 1024 // 1024},
            )
        return [super(_FilesField, self).clean(one, initial) for one in given]


class _SeveralFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class DeliveryForm(forms.Form):
    """A new delivery: what it is called, its files, what is to be done with them."""

    title = CheckedField(
        label=gettext_lazy("Tên đợt"),
        max_length=150,
        help_text=gettext_lazy("Ví dụ: Danh sách chứng thư của Cục đến 30/6/2026."),
    )
    files = _FilesField(  # type: ignore[assignment]  # a form has files of its own, too
        label=gettext_lazy("Tệp"),
        help_text=gettext_lazy(
            "Danh sách .xlsx, .csv (cột theo thứ tự nào cũng được); chứng thư .cer, .p7b hoặc .zip "
            "gồm các tệp ấy. Chọn được nhiều tệp."
        ),
    )
    purpose = forms.ChoiceField(
        label=gettext_lazy("Việc cần làm"),
        choices=Delivery.Purpose.choices,
        initial=Delivery.Purpose.BRING_IN,
        widget=forms.RadioSelect,
        help_text=gettext_lazy(
            "Cả hai đều xét thử trước, chưa ghi gì. Đối chiếu còn liệt kê chứng thư chỉ có trong "
            "hệ thống."
        ),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def delivery_list(request: UserRequest) -> HttpResponse:
    """Show the office's deliveries; hand in another."""
    if not request.user.can(Capability.BRING_IN_ESTATE):
        raise PermissionDenied("brings nothing in")
    form = DeliveryForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        with Refusals() as refused:
            made = services.hand_in(
                services.handed_in(form.cleaned_data["files"]),
                title=form.cleaned_data["title"],
                purpose=form.cleaned_data["purpose"],
                actor=request.user,
                now=timezone.now(),
            )
            return redirect("estate:delivery", made.uuid)
        refused.put_on(form, "files")
    found = Delivery.objects.visible_to(request.user).select_related("made_by")
    context = {
        "form": form,
        "page": keyset_page(found, order=Order("made_at", is_descending=True), params=request.GET),
        "count": capped_count(found),
    }
    return render(request, "estate/list.html", context)


@dataclass(frozen=True, slots=True)
class Tile:
    """How many rows have one verdict; leads to exactly those."""

    verdict: str
    label: str
    count: int


@require_safe
def delivery(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Show a delivery: where it stands, what is in doubt, its rows."""
    return _page(request, _find(request, uuid))


def _page(
    request: UserRequest, found: Delivery, *, violations: tuple[Violation, ...] = ()
) -> HttpResponse:
    verdict = request.GET.get("verdict", "") or request.POST.get("verdict", "")
    rows = found.rows.select_related("certificate", "file__document", "answered_by").defer("der")
    reported = rows.filter(remedy=Remedy.REPORT)
    if request.GET.get("remedy") == Remedy.REPORT and sheets.is_wanted(request.GET):
        return _export(request, found, reported)
    counts = found.counts
    if verdict not in Verdict.values or not verdict:
        verdict = next((one for one in _SHOWN_FIRST if counts.get(one)), "")
    rows = rows.filter(verdict=verdict) if verdict else rows
    if sheets.is_wanted(request.GET):
        return _export(request, found, rows)
    page = keyset_page(rows, order=Order("id"), params=request.GET)
    doubts = list(found.doubts.select_related("proposed", "agency")[:_MOST_DOUBTS])
    waiting = sum(1 for one in doubts if not one.choice)
    is_compared = found.purpose == Delivery.Purpose.COMPARE and not found.is_in_work
    context = {
        "delivery": found,
        "remedies": differences.REMEDIES.get(verdict, ()) if is_compared else (),
        "is_compared": is_compared,
        "reported": reported.order_by().count() if is_compared else 0,
        "tiles": [
            Tile(one.value, str(one.label), counts.get(one.value, 0))
            for one in Verdict
            if one.value and counts.get(one.value)
        ],
        "files": [
            (one, [sentence(code, about) for code, about in one.notes])
            for one in found.files.select_related("document")
        ],
        "made": _made_words(counts),
        "doubts": [(one, choices_of(one), WHY_ASKED.get(one.why, "")) for one in doubts],
        "doubts_waiting": waiting,
        "verdict": verdict,
        "verdict_label": Verdict(verdict).label if verdict else "",
        "page": page,
        "rows": [(row, said_of(row)) for row in page],
        "count": counts.get(verdict, 0) if verdict else counts.get("rows", 0),
        "good": services.to_carry(found).count() if not found.is_in_work else 0,
        "violations": violations,
        "may_undo": found.state == Delivery.State.DONE and counts.get("carried"),
        "may_drop": found.state in (Delivery.State.TRIAL, Delivery.State.UNDONE)
        and not counts.get("carried"),
    }
    return render(request, "estate/delivery.html", context)


def _made_words(counts: dict[str, int]) -> str:
    """Say what was brought in so far; "" for nothing."""
    made = {name: counts.get(f"made_{name}", 0) for name in ("certificates", "people", "devices")}
    if not any(made.values()):
        return ""
    said = {name: with_dots(number) for name, number in made.items()}
    return _("Đã ghi %(certificates)s chứng thư, %(people)s người, %(devices)s thiết bị.") % said


def _export(request: UserRequest, found: Delivery, rows: Any) -> HttpResponse:
    columns: list[SheetColumn[DeliveredRow]] = [
        SheetColumn(_("Tệp"), lambda row: row.file.document.name if row.file else "", 30),
        SheetColumn(_("Dòng"), lambda row: row.number),
        SheetColumn(_("Tên"), lambda row: row.title, 36),
        SheetColumn(_("Số hiệu chứng thư"), lambda row: row.serial, 20),
        SheetColumn(_("Kết quả xét"), lambda row: str(Verdict(row.verdict).label), 20),
        SheetColumn(_("Vì sao, cần làm gì"), lambda row: " ".join(said_of(row)), 70),
    ]
    listed = first_rows(rows, order=Order("id"), size=sheets.MOST_ROWS + 1)
    now = timezone.now()
    note_export("hien-trang", rows=len(listed), params=request.GET, actor=request.user, now=now)
    return sheets.sheet_response(listed, columns, name="hien-trang", today=timezone.localdate(now))


@require_http_methods(["GET", "HEAD", "POST"])
def columns(request: UserRequest, uuid: UUID, file: UUID) -> HttpResponse:
    """Show what each column of a list was taken for; let it be said otherwise."""
    found = _find(request, uuid)
    one = get_object_or_404(
        DeliveredFile.objects.select_related("document"), delivery=found, uuid=file
    )
    refused = Refusals()
    if request.method == "POST":
        wanted = {
            str(at): field
            for at in range(len(one.header))
            if (field := request.POST.get(f"column_{at}", "")) in COLUMNS
        }
        with refused:
            services.set_columns(one, wanted, actor=request.user, now=timezone.now())
            messages.success(request, _("Đã ghi; các dòng đang được xét lại."))
            return redirect("estate:delivery", found.uuid)
    samples = list(DeliveredRow.objects.filter(file=one).order_by("pk")[:3])
    cells = [
        contents.cells_of(row, {str(at): str(at) for at in range(len(one.header))})
        for row in samples
    ]
    lines = [
        (
            at,
            text,
            request.POST.get(f"column_{at}", one.columns.get(str(at), "")),
            [_masked(row.get(str(at), "")) for row in cells],
        )
        for at, text in enumerate(one.header)
    ]
    context = {
        "delivery": found,
        "file": one,
        "lines": [line for line in lines if line[1] or any(line[3])],
        "fields": [(name, column.label) for name, column in COLUMNS.items()],
        "violations": refused.violations,
        "may_change": found.state == Delivery.State.TRIAL,
    }
    return render(request, "estate/columns.html", context)


def _masked(text: str) -> str:
    """Return a cell as an example: long numbers only by their ends."""
    digits = sum(char.isdecimal() for char in text)
    return f"{text[:3]}…{text[-2:]}" if digits >= 9 else text[:40]  # noqa: PLR2004


@require_POST
def decide(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Decide what is in doubt, for all rows that share it."""
    found = _find(request, uuid)
    bodies = Agency.objects.visible_to(request.user)
    choices: dict[str, tuple[str, Agency | None]] = {}
    problems: list[Violation] = []
    for doubt in found.doubts.all()[:_MOST_DOUBTS]:
        choice = request.POST.get(f"choice_{doubt.uuid}", "")
        if not choice:
            continue
        agency = None
        typed = request.POST.get(f"body_{doubt.uuid}", "").strip()
        if typed and choice == "take" and doubt.kind == Doubt.Kind.BODY:
            try:
                agency = lookup.find(bodies, typed)
            except ValidationError as error:
                code = getattr(error, "code", "") or "no_such_body"
                problems.append(Violation(code, f"“{doubt.about}”: {error.messages[0]}"))
                continue
        choices[str(doubt.uuid)] = (choice, agency)
    refused = Refusals(tuple(problems))
    if not problems:
        with refused:
            count = services.decide(found, choices, actor=request.user, now=timezone.now())
            if count:
                messages.success(
                    request,
                    _("Đã ghi %(count)s quyết định; các dòng đang được xét lại.")
                    % {"count": with_dots(count)},
                )
            return redirect("estate:delivery", found.uuid)
    return _page(request, found, violations=refused.violations)


@require_http_methods(["GET", "HEAD", "POST"])
def accounts(request: UserRequest) -> HttpResponse:
    """Show an administrator the accounts that came in; propose them, for another to confirm."""
    if not request.user.can(Capability.ADMINISTER):
        raise PermissionDenied("proposes no accounts")
    if request.method == "POST":
        made, refused = proposals.propose(request.user, now=timezone.now())
        said = _("Đã đề nghị %(made)d tài khoản; một quản trị viên khác xác nhận từng vai trò.")
        messages.success(request, said % {"made": made})
        if refused:
            said = _("%(refused)d dòng không lập được; lý do ghi ở đợt của Sở.")
            messages.warning(request, said % {"refused": refused})
        return redirect("estate:accounts")
    found = proposals.waiting(request.user)
    page = keyset_page(found, order=Order("id"), params=request.GET)
    context = {
        "page": page,
        "rows": [(row, *proposals.facts_of(row)) for row in page],
        "count": capped_count(found),
        "at_once": proposals.AT_ONCE,
    }
    return render(request, "estate/accounts.html", context)


@require_POST
def start(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Bring in what was judged good."""
    return _act(request, uuid, services.start)


@require_POST
def mend(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Do the same about the ticked rows of a comparison, or all of one verdict."""
    found = _find(request, uuid)
    verdict, remedy = request.POST.get("verdict", ""), request.POST.get("remedy", "")
    chosen = None if "all" in request.POST else _ticked(request)
    with Refusals() as refused:
        count = differences.mend(
            found, verdict, chosen, remedy, actor=request.user, now=timezone.now()
        )
        said = _("%(remedy)s: %(count)s dòng.")
        values = {"remedy": Remedy(remedy).label, "count": with_dots(count)}
        messages.success(request, said % values)
        return redirect(f"{reverse('estate:delivery', args=[found.uuid])}?verdict={verdict}")
    return _page(request, found, violations=refused.violations)


def _ticked(request: UserRequest) -> frozenset[UUID]:
    """Return the rows that were ticked; what is no code is left out."""
    found = set()
    for text in request.POST.getlist("row"):
        with suppress(ValueError):
            found.add(UUID(text))
    return frozenset(found)


class AnswerForm(forms.Form):
    """Why certificates are kept, or shall go."""

    words = CheckedField(
        label=gettext_lazy("Lý do, ghi chú"),
        max_length=300,
        help_text=gettext_lazy("Ghi chung cho các chứng thư đã đánh dấu; Mẫu 05 lấy làm lý do."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def questions(request: UserRequest) -> HttpResponse:
    """Show a clerk what the office asks about the body's certificates; take the answers."""
    if not request.user.can(Capability.DRAFT):
        raise PermissionDenied("the body's clerk answers")
    form, ticked = AnswerForm(request.POST or None), _ticked(request)
    if request.method == "POST" and form.is_valid():
        said = DeliveredRow.Answer.KEEP
        if request.POST.get("answer") == DeliveredRow.Answer.REVOKE:
            said = DeliveredRow.Answer.REVOKE
        with Refusals() as refused:
            dossier = differences.answer(
                ticked, said, form.cleaned_data["words"], actor=request.user, now=timezone.now()
            )
            if dossier is not None:
                return redirect("requests_app:editor", dossier.uuid)
            messages.success(request, _("Đã trả lời Sở: vẫn dùng."))
            return redirect("estate:questions")
        refused.put_on(form)
    found = DeliveredRow.objects.asked_of(request.user).defer("der")
    found = found.select_related("delivery", "certificate__agency", "file", "answered_by")
    page = keyset_page(found, order=Order("id"), params=request.GET)
    context = {
        "form": form,
        "page": page,
        "rows": [(row, said_of(row)) for row in page],
        "ticked": ticked,
        "count": capped_count(found),
    }
    return render(request, "estate/questions.html", context)


@require_POST
def undo(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Take out what was brought in."""
    return _act(request, uuid, services.undo)


@require_POST
def drop(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Drop a delivery of which nothing was brought in."""
    found = _find(request, uuid)
    with Refusals() as refused:
        services.drop(found, actor=request.user, now=timezone.now())
        messages.success(request, _("Đã bỏ đợt này."))
        return redirect("estate:list")
    return _page(request, found, violations=refused.violations)


def _act(request: UserRequest, uuid: UUID, act: Any) -> HttpResponse:
    found = _find(request, uuid)
    with Refusals() as refused:
        act(found, actor=request.user, now=timezone.now())
        return redirect("estate:delivery", found.uuid)
    return _page(request, found, violations=refused.violations)


def _find(request: UserRequest, uuid: UUID) -> Delivery:
    if not request.user.can(Capability.BRING_IN_ESTATE):
        raise PermissionDenied("brings nothing in")
    found = Delivery.objects.visible_to(request.user).select_related("office", "made_by")
    return get_object_or_404(found, uuid=uuid)
