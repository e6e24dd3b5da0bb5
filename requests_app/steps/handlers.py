"""Which handler takes which action; the others do no more than the table of steps says."""

from __future__ import annotations

from collections.abc import Mapping

from requests_app.steps.confirm import Confirm, Retry
from requests_app.steps.forward import Forward
from requests_app.steps.hand_back import HandBack
from requests_app.steps.handler import Handler
from requests_app.steps.receive import Receive
from requests_app.steps.reject import Reject
from requests_app.steps.reopen import Reopen
from requests_app.steps.request_signature import RequestSignature
from requests_app.steps.seal import Seal
from requests_app.steps.sign import Sign
from requests_app.steps.withdraw import Stop, Withdraw
from requests_app.workflow import Action

HANDLERS: Mapping[Action, type[Handler]] = {
    Action.REQUEST_SIGNATURE: RequestSignature,
    Action.REVISE: Reopen,
    Action.SEND_BACK_TO_DRAFT: Reopen,
    Action.REOPEN: Reopen,
    Action.SIGN: Sign,
    Action.SEAL: Seal,
    Action.FORWARD: Forward,
    Action.RETURN: HandBack,
    Action.CONFIRM: Confirm,
    Action.RETRY: Retry,
    Action.REJECT: Reject,
    Action.TAKE_ALL: Receive,
    Action.TAKE_SOME: Receive,
    Action.WITHDRAW: Withdraw,
    Action.STOP: Stop,
}


def handler_of(action: Action) -> type[Handler]:
    """Return what takes ``action``."""
    return HANDLERS.get(action, Handler)
