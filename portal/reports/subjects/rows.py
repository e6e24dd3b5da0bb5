"""Rows of dossiers: each person, organisation, system or device that was asked for."""

from __future__ import annotations

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.ca.models import Storage
from portal.core.web.paging import Order
from portal.core.web.sheets import SheetColumn
from portal.reports.base import Dimension, Measure, Subject
from portal.reports.spans import Span
from portal.reports.subjects.dossiers import kind_labels
from requests_app.models import Decision, Dossier, DossierItem, Outcome


def _decided(span: Span) -> Q:
    return Q(dossier__decided_on__range=(span.since, span.until))


SUBJECT = Subject(
    code="truong-hop",
    title=_("Trường hợp trong hồ sơ"),
    place=40,
    rows=lambda user: DossierItem.objects.filter(
        dossier__in=Dossier.objects.visible_to(user).read_as_sent_by(user).order_by()
    ),
    measures=(
        Measure(
            "asked",
            _("Đề nghị trong kỳ"),
            lambda span: Q(dossier__sent_at__gte=span.start, dossier__sent_at__lt=span.end),
            is_main=True,
        ),
        Measure(
            "accepted",
            _("Được chấp nhận trong kỳ"),
            lambda span: _decided(span) & Q(decision=Decision.ACCEPTED),
            is_main=True,
        ),
        Measure(
            "done",
            _("đã thực hiện"),
            lambda span: _decided(span) & Q(decision=Decision.ACCEPTED, outcome=Outcome.DONE),
            part_of="accepted",
        ),
        Measure(
            "failed",
            _("thực hiện bị lỗi"),
            lambda span: _decided(span) & Q(decision=Decision.ACCEPTED, outcome=Outcome.FAILED),
            part_of="accepted",
        ),
        Measure(
            "refused",
            _("Bị từ chối trong kỳ, có lý do"),
            lambda span: _decided(span) & Q(decision=Decision.REFUSED),
            is_main=True,
        ),
    ),
    dimensions=(
        Dimension(
            "body", _("Đơn vị gửi"), "dossier__agency__uuid", named_by="dossier__agency__name"
        ),
        Dimension(
            "office", _("Sở theo dõi"), "dossier__office__uuid", named_by="dossier__office__name"
        ),
        Dimension("form", _("Mẫu"), "dossier__kind", kind_labels),
        Dimension("storage", _("Nơi lưu khóa"), "storage", lambda: dict(Storage.choices)),
    ),
    order=Order("search_title"),
    for_list=lambda rows: rows.select_related("dossier__agency").defer("answers"),
    columns=(
        SheetColumn(_("Trường hợp"), lambda row: row.title, 40),
        SheetColumn(_("Đơn vị gửi"), lambda row: row.dossier.agency.name, 44),
        SheetColumn(_("Mẫu"), lambda row: kind_labels()[row.dossier.kind], 40),
        SheetColumn(_("Số văn bản"), lambda row: row.dossier.letter_number, 18),
        SheetColumn(_("Ngày có kết quả"), lambda row: row.dossier.decided_on, 14),
        SheetColumn(_("Xử lý"), lambda row: str(row.get_decision_display()), 16),
        SheetColumn(_("Lý do từ chối"), lambda row: row.decision_reason, 50),
    ),
    url=lambda row: reverse("requests_app:detail", args=[row.dossier.uuid]),
)
