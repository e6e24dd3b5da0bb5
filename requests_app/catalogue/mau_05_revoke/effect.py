"""Revoking: every certificate on a row's key falls, and at the end its device is called back.

Of the portal's own CA nothing is asked, so certificates and outcomes of a chunk are one
transaction: OCSP knows with it, the next list follows within a minute. What another CA keeps waits
for its answer, and falls here with that. The notice is printed when all rows are
ended, and with its delivery the return of the devices begins (R29, Điều 20).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from devices import services as devices
from portal.audit import services as audit
from portal.ca.authority.orders import Answer, PlainOrder
from portal.ca.authority.services import AuthorityByFiles
from portal.ca.models import Certificate, OutsideOrder, RevocationReason
from portal.ca.register import services as ca
from portal.core.database.bulk import update_rows
from portal.core.law import with_numbers
from portal.core.text.names import in_proper_letters
from portal.documents.letters import Letter
from requests_app import papers
from requests_app.acts import dossier_act
from requests_app.catalogue.mau_05_revoke.form import reason_cell
from requests_app.catalogue.mau_05_revoke.rules import certificates_of_sender
from requests_app.execution.rows import ANSWERED, mark_failed, mark_unanswered, waiting_rows
from requests_app.kinds import parts
from requests_app.kinds.base import OWN_DESIGN
from requests_app.kinds.effects import Effect
from requests_app.models import DeliveredPaper, Dossier, DossierItem, Outcome
from requests_app.rules.revocation import Cause
from requests_app.submission.letter_content import decider_of, letter_words
from requests_app.submission.signers import signer_lines_of

ACT = "dossier.revoke_rows"
_REASON_OF: Mapping[str, RevocationReason] = {
    Cause.KEY_EXPOSED: RevocationReason.KEY_COMPROMISE,
    Cause.DEVICE_LOST: RevocationReason.KEY_COMPROMISE,
    Cause.UNSAFE: RevocationReason.KEY_COMPROMISE,
    Cause.POSITION_CHANGED: RevocationReason.AFFILIATION_CHANGED,
    Cause.OWN_WISH: RevocationReason.CESSATION,
    Cause.RETIRED: RevocationReason.CESSATION,
    Cause.LEFT: RevocationReason.CESSATION,
    Cause.DIED: RevocationReason.CESSATION,
    Cause.DISSOLVED: RevocationReason.CESSATION,
    Cause.SPLIT: RevocationReason.CESSATION,
    Cause.MERGED: RevocationReason.CESSATION,
    Cause.STOPPED: RevocationReason.CESSATION,
}


def reason_of(cause: str) -> RevocationReason:
    """Return what OCSP and the list say (RFC 5280) of a case of Điều 17."""
    return _REASON_OF.get(cause, RevocationReason.UNSPECIFIED)


UNKNOWN = "Không tìm thấy chứng thư của dòng này."
MOVED = (
    "Thuê bao đã chuyển sang cơ quan khác quản lý trực tiếp sau khi gửi hồ sơ; cơ quan đó đề nghị "
    "thu hồi (Điều 18 Nghị định 68/2024/NĐ-CP)."
)


@transaction.atomic
def do_chunk(pk: int, chunk: Sequence[int], /, *, now: datetime) -> int:
    """Revoke the certificates of these rows of dossier ``pk``; return how many rows were ended.

    A row whose certificates have all ended meanwhile is done, and says so: what it asks for holds.
    """
    dossier = (
        Dossier.objects.select_for_update(of=("self",), no_key=True)
        .select_related("agency", "office")
        .get(pk=pk)
    )
    # The dossier is held: another worker finds these rows ended.
    waiting = waiting_rows(pk).filter(pk__in=chunk).select_related("certificate__key")
    items = list(waiting.defer("certificate__der", "certificate__crl_entry"))
    if not items:
        return 0
    keys = {item.certificate.key_id for item in items if item.certificate}
    standing = ca.lock_standing(keys, now=now)
    own = certificates_of_sender(
        dossier.agency_id, [one for found in standing.values() for one in found]
    )
    reasons: dict[int, RevocationReason] = {}
    falling: list[Certificate] = []
    answers = _answers_elsewhere(items, standing, own, now=now)
    for item in items:
        certificate = item.certificate
        found = standing.get(certificate.key_id, []) if certificate else []
        if certificate is None:
            mark_failed(item, UNKNOWN)
        elif any(one.pk not in own for one in found):
            mark_failed(item, MOVED)
        elif mark_unanswered(item, answers.get(item.pk, [])):
            pass
        else:
            item.outcome, item.outcome_reason = Outcome.DONE, ""
            reason = reason_of(item.answers.get("cause", ""))
            reasons |= {one.pk: reason for one in found}
            falling += found
        if item.outcome == Outcome.DONE and certificate is not None and not found:
            at = certificate.revoked_at
            text = _("Đã bị thu hồi từ ngày %(day)s.") if at else _("Đã hết hạn từ ngày %(day)s.")
            day = timezone.localdate(at or certificate.not_after)
            item.outcome_reason = text % {"day": f"{day:%d/%m/%Y}"}
    update_rows(items, ANSWERED)
    revoked = ca.revoke_many(falling, reasons, actor=None, now=now)
    data = {
        "rows": [item.position for item in items if item.outcome == Outcome.DONE],
        "serials": [certificate.serial for certificate in revoked],
        "failed_rows": [item.position for item in items if item.outcome == Outcome.FAILED],
        "waiting_rows": [item.position for item in items if item.outcome == Outcome.PENDING],
    }
    audit.record(dossier_act(ACT, dossier, data=data), actor=None, now=now)
    return len(items)


def _answers_elsewhere(
    items: Sequence[DossierItem],
    standing: Mapping[int, Sequence[Certificate]],
    own: Collection[int],
    *,
    now: datetime,
) -> dict[int, list[Answer]]:
    """Ask for what other CAs keep of the rows' certificates; return row → their answers."""
    orders: list[PlainOrder] = []
    rows: list[int] = []
    for item in items:
        found = standing.get(item.certificate.key_id, ()) if item.certificate else ()
        if any(one.pk not in own for one in found):
            continue
        for one in found:
            if one.is_outside:
                rows.append(item.pk)
                orders.append(
                    PlainOrder(
                        request_key=f"{item.request_key}:{one.serial}",
                        row_key=item.request_key,
                        what=OutsideOrder.What.REVOKE,
                        about=one.serial,
                        name=one.common_name,
                        reason=reason_cell(item.answers),
                    )
                )
    answers: dict[int, list[Answer]] = {}
    if orders:
        said = AuthorityByFiles().do_many(orders, now=now)
        for row, answer in zip(rows, said, strict=True):
            answers.setdefault(row, []).append(answer)
    return answers


