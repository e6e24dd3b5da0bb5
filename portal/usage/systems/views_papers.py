"""The page on which signed PDFs are handed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from portal.core.roles import Capability
from portal.core.web.forms import SheetFile
from portal.core.web.refusals import Refusals
from portal.usage.receiving.services import hand_in
from portal.usage.rules import DocumentKind
from portal.usage.systems.services import papers_of

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest


class PaperForm(forms.Form):
    """A signed PDF, and what kind of document it is."""

    kind = forms.ChoiceField(label=gettext_lazy("Loại văn bản"), choices=DocumentKind.choices)
    file = SheetFile(label=gettext_lazy("Văn bản đã ký (.pdf)"), suffixes=".pdf")


@require_http_methods(["GET", "HEAD", "POST"])
def papers(request: UserRequest) -> HttpResponse:
    """Count the signatures of a PDF; the PDF is not kept."""
    if not request.user.can(Capability.REPORT_USE):
        raise PermissionDenied("who reports on use")
    form = PaperForm(request.POST or None, request.FILES or None)
    context: dict[str, Any] = {"form": form}
    if request.method == "POST" and form.is_valid():
        now, refused = timezone.now(), Refusals()
        with refused:
            context["signatures"] = hand_in(
                form.cleaned_data["file"].read(),
                papers_of(request.user, now=now),
                document_kind=form.cleaned_data["kind"],
                actor=request.user,
                now=now,
            )
        refused.put_on(form, "file")
    return render(request, "usage/papers.html", context)
