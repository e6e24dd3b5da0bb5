"""Review rounds: what each body says of its subscribers, certificates and devices."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from devices.models import Device
from orgmerge.models.querysets import ReviewReplyQuerySet, ReviewRoundQuerySet
from orgmerge.vocabulary import ReviewAnswer
from portal.accounts.models import User
from portal.agencies.models import Agency, Subscriber
from portal.ca.models import Certificate
from portal.core.background.leases import Leased


def unanswer(collector: Any, field: Any, items: Any, _using: str) -> None:
    """Leave what was to go to a body that is no longer described without an answer.

    For ``on_delete``: with the destination alone emptied, "outside" would be read into it.
    """
    collector.add_field_update(field, None, items)
    collector.add_field_update(ReviewItem._meta.get_field("answer"), "", items)


class ReviewRound(Leased):
    """The office asks the bodies of a merger to look through what they have (S1).

    ``prepared_at`` is when every body had its list; long ones are made in the background.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    merger = models.ForeignKey(
        "orgmerge.Merger", models.PROTECT, related_name="rounds", db_index=False
    )
    number = models.PositiveIntegerField()
    note = models.TextField(_("hướng dẫn thêm"), blank=True)
    opened_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    due_on = models.DateField(_("hạn trả lời"))
    prepared_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)

    objects = ReviewRoundQuerySet.as_manager()

    class Meta:
        ordering = ["merger", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["merger", "number"], name="orgmerge_round_number"),
            models.UniqueConstraint(
                fields=["merger"],
                condition=models.Q(closed_at__isnull=True),
                name="orgmerge_round_one_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.merger_id} #{self.number}"


class ReviewReply(models.Model):
    """One body's part of a round; ``sent_at`` is when it said that it is done."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    round = models.ForeignKey(ReviewRound, models.PROTECT, related_name="replies", db_index=False)
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="review_replies")
    version = models.PositiveIntegerField(default=1)
    listed_at = models.DateTimeField(null=True)  # its list is made, and the body was told
    sent_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    sent_at = models.DateTimeField(null=True)

    objects = ReviewReplyQuerySet.as_manager()

    class Meta:
        ordering = ["round", "agency"]
        constraints = [
            models.UniqueConstraint(fields=["round", "agency"], name="orgmerge_reply_once"),
        ]

    def __str__(self) -> str:
        return f"{self.round_id}: {self.agency_id}"


class ReviewItem(models.Model):
    """One line of a body's list: a certificate with its device, or a device or subscriber alone.

    ``answer`` stays empty until somebody answers: silence is shown, never assumed.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    reply = models.ForeignKey(ReviewReply, models.PROTECT, related_name="items", db_index=False)
    position = models.PositiveIntegerField()
    certificate = models.ForeignKey(Certificate, models.PROTECT, null=True, related_name="+")
    device = models.ForeignKey(Device, models.PROTECT, null=True, related_name="+")
    subscriber = models.ForeignKey(Subscriber, models.PROTECT, null=True, related_name="+")
    answer = models.CharField(max_length=16, choices=ReviewAnswer, blank=True, default="")
    # Of what moves: empty is a body that the decision does not touch.
    moves_to = models.ForeignKey("orgmerge.MergerBody", unanswer, null=True, related_name="+")
    unit = models.CharField(_("bộ phận mới"), max_length=250, blank=True)
    position_title = models.CharField(_("chức vụ mới"), max_length=120, blank=True)
    email = models.EmailField(_("thư điện tử công vụ mới"), blank=True)
    note = models.CharField(_("ghi chú"), max_length=250, blank=True)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["reply", "position"]
        indexes = [models.Index(fields=["reply", "position"], name="orgmerge_item_order")]
        constraints = [
            models.UniqueConstraint(
                fields=["reply", "certificate"],
                condition=models.Q(certificate__isnull=False),
                name="orgmerge_item_certificate_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reply_id}: {self.position}"
