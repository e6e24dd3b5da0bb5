"""The sweeps of dossiers and covering letters."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from portal.core.background.sweeps import sweep
from requests_app.covering_letters import forward_queue
from requests_app.execution import services as execution
from requests_app.spreadsheets import parked
from requests_app.submission import render_queue

ONE_PIECE = timedelta(0)


@sweep(
    "requests_app.tasks.execute_accepted",
    every=timedelta(seconds=10),
    words=_("Thực hiện hồ sơ đã phê duyệt"),
    order=100,
    in_pieces_for=ONE_PIECE,
)
def execute_accepted(*, now: datetime) -> int:
    """Carry out what was confirmed or left half done."""
    return execution.execute_accepted(now=now)


@sweep(
    "requests_app.tasks.freeze_letters",
    every=timedelta(seconds=10),
    words=_("Lập văn bản có danh sách dài"),
    order=60,
    in_pieces_for=ONE_PIECE,
)
def freeze_letters(*, now: datetime) -> int:
    """Render the long letters that wait for it."""
    return render_queue.freeze_waiting(now=now) + render_queue.freeze_covering_letters(now=now)


@sweep(
    "requests_app.tasks.forward_covered",
    every=timedelta(seconds=10),
    words=_("Chuyển hồ sơ theo công văn"),
    order=70,
    in_pieces_for=ONE_PIECE,
)
def forward_covered(*, now: datetime) -> int:
    """Forward what signed covering letters cover."""
    return forward_queue.forward_waiting(now=now)


@sweep(
    "requests_app.tasks.drop_old_sheets",
    every=timedelta(hours=1),
    words=_("Xóa bảng tính tải lên dở dang"),
    order=260,
)
def drop_old_sheets(*, now: datetime) -> int:
    """Remove the uploaded sheets that nobody went on with."""
    return parked.drop_old(now=now)
