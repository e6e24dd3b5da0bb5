"""Sổ văn bản đi: each letter or minutes that left its body, and what came of it.

The columns are those of the register of outgoing documents (Nghị định 30/2020/NĐ-CP, Phụ lục IV).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import django_filters
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy

from portal.core.web.paging import Order
from requests_app import kinds, words
from requests_app.dossier_pages.visibility import as_sent
from requests_app.models import Dossier, DossierEvent
from requests_app.models.querysets import DossierQuerySet
from requests_app.registers.base import Column, Register
from requests_app.registers.filters import ALL, DayFilter, RegisterFilter
from requests_app.workflow import Action, State


@dataclass(frozen=True, slots=True)
class DossierEntry:
    """A dossier that was sent, and who signed its letter."""

    dossier: Dossier
    signed_by: str

    @classmethod
    def of_page(cls, rows: Sequence[Dossier], now: datetime) -> list[DossierEntry]:
        signatures = DossierEvent.objects.filter(
            dossier__in=[row.pk for row in rows], action=Action.SIGN, actor__isnull=False
        ).order_by("at", "pk")
        signers = dict(signatures.values_list("dossier", "actor__full_name"))  # the latest stays
        return [cls(row, signers.get(row.pk, "")) for row in rows]

    def subject(self) -> str:
        """Return the trích yếu, as a line begins."""
        subject = kinds.get(self.dossier.kind).subject_of(self.dossier.variant)
        return subject[:1].upper() + subject[1:]


def _day(moment: datetime | None) -> date | None:
    return timezone.localdate(moment) if moment else None


COLUMNS: tuple[Column[DossierEntry], ...] = (
    Column(gettext_lazy("Số, ký hiệu"), lambda entry: entry.dossier.letter_number, 18),
    Column(gettext_lazy("Ngày văn bản"), lambda entry: entry.dossier.letter_date, 14),
    Column(gettext_lazy("Tên loại và trích yếu nội dung"), DossierEntry.subject, 60),
    Column(gettext_lazy("Mẫu số"), lambda entry: kinds.get(entry.dossier.kind).number, 8, False),
    Column(
        gettext_lazy("Đơn vị gửi"),
        lambda entry: entry.dossier.agency.name,
        44,
        names_body=True,
    ),
    Column(gettext_lazy("Người ký"), lambda entry: entry.signed_by, 26),
    Column(gettext_lazy("Nơi nhận"), lambda entry: entry.dossier.addressee.name, 44),
    Column(gettext_lazy("Số dòng"), lambda entry: entry.dossier.row_count, 10, False),
    Column(gettext_lazy("Ngày gửi"), lambda entry: _day(entry.dossier.sent_at), 14),
    Column(gettext_lazy("Ngày nhận"), lambda entry: entry.dossier.received_on, 14, False),
    Column(gettext_lazy("Kết quả"), lambda entry: entry.dossier.get_state_display(), 30),
    Column(gettext_lazy("Ngày xong"), lambda entry: _day(entry.dossier.ended_at), 14, False),
    Column(gettext_lazy("Người lập"), lambda entry: entry.dossier.created_by.full_name, 26, False),
)


class DossierRegisterFilter(RegisterFilter):
    """Filters of sổ văn bản đi."""

    q = django_filters.CharFilter(
        label=gettext_lazy("Số văn bản hoặc tên trong danh sách"),
        max_length=250,
        method="with_text",
    )
    kind = django_filters.ChoiceFilter(
        label=gettext_lazy("Loại hồ sơ"),
        choices=lambda: [
            (kind.code, f"Mẫu {kind.number}: {kind.title}") for kind in kinds.KINDS.values()
        ],
        empty_label=ALL,
    )
    state = django_filters.ChoiceFilter(
        label=gettext_lazy("Kết quả"), choices=State.choices, empty_label=ALL
    )
    since = DayFilter("sent_at", label=gettext_lazy("Gửi từ ngày"))
    until = DayFilter("sent_at", label=gettext_lazy("Gửi đến ngày"), is_last=True)
    agency = django_filters.CharFilter(label=gettext_lazy("Đơn vị gửi"), method="of_agency")

    def with_text(self, rows: QuerySet[Dossier], name: str, value: str) -> QuerySet[Dossier]:
        assert isinstance(rows, DossierQuerySet)
        return words.with_text(rows.read_as_sent_by(self.user), value)


REGISTER = Register(
    slug="van-ban-di",
    title=gettext_lazy("Sổ văn bản đi"),
    purpose=gettext_lazy(
        "Mỗi công văn, biên bản đã gửi một dòng: số, ngày, trích yếu, ai ký, gửi đâu, kết quả."
    ),
    place=40,
    order=Order("sent_at", is_descending=True),
    rows=lambda user: (
        Dossier.objects.visible_to(user)
        .filter(sent_at__isnull=False)
        .select_related("agency", "addressee", "created_by")
        .defer("contact", "note")
    ),
    entries=DossierEntry.of_page,
    shown=as_sent,
    filter=DossierRegisterFilter,
    columns=COLUMNS,
    url=lambda entry: reverse("requests_app:detail", args=[entry.dossier.uuid]),
)
