"""Lists of bodies as spreadsheets: the templates, the upload, the list looked through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import django_filters as filters
from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from orgmerge import pages
from orgmerge.body_lists import services
from orgmerge.body_lists.sheets import COLUMNS, blank_sheet
from orgmerge.filters import ALL, NarrowingFilter, containing
from orgmerge.models import BodyList, BodyListRow, Merger
from orgmerge.vocabulary import Extent
from portal.core.database.bulk import collector_paused
from portal.core.roles import Scope
from portal.core.rules import Violation
from portal.core.text.numbers import typed_number, with_dots
from portal.core.web.forms import SheetFile
from portal.core.web.fragments import filtered, render_list
from portal.core.web.refusals import Refusals
from portal.core.web.sheets import XLSX
from requests_app.errors import NotEditable, StaleVersion

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest

ROWS = 50
_MARKS = frozenset({"drop", "keep", "review", "drop_bad"})
_NAMES = {"bodies": "bang-don-vi.xlsx", "communes": "bang-xa-phuong.xlsx"}


class ListRowFilter(NarrowingFilter):
    """The rows of an uploaded list: by name, and by what is to be done about them."""

    q = filters.CharFilter(label=gettext_lazy("Tên đơn vị, xã"), method="with_text")
    part = filters.ChoiceFilter(
        label=gettext_lazy("Dòng"),
        choices=[
            ("bad", gettext_lazy("Có lỗi")),
            ("unseen", gettext_lazy("Chưa xem xét")),
            ("partly", gettext_lazy("Chuyển một phần")),
            ("dropped", gettext_lazy("Đã bỏ")),
        ],
        empty_label=ALL,
        method="of_part",
    )

    class Meta:
        model = BodyListRow
        fields: list[str] = []

    def with_text(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        names = ("old__search_name", "old_agency", "new_name", "source")
        return rows.filter(pk__in=containing(rows, value, *names))

    def of_part(self, rows: QuerySet[Any], _name: str, value: str) -> QuerySet[Any]:
        parts = {
            "bad": Q(is_bad=True, is_dropped=False),
            "unseen": Q(reviewed_at=None, is_dropped=False),
            "partly": Q(extent=Extent.PARTLY),
            "dropped": Q(is_dropped=True),
        }
        return rows.filter(parts[value])


class BodyListUploadForm(forms.Form):
    """A sheet of bodies or of communes."""

    file = SheetFile(
        label=gettext_lazy("Tệp bảng tính (.xlsx hoặc .csv)"),
        help_text=gettext_lazy("Theo một trong hai bảng mẫu, tối đa 10 MB và 5.000 dòng."),
        suffixes=".xlsx,.csv",
    )
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)


class ListRowForm(forms.Form):
    """What a row says, to be mended."""

    old_agency = forms.CharField(label=gettext_lazy("Đơn vị cũ"), max_length=350, required=False)
    new_agency = forms.CharField(
        label=gettext_lazy("Đơn vị mới đã có"), max_length=350, required=False
    )
    new_name = forms.CharField(label=gettext_lazy("Tên mới"), max_length=250, required=False)
    extent = forms.ChoiceField(
        label=gettext_lazy("Phạm vi"),
        choices=Extent,
        widget=forms.RadioSelect,
    )
    effective_on = forms.CharField(
        label=gettext_lazy("Ngày hiệu lực"), max_length=30, required=False
    )
    decision = forms.CharField(label=gettext_lazy("Quyết định"), max_length=250, required=False)
    superior = forms.CharField(
        label=gettext_lazy("Đơn vị cấp trên mới"),
        help_text=gettext_lazy("Chỉ cần ghi khi cấp trên cũ bị chia hoặc chấm dứt."),
        max_length=350,
        required=False,
    )
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)


@require_safe
def sheet_template(request: UserRequest, kind: str) -> HttpResponse:
    """Return an empty sheet to fill in."""
    if request.user.scope is not Scope.OFFICE or kind not in COLUMNS:
        raise Http404
    return HttpResponse(
        blank_sheet(COLUMNS[kind]),
        content_type=XLSX,
        headers={
            "Content-Disposition": f'attachment; filename="{_NAMES[kind]}"',
            "X-Content-Type-Options": "nosniff",
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: UserRequest, code: UUID) -> HttpResponse:
    """Take a sheet; what is in it comes on the next page."""
    merger = pages.find(request.user, code)
    if not pages.is_editor(merger, request.user):
        return redirect("orgmerge:detail", merger.uuid)
    form = BodyListUploadForm(
        request.POST if request.method == "POST" else None,
        request.FILES or None,
        initial={"version": merger.version},
    )
    violations: tuple[Violation, ...] = ()
    if form.is_valid():
        uploaded = form.cleaned_data["file"]
        name, content = uploaded.name or "", uploaded.read()
        with Refusals() as refused:
            try:
                with collector_paused():
                    made = services.upload(
                        merger,
                        content,
                        file_name=name,
                        actor=request.user,
                        now=timezone.now(),
                        version=form.cleaned_data["version"],
                    )
            except (StaleVersion, NotEditable):
                return pages.conflict(request, merger)
            return redirect("orgmerge:body_list", merger.uuid, made.uuid)
        violations = refused.violations
    waiting = merger.lists.filter(imported_at=None, dropped_at=None).first()
    context = {"merger": merger, "form": form, "violations": violations, "waiting": waiting}
    return render(request, "orgmerge/upload.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def body_list(request: UserRequest, code: UUID, list_code: UUID) -> HttpResponse:
    """Show a list and what was found in it; mark rows, take it over, or give it up."""
    merger = pages.find(request.user, code)
    found = _find_list(merger, list_code)
    if not pages.is_editor(merger, request.user) or found.imported_at or found.dropped_at:
        return redirect("orgmerge:detail", merger.uuid)
    violations: tuple[Violation, ...] = ()
    if request.method == "POST":
        with Refusals() as refused:
            try:
                with collector_paused():
                    acting: dict[str, Any] = {
                        "actor": request.user,
                        "now": timezone.now(),
                        "version": pages.version_of(request),
                    }
                    does = request.POST.get("do", "")
                    if does == "import":
                        count = services.accept_list(found, **acting)
                        messages.success(
                            request,
                            _("Đã đưa %(count)s dòng vào phương án.") % {"count": with_dots(count)},
                        )
                        return redirect("orgmerge:detail", merger.uuid)
                    if does == "give_up":
                        services.drop_list(found, **acting)
                        messages.success(request, _("Đã bỏ danh sách."))
                        return redirect("orgmerge:detail", merger.uuid)
                    if does in _MARKS:
                        ticked = "shown" if "whole_page" in request.POST else "rows"
                        numbers = [
                            typed_number(text, otherwise=0) for text in request.POST.getlist(ticked)
                        ]
                        count = services.mark(found, numbers, does=does, **acting)
                        messages.success(
                            request, _("Đã ghi nhận %(count)s dòng.") % {"count": with_dots(count)}
                        )
                    return redirect(request.get_full_path())
            except (StaleVersion, NotEditable):
                return pages.conflict(request, merger)
            except PermissionDenied as error:
                raise Http404 from error
        violations = refused.violations
    rows = found.rows.select_related("old", "new").order_by("number")
    narrowed = ListRowFilter(request.GET, rows)
    kept = Q(is_dropped=False)
    counts: dict[str, int] = found.rows.order_by().aggregate(
        total=Count("pk"),
        bad=Count("pk", filter=kept & Q(is_bad=True)),
        good=Count("pk", filter=kept & Q(is_bad=False)),
        dropped=Count("pk", filter=~kept),
        unseen=Count("pk", filter=kept & Q(reviewed_at=None)),
    )
    context = {
        "merger": merger,
        "list": found,
        "filter": narrowed,
        "page": Paginator(filtered(narrowed), ROWS).get_page(request.GET.get("page")),
        "is_expanded": found.kind == BodyList.Kind.COMMUNES,
        "violations": violations,
        **counts,
    }
    return render_list(
        request, "orgmerge/body_list.html", fragment="orgmerge/_list_rows.html", context=context
    )


@require_http_methods(["GET", "HEAD", "POST"])
def list_row(request: UserRequest, code: UUID, list_code: UUID, number: int) -> HttpResponse:
    """Mend one row of a list."""
    merger = pages.find(request.user, code)
    found = _find_list(merger, list_code)
    row = found.rows.filter(number=number).first()
    if row is None:
        raise Http404
    if not pages.is_editor(merger, request.user) or found.imported_at or found.dropped_at:
        return redirect("orgmerge:detail", merger.uuid)
    initial = {name: getattr(row, name) for name in ListRowForm.base_fields if name != "version"}
    form = ListRowForm(request.POST or None, initial=initial | {"version": found.version})
    if form.is_valid():
        texts = dict(form.cleaned_data)
        version = texts.pop("version")
        acting: dict[str, Any] = {"actor": request.user, "now": timezone.now()}
        try:
            row = services.save_row(found, number, texts, **acting, version=version)
        except (StaleVersion, NotEditable):
            return pages.conflict(request, merger)
        if not row.is_bad:
            messages.success(request, _("Dòng %(number)d đã đúng.") % {"number": number})
            return redirect("orgmerge:body_list", merger.uuid, found.uuid)
        found.refresh_from_db()
        form = ListRowForm(initial=texts | {"version": found.version})
    context = {"merger": merger, "list": found, "row": row, "form": form}
    return render(request, "orgmerge/list_row.html", context)


def _find_list(merger: Merger, code: UUID) -> BodyList:
    found = services.find_list(merger, code)
    if found is None:
        raise Http404
    return found
