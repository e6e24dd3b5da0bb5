"""The way of a dossier as one table: who may do what when, on which route.

Buttons, permissions, the API's ``allowed_actions``, the diagram in docs/workflow.md and the
exhaustive test are read from ``STEPS``; nothing else says who may do what.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.core.roles import Role
from portal.core.steps import Step, StepTable


class Procedure(models.TextChoices):
    """What a form asks for; RoutingRule sends each its way."""

    ISSUE = "issue", _("Cấp mới")
    RENEW_CHANGE = "renew_change", _("Gia hạn, thay đổi thông tin")
    REVOKE = "revoke", _("Thu hồi")
    RECOVER = "recover", _("Khôi phục thiết bị")
    HANDOVER_NOTICE = "handover_notice", _("Thông báo bàn giao")
    RETURN_DEVICE = "return_device", _("Giao, nhận lại thiết bị")
    REPORT_LOSS = "report_loss", _("Xác nhận thất lạc")


class Route(models.TextChoices):
    """Which bodies a dossier passes; given by a RoutingRule, frozen at submission."""

    VIA_OFFICE = "via_office", _("Qua Sở KH&CN, Sở chuyển Cục")
    OUTSIDE = "outside", _("Qua Sở KH&CN, Sở chuyển CA ngoài hệ thống và ghi trả lời")
    DIRECT = "direct", _("Gửi thẳng Cục, Sở theo dõi")
    OFFICE_ONLY = "office_only", _("Sở KH&CN tự giải quyết")
    NOTICE = "notice", _("Thông báo, biên bản: chỉ ghi nhận")
    MINUTES = "minutes", _("Biên bản giao nhận: Cục xác nhận từng thiết bị")
    OFFICE_MINUTES = "office_minutes", _("Biên bản giao nhận: Sở KH&CN xác nhận từng thiết bị")


class State(models.TextChoices):
    """Where a dossier stands."""

    DRAFT = "draft", _("Đang soạn")
    AWAITING_SIGNATURE = "awaiting_signature", _("Chờ lãnh đạo ký")
    AWAITING_SEAL = "awaiting_seal", _("Chờ văn thư ký số cơ quan và gửi")
    SUBMITTED = "submitted", _("Đã gửi")
    RETURNED = "returned", _("Bị trả lại để hoàn thiện")
    FORWARDED = "forwarded", _("Sở đã chuyển Cục")
    DECIDED = "decided", _("Đã xử lý từng dòng, chờ phê duyệt")
    ACCEPTED = "accepted", _("Đã phê duyệt, chờ thực hiện")
    EXECUTING = "executing", _("Đang thực hiện")
    COMPLETED = "completed", _("Hoàn thành")
    PARTLY_COMPLETED = "partly_completed", _("Hoàn thành một phần")
    EXECUTION_FAILED = "execution_failed", _("Thực hiện bị lỗi")
    REJECTED = "rejected", _("Bị từ chối")
    WITHDRAWN = "withdrawn", _("Đã rút")


class Action(models.TextChoices):
    """What can be done to a dossier; the label is the button's text."""

    REQUEST_SIGNATURE = "request_signature", _("Trình lãnh đạo ký")
    REVISE = "revise", _("Lấy lại để sửa")
    SEND_BACK_TO_DRAFT = "send_back_to_draft", _("Yêu cầu soạn lại")
    SIGN = "sign", _("Ký văn bản")
    SEAL = "seal", _("Ký số cơ quan và gửi")
    RETURN = "return", _("Trả lại để hoàn thiện")
    FORWARD = "forward", _("Chuyển Cục Chứng thực số")
    DECIDE = "decide", _("Trình phê duyệt kết quả")
    SEND_BACK = "send_back", _("Yêu cầu xử lý lại")
    CONFIRM = "confirm", _("Phê duyệt")
    REJECT = "reject", _("Phê duyệt từ chối toàn bộ")
    ACKNOWLEDGE = "acknowledge", _("Xác nhận đã nhận")
    TAKE_ALL = "take_all", _("Xác nhận đã nhận đủ thiết bị")
    TAKE_SOME = "take_some", _("Xác nhận chỉ nhận một phần")
    WITHDRAW = "withdraw", _("Rút hồ sơ")
    START = "start", _("Bắt đầu thực hiện")
    COMPLETE = "complete", _("Hoàn thành")
    COMPLETE_PARTLY = "complete_partly", _("Hoàn thành một phần")
    REFUSE_ALL = "refuse_all", _("CA từ chối toàn bộ")
    FAIL = "fail", _("Thực hiện bị lỗi")
    RETRY = "retry", _("Thực hiện lại")
    STOP = "stop", _("Dừng do đơn vị gửi chấm dứt hoạt động")
    STOP_REST = "stop_rest", _("Dừng phần còn lại do đơn vị gửi chấm dứt hoạt động")
    REOPEN = "reopen", _("Soạn lại dưới tên đơn vị kế thừa")


