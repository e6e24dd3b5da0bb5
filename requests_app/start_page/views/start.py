"""Starting a dossier: what is it about, what happened; the answer is the form, and for what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from portal.core.web.refusals import Refusals
from requests_app import kinds
from requests_app.drafts.prefilled import start_dossier
from requests_app.kinds.base import OWN_DESIGN, Words
from requests_app.start_page.occasions import About
from requests_app.start_page.views.questions import must_draft

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest


@dataclass(frozen=True, slots=True)
class Need:
    """One form, or a variant of one, for who knows it by its number."""

    value: str
    title: Words
    purpose: Words
    number: str

    @property
    def id(self) -> str:
        return f"need_{self.value.replace(':', '_')}"


class NeedForm(forms.Form):
    """Which form is wanted."""

    need = forms.ChoiceField(
        label=gettext_lazy("Chọn mẫu cần lập"),
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Hãy chọn một việc."),
            "invalid_choice": gettext_lazy("Hãy chọn một việc trong danh sách."),
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["need"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(need.value, need.title) for need in needs()]


def needs() -> list[Need]:
    """Return what can be asked for, in the order of the forms."""
    found = []
    for kind in kinds.KINDS.values():
        found.append(Need(kind.code, kind.need, kind.purpose, kind.number))
        for variant, title in kind.variant_titles.items():
            purpose = _("Văn bản có trích yếu riêng: “%(subject)s”.") % {
                "subject": kind.subject_of(variant)
            }
            found.append(Need(f"{kind.code}:{variant}", title, purpose, kind.number))
    return found


@require_http_methods(["GET", "HEAD", "POST"])
def start(request: UserRequest) -> HttpResponse:
    """Ask what it is about; who knows the form by its number chooses it here at once."""
    must_draft(request.user)
    asked = request.GET.get("need", "")
    is_direct = request.method == "POST"
    form = NeedForm(request.POST) if is_direct else NeedForm(initial={"need": asked})
    refused = Refusals()
    if form.is_valid():
        kind, _colon, variant = form.cleaned_data["need"].partition(":")
        with refused:
            dossier = start_dossier(kind, actor=request.user, now=timezone.now(), variant=variant)
            return redirect("requests_app:editor", dossier.uuid)
    context = {
        "form": form,
        "needs": needs(),
        "own_designs": [one.number for one in kinds.KINDS.values() if one.layout_note],
        "own_design": OWN_DESIGN,
        "violations": refused.violations,
        "abouts": About.choices,
        "is_direct": is_direct or bool(asked),
        "has_no_answer": request.GET.get("asked") == "1",
    }
    return render(request, "requests_app/editor/start.html", context)
