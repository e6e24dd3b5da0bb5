"""Reorganisations in the search box: by what they are called or by their decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext_lazy

from orgmerge.models import Merger
from portal.core.text.vietnamese import search_key
from portal.search.finders import Finder, Hit, detail, list_with, register

if TYPE_CHECKING:
    from portal.accounts.models import User

_NEWEST = 1000  # are looked through; older ones stand in the list


def register_finders() -> None:
    """Let reorganisations be found."""
    register(
        Finder(
            place=60,
            label=gettext_lazy("Phương án sắp xếp"),
            icon="git-merge",
            find=_mergers,
            listed=list_with("orgmerge:list"),
        )
    )


def _mergers(user: User, typed: str, most: int) -> list[Hit]:
    wanted = search_key(typed)
    rows = Merger.objects.visible_to(user).order_by("-pk").values_list("pk", "title", "decision")
    keys = [
        pk
        for pk, title, decision in rows[:_NEWEST]
        if wanted in search_key(title) or wanted in search_key(decision)
    ][:most]
    found = Merger.objects.filter(pk__in=keys).order_by("-pk") if keys else []
    return [
        Hit(
            title=one.title,
            detail=detail(one.decision, f"{one.effective_on:%d/%m/%Y}", one.get_state_display()),
            url=reverse("orgmerge:detail", args=[one.uuid]),
            is_exact=search_key(one.decision) == wanted,
        )
        for one in found
    ]
