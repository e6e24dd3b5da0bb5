"""The life of a device as one table over two columns: where it is and how it is."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.core.roles import Role


class Custody(models.TextChoices):
    """Where a device is."""

    STOCK = "stock", _("Trong kho của Cục")
    ALLOCATED = "allocated", _("Đã cấp, chờ gửi")
    ON_ITS_WAY = "on_its_way", _("Đang gửi về đơn vị")
    AT_AGENCY = "at_agency", _("Tại đơn vị, chờ bàn giao")
    WITH_SUBSCRIBER = "with_subscriber", _("Thuê bao đang giữ")
    TO_BE_RETURNED = "to_be_returned", _("Phải thu hồi")
    BACK_AT_AGENCY = "back_at_agency", _("Đã thu hồi về đơn vị")
    AT_OFFICE = "at_office", _("Tại Sở KH&CN")
    AT_CA = "at_ca", _("Đã nộp lại Cục")
    RETIRED = "retired", _("Đã thanh lý")


class Condition(models.TextChoices):
    """How a device is."""

    OK = "ok", _("Bình thường")
    LOCKED = "locked", _("Bị khóa")
    DAMAGED = "damaged", _("Hỏng")
    LOST = "lost", _("Thất lạc")


class Move(models.TextChoices):
    """What can happen to a device."""

    TAKE_IN = "take_in", _("Nhập kho")
    ALLOCATE = "allocate", _("Cấp cho chứng thư")
    SEND = "send", _("Gửi về đơn vị")
    RECEIVE = "receive", _("Đơn vị nhận")
    HAND_OVER = "hand_over", _("Bàn giao cho thuê bao")
    RECALL = "recall", _("Yêu cầu thu hồi")
    TAKE_BACK = "take_back", _("Thuê bao nộp lại đơn vị")
    PASS_TO_OFFICE = "pass_to_office", _("Nộp về Sở KH&CN")
    RETURN_TO_CA = "return_to_ca", _("Nộp lại Cục")
    RETIRE = "retire", _("Thanh lý")
    LOCK = "lock", _("Bị khóa do nhập sai mật khẩu")
    UNLOCK = "unlock", _("Khôi phục")
    REPORT_DAMAGED = "report_damaged", _("Báo hỏng")
    REPORT_LOST = "report_lost", _("Báo thất lạc")
    FIND = "find", _("Tìm lại được")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of the table: ``move`` leads from these places to ``to`` (None: stays)."""

    move: Move
    sources: frozenset[Custody]
    conditions: frozenset[Condition]
    to: Custody | None
    to_condition: Condition | None
    roles: frozenset[Role]  # empty: the portal itself, as the effect of a dossier


class IllegalMove(Exception):
    """The device can't make this move from where it is, or not by this role."""
