"""How provinces send the forms: ready-made sets of routing rules an administrator may choose.

Each set follows one province's document. A line about a procedure on which the document is silent
is marked ``is_derived``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from requests_app.routing.rules import DECIDED_BY_THE_OFFICE
from requests_app.workflow import Procedure, Route

PORTAL_OF_THE_CA = "Hệ thống đăng ký, quản lý yêu cầu chứng thực (dichvucong.ca.gov.vn)"
NATIONAL_AXIS = "Trục liên thông văn bản quốc gia"
OWN_DOCUMENT_SYSTEM = "Hệ thống quản lý văn bản và điều hành của tỉnh"
ANY_STORAGE = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PresetRule:
    """One line: a procedure on a device kind, its way, who gets a copy, by what article."""

    procedure: Procedure
    route: Route
    storage: str = ANY_STORAGE
    copies_office: bool = False
    copies_commune: bool = False
    channel: str = PORTAL_OF_THE_CA
    working_days: int | None = None  # None: the decree's own limit
    article: str = ""
    is_derived: bool = False

    @property
    def goes_to_office(self) -> bool:
        """Whether the office is the addressee; the CA is otherwise."""
        return self.route in DECIDED_BY_THE_OFFICE


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """The rules of one province's document; ``since`` is its first day, as far as known."""

    code: str
    name: str
    basis: str
    since: date
    rules: tuple[PresetRule, ...]
    note: str = ""


_PETITIONS = (Procedure.ISSUE, Procedure.RENEW_CHANGE, Procedure.REVOKE)


def _to_the_ca(*procedures: Procedure, article: str, copies: bool = False) -> Iterator[PresetRule]:
    channel = f"{PORTAL_OF_THE_CA} hoặc {NATIONAL_AXIS}"
    for procedure in procedures:
        yield PresetRule(
            procedure=procedure,
            route=Route.DIRECT,
            copies_office=copies,
            copies_commune=copies,
            channel=channel,
            article=article,
        )


def _records(
    *, article: str, copies_office: bool = False, to_office: bool = False, notice: str = ""
) -> Iterator[PresetRule]:
    """Mẫu 07, 08, 09; ``notice`` is the article of 07, "" where the document is silent about it."""
    yield PresetRule(
        procedure=Procedure.RETURN_DEVICE,
        route=Route.OFFICE_MINUTES if to_office else Route.MINUTES,
        article=article,
    )
    yield PresetRule(
        procedure=Procedure.REPORT_LOSS,
        route=Route.NOTICE,
        copies_office=copies_office,
        article=article,
    )
    yield PresetRule(
        procedure=Procedure.HANDOVER_NOTICE,
        route=Route.NOTICE,
        copies_office=copies_office,
        article=notice or "Điều 11 Nghị định 68/2024/NĐ-CP",
        is_derived=not notice,
    )


TAN_UYEN = Preset(
    code="tan_uyen_2024",
    name="Tân Uyên, Lai Châu (8/2024): gửi Cục, Sở và phòng chuyên môn theo dõi; khôi phục do Sở",
    # The copy that was kept bears no number and no day; the province's letter it relays does.
    basis="Hướng dẫn của UBND huyện Tân Uyên tháng 8/2024; 1581/STTTT-BCVTCNTT ngày 01/8/2024",
    since=date(2024, 8, 15),  # Điều 41: the decree's first day
    rules=(
        *_to_the_ca(*_PETITIONS, article="mục 1a", copies=True),
        PresetRule(
            procedure=Procedure.RECOVER,
            route=Route.OFFICE_ONLY,
            copies_commune=True,
            channel=OWN_DOCUMENT_SYSTEM,
            article="mục 1b",
        ),
        *_records(article="mục 6", notice="mục 3a"),
    ),
)

CONSOLIDATING = Preset(
    code="consolidating_2025",
    name="Sở tổng hợp (2025): mọi đề nghị và thiết bị qua Sở, Sở chuyển Cục",
    # The letter was seen without its number and day; it carries out the CA's letter of this day.
    basis="Văn bản của Sở KH&CN năm 2025 thực hiện 275/BCY-CTSBMTT ngày 16/5/2025",
    since=date(2025, 5, 16),
    rules=(
        *(
            PresetRule(
                procedure=procedure,
                route=Route.VIA_OFFICE,
                article="mục 2",
                is_derived=procedure == Procedure.RECOVER,
            )
            for procedure in (*_PETITIONS, Procedure.RECOVER)
        ),
        *_records(article="mục 2.1", copies_office=True, to_office=True),
    ),
    note="Văn bản không nói đến khôi phục thiết bị và thông báo bàn giao: khôi phục đi như các đề "
    "nghị khác, thông báo bàn giao gửi Cục và Sở theo dõi.",
)

NINH_BINH = Preset(
    code="ninh_binh_2025",
    name="Ninh Bình (12/2025): Sở gia hạn, thay đổi, khôi phục; còn lại gửi Cục",
    basis="Quyết định 165/2025/QĐ-UBND ngày 27/11/2025 của UBND tỉnh Ninh Bình",
    since=date(2025, 12, 1),  # the day it takes effect was not seen, the month was
    rules=(
        *(
            PresetRule(procedure=procedure, route=Route.DIRECT, article="Điều 9, Điều 10")
            for procedure in (Procedure.ISSUE, Procedure.REVOKE)
        ),
        *(
            PresetRule(procedure=procedure, route=Route.OFFICE_ONLY, article="Điều 9, Điều 10")
            for procedure in (Procedure.RENEW_CHANGE, Procedure.RECOVER)
        ),
        *_records(article="Điều 10 khoản 6"),
    ),
    note="Mọi hồ sơ, kể cả hồ sơ Sở giải quyết, gửi qua dichvucong.ca.gov.vn (Điều 9 khoản 4).",
)

DONG_THAP = Preset(
    code="dong_thap_2025",
    name="Đồng Tháp (12/2025): gửi Cục; Sở khôi phục PKI Token",
    basis="Quyết định 144/2025/QĐ-CTUBND ngày 02/12/2025 của Chủ tịch UBND tỉnh Đồng Tháp",
    since=date(2025, 12, 2),
    rules=(
        *_to_the_ca(*_PETITIONS, article="Điều 6, Điều 9"),
        PresetRule(
            procedure=Procedure.RECOVER,
            route=Route.OFFICE_ONLY,
            storage="token",
            channel=OWN_DOCUMENT_SYSTEM,
            article="Điều 11",
        ),
        PresetRule(
            procedure=Procedure.RECOVER,
            route=Route.DIRECT,
            article="Điều 11; Điều 22 khoản 3 Nghị định 68/2024/NĐ-CP",
        ),
        *_records(article="Điều 9"),
    ),
    note="Khi Cục phân cấp gia hạn, thay đổi thông tin cho Sở thì thêm quy định “Sở tự giải quyết” "
    "cho loại việc đó.",
)

PRESETS: dict[str, Preset] = {
    preset.code: preset for preset in (TAN_UYEN, CONSOLIDATING, NINH_BINH, DONG_THAP)
}
