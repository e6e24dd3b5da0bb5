"""A list page answers whole, or with its table alone when htmx asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers


def render_list(
    request: HttpRequest, page: str, *, fragment: str, context: Mapping[str, Any]
) -> HttpResponse:
    """Render ``page``, or only ``fragment`` for a request of htmx."""
    wants_fragment = "HX-Request" in request.headers and "HX-Boosted" not in request.headers
    response = render(request, fragment if wants_fragment else page, dict(context))
    patch_vary_headers(response, ["HX-Request"])
    return response
