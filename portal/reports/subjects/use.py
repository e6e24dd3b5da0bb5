"""Use of certificates: which signed in the span, which lay idle when it ended."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from portal.agencies.models import SubscriberKind
from portal.ca.models import Certificate
from portal.core.web.paging import Order
from portal.core.web.sheets import SheetColumn
from portal.reports.base import Dimension, Measure, Subject
from portal.reports.spans import Span
from portal.reports.subjects.certificates import valid_at_end
from portal.usage.models import BodyMonth, UsageMonth
from portal.usage.rules import IDLE_DAYS, month_of


def _idle(span: Span, days: int) -> Q:
    """Valid when the span ended, for so long and without signing, of a body that was reported on:
    elsewhere nobody knows."""
    bound = span.end - timedelta(days=days)
    since = month_of(bound)
    months = UsageMonth.objects.filter(
        certificate=OuterRef("pk"), month__range=(since, span.until), last_at__gt=bound, count__gt=0
    )
    told = BodyMonth.objects.filter(agency=OuterRef("agency"), month__lte=since, count__gt=0)
    return valid_at_end(span) & Q(not_before__lte=bound) & ~Q(Exists(months)) & Q(Exists(told))


SUBJECT = Subject(
    code="su-dung",
    title=_("Sử dụng chứng thư"),
    place=60,
    rows=Certificate.objects.visible_to,
    measures=(
        Measure(  # in a month that began in the span: use is kept by month (decision 34)
            "used",
            _("Có ký trong kỳ (theo tháng)"),
            lambda span: Q(
                Exists(
                    UsageMonth.objects.filter(
                        certificate=OuterRef("pk"),
                        month__range=(span.since, span.until),
                        count__gt=0,
                    )
                )
            ),
            is_main=True,
        ),
        *(
            Measure(
                f"idle_{days}",
                format_lazy(_("Không dùng từ {days} ngày trở lên, cuối kỳ"), days=days),
                partial(_idle, days=days),
                is_main=days == IDLE_DAYS[0],
            )
            for days in IDLE_DAYS
        ),
    ),
    dimensions=(
        Dimension("body", _("Đơn vị"), "agency__uuid", named_by="agency__name"),
        Dimension("office", _("Sở theo dõi"), "office__uuid", named_by="office__name"),
        Dimension("kind", _("Loại thuê bao"), "kind", lambda: dict(SubscriberKind.choices)),
    ),
    order=Order("not_after"),
    for_list=lambda rows: rows.for_list().select_related("agency"),  # type: ignore[attr-defined]
    columns=(
        SheetColumn(_("Tên chứng thư"), lambda row: row.common_name, 36),
        SheetColumn(_("Loại thuê bao"), lambda row: str(row.get_kind_display()), 16),
        SheetColumn(_("Đơn vị"), lambda row: row.agency.name, 44),
        SheetColumn(_("Số hiệu chứng thư"), lambda row: row.serial, 20),
        SheetColumn(_("Hiệu lực đến"), lambda row: timezone.localdate(row.not_after), 12),
    ),
    url=lambda row: reverse("usage:certificate", args=[row.uuid]),
)
