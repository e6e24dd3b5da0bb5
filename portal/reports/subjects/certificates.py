"""Certificates: how many are valid, were issued, renewed, changed, revoked, end soon."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from portal.agencies.models import SubscriberKind
from portal.ca.models import Certificate, RevocationReason, Storage
from portal.core.web.paging import Order
from portal.core.web.sheets import SheetColumn
from portal.demand.models import DemandProposal
from portal.reports.base import Dimension, Measure, Subject
from portal.reports.spans import Span

ENDING_WITHIN = (30, 60, 90)  # days after the span


def within(column: str, span: Span) -> Q:
    """Return the condition that a moment lies in the span."""
    return Q(**{f"{column}__gte": span.start, f"{column}__lt": span.end})


def during(column: str, **also: object) -> Callable[[Span], Q]:
    """Return the condition that a moment lies in the span, and that columns hold these values."""
    return lambda span: within(column, span) & Q(**also)


def valid_at_end(span: Span) -> Q:
    """Return the condition that a certificate was valid when the span ended."""
    stands = Q(revoked_at__isnull=True) | Q(revoked_at__gte=span.end)
    return Q(issued_at__lt=span.end, not_before__lt=span.end, not_after__gte=span.end) & stands


def _ending(days: int) -> Measure:
    return Measure(
        f"ending_{days}",
        format_lazy(_("hết hạn trong {days} ngày sau kỳ"), days=days),
        lambda span: valid_at_end(span) & Q(not_after__lt=span.end + timedelta(days=days)),
        part_of="valid",
        is_main=days == ENDING_WITHIN[0],
    )


SUBJECT = Subject(
    code="chung-thu",
    title=_("Chứng thư"),
    place=10,
    rows=Certificate.objects.visible_to,
    measures=(
        Measure("valid", _("Còn hiệu lực cuối kỳ"), valid_at_end, is_main=True),
        *(_ending(days) for days in ENDING_WITHIN),
        Measure(
            "issued",
            _("Cấp mới trong kỳ"),
            during("issued_at", predecessor__isnull=True),
            is_main=True,
        ),
        Measure(  # its body had sent its demand of the span's year by the span's end
            "issued_planned",
            _("cho đơn vị có đề xuất nhu cầu của năm"),
            lambda span: (
                within("issued_at", span)
                & Q(predecessor__isnull=True)
                & Q(
                    Exists(
                        DemandProposal.objects.filter(
                            agency=OuterRef("agency"),
                            sent_at__lt=span.end,
                            round__first_year__lte=span.until.year,
                            round__last_year__gte=span.until.year,
                        )
                    )
                )
            ),
            part_of="issued",
        ),
        Measure(
            "renewed",
            _("Gia hạn trong kỳ"),
            during("issued_at", renewals__gt=F("predecessor__renewals")),
            is_main=True,
        ),
        Measure(
            "changed",
            _("Thay đổi thông tin trong kỳ"),
            during("issued_at", renewals=F("predecessor__renewals")),
            is_main=True,
        ),
        Measure(
            "revoked",  # what another took the place of was not taken from its holder
            _("Thu hồi trong kỳ"),
            lambda span: (
                within("revoked_at", span) & ~Q(revocation_reason=RevocationReason.SUPERSEDED)
            ),
            is_main=True,
        ),
        *(
            Measure(
                f"revoked_{one.value}",
                one.label,
                during("revoked_at", revocation_reason=one),
                part_of="revoked",
            )
            for one in RevocationReason
            if one != RevocationReason.SUPERSEDED
        ),
        Measure(
            "superseded",
            _("Thay bằng chứng thư mới trong kỳ"),
            during("revoked_at", revocation_reason=RevocationReason.SUPERSEDED),
        ),
        Measure(
            "expired",
            _("Hết hạn trong kỳ, không được thay"),
            lambda span: (
                within("not_after", span)
                & (Q(revoked_at__isnull=True) | Q(revoked_at__gte=F("not_after")))
            ),
            is_main=True,
        ),
    ),
    dimensions=(
        Dimension("body", _("Đơn vị"), "agency__uuid", named_by="agency__name"),
        Dimension("office", _("Sở theo dõi"), "office__uuid", named_by="office__name"),
        Dimension("kind", _("Loại thuê bao"), "kind", lambda: dict(SubscriberKind.choices)),
        Dimension("storage", _("Nơi lưu khóa"), "key__storage", lambda: dict(Storage.choices)),
    ),
    order=Order("not_after"),
    for_list=lambda rows: rows.for_list().select_related("agency", "key"),  # type: ignore[attr-defined]
    columns=(
        SheetColumn(_("Tên chứng thư"), lambda row: row.common_name, 36),
        SheetColumn(_("Loại thuê bao"), lambda row: str(row.get_kind_display()), 16),
        SheetColumn(_("Đơn vị"), lambda row: row.agency.name, 44),
        SheetColumn(_("Số hiệu chứng thư"), lambda row: row.serial, 20),
        SheetColumn(_("Ngày cấp"), lambda row: timezone.localdate(row.issued_at), 12),
        SheetColumn(_("Hiệu lực đến"), lambda row: timezone.localdate(row.not_after), 12),
        SheetColumn(
            _("Ngày thu hồi"),
            lambda row: timezone.localdate(row.revoked_at) if row.revoked_at else None,
            12,
        ),
        SheetColumn(_("Lý do thu hồi"), lambda row: str(row.get_revocation_reason_display()), 30),
    ),
    url=lambda row: reverse("ca:detail", args=[row.uuid]),
)
