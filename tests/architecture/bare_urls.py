"""The portal's routes with empty error pages: what counts here is who is refused what."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from portal.urls import urlpatterns

__all__ = ["handler403", "handler404", "urlpatterns"]


def handler403(_request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse(status=403)


def handler404(_request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse(status=404)
