"""Dossiers: how many were sent, answered, returned, refused."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.core.web.paging import Order
from portal.core.web.sheets import SheetColumn
from portal.reports.base import Dimension, Measure, Subject
from requests_app import kinds
from requests_app.dossier_pages.visibility import as_sent
from requests_app.models import Dossier, DossierEvent
from requests_app.titles import title_of
from requests_app.workflow import Action, State


def kind_labels() -> dict[str, str]:
    """Return kind → "Mẫu 04: Gia hạn, thay đổi …"."""
    return {kind.code: f"Mẫu {kind.number}: {kind.title}" for kind in kinds.KINDS.values()}


def ended_as(code: str, label: object, *states: State) -> Measure:
    """Return the measure of those that ended in one of ``states`` in the span."""
    return Measure(
        code,
        label,  # type: ignore[arg-type]
        lambda span: Q(ended_at__gte=span.start, ended_at__lt=span.end, state__in=states),
        is_main=code == "completed",
    )


SUBJECT = Subject(
    code="ho-so",
    title=_("Hồ sơ"),
    place=30,
    rows=Dossier.objects.visible_to,
    measures=(
        Measure(
            "sent",
            _("Gửi trong kỳ"),
            lambda span: Q(sent_at__gte=span.start, sent_at__lt=span.end),
            is_main=True,
        ),
        Measure(
            "answered",
            _("Có kết quả trong kỳ"),
            lambda span: Q(decided_on__range=(span.since, span.until)),
            is_main=True,
        ),
        Measure(
            "returned",
            _("Bị trả lại để hoàn thiện trong kỳ"),
            lambda span: Q(
                Exists(
                    DossierEvent.objects.filter(
                        dossier=OuterRef("pk"),
                        action=Action.RETURN,
                        at__gte=span.start,
                        at__lt=span.end,
                    )
                )
            ),
            is_main=True,
        ),
        ended_as("completed", _("Hoàn thành trong kỳ"), State.COMPLETED, State.PARTLY_COMPLETED),
        Measure(
            "partly",
            _("hoàn thành một phần"),
            lambda span: Q(
                ended_at__gte=span.start, ended_at__lt=span.end, state=State.PARTLY_COMPLETED
            ),
            part_of="completed",
        ),
        ended_as("rejected", _("Bị từ chối toàn bộ trong kỳ"), State.REJECTED),
        ended_as("withdrawn", _("Đã rút trong kỳ"), State.WITHDRAWN),
        Measure(
            "waiting",
            _("Đã gửi, chưa xong cuối kỳ"),
            lambda span: (
                Q(sent_at__lt=span.end) & (Q(ended_at__isnull=True) | Q(ended_at__gte=span.end))
            ),
            is_main=True,
        ),
    ),
    dimensions=(
        Dimension("body", _("Đơn vị gửi"), "agency__uuid", named_by="agency__name"),
        Dimension("office", _("Sở theo dõi"), "office__uuid", named_by="office__name"),
        Dimension("form", _("Mẫu"), "kind", kind_labels),
    ),
    order=Order("updated_at", is_descending=True),
    for_list=lambda rows: rows.select_related("agency").defer("contact", "note"),
    columns=(
        SheetColumn(_("Hồ sơ"), title_of, 60),
        SheetColumn(_("Đơn vị gửi"), lambda row: row.agency.name, 44),
        SheetColumn(_("Số văn bản"), lambda row: row.letter_number, 18),
        SheetColumn(
            _("Ngày gửi"),
            lambda row: timezone.localdate(row.sent_at) if row.sent_at else None,
            12,
        ),
        SheetColumn(_("Ngày nhận"), lambda row: row.received_on, 12),
        SheetColumn(_("Ngày có kết quả"), lambda row: row.decided_on, 14),
        SheetColumn(_("Trạng thái"), lambda row: str(row.get_state_display()), 30),
    ),
    url=lambda row: reverse("requests_app:detail", args=[row.uuid]),
    shown=as_sent,
)