def prepare_notice(pk: int, /, *, now: datetime) -> Callable[[Dossier], object]:
    """Prepare the notice of revocation; return what delivers it and begins the return of devices.

    The limit of the return runs from the delivery (DOMAIN 14.4), so both are one transaction; that
    of a notice which is signed first begins with its issue (DOMAIN 14.27).
    """
    seen = Dossier.objects.select_related("agency_version", "addressee", "office").get(pk=pk)
    done = list(
        seen.items.filter(outcome=Outcome.DONE)
        .select_related("certificate", "device")
        .defer("certificate__der", "certificate__crl_entry")
    )
    refused = seen.items.filter(outcome=Outcome.REFUSED).count()
    # Key → what was revoked on it, but for certificates a new one had replaced.
    on_keys = seen.items.filter(outcome=Outcome.DONE).order_by().values("certificate__key")
    revoked = Certificate.objects.revoked().filter(key__in=on_keys)
    fallen: dict[int, list[Certificate]] = {}
    for certificate in (
        revoked.exclude(revocation_reason=RevocationReason.SUPERSEDED)
        .defer("der", "crl_entry")
        .order_by("issued_at", "pk")
    ):
        fallen.setdefault(certificate.key_id, []).append(certificate)
    prepared = papers.prepare(
        DeliveredPaper.Kind.REVOCATION_NOTICE,
        revocation_notice_of(seen, done, fallen, refused=refused, now=now),
        issuer=decider_of(seen),
        name=f"Thong-bao-thu-hoi-{seen.letter_number.replace('/', '-')}.pdf",
    )

    def deliver(closing: Dossier) -> object:
        if prepared.original is not None:
            begin_return(closing, number="", now=now)
        return papers.hand_out(closing, prepared, now=now)

    return deliver


