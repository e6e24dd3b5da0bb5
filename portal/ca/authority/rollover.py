"""One CA follows another: new roots, new issuing CAs, cross-certificates, and when each is due.

What is made here can be repeated: files come first, rows after them, and a ceremony that was
killed goes on with the files it finds. Nothing replaces a key.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.ca.authority import ceremony, keystore, publication
from portal.ca.authority import services as authority
from portal.ca.authority.faults import NotConfigured
from portal.ca.models import Authority, RevocationReason
from portal.ca.pki import serials
from portal.ca.pki.profiles import ALGORITHMS, Addresses
from portal.ca.pki.signing import Issuer, sign_root
from portal.core.law import NEW_VALIDITY_YEARS
from portal.core.rules import refuse

Role = Authority.Role

BEGINS_BEFORE = timedelta(hours=1)  # verifiers' clocks lag
SUBSCRIBERS_LIFE = timedelta(days=366 * NEW_VALIDITY_YEARS)
# A root must leave an issuing CA this long, or the next root comes first (our own design).
ISSUING_LIFE_WORTHWHILE = timedelta(days=10 * 365)
# How long before its day a step is spoken of: years, months, weeks (our own design).
_STAGES = (
    ("weeks", timedelta(days=28)),
    ("months", timedelta(days=183)),
    ("years", timedelta(days=2 * 365)),
)


@dataclass(frozen=True, slots=True)
class NextStep:
    """Something the CA's desk must do: of which CA, by when, how near that is."""

    code: str  # "next_issuing", "next_root", "root_list"
    ca: str
    name: str
    due_at: datetime
    stage: str  # "years", "months", "weeks", "late"

    @property
    def words(self) -> str:
        """Return what to do, for people."""
        day = f"{timezone.localdate(self.due_at):%d/%m/%Y}"
        words = {
            "next_issuing": _(
                "Lập CA cấp chứng thư kế tiếp: từ ngày %(day)s, %(ca)s không còn đủ thời hạn để "
                "cấp chứng thư mới 05 năm."
            ),
            "next_root": _(
                "Lập CA gốc kế tiếp: từ ngày %(day)s, %(ca)s không còn đủ thời hạn cho một CA "
                "cấp chứng thư mới."
            ),
            "root_list": _(
                "Ký danh sách thu hồi mới của %(ca)s tại nơi giữ khóa gốc: danh sách hiện có hết "
                "hạn ngày %(day)s."
            ),
        }
        return words[self.code] % {"day": day, "ca": self.name}

    @property
    def command(self) -> str:
        """Return the command that takes the step."""
        return {
            "next_issuing": "manage.py ca issuing next",
            "next_root": "manage.py ca root next",
            "root_list": "manage.py ca root export --root " + self.ca,
        }[self.code]


def next_steps(now: datetime) -> list[NextStep]:
    """Return what the CA's desk must do within two years, the nearest first."""
    standing = list(Authority.objects.authorities().filter(is_current=True))
    issuing = [one for one in standing if one.role == Role.ISSUING and not one.revoked_at]
    roots = {one.slug: one for one in standing if one.role == Role.ROOT}
    lists = publication.standing_lists(now)
    due: list[tuple[str, Authority, timedelta]] = []
    if issuing:
        due.append(("next_issuing", max(issuing, key=_end), SUBSCRIBERS_LIFE))
    if roots:
        due.append(("next_root", max(roots.values(), key=_end), ISSUING_LIFE_WORTHWHILE))
    steps = [
        NextStep(code, ca.slug, ca.name, ca.not_after - life, stage)
        for code, ca, life in due
        if (stage := stage_of(ca.not_after - life - now))
    ]
    steps += [
        NextStep(
            "root_list",
            one.ca,
            roots[one.ca].name,
            one.next_update,
            stage_of(one.next_update - now),
        )
        for one in lists
        if one.ca in roots
        # A root whose key is at hand has long had its next list.
        and one.next_update - now < publication.ROOT_CRL_OVERLAP - timedelta(days=7)
        and one.next_update < roots[one.ca].not_after
    ]
    # A CA that was revoked and does not stand in the list of its root yet.
    revoked = Authority.objects.filter(revoked_at__isnull=False).values_list("signed_by", flat=True)
    listed = Counter(revoked)
    steps += [
        NextStep("root_list", one.ca, roots[one.ca].name, now, "late")
        for one in lists
        if one.ca in roots and one.entries != listed[one.ca]
    ]
    return sorted(steps, key=lambda step: step.due_at)


def _end(ca: Authority) -> datetime:
    return ca.not_after


def stage_of(left: timedelta) -> str:
    """Return how near something is: "late", "weeks", "months", "years", or "" when far."""
    if left <= timedelta(0):
        return "late"
    return next((stage for stage, span in _STAGES if left <= span), "")


def next_root(*, now: datetime) -> Authority:
    """Make the next root and cross-certify what stands; raises NotConfigured, KeyFault."""
    slug, name = ceremony.next_of(Role.ROOT)
    begins = now - BEGINS_BEFORE
    _make_key(slug)
    if not keystore.certificate_path(slug).exists():
        made = sign_root(
            keystore.load_key(slug, certificate=None),
            name=ceremony.name_of(name),
            serial=serials.number(serials.new_serial()),
            not_before=begins,
            not_after=begins + ceremony.ROOT_LIFETIME,
        )
        keystore.save_certificate(slug, made)
    row = _entered(Role.ROOT, slug, signed_by=slug, action="ca.add_root", now=now)
    _go_on(now)
    return row


