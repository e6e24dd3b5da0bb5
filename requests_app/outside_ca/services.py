"""Another CA by files: what it is asked leaves as a package; its answers are matched, recorded,
confirmed by a second person, and the dossier goes on.

Where the CA has a desk here its operators exchange the files; else the office that forwarded does,
and its head confirms.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from io import BytesIO
from typing import Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

from cryptography import x509
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.models import Device, DeviceKind
from devices.serials import normalise
from portal.accounts.models import User
from portal.audit import services as audit
from portal.audit.look_only import refuse_look_only
from portal.ca.authority.anchors import Anchor, anchors, chain_of
from portal.ca.models import Certificate, KeyPair, OutsideOrder
from portal.ca.register.certificate_files import FoundCertificate, read_certificates
from portal.core import law
from portal.core.roles import Capability, Scope
from portal.core.rules import Refused, Violation, refuse
from portal.core.text.vietnamese import search_key
from portal.core.web.waiting import Waiting
from portal.documents import services as documents
from requests_app import kinds
from requests_app.acts import dossier_act, note_reading
from requests_app.kinds.key_requests import MADE_AT_AGENCY
from requests_app.kinds.key_requests import NAME as CSR
from requests_app.models import Dossier, DossierItem, Outcome
from requests_app.models.querysets import DossierQuerySet
from requests_app.rules.certificates import validity
from requests_app.spreadsheets import writer
from requests_app.workflow import Route

What, Said = OutsideOrder.What, OutsideOrder.Said
MOST_CERTIFICATES = 2_000  # of one upload
_AT_THE_OFFICE = (Route.OUTSIDE, Route.OFFICE_ONLY)
_IN_A_DEVICE = frozenset(DeviceKind.values) - MADE_AT_AGENCY


@dataclass(slots=True)
class Taken:
    """What became of the certificates in a file: the orders they answer, and (file, name, code) of
    the others: "known", "not_trusted", "ended", "serial_in_use", "key_in_use", "no_order",
    "several_orders", "two_for_one", "of_a_ca", or why a file could not be read."""

    matched: list[OutsideOrder] = field(default_factory=list)
    others: list[tuple[str, str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a person records of one order: the answer, its words, its day, a device's number."""

    answer: str
    words: str = ""
    day: date | None = None
    device_serial: str = ""


def dossiers_of(user: User) -> DossierQuerySet:
    """Return the dossiers whose answers ``user`` records or confirms, whether or not they wait."""
    seen = Dossier.objects.visible_to(user)
    if not (user.can(Capability.RECORD_CA_ANSWERS) or user.can(Capability.CONFIRM_CA_ANSWERS)):
        return seen.none()
    if user.scope is Scope.OFFICE:
        return seen.filter(route__in=_AT_THE_OFFICE)
    if user.scope is Scope.CA:
        return seen.exclude(route__in=_AT_THE_OFFICE)
    return seen.none()


def waiting_dossiers(user: User) -> DossierQuerySet:
    """Return those of ``dossiers_of`` with a row that waits for the CA, or for a second person."""
    rows = DossierItem.objects.filter(dossier=OuterRef("pk"), outcome=Outcome.PENDING)
    return dossiers_of(user).filter(Exists(rows))


def to_record(user: User) -> DossierQuerySet:
    """Return the waiting dossiers with a row whose answer nobody has recorded."""
    return _with_orders(user, OutsideOrder.objects.filter(answer=""))


def orders_in(dossiers: QuerySet[Dossier]) -> QuerySet[OutsideOrder]:
    """Return what the rows of ``dossiers`` ask of another CA."""
    rows = DossierItem.objects.filter(request_key=OuterRef("row_key"), dossier__in=dossiers)
    return OutsideOrder.objects.filter(Exists(rows))


def items_of(orders: Sequence[OutsideOrder]) -> dict[str, DossierItem]:
    """Return row key → the row that asks, with its dossier."""
    keys = {order.row_key for order in orders}
    found = DossierItem.objects.filter(request_key__in=keys).select_related("dossier__agency")
    return {item.request_key: item for item in found.defer("answers")}


def takes_a_device(order: OutsideOrder, item: DossierItem) -> bool:
    """Say whether the CA sends a device along with what is asked."""
    return order.what == What.ISSUE and item.storage in _IN_A_DEVICE


