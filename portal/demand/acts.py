"""What the audit record says was done to rounds and proposals of demand, and its words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.audit import services as audit
from portal.audit.words import ActGroup, AuditTarget
from portal.demand.models import DemandProposal, DemandRound

TARGETS = (
    AuditTarget("demand_round", _("Đợt đề xuất nhu cầu"), order=166),
    AuditTarget("demand_proposal", _("Đề xuất nhu cầu"), order=167),
)
ACTS = (
    ActGroup(
        "demand_round",
        about="demand_round",
        order=26,
        words={
            "open": _("Mở đợt đề xuất nhu cầu"),
            "move_due": _("Đổi hạn gửi đề xuất nhu cầu"),
            "close": _("Kết thúc đợt đề xuất nhu cầu"),
        },
    ),
    ActGroup(
        "demand",
        about="demand_proposal",
        order=27,
        words={
            "start": _("Lập đề xuất nhu cầu"),
            "edit": _("Sửa đề xuất nhu cầu"),
            "number": _("Ghi số, ngày đề xuất nhu cầu"),
            "attach_scan": _("Tải lên bản quét đề xuất nhu cầu"),
            "request_signature": _("Trình lãnh đạo ký đề xuất nhu cầu"),
            "revise": _("Lấy lại đề xuất nhu cầu để sửa"),
            "send_back_to_draft": _("Yêu cầu soạn lại đề xuất nhu cầu"),
            "sign": _("Ký đề xuất nhu cầu"),
            "seal": _("Ký số cơ quan và gửi đề xuất nhu cầu"),
            "cancel": _("Bỏ đề xuất nhu cầu"),
            "correct": _("Điều chỉnh đề xuất nhu cầu"),
        },
    ),
)


def round_act(action: str, of: DemandRound, **data: object) -> audit.Act:
    """Return the audit act about a round."""
    return audit.Act(
        action=action,
        target_type="demand_round",
        target_uuid=of.uuid,
        agency_uuid=of.opened_by_body.uuid,
        office_uuid=of.opened_by_body.office.uuid if of.opened_by_body.office else None,
        data={"years": f"{of.first_year}-{of.last_year}", **data},
    )


def proposal_act(action: str, proposal: DemandProposal, **data: object) -> audit.Act:
    """Return the audit act about a proposal."""
    office = proposal.agency.office
    return audit.Act(
        action=action,
        target_type="demand_proposal",
        target_uuid=proposal.uuid,
        agency_uuid=proposal.agency.uuid,
        office_uuid=office.uuid if office else None,
        data={"number": proposal.number, **data},
    )
