"""The work list cut into what is late, due today, due this week and coming."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, cast

from django.db.models import Case, CharField, Count, Max, Q, Value, When, Window
from django.db.models.functions import Concat, RowNumber
from django.utils.translation import gettext_lazy as _

from portal.core.web.paging import KeysetPage
from portal.deadlines.models import Deadline, DeadlineKind
from portal.deadlines.querysets import CERTIFICATE_KINDS, DOORS_SHOWN_DAYS
from requests_app.models import Dossier

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from portal.accounts.models import User

    class _Owed(Deadline):
        """A clock with its place among its like; of certificates how many and the last day."""

        place: int
        count: int
        last_on: date


CLOCKS_SHOWN = 10
LATE, TODAY, WEEK, COMING, OPEN = "qua-han", "hom-nay", "trong-tuan", "sap-toi", "chua-co-han"
_TITLES: dict[str, _StrPromise] = {
    LATE: _("Quá hạn"),
    TODAY: _("Đến hạn hôm nay"),
    WEEK: _("Trong tuần này"),
    COMING: _("Sắp tới"),
    OPEN: _("Chưa có hạn"),
}


@dataclass(frozen=True, slots=True)
class Doors:
    """Certificates whose door shuts within one section, told as one line with the first one's."""

    first: Deadline
    count: int
    last_on: date

    @property
    def due_on(self) -> date:
        return self.first.due_on

    @property
    def words(self) -> str:
        """What must be done about them: "12 chứng thư phải gia hạn trước 30/11/2026"."""
        if self.first.kind == DeadlineKind.RENEWAL_DOOR:
            message = _("%(count)d chứng thư phải đề nghị gia hạn, thay đổi chậm nhất %(day)s")
        else:
            message = _("%(count)d chứng thư hết hạn từ %(day)s, chỉ còn cấp mới")
        return str(message) % {"count": self.count, "day": f"{self.first.due_on:%d/%m/%Y}"}


@dataclass(slots=True)
class Section:
    """What is due at about one time: dossiers, other clocks of the own body, certificates."""

    code: str
    dossiers: list[Dossier] = field(default_factory=list)
    clocks: list[Deadline] = field(default_factory=list)
    doors: list[Doors] = field(default_factory=list)

    @property
    def title(self) -> str:
        return str(_TITLES[self.code])

    @property
    def is_late(self) -> bool:
        return self.code == LATE

    @property
    def owed(self) -> list[Deadline | Doors]:
        """What is due besides dossiers, the first day first."""
        return sorted([*self.clocks, *self.doors], key=lambda one: one.due_on)

    @property
    def is_empty(self) -> bool:
        return not (self.dossiers or self.clocks or self.doors)


@dataclass(frozen=True, slots=True)
class Agenda:
    """The sections that hold something, the most urgent first."""

    sections: Sequence[Section]
    has_more_clocks: bool

    @classmethod
    def of(cls, user: User, page: KeysetPage[Dossier], *, today: date) -> Agenda:
        """Return the agenda of a page of dossiers that wait for ``user`` (one query).

        What the own body owes besides dossiers stands on the first page alone.
        """
        sections = {code: Section(code) for code in _TITLES}
        for dossier in page:
            sections[_section_of(dossier.due_on, today)].dossiers.append(dossier)
        has_more = False
        if page.previous_params is None:
            # Overdue first, one clock too many. Of the certificates whose door shuts soon each
            # section has its first row alone, which knows how many there are: one query.
            near = Q(due_on__range=(today, today + timedelta(days=DOORS_SHOWN_DAYS)))
            is_door = Q(kind__in=CERTIFICATE_KINDS)
            owed = Deadline.objects.visible_to(user).open().filter(agency=user.agency_id)
            group = Case(
                When(is_door & Q(due_on=today), then=Concat("kind", Value(TODAY))),
                When(is_door & Q(due_on__lte=_sunday(today)), then=Concat("kind", Value(WEEK))),
                When(is_door, then=Concat("kind", Value(COMING))),
                default=Value(""),
                output_field=CharField(),
            )
            rows = (
                owed.exclude(target_type="dossier")
                .filter(~is_door | near)
                .annotate(group=group)
                .annotate(
                    place=Window(RowNumber(), partition_by="group", order_by=["due_on", "pk"]),
                    count=Window(Count("pk"), partition_by="group"),
                    last_on=Window(Max("due_on"), partition_by="group"),
                )
                .filter(Q(place=1) | Q(group="", place__lte=CLOCKS_SHOWN + 1))
            )
            for row in cast("list[_Owed]", list(rows.order_by("due_on", "pk"))):
                section = sections[_section_of(row.due_on, today)]
                if row.kind in CERTIFICATE_KINDS:
                    section.doors.append(Doors(row, row.count, row.last_on))
                elif row.place <= CLOCKS_SHOWN:
                    section.clocks.append(row)
                else:
                    has_more = True
        filled = [section for section in sections.values() if not section.is_empty]
        return cls(filled, has_more)

    @property
    def is_empty(self) -> bool:
        return not self.sections


def _section_of(day: date | None, today: date) -> str:
    if day is None:
        return OPEN
    if day <= today:
        return TODAY if day == today else LATE
    return WEEK if day <= _sunday(today) else COMING


def _sunday(today: date) -> date:
    return today + timedelta(days=6 - today.weekday())
