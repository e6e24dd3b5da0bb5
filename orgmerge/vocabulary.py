"""The words of a reorganisation: what it is about, what is done, why, and in what order.

Plain enumerations without the ORM, so that the planner stays pure; labels are for people.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class MergerKind(models.TextChoices):
    """What sort of reorganisation a decision orders (DOMAIN 4.1)."""

    NEW_NAME = "new_name", _("Sáp nhập, mang tên mới")
    NAME_KEPT = "name_kept", _("Sáp nhập, giữ tên một đơn vị")
    SUPERIOR = "superior", _("Đổi cơ quan cấp trên")
    RENAME = "rename", _("Đổi tên, địa chỉ")
    SPLIT = "split", _("Chia, tách")
    DISSOLUTION = "dissolution", _("Giải thể")
    MIXED = "mixed", _("Nhiều hình thức trong một quyết định")


class MergerState(models.TextChoices):
    """Where a reorganisation stands."""

    DRAFT = "draft", _("Đang mô tả")
    AWAITING_APPROVAL = "awaiting_approval", _("Chờ lãnh đạo phê duyệt phương án")
    APPROVED = "approved", _("Đã phê duyệt, chờ ngày hiệu lực")
    IN_FORCE = "in_force", _("Đang thực hiện")
    COMPLETED = "completed", _("Đã hoàn thành")
    WITHDRAWN = "withdrawn", _("Đã rút")


class Extent(models.TextChoices):
    """How much of a body is transferred."""

    WHOLE = "whole", _("Toàn bộ")
    PARTLY = "partly", _("Một phần")


# What a file may say of it, made comparable by ``search_key``.
EXTENTS = {
    "whole": Extent.WHOLE,
    "toan bo": Extent.WHOLE,
    "partly": Extent.PARTLY,
    "mot phan": Extent.PARTLY,
}


class LineAbout(models.TextChoices):
    """What a line of the plan is about; each thing stands in exactly one line."""

    BODY = "body", _("Đơn vị sau sắp xếp")
    CERTIFICATE = "certificate", _("Chứng thư")
    DEVICE = "device", _("Thiết bị")
    SUBSCRIBER = "subscriber", _("Thuê bao")
    DOSSIER = "dossier", _("Hồ sơ đang giải quyết")


class LineAction(models.TextChoices):
    """What is done about it."""

    KEEP = "keep", _("Giữ nguyên")
    CHANGE = "change", _("Thay đổi thông tin (Mẫu 04)")
    REVOKE = "revoke", _("Thu hồi (Mẫu 05)")
    ISSUE = "issue", _("Cấp mới (Mẫu 01, 02, 03)")
    RECOVER = "recover", _("Khôi phục thiết bị (Mẫu 06)")
    RETURN = "return", _("Nộp lại thiết bị (Mẫu 08)")
    REPORT_LOSS = "report_loss", _("Xác nhận thất lạc (Mẫu 09)")
    HAND_OVER = "hand_over", _("Bàn giao cho đơn vị mới")
    REFILE = "refile", _("Dừng, lập lại dưới tên mới")
    SETTLE = "settle", _("Chờ người quyết định")


# The form a line opens a row of; ISSUE and REFILE say theirs in the line.
FORM_OF: dict[str, str] = {
    LineAction.CHANGE: "04",
    LineAction.REVOKE: "05",
    LineAction.RECOVER: "06",
    LineAction.RETURN: "08",
    LineAction.REPORT_LOSS: "09",
}


class LineStage(models.IntegerChoices):
    """In what order things are done (DOMAIN 4.3); a stage waits for the ones before it."""

    AGENCY_LIST = 0, _("Gửi Cục danh sách cơ quan")
    HAND_OVER = 1, _("Bàn giao hồ sơ, thuê bao, thiết bị")
    RECOVER = 2, _("Khôi phục thiết bị cần dùng tiếp")
    ORGANISATION = 3, _("Chứng thư của cơ quan")
    PEOPLE = 4, _("Chứng thư của cá nhân, hệ thống")
    REVOKE = 5, _("Thu hồi chứng thư")
    DEVICES = 6, _("Nộp lại thiết bị")
    NOTHING = 9, _("Không phải làm gì")


class LineState(models.TextChoices):
    """How far a line of an approved plan has come."""

    PLANNED = "planned", _("Chưa đến lượt")
    OPEN = "open", _("Đã lập hồ sơ")
    DONE = "done", _("Đã xong")
    FAILED = "failed", _("Không thành")
    OVERTAKEN = "overtaken", _("Không còn cần")


class ReviewAnswer(models.TextChoices):
    """What a body says of a subscriber, a certificate or a device in a review round."""

    CONTINUES = "continues", _("Tiếp tục sử dụng")
    MOVES = "moves", _("Chuyển sang đơn vị khác")
    NOT_NEEDED = "not_needed", _("Không còn nhu cầu")
    LEFT = "left", _("Đã nghỉ hưu, thôi việc, từ trần")
    DEVICE_NOT_FOUND = "device_not_found", _("Không tìm thấy thiết bị")
