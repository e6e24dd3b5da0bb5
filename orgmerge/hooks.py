"""What reorganisations add to other rooms: the search box, the work list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Count, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orgmerge.models import Merger, MergerOffice, PlanLine, RecordsHandover
from orgmerge.vocabulary import LineState, MergerState
from portal.core.roles import Capability
from portal.core.text.vietnamese import search_key
from portal.core.web import waiting
from portal.core.web.waiting import Waiting
from portal.search.finders import Finder, Hit, detail, list_with, register

if TYPE_CHECKING:
    from portal.accounts.models import User

_NAMED = 10  # of one sort; who has more works from the list of reorganisations
_LIST_WAITS = (MergerState.APPROVED, MergerState.IN_FORCE)


def waiting_of(user: User) -> Iterator[Waiting]:
    """Return what ``user`` has to do: approve, agree, answer another office, send the list, sign
    records, mend failures."""
    if user.can(Capability.APPROVE_REORGANISATIONS):
        awaited = _led_by(user).filter(state=MergerState.AWAITING_APPROVAL)
        words, button = _("phương án sắp xếp chờ phê duyệt: %s"), _("Xem và phê duyệt")
        yield from _each(awaited, words, button, "orgmerge:detail")
        silent = MergerOffice.objects.visible_to(user).to_speak(user).order_by("pk")
        words, button = _("kế hoạch xử lý chờ đơn vị đồng ý: %s"), _("Xem và cho ý kiến")
        named = silent.values_list("merger__title", "merger__uuid")
        yield from _each(named, words, button, "orgmerge:plan")
    if user.can(Capability.PREPARE_REORGANISATIONS):
        asked = MergerOffice.objects.visible_to(user).waiting_for(user).order_by("pk")
        words, button = _("lời mời cùng lập phương án: %s"), _("Xem và trả lời")
        named = asked.values_list("merger__title", "uuid")
        yield from _each(named, words, button, "orgmerge:invitation")
        unsent = _led_by(user).filter(state__in=_LIST_WAITS, list_sent_on__isnull=True)
        words, button = _("danh sách cơ quan chờ gửi Cục: %s"), _("Gửi, ghi số")
        yield from _each(unsent, words, button, "orgmerge:records")
        yield from _failures(_failed_lines(user))
    if user.can(Capability.HAND_IN_RECORDS):
        # The records the user's body receives: its clerk hands the signed ones in.
        own = RecordsHandover.objects.visible_to(user).filter(body__agency__in=user.body_ids)
        unsigned = own.filter(signed_at__isnull=True, record__isnull=False).order_by()
        for title, code, count in _by_merger(unsigned, "merger"):
            words = _("biên bản bàn giao chờ ký, tải lên: %s") % title
            path = f"{reverse('orgmerge:records', args=[code])}#bien-ban"
            yield Waiting(count, words, _("Xem biên bản"), path)
    if user.can(Capability.DRAFT):
        yield from _failures(_failed_lines(user).filter(sender__agency__in=user.body_ids))


def _each(
    named: QuerySet[Any, tuple[Any, ...]], words: str, button: str, page: str
) -> Iterator[Waiting]:
    """Return an entry for the first of some (title, code), with the page it is done on."""
    for title, code in named[:_NAMED]:
        yield Waiting(None, words % title, button, reverse(page, args=[code]))


def _led_by(user: User) -> QuerySet[Merger, tuple[Any, ...]]:
    led = Merger.objects.visible_to(user).filter(office__in=user.body_ids)
    return led.order_by("effective_on", "pk").values_list("title", "uuid")


def _failed_lines(user: User) -> QuerySet[PlanLine]:
    plans = Merger.objects.visible_to(user).filter(state=MergerState.IN_FORCE)
    approved = plans.order_by().values("approved_plan")
    return PlanLine.objects.filter(plan__in=approved, state=LineState.FAILED).order_by()


def _failures(lines: QuerySet[PlanLine]) -> Iterator[Waiting]:
    for title, code, count in _by_merger(lines, "plan__merger"):
        words = _("việc không thành: %s") % title
        path = f"{reverse('orgmerge:progress', args=[code])}#khong-thanh"
        yield Waiting(count, words, _("Xem và xử lý"), path, is_late=True)


def _by_merger(rows: QuerySet[Any], way: str) -> list[tuple[str, UUID, int]]:
    """Return the title and code of each reorganisation with how many of ``rows`` are its."""
    title, code = f"{way}__title", f"{way}__uuid"
    named = rows.values(title, code).annotate(number=Count("pk")).order_by(title, code)
    return list(named.values_list(title, code, "number")[:_NAMED])


_NEWEST = 1000  # are looked through; older ones stand in the list


def _mergers(user: User, typed: str, most: int) -> list[Hit]:
    wanted = search_key(typed)
    rows = Merger.objects.visible_to(user).order_by("-pk").values_list("pk", "title", "decision")
    keys = [
        pk
        for pk, title, decision in rows[:_NEWEST]
        if wanted in search_key(title) or wanted in search_key(decision)
    ][:most]
    found = Merger.objects.filter(pk__in=keys).order_by("-pk") if keys else []
    return [
        Hit(
            title=one.title,
            detail=detail(one.decision, f"{one.effective_on:%d/%m/%Y}", one.get_state_display()),
            url=reverse("orgmerge:detail", args=[one.uuid]),
            is_exact=search_key(one.decision) == wanted,
        )
        for one in found
    ]


register(
    Finder(
        place=60,
        label=gettext_lazy("Phương án sắp xếp"),
        icon="git-merge",
        find=_mergers,
        listed=list_with("orgmerge:list"),
    )
)
waiting.find_in(waiting_of)
