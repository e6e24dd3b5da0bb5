"""Where who finds a weakness may write (RFC 9116)."""

from __future__ import annotations

from datetime import UTC, timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

_HOLDS_FOR = timedelta(days=180)


@login_not_required
@require_safe
def security_txt(request: HttpRequest) -> HttpResponse:
    """Tell it by the setting SECURITY_CONTACT; without one there is no such file."""
    if not settings.SECURITY_CONTACT:
        raise Http404
    ends_at = (timezone.now() + _HOLDS_FOR).astimezone(UTC).replace(microsecond=0)
    lines = [
        *(f"Contact: {one}" for one in settings.SECURITY_CONTACT),
        f"Expires: {ends_at:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: vi, en",
        f"Canonical: {settings.PUBLIC_URL}{reverse('security_txt')}",
    ]
    text = "".join(f"{line}\n" for line in lines)
    return HttpResponse(text, content_type="text/plain; charset=utf-8")