def next_issuing(*, issues_from: datetime, now: datetime) -> Authority:
    """Make the next issuing CA under the newest root; it takes over at ``issues_from``.

    It ends with its root at the latest. Raises NotConfigured, KeyFault; Refused when the root has
    too little time left, or its key is elsewhere and has not signed it yet.
    """
    roots = Authority.objects.filter(role=Role.ROOT).alive_at(now)
    root = roots.order_by("-not_after").first()
    if root is None:
        raise NotConfigured("no CA is set up: run manage.py setup_ca")
    if root.not_after - now < SUBSCRIBERS_LIFE:
        raise refuse("root_ends_too_soon", _("Phải lập CA gốc kế tiếp trước."))
    slug, name = ceremony.next_of(Role.ISSUING)
    begins = now - BEGINS_BEFORE
    _make_key(slug)
    if not keystore.certificate_path(slug).exists():
        if root.is_offline:
            raise refuse(
                "root_offline",
                _(
                    "Khóa đã được sinh. CA gốc ở nơi khác: xuất tệp đề nghị, ký, nhập tệp trả lời, "
                    "rồi chạy lại lệnh này."
                ),
            )
        made = authority.issuer_of(root).certify_ca(
            keystore.load_key(slug, certificate=None).public_key(),
            name=ceremony.name_of(name),
            serial=serials.number(serials.new_serial()),
            not_before=max(begins, root.not_before),
            not_after=min(begins + ceremony.ISSUING_LIFETIME, root.not_after),
            addresses=Addresses(settings.PUBLIC_URL, root.slug),
        )
        keystore.save_certificate(slug, made)
    row = _entered(
        Role.ISSUING,
        slug,
        signed_by=root.slug,
        action="ca.add_issuing",
        now=now,
        issues_from=issues_from,
    )
    _go_on(now)
    return row


@transaction.atomic
def revoke(slug: str, reason: RevocationReason, *, now: datetime) -> list[Authority]:
    """Revoke an issuing CA: it issues no more, and every root that certified it lists it.

    Raises Refused when there is none of that name. What it issued is revoked apart.
    """
    rows = list(
        Authority.objects.select_for_update(no_key=True)
        .filter(slug=slug, role__in=(Role.ISSUING, Role.CROSS), revoked_at__isnull=True)
        .order_by("pk")
    )
    if not rows:
        raise refuse("no_such_ca", _("Không có CA cấp chứng thư này, hoặc CA đã bị thu hồi."))
    for row in rows:
        row.revoked_at, row.revocation_reason = now.replace(microsecond=0), reason
        row.save(update_fields=["revoked_at", "revocation_reason"])
    ceremony.record_act("ca.revoke_authority", [row.serial_number for row in rows], now=now)
    return rows


@transaction.atomic
def retire_ended(*, now: datetime) -> int:
    """Note which certificates of the CA have ended: their keys are asked for no more."""
    ended = list(
        Authority.objects.select_for_update(no_key=True)
        .filter(is_current=True, not_after__lte=now)
        .exclude(role__in=(Role.OCSP, Role.RECOVERY))
        .order_by("pk")
    )
    if ended:
        answered_for = [row.slug for row in ended if row.role != Role.CROSS]
        rows = Authority.objects.filter(
            pk__in=[row.pk for row in ended]
        ) | Authority.objects.filter(role=Role.OCSP, signed_by__in=answered_for, is_current=True)
        rows.update(is_current=False)
        ceremony.record_act("ca.retire", [row.serial_number for row in ended], now=now)
    return len(ended)


def _make_key(slug: str) -> None:
    if not keystore.has_key(slug):
        keystore.make_key(slug, ALGORITHMS[settings.CA_ALGORITHM].ca_key)


@transaction.atomic
def _entered(
    role: Role,
    slug: str,
    *,
    signed_by: str,
    action: str,
    now: datetime,
    issues_from: datetime | None = None,
) -> Authority:
    """Enter the certificate in a file, once its key was compared with it."""
    certificate = keystore.load_certificate(slug)
    keystore.load_key(slug, certificate=certificate)
    row = ceremony.row_of(role, certificate, slug=slug, signed_by=signed_by)
    row.issues_from = issues_from or row.issues_from
    row.save(force_insert=True)
    ceremony.record_act(action, [row.subject, row.serial_number], now=now)
    return row


def _go_on(now: datetime) -> None:
    """Certify each issuing CA by each root that can, then responders and lists of what is new."""
    _cross_certify(now)
    ceremony.renew_responder(now=now)
    authority.own().publish_crl(now=now)


@transaction.atomic
def _cross_certify(now: datetime) -> None:
    """Give every issuing CA a certificate by every root whose key is here: who trusts one root
    alone verifies what stands under another."""
    living = list(Authority.objects.authorities().alive_at(now).order_by("pk"))
    have = set(Authority.objects.filter(is_current=True).values_list("slug", "signed_by"))
    made = []
    for root in living:
        if root.role != Role.ROOT or not keystore.has_key(root.slug):
            continue
        for one in living:
            if one.role != Role.ISSUING or one.revoked_at or (one.slug, root.slug) in have:
                continue
            certificate = _crossed(one, authority.issuer_of(root), root)
            row = ceremony.row_of(Role.CROSS, certificate, slug=one.slug, signed_by=root.slug)
            row.save(force_insert=True)
            made.append(row.serial_number)
    if made:
        ceremony.record_act("ca.cross_certify", made, now=now)


def _crossed(one: Authority, by: Issuer, root: Authority) -> x509.Certificate:
    certificate = x509.load_der_x509_certificate(bytes(one.certificate))
    key = authority.issuer_of(one).key.public_key()
    return by.certify_ca(
        key,
        name=certificate.subject,
        serial=serials.number(serials.new_serial()),
        not_before=max(one.not_before, root.not_before),
        not_after=min(one.not_after, root.not_after),
        addresses=Addresses(settings.PUBLIC_URL, root.slug),
    )
