"""What runs in the background and how it is: the services, and each sweep of the schedule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from celery import current_app
from django.utils.translation import gettext_lazy as _

from portal.core import heartbeats, sweeps
from portal.core.models import Heartbeat, SweepRun

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

_DAY = timedelta(days=1)
_BEAT = "portal.core.tasks.beat_heartbeat"

WORDS: dict[str, _StrPromise] = {
    "requests_app.tasks.execute_accepted": _("Thực hiện hồ sơ đã phê duyệt"),
    "requests_app.tasks.freeze_letters": _("Lập văn bản có danh sách dài"),
    "requests_app.tasks.forward_covered": _("Chuyển hồ sơ theo công văn"),
    "requests_app.tasks.drop_old_sheets": _("Xóa bảng tính tải lên dở dang"),
    "devices.tasks.make_keys": _("Sinh khóa cho thiết bị nhập kho"),
    "orgmerge.tasks.make_plans": _("Lập phương án sắp xếp đơn vị"),
    "orgmerge.tasks.print_annexes": _("Lập phụ lục dài của kế hoạch xử lý"),
    "orgmerge.tasks.prepare_reviews": _("Lập danh sách rà soát gửi các đơn vị"),
    "orgmerge.tasks.take_effect": _("Ghi nhận đơn vị vào ngày hiệu lực sắp xếp"),
    "orgmerge.tasks.follow": _("Bàn giao thuê bao, thiết bị cho đơn vị mới"),
    "orgmerge.tasks.drive": _("Lập và theo dõi hồ sơ theo phương án sắp xếp"),
    "orgmerge.tasks.make_papers": _("Lập danh sách gửi Cục và biên bản bàn giao"),
    "devices.tasks.lock_exhausted": _("Khóa thiết bị nhập sai mã PIN quá số lần"),
    "devices.tasks.recall_expired": _("Yêu cầu thu hồi thiết bị có chứng thư hết hạn"),
    "portal.ca.tasks.publish_crl": _("Công bố danh sách chứng thư bị thu hồi"),
    "portal.ca.tasks.renew_responder": _("Gia hạn chứng thư của dịch vụ OCSP"),
    "portal.ca.tasks.revoke_superseded": _("Thu hồi chứng thư đã được thay thế"),
    "portal.ca.tasks.shut_doors": _("Chuyển hạn gia hạn sang hạn cấp mới"),
    "portal.ca.tasks.open_missing_doors": _("Bổ sung thời hạn của chứng thư"),
    "portal.notices.tasks.send_pending_mail": _("Gửi thư điện tử"),
    "portal.notices.tasks.remind": _("Nhắc thời hạn"),
    "portal.notices.tasks.warn_of_missing_days": _("Nhắc bổ sung lịch nghỉ của năm tới"),
    "portal.audit.tasks.write_checkpoint": _("Ghi điểm kiểm tra của nhật ký"),
    "portal.core.tasks.beat_heartbeat": _("Bộ hẹn giờ và tiến trình xử lý nền"),
    "portal.accounts.tasks.forget_expired": _("Xóa phiên đăng nhập đã hết hạn"),
    "portal.agencies.tasks.show_new_versions": _("Đưa thông tin mới của đơn vị vào hiệu lực"),
}


@dataclass(frozen=True, slots=True)
class Service:
    """A service and its last sign of life."""

    label: str
    at: datetime | None
    is_silent: bool


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep of the schedule, how often it runs, how it went."""

    name: str
    label: str
    interval: timedelta
    run: SweepRun | None
    is_silent: bool

    @property
    def is_failing(self) -> bool:
        """Whether its last run ended with an error."""
        return self.run is not None and bool(self.run.error)


def intervals() -> dict[str, timedelta]:
    """Return how often each sweep of beat's schedule runs; one at a time of day: daily."""
    found = {}
    for entry in current_app.conf.beat_schedule.values():
        schedule = entry["schedule"]
        is_seconds = isinstance(schedule, int | float)
        found[entry["task"]] = timedelta(seconds=schedule) if is_seconds else _DAY
    return found


def silent_sweeps(now: datetime) -> dict[str, datetime | None]:
    """Return the sweeps of the schedule that are silent, and when they last got through."""
    return sweeps.silent(intervals(), now=now)


def silent_words(now: datetime) -> list[str]:
    """Return what is silent, in words: for a warning (one query).

    Without beat or worker every sweep is silent, and beat's own stands for them all.
    """
    silent = silent_sweeps(now)
    return [str(WORDS.get(name, name)) for name in ([_BEAT] if _BEAT in silent else silent)]


def services(now: datetime) -> list[Service]:
    """Return worker and beat with their last signs of life (two queries)."""
    last = dict(Heartbeat.objects.values_list("service", "at"))
    silent = heartbeats.silent(now=now)
    return [
        Service(str(service.label), last.get(service), service in silent)
        for service in Heartbeat.Service
    ]


def all_sweeps(now: datetime) -> list[Sweep]:
    """Return every sweep of the schedule, the silent and the failing first (one query)."""
    runs = SweepRun.objects.in_bulk()
    found = [
        Sweep(
            name=name,
            label=str(WORDS.get(name, name)),
            interval=interval,
            run=runs.get(name),
            is_silent=sweeps.is_silent(runs.get(name), interval, now=now),
        )
        for name, interval in intervals().items()
    ]
    return sorted(found, key=lambda one: (not one.is_silent, not one.is_failing, one.label))
