"""What had a limit: done in time, done late, still owed; devices that had to be given back."""

from __future__ import annotations

from django.db.models import F, Q
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.core.web.paging import Order
from portal.core.web.sheets import SheetColumn
from portal.deadlines.models import Counts, Deadline, DeadlineKind
from portal.deadlines.querysets import CERTIFICATE_KINDS
from portal.reports.base import Dimension, Measure, Subject
from portal.reports.spans import Span

_RETURN = Q(kind=DeadlineKind.DEVICE_RETURN)


def _done(span: Span) -> Q:
    return Q(done_at__gte=span.start, done_at__lt=span.end)


def _open_at_end(span: Span) -> Q:
    """Open when the span ended, whatever came of it since."""
    found = Q(received_on__lte=span.until)
    for column in ("done_at", "cancelled_at", "lapsed_at"):
        found &= Q(**{f"{column}__isnull": True}) | Q(**{f"{column}__gte": span.end})
    return found


SUBJECT = Subject(
    code="thoi-han",
    title=_("Việc có thời hạn"),
    place=50,
    rows=lambda user: (
        Deadline.objects.visible_to(user)
        .exclude(counts=Counts.FIXED)
        .annotate(done_on=TruncDate("done_at"))
    ),
    measures=(
        Measure("done", _("Xong trong kỳ"), _done, is_main=True),
        Measure(
            "in_time",
            _("đúng hạn"),
            lambda span: _done(span) & Q(done_on__lte=F("due_on")),
            part_of="done",
        ),
        Measure(
            "late",
            _("trễ hạn"),
            lambda span: _done(span) & Q(done_on__gt=F("due_on")),
            part_of="done",
            is_main=True,
        ),
        Measure("open", _("Chưa xong cuối kỳ"), _open_at_end, is_main=True),
        Measure(
            "overdue",
            _("đã quá hạn"),
            lambda span: _open_at_end(span) & Q(due_on__lte=span.until),
            part_of="open",
            is_main=True,
        ),
        Measure(
            "to_return",
            _("Thiết bị phải nộp lại, chưa nộp cuối kỳ"),
            lambda span: _open_at_end(span) & _RETURN,
        ),
        Measure(
            "to_return_overdue",
            _("đã quá hạn nộp"),
            lambda span: _open_at_end(span) & _RETURN & Q(due_on__lte=span.until),
            part_of="to_return",
        ),
        Measure(
            "given_back", _("Thiết bị đã nộp lại trong kỳ"), lambda span: _done(span) & _RETURN
        ),
    ),
    dimensions=(
        Dimension("body", _("Đơn vị phải làm"), "agency__uuid", named_by="agency__name"),
        Dimension("office", _("Sở theo dõi"), "office__uuid", named_by="office__name"),
        Dimension(
            "work",
            _("Việc"),
            "kind",
            lambda: {k: v for k, v in DeadlineKind.choices if k not in CERTIFICATE_KINDS},
        ),
    ),
    order=Order("due_on"),
    for_list=lambda rows: rows.select_related("agency"),
    columns=(
        SheetColumn(_("Việc"), lambda row: row.title, 50),
        SheetColumn(_("Loại việc"), lambda row: str(row.get_kind_display()), 36),
        SheetColumn(_("Đơn vị phải làm"), lambda row: row.agency.name, 44),
        SheetColumn(_("Ngày nhận"), lambda row: row.received_on, 12),
        SheetColumn(_("Hạn"), lambda row: row.due_on, 12),
        SheetColumn(
            _("Xong ngày"),
            lambda row: timezone.localdate(row.done_at) if row.done_at else None,
            12,
        ),
    ),
    url=lambda row: row.path,
)
