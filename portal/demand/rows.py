"""The rows of the form that came with Công văn 86/BCY-CTSBMTT (mẫu đăng ký)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.agencies.models import SubscriberKind
from portal.ca.models import Storage

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


@dataclass(frozen=True, slots=True)
class DemandRow:
    """One row: its number and words as printed, and which certificates it is about.

    ``group`` is the line above it that has words and no numbers.
    """

    code: str
    number: str
    words: _StrPromise
    of: Q
    group: tuple[str, _StrPromise] | None = None

    @property
    def full_words(self) -> str:
        """Its words after those of its group, as lists say them."""
        return f"{self.group[1]}: {self.words}" if self.group else str(self.words)


_PERSONS = ("02", _("Chứng thư số cho cá nhân"))


def _person(code: str, words: _StrPromise, storage: Storage) -> DemandRow:
    about = Q(kind=SubscriberKind.PERSON, key__storage=storage)
    return DemandRow(code, "", words, about, group=_PERSONS)


ROWS: tuple[DemandRow, ...] = (
    DemandRow(
        "organisation",
        "01",
        _("Chứng thư số cho cơ quan, tổ chức (USB Token)"),
        Q(kind=SubscriberKind.ORGANISATION),
    ),
    _person("person_token", _("USB Token"), Storage.TOKEN),
    _person("person_sim", _("SIM PKI"), Storage.SIM),
    _person("person_sd", _("SD Secure"), Storage.SD),
    DemandRow(
        "system",
        "03",
        _("Chứng thư số cho thiết bị, dịch vụ, phần mềm"),
        Q(kind=SubscriberKind.SYSTEM),
    ),
)
BY_CODE: Mapping[str, DemandRow] = {row.code: row for row in ROWS}
MOST = 1_000_000  # of one cell: more is a slip of the hand
NOTES = (
    (
        "USB Token: là thiết bị lưu khóa bí mật sử dụng giao tiếp với máy tính qua cổng USB "
        "phục vụ ký số tài liệu điện tử."
    ),
    (
        "SIM PKI: là thiết bị thẻ SIM điện thoại có chức năng lưu khóa bí mật phục vụ ký số dữ "
        "liệu trên thiết bị di động đảm bảo an toàn."
    ),
    (
        "SD Secure: là thiết bị thẻ bảo mật sử dụng giao tiếp SD (qua khe cắm thẻ SD hoặc đầu đọc "
        "trên thiết bị di động) có chức năng lưu khóa bí mật phục vụ ký số dữ liệu trên thiết bị "
        "di động đảm bảo an toàn."
    ),
)
