"""What was done with devices: handed over, locked, unlocked, lost, given back. Each is a move."""

from __future__ import annotations

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from devices.lifecycle import Move
from devices.models import DeviceKind
from portal.core.web.paging import Order
from portal.core.web.sheets import SheetColumn
from portal.reports.base import Dimension, Measure, Subject
from requests_app.registers.books.handovers import moves_visible_to


def _moved(move: Move, label: object) -> Measure:
    return Measure(
        str(move.value),
        label,  # type: ignore[arg-type]
        lambda span: Q(move=move, happened_on__range=(span.since, span.until)),
        is_main=move in (Move.HAND_OVER, Move.REPORT_LOST, Move.UNLOCK, Move.RETURN_TO_CA),
    )


SUBJECT = Subject(
    code="thiet-bi",
    title=_("Thiết bị lưu khóa"),
    place=20,
    rows=moves_visible_to,
    measures=(
        _moved(Move.HAND_OVER, _("Lượt bàn giao cho thuê bao")),
        _moved(Move.LOCK, _("Lượt bị khóa")),
        _moved(Move.UNLOCK, _("Lượt khôi phục")),
        _moved(Move.REPORT_DAMAGED, _("Lượt báo hỏng")),
        _moved(Move.REPORT_LOST, _("Lượt báo thất lạc")),
        _moved(Move.FIND, _("Lượt tìm lại được")),
        _moved(Move.RECALL, _("Lượt yêu cầu thu hồi")),
        _moved(Move.TAKE_BACK, _("Lượt thu hồi về đơn vị")),
        _moved(Move.RETURN_TO_CA, _("Lượt nộp lại Cục")),
    ),
    dimensions=(
        Dimension("body", _("Đơn vị"), "agency__uuid", named_by="agency__name"),
        Dimension(
            "office", _("Sở theo dõi"), "agency__office__uuid", named_by="agency__office__name"
        ),
        Dimension("device", _("Loại thiết bị"), "device__kind", lambda: dict(DeviceKind.choices)),
    ),
    order=Order("at", is_descending=True),
    for_list=lambda rows: rows,
    columns=(
        SheetColumn(_("Thiết bị"), lambda row: row.device.serial, 24),
        SheetColumn(_("Loại"), lambda row: str(row.device.get_kind_display()), 14),
        SheetColumn(_("Việc"), lambda row: str(row.get_move_display()), 28),
        SheetColumn(_("Ngày"), lambda row: row.happened_on, 12),
        SheetColumn(_("Đơn vị"), lambda row: row.agency.name if row.agency else "", 44),
        SheetColumn(
            _("Thuê bao"), lambda row: row.subscriber.name if row.subscriber else row.holder, 30
        ),
        SheetColumn(_("Chứng từ"), lambda row: row.document_label, 40),
    ),
    url=lambda row: reverse("devices:detail", args=[row.device.uuid]),
)