def waiting_of(user: User) -> Iterator[Waiting]:
    """Say on the work list how many dossiers wait for an answer, or for its confirmation."""
    records = user.can(Capability.RECORD_CA_ANSWERS)
    if records and (count := to_record(user).order_by().count()):
        path = reverse("requests_app:outside_ca")
        yield Waiting(count, _("hồ sơ chờ CA khác trả lời"), _("Ghi trả lời"), path)
    confirms = user.can(Capability.CONFIRM_CA_ANSWERS)
    if confirms and (count := to_confirm(user).order_by().count()):
        path = f"{reverse('requests_app:outside_ca')}?cho=xac-nhan"
        yield Waiting(count, _("hồ sơ có trả lời của CA khác"), _("Xác nhận"), path)


def to_confirm(user: User) -> DossierQuerySet:
    """Return the waiting dossiers with an answer that is recorded and not confirmed."""
    return _with_orders(user, OutsideOrder.objects.exclude(answer=""))


def _with_orders(user: User, orders: QuerySet[OutsideOrder]) -> DossierQuerySet:
    """Return the dossiers with a row that waits for one of these orders to be confirmed."""
    # First the dossiers of the few open orders: the other way leads through all there ever were.
    keys = orders.filter(confirmed_at__isnull=True).values("row_key")
    rows = DossierItem.objects.filter(request_key__in=keys, outcome=Outcome.PENDING)
    return dossiers_of(user).filter(pk__in=set(rows.values_list("dossier", flat=True)))


def package(dossier: Dossier, *, actor: User, now: datetime) -> bytes:
    """Return what the CA is handed about a dossier: the letter, the rows that wait as its form's
    sheet, requests (PKCS#10) and the certificates to be renewed; that it was read is recorded.

    Raises PermissionDenied, or Refused when nothing waits.
    """
    _permit(actor, Capability.RECORD_CA_ANSWERS)
    waiting = orders_in(Dossier.objects.filter(pk=dossier.pk)).filter(confirmed_at__isnull=True)
    keys = set(waiting.values_list("row_key", flat=True))
    items = list(
        dossier.items.filter(request_key__in=keys)
        .select_related("certificate")
        .order_by("position")
    )
    if not items:
        raise refuse("nothing_waits", _("Hồ sơ không còn dòng nào chờ CA trả lời."))
    kind = kinds.get(dossier.kind)
    stream = BytesIO()
    with ZipFile(stream, "w", ZIP_DEFLATED) as bundle:
        bundle.writestr("de-nghi.xlsx", writer.export(kind, [item.answers for item in items]))
        letter = dossier.signed_letter or dossier.letter
        if letter is not None:
            bundle.writestr("van-ban.pdf", documents.read(letter))
        for item in items:
            if request := item.answers.get(CSR):
                bundle.writestr(f"pkcs10/dong-{item.position:04d}.csr", request)
            if item.certificate is not None and item.certificate.der:
                name = f"chung-thu-dang-dung/dong-{item.position:04d}-{item.certificate.serial}.cer"
                bundle.writestr(name, bytes(item.certificate.der))
    data = {"rows": [item.position for item in items]}
    with transaction.atomic():
        note_reading(dossier, actor=actor, now=now)
        audit.record(dossier_act("outside.package", dossier, data=data), actor=actor, now=now)
    return stream.getvalue()


