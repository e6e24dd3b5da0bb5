"""Letters and certificates for the tests of documents."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from portal.documents.letters import SIGNER_FOOTNOTE, Column, Letter, Party

DAY = date(2026, 1, 5)

MAU_01 = (
    Column("STT", "4%"),
    Column("Họ và tên", "10%"),
    Column("Ngày sinh", "8%"),
    Column("Số định danh cá nhân/Ngày cấp, nơi cấp", "12%"),
    Column("Địa chỉ thư điện tử công vụ", "14%"),
    Column("Tên cơ quan, tổ chức công tác", "12%"),
    Column("Tỉnh/Thành phố", "7%"),
    Column("Chức vụ", "9%"),
    Column("Số điện thoại di động", "9%"),
    Column("Số hiệu chứng thư chữ ký số cũ (nếu có)", "9%"),
    Column("SIM PKI", "6%"),
)
MAU_06 = (
    Column("STT", "6%"),
    Column("Số hiệu thiết bị lưu khóa bí mật", "20%"),
    Column("Tên chứng thư chữ ký số", "24%", "Thông tin của thuê bao"),
    Column("Cơ quan, tổ chức công tác", "26%", "Thông tin của thuê bao"),
    Column("Địa chỉ thư điện tử công vụ", "24%", "Thông tin của thuê bao"),
)
_GIVEN = ("Đặng Thị Ánh", "Nguyễn Văn Hưởng", "Lò Văn Ước", "Giàng A Páo", "Trần Thị Mỹ Duyên")


def person_row(number: int) -> list[str]:
    """Return row ``number`` (from 1) of an invented list of Mẫu 01."""
    return [
        str(number),
        _GIVEN[number % len(_GIVEN)],
        "12/05/1985",
        f"0121850{number:05}\n01/07/2021, Cục Cảnh sát QLHC về TTXH",
        f"canbo{number}-tanuyen@laichau.gov.vn",
        "Ủy ban nhân dân xã Tân Uyên",
        "Lai Châu",
        "Chuyên viên",
        "0912345678",
        "54A1B2C3D4E5F607" if number % 3 == 0 else "",
        "Viettel/cs" if number % 4 == 0 else "",
    ]


def petition(people: int = 20, **changes: Any) -> Letter:
    """Return a letter on Mẫu 01 of an invented commune."""
    return replace(
        Letter(
            superior="Ủy ban nhân dân tỉnh Lai Châu",
            agency="Ủy ban nhân dân xã Tân Uyên",
            number="12/UBND-VX",
            place="Tân Uyên",
            day=DAY,
            subject="đề nghị cấp chứng thư chữ ký số chuyên dùng công vụ cho cá nhân",
            addressees=("Cục Chứng thực số và Bảo mật thông tin, Ban Cơ yếu Chính phủ",),
            opening=(
                (
                    "Căn cứ Nghị định số 68/2024/NĐ-CP ngày 25 tháng 6 năm 2024 của Chính phủ, "
                    "Ủy ban nhân dân xã Tân Uyên đề nghị Quý Cơ quan cấp chứng thư chữ ký số "
                    "chuyên dùng công vụ cho cá nhân như sau:"
                ),
            ),
            contact_title=(
                "Thông tin người tiếp nhận chứng thư chữ ký số (thiết bị lưu khóa bí mật)"
            ),
            contact=(
                (
                    ("Họ và tên", "Nguyễn Thị Hằng"),
                    ("Số định danh cá nhân", "012190001234"),
                    ("Ngày cấp", "01/07/2021"),
                    ("Nơi cấp", "Cục Cảnh sát QLHC về TTXH"),
                ),
                (
                    ("Chức vụ", "Văn thư"),
                    ("Số điện thoại di động", "0987654321"),
                    ("Địa chỉ thư điện tử công vụ", "vanthu-tanuyen@laichau.gov.vn"),
                ),
                (
                    (
                        "Địa chỉ tiếp nhận (địa chỉ cơ quan, tổ chức công tác)",
                        "UBND xã Tân Uyên, tỉnh Lai Châu",
                    ),
                ),
            ),
            list_title="Số lượng và danh sách đăng ký",
            columns=MAU_01,
            rows=[person_row(number) for number in range(1, people + 1)],
            notes=(
                "Địa chỉ thư điện tử công vụ phải do cơ quan nhà nước cấp.",
                "Cột SIM PKI: ghi tên nhà mạng; chuyển số đang dùng thì ghi thêm “cs”.",
            ),
            recipients=("Như trên;", "Sở KH&CN tỉnh Lai Châu;", "Lưu: VT, VHXH."),
            signer_lines=("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"),
            signer_name="Lò Văn Thắng",
            footnote=SIGNER_FOOTNOTE,
        ),
        **changes,
    )


def recovery(devices: int = 4) -> Letter:
    """Return a letter on Mẫu 06 to two addressees."""
    return petition(
        0,
        subject="đề nghị khôi phục thiết bị lưu khóa bí mật",
        addressees=(
            "Sở Khoa học và Công nghệ tỉnh Lai Châu",
            "Cục Chứng thực số và Bảo mật thông tin, Ban Cơ yếu Chính phủ",
        ),
        list_title="Thông tin thiết bị lưu khóa bí mật cần khôi phục",
        columns=MAU_06,
        rows=[
            [
                str(number),
                f"BIT4ID-{number:06}",
                _GIVEN[number % len(_GIVEN)],
                "Ủy ban nhân dân xã Tân Uyên",
                f"canbo{number}-tanuyen@laichau.gov.vn",
            ]
            for number in range(1, devices + 1)
        ],
        notes=(),
        footnote="",
    )


def refusal() -> Letter:
    """Return a named document: a written refusal that has no number yet."""
    return petition(
        0,
        kind_of_document="Thông báo",
        subject="Từ chối cấp chứng thư chữ ký số chuyên dùng công vụ",
        number="",
        day=None,
        addressees=(),
        contact=(),
        columns=(),
        rows=(),
        footnote="",
        layout_note="Bố cục do hệ thống tự thiết kế, chưa đối chiếu với phụ lục Nghị định.",
    )


GIVER = Party(
    "ĐẠI DIỆN BÊN GIAO", ("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"), "Lò Văn Thắng", is_issuer=True
)
RECEIVER = Party("ĐẠI DIỆN BÊN NHẬN", name="Hoàng Thị Sen")


def minutes(*parties: Party, **changes: Any) -> Letter:
    """Return minutes: a named document that ``parties`` sign side by side."""
    return petition(
        0,
        kind_of_document="Biên bản",
        subject="Giao, nhận thiết bị lưu khóa bí mật",
        addressees=(),
        columns=MAU_06,
        rows=recovery(2).rows,
        notes=(),
        footnote="",
        closing="",
        layout_note="Bố cục do hệ thống tự thiết kế, chưa đối chiếu với phụ lục Nghị định.",
        parties=parties or (GIVER, RECEIVER),
        **changes,
    )
