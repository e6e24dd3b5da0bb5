"""What every page's frame shows; each part is worked out only when a template asks for it."""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from portal.core.calendar.workdays import WorkCalendar, work_calendar
from portal.core.roles import Capability

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.utils.functional import _StrPromise

    from portal.accounts.models import User


@dataclass(frozen=True, slots=True)
class Entry:
    """One word of the main navigation, for who has ``capability``; None is everybody. What is not
    every day's work stands folded under its ``group``."""

    label: _StrPromise
    route: str
    icon: str
    capability: Capability | None = None
    group: _StrPromise | str = ""


_MANAGING = _("Quản lý")
_ADMINISTERING = _("Quản trị")


NAVIGATION: tuple[Entry, ...] = (
    Entry(_("Việc cần làm"), "home", "list-todo"),
    Entry(_("Hồ sơ"), "requests_app:list", "folder-open", Capability.READ_DOSSIERS),
    Entry(_("Chứng thư"), "ca:list", "badge-check", Capability.READ_DOSSIERS),
    Entry(_("Thiết bị"), "devices:list", "usb", Capability.READ_DOSSIERS),
    Entry(_("Đơn vị và thuê bao"), "agencies:list", "building-2"),
    Entry(_("Thời hạn"), "deadlines:list", "calendar-clock", Capability.WORK_ON_DOSSIERS),
    Entry(_("Sáp nhập"), "orgmerge:list", "git-merge", Capability.READ_DOSSIERS),
    Entry(_("Sổ theo dõi"), "registers:index", "notebook-text", Capability.READ_DOSSIERS),
    Entry(
        _("Yêu cầu tố tụng"), "proceedings:list", "scale", Capability.READ_PROCEEDINGS, _MANAGING
    ),
    Entry(_("Báo cáo"), "reports:list", "chart-column", Capability.READ_DOSSIERS, _MANAGING),
    Entry(_("Giám sát"), "usage:overview", "gauge", Capability.READ_DOSSIERS, _MANAGING),
    Entry(
        _("Chất lượng dữ liệu"),
        "quality:overview",
        "list-checks",
        Capability.READ_DOSSIERS,
        _MANAGING,
    ),
    Entry(_("Kiểm tra"), "inspection:list", "clipboard-check", Capability.READ_DOSSIERS, _MANAGING),
    Entry(_("Hiện trạng"), "estate:list", "database", Capability.BRING_IN_ESTATE, _MANAGING),
    Entry(_("Hỗ trợ"), "support:index", "life-buoy", None, _MANAGING),
    Entry(
        _("CA của hệ thống"), "authorities", "shield-check", Capability.SEE_AUTHORITIES, _MANAGING
    ),
    Entry(_("Nhật ký"), "audit:list", "scroll-text", Capability.SEE_AUDIT, _MANAGING),
    Entry(_("Nơi nhận"), "requests_app:routing", "route", Capability.ADMINISTER, _ADMINISTERING),
    Entry(_("Tài khoản"), "accounts:users", "user-cog", Capability.ADMINISTER, _ADMINISTERING),
    Entry(
        _("Lịch làm việc"), "deadlines:calendar", "calendar-days",
        Capability.ADMINISTER, _ADMINISTERING,
    ),
    Entry(_("Tiến trình nền"), "background", "activity", Capability.ADMINISTER, _ADMINISTERING),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Link:
    """A navigation entry for this request."""

    label: _StrPromise
    url: str
    icon: str
    is_current: bool
    group: _StrPromise | str


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to ask: a body's name, telephone and e-mail."""

    name: str
    phone: str
    email: str


class Frame:
    """Header, navigation and footer of one page."""

    portal_name = _("Cổng chứng thư chữ ký số chuyên dùng công vụ")

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def user(self) -> User | None:
        user = getattr(self._request, "user", None)
        return user if user is not None and user.is_authenticated else None

    @cached_property
    def agency_name(self) -> str:
        return self.user.agency.name if self.user else ""

    @cached_property
    def unread(self) -> int:
        """How many notices the user has not read."""
        return self.user.notices.unread().count() if self.user else 0

    @cached_property
    def now(self) -> datetime:
        """When the page is made: one moment for all that stands on it."""
        return timezone.now()

    @cached_property
    def today(self) -> date:
        return timezone.localdate(self.now)

    @cached_property
    def calendar(self) -> WorkCalendar:
        """The working days, read once for a page."""
        return work_calendar()

    @cached_property
    def navigation(self) -> list[Link]:
        if self.user is None:
            return []
        match = self._request.resolver_match
        here = (match.app_name or match.url_name or "") if match else ""
        found = [one for one in NAVIGATION if not one.capability or self.user.can(one.capability)]
        of_group = Counter(one.group for one in found)
        return [
            Link(
                one.label,
                reverse(one.route),
                one.icon,
                one.route.split(":")[0] == here,
                one.group if of_group[one.group] > 1 else "",  # one alone needs no folding
            )
            for one in found
        ]

    @cached_property
    def contacts(self) -> list[Contact]:
        """The user's office and the CA, as they are reached today; nobody signed in: the CA."""
        wanted = Q(agency__kind="ca")
        if self.user is not None and self.user.agency.office_id is not None:
            wanted |= Q(agency=self.user.agency.office_id)
        # By name: this module lies below the app of bodies.
        versions = apps.get_model("agencies", "AgencyVersion").objects.filter(
            wanted,
            Q(valid_until__isnull=True) | Q(valid_until__gt=self.today),
            valid_from__lte=self.today,
        )
        rows = versions.order_by("-agency__kind").values_list("name", "phone", "email")
        return [Contact(*row) for row in rows[:2]]

    @cached_property
    def version(self) -> str:
        return _version()

    @cached_property
    def is_simulation(self) -> bool:
        return bool(settings.SIMULATION)


@cache
def _version() -> str:
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))
    return str(project["project"]["version"])


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor: give each page its frame."""
    return {"frame": Frame(request)}
