"""Bodies, what changes about them with dates, and the people and systems that hold certificates."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from portal.agencies.facts import AgencyFacts
from portal.agencies.querysets import (
    AgencyQuerySet,
    AgencyVersionQuerySet,
    SignerQuerySet,
    SubscriberQuerySet,
)
from portal.core.database.fields import EncryptedTextField
from portal.core.database.prefixes import PATTERN
from portal.core.text.names import CERTIFICATE_NAME_LENGTH, in_capitals, in_short
from portal.search.models import SearchWord


class AgencyKind(models.TextChoices):
    """What a body is in this procedure."""

    AGENCY = "agency", _("Cơ quan, đơn vị")
    OFFICE = "office", _("Đơn vị chuyên trách (Sở KH&CN, Cục CNTT)")
    CA = "ca", _("Cơ quan cung cấp dịch vụ chứng thực")
    PROVINCE = "province", _("UBND cấp tỉnh, bộ, ngành (khoản 1 Điều 34)")


class Agency(models.Model):
    """A body as a legal identity.

    The columns that change with dates are kept in ``AgencyVersion``; the ones lists need stand
    here too, as of today, and are written only by ``agencies.services``.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=10, choices=AgencyKind, default=AgencyKind.AGENCY)
    name = models.CharField(_("tên"), max_length=250)
    search_name = models.CharField(max_length=250, db_index=True)
    sort_name = models.CharField(max_length=500)
    province = models.CharField(_("tỉnh, thành phố"), max_length=60)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children"
    )
    office = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="answered_for"
    )
    has_seal = models.BooleanField(_("có con dấu riêng"), default=True)
    dissolved_on = models.DateField(_("chấm dứt hoạt động từ"), null=True, blank=True)

    objects = AgencyQuerySet.as_manager()

    class Meta:
        ordering = ["sort_name", "pk"]
        indexes = [models.Index(fields=["sort_name", "id"], name="agencies_agency_order")]

    def __str__(self) -> str:
        return self.name

    def exists_on(self, day: date) -> bool:
        """Say whether the body still has legal personality on ``day``."""
        return self.dissolved_on is None or day < self.dissolved_on


class BodyColumns(models.Model):
    """What is said of a body: as it was from one day to another, as it will be."""

    name = models.CharField(_("tên"), max_length=250)
    short_name = models.CharField(_("tên viết tắt trong ký hiệu văn bản"), max_length=30)
    parent = models.ForeignKey(
        Agency,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("cơ quan cấp trên"),
    )
    province = models.CharField(_("tỉnh, thành phố"), max_length=60)
    place = models.CharField(_("địa danh ghi trên văn bản"), max_length=60)
    address = models.CharField(_("địa chỉ"), max_length=250, blank=True)
    agency_code = models.CharField(_("mã định danh điện tử"), max_length=35, blank=True)
    tax_code = models.CharField(_("mã số thuế"), max_length=14, blank=True)
    budget_code = models.CharField(_("mã quan hệ ngân sách"), max_length=7, blank=True)
    email = models.EmailField(_("thư điện tử công vụ"), blank=True)
    email_domain = models.CharField(_("tên miền thư công vụ"), max_length=100, blank=True)
    phone = models.CharField(_("điện thoại"), max_length=20, blank=True)
    head_title = models.CharField(_("chức vụ người đứng đầu"), max_length=60, default="CHỦ TỊCH")
    signs_for = models.CharField(
        _("ký thay mặt"), max_length=120, blank=True, help_text=_("Ví dụ: TM. ỦY BAN NHÂN DÂN")
    )
    has_seal = models.BooleanField(_("có con dấu riêng"), default=True)

    class Meta:
        abstract = True

    def facts(self) -> AgencyFacts:
        """Return what the columns say."""
        return AgencyFacts(
            **{column.name: getattr(self, column.name) for column in BodyColumns._meta.fields}
        )


_STANDS_ALONE = ("ủy ban nhân dân", "uỷ ban nhân dân", "ubnd", "hội đồng nhân dân", "bộ ")


class AgencyVersion(BodyColumns):
    """How a body was called and placed from one day (included) to another (excluded)."""

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="versions", db_index=False)
    valid_from = models.DateField(_("từ ngày"))
    valid_until = models.DateField(_("đến trước ngày"), null=True, blank=True)
    office = models.ForeignKey(
        Agency,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("Sở, Cục theo dõi"),
    )
    decision = models.CharField(_("căn cứ"), max_length=250, blank=True)
    # How ``name`` is written elsewhere; proposed from it, and looked through once by a person.
    capital_name = models.CharField(
        _("tên viết hoa"), max_length=250, blank=True, default="", db_default=""
    )
    certificate_name = models.CharField(
        _("tên trong chứng thư"),
        max_length=CERTIFICATE_NAME_LENGTH,
        blank=True,
        default="",
        db_default="",
    )
    names_checked_at = models.DateTimeField(null=True, blank=True)

    objects = AgencyVersionQuerySet.as_manager()

    class Meta:
        ordering = ["agency", "valid_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "valid_from"], name="agencies_version_starts_once"
            ),
            models.CheckConstraint(
                name="agencies_version_ends_after_start",
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=F("valid_from")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.valid_from:%d/%m/%Y})"

    @property
    def in_capitals(self) -> str:
        """The name as seals and certificates write it."""
        return self.capital_name or in_capitals(self.name)

    @property
    def in_certificates(self) -> str:
        """The name in certificates: what a person chose, else the name in capitals, in short where
        it is longer than X.520 lets it be (DOMAIN 14.24)."""
        return self.certificate_name or in_short(self.in_capitals, CERTIFICATE_NAME_LENGTH)

    @property
    def superior(self) -> str:
        """What stands above the name at the top of letters; "" for who stands alone."""
        if self.parent is None or self.name.lower().startswith(_STANDS_ALONE):
            return ""
        return self.parent.name

    def facts(self) -> AgencyFacts:
        """Return what changes with dates, the office and the decision among it."""
        return replace(super().facts(), office=self.office, decision=self.decision)


