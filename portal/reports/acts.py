"""What the audit record says was done to reports, and its words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.audit import services as audit
from portal.audit.words import ActGroup, AuditTarget
from portal.reports.models import Report

TARGETS = (AuditTarget("report", _("Báo cáo"), order=165),)
ACTS = (
    ActGroup(
        "report",
        about="report",
        order=25,
        words={
            "open": _("Lập báo cáo"),
            "count": _("Tính xong số liệu báo cáo"),
            "fail": _("Không tính được số liệu báo cáo"),
            "recount": _("Yêu cầu tính lại số liệu báo cáo"),
            "edit": _("Sửa nội dung báo cáo"),
            "compare": _("So số liệu báo cáo với hiện nay"),
            "number": _("Ghi số, ngày báo cáo"),
            "attach_scan": _("Tải lên bản quét báo cáo"),
            "request_signature": _("Trình lãnh đạo ký báo cáo"),
            "revise": _("Lấy lại báo cáo để sửa"),
            "send_back_to_draft": _("Yêu cầu soạn lại báo cáo"),
            "sign": _("Ký báo cáo"),
            "seal": _("Ký số cơ quan và phát hành báo cáo"),
            "cancel": _("Bỏ báo cáo"),
        },
    ),
)


def report_act(action: str, report: Report, **data: object) -> audit.Act:
    """Return the audit act about a report."""
    return audit.Act(
        action=action,
        target_type="report",
        target_uuid=report.uuid,
        agency_uuid=report.agency.uuid,
        office_uuid=report.office.uuid if report.office else None,
        data={"since": f"{report.since}", "until": f"{report.until}", **data},
    )
