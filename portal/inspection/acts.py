"""What the audit record says was done in inspections, and its words."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext_lazy as _

from portal.agencies.models import Agency
from portal.audit import services as audit
from portal.audit.words import ActGroup, AuditTarget
from portal.inspection.models import InspectionVisit

TARGETS = (
    AuditTarget("checklist_item", _("Danh mục kiểm tra"), order=184),
    AuditTarget("inspection_round", _("Đợt kiểm tra"), order=185),
    AuditTarget("assessment", _("Tự đánh giá"), order=186),
    AuditTarget("inspection_visit", _("Biên bản kiểm tra"), order=187),
    AuditTarget("inspection_finding", _("Kiến nghị kiểm tra"), order=188),
    AuditTarget("conduct_proposal", _("Đề nghị khen thưởng, kỷ luật"), order=189),
)
ACTS = (
    ActGroup(
        "checklist",
        about="checklist_item",
        order=154,
        words={
            "add": _("Thêm nội dung kiểm tra"),
            "edit": _("Sửa nội dung kiểm tra"),
            "retire": _("Bỏ nội dung kiểm tra"),
        },
    ),
    ActGroup(
        "inspection",
        about="inspection_round",
        order=155,
        words={
            "open": _("Mở đợt kiểm tra"),
            "add_body": _("Thêm đơn vị vào đợt kiểm tra"),
            "close": _("Kết thúc đợt kiểm tra"),
        },
    ),
    ActGroup(
        "assessment",
        about="assessment",
        order=156,
        words={
            "edit": _("Sửa tự đánh giá"),
            "review": _("Sở đánh giá từng nội dung"),
            "request": _("Trình lãnh đạo tự đánh giá"),
            "take_back": _("Lấy lại tự đánh giá để sửa"),
            "send_back": _("Yêu cầu sửa tự đánh giá"),
            "send": _("Gửi tự đánh giá"),
            "return": _("Trả lại tự đánh giá"),
            "conclude": _("Kết luận, chốt điểm tự đánh giá"),
        },
    ),
    ActGroup(
        "visit",
        about="inspection_visit",
        order=157,
        words={
            "plan": _("Lên lịch kiểm tra"),
            "edit": _("Sửa biên bản kiểm tra"),
            "number": _("Ghi số, ngày biên bản kiểm tra"),
            "attach_scan": _("Tải lên bản quét biên bản kiểm tra"),
            "request_signature": _("Trình lãnh đạo ký biên bản kiểm tra"),
            "revise": _("Lấy lại biên bản kiểm tra để sửa"),
            "send_back_to_draft": _("Yêu cầu soạn lại biên bản kiểm tra"),
            "sign": _("Ký biên bản kiểm tra"),
            "seal": _("Phát hành biên bản kiểm tra"),
            "cancel": _("Bỏ lịch, biên bản kiểm tra"),
        },
    ),
    ActGroup(
        "finding",
        about="inspection_finding",
        order=158,
        words={
            "make": _("Nêu kiến nghị"),
            "answer": _("Báo cáo thực hiện kiến nghị"),
            "close": _("Xác nhận kiến nghị đã xong"),
            "reopen": _("Yêu cầu làm tiếp kiến nghị"),
            "extend": _("Đổi hạn kiến nghị"),
            "withdraw": _("Rút kiến nghị"),
        },
    ),
    ActGroup(
        "conduct",
        about="conduct_proposal",
        order=159,
        words={
            "propose": _("Đề nghị khen thưởng, kỷ luật"),
            "decide": _("Ghi kết luận về đề nghị"),
        },
    ),
)


def act(
    action: str, target: str, uuid: UUID, *, agency: Agency, office: Agency, **data: object
) -> audit.Act:
    """Return the audit act about a thing of ``agency``, inspected by ``office``."""
    return audit.Act(
        action=action,
        target_type=target,
        target_uuid=uuid,
        agency_uuid=agency.uuid,
        office_uuid=office.uuid,
        data=data,
    )


def visit_act(action: str, visit: InspectionVisit, **data: object) -> audit.Act:
    """Return the audit act about a visit."""
    agency = visit.assessment.agency
    facts = {"planned_on": f"{visit.planned_on:%d/%m/%Y}", **data}
    return act(action, "inspection_visit", visit.uuid, agency=agency, office=visit.office, **facts)
