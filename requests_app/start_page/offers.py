"""What can be asked for a certificate or a device, and why the rest can't: for their pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from devices.lifecycle import Condition, Custody
from devices.models import Device
from devices.services import handed_over_without_notice
from portal.accounts.models import User
from portal.agencies.models import Agency, SubscriberKind
from portal.ca.models import Certificate, CertificateState, Storage
from portal.core.database.fields import keyed_hash
from portal.core.law import with_numbers
from portal.core.roles import Capability
from portal.core.rules import Violation
from requests_app import kinds
from requests_app.catalogue.mau_01_person.form import CENTRAL
from requests_app.catalogue.mau_04_renew_change import rules as renew_change
from requests_app.catalogue.mau_05_revoke import rules as revoke
from requests_app.catalogue.mau_06_recover import rules as recover
from requests_app.catalogue.mau_08_return import rules as give_back
from requests_app.catalogue.mau_09_loss import rules as loss
from requests_app.kinds.base import Words
from requests_app.kinds.duplicates import Asked, stands_in, what_is_asked
from requests_app.kinds.issue_prefill import FORM_OF
from requests_app.kinds.targets import newest_certificates
from requests_app.mandates.drafting import may_draft, sender_for
from requests_app.models import DossierItem
from requests_app.rules.certificates import is_not_superseded
from requests_app.rules.reissue import first_day, may_be_issued_anew
from requests_app.workflow import EDITABLE, ENDED

RENEW, CHANGE, REVOKE, REISSUE = "renew", "change", "revoke", "reissue"
RECOVER, GIVE_BACK, LOSE, TELL = "recover", "give_back", "lose", "tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One thing that may be asked: open, or closed for reasons.

    ``instead`` are offers that may be open in its place; ``draft`` is the path of a draft in which
    it is asked already; ``is_next`` is the one that the thing, as it stands, asks for.
    """

    code: str
    label: Words
    sentence: Words
    kind_code: str
    variant: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    violations: tuple[Violation, ...] = ()
    instead: tuple[str, ...] = ()
    draft: str = ""
    is_next: bool = False

    @property
    def is_open(self) -> bool:
        return not self.violations


_RENEW = Offer(
    code=RENEW,
    label=_("Gia hạn (Mẫu 04)"),
    sentence=with_numbers(
        _("Thêm tối đa %(renewed_years)s năm trên thiết bị đang dùng; mỗi chứng thư chỉ một lần.")
    ),
    kind_code="mau_04_renew_change",
    answers={"renews": "x"},
    instead=(REISSUE, CHANGE),
)
_CHANGE = Offer(
    code=CHANGE,
    label=_("Thay đổi thông tin (Mẫu 04)"),
    sentence=_("Đổi cơ quan công tác, tên cơ quan, thư điện tử; ngày hết hạn giữ nguyên."),
    kind_code="mau_04_renew_change",
    answers={"changes": "x"},
    instead=(REISSUE,),
)
_REVOKE = Offer(
    code=REVOKE,
    label=_("Thu hồi (Mẫu 05)"),
    sentence=_("Nghỉ việc, hết nhu cầu, lộ khóa, hỏng hoặc mất thiết bị; nộp lại thiết bị sau đó."),
    kind_code="mau_05_revoke",
    instead=(GIVE_BACK, REISSUE),
)
_REISSUE = Offer(
    code=REISSUE,
    label=_("Cấp mới, ghi số hiệu cũ"),
    sentence=_("Thủ tục như cấp lần đầu; số hiệu chứng thư này được ghi là chứng thư cũ."),
    kind_code="mau_01_person",
    instead=(RENEW, CHANGE),
)
_RECOVER = Offer(
    code=RECOVER,
    label=_("Khôi phục thiết bị bị khóa (Mẫu 06)"),
    sentence=with_numbers(
        _("Mở khóa trong %(recovery_days)s ngày làm việc; thuê bao tự đặt mã PIN mới.")
    ),
    kind_code="mau_06_recover",
)
_GIVE_BACK = Offer(
    code=GIVE_BACK,
    label=_("Nộp lại thiết bị (Mẫu 08)"),
    sentence=_("Biên bản giao thiết bị đã thu từ thuê bao; bên nhận xác nhận từng chiếc."),
    kind_code="mau_08_return",
)
_LOSE = Offer(
    code=LOSE,
    label=_("Báo thiết bị thất lạc (Mẫu 09)"),
    sentence=_("Biên bản xác nhận gửi Cục ngay; sau đó đề nghị thu hồi chứng thư (Mẫu 05)."),
    kind_code="mau_09_loss",
)


