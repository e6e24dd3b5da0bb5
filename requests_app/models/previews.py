"""The draft of a long letter on paper, printed by a worker while its clerk does something else."""

from __future__ import annotations

import uuid

from django.db import models

from portal.accounts.models import User
from portal.core.background.leases import Leased
from requests_app.models.dossiers import Dossier
from requests_app.models.querysets import LetterPreviewQuerySet


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
