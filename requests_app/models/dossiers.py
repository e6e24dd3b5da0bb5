"""Dossiers, their rows, their history, what is attached."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from copy import copy

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from devices.models import Device
from portal.accounts.models import User
from portal.agencies.models import Agency, AgencyVersion, Signer, Subscriber
from portal.ca.models import Certificate, KeyPair, Storage
from portal.core.background.leases import Leased
from portal.core.database.fields import EncryptedJSONField, EncryptedTextField
from portal.core.database.prefixes import PATTERN
from portal.documents.models import Document
from portal.search.models import SearchWord
from requests_app.models.querysets import DossierQuerySet
from requests_app.workflow import Action, Route, State


class SigningMode(models.TextChoices):
    """How a letter is signed; computed, never chosen silently."""

    DIGITAL = "digital", _("Ký số")
    INK = "ink", _("Ký tay, đóng dấu (bản quét)")


class Dossier(Leased):
    """One letter with its list. ``state`` is written by ``services.take_step`` alone."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=40)  # no choices: the catalogue of kinds validates
    kind_version = models.CharField(max_length=20)
    variant = models.CharField(max_length=20, blank=True)  # e.g. Mẫu 01 for central signing
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="dossiers", db_index=False)
    agency_version = models.ForeignKey(AgencyVersion, models.PROTECT, related_name="+")
    office = models.ForeignKey(Agency, models.PROTECT, null=True, related_name="+", db_index=False)
    route = models.CharField(max_length=16, choices=Route)
    addressee = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    state = models.CharField(max_length=20, choices=State, default=State.DRAFT)
    queue = models.CharField(max_length=16, blank=True)  # the role it waits for
    # 1 or 0: SQLite finds an index by an equality of numbers, not by a bare boolean.
    is_at_ca = models.PositiveSmallIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)  # grows with each change; forms carry it
    round = models.PositiveSmallIntegerField(default=1)  # grows when a draft is opened again

    letter_number = models.CharField(_("số, ký hiệu văn bản"), max_length=40, blank=True)
    letter_date = models.DateField(_("ngày văn bản"), null=True, blank=True)
    contact = EncryptedJSONField(default=dict, row=["uuid"])  # section 1 of the form
    filing = models.CharField(
        _("nơi lưu, số bản"), max_length=40, blank=True, default="", db_default=""
    )
    note = models.TextField(_("nội dung thêm vào công văn"), blank=True)
    row_count = models.PositiveIntegerField(default=0)
    # Of the first row that has one: a dossier is called by it. Written with ``row_count``.
    first_title = models.CharField(max_length=250, blank=True, default="", db_default="")

    # Who is to sign: what the clerk chose, then whose block was printed; null: none is recorded.
    signer = models.ForeignKey(Signer, models.PROTECT, null=True, related_name="+")
    signing_mode = models.CharField(max_length=8, choices=SigningMode, blank=True)
    signing_reason = models.CharField(max_length=250, blank=True)
    # By whose setting the letter is mailed too; null: it is not.
    mail_rule = models.ForeignKey("RoutingRule", models.PROTECT, null=True, related_name="+")
    letter = models.ForeignKey(Document, models.PROTECT, null=True, related_name="+")
    signed_letter = models.ForeignKey(Document, models.PROTECT, null=True, related_name="+")

    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    edited_by = models.ManyToManyField(User, related_name="+")  # who edits may not approve
    # Who saved a decision about a row in the present round: they may not confirm it.
    decided_by = models.ManyToManyField(User, related_name="+")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)  # first left the agency
    received_on = models.DateField(_("ngày nhận hợp lệ"), null=True)  # the law's day
    due_on = models.DateField(null=True)  # of the body it waits for
    waiting_since = models.DateField(null=True)  # the day it came to the desk it waits at
    decided_on = models.DateField(null=True)  # the day of the answer, whatever it was
    ended_at = models.DateTimeField(null=True)
    # The one stopped when its body ended, written anew here in the successor's name: once.
    continues = models.OneToOneField("self", models.PROTECT, null=True, related_name="continued_by")

    objects = DossierQuerySet.as_manager()

    class Meta:
        ordering = ["-updated_at", "-pk"]
        indexes = [
            models.Index(fields=["agency", "queue", "due_on", "id"], name="dossier_agency_queue"),
            models.Index(fields=["office", "queue", "due_on", "id"], name="dossier_office_queue"),
            models.Index(fields=["queue", "due_on", "id"], name="dossier_queue"),
            models.Index(fields=["agency", "-updated_at", "-id"], name="dossier_agency_recent"),
            models.Index(fields=["office", "-updated_at", "-id"], name="dossier_office_recent"),
            models.Index(fields=["is_at_ca", "-updated_at", "-id"], name="dossier_ca_recent"),
            # Sổ văn bản đi, the newest first.
            models.Index(
                fields=["is_at_ca", "-sent_at", "-id"],
                condition=Q(sent_at__isnull=False),
                name="dossier_ca_sent",
            ),
            models.Index(
                fields=["office", "-sent_at", "-id"],
                condition=Q(sent_at__isnull=False),
                name="dossier_office_sent",
            ),
            # Counted by day for the dashboards, out of the index alone.
            models.Index(
                fields=["office", "queue", "waiting_since", "sent_at"], name="dossier_office_desk"
            ),
            models.Index(fields=["is_at_ca", "queue", "waiting_since"], name="dossier_ca_desk"),
            models.Index(
                fields=["office", "decided_on", "kind", "received_on", "sent_at"],
                condition=Q(decided_on__isnull=False),
                name="dossier_office_decided",
            ),
            models.Index(
                fields=["is_at_ca", "decided_on", "kind", "received_on"],
                condition=Q(decided_on__isnull=False),
                name="dossier_ca_decided",
            ),
            models.Index(
                fields=["agency", "state", "-updated_at", "-id"], name="dossier_agency_state"
            ),
            models.Index(
                fields=["office", "state", "-updated_at", "-id"], name="dossier_office_state"
            ),
            models.Index(
                fields=["is_at_ca", "state", "-updated_at", "-id"], name="dossier_ca_state"
            ),
            # Found by the first figures of its number.
            models.Index(
                fields=["agency", "letter_number"],
                opclasses=["int8_ops", PATTERN],
                name="dossier_agency_number",
            ),
            models.Index(
                fields=["is_at_ca", "letter_number"],
                opclasses=["int2_ops", PATTERN],
                name="dossier_ca_number",
            ),
            models.Index(
                fields=["office", "letter_number"],
                opclasses=["int8_ops", PATTERN],
                name="dossier_office_number",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.uuid}"

    def count_rows(self) -> None:
        """Note how many rows there are and whom the first is about; the caller saves."""
        titles = self.items.order_by("position").exclude(title="").values_list("title", flat=True)
        self.row_count, self.first_title = self.items.count(), titles.first() or ""

    def waits_for_another_ca(self) -> bool:
        """Say whether a CA outside the portal was asked and has a row to answer still."""
        is_asked = self.state == State.EXECUTING
        return is_asked and self.items.filter(outcome=Outcome.PENDING).exists()


class DossierCopy(models.Model):
    """A body that gets a dossier "để theo dõi": read-only, numbers masked, no attachments."""

    dossier = models.ForeignKey(Dossier, models.CASCADE, related_name="copies", db_index=False)
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dossier", "agency"], name="dossier_copy_once"),
        ]

    def __str__(self) -> str:
        return f"{self.dossier_id} → {self.agency_id}"