def begin_return(dossier: Dossier, *, number: str, now: datetime) -> None:
    """Begin the return of the devices of what was revoked: the notice, by its ``number``, is
    delivered now (Điều 20). The caller holds the dossier."""
    done = dossier.items.filter(outcome=Outcome.DONE, certificate__isnull=False)
    keys = set(done.order_by().values_list("certificate__key", flat=True))
    by = f"số {number}" if number else f"theo Công văn số {dossier.letter_number}"
    # Devices are locked before the audit chain, as by whoever moves one.
    devices.open_return(
        keys,
        paper=("dossier", dossier.uuid, f"Thông báo thu hồi {by}"),
        reason=_("Chứng thư đã bị thu hồi."),
        now=now,
    )


EFFECT = Effect(carry_out=do_chunk, prepare_end=prepare_notice)


_COLUMNS = (
    ("Dòng", "8%", ""),
    ("Tên chứng thư chữ ký số", "17%", ""),
    ("Số hiệu chứng thư chữ ký số", "28%", ""),
    ("Số hiệu thiết bị lưu khóa bí mật", "17%", ""),
    ("Thu hồi lúc", "13%", ""),
    ("Lý do", "17%", ""),
)
_GIVE_BACK = with_numbers(
    "Thiết bị lưu khóa bí mật có tên trong danh sách: thuê bao nộp lại cơ quan, tổ chức quản lý "
    "trực tiếp; cơ quan, tổ chức thu lại và bàn giao trong thời hạn %(return_days)02d ngày làm "
    "việc kể từ ngày nhận được thông báo này, kèm biên bản theo Mẫu số 08 (Điều 20 Nghị định số "
    "68/2024/NĐ-CP)."
)
_LOST = (
    "Thiết bị bị thất lạc: lập biên bản xác nhận theo Mẫu số 09 và gửi ngay "
    "(Điều 20 Nghị định số 68/2024/NĐ-CP)."
)
_REFUSED = "{count} trường hợp không được chấp nhận nêu tại thông báo từ chối gửi kèm hồ sơ."


def revocation_notice_of(
    dossier: Dossier,
    items: Sequence[DossierItem],
    revoked: Mapping[int, Sequence[Certificate]],
    *,
    refused: int,
    now: datetime,
) -> Letter:
    """Return the notice to the sender, of the day of ``now``; its number stays blank.

    ``items`` are the rows done, ``revoked`` key → the certificates that fell on it: a certificate
    and its successor share the key, and the row names one of them. ``refused`` rows have a notice
    of their own.
    """
    version = decider_of(dossier).versions.order_by("-valid_from")[0]
    sender = in_proper_letters(dossier.agency_version.name)
    what = (
        f"Căn cứ {parts.DECREE_BASIS} quy định về chữ ký số chuyên dùng công vụ; theo đề nghị của "
        f"{sender} tại Công văn {letter_words(dossier)}, {in_proper_letters(version.name)} thông "
        f"báo đã thu hồi chứng thư chữ ký số của {len(items)} trường hợp có tên trong danh sách "
        "dưới đây."
    )
    opening = [what]
    if any(item.device_id for item in items):
        opening += [str(_GIVE_BACK), _LOST]
    if refused:
        opening.append(_REFUSED.format(count=refused))
    copies = [
        in_proper_letters(copy.agency.name) for copy in dossier.copies.select_related("agency")
    ]
    return Letter(
        superior=version.superior,
        agency=version.name,
        place=version.place,
        day=timezone.localdate(now),
        kind_of_document="THÔNG BÁO",
        subject="Thu hồi chứng thư chữ ký số chuyên dùng công vụ",
        opening=opening,
        list_title="Danh sách chứng thư chữ ký số đã thu hồi",
        columns=_COLUMNS,
        rows=[
            _row(item, revoked.get(item.certificate.key_id, ()) if item.certificate else ())
            for item in items
        ],
        recipients=[f"{sender};", *[f"{name} (để theo dõi);" for name in copies], "Lưu: VT."],
        signer_lines=signer_lines_of(version),
        layout_note=OWN_DESIGN,
    )


def _row(item: DossierItem, fallen: Sequence[Certificate]) -> list[str]:
    """Return one line; a row with nothing left to revoke says why in place of the moment."""
    serials = [one.serial for one in fallen] or [item.answers.get("certificate_serial", "")]
    moments = dict.fromkeys(
        f"{timezone.localtime(one.revoked_at):%H:%M:%S %d/%m/%Y}"
        for one in fallen
        if one.revoked_at
    )
    reason = reason_cell(item.answers)
    return [
        str(item.position),
        item.title,
        "\n".join(serials),
        item.device.serial if item.device else "",
        "\n".join(moments),
        f"{reason}\n{item.outcome_reason}" if item.outcome_reason else reason,
    ]
