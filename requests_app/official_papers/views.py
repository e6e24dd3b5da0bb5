"""Papers of an office or the CA: the register of what goes out and comes in, one paper, signing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from portal.core.roles import Capability
from portal.core.rules import Violation
from portal.core.text.numbers import typed_number
from portal.core.web.paging import Order, keyset_page
from requests_app.models import OfficialPaper
from requests_app.official_papers.steps import OFFICIAL_PAPERS, sign_all, to_sign
from requests_app.own_letters.views import PaperPages
from requests_app.pages.views import pin_words
from requests_app.steps.forms import PIN_ATTRS

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest


class PinForm(forms.Form):
    """The PIN for all the papers that were ticked."""

    pin = forms.CharField(
        label=_("Mã PIN của thiết bị ký"),
        max_length=32,
        strip=False,
        widget=forms.PasswordInput(attrs=PIN_ATTRS),
    )


@require_safe
def index(request: UserRequest) -> HttpResponse:
    """Show the register: what the user's body sends out, or (?huong=den) what came to it."""
    if not request.user.can(Capability.READ_DOSSIERS):
        raise PermissionDenied("who reads no dossiers reads no papers about them")
    found = OfficialPaper.objects.visible_to(request.user)
    outgoing = found.filter(agency__in=request.user.body_ids)
    is_incoming = request.GET.get("huong") == "den"
    is_waiting = request.GET.get("cho") == "toi"
    shown = found.exclude(agency__in=request.user.body_ids) if is_incoming else outgoing
    if is_waiting:
        shown = outgoing.waiting_for(request.user)
    page = keyset_page(
        shown.select_related("agency", "dossier__agency").defer("content"),
        order=Order("made_at", is_descending=True),
        params=request.GET,
    )
    context = {
        "page": page,
        "is_incoming": is_incoming,
        "is_waiting": is_waiting,
        "to_sign": len(to_sign(request.user)),
    }
    return render(request, "requests_app/official_papers/list.html", context)


@require_safe
def paper(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Show a paper: where it stands, as it is printed, what can be done."""
    return _page(request, _find(request.user, uuid))


@require_http_methods(["GET", "HEAD", "POST"])
def sign_many(request: UserRequest) -> HttpResponse:
    """Show the papers that wait for the user's signature; a POST signs those ticked."""
    if not request.user.can(Capability.SIGN_REPORTS):
        raise PermissionDenied("only who leads signs")
    form = PinForm(request.POST or None)
    results: list[tuple[OfficialPaper, str]] = []
    if request.method == "POST" and form.is_valid():
        results, refusal = sign_all(
            _chosen(request),
            actor=request.user,
            pin=form.cleaned_data["pin"],
            now=timezone.now(),
        )
        if refusal is not None:
            form.add_error("pin", pin_words(refusal))
        elif not results:
            form.add_error(None, _("Chưa chọn văn bản nào, hoặc văn bản không còn chờ anh/chị ký."))
        else:
            form = PinForm()
    context = {"papers": to_sign(request.user), "form": form, "results": results}
    return render(request, "requests_app/official_papers/sign_many.html", context)


def _chosen(request: UserRequest) -> list[tuple[UUID, int]]:
    """Return the papers ticked, as "uuid:version"."""
    found = []
    for one in request.POST.getlist("paper"):
        name, _colon, version = one.partition(":")
        try:
            found.append((UUID(name), typed_number(version, otherwise=0)))
        except ValueError:
            continue
    return found


def _find(user: User, uuid: UUID) -> OfficialPaper:
    found = OfficialPaper.objects.visible_to(user).filter(uuid=uuid)
    joined = found.select_related("agency", "dossier__agency", "signer", "letter", "signed_letter")
    if (made := joined.first()) is None:
        raise Http404
    return made


def _page(
    request: UserRequest,
    paper: OfficialPaper,
    *,
    violations: tuple[Violation, ...] | list[Violation] = (),
    **forms_back: Any,
) -> HttpResponse:
    context = PAPERS.context(request, paper, edits=Capability.NUMBER_PAPERS, **forms_back)
    context |= {
        "violations": violations,
        "sees_dossier": type(paper.dossier)
        .objects.visible_to(request.user)
        .filter(pk=paper.dossier_id)
        .exists(),
    }
    return render(request, "requests_app/official_papers/paper.html", context)


PAPERS: PaperPages[OfficialPaper] = PaperPages(
    kind=OFFICIAL_PAPERS, find=_find, page=_page, route="requests_app:official_paper"
)