class Decision(models.TextChoices):
    """What the deciding officer says of a row."""

    NONE = "", _("Chưa xử lý")
    ACCEPTED = "accepted", _("Chấp nhận")
    REFUSED = "refused", _("Từ chối")


class Outcome(models.TextChoices):
    """How a row ended."""

    NONE = "", _("Chưa thực hiện")
    PENDING = "pending", _("Chờ CA trả lời")  # another CA was asked
    DONE = "done", _("Đã thực hiện")
    REFUSED = "refused", _("Bị từ chối")
    FAILED = "failed", _("Lỗi")


class DossierItem(models.Model):
    """One row of the list.

    ``answers`` are as typed (NFC), validated by the kind's row form; what rules, joins or lists
    need are columns of their own.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="items", db_index=False)
    position = models.PositiveIntegerField()
    title = models.CharField(max_length=250)  # who or what the row is about, for lists
    search_title = models.CharField(max_length=250)  # the title without case and marks
    answers = EncryptedJSONField(default=dict, row=["uuid"])
    storage = models.CharField(max_length=8, choices=Storage, blank=True)
    identity_hash = models.CharField(max_length=64, blank=True, db_index=True)
    subscriber = models.ForeignKey(Subscriber, models.PROTECT, null=True, related_name="items")
    certificate = models.ForeignKey(
        Certificate, models.PROTECT, null=True, related_name="items", help_text=_("Nói về")
    )
    device = models.ForeignKey(Device, models.PROTECT, null=True, related_name="items")
    key = models.ForeignKey(KeyPair, models.PROTECT, null=True, related_name="+")
    renews = models.BooleanField(default=False, db_default=False)  # the certificate, beyond its end
    decision = models.CharField(max_length=8, choices=Decision, blank=True, default="")
    decision_reason = models.TextField(blank=True)
    outcome = models.CharField(max_length=8, choices=Outcome, blank=True, default="")
    outcome_reason = models.TextField(blank=True)
    request_key = models.CharField(max_length=64, unique=True)  # sent with the call to the CA
    serial = models.CharField(max_length=16, blank=True)  # chosen before the CA is called
    result = models.ForeignKey(
        Certificate, models.PROTECT, null=True, related_name="result_of", help_text=_("Đã cấp")
    )

    looks: Sequence[str] = ()  # what a page has found to say of it; kept nowhere

    class Meta:
        ordering = ["dossier", "position"]
        indexes = [
            models.Index(fields=["dossier", "position"], name="dossier_item_order"),
            models.Index(fields=["dossier", "outcome"], name="dossier_item_outcome"),
        ]

    def __str__(self) -> str:
        return f"{self.position}. {self.title}"

    @classmethod
    def new_rows(
        cls, dossier: Dossier, rows: Iterable[tuple[int, Mapping[str, str]]]
    ) -> list[DossierItem]:
        """Return a row for each position with its answers, not saved.

        Copies of one: the columns are asked for their defaults once, not for each of 5,000 rows.
        """
        blank, items = cls(dossier=dossier), []
        for position, answers in rows:
            item = copy(blank)
            item.uuid, item.position, item.answers = uuid.uuid4(), position, answers
            items.append(item)
        return items


class QuestionAnswer(models.Model):
    """What a clerk said to a question about some cells, before their letter was presented.

    ``question`` is the keyed hash of code, field and value: another value is another question.
    """

    dossier = models.ForeignKey(
        Dossier, models.CASCADE, related_name="question_answers", db_index=False
    )
    question = models.CharField(max_length=64)
    code = models.CharField(max_length=40)
    field = models.CharField(max_length=40)
    message = EncryptedTextField(row=["dossier_id", "question"])  # as it was asked
    answer = EncryptedTextField(_("trả lời"), row=["dossier_id", "question"])
    said_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    said_at = models.DateTimeField()

    class Meta:
        ordering = ["said_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["dossier", "question"], name="dossier_question_answered_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} of {self.dossier_id}"


class ItemWord(SearchWord):
    """What a row of a dossier is found by; ``agency`` and ``office`` are the dossier's."""

    item = models.ForeignKey(DossierItem, models.CASCADE, related_name="words", db_index=False)

    class Meta(SearchWord.Meta):
        indexes = [
            *SearchWord.Meta.indexes,
            models.Index(
                fields=["item", "text"], opclasses=["int8_ops", PATTERN], name="itemword_item"
            ),
        ]


