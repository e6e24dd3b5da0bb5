"""The public page that checks a signed document: nothing of it is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from portal.accounts import throttle
from portal.accounts.addresses import client_address
from portal.core.web.forms import SheetFile
from portal.core.web.refusals import Refusals
from portal.documents import services
from portal.documents.verification import SignatureReport, problem_words

if TYPE_CHECKING:
    from datetime import datetime


class CheckForm(forms.Form):
    """A signed PDF."""

    file = SheetFile(label=gettext_lazy("Văn bản đã ký số (.pdf)"), suffixes=".pdf")


class CodeForm(forms.Form):
    """The short code that is printed on a letter."""

    ma = forms.CharField(
        label=gettext_lazy("Mã in trên văn bản"),
        help_text=gettext_lazy("12 ký tự dưới mục “Nơi nhận”, ví dụ 7KQ2-M0XD-94TZ."),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )


@dataclass(frozen=True, slots=True)
class Shown:
    """One signature in plain words."""

    report: SignatureReport
    body: str  # for whom it was signed, as the register has it
    when: str
    why: str

    @classmethod
    def of(cls, report: SignatureReport) -> Shown:
        """Put a report into words."""
        signed = report.signed_at
        when = f"{timezone.localtime(signed):%H:%M:%S %d/%m/%Y}" if signed else ""
        if report.stamped_at:
            when = _("%(when)s, theo dấu thời gian tin cậy") % {"when": when}
        elif when:
            when = _("%(when)s, theo máy của người ký") % {"when": when}
        if report.problems:
            why = problem_words(report.problems)
        elif report.revoked_since:
            why = _("chứng thư bị thu hồi sau khi ký, thời điểm ký đã được chứng minh")
        elif report.expired_since:
            why = _("chứng thư hết hạn sau khi ký, thời điểm ký đã được chứng minh")
        elif report.registered is None:
            why = _(
                "nội dung nguyên vẹn, chứng thư do tổ chức được tin cậy cấp; chứng thư không có "
                "trong sổ của cổng nên chưa tra được việc thu hồi"
            )
        else:
            why = _("nội dung nguyên vẹn, chứng thư còn hiệu lực khi ký")
        return cls(report, report.registered.agency if report.registered else "", when, why)


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    """Say who signed a PDF for whom, when, and whether it stands, or what letter a code is of.

    Throttled by address, both together.
    """
    form = CheckForm(request.POST or None, request.FILES or None)
    code_form = CodeForm(request.GET if "ma" in request.GET else None)
    asked: forms.Form = form if request.method == "POST" else code_form
    context: dict[str, Any] = {"form": form, "code_form": code_form}
    status = 200
    if asked.is_valid():
        now, refused = timezone.now(), Refusals()
        try:
            _count(client_address(request), now=now)
        except throttle.Closed as closed:
            asked.add_error(
                None,
                _("Đã kiểm tra quá nhiều lần. Xin thử lại sau %(until)s.")
                % {"until": f"{timezone.localtime(closed.until):%H:%M}"},
            )
            status = 429
        else:
            if asked is code_form:
                context["is_code_checked"] = True
                context["letter"] = services.letter_by_code(code_form.cleaned_data["ma"])
                return render(request, "documents/check.html", context)
            with refused:
                reports = services.signatures_on(form.cleaned_data["file"].read(), now=now)
                context["is_checked"] = True
                context["signatures"] = [Shown.of(one) for one in reports]
                context["is_valid"] = all(one.is_valid for one in reports)
            refused.put_on(form, "file")
    return render(request, "documents/check.html", context, status=status)


def _count(address: str, *, now: datetime) -> None:
    """Count a file; raises throttle.Closed when one address has sent too many."""
    pace = throttle.Pace(
        free=settings.PUBLIC_CHECKS_ALLOWED,
        first=timedelta(seconds=5),
        longest=timedelta(minutes=1),
    )
    throttle.begin([pace.on(f"{address}|check")], now=now)
