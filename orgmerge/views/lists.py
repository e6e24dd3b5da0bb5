"""The list of reorganisations, and suggestions of bodies while typing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from orgmerge.filters import MergerFilter
from orgmerge.models import Merger, MergerOffice, ReviewReply
from orgmerge.views import parts
from portal.agencies import lookup
from portal.core.fragments import filtered, render_list
from portal.core.paging import Order, capped_count, keyset_page
from portal.core.roles import AGENCY_ROLES, OFFICE_ROLES, Role

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest

_ASKED = 10  # lists of a review, invitations shown above the reorganisations
_SUGGESTING = ("old", "agency", "parent")  # the fields that name a body


@require_safe
def merger_list(request: UserRequest) -> HttpResponse:
    """List what the user may see, the latest change first."""
    if request.user.role == Role.ADMINISTRATOR:
        raise Http404
    mergers = Merger.objects.visible_to(request.user)
    found = MergerFilter(request.GET, mergers)
    rows = filtered(found)
    page = keyset_page(
        rows.select_related("office"),
        order=Order("updated_at", is_descending=True),
        params=request.GET,
    )
    context = {
        "filter": found,
        "page": page,
        "rows": _with_sizes(page.object_list),
        "count": capped_count(rows),
        "may_start": request.user.role == Role.OFFICE_OFFICER,
        "asked": _asked(request.user),
        "invitations": _invitations(request.user),
    }
    return render_list(
        request, "orgmerge/list.html", fragment="orgmerge/_list.html", context=context
    )


def _asked(user: User) -> Sequence[ReviewReply]:
    """Return what a body is asked to look through now, though it is to see no more yet."""
    if user.role not in AGENCY_ROLES:
        return []
    open_to = ReviewReply.objects.visible_to(user).filter(round__closed_at__isnull=True)
    return list(open_to.select_related("round__merger").order_by("round__due_on", "pk")[:_ASKED])


def _invitations(user: User) -> Sequence[MergerOffice]:
    """Return what the office is asked to join, though it is to see no more of it yet."""
    if user.role not in OFFICE_ROLES:
        return []
    waiting = MergerOffice.objects.visible_to(user).waiting_for(user)
    return list(waiting.select_related("merger__office").order_by("-asked_at")[:_ASKED])


def _with_sizes(mergers: list[Merger]) -> list[tuple[Merger, Mapping[str, Any]]]:
    """Return each with how many bodies it has before and after; one query for the page."""
    sized = Merger.objects.filter(pk__in=[merger.pk for merger in mergers]).order_by()
    sizes: dict[int, Mapping[str, Any]] = {
        row["pk"]: row
        for row in sized.values("pk").annotate(
            before=Count("shares__old", distinct=True),
            after=Count("shares__new", filter=Q(shares__new__isnull=False), distinct=True),
        )
    }
    return [(merger, sizes[merger.pk]) for merger in mergers]


@require_safe
def suggest(request: UserRequest, code: UUID) -> HttpResponse:
    """Answer with options for a field that names a body of this reorganisation."""
    merger = parts.find(request.user, code)
    if request.user.role not in OFFICE_ROLES:
        raise Http404
    typed = next((request.GET[name] for name in _SUGGESTING if name in request.GET), "")
    labels = lookup.suggestions(merger.bodies_to_describe(), typed)
    return render(request, "agencies/_options.html", {"labels": labels})
