"""Keys, certificates and what the simulated certification authority keeps about them."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.agencies.models import Agency, Subscriber, SubscriberKind
from portal.ca.querysets import EXPIRING_WITHIN_DAYS, AuthorityQuerySet, CertificateQuerySet
from portal.core.database.fields import EncryptedTextField
from portal.core.database.prefixes import PATTERN


class Storage(models.TextChoices):
    """Where the private half of a key lives (codes of the CA's bulk sheet, and SD of 2021)."""

    TOKEN = "token", _("USB Token")
    SIM = "sim", _("SIM PKI")
    SD = "sd", _("SD Secure")
    HSM = "hsm", _("HSM")
    SOFT = "soft", _("Khóa mềm")
    RSSP = "rssp", _("Ký số tập trung (RSSP)")


class KeyPair(models.Model):
    """A public key and where its private half lives; renew and change keep it."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    storage = models.CharField(_("nơi lưu khóa"), max_length=8, choices=Storage)
    algorithm = models.CharField(max_length=20)  # "rsa-2048", "ec-p256"
    public_key = models.BinaryField()  # DER SubjectPublicKeyInfo
    fingerprint = models.CharField(max_length=64, unique=True)  # SHA-256 of public_key, hex
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.algorithm} {self.fingerprint[:16]}"

    @property
    def algorithm_in_words(self) -> str:
        """Return "rsa-2048" as "RSA 2048 bit"."""
        family, _dash, size = self.algorithm.partition("-")
        if family == "rsa":
            return f"RSA {size} bit"
        return f"ECDSA {size.upper().replace('P', 'P-')}"


class VirtualToken(models.Model):
    """In the simulation, the private half of a key under a PIN with a retry counter.

    ``sealed_key`` is the PKCS#8 key under AES-GCM with a key derived by scrypt (of cost
    ``scrypt_cost``) from the PIN and a secret of the server; ``recovery_key`` the same
    wrapped for the worker's recovery key (Mẫu 06). Until the subscriber sets the first PIN it opens
    with the one-time ``transport_pin``, erased at that moment.
    """

    key = models.OneToOneField(KeyPair, models.PROTECT, related_name="token")
    sealed_key = models.BinaryField()
    salt = models.BinaryField()
    recovery_key = models.BinaryField()
    transport_pin = EncryptedTextField(blank=True, row=["key_id"])
    scrypt_cost = models.PositiveIntegerField(
        default=0, db_default=0
    )  # 0: the transport PIN needs none
    tries_left = models.PositiveSmallIntegerField()
    locked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["key"], condition=Q(locked_at__isnull=False), name="ca_virtualtoken_locked"
            ),
        ]

    def __str__(self) -> str:
        return f"token of {self.key_id}"

    @property
    def has_first_pin(self) -> bool:
        """Whether the subscriber has set a PIN of their own."""
        return not self.transport_pin


class RecoveryUse(models.Model):
    """A time the recovery key opened a virtual token: whose paper (Mẫu 06) asked for it."""

    key = models.ForeignKey(KeyPair, models.PROTECT, related_name="recoveries")
    dossier_uuid = models.UUIDField()
    letter_number = models.CharField(max_length=60)
    at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.key_id} for {self.letter_number}"


FIRST_ISSUING = "issuing"  # the slug of the first issuing CA; what was issued before has it


class RevocationReason(models.TextChoices):
    """RFC 5280 reasons the portal uses."""

    KEY_COMPROMISE = "key_compromise", _("Khóa bí mật bị lộ hoặc nghi bị lộ")
    AFFILIATION_CHANGED = "affiliation_changed", _("Thông tin không còn phù hợp")
    SUPERSEDED = "superseded", _("Đã được thay bằng chứng thư mới")
    CESSATION = "cessation", _("Hết nhu cầu, chấm dứt hoạt động")
    UNSPECIFIED = "unspecified", _("Lý do khác")


class Authority(models.Model):
    """A certificate of the CA itself: of a root, an issuing CA, recovery key, OCSP responder,
    time-stamp authority.

    ``slug`` names the key: it stands in addresses and file names. One key may have certificates
    by several CAs (``signed_by``): the responder by each CA it answers for, an issuing CA by every
    root (a cross-certificate beside its first).
    """

    class Role(models.TextChoices):
        ROOT = "root", _("CA gốc")
        ISSUING = "issuing", _("CA cấp chứng thư")
        CROSS = "cross", _("Chứng thư chéo")
        RECOVERY = "recovery", _("Khóa khôi phục thiết bị")
        OCSP = "ocsp", _("OCSP")
        TSA = "tsa", _("Cấp dấu thời gian")

    role = models.CharField(max_length=8, choices=Role)
    slug = models.CharField(max_length=20, default="", db_default="")
    signed_by = models.CharField(max_length=20, default="", db_default="")  # a slug
    issues_from = models.DateTimeField(null=True)  # of an issuing CA: when it takes over
    subject = models.CharField(max_length=250)
    certificate = models.BinaryField()  # DER
    serial_number = models.CharField(max_length=16, unique=True)
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    is_current = models.BooleanField(default=True)  # neither replaced nor retired after its end
    is_offline = models.BooleanField(default=False, db_default=False)  # of a root: its key is away
    is_on_token = models.BooleanField(default=False, db_default=False)  # its key, when it was made
    revoked_at = models.DateTimeField(null=True)
    revocation_reason = models.CharField(max_length=24, choices=RevocationReason, blank=True)

    objects = AuthorityQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["slug", "signed_by"],
                condition=Q(is_current=True),
                name="ca_authority_one_current",
            ),
        ]

    def __str__(self) -> str:
        return self.subject

    @property
    def name(self) -> str:
        """Return its common name."""
        return self.subject.rpartition("CN=")[2]


class CertificateState(models.TextChoices):
    """What a certificate is at a moment; computed, never stored."""

    NOT_YET = "not_yet", _("Chưa có hiệu lực")
    VALID = "valid", _("Còn hiệu lực")
    EXPIRING = "expiring", _("Sắp hết hạn")
    EXPIRED = "expired", _("Đã hết hạn")
    REVOKED = "revoked", _("Đã thu hồi")


class Keeper(models.TextChoices):
    """Who keeps a certificate's register, and carries out what is decided about it."""

    PORTAL = "portal", _("CA của hệ thống")
    OUTSIDE = "outside", _("CA khác")