def take_in(content: bytes, name: str, *, actor: User, now: datetime) -> Taken:
    """Match the certificates of a file with what waits, and record those that fit.

    By the key where one was sent, else by name (and e-mail, and body, where several have it). Each
    must hang on a CA that is believed. What differs from what was asked is noted for the second
    person. A file twice changes nothing; another certificate in place of one not confirmed yet
    replaces it. Raises PermissionDenied; Refused when there are too many.
    """
    _permit(actor, Capability.RECORD_CA_ANSWERS)
    refuse_look_only(actor, now=now)
    read = read_certificates(content, name)
    if len(read.certificates) > MOST_CERTIFICATES:
        raise refuse(
            "too_many_certificates",
            _("Tệp có quá %(most)d chứng thư.") % {"most": MOST_CERTIFICATES},
            way_out=_("Chia thành nhiều tệp."),
        )
    taken = Taken(others=[(file, "", code) for file, code in read.problems])
    taken.others += [(one.file, one.subject.common_name, "of_a_ca") for one in read.of_cas]
    with transaction.atomic():
        asked = orders_in(waiting_dossiers(actor)).filter(
            what__in=(What.ISSUE, What.RENEW), confirmed_at__isnull=True
        )
        pks = list(asked.values_list("pk", flat=True))
        orders = list(
            OutsideOrder.objects.select_for_update(of=("self",), no_key=True)
            .filter(pk__in=pks, confirmed_at__isnull=True)
            .order_by("pk")
        )
        fits: dict[int, list[FoundCertificate]] = {}
        of_pk = {order.pk: order for order in orders}
        for one, verdict in _matches(read.certificates, orders, anchors(), now=now):
            if isinstance(verdict, str):
                taken.others.append((one.file, one.subject.common_name, verdict))
            else:
                fits.setdefault(verdict.pk, []).append(one)
        for pk, founds in fits.items():
            if len(founds) > 1:
                taken.others += [
                    (one.file, one.subject.common_name, "two_for_one") for one in founds
                ]
                continue
            (found,) = founds
            order = of_pk[pk]
            order.answer, order.der, order.thumbprint = Said.ISSUED, found.der, found.thumbprint
            order.words, order.done_at = "", found.not_before
            order.remark = _differences(order, found, now=now)
            _note(order, actor, now)
            taken.matched.append(order)
        _save(taken.matched, actor=actor, now=now)
    return taken


def _matches(
    certificates: Sequence[FoundCertificate],
    orders: Sequence[OutsideOrder],
    believed: Sequence[Anchor],
    *,
    now: datetime,
) -> Iterator[tuple[FoundCertificate, OutsideOrder | str]]:
    """Yield each certificate with the order it answers, or the code of why it answers none."""
    prints = [one.thumbprint for one in certificates]
    serials = [one.serial for one in certificates]
    keys = {one.fingerprint for one in certificates}
    in_register = Certificate.objects.filter(thumbprint__in=prints)
    known = set(in_register.values_list("thumbprint", flat=True))
    recorded = OutsideOrder.objects.filter(thumbprint__in=prints)
    known |= set(recorded.values_list("thumbprint", flat=True))
    taken = set(Certificate.objects.filter(serial__in=serials).values_list("serial", flat=True))
    in_use = set(
        KeyPair.objects.filter(fingerprint__in=keys, certificates__isnull=False).values_list(
            "fingerprint", flat=True
        )
    )
    by_key = {order.fingerprint: order for order in orders if order.fingerprint}
    by_name: dict[str, list[OutsideOrder]] = {}
    for order in orders:
        if not order.fingerprint:
            by_name.setdefault(search_key(order.name), []).append(order)
    for found in certificates:
        certificate = x509.load_der_x509_certificate(found.der)
        by_its_key = by_key.get(found.fingerprint)
        named = by_name.get(search_key(found.subject.common_name), [])
        if found.thumbprint in known:
            yield found, "known"
        elif chain_of(certificate, believed, at=now) is None:
            yield found, "not_trusted"
        elif found.not_after <= now:
            yield found, "ended"
        elif found.serial in taken:
            yield found, "serial_in_use"
        elif by_its_key is not None:
            yield found, by_its_key
        elif found.fingerprint in in_use:
            yield found, "key_in_use"
        else:
            narrowed = _narrowed(named, found)
            yield (
                found,
                narrowed[0] if len(narrowed) == 1 else ("several_orders" if named else "no_order"),
            )


def _narrowed(named: list[OutsideOrder], found: FoundCertificate) -> list[OutsideOrder]:
    """Leave, of several with one name, those whose e-mail, then whose bodies are the same."""
    levels = {search_key(one) for one in found.subject.organisation_levels}
    for same in (
        lambda order: order.wanted["subject"]["email"].lower() == found.subject.email.lower(),
        lambda order: (
            {search_key(one) for one in order.wanted["subject"]["organisation_levels"]} == levels
        ),
    ):
        if len(named) > 1 and (fewer := [order for order in named if same(order)]):
            named = fewer
    return named


