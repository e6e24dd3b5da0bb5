"""Frozen documents and the signatures on them."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.ca.models import Certificate
from portal.documents.roles import SignatureRole

__all__ = ["Document", "LetterCode", "Signature", "SignatureRole"]


class Document(models.Model):
    """A file kept as it was: its bytes lie outside the web root under its SHA-256."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("tên tệp"), max_length=200)
    media_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    path = models.CharField(max_length=200)  # below the default storage
    original = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        related_name="signed_copies",
        help_text=_("Bản trước khi ký"),
    )
    created_at = models.DateTimeField()
    # Of a signed PDF: when it was last time-stamped, until when that proves it, when the next time
    # stamp is due, and the same file with the stamps put since it was stored (documents.lasting).
    stamped_at = models.DateTimeField(null=True)
    stamped_until = models.DateTimeField(null=True)
    stamp_due_at = models.DateTimeField(null=True)
    stamped_copy = models.OneToOneField("self", models.PROTECT, null=True, related_name="stamped")

    class Meta:
        indexes = [
            models.Index(fields=["sha256"], name="documents_document_sha256"),
            models.Index(
                fields=["stamp_due_at"],
                condition=models.Q(stamp_due_at__isnull=False),
                name="documents_document_stamp_due",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def before_signatures(self) -> Document:
        """Return the document that was frozen, of which this may be a signed copy."""
        document = self
        while document.original is not None:
            document = document.original
        return document


class LetterCode(models.Model):
    """The short code printed on a letter, and what whoever holds the paper is told by it."""

    code = models.CharField(max_length=14, unique=True)
    document = models.OneToOneField(
        Document,
        models.PROTECT,
        related_name="letter_code",
        help_text=_("Bản đã đóng băng, trước mọi chữ ký"),
    )
    body = models.CharField(_("cơ quan ban hành"), max_length=500)
    number = models.CharField(_("số, ký hiệu"), max_length=100, blank=True)
    day = models.DateField(_("ngày văn bản"), null=True)

    def __str__(self) -> str:
        return self.code


class Signature(models.Model):
    """One electronic signature put on a frozen letter, at most one of each role."""

    document = models.ForeignKey(
        Document,
        models.PROTECT,
        related_name="signatures",
        help_text=_("Bản đã đóng băng, trước mọi chữ ký"),
        db_index=False,
    )
    signed_copy = models.OneToOneField(
        Document,
        models.PROTECT,
        related_name="signature",
        help_text=_("Tệp ngay sau khi có chữ ký này"),
    )
    role = models.CharField(max_length=12, choices=SignatureRole)
    certificate = models.ForeignKey(Certificate, models.PROTECT, related_name="+")
    signed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()

    class Meta:
        ordering = ["signed_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["document", "role"], name="documents_signature_once_per_role"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} on {self.document_id}"
