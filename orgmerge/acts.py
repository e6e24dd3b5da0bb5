"""What the audit record says was done to reorganisations and reviews, and its words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from orgmerge.models import Merger, ReviewReply, ReviewRound
from portal.audit import services as audit
from portal.audit.words import ActGroup, AuditTarget

TARGETS = (
    AuditTarget("merger", _("Phương án sắp xếp"), order=180),
    AuditTarget("review", _("Rà soát khi sắp xếp đơn vị"), order=190),
)
ACTS = (
    ActGroup(
        "review",
        about="review",
        order=30,
        words={
            "open": _("Mở đợt rà soát chứng thư, thiết bị"),
            "prepare": _("Gửi danh sách rà soát đến các đơn vị"),
            "answer": _("Ghi kết quả rà soát"),
            "import": _("Nhập kết quả rà soát từ bảng tính"),
            "send": _("Gửi kết quả rà soát"),
            "take_back": _("Lấy lại kết quả rà soát để sửa"),
            "remind": _("Nhắc trả lời rà soát"),
            "close": _("Kết thúc đợt rà soát"),
        },
    ),
    ActGroup(
        "merger",
        about="merger",
        order=40,
        words={
            "create": _("Lập phương án sắp xếp"),
            "edit": _("Sửa thông tin phương án sắp xếp"),
            "add_body": _("Thêm đơn vị sau sắp xếp"),
            "edit_body": _("Sửa đơn vị sau sắp xếp"),
            "remove_body": _("Bỏ đơn vị sau sắp xếp"),
            "add_row": _("Thêm đơn vị cũ vào phương án sắp xếp"),
            "edit_row": _("Sửa đơn vị cũ chuyển đi đâu"),
            "remove_row": _("Bỏ đơn vị cũ khỏi phương án sắp xếp"),
            "upload_list": _("Tải lên danh sách đơn vị sắp xếp"),
            "review_list": _("Xem xét danh sách đơn vị đã tải lên"),
            "import_list": _("Đưa danh sách vào phương án sắp xếp"),
            "drop_list": _("Bỏ danh sách đã tải lên"),
            "submit": _("Trình phê duyệt phương án sắp xếp"),
            "send_back": _("Trả lại phương án sắp xếp"),
            "approve": _("Phê duyệt phương án sắp xếp"),
            "withdraw": _("Rút phương án sắp xếp"),
            "ask_office": _("Mời Sở khác cùng lập phương án sắp xếp"),
            "join": _("Nhận lời cùng lập phương án sắp xếp"),
            "decline": _("Không nhận lời cùng lập phương án sắp xếp"),
            "part": _("Thôi cùng lập, rút lời mời cùng lập phương án sắp xếp"),
            "agree": _("Đồng ý kế hoạch xử lý của phương án sắp xếp"),
            "disagree": _("Chưa đồng ý kế hoạch xử lý của phương án sắp xếp"),
            "take_effect": _("Phương án sắp xếp có hiệu lực"),
            "complete": _("Hoàn thành phương án sắp xếp"),
            "settle_left": _("Quyết định nơi chuyển của mục còn lại"),
            "in_force": _("Ghi nhận xong các đơn vị sau sắp xếp"),
            "try_again": _("Cho ghi nhận lại đơn vị bị lỗi"),
            "follow": _("Bàn giao thuê bao, chứng thư theo phương án"),
            "follow_office": _("Chuyển sang Sở khác theo dõi theo phương án"),
            "handed_over": _("Bàn giao xong cho đơn vị mới"),
            "followed": _("Bàn giao xong theo phương án sắp xếp"),
            "make_list": _("Lập danh sách cơ quan gửi Cục"),
            "send_list": _("Ghi nhận đã gửi danh sách cơ quan cho Cục"),
            "make_record": _("Lập biên bản bàn giao hồ sơ"),
            "sign_record": _("Tải lên biên bản bàn giao đã ký"),
            "line_open": _("Lập hồ sơ theo phương án sắp xếp"),
            "line_done": _("Xong một việc của phương án sắp xếp"),
            "line_failed": _("Một việc của phương án sắp xếp không thành"),
            "line_overtaken": _("Một việc của phương án sắp xếp không còn cần"),
            "line_again": _("Cho lập lại một việc của phương án sắp xếp"),
            "heed": _("Xem các điều cần lưu ý của kế hoạch"),
            "ask_plan": _("Yêu cầu lập phương án xử lý"),
            "make_plan": _("Lập xong phương án xử lý"),
            "fail_plan": _("Không lập được phương án xử lý"),
            "ask_annex": _("Yêu cầu lập phụ lục của kế hoạch xử lý"),
            "make_annex": _("Lập xong phụ lục của kế hoạch xử lý"),
            "fail_annex": _("Không lập được phụ lục của kế hoạch xử lý"),
            "choose": _("Chọn chứng thư dùng tiếp dưới tên mới"),
            "settle": _("Quyết định việc chờ người xử lý trong phương án"),
        },
    ),
)


def merger_act(action: str, merger: Merger, **data: object) -> audit.Act:
    """Return the audit act about a reorganisation."""
    return audit.Act(
        action=action,
        target_type="merger",
        target_uuid=merger.uuid,
        agency_uuid=merger.office.uuid,
        office_uuid=merger.office.uuid,
        data={"decision": merger.decision, **data},
    )


def review_act(action: str, held: ReviewRound, **data: object) -> audit.Act:
    """Return the audit act about a round; its reorganisation comes with its office."""
    return _audit_act(action, held, held.merger.office.uuid, {"round": held.number, **data})


def reply_act(action: str, reply: ReviewReply, **data: object) -> audit.Act:
    """Return the audit act about one body's list."""
    return _audit_act(
        action, reply.round, reply.agency.uuid, {"agency": reply.agency.name, **data}, about=reply
    )


def _audit_act(
    action: str,
    held: ReviewRound,
    agency_uuid: object,
    data: dict[str, object],
    *,
    about: ReviewReply | None = None,
) -> audit.Act:
    return audit.Act(
        action=action,
        target_type="review",
        target_uuid=(about or held).uuid,
        agency_uuid=agency_uuid,  # type: ignore[arg-type]
        office_uuid=held.merger.office.uuid,
        data={"decision": held.merger.decision, **data},
    )