_TELL = Offer(
    code=TELL,
    label=_("Thông báo bàn giao (Mẫu 07)"),
    sentence=_("Thiết bị đã bàn giao mà Cục chưa được thông báo; gửi ngay (Điều 11)."),
    kind_code="mau_07_handover",
)


def offers_for_certificate(certificate: Certificate, user: User, now: datetime) -> list[Offer]:
    """Return what ``user`` may ask about a certificate they see, in the order of its life.

    Nothing for who drafts no dossiers. A fixed number of queries; ``certificate`` comes with its
    subscriber, agency, key and the key's device.
    """
    sender = sender_for(user, certificate.agency)
    if sender is None:
        return []
    device: Device | None = getattr(certificate.key, "device", None)
    asked = what_is_asked([DossierItem(certificate=certificate, device=device)])
    # Judge renewal and change by what the register says of the rows they would be.
    found = renew_change.of_certificate(
        certificate, agency=sender, wishes=[{RENEW}, {CHANGE}], asked=asked, now=now
    )
    offers = [
        *list(map(_judged, (_RENEW, _CHANGE), found)),
        _of_revocation(certificate, sender, asked, now),
        _of_reissue(certificate, now),
    ]
    if device is not None:
        newest = newest_certificates([device]).get(device.key_id)
        offers += _of_device(device, newest, asked, now)
    found_offers = _with_dossiers(offers, certificate, device, sender)
    return _next_first(_to_draft(found_offers, user, sender), certificate, device, now)


def offers_for_device(device: Device, user: User, now: datetime) -> list[Offer]:
    """Return what ``user`` may ask about a device they see: trouble first, then its certificate."""
    sender = sender_for(user, device.agency)
    if sender is None:
        return []
    certificate = None
    if device.key_id is not None:
        # The one issued last on its key.
        on_it = Certificate.objects.filter(key=device.key_id).defer("der", "crl_entry")
        joined = on_it.select_related("subscriber", "agency", "key__device")
        certificate = joined.order_by("issued_at", "pk").last()
    asked = what_is_asked([DossierItem(certificate=certificate, device=device)])
    offers = _of_device(device, certificate, asked, now)
    if handed_over_without_notice(sender).filter(pk=device.pk).exists():
        offers = [_TELL, *offers]
    if certificate is not None:
        offers += [_of_revocation(certificate, sender, asked, now), _of_reissue(certificate, now)]
    found_offers = _with_dossiers(offers, certificate, device, sender)
    return _next_first(_to_draft(found_offers, user, sender), certificate, device, now)


def _to_draft(offers: Sequence[Offer], user: User, sender: Agency) -> list[Offer]:
    """Return the offers of the forms that ``user`` writes for the sender: some write one alone."""
    if user.can(Capability.DRAFT):
        return list(offers)
    return [one for one in offers if may_draft(user, one.kind_code, sender.pk)]


def _next_first(
    offers: Sequence[Offer], certificate: Certificate | None, device: Device | None, now: datetime
) -> list[Offer]:
    """Put the open offer that the thing asks for first: trouble, what is owed, then what ends."""
    wanted: list[str] = []
    if device is not None and device.condition == Condition.LOST:
        wanted += [LOSE, REVOKE]
    elif device is not None and device.condition == Condition.LOCKED:
        wanted += [RECOVER]
    wanted += [TELL]
    if device is not None and device.custody == Custody.BACK_AT_AGENCY:
        wanted += [GIVE_BACK]
    if certificate is not None and certificate.state(now) in (
        CertificateState.EXPIRING,
        CertificateState.EXPIRED,
    ):
        wanted += [RENEW, REISSUE]
    open_ones = {offer.code: offer for offer in offers if offer.is_open}
    code = next((one for one in wanted if one in open_ones), None)
    if code is None:
        return list(offers)
    others = [offer for offer in offers if offer.code != code]
    return [replace(open_ones[code], is_next=True), *others]