class Needs(models.TextChoices):
    """What must hold about the rows for a step to be open."""

    NOTHING = "nothing", ""
    ALL_ROWS_DECIDED = "all_rows_decided", _("mọi dòng đã được chấp nhận hoặc từ chối")
    SOME_ROW_ACCEPTED = "some_row_accepted", _("có ít nhất một dòng được chấp nhận")
    ALL_ROWS_ACCEPTED = "all_rows_accepted", _("mọi dòng đã được xác nhận có đủ")
    ROWS_OF_BOTH = "rows_of_both", _("có dòng nhận được và có dòng không nhận được")
    ALL_ROWS_REFUSED = "all_rows_refused", _("mọi dòng đều bị từ chối")


# What an office looks through and passes on to the CA; without a desk of the CA here, by files.
PASSED_ON = frozenset({Route.VIA_OFFICE, Route.OUTSIDE})
PETITIONS = PASSED_ON | {Route.DIRECT, Route.OFFICE_ONLY}
_BY_THE_OFFICE = (Route.OFFICE_ONLY, Route.OUTSIDE)
HANDING_BACK = frozenset({Route.MINUTES, Route.OFFICE_MINUTES})
ALL_ROUTES = frozenset(Route)
_OWN_ROUTES = {
    Procedure.HANDOVER_NOTICE: frozenset({Route.NOTICE}),
    Procedure.REPORT_LOSS: frozenset({Route.NOTICE}),
    Procedure.RETURN_DEVICE: HANDING_BACK,
}


def routes_of(procedure: str) -> frozenset[Route]:
    """Return the routes a procedure can take: petitions are decided, notices are recorded, what is
    given back is confirmed device by device."""
    return _OWN_ROUTES.get(Procedure(procedure), PETITIONS)


DossierStep = Step[Action, State]


def _step(
    action: Action,
    *sources: State,
    to: State,
    by: Role | None,
    on: Iterable[Route] = ALL_ROUTES,
    reason: bool = False,
    barred_by: Iterable[Action] = (),
    needs: Needs = Needs.NOTHING,
) -> DossierStep:
    """Return the line that leads by ``action`` from ``sources`` to ``to``."""
    return Step(
        action=action,
        sources=frozenset(sources),
        target=to,
        role=by,
        routes=frozenset(on),
        needs_reason=reason,
        barred_by=frozenset(barred_by),
        needs=needs,
    )


# Steps that confirm what came of minutes; and all steps before which the rows are decided singly.
TAKING = frozenset({Action.TAKE_ALL, Action.TAKE_SOME})
DECIDING = TAKING | {Action.DECIDE}

# Four eyes: who drafted does not sign; who had a hand in sending neither checks nor decides.
_DRAFTED = (Action.REQUEST_SIGNATURE,)
_SENT = (*_DRAFTED, Action.SIGN, Action.SEAL)

