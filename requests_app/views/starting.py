"""Starting a dossier: one question, what is needed; the answer is the form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from portal.core.roles import Role
from portal.core.rules import Refused, Violation
from requests_app import kinds, services
from requests_app.kinds.base import Words

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest


@dataclass(frozen=True, slots=True)
class Need:
    """One answer to the question: a form, or a variant of one."""

    value: str
    title: Words
    purpose: Words
    number: str
    is_layout_verified: bool

    @property
    def id(self) -> str:
        return f"need_{self.value.replace(':', '_')}"


class NeedForm(forms.Form):
    """Which form is wanted."""

    need = forms.ChoiceField(
        label=gettext_lazy("Anh/chị cần làm gì?"),
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
        common = (kind.number, kind.is_layout_verified)
        found.append(Need(kind.code, kind.need, kind.purpose, *common))
        for variant, title in kind.variant_titles.items():
            purpose = _("Văn bản có trích yếu riêng: “%(subject)s”.") % {
                "subject": kind.subject_of(variant)
            }
            found.append(Need(f"{kind.code}:{variant}", title, purpose, *common))
    return found


@require_http_methods(["GET", "HEAD", "POST"])
def start(request: UserRequest) -> HttpResponse:
    """Ask what is needed; open a draft of that form."""
    if request.user.role != Role.CLERK:
        raise Http404
    asked = {"need": request.GET.get("need", "")}
    form = NeedForm(request.POST) if request.method == "POST" else NeedForm(initial=asked)
    violations: tuple[Violation, ...] = ()
    if form.is_valid():
        kind, _colon, variant = form.cleaned_data["need"].partition(":")
        try:
            dossier = services.start_dossier(
                kind, actor=request.user, now=timezone.now(), variant=variant
            )
        except Refused as refusal:
            violations = refusal.violations
        else:
            return redirect("requests_app:editor", dossier.uuid)
    context = {"form": form, "needs": needs(), "violations": violations}
    return render(request, "requests_app/editor/start.html", context)