def _differences(order: OutsideOrder, found: FoundCertificate, *, now: datetime) -> str:
    """Say in what a certificate is not what was asked: for who confirms; "" for nothing."""
    subject, said = order.wanted["subject"], []
    if search_key(found.subject.common_name) != search_key(subject["common_name"]):
        said.append(
            _("tên “%(got)s” thay vì “%(asked)s”")
            % {"got": found.subject.common_name, "asked": subject["common_name"]}
        )
    levels = {search_key(one) for one in found.subject.organisation_levels}
    if {search_key(one) for one in subject["organisation_levels"]} - levels:
        said.append(
            _("cơ quan “%(got)s” thay vì “%(asked)s”")
            % {
                "got": " / ".join(found.subject.organisation_levels),
                "asked": " / ".join(subject["organisation_levels"]),
            }
        )
    email = found.subject.email
    if email and subject["email"] and email.lower() != subject["email"].lower():
        said.append(
            _("thư điện tử %(got)s thay vì %(asked)s") % {"got": email, "asked": subject["email"]}
        )
    years = law.RENEWED_VALIDITY_YEARS if order.what == What.RENEW else law.NEW_VALIDITY_YEARS
    if found.not_after > max(
        validity(found.not_before, years=years)[1],
        datetime.fromisoformat(order.wanted["not_after"]),
    ):
        said.append(
            _("hạn đến %(day)s, dài hơn mức luật cho") % {"day": f"{found.not_after:%d/%m/%Y}"}
        )
    if found.not_before > now:
        said.append(_("có hiệu lực từ %(day)s") % {"day": f"{found.not_before:%d/%m/%Y}"})
    return "; ".join(said)[:500]


@transaction.atomic
def record(
    dossier: Dossier, said: dict[UUID, Recorded], *, actor: User, now: datetime
) -> list[OutsideOrder]:
    """Record what the CA answered, order by order; return those that changed.

    "" takes a record back, a certificate's included. Raises PermissionDenied; Refused with every
    row that lacks its words, has an impossible day, or names a device that is known already.
    """
    _permit(actor, Capability.RECORD_CA_ANSWERS)
    refuse_look_only(actor, now=now)
    orders = _locked(dossier, actor)
    items = items_of(orders)
    typed = {normalise(one.device_serial) for one in said.values() if one.device_serial}
    known = set(Device.objects.filter(serial__in=typed).values_list("serial", flat=True))
    changed: list[OutsideOrder] = []
    violations: list[Violation] = []
    for order in orders:
        one = said.get(order.uuid)
        if one is None or order.confirmed_at is not None:
            continue
        item = items[order.row_key]
        serial = normalise(one.device_serial) if takes_a_device(order, item) else ""
        if wrong := _what_is_wrong(order, one, item, known - {order.device_serial}, now=now):
            violations.append(wrong)
            continue
        was = (order.answer, order.words, order.done_at, order.device_serial)
        if one.answer != Said.ISSUED:
            order.der, order.thumbprint, order.remark = None, "", ""
            order.done_at = None
        if one.answer == Said.DONE and one.day:
            order.done_at = timezone.make_aware(datetime.combine(one.day, time(12)))
        order.answer, order.device_serial = one.answer, serial
        order.words = one.words.strip() if one.answer == Said.REFUSED else ""
        if was != (order.answer, order.words, order.done_at, order.device_serial):
            _note(order, actor, now)
            changed.append(order)
    serials = [order.device_serial for order in orders if order.device_serial]
    if len(serials) != len(set(serials)):
        violations.append(
            Violation("device_twice", _("Một số hiệu thiết bị được ghi cho hai dòng."))
        )
    if violations:
        raise Refused(*violations)
    _save(changed, actor=actor, now=now)
    return changed


def _what_is_wrong(
    order: OutsideOrder, said: Recorded, item: DossierItem, known: set[str], *, now: datetime
) -> Violation | None:
    asked, today = timezone.localdate(order.asked_at), timezone.localdate(now)
    is_certificate = order.what in (What.ISSUE, What.RENEW)
    serial = normalise(said.device_serial)
    if said.answer == Said.REFUSED and not said.words.strip():
        code, message = "no_words", _("Ghi lời từ chối của CA.")
    elif (said.answer == Said.ISSUED != order.answer) or (
        said.answer == Said.DONE and is_certificate
    ):
        code, message = "no_file", _("Tải tệp chứng thư lên trước.")
    elif said.answer == Said.DONE and not (said.day and asked <= said.day <= today):
        code, message = "bad_day", _("Ngày CA thực hiện từ ngày chuyển đến hôm nay.")
    elif serial in known:
        code, message = "device_known", _("Thiết bị %s đã có trong hệ thống.") % serial
    else:
        return None
    text = _("Dòng %(row)d: %(message)s") % {"row": item.position, "message": message}
    return Violation(code, text, row=item.position)