class Succession(models.Model):
    """One body goes over to another, whole or partly, by a decision.

    ``in_effect`` turns true on the day; until then the successor sees nothing of the predecessor.
    """

    class Extent(models.TextChoices):
        WHOLE = "whole", _("Toàn bộ")
        PARTLY = "partly", _("Một phần")

    predecessor = models.ForeignKey(
        Agency, models.PROTECT, related_name="successions", db_index=False
    )
    successor = models.ForeignKey(Agency, models.PROTECT, related_name="predecessions")
    extent = models.CharField(max_length=6, choices=Extent, default=Extent.WHOLE)
    decision = models.CharField(_("quyết định"), max_length=250)
    effective_on = models.DateField(_("hiệu lực từ"))
    in_effect = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["predecessor", "successor", "effective_on"],
                name="agencies_succession_once",
            ),
            models.CheckConstraint(
                name="agencies_succession_is_to_another",
                condition=~Q(predecessor=F("successor")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.predecessor_id} → {self.successor_id}"


class Inheritance(models.Model):
    """``heir`` is what ``ancestor`` has become: it went over to it as a whole, through one decision
    or through several.

    Written by ``agencies.services`` when a succession takes effect, so that whoever asks need not
    walk from decision to decision. A body that was divided has no heir (decision 18).
    """

    ancestor = models.ForeignKey(Agency, models.PROTECT, related_name="heirs")
    heir = models.ForeignKey(Agency, models.PROTECT, related_name="ancestors", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["heir", "ancestor"], name="agencies_inheritance_once"),
        ]

    def __str__(self) -> str:
        return f"{self.ancestor_id} → {self.heir_id}"


class SubscriberKind(models.TextChoices):
    """Whose certificate it is: Điều 10 Nghị định 68/2024/NĐ-CP."""

    PERSON = "person", _("Cá nhân")
    ORGANISATION = "organisation", _("Cơ quan, tổ chức")
    SYSTEM = "system", _("Thiết bị, dịch vụ, phần mềm")


class Subscriber(models.Model):
    """Who holds certificates (thuê bao).

    A person is one across the country, found by the keyed hash of the identity number. An
    organisation is one to one with its agency and has no name of its own.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=12, choices=SubscriberKind)
    name = models.CharField(_("tên"), max_length=250)
    search_name = models.CharField(max_length=250, db_index=True)
    sort_name = models.CharField(max_length=500)
    identity_number = EncryptedTextField(_("số định danh cá nhân"), blank=True, row=["uuid"])
    identity_hash = models.CharField(max_length=64, null=True, unique=True, editable=False)
    birth_on = models.DateField(_("ngày sinh"), null=True, blank=True)
    agency = models.ForeignKey(
        Agency,
        models.PROTECT,
        related_name="subscribers",
        help_text=_("Cơ quan quản lý trực tiếp hiện nay"),
        db_index=False,
    )
    organisation = models.OneToOneField(
        Agency, models.PROTECT, null=True, blank=True, related_name="subscriber"
    )
    domain_name = models.CharField(_("tên miền, địa chỉ"), max_length=250, blank=True)

    objects = SubscriberQuerySet.as_manager()

    class Meta:
        ordering = ["sort_name", "pk"]
        indexes = [
            models.Index(fields=["sort_name", "id"], name="agencies_subscriber_order"),
            models.Index(fields=["agency", "sort_name", "id"], name="agencies_subscriber_agency"),
        ]
        constraints = [
            models.CheckConstraint(
                name="agencies_subscriber_organisation_iff_kind",
                condition=Q(kind="organisation", organisation__isnull=False)
                | (~Q(kind="organisation") & Q(organisation__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Affiliation(models.Model):
    """Where a person works, in what position, reached how, from one day to another."""

    subscriber = models.ForeignKey(Subscriber, models.PROTECT, related_name="affiliations")
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="affiliations", db_index=False)
    unit = models.CharField(_("bộ phận"), max_length=250, blank=True)
    position = models.CharField(_("chức vụ"), max_length=120, blank=True)
    email = models.EmailField(_("thư điện tử công vụ"), blank=True)
    phone = models.CharField(_("điện thoại"), max_length=20, blank=True)
    valid_from = models.DateField(_("từ ngày"))
    valid_until = models.DateField(_("đến trước ngày"), null=True, blank=True)

    class Meta:
        ordering = ["-valid_from", "-pk"]
        indexes = [
            models.Index(fields=["agency", "subscriber"], name="agencies_affiliation_agency")
        ]

    def __str__(self) -> str:
        return f"{self.subscriber_id} @ {self.agency_id}"


class SigningForm(models.TextChoices):
    """How somebody signs for a body (NĐ 30/2020 Điều 13). "TM." is the body's own line."""

    HEAD = "head", _("Người đứng đầu")
    ACTING = "acting", _("Q. – được giao quyền cấp trưởng")
    DEPUTY = "deputy", _("KT. – cấp phó ký thay")
    BY_ORDER = "by_order", _("TL. – ký thừa lệnh")
    BY_AUTHORITY = "by_authority", _("TUQ. – ký thừa ủy quyền")


