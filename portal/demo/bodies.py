"""The bodies of the demo: Lai Châu with its department, three communes, a hospital, the CA."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from portal.agencies.models import Agency, AgencyKind
from portal.agencies.services import (
    AgencyFacts,
    NameForms,
    Share,
    register_agency,
    settle_names,
    succeed,
)
from portal.core.text.vietnamese import search_key
from requests_app.models import Procedure, RoutingRule
from requests_app.workflow import Route

MERGER = "Nghị quyết sắp xếp đơn vị hành chính cấp xã của tỉnh Lai Châu năm 2025"
BEFORE = date(2024, 8, 15)
SINCE = date(2025, 7, 1)

# New commune ← communes that went over to it whole on 01/7/2025.
COMMUNES = {
    "TÂN UYÊN": ("THỊ TRẤN TÂN UYÊN", "XÃ THÂN THUỘC", "XÃ TRUNG ĐỒNG", "XÃ NẬM CẦN"),
    "MƯỜNG KHOA": ("XÃ MƯỜNG KHOA", "XÃ PHÚC KHOA"),
    "PẮC TA": ("XÃ PẮC TA", "XÃ HỐ MÍT"),
}


@dataclass(frozen=True, slots=True)
class Bodies:
    """The bodies the rest of the demo speaks of."""

    ca: Agency
    province: Agency
    office: Agency
    tan_uyen: Agency
    muong_khoa: Agency
    pac_ta: Agency
    hospital: Agency


def make(*, now: datetime) -> Bodies:
    """Register what is missing and return the bodies."""
    ca = _body(
        "CỤC CHỨNG THỰC SỐ VÀ BẢO MẬT THÔNG TIN",
        kind=AgencyKind.CA,
        province="Hà Nội",
        place="Hà Nội",
        short_name="CTSBMTT",
        head_title="CỤC TRƯỞNG",
        address="Lô CN27A, Khu công nghệ cao Hòa Lạc, Hà Nội",
        phone="02430000068",
        email="hotro.thunghiem@chungthu.gov.vn",
        now=now,
    )
    province = _body(
        "ỦY BAN NHÂN DÂN TỈNH LAI CHÂU",
        kind=AgencyKind.PROVINCE,
        short_name="UBND",
        signs_for="TM. ỦY BAN NHÂN DÂN",
        now=now,
    )
    office = _body(
        "SỞ KHOA HỌC VÀ CÔNG NGHỆ TỈNH LAI CHÂU",
        kind=AgencyKind.OFFICE,
        parent=province,
        short_name="SKHCN",
        head_title="GIÁM ĐỐC",
        phone="02133000068",
        email="hotro.thunghiem@laichau.gov.vn",
        now=now,
    )
    communes = [
        _body(
            f"ỦY BAN NHÂN DÂN XÃ {name}",
            valid_from=SINCE,
            parent=province,
            office=office,
            short_name="UBND",
            place=name.title(),
            signs_for="TM. ỦY BAN NHÂN DÂN",
            address=f"Trung tâm xã {name.title()}, tỉnh Lai Châu",
            decision=MERGER,
            now=now,
        )
        for name in COMMUNES
    ]
    for commune, (name, earlier) in zip(communes, COMMUNES.items(), strict=True):
        for old in earlier:
            body = _body(
                f"ỦY BAN NHÂN DÂN {old} (HUYỆN TÂN UYÊN)",
                parent=province,
                office=office,
                short_name="UBND",
                place=name.title(),
                signs_for="TM. ỦY BAN NHÂN DÂN",
                now=now,
            )
            if body.dissolved_on is None:
                share = [Share(commune)]
                succeed(body, share, decision=MERGER, effective_on=SINCE, actor=None, now=now)
    hospital = _body(
        "BỆNH VIỆN ĐA KHOA KHU VỰC TÂN UYÊN",
        parent=province,
        office=office,
        short_name="BVTU",
        head_title="GIÁM ĐỐC",
        place="Tân Uyên",
        now=now,
    )
    _body(
        "PHÒNG VĂN HÓA – XÃ HỘI XÃ TÂN UYÊN",
        parent=communes[0],
        office=office,
        short_name="VHXH",
        head_title="TRƯỞNG PHÒNG",
        has_seal=False,
        now=now,
    )
    tan_uyen, muong_khoa, pac_ta = communes
    bodies = Bodies(ca, province, office, tan_uyen, muong_khoa, pac_ta, hospital)
    # Direct to the CA at first (Tân Uyên's guide of 8/2024), by way of the office since 7/2025.
    guide = "Hướng dẫn thực hiện Nghị định 68/2024/NĐ-CP của UBND huyện Tân Uyên, 8/2024"
    relay = "Văn bản của Sở KH&CN triển khai 275/BCY-CTSBMTT, 2025"
    for procedure in (Procedure.ISSUE, Procedure.RENEW_CHANGE, Procedure.REVOKE):
        _route(bodies, procedure, Route.DIRECT, until=SINCE, basis=guide)
        _route(bodies, procedure, Route.VIA_OFFICE, since=SINCE, basis=relay)
    _route(bodies, Procedure.RECOVER, Route.OFFICE_ONLY, basis=guide, to=office)
    back = Procedure.RETURN_DEVICE
    _route(bodies, back, Route.MINUTES, until=SINCE, basis=guide)
    _route(bodies, back, Route.OFFICE_MINUTES, since=SINCE, basis=relay, to=office)
    for procedure in (Procedure.HANDOVER_NOTICE, Procedure.REPORT_LOSS):
        _route(bodies, procedure, Route.NOTICE, basis=guide)
    return bodies


def _body(
    name: str,
    *,
    kind: str = AgencyKind.AGENCY,
    valid_from: date = BEFORE,
    province: str = "Lai Châu",
    place: str = "Lai Châu",
    now: datetime,
    **facts: object,
) -> Agency:
    standing = Agency.objects.filter(search_name=search_key(name)).first()
    if standing is not None:
        return standing
    columns = {"province": province, "place": place, **facts}
    body = register_agency(
        AgencyFacts(name=name, **columns),  # type: ignore[arg-type]
        kind=kind,
        valid_from=valid_from,
        actor=None,
        now=now,
    )
    settle_names(body.versions.get(), NameForms.proposed(name), actor=None, now=now)
    body.refresh_from_db()
    return body


def _route(
    bodies: Bodies,
    procedure: str,
    route: str,
    *,
    since: date = BEFORE,
    until: date | None = None,
    basis: str,
    to: Agency | None = None,
) -> None:
    RoutingRule.objects.get_or_create(
        office=bodies.office,
        procedure=procedure,
        route=route,
        valid_from=since,
        defaults={"valid_until": until, "basis": basis, "addressee": to or bodies.ca},
    )
