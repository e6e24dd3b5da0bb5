"""What is kept of closed dossiers as one file each."""

from __future__ import annotations

import uuid
from datetime import date
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models

from requests_app.models.dossiers import Dossier

if TYPE_CHECKING:
    from portal.accounts.models import User


class ArchivePackageQuerySet(models.QuerySet["ArchivePackage"]):
    def visible_to(self, user: User) -> Self:
        """Return those of the dossiers ``user`` sees, without a body's unsent corrections."""
        dossiers = Dossier.objects.visible_to(user).read_as_sent_by(user)
        return self.filter(dossier__in=dossiers.order_by().values("pk"))


class ArchivePackage(models.Model):
    """A closed dossier as one signed file below the default storage; made once, never changed."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    dossier = models.OneToOneField(Dossier, models.PROTECT, related_name="archive_package")
    path = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    made_at = models.DateTimeField()

    objects = ArchivePackageQuerySet.as_manager()

    class Meta:
        ordering = ["-made_at", "-pk"]
        indexes = [models.Index(fields=["-made_at", "-id"], name="archive_package_recent")]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Return the name of its file."""
        number = self.dossier.letter_number.replace("/", "-") or "khong-so"
        return f"ho-so-{number}-{str(self.dossier.uuid)[:8]}.zip"

    @property
    def kept_until(self) -> date | None:
        """Return the last day of its retention; None where no period is set."""
        ended, years = self.dossier.ended_at, settings.ARCHIVE_RETENTION_YEARS
        if ended is None or not years:
            return None
        return date(ended.year + years, 12, 31)  # counted from the end of its year