class SignedPaper(models.TextChoices):
    """What an authority to sign (TL., TUQ.) can name."""

    MAU_01 = "01", _("Mẫu số 01")
    MAU_02 = "02", _("Mẫu số 02")
    MAU_03 = "03", _("Mẫu số 03")
    MAU_04 = "04", _("Mẫu số 04")
    MAU_05 = "05", _("Mẫu số 05")
    MAU_06 = "06", _("Mẫu số 06")
    MAU_07 = "07", _("Mẫu số 07")
    MAU_08 = "08", _("Mẫu số 08")
    MAU_09 = "09", _("Mẫu số 09")
    COVERING = "covering", _("Công văn chuyển hồ sơ")
    OTHER = "other", _("Báo cáo, biên bản, văn bản khác")


class Signer(models.Model):
    """Who may sign for a body from one day (included) to another (excluded), and how.

    Nothing of it changes but its end: a letter points at the record it was signed by. ``person``
    is whose certificate signs; without one the paper is signed in ink alone.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="signers")
    person = models.ForeignKey(
        Subscriber, models.PROTECT, null=True, blank=True, related_name="signs_as"
    )
    name = models.CharField(_("họ và tên"), max_length=150)
    form = models.CharField(_("hình thức ký"), max_length=12, choices=SigningForm)
    title = models.CharField(_("chức vụ ghi trên văn bản"), max_length=120)
    papers = models.JSONField(_("văn bản được ký"), default=list)  # of TL., TUQ.; [] is every one
    document = models.CharField(_("căn cứ"), max_length=250, blank=True)
    valid_from = models.DateField(_("từ ngày"))
    valid_until = models.DateField(_("đến trước ngày"), null=True, blank=True)

    objects = SignerQuerySet.as_manager()

    class Meta:
        ordering = ["agency", "-valid_from", "-pk"]
        constraints = [
            # Ended on its first day: it was recorded by mistake and never held.
            models.CheckConstraint(
                name="agencies_signer_ends_after_start",
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} – {self.title}"

    def may_sign(self, paper: str) -> bool:
        """Say whether the authority reaches a ``SignedPaper``."""
        return not self.papers or paper in self.papers

    def holds_on(self, day: date) -> bool:
        """Say whether the authority is in force on ``day``."""
        return self.valid_from <= day and (self.valid_until is None or day < self.valid_until)

    def lines(self, version: AgencyVersion) -> list[str]:
        """Return what stands above the name (box 7a): in whose name, for whom, as what."""
        collective, head = version.signs_for, version.head_title
        above = {
            SigningForm.HEAD: [collective],
            SigningForm.ACTING: [collective],
            SigningForm.DEPUTY: [collective, f"KT. {head}"],
            SigningForm.BY_ORDER: [f"TL. {head}"],
            SigningForm.BY_AUTHORITY: [f"TUQ. {head}"],
        }[SigningForm(self.form)]
        own = f"Q. {self.title}" if self.form == SigningForm.ACTING else self.title
        return [line for line in (*above, own) if line]

    @property
    def paper_words(self) -> str:
        """What the authority names, in words; "" where it is every paper."""
        return ", ".join(str(SignedPaper(one).label) for one in self.papers)


class AgencyWord(SearchWord):
    """What a body is found by; ``agency`` is the body itself."""

    body = models.ForeignKey(Agency, models.CASCADE, related_name="words", db_index=False)

    class Meta(SearchWord.Meta):
        indexes = [
            *SearchWord.Meta.indexes,
            models.Index(
                fields=["body", "text"], opclasses=["int8_ops", PATTERN], name="agencyword_body"
            ),
        ]


class SubscriberWord(SearchWord):
    """What a subscriber is found by; ``agency`` manages it or has it at work."""

    subscriber = models.ForeignKey(Subscriber, models.CASCADE, related_name="words", db_index=False)

    class Meta(SearchWord.Meta):
        indexes = [
            *SearchWord.Meta.indexes,
            models.Index(
                fields=["subscriber", "text"],
                opclasses=["int8_ops", PATTERN],
                name="subscriberword_subscriber",
            ),
        ]
