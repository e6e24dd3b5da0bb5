"""List pages: filtered rows, and the answer whole or with its table alone when htmx asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django_filters import FilterSet


def filtered(found: FilterSet) -> QuerySet[Any]:
    """Return the rows a filter leaves; none when what it was given makes no sense."""
    return found.qs if found.is_valid() else found.qs.none()


def render_list(
    request: HttpRequest, page: str, *, fragment: str, context: Mapping[str, Any]
) -> HttpResponse:
    """Render ``page``, or only ``fragment`` for a request of htmx."""
    wants_fragment = "HX-Request" in request.headers and "HX-Boosted" not in request.headers
    response = render(request, fragment if wants_fragment else page, dict(context))
    patch_vary_headers(response, ["HX-Request"])
    return response
