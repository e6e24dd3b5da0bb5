"""The box on every page: what it offers while one types, and the page it leads to.

What is typed is posted: the first digits of an identity number must stand in no address either.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_http_methods, require_POST

from portal.core.text.vietnamese import nfc
from portal.search.finders import Group, finders, search, the_one
from portal.search.words import fold

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest

_LONGEST = 200
_OFFERED, _SHOWN = 5, 20  # of each kind
_FEWEST = 2  # letters or digits that say anything
_IDENTITY_NUMBER = re.compile(r"[0-9]{12}")


@require_http_methods(["GET", "HEAD", "POST"])
def results(request: UserRequest) -> HttpResponse:
    """Show what was found, by kinds; the very number of a thing opens the thing.

    A post leads to the address that says what was typed, unless that is an identity number.
    """
    if request.method != "POST":
        typed = _typed(request.GET.get("q", ""))
        is_number = bool(_identity_number(typed))
        groups = [] if is_number else _found(request, typed, _SHOWN)
        if one := the_one(groups):
            return redirect(one)
        context = {"typed": "" if is_number else typed, "groups": groups, "is_number": is_number}
        return render(request, "search/results.html", context)
    typed = _typed(request.POST.get("q", ""))
    number = _identity_number(typed)
    if not number:
        return redirect(f"{reverse('search:results')}?{urlencode({'q': typed})}")
    now = timezone.now()
    groups = [
        Group(finder, [hit], "")
        for finder in finders()
        if finder.by_number and (hit := finder.by_number(request.user, number, now))
    ]
    groups += _found(request, typed, _SHOWN)
    if one := the_one(groups):
        return redirect(one)
    context = {"typed": "", "groups": groups, "by_number": True}
    response = render(request, "search/results.html", context)
    add_never_cache_headers(response)
    return response


@require_POST
def offers(request: UserRequest) -> HttpResponse:
    """Show what fits what is typed so far, for the box; nobody is looked up by number yet."""
    typed = _typed(request.POST.get("q", ""))
    is_number = bool(_identity_number(typed))
    groups = [] if is_number else _found(request, typed, _OFFERED)
    context = {"typed": typed, "groups": groups, "is_number": is_number}
    response = render(request, "search/_offers.html", context)
    add_never_cache_headers(response)
    return response


def _typed(text: str) -> str:
    return nfc(text)[:_LONGEST]


def _found(request: UserRequest, typed: str, most: int) -> list[Group]:
    is_enough = len(fold(typed).replace(" ", "")) >= _FEWEST
    return search(request.user, typed, most=most) if is_enough else []


def _identity_number(typed: str) -> str:
    """Return the twelve digits that are typed and nothing else, "" otherwise."""
    digits = re.sub(r"[\s.-]", "", typed)
    return digits if _IDENTITY_NUMBER.fullmatch(digits) else ""
