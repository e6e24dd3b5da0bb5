"""Questions to the desk with what was said, and articles with their versions."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from devices.models import Device
from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.ca.models import Certificate
from portal.documents.models import Document
from portal.support.querysets import ArticleQuerySet, EntryQuerySet, QuestionQuerySet
from portal.support.workflow import Action, Category, Desk, State
from requests_app.models import Dossier

BEST = 5  # of the marks for an answer


class Question(models.Model):
    """What somebody asked from some page; identity numbers in it are masked before it is kept."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    category = models.CharField(_("loại việc"), max_length=12, choices=Category)
    subject = models.CharField(_("câu hỏi"), max_length=150)
    text = models.TextField(_("nội dung"))
    search_text = models.CharField(max_length=150)  # the subject, folded
    page = models.CharField(_("hỏi từ trang"), max_length=200, blank=True)
    dossier = models.ForeignKey(Dossier, models.PROTECT, null=True, related_name="+")
    certificate = models.ForeignKey(Certificate, models.PROTECT, null=True, related_name="+")
    device = models.ForeignKey(Device, models.PROTECT, null=True, related_name="+")
    recovery = models.ForeignKey(  # the Mẫu 06 that came of it
        Dossier, models.SET_NULL, null=True, related_name="+"
    )
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="questions")
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+", db_index=False)
    office = models.ForeignKey(Agency, models.PROTECT, null=True, related_name="+", db_index=False)
    asked_at = models.DateTimeField()
    desk = models.CharField(max_length=8, choices=Desk)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    waiting_since = models.DateTimeField()  # when the desk that has it got it
    due_at = models.DateTimeField(null=True)
    reached_ca_at = models.DateTimeField(null=True)
    rating = models.PositiveSmallIntegerField(null=True)
    version = models.PositiveIntegerField(default=1)

    objects = QuestionQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at", "-pk"]
        indexes = [
            models.Index(fields=["agency", "state", "asked_at"], name="support_question_agency"),
            models.Index(fields=["office", "state", "asked_at"], name="support_question_office"),
            models.Index(
                fields=["state", "asked_at"],
                condition=Q(reached_ca_at__isnull=False),
                name="support_question_ca",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="support_question_at_a_desk",
                condition=Q(desk="office", office__isnull=False)
                | Q(desk="ca", reached_ca_at__isnull=False),
            ),
            models.CheckConstraint(
                name="support_question_rated_one_to_five",
                condition=Q(rating__isnull=True) | Q(rating__range=(1, BEST)),
            ),
            models.CheckConstraint(
                name="support_question_waits_until",
                condition=Q(state="waiting", due_at__isnull=False)
                | (~Q(state="waiting") & Q(due_at__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return self.subject

    def is_late(self, now: datetime) -> bool:
        return self.due_at is not None and self.due_at < now


class Entry(models.Model):
    """One thing said or done about a question: its history, the first being the question itself."""

    class Kind(models.TextChoices):
        ASK = "ask", _("Hỏi")
        NOTE = "note", _("Ghi chú nội bộ")
        RECOVER = "recover", _("Lập Mẫu 06")
        ANSWER = Action.ANSWER.value, Action.ANSWER.label
        HAND_OVER = Action.HAND_OVER.value, Action.HAND_OVER.label
        HAND_BACK = Action.HAND_BACK.value, Action.HAND_BACK.label
        ADD = Action.ADD.value, Action.ADD.label
        CLOSE = Action.CLOSE.value, Action.CLOSE.label
        REOPEN = Action.REOPEN.value, Action.REOPEN.label
        WITHDRAW = Action.WITHDRAW.value, Action.WITHDRAW.label

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    question = models.ForeignKey(Question, models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=10, choices=Kind)
    text = models.TextField(blank=True)
    article = models.SlugField(max_length=60, blank=True)  # named in an answer
    is_internal = models.BooleanField(default=False)  # not for the side that asked
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = EntryQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(
                fields=["article", "question"],
                condition=~Q(article=""),
                name="support_entry_article",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="support_entry_notes_are_internal",
                condition=Q(kind="note", is_internal=True) | (~Q(kind="note")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%d/%m/%Y}"


class EntryFile(models.Model):
    """A file that came with what was said."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    entry = models.ForeignKey(Entry, models.PROTECT, related_name="files")
    document = models.ForeignKey(Document, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return str(self.document)


class Article(models.Model):
    """What an office or the CA wrote under a name; it goes before the built-in one of that name."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    slug = models.SlugField(max_length=60)
    owner = models.ForeignKey(Agency, models.PROTECT, related_name="articles", db_index=False)
    published = models.ForeignKey(
        "ArticleVersion", models.PROTECT, null=True, related_name="+"
    )  # None: not yet, or not any more
    search_text = models.TextField(blank=True)  # of the published version, folded

    objects = ArticleQuerySet.as_manager()

    class Meta:
        ordering = ["slug", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "slug"], name="support_article_once"),
        ]

    def __str__(self) -> str:
        return self.slug

    def picture_addresses(self) -> dict[str, str]:
        """Return where the pictures are, by the names its text has for them."""
        route = "support:picture"
        return {
            str(picture): reverse(route, args=[picture.uuid]) for picture in self.pictures.all()
        }


class ArticleVersion(models.Model):
    """One wording of an article, never changed afterwards."""

    article = models.ForeignKey(Article, models.PROTECT, related_name="versions", db_index=False)
    number = models.PositiveIntegerField()
    category = models.CharField(_("loại việc"), max_length=12, choices=Category)
    title = models.CharField(_("tên bài"), max_length=150)
    summary = models.CharField(_("tóm tắt"), max_length=300)
    text = models.TextField(_("nội dung"))
    written_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    written_at = models.DateTimeField()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["article", "number"], name="support_articleversion_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.number})"


class ArticlePicture(models.Model):
    """A screenshot of an article, named in its text by its number."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    article = models.ForeignKey(Article, models.PROTECT, related_name="pictures", db_index=False)
    number = models.PositiveIntegerField()
    document = models.ForeignKey(Document, models.PROTECT, related_name="+")
    added_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["article", "number"], name="support_articlepicture_once"
            ),
        ]

    def __str__(self) -> str:
        return f"hinh-{self.number}"