STEPS: StepTable[Action, State] = StepTable(
    (
        # The agency's own part, the same on every route.
        _step(
            Action.REQUEST_SIGNATURE,
            State.DRAFT,
            State.RETURNED,
            to=State.AWAITING_SIGNATURE,
            by=Role.CLERK,
        ),
        _step(
            Action.REVISE,
            State.AWAITING_SIGNATURE,
            State.AWAITING_SEAL,
            to=State.DRAFT,
            by=Role.CLERK,
        ),
        _step(
            Action.SIGN,
            State.AWAITING_SIGNATURE,
            to=State.AWAITING_SEAL,
            by=Role.HEAD,
            barred_by=_DRAFTED,
        ),
        _step(
            Action.SEND_BACK_TO_DRAFT,
            State.AWAITING_SIGNATURE,
            to=State.DRAFT,
            by=Role.HEAD,
            reason=True,
        ),
        _step(
            Action.SEAL,
            State.AWAITING_SEAL,
            to=State.SUBMITTED,
            by=Role.CLERK,
            barred_by=(Action.SIGN,),
        ),
        # The office: forwards or returns what goes to the CA, decides what is its own.
        _step(
            Action.FORWARD,
            State.SUBMITTED,
            to=State.FORWARDED,
            by=Role.OFFICE_OFFICER,
            on=PASSED_ON,
            barred_by=_SENT,
        ),
        _step(
            Action.RETURN,
            State.SUBMITTED,
            to=State.RETURNED,
            by=Role.OFFICE_OFFICER,
            on=[*PASSED_ON, Route.OFFICE_ONLY],
            reason=True,
        ),
        _step(
            Action.DECIDE,
            State.SUBMITTED,
            to=State.DECIDED,
            by=Role.OFFICE_OFFICER,
            on=[Route.OFFICE_ONLY],
            barred_by=_SENT,
            needs=Needs.ALL_ROWS_DECIDED,
        ),
        _step(
            Action.CONFIRM,
            State.DECIDED,
            to=State.ACCEPTED,
            by=Role.OFFICE_HEAD,
            on=_BY_THE_OFFICE,
            barred_by=(*_SENT, Action.DECIDE),
            needs=Needs.SOME_ROW_ACCEPTED,
        ),
        _step(
            Action.REJECT,
            State.DECIDED,
            to=State.REJECTED,
            by=Role.OFFICE_HEAD,
            on=_BY_THE_OFFICE,
            barred_by=(*_SENT, Action.DECIDE),
            needs=Needs.ALL_ROWS_REFUSED,
        ),
        _step(
            Action.SEND_BACK,
            State.DECIDED,
            to=State.SUBMITTED,
            by=Role.OFFICE_HEAD,
            on=[Route.OFFICE_ONLY],
            reason=True,
        ),
        _step(
            Action.SEND_BACK,
            State.DECIDED,
            to=State.EXECUTION_FAILED,
            by=Role.OFFICE_HEAD,
            on=[Route.OUTSIDE],
            reason=True,
        ),
        # The CA: an operator decides row by row, a supervisor confirms.
        _step(
            Action.DECIDE,
            State.FORWARDED,
            to=State.DECIDED,
            by=Role.CA_OPERATOR,
            on=[Route.VIA_OFFICE],
            barred_by=(*_SENT, Action.FORWARD),
            needs=Needs.ALL_ROWS_DECIDED,
        ),
        _step(
            Action.DECIDE,
            State.SUBMITTED,
            to=State.DECIDED,
            by=Role.CA_OPERATOR,
            on=[Route.DIRECT],
            barred_by=_SENT,
            needs=Needs.ALL_ROWS_DECIDED,
        ),
        _step(
            Action.RETURN,
            State.FORWARDED,
            to=State.RETURNED,
            by=Role.CA_OPERATOR,
            on=[Route.VIA_OFFICE],
            reason=True,
        ),
        _step(
            Action.RETURN,
            State.SUBMITTED,
            to=State.RETURNED,
            by=Role.CA_OPERATOR,
            on=[Route.DIRECT, Route.NOTICE],
            reason=True,
        ),
        _step(
            Action.CONFIRM,
            State.DECIDED,
            to=State.ACCEPTED,
            by=Role.CA_SUPERVISOR,
            on=[Route.VIA_OFFICE, Route.DIRECT],
            barred_by=(*_SENT, Action.FORWARD, Action.DECIDE),
            needs=Needs.SOME_ROW_ACCEPTED,
        ),
        _step(
            Action.REJECT,
            State.DECIDED,
            to=State.REJECTED,
            by=Role.CA_SUPERVISOR,
            on=[Route.VIA_OFFICE, Route.DIRECT],
            barred_by=(*_SENT, Action.FORWARD, Action.DECIDE),
            needs=Needs.ALL_ROWS_REFUSED,
        ),
        _step(
            Action.SEND_BACK,
            State.DECIDED,
            to=State.FORWARDED,
            by=Role.CA_SUPERVISOR,
            on=[Route.VIA_OFFICE],
            reason=True,
        ),
        _step(
            Action.SEND_BACK,
            State.DECIDED,
            to=State.SUBMITTED,
            by=Role.CA_SUPERVISOR,
            on=[Route.DIRECT],
            reason=True,
        ),
        # Notices and minutes: recorded; nobody approves.
        _step(
            Action.ACKNOWLEDGE,
            State.SUBMITTED,
            to=State.COMPLETED,
            by=Role.CA_OPERATOR,
            on=[Route.NOTICE],
        ),
        # Minutes of devices given back: the receiving side confirms them one by one (Điều 20).
        *(
            _step(
                action,
                State.SUBMITTED,
                to=target,
                by=role,
                on=[route],
                barred_by=_SENT,
                needs=needs,
            )
            for route, role in (
                (Route.MINUTES, Role.CA_OPERATOR),
                (Route.OFFICE_MINUTES, Role.OFFICE_OFFICER),
            )
            for action, target, needs in (
                (Action.TAKE_ALL, State.COMPLETED, Needs.ALL_ROWS_ACCEPTED),
                (Action.TAKE_SOME, State.PARTLY_COMPLETED, Needs.ROWS_OF_BOTH),
            )
        ),
        _step(
            Action.RETURN,
            State.SUBMITTED,
            to=State.RETURNED,
            by=Role.CA_OPERATOR,
            on=[Route.MINUTES],
            reason=True,
        ),
        _step(
            Action.RETURN,
            State.SUBMITTED,
            to=State.RETURNED,
            by=Role.OFFICE_OFFICER,
            on=[Route.OFFICE_MINUTES],
            reason=True,
        ),
        # The portal carries out what was confirmed.
        _step(Action.START, State.ACCEPTED, to=State.EXECUTING, by=None, on=PETITIONS),
        # A CA without a desk here decides by what it answers.
        _step(Action.START, State.FORWARDED, to=State.EXECUTING, by=None, on=[Route.OUTSIDE]),
        _step(Action.REFUSE_ALL, State.EXECUTING, to=State.REJECTED, by=None, on=PETITIONS),
        _step(Action.COMPLETE, State.EXECUTING, to=State.COMPLETED, by=None, on=PETITIONS),
        _step(
            Action.COMPLETE_PARTLY,
            State.EXECUTING,
            to=State.PARTLY_COMPLETED,
            by=None,
            on=PETITIONS,
        ),
        _step(Action.FAIL, State.EXECUTING, to=State.EXECUTION_FAILED, by=None, on=PETITIONS),
        # A row that can never be done is refused after all: decided anew, confirmed anew.
        _step(
            Action.DECIDE,
            State.EXECUTION_FAILED,
            to=State.DECIDED,
            by=Role.CA_OPERATOR,
            on=[Route.VIA_OFFICE, Route.DIRECT],
            barred_by=(*_SENT, Action.FORWARD),
            needs=Needs.ALL_ROWS_DECIDED,
        ),
        _step(
            Action.DECIDE,
            State.EXECUTION_FAILED,
            to=State.DECIDED,
            by=Role.OFFICE_OFFICER,
            on=_BY_THE_OFFICE,
            barred_by=_SENT,
            needs=Needs.ALL_ROWS_DECIDED,
        ),
        _step(
            Action.RETRY,
            State.EXECUTION_FAILED,
            to=State.ACCEPTED,
            by=Role.CA_OPERATOR,
            on=[Route.VIA_OFFICE, Route.DIRECT],
        ),
        _step(
            Action.RETRY,
            State.EXECUTION_FAILED,
            to=State.ACCEPTED,
            by=Role.OFFICE_OFFICER,
            on=_BY_THE_OFFICE,
        ),
        # Withdrawn by its sender, until decided.
        _step(
            Action.WITHDRAW,
            State.DRAFT,
            State.AWAITING_SIGNATURE,
            State.AWAITING_SEAL,
            State.RETURNED,
            to=State.WITHDRAWN,
            by=Role.CLERK,
            reason=True,
        ),
        _step(
            Action.WITHDRAW,
            State.SUBMITTED,
            State.FORWARDED,
            to=State.WITHDRAWN,
            by=Role.CLERK,
            on=PETITIONS,
            reason=True,
        ),
        # The body a dossier came from has ended (DOMAIN 14.8): what asks for something in its name
        # and is not carried out is stopped, what waits for its signatures is written in the new.
        _step(
            Action.STOP,
            State.SUBMITTED,
            State.RETURNED,
            State.FORWARDED,
            State.DECIDED,
            State.ACCEPTED,
            State.EXECUTION_FAILED,
            to=State.WITHDRAWN,
            by=None,
            on=PETITIONS,
        ),
        _step(
            Action.STOP_REST,
            State.EXECUTION_FAILED,
            to=State.PARTLY_COMPLETED,
            by=None,
            on=PETITIONS,
        ),
        _step(
            Action.REOPEN,
            State.AWAITING_SIGNATURE,
            State.AWAITING_SEAL,
            to=State.DRAFT,
            by=None,
        ),
    )
)


EDITABLE = frozenset({State.DRAFT, State.RETURNED})
AT_THE_AGENCY = EDITABLE | {State.AWAITING_SIGNATURE, State.AWAITING_SEAL}
ENDED = frozenset({State.COMPLETED, State.PARTLY_COMPLETED, State.REJECTED, State.WITHDRAWN})


steps_open_to, find_step = STEPS.open_to, STEPS.find

# Taking back or apart one's own work does not make a dossier wait for one; nor does what comes with
# the end of a body.
_NOT_WAITED_FOR = frozenset(
    {
        Action.REVISE,
        Action.WITHDRAW,
        Action.RETURN,
        Action.SEND_BACK,
        Action.STOP,
        Action.STOP_REST,
        Action.REOPEN,
    }
)


def queue_of(state: str, route: str) -> str:
    """Return the role a dossier waits for: "" for nobody, "portal" for the worker."""
    return STEPS.awaited(state, route, but=_NOT_WAITED_FOR)
