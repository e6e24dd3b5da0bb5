"""The list of bodies before and after, which goes to the CA before anything else (275/BCY mục 4).

Its own layout, marked so. Until it is recorded as sent nothing of the plan is carried out: without
it the CA's register does not know the new bodies.
"""

from __future__ import annotations

from datetime import date, datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from orgmerge.acts import merger_act
from orgmerge.models import Merger
from orgmerge.models.querysets import MergerQuerySet
from orgmerge.succession.bodies import offices_that_end
from orgmerge.vocabulary import Extent, MergerState
from portal.accounts.models import User
from portal.agencies.models import AgencyVersion
from portal.audit import services as audit
from portal.core.roles import Capability
from portal.core.rules import Refused, Violation
from portal.core.text.names import in_proper_letters
from portal.core.text.vietnamese import nfc
from portal.documents import letters
from portal.documents import services as documents
from requests_app.kinds.base import OWN_DESIGN
from requests_app.submission.letter_content import CA_ADDRESSEE
from requests_app.submission.signers import block_on

BASIS = "Công văn số 275/BCY-CTSBMTT"
_APPROVED = (MergerState.APPROVED, MergerState.IN_FORCE)
_COLUMNS = (
    ("TT", "5%", ""),
    ("Cơ quan trước sắp xếp", "25%", ""),
    ("Mã định danh", "13%", ""),
    ("Cơ quan sau sắp xếp", "25%", ""),
    ("Mã định danh", "13%", ""),
    ("Hình thức", "19%", ""),
)

_EXTENTS = {Extent.WHOLE: "Chuyển toàn bộ", Extent.PARTLY: "Chuyển một phần"}
_OPENING = (
    "Thực hiện {merger.decision} ngày {merger.decided_on:%d/%m/%Y} ({merger.title}), có hiệu lực "
    "từ ngày {merger.effective_on:%d/%m/%Y}; theo hướng dẫn tại {basis}, {sender} gửi danh sách "
    "cơ quan, tổ chức trước và sau sắp xếp để cập nhật."
)


def make_lists(*, now: datetime) -> int:
    """Print the list of every approved reorganisation that has none of the present approval;
    return how many. The letter is made outside the transaction that keeps it."""
    waiting = _without_list().filter(approved_at__lte=now)
    return sum(_make(pk, now=now) for pk in waiting.order_by("pk").values_list("pk", flat=True))


def _without_list() -> MergerQuerySet:
    """Whoever recorded that it was sent before it was printed still gets it; one that was sent
    stays as it went."""
    is_older = Q(list_sent_on__isnull=True, list_document__created_at__lt=F("approved_at"))
    return Merger.objects.filter(Q(list_document__isnull=True) | is_older, state__in=_APPROVED)


def _make(pk: int, *, now: datetime) -> bool:
    seen = Merger.objects.select_related("office").get(pk=pk)
    original = letters.print_original(letter_of(seen, on=timezone.localdate(now)))
    with transaction.atomic():
        rows = _without_list().select_for_update(of=("self",), no_key=True)
        merger = rows.select_related("office").filter(pk=pk, approved_at=seen.approved_at).first()
        if merger is None or merger.list_document_id != seen.list_document_id:
            return False
        merger.list_document = documents.store_letter(
            original, name="Danh-sach-co-quan-sap-xep.pdf", now=now
        )
        merger.save(update_fields=["list_document"])
        audit.record(merger_act("merger.make_list", merger), actor=None, now=now)
    return True


