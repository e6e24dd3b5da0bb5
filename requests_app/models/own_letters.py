"""What letters have in common that a body writes about its own work, not as a dossier."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.agencies.models import Agency, Signer
from portal.core.background.leases import Leased
from portal.documents.models import Document


class OwnLetter(Leased):
    """A letter on its way from the desk to the head and back: numbered, signed, sealed.

    ``issuer`` is the body whose letter it is; the column that says so is named ``ISSUER``.
    """

    ISSUER = "agency"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    version = models.PositiveIntegerField(default=1)  # grows with each change; forms carry it

    # Typed, never invented: they come from the body's own document system.
    letter_number = models.CharField(_("số, ký hiệu công văn"), max_length=40, blank=True)
    letter_date = models.DateField(_("ngày công văn"), null=True, blank=True)
    signer = models.ForeignKey(Signer, models.PROTECT, null=True, related_name="+")  # likewise
    signing_mode = models.CharField(max_length=8, blank=True)  # as of dossiers
    signing_reason = models.CharField(max_length=250, blank=True)
    letter = models.ForeignKey(Document, models.PROTECT, null=True, related_name="+")
    signed_letter = models.ForeignKey(Document, models.PROTECT, null=True, related_name="+")
    scan = models.ForeignKey(Document, models.PROTECT, null=True, related_name="+")
    sent_back_reason = models.TextField(blank=True)

    made_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    edited_by = models.ManyToManyField(User, related_name="+")
    signed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    signed_at = models.DateTimeField(null=True)
    sent_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    sent_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    # The steps of its table; each sort of letter declares its own.
    stage: models.CharField[str, str]

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.letter_number or str(self.uuid)

    @property
    def issuer(self) -> Agency:
        agency: Agency = getattr(self, self.ISSUER)
        return agency

    @property
    def paper(self) -> Document | None:
        """The letter as it went out: signed digitally, or the scan of the paper."""
        return self.signed_letter or self.scan or self.letter
