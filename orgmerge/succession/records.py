"""The record by which a body's dossiers, subscribers and devices pass to another (275/BCY mục 3;
NĐ 30/2020 Điều 30): printed by the portal, signed by hand by both sides, its scan kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.models import Device
from orgmerge.acts import merger_act
from orgmerge.models import Merger, MergerShare, RecordsHandover, TransferEntry
from orgmerge.vocabulary import Extent, LineAbout, MergerState
from portal.accounts.models import User
from portal.agencies.models import Agency, AgencyVersion, Subscriber
from portal.audit import services as audit
from portal.core.roles import Capability
from portal.core.rules import refuse
from portal.core.text.names import in_proper_letters
from portal.documents import letters
from portal.documents import services as documents
from portal.documents.letters import Letter, Party
from requests_app import kinds
from requests_app.kinds.base import OWN_DESIGN
from requests_app.models import Dossier
from requests_app.submission.signers import block_on
from requests_app.titles import headline_of
from requests_app.workflow import State

AT_ONCE = 20
_COLUMNS = (
    ("TT", "5%", ""),
    ("Danh mục", "12%", ""),
    ("Loại", "15%", ""),
    ("Số, ký hiệu", "18%", ""),
    ("Ngày", "10%", ""),
    ("Nội dung", "28%", ""),
    ("Tình trạng", "12%", ""),
)


@dataclass(frozen=True, slots=True)
class Lists:
    """What passes from one body to another."""

    dossiers: Sequence[Dossier]
    subscribers: Sequence[Subscriber]
    devices: Sequence[Device]

    def counts(self) -> dict[str, Any]:
        """Return how many there are of which: what lists and pages show."""
        forms = Counter(kinds.get(one.kind).number for one in self.dossiers)
        return {
            "dossiers": dict(sorted(forms.items())),
            "subscribers": len(self.subscribers),
            "devices": len(self.devices),
        }


def make_records(*, now: datetime) -> int:
    """Print the records of the bodies whose things have all been transferred; return how many.

    A record is printed outside the transaction that keeps it; two workers keep one.
    """
    kept = RecordsHandover.objects.filter(
        merger=OuterRef("merger"), old=OuterRef("old"), body=OuterRef("new")
    )
    shares = MergerShare.objects.filter(
        ~Exists(kept),
        merger__state__in=[MergerState.IN_FORCE, MergerState.COMPLETED],
        took_effect_at__isnull=False,
        new__handed_over_at__isnull=False,
    )
    waiting = (
        shares.filter(new__agency__isnull=False)
        .exclude(new__agency=F("old"))
        .select_related("merger", "old", "new__agency")
    )
    return sum(_make(share, now=now) for share in waiting.order_by("pk")[:AT_ONCE])


def _make(share: MergerShare, *, now: datetime) -> bool:
    lists = lists_of(share)
    original = letters.print_original(letter_of(share, lists))
    with transaction.atomic():
        merger = (
            Merger.objects.select_for_update(of=("self",), no_key=True)
            .select_related("office")
            .get(pk=share.merger_id)
        )
        handover, is_new = RecordsHandover.objects.get_or_create(
            merger=merger,
            old=share.old,
            body=share.new,
            defaults={"counts": lists.counts(), "made_at": now},
        )
        if not is_new:
            return False
        handover.record = documents.store_letter(
            original, name="Bien-ban-ban-giao-ho-so.pdf", now=now
        )
        handover.save(update_fields=["record"])
        act = merger_act("merger.make_record", merger, record=str(handover.uuid), **lists.counts())
        audit.record(act, actor=None, now=now)
    return True


def lists_of(share: MergerShare) -> Lists:
    """Return what passes by one share: of a body transferred as a whole every dossier it sent, of a
    part those that went with it; people, systems and devices by what was noted as they went."""
    assert share.new is not None
    # Its offices without a seal ended with it: what they had is its own.
    offices = Agency.objects.filter(
        parent=share.old_id, has_seal=False, dissolved_on=share.merger.effective_on
    )
    olds = [share.old_id, *offices.order_by().values_list("pk", flat=True)]
    gone = TransferEntry.objects.filter(
        merger=share.merger_id, old__in=olds, new=share.new.agency_id
    ).order_by()
    dossiers = Dossier.objects.filter(
        pk__in=gone.filter(about=LineAbout.DOSSIER).values("target_id")
    )
    if share.extent == Extent.WHOLE:
        theirs = Q(agency=share.old_id) | Q(agency_version__agency=share.old_id)
        dossiers |= Dossier.objects.filter(theirs)  # beside what lay with an office
    subscribers = Subscriber.objects.filter(
        pk__in=gone.filter(about=LineAbout.SUBSCRIBER).values("target_id")
    )
    devices = Device.objects.filter(pk__in=gone.filter(about=LineAbout.DEVICE).values("target_id"))
    return Lists(
        list(dossiers.filter(sent_at__isnull=False).order_by("kind", "letter_date", "pk")),
        list(subscribers.order_by("sort_name", "pk")),
        list(devices.select_related("subscriber").order_by("serial")),
    )


def letter_of(share: MergerShare, lists: Lists) -> Letter:
    """Return the record; both sides sign it by hand, its number stays blank."""
    merger = share.merger
    assert share.new is not None
    assert share.new.agency is not None
    giver = (
        AgencyVersion.objects.filter(agency=share.old_id, valid_from__lt=merger.effective_on)
        .order_by("-valid_from")
        .select_related("parent")[0]
    )
    taker = share.new.agency.versions.order_by("-valid_from").select_related("parent")[0]
    rows = [
        [
            "I",
            f"Mẫu {kinds.get(one.kind).number}",
            one.letter_number,
            f"{one.letter_date:%d/%m/%Y}" if one.letter_date else "",
            headline_of(one),
            str(State(one.state).label),
        ]
        for one in lists.dossiers
    ]
    rows += [["II", str(one.get_kind_display()), "", "", one.name, ""] for one in lists.subscribers]
    rows += [
        [
            "II",
            str(one.get_kind_display()),
            one.serial,
            "",
            one.subscriber.name if one.subscriber else "",
            str(one.get_custody_display()),
        ]
        for one in lists.devices
    ]
    opening = (
        f"Thực hiện {merger.decision} ngày {merger.decided_on:%d/%m/%Y}, có hiệu lực từ ngày "
        f"{merger.effective_on:%d/%m/%Y}; theo Công văn số 275/BCY-CTSBMTT và Điều 30 Nghị định "
        f"số 30/2020/NĐ-CP, {in_proper_letters(giver.name)} (bên giao) bàn giao cho "
        f"{in_proper_letters(taker.name)} (bên nhận) "
        f"{len(lists.dossiers)} hồ sơ, {len(lists.subscribers)} thuê bao và "
        f"{len(lists.devices)} thiết bị theo hai danh mục dưới đây."
    )
    return Letter(
        superior=taker.superior,
        agency=taker.name,
        place=taker.place,
        kind_of_document="BIÊN BẢN",
        subject="Bàn giao hồ sơ, thuê bao và thiết bị lưu khóa bí mật",
        opening=[opening, _TWO_LISTS, _TWO_COPIES],
        list_title="Danh mục hồ sơ, thuê bao, thiết bị bàn giao",
        columns=_COLUMNS,
        rows=[[str(number), *row] for number, row in enumerate(rows, start=1)],
        closing="",
        recipients=["Như thành phần ký;", "Lưu: VT."],
        parties=[
            Party("BÊN GIAO", *block_on(giver, on=merger.effective_on - timedelta(days=1))),
            Party("BÊN NHẬN", *block_on(taker, on=merger.effective_on)),
        ],
        layout_note=OWN_DESIGN,
        lies_wide=True,
    )


_TWO_LISTS = (
    "Danh mục I: hồ sơ đề nghị cấp, gia hạn, thay đổi thông tin, thu hồi, khôi phục và hồ sơ giao "
    "nhận thiết bị. Danh mục II: thuê bao và thiết bị. Thiết bị của cơ quan được giao cho văn thư "
    "bên nhận giữ (Điều 32 Nghị định số 30/2020/NĐ-CP)."
)
_TWO_COPIES = "Biên bản lập thành hai bản, mỗi bên giữ một bản."


@transaction.atomic
def keep_signed(
    handover: RecordsHandover, file: UploadedFile[Any], *, actor: User, now: datetime
) -> RecordsHandover:
    """Keep the scan of the record both sides signed; the receiving body's clerk hands it in.

    Raises RecordsHandover.DoesNotExist, PermissionDenied or Refused.
    """
    rows = RecordsHandover.objects.visible_to(actor).select_for_update(of=("self",), no_key=True)
    locked = rows.select_related("merger__office", "body").get(pk=handover.pk)
    if not actor.can(Capability.HAND_IN_RECORDS) or locked.body.agency_id not in actor.body_ids:
        raise PermissionDenied("the receiving body's clerk hands the signed record in")
    if locked.signed_at is not None:
        raise refuse(
            "signed_already",
            _("Biên bản đã ký được tải lên ngày %(day)s.")
            % {"day": f"{timezone.localtime(locked.signed_at):%d/%m/%Y}"},
            way_out=_("Mở biên bản đã ký để xem."),
        )
    locked.signed = documents.store_upload(file, now=now, is_signed_paper=True)
    locked.signed_by, locked.signed_at = actor, now
    locked.save(update_fields=["signed", "signed_by", "signed_at"])
    act = merger_act("merger.sign_record", locked.merger, record=str(locked.uuid))
    audit.record(act, actor=actor, now=now)
    return locked
