"""Subscribers: list, page, and reading a whole identity number, which is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_POST, require_safe

from portal.agencies import services
from portal.agencies.filters import SubscriberFilter
from portal.agencies.models import Affiliation, Agency, Subscriber, SubscriberKind
from portal.core.fragments import render_list

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest

ROWS = 50


@require_safe
def subscriber_list(request: UserRequest) -> HttpResponse:
    subscribers = Subscriber.objects.visible_to(request.user)
    found = SubscriberFilter(request.GET, queryset=subscribers)
    standing = Affiliation.objects.filter(valid_until__isnull=True)
    shown = found.qs.select_related("agency").prefetch_related(
        Prefetch("affiliations", standing, to_attr="standing")
    )
    context = {
        "filter": found,
        "agency": found.form.cleaned_data.get("agency") if found.form.is_valid() else None,
        "page": Paginator(shown, ROWS).get_page(request.GET.get("page")),
    }
    return render_list(
        request,
        "agencies/subscriber_list.html",
        fragment="agencies/_subscriber_table.html",
        context=context,
    )


@require_safe
def subscriber_detail(request: UserRequest, uuid: UUID) -> HttpResponse:
    return _render_subscriber(request, _get(request, uuid), number="")


@require_POST
def reveal(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Show the page with the whole identity number; it is never part of an address."""
    subscriber = _get(request, uuid)
    if subscriber.kind != SubscriberKind.PERSON:
        raise Http404
    number = services.reveal_identity(subscriber, actor=request.user, now=timezone.now())
    response = _render_subscriber(request, subscriber, number=number)
    add_never_cache_headers(response)
    return response


def _get(request: UserRequest, uuid: UUID) -> Subscriber:
    visible = Subscriber.objects.visible_to(request.user)
    return get_object_or_404(visible.select_related("agency", "organisation"), uuid=uuid)


def _render_subscriber(
    request: UserRequest, subscriber: Subscriber, *, number: str
) -> HttpResponse:
    is_person = subscriber.kind == SubscriberKind.PERSON
    around = subscriber.affiliations.values("agency")
    visible = Agency.objects.visible_to(request.user).order_by()
    context = {
        "subscriber": subscriber,
        "is_person": is_person,
        "number": number,
        "may_reveal": is_person and services.may_reveal(request.user),
        "affiliations": subscriber.affiliations.select_related("agency"),
        "linked": {
            *visible.filter(pk__in=around).values_list("pk", flat=True),
            *visible.filter(pk=subscriber.agency_id).values_list("pk", flat=True),
        },
    }
    return render(request, "agencies/subscriber_detail.html", context)
