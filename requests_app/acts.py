"""What the audit record says was done to dossiers, covering letters and rules of routing, and its
words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.audit import services as audit
from portal.audit.words import ActGroup, AuditTarget
from requests_app.models import (
    CoveringLetter,
    Dossier,
    OfficialPaper,
    ProceedingsRequest,
    RecoveryMandate,
)

TARGETS = (
    AuditTarget("dossier", _("Hồ sơ"), order=10),
    AuditTarget("mandate", _("Ủy quyền soạn Mẫu 06"), order=165),
    AuditTarget("proceedings_request", _("Yêu cầu của cơ quan tố tụng, công an"), order=166),
    AuditTarget("proceedings_notice", _("Thông báo thu hồi theo yêu cầu tố tụng"), order=167),
    AuditTarget("routing_rule", _("Quy định nơi nhận"), order=150),
    AuditTarget("covering_letter", _("Công văn chuyển hồ sơ"), order=160),
    AuditTarget("official_paper", _("Thông báo, văn bản trả lời của Sở, của Cục"), order=161),
)
ACTS = (
    ActGroup(
        "paper",
        about="official_paper",
        order=162,
        words={
            "draft": _("Lập dự thảo thông báo, văn bản trả lời"),
            "number": _("Ghi số, ngày thông báo, văn bản trả lời"),
            "attach_scan": _("Tải lên bản quét thông báo, văn bản trả lời"),
            "request_signature": _("Trình ký thông báo, văn bản trả lời"),
            "revise": _("Lấy lại thông báo, văn bản trả lời để sửa"),
            "send_back_to_draft": _("Yêu cầu soạn lại thông báo, văn bản trả lời"),
            "sign": _("Ký thông báo, văn bản trả lời"),
            "seal": _("Ký số cơ quan, phát hành và giao thông báo, văn bản trả lời"),
            "cancel": _("Bỏ thông báo, văn bản trả lời"),
        },
    ),
    ActGroup(
        "mandate",
        about="mandate",
        order=160,
        words={
            "give": _("Ủy quyền soạn Mẫu 06 cho đội hỗ trợ của Sở"),
            "withdraw": _("Rút ủy quyền soạn Mẫu 06"),
        },
    ),
    ActGroup(
        "proceedings",
        about="proceedings_request",
        order=161,
        words={
            "record": _("Ghi yêu cầu thu hồi của cơ quan tố tụng, công an"),
            "withdraw": _("Bỏ yêu cầu ghi nhầm của cơ quan tố tụng, công an"),
            "accept": _("Phê duyệt thu hồi theo yêu cầu của cơ quan tố tụng, công an"),
            "refuse": _("Không chấp nhận yêu cầu của cơ quan tố tụng, công an"),
            "deliver": _("Lập văn bản trả lời và thông báo thu hồi theo yêu cầu tố tụng"),
            "read_letter": _("Xem văn bản yêu cầu của cơ quan tố tụng, công an"),
        },
    ),
    ActGroup(
        "outside",
        about="dossier",
        order=55,
        words={
            "package": _("Tải gói đề nghị gửi CA khác"),
            "record": _("Ghi trả lời của CA khác"),
            "confirm": _("Xác nhận trả lời của CA khác"),
        },
    ),
    ActGroup(
        "routing",
        about="routing_rule",
        order=10,
        words={
            "add": _("Thêm quy định nơi nhận"),
            "end": _("Kết thúc quy định nơi nhận"),
            "propose": _("Đề nghị thay đổi quy định nơi nhận"),
            "confirm": _("Xác nhận quy định nơi nhận"),
            "decline": _("Từ chối quy định nơi nhận"),
            "withdraw": _("Rút đề nghị về quy định nơi nhận"),
            "end_with_office": _("Kết thúc quy định nơi nhận của Sở đã chấm dứt"),
        },
    ),
    ActGroup(
        "covering",
        about="covering_letter",
        order=20,
        words={
            "make": _("Lập công văn chuyển hồ sơ"),
            "number": _("Ghi số, ngày công văn chuyển"),
            "uncover": _("Bỏ hồ sơ khỏi công văn chuyển"),
            "take_over": _("Tiếp nhận công văn chuyển của Sở đã chấm dứt"),
            "attach_scan": _("Tải lên bản quét công văn chuyển"),
            "request_signature": _("Trình lãnh đạo Sở ký công văn chuyển"),
            "revise": _("Lấy lại công văn chuyển để sửa"),
            "send_back_to_draft": _("Yêu cầu soạn lại công văn chuyển"),
            "sign": _("Ký công văn chuyển"),
            "seal": _("Ký số cơ quan và chuyển hồ sơ theo công văn"),
            "cancel": _("Bỏ công văn chuyển"),
            "freeze": _("Lập công văn chuyển để ký"),
            "finish": _("Chuyển xong hồ sơ theo công văn"),
        },
    ),
    ActGroup(
        "dossier",
        about="dossier",
        order=50,
        words={
            "create": _("Lập hồ sơ"),
            "edit_letter": _("Sửa văn bản"),
            "add_row": _("Thêm dòng"),
            "edit_rows": _("Sửa các dòng"),
            "import_rows": _("Nhập danh sách từ bảng tính"),
            "answer_inquiry": _("Trả lời về người chuyển công tác"),
            "answer_questions": _("Trả lời câu hỏi về các dòng"),
            "remove_row": _("Xóa dòng"),
            "move_row": _("Đổi thứ tự dòng"),
            "ask_preview": _("Lập bản in xem trước của văn bản dài"),
            "freeze": _("Lập văn bản để ký"),
            "note_receipt": _("Ghi việc nhận văn bản gửi qua thư điện tử"),
            "read_numbers": _("Đọc số định danh đầy đủ trong hồ sơ"),
            "read_letter": _("Xem văn bản không che số"),
            "read_row": _("Xem số định danh của một dòng"),
            "attach": _("Đính kèm tệp"),
            "detach": _("Bỏ tệp đính kèm"),
            "export_rows": _("Xuất danh sách ra bảng tính"),
            "split": _("Tách hồ sơ"),
            "decide_rows": _("Xử lý từng dòng"),
            "deliver_paper": _("Giao văn bản cho đơn vị gửi"),
            "archive": _("Chốt nhật ký của hồ sơ để lưu trữ"),
            "keep_package": _("Lập gói lưu trữ"),
            "export_packages": _("Xuất các gói lưu trữ để bàn giao"),
            "package_damaged": _("Gói lưu trữ mất hoặc bị thay đổi"),
            "revoke_rows": _("Thu hồi theo từng dòng"),
            "request_signature": _("Trình lãnh đạo ký"),
            "revise": _("Lấy lại để sửa"),
            "send_back_to_draft": _("Yêu cầu soạn lại"),
            "sign": _("Ký văn bản"),
            "seal": _("Ký số cơ quan và gửi"),
            "return": _("Trả lại để hoàn thiện"),
            "forward": _("Chuyển Cục Chứng thực số"),
            "decide": _("Trình phê duyệt kết quả"),
            "send_back": _("Yêu cầu xử lý lại"),
            "confirm": _("Phê duyệt"),
            "reject": _("Phê duyệt từ chối toàn bộ"),
            "acknowledge": _("Xác nhận đã nhận"),
            "take_all": _("Xác nhận đã nhận đủ thiết bị"),
            "take_some": _("Xác nhận nhận một phần thiết bị"),
            "withdraw": _("Rút hồ sơ"),
            "stop": _("Dừng hồ sơ do đơn vị gửi chấm dứt hoạt động"),
            "stop_rest": _("Dừng phần còn lại của hồ sơ"),
            "reopen": _("Mở hồ sơ để soạn lại dưới tên mới"),
            "file_anew": _("Lập lại hồ sơ dưới tên đơn vị kế thừa"),
            "go_on": _("Hồ sơ tiếp tục dưới tên đơn vị kế thừa"),
            "start": _("Bắt đầu thực hiện"),
            "complete": _("Hoàn thành"),
            "complete_partly": _("Hoàn thành một phần"),
            "refuse_all": _("CA từ chối toàn bộ"),
            "fail": _("Thực hiện bị lỗi"),
            "retry": _("Thực hiện lại"),
        },
    ),
)


def dossier_act(
    act: str, dossier: Dossier, *, data: Mapping[str, object] | None = None
) -> audit.Act:
    """Return the audit act about a dossier."""
    return audit.Act(
        action=act,
        target_type="dossier",
        target_uuid=dossier.uuid,
        agency_uuid=dossier.agency.uuid,
        office_uuid=dossier.office.uuid if dossier.office else None,
        data=data or {},
    )


def note_reading(dossier: Dossier, *, actor: User, now: datetime) -> None:
    """Record that ``actor`` read a page or took a file in which identity numbers stand whole.

    One entry for each reader, dossier and day, whatever was read of it and how often.
    """
    audit.record_daily(dossier_act("dossier.read_numbers", dossier), actor=actor, now=now)


def letter_act(action: str, letter: CoveringLetter, **data: object) -> audit.Act:
    """Return the audit act about a covering letter."""
    return audit.Act(
        action=action,
        target_type="covering_letter",
        target_uuid=letter.uuid,
        agency_uuid=letter.office.uuid,
        office_uuid=letter.office.uuid,
        data={"number": letter.letter_number, **data},
    )


def paper_act(action: str, paper: OfficialPaper, **data: object) -> audit.Act:
    """Return the audit act about a paper of an office or the CA."""
    return audit.Act(
        action=action,
        target_type="official_paper",
        target_uuid=paper.uuid,
        agency_uuid=paper.agency.uuid,
        office_uuid=paper.agency.office.uuid if paper.agency.office else None,
        data={
            "kind": paper.kind,
            "number": paper.letter_number,
            "dossier": str(paper.dossier.uuid),
            **data,
        },
    )


def mandate_act(action: str, mandate: RecoveryMandate) -> audit.Act:
    """Return the audit act about what a body lets its office's support team do."""
    return audit.Act(
        action=action,
        target_type="mandate",
        target_uuid=mandate.uuid,
        agency_uuid=mandate.agency.uuid,
        office_uuid=mandate.office.uuid,
        data={
            "basis": mandate.basis,
            "from": mandate.valid_from.isoformat(),
            "until": mandate.valid_until.isoformat(),
        },
    )


def proceedings_act(action: str, request: ProceedingsRequest, **data: object) -> audit.Act:
    """Return the audit act about what a proceedings body asked; of the CA alone."""
    return audit.Act(
        action=action,
        target_type="proceedings_request",
        target_uuid=request.uuid,
        agency_uuid=request.agency.uuid,
        data={"letter": request.letter_number, **data},
    )
