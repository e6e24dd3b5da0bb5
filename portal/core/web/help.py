"""Help pages: the guides of docs/huong-dan, readable before signing in."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.core.web.guides import guides


@require_safe
@login_not_required
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "help/index.html", {"guides": guides().values()})


@require_safe
@login_not_required
def guide(request: HttpRequest, slug: str) -> HttpResponse:
    if slug not in guides():
        raise Http404
    return render(
        request, "help/guide.html", {"guide": guides()[slug], "guides": guides().values()}
    )
