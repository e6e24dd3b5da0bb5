"""What a visitor is told whose document is not what was stored."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from portal.documents import services


class TellsDamage:
    """Answers with a page and an audit entry where a document's bytes are gone or were altered."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, services.Damaged):
            return None
        actor = request.user if request.user.is_authenticated else None
        services.record_damage(error, actor=actor, now=timezone.now())
        return render(request, "documents/damaged.html", status=409)
