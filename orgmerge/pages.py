"""What several pages of a reorganisation need: finding it, who may change it, the conflict page."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render

from orgmerge.models import Merger
from orgmerge.workflow import EDITABLE
from portal.core.roles import Capability
from requests_app.pages.components import typed_in, version_of

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest

__all__ = ["conflict", "find", "is_editor", "version_of"]

_JOINED = ("office", "created_by", "approved_by", "repeals")


def find(user: User, code: UUID) -> Merger:
    """Return a reorganisation ``user`` may see, or raise Http404."""
    merger = Merger.objects.visible_to(user).select_related(*_JOINED).filter(uuid=code).first()
    if merger is None:
        raise Http404
    return merger


def is_editor(merger: Merger, user: User) -> bool:
    """Say whether ``user`` may change the description now."""
    if not user.can(Capability.PREPARE_REORGANISATIONS) or merger.state not in EDITABLE:
        return False
    return merger.is_led_by(user) or not set(user.body_ids).isdisjoint(merger.office_ids())


def conflict(request: UserRequest, merger: Merger) -> HttpResponse:
    """Show that somebody else changed it meanwhile: nothing was overwritten."""
    context = {
        "merger": find(request.user, merger.uuid),
        "steps": merger.steps.select_related("actor").order_by("-at", "-pk")[:3],
        "typed": typed_in(request.POST),
    }
    return render(request, "orgmerge/conflict.html", context, status=409)