class DossierEvent(models.Model):
    """One step taken. Written once, never changed: the history and the source of four eyes."""

    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="events", db_index=False)
    action = models.CharField(_("việc"), max_length=20, choices=Action)
    source = models.CharField(max_length=20, choices=State, blank=True)
    target = models.CharField(max_length=20, choices=State)
    round = models.PositiveSmallIntegerField()
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    reason_code = models.CharField(max_length=40, blank=True)
    reason = models.TextField(_("lý do"), blank=True)
    document = models.ForeignKey(
        Document, models.PROTECT, null=True, related_name="+", help_text=_("Văn bản kèm theo")
    )
    at = models.DateTimeField(_("thời điểm"))

    class Meta:
        ordering = ["at", "pk"]
        indexes = [models.Index(fields=["dossier", "round", "action"], name="dossier_event_round")]

    def __str__(self) -> str:
        return f"{self.dossier_id}: {self.source} → {self.target}"


class ReturnedContent(models.Model):
    """What a dossier said when it was returned in one round: what has changed since is seen by it.

    ``rows`` are {"uuid", "position", "title", "answers"}, as they had been sent.
    """

    dossier = models.ForeignKey(
        Dossier, models.PROTECT, related_name="returned_contents", db_index=False
    )
    round = models.PositiveSmallIntegerField()
    rows = EncryptedJSONField(default=list, row=["dossier_id", "round"])
    contact = EncryptedJSONField(default=dict, row=["dossier_id", "round"])
    note = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["dossier", "round"]
        constraints = [
            models.UniqueConstraint(fields=["dossier", "round"], name="returned_content_once"),
        ]

    def __str__(self) -> str:
        return f"{self.dossier_id}, round {self.round}"


