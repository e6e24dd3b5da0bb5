"""Subscribers: list, page, and reading a whole identity number, which is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_POST, require_safe

from portal.agencies import services
from portal.agencies.filters import SubscriberFilter
from portal.agencies.models import Affiliation, Agency, Subscriber, SubscriberKind
from portal.core.web.fragments import filtered, render_list
from portal.core.web.paging import Order, capped_count, keyset_page

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest


@require_safe
def subscriber_list(request: UserRequest) -> HttpResponse:
    subscribers = Subscriber.objects.visible_to(request.user)
    found = SubscriberFilter(request.GET, user=request.user, queryset=subscribers)
    standing = _affiliations_seen_by(request.user).filter(valid_until__isnull=True)
    narrowed = filtered(found)
    shown = narrowed.select_related("agency").prefetch_related(
        Prefetch("affiliations", standing, to_attr="standing")
    )
    page = keyset_page(shown, order=Order("sort_name"), params=request.GET)
    context = {
        "filter": found,
        "agency": found.form.cleaned_data.get("agency") if found.form.is_valid() else None,
        "page": page,
        "count": capped_count(narrowed),
        "linked": _visible_among({one.agency_id for one in page}, request.user),
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
    affiliations = _affiliations_seen_by(request.user).filter(subscriber=subscriber)
    context = {
        "subscriber": subscriber,
        "is_person": is_person,
        "number": number,
        "may_reveal": is_person and services.may_reveal(request.user),
        "affiliations": affiliations,
        "linked": _visible_among(
            {subscriber.agency_id, *(one.agency_id for one in affiliations)}, request.user
        ),
    }
    return render(request, "agencies/subscriber_detail.html", context)


def _affiliations_seen_by(user: User) -> QuerySet[Affiliation]:
    """An agency learns where a person works among its own bodies, not elsewhere."""
    bodies = Agency.objects.visible_to(user).order_by().values("pk")
    return Affiliation.objects.filter(agency__in=bodies).select_related("agency")


def _visible_among(pks: set[int], user: User) -> set[int]:
    visible = Agency.objects.visible_to(user).filter(pk__in=pks)
    return set(visible.order_by().values_list("pk", flat=True))
