"""What the register says of the bodies, people and old certificates that rows name.

Refused where nothing is left in doubt; otherwise asked, with what the register would write instead.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from portal.core.rules import Finding, Severity
from portal.core.text import names
from portal.core.text.provinces import province_name, province_now


def _question(code: str, message: str, suggestion: str = "") -> Finding:
    return Finding(code, message, Severity.WARNING, suggestion, asks=True)


def body_is_of_the_senders_province(typed: str, province: str) -> Finding | None:
    """R14 (Điều 10 khoản 1): the direct-managing agency asks for its own people, and a people's
    committee or council of another province is not above it."""
    organ, level, own = names.parts(typed)
    named = province_now(own) if organ and level == "province" else ""
    here = province_now(province)
    if not named or not here or named == here:
        return None
    return Finding(
        "other_province",
        f"“{typed}” là cơ quan của {named}, còn đơn vị gửi thuộc {province}. Người của cơ quan nào "
        "thì cơ quan quản lý trực tiếp đó đề nghị (Điều 10 khoản 1); nếu ghi nhầm thì sửa tên.",
    )


def province_is_the_senders(typed: str, province: str) -> Finding | None:
    """DOMAIN 5: L in a subject is the province of the body; one elsewhere is asked about."""
    named, here = province_now(province_name(typed)), province_now(province)
    if not named or not here or named == here:
        return None
    return _question(
        "province_of_others",
        f"Dòng này ghi {typed}, còn đơn vị gửi thuộc {province}. Tỉnh, thành phố trong chứng thư "
        "là nơi cơ quan của người được cấp đặt trụ sở.",
        province,
    )


def body_is_of_the_senders_commune(typed: str, superiors: Iterable[str]) -> Finding | None:
    """R14 (Điều 10 khoản 1): a commune asks for its own people, not for another commune's.

    ``superiors`` are the sender and the bodies above it; only where one is a commune's is there no
    doubt.
    """
    organ, level, own = names.parts(typed)
    if not organ or level != "commune":
        return None
    communes = [name for name in superiors if names.parts(name)[1] == "commune"]
    if not communes or any(names.parts(name)[2] == own for name in communes):
        return None
    return Finding(
        "other_commune",
        f"“{typed}” là cơ quan của xã, phường khác. Người của cơ quan nào thì cơ quan quản lý trực "
        "tiếp đó đề nghị (Điều 10 khoản 1); nếu ghi nhầm thì sửa tên.",
    )


def name_is_written_as_registered(typed: str, registered: str) -> Finding | None:
    """DOMAIN 10.2: the name in a certificate is the one of the establishment decision, in full.

    ``registered`` is the same name; other capitals or tone places are no difference.
    """
    if not names.is_in_short(typed, registered):
        return None
    return _question(
        "name_in_short",
        f"Tên cơ quan viết tắt. Danh mục ghi “{registered}”; tên trong chứng thư phải đầy đủ.",
        registered,
    )


def name_is_not_misspelt(typed: str, registered: str) -> Finding | None:
    """DOMAIN 10.2: a name like a registered one ("" for none) is probably that one misspelt."""
    if not registered:
        return None
    return _question(
        "name_misspelt", f"“{typed}” không có trong danh mục. Có phải: “{registered}”?", registered
    )


def name_is_of_today(typed: str, now: str) -> Finding | None:
    """DOMAIN 9: after a reorganisation lists still carry the names of before ("" for none)."""
    if not now:
        return None
    return _question(
        "former_name", f"“{typed}” là tên trước khi sắp xếp, đổi tên. Có phải: “{now}”?", now
    )


def body_is_registered(typed: str, *, is_known: bool) -> Finding | None:
    """R14: a person belongs to a body of Điều 2; one the register does not know is asked about."""
    if is_known:
        return None
    return _question(
        "body_not_registered",
        f"“{typed}” không có trong danh mục của đơn vị gửi. Hãy đối chiếu với quyết định thành "
        "lập; nếu đúng thì ghi rõ là đơn vị nào.",
    )


def name_fits_a_certificate(typed: str, chosen: str, capitals: str) -> Finding | None:
    """DOMAIN 14.24 (X.520): CN, O and OU have 64 letters; nobody is stopped by a longer name.

    ``chosen`` is the short form in the register, told; without one a person chooses one here.
    """
    if chosen:
        return Finding("name_in_certificate", f"Trong chứng thư ghi: “{chosen}”.", Severity.WARNING)
    if max(len(typed), len(capitals)) <= names.CERTIFICATE_NAME_LENGTH:
        return None
    return _question(
        "name_over_64",
        f"Tên dài {max(len(typed), len(capitals))} ký tự, một tên trong chứng thư chỉ có "
        f"{names.CERTIFICATE_NAME_LENGTH}. Hãy chọn tên ngắn ghi trong chứng thư; văn bản vẫn in "
        "tên đầy đủ.",
    )


def body_is_known_elsewhere(name: str, province: str, superior: str | None) -> Finding:
    """R14: whoever decides is told whose body a row names; its sender is not."""
    under = f", thuộc {superior}" if superior else ""
    return Finding(
        "body_elsewhere",
        f"Trong danh mục, “{name}” là cơ quan ở {province}{under}, ngoài đơn vị gửi.",
        Severity.WARNING,
    )


def levels_go_downwards(upper: str, lower: str, *, is_under: bool) -> Finding | None:
    """DOMAIN 5.2: O is the body at the top, each OU one under it."""
    if is_under:
        return None
    return _question(
        "levels_out_of_order",
        f"Theo danh mục, “{lower}” không thuộc “{upper}”. Các cấp ghi từ trên xuống.",
    )


def superior_is_named(superior: str, *, is_named: bool) -> Finding | None:
    """DOMAIN 5.2: the levels begin with the body at the top, as registered."""
    if is_named:
        return None
    return _question(
        "superior_not_named",
        f"Chưa ghi cơ quan cấp trên “{superior}”. Các cấp ghi đủ từ trên xuống.",
    )


def sender_is_named(sender: str, *, is_named: bool) -> Finding | None:
    """R14 (Điều 10 khoản 1): whom the sender asks for works at the sender or at a body under it."""
    if is_named:
        return None
    return _question(
        "sender_not_named",
        f"Các cấp không có {sender} hay đơn vị thuộc đơn vị này: chứng thư sẽ ghi người này công "
        "tác ở cơ quan khác.",
    )


def number_is_of_this_person(others: Collection[str], number: str, name: str) -> Finding | None:
    """R45: one person has one number; the register knows the same name and birthday by another.

    ``number`` and ``others``, the ones known, are hashes.
    """
    if not others or number in others:
        return None
    return _question(
        "other_number_known",
        f"{name} với ngày sinh này đã có trong sổ thuê bao nhưng với số định danh khác. Hãy đối "
        "chiếu với thẻ căn cước; nếu là hai người khác nhau thì giữ nguyên.",
    )


def name_is_of_this_number(known: str, typed: str) -> Finding | None:
    """R45: the register knows the number under another name."""
    if not known or names.same(known, typed):
        return None
    return _question(
        "other_name_known",
        f"Sổ thuê bao ghi số định danh này là của “{known}”. Hãy đối chiếu với thẻ căn cước.",
    )


def old_serial_is_known(is_known: bool) -> Finding | None:
    """Mẫu 01 column 10, DOMAIN 14.2: the old certificate is one of the register.

    One of before the portal, or another body's, is told as what does not exist.
    """
    if is_known:
        return None
    return _question(
        "old_serial_unknown",
        "Không có chứng thư số hiệu này trong sổ của đơn vị. Hãy đối chiếu số hiệu; chứng thư cấp "
        "ngoài hệ thống thì ghi rõ.",
    )


def old_serial_is_this_persons(holder: str, typed: str) -> Finding | None:
    """Mẫu 01 column 10: the old certificate is the same person's, by name."""
    if not holder or names.same(holder, typed):
        return None
    return _question(
        "old_serial_of_another",
        f"Chứng thư cũ này là của “{holder}”, không phải của “{typed}”.",
    )