@transaction.atomic
def record_sent(merger: Merger, *, number: str, sent_on: date, actor: User, now: datetime) -> None:
    """Note the number and day with which the list went to the CA; what was noted can be mended.

    Raises Merger.DoesNotExist, PermissionDenied or Refused.
    """
    found = Merger.objects.visible_to(actor).select_for_update(of=("self",), no_key=True)
    locked = found.select_related("office").get(pk=merger.pk)
    if not actor.can(Capability.PREPARE_REORGANISATIONS) or not locked.is_led_by(actor):
        raise PermissionDenied("only an officer of the leading office sends the list")
    violations = []
    if locked.state not in _APPROVED:
        violations.append(
            Violation(
                "not_approved",
                _("Danh sách chỉ gửi Cục khi phương án đã được phê duyệt."),
                way_out=_("Trình lãnh đạo phê duyệt phương án trước."),
            )
        )
    if not nfc(number):
        violations.append(
            Violation(
                "no_number",
                _("Chưa nhập số công văn gửi danh sách."),
                way_out=_("Nhập số, ký hiệu do hệ thống văn bản của Sở cấp."),
            )
        )
    if not locked.decided_on <= sent_on <= timezone.localdate(now):
        violations.append(
            Violation(
                "odd_day",
                _("Ngày gửi phải từ ngày quyết định (%(first)s) đến hôm nay.")
                % {"first": f"{locked.decided_on:%d/%m/%Y}"},
                way_out=_("Kiểm tra lại ngày trên công văn."),
            )
        )
    if violations:
        raise Refused(*violations)
    locked.list_number, locked.list_sent_on = nfc(number), sent_on
    locked.save(update_fields=["list_number", "list_sent_on"])
    act = merger_act("merger.send_list", locked, number=nfc(number), sent_on=sent_on.isoformat())
    audit.record(act, actor=actor, now=now)


def letter_of(merger: Merger, *, on: date) -> letters.Letter:
    """Return the letter with the list, signed for on a day; its number and day stay blank."""
    version = merger.office.versions.order_by("-valid_from").select_related("parent")[0]
    contact = [
        ("Đầu mối", merger.contact_name),
        ("Chức vụ", merger.contact_position),
        ("Điện thoại", merger.contact_phone),
        ("Thư điện tử công vụ", merger.contact_email),
    ]
    shares = list(merger.shares.select_related("old", "new").order_by("position"))
    before = date.fromordinal(merger.effective_on.toordinal() - 1)
    versions = AgencyVersion.objects.on(before).filter(
        agency__in=merger.shares.order_by().values("old")
    )
    codes = dict(versions.values_list("agency", "agency_code"))
    names = dict(versions.values_list("agency", "name"))
    ending = offices_that_end(merger, shares)
    rows = []
    for share in shares:
        new, what = share.new, str(_EXTENTS[Extent(share.extent)])
        if share.old_id in ending:
            new, what = ending[share.old_id][0].new, "Chấm dứt cùng cơ quan cấp trên"
        elif new is None:
            what = "Giải thể"
        elif new.agency_id == share.old_id:
            what = "Tiếp tục hoạt động, thay đổi thông tin"
        code = (new.agency_code or codes.get(new.agency_id or 0, "")) if new else ""
        rows.append(
            [
                names.get(share.old_id, share.old.name),
                codes.get(share.old_id, ""),
                new.name if new else "",
                code,
                what,
            ]
        )
    block = block_on(version, on=on)
    return letters.Letter(
        superior=version.superior,
        agency=version.name,
        place=version.place,
        subject="cập nhật danh sách cơ quan, tổ chức sau sắp xếp",
        addressees=[CA_ADDRESSEE],
        opening=[
            _OPENING.format(merger=merger, basis=BASIS, sender=in_proper_letters(version.name)),
        ],
        contact_title="Đầu mối liên hệ",
        contact=[[pair] for pair in contact if pair[1]],
        list_title="Danh sách cơ quan, tổ chức trước và sau sắp xếp",
        columns=_COLUMNS,
        rows=[[str(number), *row] for number, row in enumerate(rows, start=1)],
        recipients=["Như trên;", "Lưu: VT."],
        signer_lines=block.lines,
        signer_name=block.name,
        layout_note=OWN_DESIGN,
        lies_wide=True,
    )
