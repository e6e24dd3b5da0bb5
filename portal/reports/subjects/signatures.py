"""Signatures that systems reported: sums by month, system and kind of document (decision 34)."""

from __future__ import annotations

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.core.web.paging import Order
from portal.core.web.sheets import SheetColumn
from portal.reports.base import Dimension, Measure, Subject
from portal.usage.figures import visible_sums
from portal.usage.models import SystemKind
from portal.usage.rules import DocumentKind

SUBJECT = Subject(
    code="luot-ky",
    title=_("Lượt ký số được các hệ thống báo"),
    place=61,
    rows=lambda user: visible_sums(user).filter(count__gt=0),
    measures=(
        Measure(
            "signed",
            _("Lượt ký (các tháng bắt đầu trong kỳ)"),
            lambda span: Q(month__range=(span.since, span.until)),
            is_main=True,
            amount="count",
        ),
    ),
    dimensions=(
        Dimension("body", _("Đơn vị"), "agency__uuid", named_by="agency__name"),
        Dimension(
            "office", _("Sở theo dõi"), "agency__office__uuid", named_by="agency__office__name"
        ),
        Dimension("system", _("Loại hệ thống"), "system__kind", lambda: dict(SystemKind.choices)),
        Dimension(
            "document", _("Loại văn bản"), "document_kind", lambda: dict(DocumentKind.choices)
        ),
    ),
    order=Order("month", is_descending=True),
    for_list=lambda rows: rows.select_related("agency", "system"),
    columns=(
        SheetColumn(_("Đơn vị"), lambda row: row.agency.name, 44),
        SheetColumn(_("Tháng"), lambda row: f"{row.month:%m/%Y}", 10),
        SheetColumn(_("Hệ thống"), lambda row: row.system.name, 36),
        SheetColumn(_("Loại văn bản"), lambda row: str(row.get_document_kind_display()), 30),
        SheetColumn(_("Lượt ký"), lambda row: row.count, 12),
    ),
    url=lambda row: reverse("usage:body", args=[row.agency.uuid]),
)
