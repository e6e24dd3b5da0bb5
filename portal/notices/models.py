"""What people are told, in the portal and by e-mail, from an outbox."""

from __future__ import annotations

import uuid
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.core.background.leases import Leased, LeasedQuerySet
from portal.core.roles import Capability
from portal.deadlines.models import Deadline
from portal.notices.problems import words_of

MOST_TRIES = 7  # over a day and a half; then a person has to look


class NoticeQuerySet(models.QuerySet["Notice"]):
    def visible_to(self, user: User) -> Self:
        """Return what ``user`` is told: nobody reads another's notices."""
        return self.filter(recipient=user)

    def standing(self) -> Self:
        """Leave out what asks for something that is done meanwhile, or is another's by now.

        A clock that lapsed was neither: that its day is over remains news.
        """
        runs = Q(deadline__done_at__isnull=True, deadline__cancelled_at__isnull=True)
        return self.filter(Q(deadline__isnull=True) | runs, over_at__isnull=True)

    def unread(self) -> Self:
        """Return what is still to be read: what is done with meanwhile is not."""
        return self.standing().filter(read_at__isnull=True)

    def urgent(self) -> Self:
        """Return what tells of something that is overdue still."""
        return self.standing().filter(is_urgent=True)

    def about_the_same(self, notice: Notice) -> Self:
        """Return what tells of the same thing as ``notice``."""
        if notice.target_uuid is None:
            return self.filter(pk=notice.pk)
        return self.filter(target_type=notice.target_type, target_uuid=notice.target_uuid)

    def to_mail(self) -> Self:
        """Return what is in no mail yet and is not for the portal alone."""
        return self.filter(mail__isnull=True, is_portal_only=False)

    def most_pressing(self) -> Self:
        """Return them as a mail lists them: the urgent first, then as they were told."""
        return self.order_by("-is_urgent", "at", "pk")


class MailQuerySet(LeasedQuerySet["Mail"]):
    def visible_to(self, user: User) -> Self:
        """Return all mails for the administrator, who looks after those that can't be sent."""
        return self if user.can(Capability.ADMINISTER) else self.none()

    def unsent(self) -> Self:
        """Return what is still to be tried."""
        return self.filter(sent_at__isnull=True, attempts__lt=MOST_TRIES)

    def dead(self) -> Self:
        """Return what is tried no more and was never sent."""
        return self.filter(sent_at__isnull=True, attempts__gte=MOST_TRIES)

    def put_off(self) -> Self:
        """Return what waits to be tried again after an error."""
        return self.unsent().exclude(last_error="")


class Mail(Leased):
    """One e-mail to one person; its Message-ID never changes.

    To an account it bundles notices. To somebody named in a dossier, who need have no account, it
    brings ``text`` and enclosures, once for each ``cause``.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    recipient = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    # Of whom has no account.
    recipient_name = models.CharField(max_length=150, blank=True, default="", db_default="")
    address = models.EmailField()
    cause = models.CharField(max_length=120, null=True, unique=True)
    text = models.TextField(blank=True, default="", db_default="")
    message_id = models.CharField(max_length=120, unique=True)
    subject = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=120, blank=True)  # its kind, never its text
    sent_at = models.DateTimeField(null=True)

    objects = MailQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "pk"]
        indexes = [
            models.Index(
                fields=["id"], condition=Q(sent_at__isnull=True), name="notices_mail_waiting"
            ),
        ]

    def __str__(self) -> str:
        return self.subject

    @property
    def addressed_to(self) -> str:
        """The person's name, as the mail begins with it."""
        return self.recipient.full_name if self.recipient else self.recipient_name

    @property
    def problem(self) -> str:
        """What went wrong last, in words."""
        return words_of(self.last_error)


class Enclosure(models.Model):
    """A file that goes with a mail."""

    mail = models.ForeignKey(Mail, models.CASCADE, related_name="enclosures")
    name = models.CharField(max_length=120)
    media_type = models.CharField(max_length=80)
    content = models.BinaryField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name


class Notice(models.Model):
    """What one person is told about one cause; unique by cause and recipient."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    recipient = models.ForeignKey(User, models.PROTECT, related_name="notices", db_index=False)
    cause = models.CharField(max_length=120)
    title = models.CharField(max_length=250)
    text = models.TextField(blank=True)
    path = models.CharField(max_length=200, blank=True)
    target_type = models.CharField(max_length=40, blank=True)
    target_uuid = models.UUIDField(null=True)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    # What it asks of its recipient is done, or is another's by now: of a clock its own end says so,
    # of whose turn it is, the next step.
    deadline = models.ForeignKey(
        Deadline, models.PROTECT, null=True, related_name="+", db_index=False
    )
    asks = models.BooleanField(default=False, db_default=False)  # for the next step of its target
    over_at = models.DateTimeField(null=True)
    is_urgent = models.BooleanField(default=False)  # overdue: mailed on days off too
    # In no mail, now or later: its recipient has no address or wants only what is urgent.
    is_portal_only = models.BooleanField(default=False, db_default=False)
    mail = models.ForeignKey(Mail, models.PROTECT, null=True, related_name="notices")

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["recipient", "cause"], name="notices_notice_once"),
        ]
        indexes = [
            models.Index(fields=["recipient", "-at", "-id"], name="notices_notice_list"),
            models.Index(
                fields=["recipient", "-at", "-id"],
                condition=Q(read_at__isnull=True),
                name="notices_notice_unread",
            ),
            models.Index(
                fields=["recipient", "-at", "-id"],
                condition=Q(is_urgent=True),
                name="notices_notice_urgent",
            ),
            models.Index(
                fields=["recipient"],
                condition=Q(mail__isnull=True, is_portal_only=False),
                name="notices_notice_to_mail",
            ),
            models.Index(
                fields=["target_uuid"],
                condition=Q(asks=True, over_at__isnull=True),
                name="notices_notice_asking",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_over(self) -> bool:
        """Whether what it asks for is done, or nobody's business any more."""
        clock = self.deadline
        is_ended = clock is not None and (clock.done_at or clock.cancelled_at) is not None
        return is_ended or self.over_at is not None

    @property
    def is_new(self) -> bool:
        """Whether it is still to be read."""
        return self.read_at is None and not self.is_over


class Mailing(models.TextChoices):
    """When a person wants mail. What is overdue is mailed at once, whatever they choose."""

    AT_ONCE = "at_once", _("Gửi ngay khi có thông báo")
    DAILY = "daily", _("Mỗi ngày làm việc một thư, vào buổi sáng")
    URGENT = "urgent", _("Chỉ gửi khi quá hạn hoặc khẩn")


class NoticePreference(models.Model):
    """What one person chose; without a row: mail at once."""

    user = models.OneToOneField(User, models.PROTECT, related_name="notice_preference")
    mailing = models.CharField(max_length=10, choices=Mailing)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.user_id}: {self.mailing}"
