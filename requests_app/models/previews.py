"""The draft of a long letter on paper, printed by a worker while its clerk does something else."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Self

from django.db import models

from portal.accounts.models import User
from portal.core.background.leases import Leased, LeasedQuerySet
from requests_app.models.dossiers import Dossier

if TYPE_CHECKING:
    _Rows = LeasedQuerySet["LetterPreview"]
else:
    _Rows = LeasedQuerySet


class LetterPreviewQuerySet(_Rows):
    def visible_to(self, user: User) -> Self:
        """Return the user's own, as long as they see its dossier."""
        dossiers = Dossier.objects.visible_to(user).order_by().values("pk")
        return self.filter(asked_by=user, dossier__in=dossiers)

    def waiting(self) -> Self:
        """Return those a worker still has to do with."""
        return self.filter(path="", problem="")


class LetterPreview(Leased):
    """What one person asked for last: one at a time, the next takes its place.

    It waits while it has neither a path nor a problem.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    asked_by = models.OneToOneField(User, models.PROTECT, related_name="+")
    dossier = models.ForeignKey(Dossier, models.CASCADE, related_name="previews")
    version = models.PositiveIntegerField()  # of the dossier, as it was printed
    rows_total = models.PositiveIntegerField()
    rows_done = models.PositiveIntegerField(default=0)
    pages = models.PositiveIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0)
    path = models.CharField(max_length=200, blank=True)  # below the default storage
    problem = models.CharField(max_length=250, blank=True)
    asked_at = models.DateTimeField()
    made_at = models.DateTimeField(null=True)

    objects = LetterPreviewQuerySet.as_manager()

    class Meta:
        ordering = ["asked_at", "pk"]

    def __str__(self) -> str:
        return f"{self.dossier_id}: {self.rows_done}/{self.rows_total}"

    @property
    def is_waiting(self) -> bool:
        """Whether a worker still has to do with it."""
        return not self.path and not self.problem
