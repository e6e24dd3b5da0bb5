"""What the columns of lists mean: found by their names in any order, two header rows allowed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from portal.core.text.vietnamese import search_key

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


@dataclass(frozen=True, slots=True)
class Column:
    """A field a column may hold: its name for people, and how lists call it, in search keys."""

    label: _StrPromise
    called: str


COLUMNS: Mapping[str, Column] = {
    "name": Column(
        _("Họ tên hoặc tên chứng thư"),
        "ho va ten, ho ten, ten chung thu, ten chung thu chu ky so, ten thue bao, chu the, "
        "ten nguoi su dung, nguoi su dung, ten ca nhan, ten, subject, common name, cn, ho "
        "ten chu the, ten chu the chung thu, ho va ten nguoi duoc cap, nguoi duoc cap",
    ),
    "kind": Column(
        _("Loại thuê bao"),
        "loai thue bao, loai chung thu, doi tuong, loai doi tuong, loai, loai chu the",
    ),
    "identity": Column(
        _("Số định danh cá nhân"),
        "so dinh danh ca nhan, so dinh danh, cccd, so cccd, can cuoc, so can cuoc, cmnd "
        "cccd, so cmnd cccd, cccd cmnd, so cccd cmnd, can cuoc cong dan, so can cuoc cong "
        "dan, ma dinh danh ca nhan, so cmt, cmnd, so cmnd, dinh danh",
    ),
    "birth_on": Column(
        _("Ngày sinh"),
        "ngay sinh, ngay thang nam sinh, sinh ngay",
    ),
    "body": Column(
        _("Đơn vị công tác"),
        "co quan, don vi, co quan to chuc cong tac, co quan to chuc, don vi cong tac, ten "
        "don vi, ten co quan, co quan don vi, noi cong tac, co quan quan ly, co quan cong "
        "tac, don vi quan ly, to chuc, organization, co quan quan ly truc tiep, to chuc cap "
        "2, don vi su dung",
    ),
    "body_code": Column(
        _("Mã định danh đơn vị"),
        "ma dinh danh don vi, ma don vi, ma co quan, ma dinh danh co quan, ma dinh danh, ma "
        "dinh danh dien tu",
    ),
    "unit": Column(
        _("Bộ phận"),
        "phong ban, bo phan, phong, phong bo phan, phong chuyen mon",
    ),
    "position": Column(
        _("Chức vụ"),
        "chuc vu, chuc danh, chuc vu chuc danh",
    ),
    "email": Column(
        _("Thư điện tử công vụ"),
        "email, e mail, thu dien tu, thu dien tu cong vu, dia chi thu dien tu, email cong "
        "vu, dia chi thu dien tu cong vu, dia chi email, hop thu, thu cong vu, mail",
    ),
    "phone": Column(
        _("Điện thoại"),
        "dien thoai, so dien thoai, sdt, so dien thoai di dong, di dong, dt, so dt, dien "
        "thoai di dong",
    ),
    "serial": Column(
        _("Số hiệu chứng thư"),
        "serial, so serial, so hieu chung thu, serial chung thu, so serial chung thu, "
        "serial number, so chung thu, so hieu chung thu chu ky so, ma chung thu, so se ri, "
        "serial cts, so hieu cts",
    ),
    "not_before": Column(
        _("Hiệu lực từ"),
        "hieu luc tu, tu ngay, ngay hieu luc, ngay bat dau, ngay cap chung thu, ngay cap "
        "cts, hieu luc tu ngay, valid from, ngay co hieu luc, ngay bat dau hieu luc",
    ),
    "not_after": Column(
        _("Hiệu lực đến"),
        "hieu luc den, den ngay, ngay het han, het han, het hieu luc, ngay het hieu luc, "
        "thoi han, hieu luc den ngay, valid to, han su dung, thoi han su dung, ngay ket "
        "thuc",
    ),
    "state": Column(
        _("Tình trạng chứng thư"),
        "trang thai, tinh trang, tinh trang chung thu, trang thai chung thu, hien trang",
    ),
    "revoked_on": Column(
        _("Ngày thu hồi"),
        "ngay thu hoi, thu hoi ngay",
    ),
    "device_serial": Column(
        _("Số hiệu thiết bị"),
        "so hieu thiet bi, serial thiet bi, so token, so usb token, ma thiet bi, so hieu "
        "token, so hieu usb token, serial token, so serial thiet bi, so hieu thiet bi luu "
        "khoa bi mat, ma token, so seri thiet bi, serial usb token, token, usb token, so "
        "thiet bi",
    ),
    "device_kind": Column(
        _("Loại thiết bị"),
        "loai thiet bi, thiet bi, noi luu khoa, thiet bi luu khoa, loai token, phuong tien, "
        "thiet bi luu khoa bi mat",
    ),
    "device_state": Column(
        _("Tình trạng thiết bị"),
        "tinh trang thiet bi, trang thai thiet bi",
    ),
    "renewals": Column(
        _("Số lần đã gia hạn"),
        "so lan gia han, da gia han, so lan da gia han, gia han",
    ),
    "domain": Column(
        _("Tên miền, địa chỉ"),
        "ten mien, dia chi he thong, ten mien dia chi, domain",
    ),
    # Of lists of bodies.
    "other_name": Column(
        _("Tên đơn vị, cách viết khác"),
        "ten viet hoa, ten trong chung thu, cach viet khac, ten viet hoa trong chung thu, ten "
        "don vi viet hoa, ten viet thuong",
    ),
    "short_name": Column(_("Tên viết tắt"), "ten viet tat, viet tat, ky hieu van ban"),
    "parent": Column(
        _("Cơ quan cấp trên"),
        "co quan cap tren, don vi cap tren, truc thuoc, co quan chu quan, don vi chu quan, cap "
        "tren, don vi cap tren truc tiep",
    ),
    "seal": Column(_("Có con dấu riêng"), "con dau, co con dau, con dau rieng, co con dau rieng"),
    "email_domain": Column(
        _("Tên miền thư công vụ"),
        "ten mien thu, ten mien thu cong vu, ten mien email, duoi thu dien tu, duoi email",
    ),
    "place": Column(_("Địa danh trên văn bản"), "dia danh, dia danh ghi tren van ban"),
    "address": Column(_("Địa chỉ"), "dia chi, dia chi tru so, tru so"),
    "tax_code": Column(_("Mã số thuế"), "ma so thue, mst"),
    "budget_code": Column(
        _("Mã quan hệ ngân sách"), "ma quan he ngan sach, ma qhns, ma so qhns, ma dvqhns"
    ),
    "head_title": Column(_("Chức vụ người đứng đầu"), "chuc vu nguoi dung dau, chuc vu thu truong"),
    "signs_for": Column(_("Ký thay mặt"), "ky thay mat, thay mat"),
    "signer": Column(
        _("Người ký (người đứng đầu)"), "nguoi ky, nguoi dung dau, thu truong, lanh dao ky"
    ),
    "deputies": Column(
        _("Cấp phó ký thay (KT.)"),
        "cap pho ky thay, cap pho, pho thu truong, nguoi ky thay, ky thay kt, kt",
    ),
    "by_order": Column(
        _("Người ký thừa lệnh (TL.)"), "nguoi ky thua lenh, ky thua lenh, thua lenh, tl"
    ),
    "by_authority": Column(
        _("Người ký thừa ủy quyền (TUQ.)"),
        "nguoi ky thua uy quyen, ky thua uy quyen, thua uy quyen, tuq",
    ),
    "signing_document": Column(
        _("Văn bản giao quyền ký"),
        "van ban giao quyen ky, van ban giao ky, van ban uy quyen, quyet dinh uy quyen, can cu ky",
    ),
    "signing_papers": Column(
        _("Mẫu được ký TL., TUQ."), "mau duoc ky tl tuq, mau duoc ky, van ban duoc ky, duoc ky mau"
    ),
    "signing_until": Column(
        _("Ủy quyền đến ngày (TUQ.)"),
        "uy quyen den ngay tuq, uy quyen den ngay, het han uy quyen, thoi han uy quyen",
    ),
    # Of lists of accounts.
    "username": Column(
        _("Tên đăng nhập"), "ten dang nhap, tai khoan, username, user name, ten tai khoan"
    ),
    "role": Column(_("Vai trò"), "vai tro, quyen, nhom quyen, vai tro tai khoan"),
}
_OF_BODIES = {
    "other_name", "short_name", "parent", "seal", "email_domain", "place", "signer", "deputies",
    "by_order", "by_authority",
}  # fmt: skip
_BY_NAME = {key: name for name, column in COLUMNS.items() for key in column.called.split(", ")}
NEEDED = ("name", "serial", "device_serial", "body")  # a list that has none of these names nothing
HEADER_WITHIN = 20  # rows: titles stand above it
_FEWEST = 2


def meaning(header: str, kept: Mapping[str, str]) -> str:
    """Return the field a header names: what the office said it means, else what lists call it."""
    key = header_key(header)
    if key in kept:
        return kept[key]
    if key in _BY_NAME:
        return _BY_NAME[key]
    bare = key.split(" (")[0].strip(" *:")
    return _BY_NAME.get(bare, "")


def about_of(columns: Mapping[str, str]) -> str:
    """Return what the rows of a list are about: "body", "account", or "" for what people hold."""
    fields = set(columns.values())
    if "username" in fields:
        return "account"
    if fields & {"serial", "device_serial", "identity"}:
        return ""
    return "body" if fields & _OF_BODIES or "name" not in fields else ""


def header_key(header: str) -> str:
    """Return a header as it is compared: no marks, no signs, one space between words."""
    letters = "".join(char if char.isalnum() else " " for char in search_key(header))
    return " ".join(letters.split())[:200]


def find_header(
    rows: Sequence[Sequence[str]], kept: Mapping[str, str]
) -> tuple[int, list[str], dict[str, str]] | None:
    """Return how many of the first rows are titles and header, the header's texts, and the field of
    each column (by its number as text); None when no row names two columns.

    A header of two rows is read as one: the lower text counts where both name something. Where two
    columns name the same field the first counts.
    """
    best, found = -1, dict[int, str]()
    for at, row in enumerate(rows[:HEADER_WITHIN]):
        fields = _fields(row, kept)
        if len(set(fields.values())) > len(set(found.values())):
            best, found = at, fields
    if len(set(found.values())) < _FEWEST:
        return None
    texts = list(rows[best])
    ends = best + 1
    if ends < len(rows) and len(lower := _fields(rows[ends], kept)) >= _FEWEST:
        below = rows[ends]
        texts += [""] * (len(below) - len(texts))
        texts = [
            below[at] if at < len(below) and below[at] else text for at, text in enumerate(texts)
        ]
        found = found | lower
        ends += 1
    columns: dict[str, str] = {}
    for at in sorted(found):
        if found[at] not in columns.values():
            columns[str(at)] = found[at]
    return ends, texts, columns


def is_header(row: Sequence[str], kept: Mapping[str, str]) -> bool:
    """Say whether a row names columns enough to be a header."""
    return len(set(_fields(row, kept).values())) >= _FEWEST


def _fields(row: Sequence[str], kept: Mapping[str, str]) -> dict[int, str]:
    named = ((at, meaning(text, kept)) for at, text in enumerate(row) if text)
    return {at: field for at, field in named if field}