class Attachment(models.Model):
    """A file that came with a dossier or a row."""

    class Kind(models.TextChoices):
        SIGNED_SCAN = "signed_scan", _("Bản quét đã ký, đóng dấu")
        ESTABLISHMENT = "establishment", _("Quyết định thành lập hoặc xác nhận của cấp trên")
        OWN_REQUEST = "own_request", _("Đề nghị của cá nhân")
        OTHER = "other", _("Tài liệu khác")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    dossier = models.ForeignKey(Dossier, models.PROTECT, related_name="attachments")
    item = models.ForeignKey(DossierItem, models.CASCADE, null=True, related_name="attachments")
    kind = models.CharField(_("loại"), max_length=16, choices=Kind)
    document = models.ForeignKey(Document, models.PROTECT, related_name="+")
    added_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    is_current = models.BooleanField(default=True)

    class Meta:
        ordering = ["added_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="dossier_attachment_own_request_names_a_row",
                condition=~Q(kind="own_request") | Q(item__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.dossier_id}"


class DeliveredPaper(models.Model):
    """What the deciding or receiving side hands the sender about a dossier, dated.

    ``delivered_at`` is the day a limit that runs "from receiving the notice" starts from
    (DOMAIN 14.4): its delivery in the portal, not its first reading.
    """

    class Kind(models.TextChoices):
        REVOCATION_NOTICE = "revocation_notice", _("Thông báo thu hồi chứng thư")
        NEW_CERTIFICATES = "new_certificates", _("Chứng thư mới và hướng dẫn cài đặt")
        RECOVERY_ANSWER = "recovery_answer", _("Thông báo kết quả khôi phục thiết bị")
        RECEIPT = "receipt", _("Xác nhận của bên nhận thiết bị")
        REFUSAL = "refusal", _("Thông báo từ chối")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    dossier = models.ForeignKey(
        Dossier, models.PROTECT, related_name="delivered_papers", db_index=False
    )
    kind = models.CharField(_("loại"), max_length=20, choices=Kind)
    document = models.ForeignKey(Document, models.PROTECT, related_name="+")
    delivered_at = models.DateTimeField(_("giao lúc"))

    class Meta:
        ordering = ["delivered_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["dossier", "kind"], name="delivered_paper_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.dossier_id}"


class ReturnReason(models.Model):
    """The catalogue of reasons for returning or refusing; the text can be edited when used."""

    code = models.CharField(max_length=40, unique=True)
    text = models.TextField(_("nội dung"))
    article = models.CharField(_("căn cứ"), max_length=150, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["position", "code"]

    def __str__(self) -> str:
        return self.text
