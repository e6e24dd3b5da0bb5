"""The questions of the start page: what happened, and for which certificates or devices."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portal.core.roles import Capability
from portal.core.rules import Refused, Violation
from portal.core.text.numbers import typed_number
from portal.core.text.vietnamese import nfc
from portal.core.web.refusals import Refusals
from requests_app import kinds
from requests_app.drafts.prefilled import start_dossier
from requests_app.start_page.choices import choices, choose
from requests_app.start_page.occasions import OCCASIONS, About, Occasion, Pick, Way, find_occasion

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest

_MOST_TEXT = 100


def must_draft(user: User) -> None:
    """For who drafts no dossiers the pages do not exist."""
    if not user.can(Capability.DRAFT):
        raise Http404


@require_safe
def happened(request: UserRequest) -> HttpResponse:
    """Ask what happened to it."""
    must_draft(request.user)
    about = request.GET.get("about", "")
    if about not in About.values:
        return _back("requests_app:start", asked="1")
    context = {
        "about": About(about),
        "occasions": OCCASIONS[About(about)],
        "has_no_answer": request.GET.get("asked") == "1",
    }
    return render(request, "requests_app/editor/start_happened.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def way(request: UserRequest) -> HttpResponse:
    """Say what follows and let the things be chosen that it is for; open the draft."""
    must_draft(request.user)
    about, event = request.GET.get("about", ""), request.GET.get("event", "")
    occasion = find_occasion(about, event)
    if occasion is None:
        return _back("requests_app:start_happened", about=about, asked="1")
    chosen = _way(occasion, request.GET.get("way", ""))
    refused = Refusals()
    if chosen is not None and request.POST.get("do") in ("open", "blank"):
        with refused:
            # Open the draft with what was ticked; raises Refused when nothing was.
            now = timezone.now()
            is_blank = chosen.pick is Pick.NOTHING or request.POST.get("do") == "blank"
            picked = None
            if not is_blank:
                picked = choose(
                    chosen,
                    about,
                    user=request.user,
                    ticked=None if "all" in request.POST else _ticked(request),
                    text=_text(request),
                    now=now,
                )
                if not picked.count:
                    raise Refused(
                        Violation(
                            "nothing_chosen",
                            _("Chưa chọn dòng nào trong danh sách."),
                            way_out=_("Đánh dấu ít nhất một dòng, hoặc bấm “Lập bản trống”."),
                        )
                    )
            dossier = start_dossier(
                chosen.kind_code,
                variant=chosen.variant,
                actor=request.user,
                now=now,
                certificates=picked.certificates if picked else (),
                devices=picked.devices if picked else (),
                answers=chosen.answers,
                begins_with_a_row=bool(chosen.to_type),
            )
            if chosen.to_type:
                messages.info(request, chosen.to_type)
            return redirect("requests_app:editor", dossier.uuid)
    return _render_way(request, About(about), occasion, chosen, refused.violations)


def _back(route: str, **params: str) -> HttpResponse:
    """Go to the question that has no answer yet."""
    return redirect(f"{reverse(route)}?{urlencode(params)}")


def _way(occasion: Occasion, number: str) -> Way | None:
    """Return the way with that number from 1; the first one for any other, None without any."""
    if not occasion.ways:
        return None
    place = typed_number(number, otherwise=1)
    return occasion.ways[place - 1 if 1 <= place <= len(occasion.ways) else 0]


def _ticked(request: UserRequest) -> list[uuid.UUID]:
    """Return what is ticked; what is no identifier is none."""
    found = []
    for text in request.POST.getlist("pick"):
        try:
            found.append(uuid.UUID(text))
        except ValueError:
            continue
    return found


def _text(request: UserRequest) -> str:
    return nfc(request.POST.get("q", ""))[:_MOST_TEXT]


def _render_way(
    request: UserRequest,
    about: About,
    occasion: Occasion,
    chosen: Way | None,
    violations: Sequence[Violation],
) -> HttpResponse:
    context = {
        "about": about,
        "occasion": occasion,
        "ways": list(enumerate(occasion.ways, start=1)),
        "way": chosen,
        "number": occasion.ways.index(chosen) + 1 if chosen else None,
        "violations": violations,
        "text": _text(request),
        "takes_all": "all" in request.POST,
    }
    if chosen is not None:
        context["kind"] = kinds.get(chosen.kind_code)
        context["waits_for_all"] = chosen.pick in (Pick.TO_GIVE_BACK, Pick.HANDED_OVER)
        if chosen.pick is not Pick.NOTHING:
            context["choices"] = choices(
                chosen,
                about,
                user=request.user,
                text=_text(request),
                ticked=_ticked(request),
                now=timezone.now(),
            )
    return render(request, "requests_app/editor/start_way.html", context)