def _of_revocation(certificate: Certificate, sender: Agency, asked: Asked, now: datetime) -> Offer:
    found = revoke.of_certificate(certificate, agency=sender, asked=asked, now=now)
    return _judged(_REVOKE, found)


def _of_reissue(certificate: Certificate, now: datetime) -> Offer:
    successor = Certificate.objects.filter(predecessor=certificate).only("uuid", "serial").first()
    found = (
        is_not_superseded(
            True, successor=successor.serial, link=reverse("ca:detail", args=[successor.uuid])
        )
        if successor
        else may_be_issued_anew(
            certificate.days_left(timezone.localdate(now)),
            has_ended=certificate.revoked_at is not None or certificate.not_after <= now,
            from_day=first_day(timezone.localdate(certificate.not_after)),
        )
    )
    form, number = FORM_OF[certificate.kind], kinds.get(FORM_OF[certificate.kind]).number
    is_central = (
        certificate.kind == SubscriberKind.PERSON and certificate.key.storage == Storage.RSSP
    )
    offer = replace(
        _REISSUE,
        label=gettext("Cấp mới, ghi số hiệu cũ (Mẫu %(number)s)") % {"number": number},
        kind_code=form,
        variant=CENTRAL if is_central else "",
    )
    return _judged(offer, [found] if found else [])


def _of_device(
    device: Device, newest: Certificate | None, asked: Asked, now: datetime
) -> list[Offer]:
    is_lost = device.condition == Condition.LOST
    give_it_back = replace(_GIVE_BACK, instead=(LOSE,) if is_lost else ())
    return [
        _judged(_RECOVER, recover.of_device(device, newest, asked=asked, now=now)),
        _judged(give_it_back, give_back.of_device(device, asked=asked)),
        _judged(_LOSE, loss.of_device(device, asked=asked)),
    ]


def _judged(offer: Offer, violations: Iterable[Violation]) -> Offer:
    found = tuple(replace(one, row=None) for one in violations)
    is_asked_already = any(one.code == "duplicate_open" for one in found)
    return replace(offer, violations=found, instead=() if is_asked_already else offer.instead)


def _with_dossiers(
    offers: Sequence[Offer], certificate: Certificate | None, device: Device | None, sender: Agency
) -> list[Offer]:
    """Say where a thing is asked already: a draft to go on with, or what an open dossier asks."""
    # The rows of the body's unfinished dossiers that are about these, newest first.
    about = Q(pk__in=[])
    if certificate is not None:
        about |= Q(certificate=certificate)
        # The hash by which the row of a new issue for the same one is found.
        if certificate.kind == SubscriberKind.PERSON:
            wanted = certificate.subscriber.identity_hash or ""
        else:
            answers = {
                "name": certificate.subscriber.name,
                "owner": certificate.agency.name,
                "domain": certificate.subscriber.domain_name,
            }
            wanted = keyed_hash(kinds.get(FORM_OF[certificate.kind]).identity_key(answers))
        if wanted:
            about |= Q(identity_hash=wanted, dossier__kind=FORM_OF[certificate.kind])
    if device is not None:
        about |= Q(device=device)
    rows = DossierItem.objects.filter(about, dossier__agency=sender, outcome="")
    rows = rows.exclude(dossier__state__in=ENDED).select_related("dossier__agency")
    standing = list(rows.defer("answers").order_by("-pk"))
    found = []
    for offer in offers:
        asking = [one for one in standing if _is_about(one, offer, certificate, device)]
        drafts = [one for one in asking if one.dossier.state in EDITABLE]
        if drafts:
            path = reverse("requests_app:editor", args=[drafts[0].dossier.uuid])
            found.append(replace(offer, draft=path))
        elif asking and offer.code in (REISSUE, TELL):
            dossier = asking[0].dossier
            again = stands_in(dossier, asking[0], sender=dossier.agency_id)
            found.append(_judged(offer, filter(None, [*offer.violations, again])))
        else:
            found.append(offer)
    return found


def _is_about(
    item: DossierItem, offer: Offer, certificate: Certificate | None, device: Device | None
) -> bool:
    if item.dossier.kind != offer.kind_code:
        return False
    kind = kinds.get(offer.kind_code)
    if kind.issues_anew:
        return certificate is not None and item.storage == certificate.key.storage
    if kind.about == "device":
        return device is not None and item.device_id == device.pk
    return certificate is not None and item.certificate_id == certificate.pk
