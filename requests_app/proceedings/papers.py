"""The papers of a decided request: the answer to who asked, a notice to each body concerned.

They are printed by a sweep, outside any transaction; delivering them, keeping them and the way
back of the devices are one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from devices import services as devices
from devices.models import Device
from portal.accounts.models import User
from portal.agencies.models import Agency, AgencyVersion
from portal.audit import services as audit
from portal.ca.models import Certificate
from portal.core.law import with_numbers
from portal.core.roles import Capability
from portal.core.text.names import in_proper_letters
from portal.documents import letters as paper
from portal.documents import services as documents
from portal.documents.letters import Letter
from portal.notices import services as notices
from requests_app.acts import proceedings_act
from requests_app.kinds import parts
from requests_app.kinds.base import OWN_DESIGN
from requests_app.models import ProceedingsItem, ProceedingsNotice, ProceedingsRequest
from requests_app.proceedings.services import TARGET, finding_words
from requests_app.submission.signers import block_on

LEASE = timedelta(minutes=5)
# Not who asked: what is inquired into is not told to those concerned.
_CAUSE = (
    "theo yêu cầu bằng văn bản của cơ quan tiến hành tố tụng, cơ quan công an "
    "(khoản 1 Điều 17 Nghị định số 68/2024/NĐ-CP)"
)
_GIVE_BACK = with_numbers(
    "Thiết bị lưu khóa bí mật có tên trong danh sách: thuê bao nộp lại cơ quan, tổ chức quản lý "
    "trực tiếp; cơ quan, tổ chức thu lại và bàn giao trong thời hạn %(return_days)02d ngày làm "
    "việc kể từ ngày nhận được thông báo này, kèm biên bản theo Mẫu số 08; thiết bị bị thất lạc "
    "hoặc đã bị thu giữ thì lập biên bản xác nhận theo Mẫu số 09 (Điều 20 Nghị định số "
    "68/2024/NĐ-CP)."
)
_PUBLISHED = (
    "Trạng thái thu hồi đã được công bố qua dịch vụ kiểm tra trạng thái chứng thư trực tuyến "
    "(OCSP) và danh sách chứng thư bị thu hồi (CRL)."
)
_ANSWER_COLUMNS = (
    ("TT", "7%", ""),
    ("Số hiệu chứng thư chữ ký số", "27%", ""),
    ("Chủ chứng thư; cơ quan quản lý trực tiếp", "36%", ""),
    ("Kết quả", "30%", ""),
)
_NOTICE_COLUMNS = (
    ("TT", "7%", ""),
    ("Tên chứng thư chữ ký số", "31%", ""),
    ("Số hiệu chứng thư chữ ký số", "27%", ""),
    ("Số hiệu thiết bị lưu khóa bí mật", "19%", ""),
    ("Thu hồi lúc", "16%", ""),
)


def answer_waiting(*, now: datetime, most: int = 5) -> int:
    """Print and deliver the papers of what was decided; return how many requests."""
    waiting = ProceedingsRequest.objects.unanswered().unclaimed(now).order_by("decided_at", "pk")
    return sum(_answer(pk, now=now) for pk in list(waiting.values_list("pk", flat=True)[:most]))


def _answer(pk: int, *, now: datetime) -> bool:
    unanswered = ProceedingsRequest.objects.unanswered()
    if not unanswered.claim(pk, now=now, lease=LEASE):
        return False
    request = ProceedingsRequest.objects.select_related("agency").get(pk=pk)
    items = list(
        request.items.select_related("certificate__agency").defer(
            "certificate__der", "certificate__crl_entry"
        )
    )
    fallen = _fallen(request, items)
    keys = {one.key_id for one in fallen}
    serial_of = dict(Device.objects.filter(key__in=keys).values_list("key_id", "serial"))
    issuer = request.agency.versions.order_by("-valid_from")[0]
    answer = paper.print_original(answer_of(request, items, fallen, issuer=issuer, now=now))
    of_bodies: dict[Agency, list[Certificate]] = {}
    for one in fallen:
        of_bodies.setdefault(one.agency, []).append(one)
    notes = [
        (
            body,
            paper.print_original(notice_of(body, theirs, serial_of, issuer=issuer, now=now)),
            theirs,
        )
        for body, theirs in of_bodies.items()
    ]
    with transaction.atomic():
        rows = ProceedingsRequest.objects.unanswered().select_for_update(of=("self",), no_key=True)
        locked = rows.select_related("agency").filter(pk=pk).first()
        if locked is None:  # another was quicker once the lease had run out
            return False
        name = locked.letter_number.replace("/", "-")
        locked.answer = documents.store_letter(answer, name=f"Tra-loi-{name}.pdf", now=now)
        locked.claimed_until = None
        locked.save(update_fields=["answer", "claimed_until"])
        made = [
            (
                ProceedingsNotice.objects.create(
                    request=locked,
                    agency=body,
                    office=theirs[0].office,
                    document=documents.store_letter(
                        notice, name=f"Thong-bao-thu-hoi-{now:%Y%m%d}.pdf", now=now
                    ),
                    delivered_at=now,
                ),
                theirs,
            )
            for body, notice, theirs in notes
        ]
        if keys:
            devices.open_return(
                keys,
                paper=(TARGET, None, _("Thông báo thu hồi theo yêu cầu của cơ quan tố tụng")),
                reason=_("Chứng thư đã bị thu hồi."),
                now=now,
            )
        for notice, theirs in made:
            _tell_of(notice, theirs, now=now)
        _tell_desk(locked, now=now)
        data = {"sha256": locked.answer.sha256, "notices": len(made)}
        audit.record(proceedings_act("proceedings.deliver", locked, **data), actor=None, now=now)
    return True


def _fallen(request: ProceedingsRequest, items: Sequence[ProceedingsItem]) -> list[Certificate]:
    """Return what this request revoked: the named ones and those on their keys."""
    keys = {one.certificate.key_id for one in items if one.certificate and one.is_revoked}
    found = Certificate.objects.filter(key__in=keys, revoked_at=request.decided_at)
    return list(
        found.kept_here()
        .select_related("agency", "office")
        .defer("der", "crl_entry")
        .order_by("agency", "issued_at", "pk")
    )


def _tell_of(
    notice: ProceedingsNotice, certificates: Sequence[Certificate], *, now: datetime
) -> None:
    body = notice.agency
    people = [
        *User.objects.who_can(Capability.DRAFT, agency_id=body.pk),
        *User.objects.who_can(Capability.SIGN_LETTERS, agency_id=body.pk),
    ]
    if notice.office_id:
        people += User.objects.of_office(notice.office_id)
    names = ", ".join(dict.fromkeys(one.common_name for one in certificates))
    notices.tell(
        people,
        cause=f"proceedings-notice:{notice.uuid}",
        title=_("Thông báo thu hồi %(count)d chứng thư của %(agency)s")
        % {"count": len(certificates), "agency": body.name[:120]},
        text=_("Chứng thư của %(names)s đã bị thu hồi %(cause)s.")
        % {"names": names[:600], "cause": _CAUSE},
        path=reverse("proceedings:notice", args=[notice.uuid]),
        target_type="proceedings_notice",
        target_uuid=notice.uuid,
        is_urgent=True,
        now=now,
    )


def _tell_desk(request: ProceedingsRequest, *, now: datetime) -> None:
    notices.tell(
        [request.entered_by],
        cause=f"proceedings:{request.uuid}:answer",
        title=_("Văn bản trả lời đã lập xong: %s") % request.letter_words,
        text=_("Tải về, ghi số, trình ký và gửi %(asker)s.") % {"asker": request.asker},
        path=reverse("proceedings:request", args=[request.uuid]),
        target_type=TARGET,
        target_uuid=request.uuid,
        now=now,
    )


def answer_of(
    request: ProceedingsRequest,
    items: Sequence[ProceedingsItem],
    fallen: Sequence[Certificate],
    *,
    issuer: AgencyVersion,
    now: datetime,
) -> Letter:
    """Return the answer to the body that asked; its number stays blank.

    ``fallen`` are the certificates revoked: on a key there may be one that the letter did not name.
    """
    replies = f"Phúc đáp Văn bản {request.letter_words} của {request.asker}, {issuer.name}"
    if request.state == ProceedingsRequest.State.ACCEPTED:
        result = (
            f"{replies} thông báo kết quả thu hồi chứng thư chữ ký số chuyên dùng công vụ theo "
            f"khoản 1 Điều 17 {parts.DECREE_BASIS} như sau."
        )
        opening = [result, _PUBLISHED]
        rows = _answer_rows(items, fallen)
    else:
        opening = [
            f"{replies} thông báo chưa thực hiện thu hồi chứng thư chữ ký số theo yêu cầu.",
            f"Lý do: {request.reason}",
        ]
        rows = _answer_rows(items, ())
    block = block_on(issuer, on=timezone.localdate(now))
    return Letter(
        superior=issuer.superior,
        agency=issuer.name,
        place=issuer.place,
        subject="trả lời yêu cầu thu hồi chứng thư chữ ký số",
        addressees=[request.asker],
        opening=opening,
        list_title="Danh sách chứng thư chữ ký số",
        columns=_ANSWER_COLUMNS,
        rows=rows,
        recipients=["Như trên;", "Lưu: VT."],
        signer_lines=block.lines,
        signer_name=block.name,
        layout_note=OWN_DESIGN,
    )


def _answer_rows(
    items: Sequence[ProceedingsItem], fallen: Sequence[Certificate]
) -> list[list[str]]:
    rows: list[tuple[str, Certificate | None, str]] = [
        (one.serial, one, _("Đã thu hồi lúc %s") % _moment(one)) for one in fallen
    ]
    named = {serial for serial, _one, _result in rows}
    rows += [
        (
            item.serial,
            item.certificate,
            finding_words(item) if item.finding else _("Không thu hồi"),
        )
        for item in items
        if item.serial not in named
    ]
    return [
        [str(number), serial, f"{one.common_name}\n{one.agency.name}" if one else "–", result]
        for number, (serial, one, result) in enumerate(rows, 1)
    ]


def notice_of(
    body: Agency,
    certificates: Sequence[Certificate],
    device_serials: Mapping[int, str],
    *,
    issuer: AgencyVersion,
    now: datetime,
) -> Letter:
    """Return the notice to a body whose certificates were revoked; ``device_serials`` go by key."""
    what = (
        f"Căn cứ {parts.DECREE_BASIS} quy định về chữ ký số chuyên dùng công vụ; {_CAUSE}, "
        f"{in_proper_letters(issuer.name)} thông báo đã thu hồi {len(certificates)} "
        "chứng thư chữ ký số có tên trong danh sách dưới đây."
    )
    opening = [what]
    if any(one.key_id in device_serials for one in certificates):
        opening.append(str(_GIVE_BACK))
    block = block_on(issuer, on=timezone.localdate(now))
    return Letter(
        superior=issuer.superior,
        agency=issuer.name,
        place=issuer.place,
        day=timezone.localdate(now),
        kind_of_document="THÔNG BÁO",
        subject="Thu hồi chứng thư chữ ký số chuyên dùng công vụ",
        opening=opening,
        list_title="Danh sách chứng thư chữ ký số đã thu hồi",
        columns=_NOTICE_COLUMNS,
        rows=[
            [
                str(number),
                one.common_name,
                one.serial,
                device_serials.get(one.key_id, ""),
                _moment(one),
            ]
            for number, one in enumerate(certificates, 1)
        ],
        recipients=[f"{in_proper_letters(body.name)};", "Lưu: VT."],
        signer_lines=block.lines,
        signer_name=block.name,
        layout_note=OWN_DESIGN,
    )


def _moment(certificate: Certificate) -> str:
    assert certificate.revoked_at is not None
    return f"{timezone.localtime(certificate.revoked_at):%H:%M:%S %d/%m/%Y}"
