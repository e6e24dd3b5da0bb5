"""Rules about accounts: roles go with bodies, and it takes two people to give one."""

from __future__ import annotations

from django.utils.translation import gettext as _

from portal.core.roles import Role, Scope, profile_of
from portal.core.rules import Violation

FEWEST_ADMINISTRATORS = 2


def role_fits_body(role: str, body_kind: str) -> Violation | None:
    """Roles of the office belong to an office, roles of the CA to the CA; the rest to any body."""
    if profile_of(role).scope is Scope.OFFICE and body_kind != "office":
        return Violation(
            "role_of_an_office",
            _("Vai trò này chỉ dành cho Sở KH&CN hoặc đơn vị chuyên trách."),
            way_out=_("Chọn đơn vị chuyên trách, hoặc chọn vai trò khác."),
        )
    if profile_of(role).scope is Scope.CA and body_kind != "ca":
        return Violation(
            "role_of_the_ca",
            _("Vai trò này chỉ dành cho cơ quan cung cấp dịch vụ chứng thực."),
            way_out=_("Chọn cơ quan cung cấp dịch vụ chứng thực, hoặc chọn vai trò khác."),
        )
    return None


def is_known_person(has_person: bool) -> Violation | None:
    """Four eyes count persons: an account that is nobody's can't take part in giving roles."""
    if has_person:
        return None
    return Violation(
        "account_without_person",
        _("Tài khoản này chưa gắn với một cá nhân nên không giao vai trò được."),
        way_out=_("Dùng tài khoản quản trị đã gắn với cá nhân."),
    )


def is_second_person(is_proposer: bool, is_beneficiary: bool) -> Violation | None:
    """A role, a reset, an address is confirmed by who neither proposed it nor is concerned."""
    if is_proposer:
        return Violation(
            "not_a_second_person",
            _("Người đề nghị không được tự xác nhận, kể cả bằng tài khoản khác của mình."),
            way_out=_("Đề nghị một quản trị viên khác xác nhận."),
        )
    if is_beneficiary:
        return Violation(
            "own_role",
            _("Không ai được xác nhận vai trò, mật khẩu, địa chỉ thư cho chính mình."),
            way_out=_("Đề nghị một quản trị viên khác xác nhận."),
        )
    return None


def reset_needs_a_second_person(role: str, is_active: bool, has_open_grant: bool) -> bool:
    """A clerk's password is reset by one administrator: the link goes to the clerk's own address,
    and the head of the body hears of it. Everybody else decides or signs; so may, soon, a clerk
    for whom another role is proposed."""
    return role != Role.CLERK or not is_active or has_open_grant


def enough_administrators_remain(left: int) -> Violation | None:
    """Giving a role needs two administrators: the last two persons keep theirs."""
    if left >= FEWEST_ADMINISTRATORS:
        return None
    return Violation(
        "too_few_administrators",
        _("Hệ thống phải còn ít nhất hai quản trị viên là hai người khác nhau."),
        way_out=_("Giao vai trò quản trị cho người khác trước."),
    )