def mark_of(recorded: Iterable[OutsideOrder]) -> str:
    """Return what the recorded answers are known by: another one as soon as one is changed."""
    said = sorted(f"{one.uuid} {one.recorded_at}" for one in recorded)
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


@transaction.atomic
def confirm(dossier: Dossier, *, actor: User, now: datetime, seen: str | None = None) -> int:
    """Confirm every answer recorded of a dossier; its rows go on in the background.

    ``seen`` is the ``mark_of`` what the person saw. Returns how many. Raises PermissionDenied;
    Refused when nothing is recorded, or only what the same person recorded, or something else than
    was seen.
    """
    _permit(actor, Capability.CONFIRM_CA_ANSWERS)
    refuse_look_only(actor, now=now)
    held = dossiers_of(actor).select_for_update(of=("self",), no_key=True).get(pk=dossier.pk)
    orders = _locked(held, actor)
    recorded = [one for one in orders if one.answer and one.confirmed_at is None]
    if seen is not None and seen != mark_of(recorded):
        raise refuse(
            "answers_changed",
            _("Trả lời của CA vừa được ghi thêm hoặc sửa."),
            way_out=_("Xem lại từng dòng rồi xác nhận."),
        )
    mine = [one for one in recorded if one.recorded_by and actor.is_same_person_as(one.recorded_by)]
    confirmed = [one for one in recorded if one not in mine]
    if not confirmed:
        raise refuse(
            "nothing_to_confirm",
            _("Không có trả lời nào do người khác ghi đang chờ xác nhận."),
            way_out=_("Người ghi trả lời không tự xác nhận."),
        )
    for one in confirmed:
        one.confirmed_by, one.confirmed_at = actor, now
    OutsideOrder.objects.bulk_update(confirmed, ["confirmed_by", "confirmed_at"], batch_size=500)
    still = {one.row_key for one in orders if one.confirmed_at is None}
    done = {one.row_key for one in confirmed} - still
    held.items.filter(request_key__in=done, outcome=Outcome.PENDING).update(outcome=Outcome.NONE)
    audit.record(
        dossier_act("outside.confirm", held, data=_data(confirmed)),
        actor=actor,
        now=now,
    )
    return len(confirmed)


def _locked(dossier: Dossier, actor: User) -> list[OutsideOrder]:
    """Return the orders of a dossier whose answers ``actor``'s body records, locked in order."""
    found = orders_in(dossiers_of(actor).filter(pk=dossier.pk)).values_list("pk", flat=True)
    return list(
        OutsideOrder.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk__in=list(found))
        .select_related("recorded_by")
        .order_by("pk")
    )


def _note(order: OutsideOrder, actor: User, now: datetime) -> None:
    order.recorded_by, order.recorded_at = actor, now


def _save(orders: Sequence[OutsideOrder], *, actor: User, now: datetime) -> None:
    """Write what was recorded, and who recorded it in the audit record, an entry a dossier."""
    if not orders:
        return
    fields = ["answer", "words", "der", "thumbprint", "remark", "device_serial", "done_at"]
    OutsideOrder.objects.bulk_update(
        orders, [*fields, "recorded_by", "recorded_at"], batch_size=200
    )
    items = items_of(orders)
    dossiers: dict[int, list[OutsideOrder]] = {}
    for order in orders:
        dossiers.setdefault(items[order.row_key].dossier_id, []).append(order)
    audit.record_many(
        [
            dossier_act("outside.record", items[theirs[0].row_key].dossier, data=_data(theirs))
            for theirs in dossiers.values()
        ],
        actor=actor,
        now=now,
    )


def _data(orders: Sequence[OutsideOrder]) -> dict[str, Any]:
    return {"answers": {one.request_key: one.answer for one in orders}}


def _permit(actor: User, capability: Capability) -> None:
    if not actor.can(capability):
        raise PermissionDenied(f"{actor.role} does not {capability}")
