"""Many letters at once: the records officer numbers and seals them, the head signs them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from portal.core.roles import Capability
from portal.core.text.identifiers import check_day, in_full, parse_day
from portal.core.text.numbers import typed_number, with_dots
from requests_app.models import Dossier
from requests_app.pages.views import pin_words
from requests_app.signatures import batch_numbering, batch_signing
from requests_app.signatures.batch_signing import Came
from requests_app.steps.forms import PIN_ATTRS
from requests_app.workflow import Action

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest


class BatchSigningForm(forms.Form):
    """Several letters, each at the version that was seen, and one PIN for all of them.

    ``chosen`` are "uuid:version"; what is neither is a form that nobody was shown.
    """

    chosen = forms.CharField(widget=forms.MultipleHiddenInput, required=False)
    looked = forms.BooleanField(label=gettext_lazy("Tôi đã xem từng văn bản được chọn"))
    pin = forms.CharField(
        label=gettext_lazy("Mã PIN của thiết bị ký"),
        max_length=32,
        strip=False,
        widget=forms.PasswordInput(attrs=PIN_ATTRS),
    )

    @property
    def chosen_before(self) -> list[tuple[UUID, int]]:
        """What was chosen, so that a form that comes back has it still."""
        if not self.is_bound:
            return []
        try:
            return [_seen_letter(one) for one in self._typed()]
        except ValueError:
            return []

    def clean_chosen(self) -> list[tuple[UUID, int]]:
        typed = self._typed()
        if not typed:
            raise forms.ValidationError(gettext_lazy("Chưa chọn văn bản nào."))
        try:
            return [_seen_letter(one) for one in typed]
        except ValueError as error:
            raise forms.ValidationError(
                gettext_lazy("Danh sách đã chọn không đúng; tải lại trang.")
            ) from error

    def _typed(self) -> list[str]:
        data = self.data
        return list(data.getlist("chosen")) if hasattr(data, "getlist") else []


def _seen_letter(text: str) -> tuple[UUID, int]:
    uuid, _colon, version = text.partition(":")
    return UUID(uuid), typed_number(version, otherwise=0)


MOST_OF_A_NUMBER = 40


@sensitive_post_parameters("pin")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_many(request: UserRequest) -> HttpResponse:
    """Show the letters that wait for the user; sign those that were chosen, and say what came."""
    action = batch_signing.action_of(request.user)
    if action is None:
        raise Http404
    now = timezone.now()
    results: list[batch_signing.Result] = []
    form = BatchSigningForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        results, refusal = batch_signing.sign_all(
            form.cleaned_data["chosen"],
            actor=request.user,
            pin=form.cleaned_data["pin"],
            now=now,
        )
        if refusal is None:
            form = BatchSigningForm()
        else:
            form.add_error("pin", pin_words(refusal))
    waiting = batch_signing.waiting_for(request.user)
    shown = batch_signing.looked_at(waiting[: batch_signing.MOST], request.user, now=now)
    context = {
        "is_head": action == Action.SIGN,
        "form": form,
        "digital": [one for one in shown if one.is_digital],
        "ink": [one for one in shown if not one.is_digital],
        "count": waiting.count(),
        "most": batch_signing.MOST,
        "results": results,
        "signed": sum(one.came is Came.SIGNED for one in results),
        "chosen_before": {str(uuid) for uuid, _version in form.chosen_before},
    }
    return render(request, "requests_app/sign_many.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def number_many(request: UserRequest) -> HttpResponse:
    """Show the drafts without a number in one table; keep what the clerk types."""
    if not request.user.can(Capability.NUMBER_LETTERS):
        raise Http404
    waiting = batch_numbering.to_number(request.user)
    problems: dict[UUID, str] = {}
    if request.method == "POST":
        rows, problems = _typed_numbers(request.POST, list(waiting[: batch_numbering.MOST]))
        saved, refused = batch_numbering.number_all(rows, actor=request.user, now=timezone.now())
        problems |= refused
        if saved:
            messages.success(
                request, _("Đã ghi số, ngày cho %(count)s văn bản.") % {"count": with_dots(saved)}
            )
        if not problems:
            return redirect("requests_app:number_many")
    context = {
        "rows": [
            (
                one,
                problems.get(one.uuid, ""),
                request.POST.get(f"number-{one.uuid}", ""),
                in_full(request.POST.get(f"date-{one.uuid}", "")),
            )
            for one in waiting[: batch_numbering.MOST]
        ],
        "count": waiting.count(),
        "most": batch_numbering.MOST,
    }
    return render(request, "requests_app/number_many.html", context)


def _typed_numbers(
    data: QueryDict, shown: Sequence[Dossier]
) -> tuple[list[batch_numbering.Numbered], dict[UUID, str]]:
    """Return the rows with a number, and why a row makes no sense; blank rows are left alone."""
    rows: list[batch_numbering.Numbered] = []
    problems: dict[UUID, str] = {}
    for one in shown:
        number, day = (data.get(f"{name}-{one.uuid}", "").strip() for name in ("number", "date"))
        version = data.get(f"version-{one.uuid}", "")
        if not number and not day:
            continue
        parsed = parse_day(day)
        if not number or len(number) > MOST_OF_A_NUMBER:
            problems[one.uuid] = _("Ghi số, ký hiệu văn bản, tối đa 40 ký tự.")
        elif parsed is None:
            said = [finding.message for finding in check_day(day)] if day else []
            problems[one.uuid] = " ".join(said or [_("Ghi ngày văn bản dạng dd/mm/yyyy.")])
        elif seen := typed_number(version, otherwise=0):
            rows.append(batch_numbering.Numbered(one.uuid, seen, number, parsed))
    return rows, problems
