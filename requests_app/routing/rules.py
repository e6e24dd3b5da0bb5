"""Rules about who gets which form: what a RoutingRule may say."""

from __future__ import annotations

from collections.abc import Collection

from portal.core.rules import Violation
from requests_app.workflow import Procedure, Route

DELEGATION = "275/BCY-CTSBMTT mục 5; 23/BCY-CTSBMTT ngày 14/01/2025"
# What the CA hands over to ministries and provinces, with its tool; nothing else.
MAY_BE_DELEGATED = frozenset({Procedure.RENEW_CHANGE, Procedure.RECOVER})
# On these routes the office is the one that acts, so it is the addressee.
DECIDED_BY_THE_OFFICE = frozenset({Route.OFFICE_ONLY, Route.OFFICE_MINUTES})


def fits_procedure(procedure: str, route: str, allowed: Collection[str]) -> Violation | None:
    """DESIGN 5: petitions are decided, notices recorded, devices given back confirmed one by one.

    ``allowed`` are the routes of the procedure.
    """
    if route in allowed:
        return None
    names = "; ".join(f"“{Route(one).label}”" for one in Route if one in allowed)
    return Violation(
        "route_of_another_procedure",
        f"{Procedure(procedure).label} không đi đường “{Route(route).label}”.",
        way_out=f"Chọn {names}.",
    )


def may_be_delegated(procedure: str, route: str) -> Violation | None:
    """S0 mục 5: the tools for renewal, change and recovery are handed over, no others."""
    if route != Route.OFFICE_ONLY or procedure in MAY_BE_DELEGATED:
        return None
    return Violation(
        "not_delegable",
        f"{Procedure(procedure).label}: Sở không tự giải quyết được. Cục chỉ phân cấp gia hạn, "
        "thay đổi thông tin chứng thư và khôi phục thiết bị.",
        DELEGATION,
        way_out="Chọn đường “Qua Sở KH&CN, Sở chuyển Cục” hoặc “Gửi thẳng Cục”.",
    )


def office_addresses_itself(
    route: str, office: int | None, addressee: int | None
) -> Violation | None:
    """C2, C3: what an office decides itself goes to the office that answers for the sender."""
    if route not in DECIDED_BY_THE_OFFICE:
        return None
    if office is None:
        return Violation(
            "office_not_named",
            "Hồ sơ Sở tự giải quyết phải theo quy định riêng của từng Sở.",
            way_out="Chọn Sở ở ô “Áp dụng cho đơn vị thuộc”.",
        )
    if office == addressee:
        return None
    return Violation(
        "addressee_no_office",
        "Hồ sơ Sở tự giải quyết phải gửi đến chính Sở theo dõi đơn vị gửi: Sở đó quyết định.",
        way_out="Ở ô “Kính gửi”, chọn Sở đã chọn ở ô “Áp dụng cho đơn vị thuộc”.",
    )


def ca_is_addressed(route: str, is_ca: bool) -> Violation | None:
    """C2–C4: on every other route the form goes to the CA."""
    if route in DECIDED_BY_THE_OFFICE or is_ca:
        return None
    return Violation(
        "addressee_no_ca",
        "Hồ sơ theo đường này phải gửi đến Cục.",
        way_out="Ở ô “Kính gửi”, chọn Cục Chứng thực số và Bảo mật thông tin.",
    )


def has_basis(basis: str) -> Violation | None:
    """DOMAIN 1.4: provinces differ, so each rule names the document it stands on."""
    if basis.strip():
        return None
    return Violation("no_basis", "Phải ghi căn cứ (số, ngày văn bản quy định nơi nhận).")


def is_no_longer_than_the_law(
    working_days: int | None, most: int | None, article: str
) -> Violation | None:
    """DESIGN 6, R17, R33: a rule may shorten a limit of the decree, never lengthen it."""
    if not working_days or most is None or working_days <= most:
        return None
    return Violation(
        "longer_than_the_law",
        f"Thời hạn chỉ được ngắn hơn quy định ({most} ngày làm việc), không được dài hơn.",
        article,
        way_out=f"Ghi từ 1 đến {most} ngày làm việc, hoặc để trống.",
    )


def comes_after_the_standing(overlaps: bool) -> Violation | None:
    """DESIGN 4: a rule begins after the one it takes the place of."""
    if not overlaps:
        return None
    return Violation(
        "rule_overlaps",
        "Đã có quy định cùng loại bắt đầu từ ngày này hoặc muộn hơn.",
        way_out="Chọn ngày bắt đầu muộn hơn, hoặc kết thúc quy định kia trước.",
    )
