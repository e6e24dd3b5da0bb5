"""The append-only record of everything done, chained by hash."""

from __future__ import annotations

from typing import Any

from django.db import models

from portal.audit.querysets import AuditEntryQuerySet

GENESIS = "0" * 64


class AuditEntry(models.Model):
    """One act. Written once by ``services.record``, never changed.

    It lies lowest and names what lies higher by type and UUID; no foreign key.
    """

    sequence = models.PositiveBigIntegerField(primary_key=True)
    at = models.DateTimeField()
    actor_uuid = models.UUIDField(null=True)
    actor_role = models.CharField(max_length=20, blank=True)
    actor_name = models.CharField(max_length=150, blank=True)
    action = models.CharField(max_length=60)
    target_type = models.CharField(max_length=40)
    target_uuid = models.UUIDField(null=True)
    agency_uuid = models.UUIDField(null=True)
    office_uuid = models.UUIDField(null=True)
    data = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64)
    entry_hash = models.CharField(max_length=64)
    # Under a key outside the database; empty before there were any (AuditHead.sealed_from).
    mac = models.CharField(max_length=64, blank=True, default="")

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        ordering = ["sequence"]
        indexes = [
            models.Index(fields=["target_uuid"], name="audit_entry_target"),
            models.Index(fields=["agency_uuid", "sequence"], name="audit_entry_agency"),
            models.Index(fields=["at"], name="audit_entry_at"),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.action}"

    @property
    def facts(self) -> list[tuple[str, Any]]:
        """What is said besides, by name: a template would take ``data.items`` for a name."""
        return list(self.data.items())


class AuditHead(models.Model):
    """The end of the chain: one row, locked last in each transaction that writes entries."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    sequence = models.PositiveBigIntegerField(default=0)
    entry_hash = models.CharField(max_length=64, default=GENESIS)
    sealed_from = models.PositiveBigIntegerField(null=True)  # the first entry that has a MAC
    is_attested = models.BooleanField(default=False)  # whether there were checkpoints

    class Meta:
        constraints = [
            models.CheckConstraint(name="audit_head_is_single", condition=models.Q(id=1)),
        ]

    def __str__(self) -> str:
        return f"head at {self.sequence}"


class NotedOnce(models.Model):
    """That an act was recorded which is recorded once: on a day, or at all.

    The database settles who of two that come at once records it.
    """

    key = models.CharField(max_length=64, primary_key=True)  # hash of act, actor and what about
    forget_on = models.DateField(null=True)

    class Meta:
        indexes = [models.Index(fields=["forget_on"], name="audit_notedonce_forget")]

    def __str__(self) -> str:
        return self.key
