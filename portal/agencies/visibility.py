"""Who sees what belongs to a body and is followed by its office: one rule for all such rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from django.db import models
from django.db.models import Exists, OuterRef

from portal.agencies.models import Agency
from portal.core.roles import Scope

if TYPE_CHECKING:
    from portal.accounts.models import User

_Rows = TypeVar("_Rows", bound="models.QuerySet[Any]")


def of_visible_bodies(rows: _Rows, user: User) -> _Rows:
    """Return those of the bodies ``user`` may see; the CA sees all, the administrator none.

    ``rows`` have the columns ``agency`` and ``office``.
    """
    if user.scope is Scope.CA:
        return rows
    if user.scope is Scope.OFFICE:
        return rows.filter(office__in=user.body_ids)
    if user.scope in (Scope.BODY, Scope.TREE):
        bodies = Agency.objects.visible_to(user).order_by().values("pk")
        return rows.filter(agency__in=bodies)
    return rows.none()


def numbered_of_visible_bodies(rows: _Rows, user: User) -> _Rows:
    """As ``of_visible_bodies``, for rows that are found by a number: they are found first, and then
    asked whose they are; SQLite would go through all of every body in the tree."""
    if user.scope is not Scope.TREE:
        return of_visible_bodies(rows, user)
    bodies = Agency.objects.visible_to(user).order_by()
    return rows.filter(Exists(bodies.filter(pk=OuterRef("agency"))))


def words_of_visible_bodies(words: _Rows, user: User) -> _Rows:
    """As ``of_visible_bodies``, for the search: the bodies are read first, so that PostgreSQL goes
    into the index by each of them, not through all that have a common word."""
    if user.scope in (Scope.BODY, Scope.TREE):
        bodies = Agency.objects.visible_to(user).order_by().values_list("pk", flat=True)
        return words.filter(agency__in=list(bodies))
    return of_visible_bodies(words, user)
