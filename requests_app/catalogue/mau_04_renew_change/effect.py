"""Renewing and changing (Mẫu 04): one new certificate for each row, on the same key.

A row gets its number (one transaction), the CA signs (outside any), certificate and outcome are
recorded with all that follows (one transaction). What can have changed is asked under lock both
times: a certificate signed for a row that fails then is never recorded, so nobody gets it and OCSP
does not know it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from django.db import transaction
from django.utils import timezone

from devices import services as devices
from devices.lifecycle import IllegalMove, Move, find_rule
from devices.models import Device
from portal.accounts.models import User
from portal.agencies import services as agencies
from portal.agencies.models import SubscriberKind
from portal.agencies.querysets import ancestors_of
from portal.agencies.services import NewPlace
from portal.audit import services as audit
from portal.ca.authority import services as authority
from portal.ca.authority.services import Answer, Order
from portal.ca.models import Certificate, Keeper
from portal.ca.pki.names import subject_of
from portal.ca.register import expiry
from portal.ca.register import services as ca
from portal.ca.register.guidance import installation_steps
from portal.ca.register.installation import SUPERSEDED_AFTER
from portal.core import law
from portal.core.database.bulk import update_rows
from portal.core.law import with_numbers
from portal.core.rules import Violation
from portal.core.text.names import in_proper_letters
from portal.documents.letters import Letter
from portal.notices import services as notices
from portal.notices.services import Attached
from requests_app import papers
from requests_app.acts import dossier_act
from requests_app.catalogue.mau_04_renew_change.form import LEVELS, changed_subject, moves_workplace
from requests_app.catalogue.mau_04_renew_change.rules import GIVEN_BACK
from requests_app.execution.issuance import ask
from requests_app.execution.preparation import SENDER_GONE
from requests_app.execution.rows import (
    ANSWERED,
    fail_unwritable,
    in_pieces,
    mark_failed,
    mark_unanswered,
    waiting_rows,
)
from requests_app.inquiries import services as inquiries
from requests_app.kinds import parts
from requests_app.kinds.base import OWN_DESIGN
from requests_app.kinds.certificate_names import CertificateNames, certificate_names
from requests_app.kinds.effects import Effect
from requests_app.kinds.named_bodies import bodies_of
from requests_app.models import DeliveredPaper, Dossier, DossierItem, Outcome
from requests_app.rules import certificates as rules
from requests_app.rules.certificates import validity
from requests_app.submission.letter_content import decider_of, letter_words
from requests_app.submission.signers import signer_lines_of

UNKNOWN = "Không tìm thấy chứng thư của dòng này."
NOT_THERE_YET = (
    "Thiết bị còn trên đường giữa Cục và cơ quan cũ nên chưa chuyển theo thuê bao được; thực hiện "
    "lại sau khi cơ quan cũ nhận thiết bị."
)
ACT = "certificate.renew"


@dataclass(frozen=True, slots=True)
class Asked:
    """A row, what was ordered for it and what the CA said."""

    item: DossierItem
    order: Order
    answer: Answer


@dataclass(frozen=True, slots=True)
class Replaced:
    """A row that was carried out: the old certificate, the new one, the thing they are in."""

    item: DossierItem
    old: Certificate
    new: Certificate
    device: Device | None


def do_chunk(pk: int, chunk: Sequence[int], /, *, now: datetime) -> int:
    """Renew and change what these rows of dossier ``pk`` name; return how many rows were ended."""
    # What another CA keeps is asked of that one; the rest of whoever issues now.
    rows = DossierItem.objects.filter(pk__in=chunk, serial="")
    keeper = dict(rows.values_list("request_key", "certificate__keeper"))
    elsewhere = authority.asked_elsewhere(
        [key for key, keeps in keeper.items() if keeps != Keeper.OUTSIDE], now=now
    ) | {key for key, keeps in keeper.items() if keeps == Keeper.OUTSIDE}
    items = in_pieces(chunk, partial(prepare, pk, elsewhere, now=now), partial(_fail, now=now))
    ready = [item for item in items if item.outcome == Outcome.NONE]
    names = certificate_names(_sender_of(pk), now=now)
    orders = [order_of(item, names, now=now) for item in ready]
    answers = ask(orders, elsewhere, now=now)
    asked = [Asked(*one) for one in zip(ready, orders, answers, strict=True)]
    done = in_pieces(asked, partial(_record, pk, now=now), lambda one: _fail(one.item.pk, now=now))
    return len(items) - len(ready) + len(done)


def _fail(item_pk: int, *, now: datetime) -> None:
    fail_unwritable(item_pk, act=ACT, now=now)


@transaction.atomic
def prepare(
    pk: int, elsewhere: Collection[str], chunk: Sequence[int], *, now: datetime
) -> list[DossierItem]:
    """Give a number to each row that can be carried out, fail the others; return them all.

    Rows prepared before a crash keep their number; another CA (rows whose request keys are
    ``elsewhere``) gives its own.
    """
    dossier = _sender_of(pk, is_locked=True)
    rows = waiting_rows(pk).select_for_update(of=("self",), no_key=True)
    items = list(rows.filter(pk__in=chunk))
    certificates = locked_certificates(items)
    devices = locked_devices(certificates)
    hindered = hindrances(dossier, items, certificates, devices, now=now)
    for item in items:
        item.certificate = certificates.get(item.certificate_id or 0)
        if reason := hindered.get(item.pk):
            mark_failed(item, reason)
        elif not item.serial and item.certificate is not None:
            item.key = item.certificate.key
            item.serial = "" if item.request_key in elsewhere else ca.new_serial()
    update_rows(items, ["serial", "key", "outcome", "outcome_reason"])
    if hindered:
        _audit(dossier, [], [item for item in items if item.pk in hindered], now=now)
    return items


def validity_of(old: Certificate, *, is_renewal: bool, now: datetime) -> tuple[datetime, datetime]:
    """Return from when to when the new certificate is valid.

    A change keeps the end to the second (R09, Điều 14); a renewal ends 3 years from now at most
    (R04, Điều 9).
    """
    not_before, renewed_until = validity(now, years=law.RENEWED_VALIDITY_YEARS)
    return not_before, renewed_until if is_renewal else old.not_after


def order_of(item: DossierItem, names: CertificateNames, *, now: datetime) -> Order:
    """Return what is asked of the CA for a prepared row: the same key, the subject as it is now."""
    old = item.certificate
    assert old is not None
    not_before, not_after = validity_of(old, is_renewal=bool(item.answers.get("renews")), now=now)
    return Order(
        request_key=item.request_key,
        serial=item.serial,
        kind=old.kind,
        subject=changed_subject(subject_of(bytes(old.der)), old.kind, names.answers(item.answers)),
        public_key=bytes(old.key.public_key),
        not_before=not_before,
        not_after=not_after,
        old=old.pk,
    )


@transaction.atomic
def _record(pk: int, asked: Sequence[Asked], *, now: datetime) -> list[DossierItem]:
    """Write certificates, outcomes and what follows; rows another worker ended are left alone."""
    dossier = _sender_of(pk, is_locked=True)  # before rows and certificates, as in ``prepare``
    still_open = set(
        DossierItem.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk__in=[one.item.pk for one in asked], outcome=Outcome.NONE)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    asked = [one for one in asked if one.item.pk in still_open]
    items = [one.item for one in asked]
    certificates = locked_certificates(items)
    devices = locked_devices(certificates)
    hindered = hindrances(dossier, items, certificates, devices, now=now)
    made: list[Replaced] = []
    for one in asked:
        if mark_unanswered(one.item, [one.answer]):
            continue
        reason = hindered.get(one.item.pk, one.answer.error)
        if reason or one.answer.der is None:
            mark_failed(one.item, reason)
            continue
        old = certificates[one.item.certificate_id or 0]
        # A body that was absorbed lives on in the sender. The succession says so, not the columns:
        # those follow the body that manages it now.
        subscriber, body = old.subscriber, old.subscriber.organisation_id
        if body not in (None, dossier.agency_id) and body in ancestors_of(dossier.agency_id):
            subscriber = agencies.organisation_subscriber(dossier.agency)
        # The new certificate, unsaved: the sender's, though the old one was another body's.
        new = ca.certificate_from(
            one.order,
            one.answer,
            subscriber=subscriber,
            agency=dossier.agency,
            office=dossier.agency.office,
            key=old.key,
            now=now,
            predecessor=old,
            is_renewal=bool(one.item.answers.get("renews")),
        )
        made.append(Replaced(one.item, old, new, devices.get(old.key_id)))
    Certificate.objects.bulk_create([one.new for one in made])
    for replaced in made:
        replaced.item.outcome, replaced.item.result = Outcome.DONE, replaced.new
    update_rows(items, [*ANSWERED, "result"])
    follow(dossier, made, now=now)
    failed = [item for item in items if item.outcome in (Outcome.FAILED, Outcome.REFUSED)]
    if items:
        _audit(dossier, made, failed, now=now)
    return items


def _sender_of(pk: int, *, is_locked: bool = False) -> Dossier:
    found = Dossier.objects.select_related("agency__office", "agency_version", "office")
    if is_locked:
        found = found.select_for_update(of=("self",), no_key=True)
    return found.get(pk=pk)


def _audit(
    dossier: Dossier,
    made: Sequence[Replaced],
    failed: Sequence[DossierItem],
    *,
    now: datetime,
) -> None:
    data = {
        "serials": {one.old.serial: one.new.serial for one in made},
        "failed_rows": [item.position for item in failed],
    }
    audit.record(dossier_act(ACT, dossier, data=data), actor=None, now=now)


def follow(dossier: Dossier, made: Sequence[Replaced], *, now: datetime) -> None:
    """Do what new certificates cause, in the transaction that records them."""
    if not made:
        return
    places = [place for one in made if (place := _place(dossier, one))]
    agencies.change_places(places, agency=dossier.agency, now=now)
    expiry.renewed([one.old for one in made], now=now)
    expiry.open_doors([one.new for one in made], now=now)
    moved = [one.device for one in made if one.device is not None]
    devices.transfer(moved, to=dossier.agency, paper=paper_of(dossier), now=now)
    # Mail the *.cer files to the receiver named in section 1 (S2 mục 4, 5).
    address = dossier.contact.get("email", "")
    if not address:
        return
    pairs = [(one.old, one.new) for one in made]
    mail = ReceiversMail.of_new_certificates(dossier, pairs)
    notices.write_to(
        address,
        name=dossier.contact.get("full_name", ""),
        cause=f"new-certificates:{made[0].item.request_key}",
        subject=mail.subject,
        text=mail.text,
        attached=mail.attached,
        now=now,
    )


def paper_of(dossier: Dossier) -> devices.Paper:
    """Return the dossier as the document devices change hands under."""
    label = f"Gia hạn, thay đổi thông tin (Mẫu 04) số {dossier.letter_number}"
    return devices.Paper("dossier", dossier.uuid, label)


def _place(dossier: Dossier, one: Replaced) -> NewPlace | None:
    """Return what the certificate says anew of a person or a system; None when nothing."""
    answers = one.item.answers
    leaves = one.old.agency if one.old.agency_id != dossier.agency_id else None
    if one.old.kind == SubscriberKind.ORGANISATION or not (leaves or answers.get("changes")):
        return None
    is_system = one.old.kind == SubscriberKind.SYSTEM
    levels = [answers[level] for level in LEVELS if answers.get(level)]
    return NewPlace(
        subscriber=one.old.subscriber,
        leaves=leaves,
        unit=levels[-1] if levels else "",
        email=answers.get("new_email", ""),
        name=answers.get("new_name", "") if is_system else "",
        host=answers.get("new_address", "") if is_system else "",
    )


def locked_certificates(items: Sequence[DossierItem]) -> dict[int, Certificate]:
    """Return the certificates the rows are about, locked in the order of all who lock them."""
    found = (
        Certificate.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk__in={item.certificate_id for item in items})
        .select_related("key", "subscriber", "agency")
        .defer("crl_entry")
        .order_by("pk")
    )
    return {certificate.pk: certificate for certificate in found}


def locked_devices(certificates: Mapping[int, Certificate]) -> dict[int, Device]:
    """Return key → its device, locked after the certificates."""
    keys = {certificate.key_id for certificate in certificates.values()}
    found = (
        Device.objects.select_for_update(of=("self",), no_key=True)
        .filter(key__in=keys)
        .order_by("pk")
    )
    return {device.key_id: device for device in found if device.key_id is not None}


def hindrances(
    dossier: Dossier,
    items: Sequence[DossierItem],
    certificates: Mapping[int, Certificate],
    devices: Mapping[int, Device],
    *,
    now: datetime,
) -> dict[int, str]:
    """Return row → why it can't be carried out; certificates and devices are locked.

    The 30 days are not asked again: they were judged on the day of receipt (DOMAIN 14.1).
    """
    if not dossier.agency.exists_on(timezone.localdate(now)):
        return {item.pk: SENDER_GONE for item in items}
    own = bodies_of(dossier.agency)
    replaced = set(
        Certificate.objects.filter(predecessor__in=certificates).values_list(
            "predecessor", flat=True
        )
    )
    found: dict[int, str] = {}
    for item in items:
        certificate = certificates.get(item.certificate_id or 0)
        if certificate is None or not (
            certificate.agency_id in own or moves_workplace(item.answers)
        ):
            found[item.pk] = UNKNOWN
            continue
        renews = bool(item.answers.get("renews"))
        broken = (
            rules.is_not_revoked(certificate.revoked_at is not None, certificate.kind)
            or rules.is_not_superseded(certificate.pk in replaced)
            or (
                rules.is_not_renewed_yet(certificate.renewals, certificate.kind) if renews else None
            )
            # A renewal asked for in time outlives the old end; a change ends with it.
            or rules.change_ends_later(renews or certificate.not_after > now, certificate.kind)
        )
        reason = (_words(broken) if broken else "") or _of_device(
            dossier, certificate, devices.get(certificate.key_id)
        )
        if reason:
            found[item.pk] = reason
    return found


def _of_device(dossier: Dossier, certificate: Certificate, device: Device | None) -> str:
    if device is None:
        return ""
    is_given_back = device.custody in GIVEN_BACK
    if broken := rules.device_can_take_it(
        device.condition, is_given_back=is_given_back, kind=certificate.kind
    ):
        return _words(broken)
    if device.agency_id == dossier.agency_id:
        return ""
    try:
        find_rule(Move.TRANSFER, device.custody, device.condition, None)
    except IllegalMove:
        return NOT_THERE_YET
    return ""


def _words(violation: Violation) -> str:
    return f"{violation.message} {violation.way_out}".strip()


def prepare_notice(pk: int, /, *, now: datetime) -> Callable[[Dossier], object]:
    """Print the notice of the new certificates; return what delivers it."""
    seen = _sender_of(pk)
    done = list(
        seen.items.filter(outcome=Outcome.DONE)
        .select_related("certificate", "result__key", "device")
        .defer("certificate__der", "certificate__crl_entry", "result__der", "result__crl_entry")
    )
    if not done:
        return lambda closing: None
    prepared = papers.prepare(
        DeliveredPaper.Kind.NEW_CERTIFICATES,
        new_certificates_notice_of(seen, done, now=now),
        issuer=decider_of(seen),
        name=f"Thong-bao-chung-thu-moi-{seen.letter_number.replace('/', '-')}.pdf",
    )

    def deliver(closing: Dossier) -> object:
        return papers.hand_out(closing, prepared, now=now)

    return deliver


def note_request(dossier: Dossier, /, *, actor: User | None, now: datetime) -> None:
    """What was asked in time waits for its answer: the door of a certificate stays open. Whose
    person moves is asked whether that is so."""
    renewing = dossier.items.filter(renews=True).values("certificate")
    expiry.asked(Certificate.objects.filter(pk__in=renewing).only("uuid"), now=now)
    inquiries.ask(dossier, now=now)


EFFECT = Effect(
    on_sent=note_request,
    carry_out=do_chunk,
    prepare_end=prepare_notice,
    asks_the_ca=True,
    is_in_the_senders_name=True,
)


CER = "application/pkix-cert"
_KEEPS_ITS_DEVICE = with_numbers(
    "Khóa bí mật và thiết bị giữ nguyên: chứng thư mới cài vào chính thiết bị đang dùng. Chứng thư "
    "cũ được thu hồi khi đơn vị xác nhận đã cài, hoặc %(superseded_days)s ngày sau khi cấp "
    "chứng thư mới."
)
MOST_FILES = 10  # of one mail; more go in one ZIP
_COLUMNS = (
    ("Dòng", "8%", ""),
    ("Tên chứng thư chữ ký số", "16%", ""),
    ("Số hiệu chứng thư cũ", "24%", ""),
    ("Số hiệu chứng thư mới", "24%", ""),
    ("Hiệu lực đến", "13%", ""),
    ("Số hiệu thiết bị lưu khóa bí mật", "15%", ""),
)


@dataclass(frozen=True, slots=True)
class ReceiversMail:
    """What the receiver named in section 1 gets."""

    subject: str
    text: str
    attached: list[Attached]

    @classmethod
    def of_new_certificates(
        cls, dossier: Dossier, pairs: Sequence[tuple[Certificate, Certificate]]
    ) -> ReceiversMail:
        """Return the mail about (old, new) certificates, with the new ones' files.

        Names and certificates' numbers, no identity numbers: mail leaves the house.
        """
        count = len(pairs)
        news = [new for _old, new in pairs]
        steps = installation_steps({old.key.storage for old, _new in pairs})
        superseded_at = timezone.localtime(news[0].issued_at + SUPERSEDED_AFTER)
        lines = [
            _what_was_done(dossier, count, decider=decider_of(dossier).name),
            "",
            *(
                f"- {new.common_name}: số hiệu cũ {old.serial}, số hiệu mới {new.serial}, "
                f"hiệu lực đến {_day(new)}."
                for old, new in pairs
            ),
            "",
            "Cách cài đặt:",
            *(f"{number}. {step}" for number, step in enumerate(steps, start=1)),
            "",
            f"Nếu không xác nhận, chứng thư cũ hết giá trị lúc {superseded_at:%H:%M %d/%m/%Y}.",
        ]
        attached = [Attached(f"{one.serial}.cer", CER, bytes(one.der)) for one in news]
        if len(attached) > MOST_FILES:
            target = BytesIO()
            with ZipFile(target, "w", ZIP_DEFLATED) as archive:
                for one in attached:
                    archive.writestr(one.name, one.content)
            attached = [Attached("chung-thu-moi.zip", "application/zip", target.getvalue())]
        return cls(
            subject=f"{count} chứng thư mới theo Công văn {letter_words(dossier)}",
            text="\n".join(lines),
            attached=attached,
        )


def new_certificates_notice_of(
    dossier: Dossier, items: Sequence[DossierItem], *, now: datetime
) -> Letter:
    """Return the notice to the sender about the rows done, of the day of ``now``, unnumbered."""
    version = decider_of(dossier).versions.order_by("-valid_from")[0]
    storages = {item.result.key.storage for item in items if item.result}
    return Letter(
        superior=version.superior,
        agency=version.name,
        place=version.place,
        day=timezone.localdate(now),
        kind_of_document="THÔNG BÁO",
        subject="Gia hạn, thay đổi nội dung thông tin chứng thư chữ ký số chuyên dùng công vụ",
        opening=[
            _what_was_done(dossier, len(items), decider=in_proper_letters(version.name)),
            str(_KEEPS_ITS_DEVICE),
        ],
        list_title="Danh sách chứng thư chữ ký số mới",
        columns=_COLUMNS,
        rows=[_row(item) for item in items],
        notes=installation_steps(storages),
        recipients=[f"{in_proper_letters(dossier.agency_version.name)};", "Lưu: VT."],
        signer_lines=signer_lines_of(version),
        layout_note=OWN_DESIGN,
    )


def _what_was_done(dossier: Dossier, count: int, *, decider: str) -> str:
    return (
        f"Căn cứ {parts.DECREE_BASIS} quy định về chữ ký số chuyên dùng công vụ; theo đề nghị của "
        f"{in_proper_letters(dossier.agency_version.name)} tại Công văn {letter_words(dossier)}, "
        f"{decider} thông báo "
        f"đã cấp {count} chứng thư mới (gia hạn, thay đổi thông tin) theo danh sách dưới đây."
    )


def _row(item: DossierItem) -> list[str]:
    old, new = item.certificate, item.result
    assert old is not None
    assert new is not None
    return [
        str(item.position),
        new.common_name,
        old.serial,
        new.serial,
        _day(new),
        item.device.serial if item.device else "",
    ]


def _day(certificate: Certificate) -> str:
    return f"{timezone.localdate(certificate.not_after):%d/%m/%Y}"
