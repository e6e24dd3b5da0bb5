"""Alarms of use: certificates that signed when they must not."""

from __future__ import annotations

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.core.web.paging import Order
from portal.core.web.sheets import SheetColumn
from portal.reports.base import Dimension, Measure, Subject
from portal.reports.subjects.certificates import during
from portal.usage.models import UsageAlarm
from portal.usage.rules import Offence

SUBJECT = Subject(
    code="canh-bao",
    title=_("Cảnh báo ký sai thời điểm"),
    place=62,
    rows=UsageAlarm.objects.visible_to,
    measures=(
        Measure("raised", _("Phát sinh trong kỳ"), during("raised_at"), is_main=True),
        *(
            Measure(one.value, one.label, during("raised_at", offence=one), part_of="raised")
            for one in Offence
        ),
        Measure("closed", _("Kết luận trong kỳ"), during("closed_at"), is_main=True),
        Measure(
            "open",
            _("Chưa kết luận cuối kỳ"),
            lambda span: (
                Q(raised_at__lt=span.end) & (Q(closed_at__isnull=True) | Q(closed_at__gte=span.end))
            ),
            is_main=True,
        ),
    ),
    dimensions=(
        Dimension(
            "body",
            _("Đơn vị"),
            "certificate__agency__uuid",
            named_by="certificate__agency__name",
        ),
        Dimension(
            "office",
            _("Sở theo dõi"),
            "certificate__office__uuid",
            named_by="certificate__office__name",
        ),
        Dimension("offence", _("Trường hợp"), "offence", lambda: dict(Offence.choices)),
    ),
    order=Order("raised_at", is_descending=True),
    for_list=lambda rows: rows.for_list(),  # type: ignore[attr-defined]
    columns=(
        SheetColumn(_("Chứng thư"), lambda row: row.certificate.common_name, 36),
        SheetColumn(_("Số hiệu"), lambda row: row.certificate.serial, 20),
        SheetColumn(_("Đơn vị"), lambda row: row.certificate.agency.name, 44),
        SheetColumn(_("Trường hợp"), lambda row: str(row.get_offence_display()), 40),
        SheetColumn(_("Cảnh báo ngày"), lambda row: timezone.localdate(row.raised_at), 14),
        SheetColumn(
            _("Kết luận ngày"),
            lambda row: timezone.localdate(row.closed_at) if row.closed_at else None,
            14,
        ),
    ),
    url=lambda row: reverse("usage:alarm", args=[row.uuid]),
)
