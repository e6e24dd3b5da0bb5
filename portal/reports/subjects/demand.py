"""Demand: what bodies proposed for a year and what was agreed, as it stood when the span ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.core.roles import Capability, Scope
from portal.core.web.paging import Order
from portal.core.web.sheets import SheetColumn
from portal.demand.models import DemandCell, DemandProposal, DemandRound
from portal.demand.rows import BY_CODE, ROWS
from portal.reports.base import Dimension, Measure, Subject
from portal.reports.spans import Span

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


def _rows(user: User) -> QuerySet[DemandCell]:
    """Return what was proposed to ``user``'s office, or to the CA: an office's sum and what it was
    summed from stand in rounds of their own, and count once. A body's are its own."""
    cells = DemandCell.objects.all()
    if not user.can(Capability.READ_DOSSIERS):
        return cells.none()
    if user.scope is Scope.CA:
        return cells.filter(proposal__round__opened_by_body__kind="ca")
    if user.scope is Scope.OFFICE:
        return cells.filter(proposal__round__opened_by_body__in=user.body_ids)
    visible = DemandProposal.objects.visible_to(user).order_by()
    return cells.filter(proposal__in=visible.values("pk"))


def _in_force(span: Span, years_ahead: int) -> Q:
    """Sent by the end of the span and not replaced by then, in the last round that had asked for
    the year: the span's last, or one after it."""
    replaced = DemandProposal.objects.filter(
        round=OuterRef("proposal__round"),
        agency=OuterRef("proposal__agency"),
        number__gt=OuterRef("proposal__number"),
        sent_at__lt=span.end,
    )
    asked_again = DemandRound.objects.filter(
        opened_by_body=OuterRef("proposal__round__opened_by_body"),
        opened_at__gt=OuterRef("proposal__round__opened_at"),
        opened_at__lt=span.end,
        first_year__lte=OuterRef("year"),
        last_year__gte=OuterRef("year"),
    )
    sent = Q(year=span.until.year + years_ahead, proposal__sent_at__lt=span.end)
    return sent & ~Q(Exists(replaced)) & ~Q(Exists(asked_again))


def _sum_of(column: str, years_ahead: int, words: _StrPromise) -> Measure:
    return Measure(
        f"{column}_next" if years_ahead else column,
        words,
        lambda span: _in_force(span, years_ahead),
        is_main=True,
        amount=column,
    )


SUBJECT = Subject(
    code="nhu-cau",
    title=_("Nhu cầu chứng thư"),
    place=70,
    rows=_rows,
    measures=(
        _sum_of("asked", 0, _("Đề xuất cho năm của kỳ")),
        _sum_of("agreed", 0, _("Được thống nhất cho năm của kỳ")),
        _sum_of("asked", 1, _("Đề xuất cho năm kế tiếp")),
        _sum_of("agreed", 1, _("Được thống nhất cho năm kế tiếp")),
        Measure(
            "corrected",
            _("Ô được điều chỉnh, năm kế tiếp"),
            lambda span: _in_force(span, 1) & ~Q(asked=F("agreed")),
        ),
    ),
    dimensions=(
        Dimension(
            "body", _("Đơn vị đề xuất"), "proposal__agency__uuid", named_by="proposal__agency__name"
        ),
        Dimension(
            "office",
            _("Nơi đề xuất"),
            "proposal__agency__uuid",
            named_by="proposal__agency__name",
        ),
        Dimension(
            "row", _("Loại chứng thư"), "row", lambda: {one.code: one.full_words for one in ROWS}
        ),
    ),
    order=Order("year"),
    for_list=lambda rows: rows.select_related("proposal__agency"),
    columns=(
        SheetColumn(_("Đơn vị"), lambda one: one.proposal.agency.name, 44),
        SheetColumn(_("Loại chứng thư"), lambda one: BY_CODE[one.row].full_words, 44),
        SheetColumn(_("Năm"), lambda one: one.year, 8),
        SheetColumn(_("Đề xuất"), lambda one: one.asked, 12),
        SheetColumn(_("Được thống nhất"), lambda one: one.agreed, 16),
        SheetColumn(_("Số công văn"), lambda one: one.proposal.letter_number, 18),
    ),
    url=lambda one: reverse("demand:proposal", args=[one.proposal.uuid]),
)