class Trust(models.TextChoices):
    """How far a certificate of another CA was verified; one of the portal's own needs no word."""

    VERIFIED = "verified", _("Đã xác minh")
    UNVERIFIED = "unverified", _("Chưa xác minh được")
    NO_FILE = "no_file", _("Chưa có tệp")  # known from a list only


class RenewalsSource(models.TextChoices):
    """Where the number of renewals of another CA's certificate was taken from."""

    HISTORY = "history", _("Theo các chứng thư trước đó")
    PERSON = "person", _("Theo lời cán bộ")
    UNKNOWN = "unknown", _("Chưa rõ")


class Certificate(models.Model):
    """One certificate of a subscriber. Its state is computed from dates and facts.

    One that another CA issued has that CA's serial, days and subject; what is known from a list
    only has no ``der``, and a key without ``public_key`` that stands for the one not seen yet.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # 16 hex digits; up to 40 of another CA.
    serial = models.CharField(_("số hiệu chứng thư"), max_length=40, unique=True)
    keeper = models.CharField(
        max_length=8, choices=Keeper, default=Keeper.PORTAL, db_default=Keeper.PORTAL
    )
    ca = models.CharField(
        max_length=20, default=FIRST_ISSUING, db_default=FIRST_ISSUING
    )  # the slug of the portal's own CA that issued it
    issuer_name = models.CharField(
        max_length=1000, blank=True, default="", db_default=""
    )  # of another CA
    trust = models.CharField(max_length=12, choices=Trust, blank=True, default="", db_default="")
    renewals_source = models.CharField(
        max_length=12, choices=RenewalsSource, blank=True, default="", db_default=""
    )
    kind = models.CharField(max_length=12, choices=SubscriberKind)
    subscriber = models.ForeignKey(Subscriber, models.PROTECT, related_name="certificates")
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="certificates", db_index=False)
    office = models.ForeignKey(Agency, models.PROTECT, null=True, related_name="+", db_index=False)
    key = models.ForeignKey(KeyPair, models.PROTECT, related_name="certificates")
    common_name = models.CharField(_("tên chứng thư"), max_length=250)
    search_name = models.CharField(max_length=250, db_index=True)
    subject = models.CharField(max_length=1000)  # RFC 4514 text, for people
    email = models.EmailField(_("thư điện tử đăng ký"))
    not_before = models.DateTimeField(_("hiệu lực từ"))
    not_after = models.DateTimeField(_("hiệu lực đến"))
    der = models.BinaryField()
    thumbprint = models.CharField(max_length=64)  # SHA-256 of der, hex
    # What it was renewed or changed from; a new issue in place of an old one has none.
    predecessor = models.ForeignKey("self", models.PROTECT, null=True, related_name="successors")
    renewals = models.PositiveSmallIntegerField(default=0)  # inherited by every successor
    request_key = models.CharField(max_length=64, unique=True)  # idempotency: one row, one cert
    issued_at = models.DateTimeField()
    installed_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revocation_reason = models.CharField(max_length=24, choices=RevocationReason, blank=True)
    crl_entry = models.BinaryField(null=True)  # DER of the CRL entry, made at revocation
    crl_number = models.PositiveBigIntegerField(null=True)  # of the first list that carried it
    # When its clock was seen to last; without it the sweep of missing clocks looks at it.
    clocked_at = models.DateTimeField(null=True)
    # When what it replaced was seen to have ended; without it the sweep of the superseded looks.
    settled_at = models.DateTimeField(null=True)

    objects = CertificateQuerySet.as_manager()

    class Meta:
        ordering = ["-issued_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="ca_certificate_renewed_once", condition=Q(renewals__lte=1)
            ),
            models.UniqueConstraint(
                fields=["predecessor"],
                condition=Q(predecessor__isnull=False),
                name="ca_certificate_one_successor",
            ),
            models.CheckConstraint(
                name="ca_certificate_ends_after_start", condition=Q(not_after__gt=F("not_before"))
            ),
            models.CheckConstraint(
                name="ca_certificate_revoked_with_reason",
                condition=Q(revoked_at__isnull=True, revocation_reason="")
                | (Q(revoked_at__isnull=False) & ~Q(revocation_reason="")),
            ),
            models.CheckConstraint(
                name="ca_certificate_revoked_with_crl_entry",
                condition=Q(revoked_at__isnull=True)
                | Q(crl_entry__isnull=False)
                | Q(keeper=Keeper.OUTSIDE),
            ),
            models.CheckConstraint(
                name="ca_certificate_of_another_ca_says_its_trust",
                condition=Q(keeper=Keeper.PORTAL, trust="")
                | (Q(keeper=Keeper.OUTSIDE) & ~Q(trust="")),
            ),
        ]
        indexes = [
            models.Index(fields=["agency", "not_after", "id"], name="ca_certificate_agency"),
            models.Index(fields=["office", "not_after", "id"], name="ca_certificate_office"),
            # Found by the first digits of their serials among an office's; by serial alone SQLite
            # goes through all of the office's.
            models.Index(
                fields=["office", "serial"],
                opclasses=["int8_ops", PATTERN],
                name="ca_certificate_office_serial",
            ),
            models.Index(fields=["not_after", "id"], name="ca_certificate_not_after"),
            models.Index(
                fields=["not_after"],
                condition=Q(revoked_at__isnull=False),
                name="ca_certificate_revoked",
            ),
            models.Index(
                fields=["id"],
                condition=Q(
                    keeper=Keeper.PORTAL, revoked_at__isnull=False, crl_number__isnull=True
                ),
                name="ca_certificate_unlisted",
            ),
            models.Index(
                fields=["issued_at"],
                condition=Q(predecessor__isnull=False, installed_at__isnull=True),
                name="ca_certificate_to_install",
            ),
            models.Index(
                fields=["issued_at", "id"],
                condition=Q(predecessor__isnull=False, settled_at__isnull=True),
                name="ca_certificate_unsettled",
            ),
            models.Index(
                fields=["not_after", "id"],
                condition=Q(clocked_at__isnull=True, revoked_at__isnull=True),
                name="ca_certificate_unclocked",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.common_name} {self.serial}"

    @property
    def is_outside(self) -> bool:
        """Whether another CA keeps it: acts on it are recorded here and carried out there."""
        return self.keeper == Keeper.OUTSIDE

    def days_left(self, today: date) -> int:
        """Return whole days from ``today`` to the last day of validity (negative after it)."""
        return (timezone.localdate(self.not_after) - today).days

    def is_valid(self, now: datetime) -> bool:
        """Say whether it can be used at ``now``: begun, not ended, not revoked."""
        return self.revoked_at is None and self.not_before <= now < self.not_after

    def state(self, now: datetime) -> CertificateState:
        """Return what it is at ``now``; what was revoked stays so after its end."""
        if self.revoked_at is not None:
            return CertificateState.REVOKED
        if self.not_after <= now:
            return CertificateState.EXPIRED
        if self.not_before > now:
            return CertificateState.NOT_YET
        if self.not_after <= now + timedelta(days=EXPIRING_WITHIN_DAYS):
            return CertificateState.EXPIRING
        return CertificateState.VALID


class Crl(models.Model):
    """A published revocation list of one CA. Old ones keep their row and lose their bytes."""

    ca = models.CharField(max_length=20, default=FIRST_ISSUING, db_default=FIRST_ISSUING)  # slug
    number = models.PositiveBigIntegerField()
    this_update = models.DateTimeField()
    next_update = models.DateTimeField()
    der = models.BinaryField()
    entries = models.PositiveIntegerField()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["ca", "number"], name="ca_crl_number"),
        ]

    def __str__(self) -> str:
        return f"CRL {self.number} of {self.ca}"


class Issuance(models.Model):
    """What the simulated CA answered to a request key; asked again, it answers the same."""

    request_key = models.CharField(max_length=64, unique=True)
    ca = models.CharField(max_length=20, default=FIRST_ISSUING, db_default=FIRST_ISSUING)
    serial = models.CharField(max_length=16, unique=True)
    der = models.BinaryField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.serial


class OutsideOrder(models.Model):
    """What another CA is asked, and what it answered; counts once a second person confirmed it.

    ``row_key`` is the request key of the row of a dossier that asks. ``wanted`` is what was asked:
    kind, subject and end of a certificate, or the serial and the reason. ``fingerprint`` is that of
    the key to be certified; "" where the CA makes it.
    """

    class What(models.TextChoices):
        """What is asked."""

        ISSUE = "issue", _("Cấp chứng thư")
        RENEW = "renew", _("Cấp lại cho khóa đang dùng")
        REVOKE = "revoke", _("Thu hồi chứng thư")
        RECOVER = "recover", _("Mở khóa thiết bị")

    class Said(models.TextChoices):
        """What the CA answered."""

        NOTHING = "", _("Chưa có trả lời")
        ISSUED = "issued", _("Đã cấp")
        DONE = "done", _("Đã thực hiện")
        REFUSED = "refused", _("Từ chối")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    request_key = models.CharField(max_length=120, unique=True)
    row_key = models.CharField(max_length=64, db_index=True)
    what = models.CharField(max_length=8, choices=What)
    old = models.ForeignKey(Certificate, models.PROTECT, null=True, related_name="+")
    name = models.CharField(max_length=250)
    wanted = models.JSONField(default=dict)
    fingerprint = models.CharField(max_length=64, blank=True, db_index=True)
    asked_at = models.DateTimeField()
    answer = models.CharField(max_length=8, choices=Said, blank=True, default="")
    words = models.CharField(_("lời của CA"), max_length=1000, blank=True)
    der = models.BinaryField(null=True)
    thumbprint = models.CharField(max_length=64, blank=True, db_index=True)
    remark = models.CharField(max_length=500, blank=True)  # in what it differs from what was asked
    device_serial = models.CharField(_("số hiệu thiết bị"), max_length=64, blank=True)
    done_at = models.DateTimeField(null=True)
    recorded_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["asked_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="ca_outsideorder_confirmed_by_another",
                condition=Q(confirmed_by__isnull=True)
                | (~Q(answer="") & ~Q(confirmed_by=F("recorded_by"))),
            ),
            models.CheckConstraint(
                name="ca_outsideorder_issued_with_certificate",
                condition=(Q(answer="issued") & Q(der__isnull=False))
                | (~Q(answer="issued") & Q(der__isnull=True)),
            ),
        ]
        indexes = [
            models.Index(
                fields=["name"], condition=Q(confirmed_at__isnull=True), name="ca_outsideorder_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.name}"
