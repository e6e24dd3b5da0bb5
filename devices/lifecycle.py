"""The life of a device as one table over two columns: where it is and how it is.

Services, buttons, docs/device-lifecycle.md and the exhaustive test are read from ``LIFE``; nothing
else says what can happen to a device. The table is the same for every kind of device: a SIM or an
HSM travels and comes back as a token does.
"""

from __future__ import annotations

from collections.abc import Iterable
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


# Where lists and sums have a device: each at exactly one, a lost one nowhere else.
PLACES = (
    *(
        (one.value, _("Thuê bao còn giữ, phải nộp lại") if one == "to_be_returned" else one.label)
        for one in Custody
    ),
    (Condition.LOST.value, Condition.LOST.label),
)


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
    TRANSFER = "transfer", _("Chuyển đơn vị quản lý")
    READDRESS = "readdress", _("Đổi đơn vị nhận")
    GIVE_AGAIN = "give_again", _("Giao lại cho thuê bao")
    CHANGE_HOLDER = "change_holder", _("Đổi người giữ")
    BRING_IN = "bring_in", _("Đưa vào từ hiện trạng, tại đơn vị")
    BRING_IN_HELD = "bring_in_held", _("Đưa vào từ hiện trạng, thuê bao đang giữ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of the table: ``move`` leads from these places and conditions to others.

    ``sources`` None is a device the portal does not know yet. ``to`` and ``to_condition`` None
    mean that it stays as it is; ``restores`` that it returns to the condition it had before it was
    lost. Among ``roles``, None is the portal itself (the effect of a dossier, a sweep).
    """

    move: Move
    sources: frozenset[Custody] | None
    conditions: frozenset[Condition]
    to: Custody | None
    to_condition: Condition | None
    restores: bool
    roles: frozenset[Role | None]
    needs_reason: bool

    def starts_at(self, custody: str | None, condition: str | None) -> bool:
        """Say whether a device that is there and so can make the move."""
        if self.sources is None:
            return not custody and not condition
        return custody in self.sources and condition in self.conditions

    def leads(self, before: tuple[str, str], after: tuple[str, str]) -> bool:
        """Say whether the line leads from one place and condition to another."""
        custody, condition = before
        return (
            self.starts_at(custody, condition)
            and after[0] == (self.to or custody)
            and (self.restores or after[1] == (self.to_condition or condition))
        )


class IllegalMove(Exception):
    """The device can't make this move from where it is, or not by this role."""


PORTAL = None
SOUND = (Condition.OK,)
# What can still be held in the hand.
PRESENT = (Condition.OK, Condition.LOCKED, Condition.DAMAGED)


def _rule(
    move: Move,
    *sources: Custody,
    to: Custody | None = None,
    by: Iterable[Role | None],
    when: Iterable[Condition] = SOUND,
    to_condition: Condition | None = None,
    restores: bool = False,
    reason: bool = False,
) -> Rule:
    return Rule(
        move=move,
        sources=frozenset(sources) or None,
        conditions=frozenset(when),
        to=to,
        to_condition=to_condition,
        restores=restores,
        roles=frozenset(by),
        needs_reason=reason,
    )


_AT_THE_CA = (Custody.STOCK, Custody.ALLOCATED, Custody.AT_CA)
_AT_THE_AGENCY = (
    Custody.AT_AGENCY,
    Custody.WITH_SUBSCRIBER,
    Custody.TO_BE_RETURNED,
    Custody.BACK_AT_AGENCY,
)
# A PIN exists only after the hand-over, so nothing locks before it.
_IN_USE = (Custody.WITH_SUBSCRIBER, Custody.TO_BE_RETURNED)
_CLERK = (Role.CLERK,)
_OFFICE = (Role.OFFICE_OFFICER,)
_OPERATOR = (Role.CA_OPERATOR,)

LIFE: tuple[Rule, ...] = (
    # What was handed out before there was a portal, as a list says it is.
    _rule(Move.BRING_IN, to=Custody.AT_AGENCY, by=(PORTAL,), to_condition=Condition.OK),
    _rule(Move.BRING_IN_HELD, to=Custody.WITH_SUBSCRIBER, by=(PORTAL,), to_condition=Condition.OK),
    # Out: from the stock to the subscriber (Điều 11 Nghị định 68/2024/NĐ-CP).
    _rule(Move.TAKE_IN, to=Custody.STOCK, by=_OPERATOR, to_condition=Condition.OK),
    _rule(Move.ALLOCATE, Custody.STOCK, to=Custody.ALLOCATED, by=(PORTAL,)),
    _rule(Move.SEND, Custody.ALLOCATED, to=Custody.ON_ITS_WAY, by=_OPERATOR),
    _rule(Move.RECEIVE, Custody.ON_ITS_WAY, to=Custody.AT_AGENCY, by=_CLERK),
    _rule(Move.HAND_OVER, Custody.AT_AGENCY, to=Custody.WITH_SUBSCRIBER, by=_CLERK),
    # N30 Điều 32: an organisation's device passes to another văn thư with a biên bản.
    _rule(
        Move.CHANGE_HOLDER,
        Custody.WITH_SUBSCRIBER,
        by=_CLERK,
        when=PRESENT,
        reason=True,
    ),
    # In use: Điều 22 (locked after too many wrong passwords, recovered on Mẫu 06).
    _rule(
        Move.LOCK,
        *_IN_USE,
        by=(Role.CLERK, PORTAL),
        to_condition=Condition.LOCKED,
        reason=True,
    ),
    _rule(
        Move.UNLOCK,
        *_IN_USE,
        by=(PORTAL,),
        when=(Condition.LOCKED,),
        to_condition=Condition.OK,
    ),
    # Back: Điều 20. What never left the CA or the agency has nobody to be fetched from.
    _rule(
        Move.RECALL,
        Custody.WITH_SUBSCRIBER,
        to=Custody.TO_BE_RETURNED,
        by=(PORTAL,),
        when=PRESENT,
        reason=True,
    ),
    _rule(
        Move.RECALL,
        Custody.AT_AGENCY,
        to=Custody.BACK_AT_AGENCY,
        by=(PORTAL,),
        when=PRESENT,
        reason=True,
    ),
    _rule(
        Move.RECALL,
        Custody.ALLOCATED,
        to=Custody.AT_CA,
        by=(PORTAL,),
        when=PRESENT,
        reason=True,
    ),
    _rule(
        Move.TAKE_BACK,
        Custody.WITH_SUBSCRIBER,
        Custody.TO_BE_RETURNED,
        to=Custody.BACK_AT_AGENCY,
        by=_CLERK,
        when=PRESENT,
    ),
    # Given back early, and the certificate goes on after all.
    _rule(
        Move.GIVE_AGAIN,
        Custody.BACK_AT_AGENCY,
        to=Custody.WITH_SUBSCRIBER,
        by=_CLERK,
        when=(Condition.OK, Condition.LOCKED),
        reason=True,
    ),
    # The person moved to another body, or the body has a successor (R41): the thing stays put.
    _rule(
        Move.TRANSFER,
        *_AT_THE_AGENCY,
        by=(PORTAL,),
        when=tuple(Condition),
    ),
    # The body it was meant for has a successor: it goes on to that one (DOMAIN 4.5).
    _rule(
        Move.READDRESS,
        Custody.ALLOCATED,
        Custody.ON_ITS_WAY,
        by=(PORTAL,),
        when=tuple(Condition),
    ),
    # The side that gets the device confirms it (Mẫu 08).
    _rule(
        Move.PASS_TO_OFFICE,
        Custody.BACK_AT_AGENCY,
        to=Custody.AT_OFFICE,
        by=_OFFICE,
        when=PRESENT,
    ),
    _rule(
        Move.RETURN_TO_CA,
        Custody.BACK_AT_AGENCY,
        Custody.AT_OFFICE,
        to=Custody.AT_CA,
        by=_OPERATOR,
        when=PRESENT,
    ),
    _rule(
        Move.RETIRE,
        Custody.STOCK,
        Custody.AT_CA,
        to=Custody.RETIRED,
        by=_OPERATOR,
        when=PRESENT,
        reason=True,
    ),
    # Trouble is reported by whoever has the device.
    _rule(
        Move.REPORT_DAMAGED,
        *_AT_THE_AGENCY,
        by=_CLERK,
        when=(Condition.OK, Condition.LOCKED),
        to_condition=Condition.DAMAGED,
        reason=True,
    ),
    _rule(
        Move.REPORT_DAMAGED,
        Custody.AT_OFFICE,
        by=_OFFICE,
        when=(Condition.OK, Condition.LOCKED),
        to_condition=Condition.DAMAGED,
        reason=True,
    ),
    _rule(
        Move.REPORT_DAMAGED,
        *_AT_THE_CA,
        by=_OPERATOR,
        when=(Condition.OK, Condition.LOCKED),
        to_condition=Condition.DAMAGED,
        reason=True,
    ),
    # A loss at the agency is also the effect of its minutes (Mẫu 09).
    _rule(
        Move.REPORT_LOST,
        *_AT_THE_AGENCY,
        by=(Role.CLERK, PORTAL),
        when=PRESENT,
        to_condition=Condition.LOST,
        reason=True,
    ),
    _rule(
        Move.REPORT_LOST,
        Custody.AT_OFFICE,
        by=_OFFICE,
        when=PRESENT,
        to_condition=Condition.LOST,
        reason=True,
    ),
    _rule(
        Move.REPORT_LOST,
        Custody.ON_ITS_WAY,
        *_AT_THE_CA,
        by=_OPERATOR,
        when=PRESENT,
        to_condition=Condition.LOST,
        reason=True,
    ),
    _rule(
        Move.FIND,
        *_AT_THE_AGENCY,
        by=_CLERK,
        when=(Condition.LOST,),
        restores=True,
        reason=True,
    ),
    _rule(
        Move.FIND,
        Custody.AT_OFFICE,
        by=_OFFICE,
        when=(Condition.LOST,),
        restores=True,
        reason=True,
    ),
    _rule(
        Move.FIND,
        Custody.ON_ITS_WAY,
        *_AT_THE_CA,
        by=_OPERATOR,
        when=(Condition.LOST,),
        restores=True,
        reason=True,
    ),
)

# These ask for more than a reason: a list, a serial seen, a PIN.
_MOVES_WITH_A_PAGE = frozenset(
    {
        Move.TAKE_IN,
        Move.SEND,
        Move.RECEIVE,
        Move.HAND_OVER,
        Move.TAKE_BACK,
        Move.GIVE_AGAIN,
        Move.CHANGE_HOLDER,
        Move.PASS_TO_OFFICE,
        Move.RETURN_TO_CA,
        Move.TRANSFER,
        Move.READDRESS,
    }
)


def find_rule(move: str, custody: str | None, condition: str | None, role: str | None) -> Rule:
    """Return the one line for these; raise IllegalMove when there is none.

    ``custody`` and ``condition`` None is a device not yet known; ``role`` None the portal itself.
    """
    for rule in LIFE:
        if rule.move == move and role in rule.roles and rule.starts_at(custody, condition):
            return rule
    raise IllegalMove(f"{role} cannot {move} a device that is {custody}, {condition}")


def moves_open_to(role: str | None, *, custody: str, condition: str) -> list[Rule]:
    """Return what ``role`` may do next with a device, in table order."""
    return [rule for rule in LIFE if role in rule.roles and rule.starts_at(custody, condition)]


def has_a_page(move: str) -> bool:
    """Say whether ``move`` asks for more than a reason and so has a page of its own."""
    return move in _MOVES_WITH_A_PAGE
