"""The bodies of a made-up population: provinces, districts and what each commune has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from orgmerge.seeding.context import SINCE, Factory, SeededPlace
from portal.accounts.models import User
from portal.agencies.models import Agency, AgencyKind, AgencyVersion
from portal.core.roles import Role
from portal.core.text.vietnamese import search_key, sort_key

# Under the People's Committee, without a seal: its people's letters are the committee's.
UNIT = "VĂN PHÒNG ĐẢNG ỦY, HĐND, UBND"
_TOP = ("ỦY BAN NHÂN DÂN", "HỘI ĐỒNG NHÂN DÂN", "ĐẢNG ỦY")


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune as it was before: "Xã Tà Mung" of "Huyện Than Uyên", "Tỉnh Lai Châu" (12)."""

    code: str
    name: str
    district: str
    province: str
    province_code: str


@dataclass(frozen=True, slots=True)
class Province:
    """The bodies of a province that all others refer to."""

    committee: Agency
    office: Agency
    clerk: User
    short: str  # "Lai Châu"
    domain: str
    code: str


class Builder:
    """Founds bodies, the ones above before the ones below."""

    def __init__(self, factory: Factory) -> None:
        self._factory = factory
        self._provinces: dict[str, Province] = {}
        self._districts: dict[tuple[str, str], Agency] = {}

    def found(
        self, communes: Iterable[tuple[Commune, Sequence[str]]]
    ) -> Iterator[list[SeededPlace]]:
        """Yield the bodies of each commune, from its names; those above come first of all."""
        for commune, body_names in communes:
            if commune.province not in self._provinces:
                yield self._found_province(commune)
            province = self._provinces[commune.province]
            if (commune.province, commune.district) not in self._districts:
                name = f"ỦY BAN NHÂN DÂN {commune.district}"
                district = self._body(
                    name, province.short, parent=province.committee, office=province.office
                )
                self._districts[commune.province, commune.district] = district
                yield [self._place(province, district, code="")]
            yield self._found_commune(province, commune, body_names)

    def _found_province(self, commune: Commune) -> list[SeededPlace]:
        short = commune.province.partition(" ")[2]
        if commune.province.startswith("Thành phố "):
            short = commune.province.removeprefix("Thành phố ")
        committee = self._body(
            f"ỦY BAN NHÂN DÂN {commune.province}", short, kind=AgencyKind.PROVINCE
        )
        office = self._body(
            f"SỞ KHOA HỌC VÀ CÔNG NGHỆ {commune.province}",
            short,
            kind=AgencyKind.OFFICE,
            parent=committee,
        )
        committee.office = office  # which follows what its own superior has, too
        clerk = self._factory.writer.add(
            User(
                uuid=self._factory.uuid(),
                username=f"quymo.{commune.province_code}",
                full_name="Tài khoản của số liệu thử quy mô",
                agency=office,
                role=Role.CLERK,
                is_active=False,
                password="!",  # noqa: S106 (no password opens it)
            )
        )
        domain = f"{search_key(short).replace(' ', '').replace('–', '').replace('-', '')}.gov.vn"
        province = Province(committee, office, clerk, short, domain, commune.province_code)
        self._provinces[commune.province] = province
        return [self._place(province, committee, code=""), self._place(province, office, code="")]

    def _found_commune(
        self, province: Province, commune: Commune, body_names: Sequence[str]
    ) -> list[SeededPlace]:
        """The committees stand under the district, schools and stations under the People's
        Committee, whose office without a seal is a unit of it."""
        district = self._districts[commune.province, commune.district]
        committee: Agency | None = None
        found = []
        for number, name in enumerate(body_names, start=1):
            is_top = name.upper().startswith(_TOP)
            body = self._body(
                name,
                province.short,
                parent=district if is_top or committee is None else committee,
                office=province.office,
            )
            committee = committee or body
            found.append(self._place(province, body, code=f"{commune.code}.{number:02d}"))
        assert committee is not None
        unit = self._body(
            f"{UNIT} {commune.name}",
            province.short,
            parent=committee,
            office=province.office,
            has_seal=False,
        )
        found.append(self._place(province, unit, code=f"{commune.code}.00"))
        return found

    def _body(
        self,
        name: str,
        province: str,
        *,
        kind: str = AgencyKind.AGENCY,
        parent: Agency | None = None,
        office: Agency | None = None,
        has_seal: bool = True,
    ) -> Agency:
        name = name.upper()
        return self._factory.writer.add(
            Agency(
                uuid=self._factory.uuid(),
                kind=kind,
                name=name,
                search_name=search_key(name),
                sort_name=sort_key(name),
                province=province,
                parent=parent,
                office=office,
                has_seal=has_seal,
            )
        )

    def _place(self, province: Province, body: Agency, *, code: str) -> SeededPlace:
        # A made-up code in the form of QĐ 20/2020/QĐ-TTg; Q is no ministry's letter.
        version = self._factory.writer.add(
            AgencyVersion(
                agency=body,
                valid_from=SINCE,
                name=body.name,
                short_name="".join(word[0] for word in body.name.split() if word[0].isalpha())[:30],
                parent=body.parent,
                office=body.office,
                province=province.short,
                place=province.short,
                agency_code=f"Q{province.code}.{code}" if code else "",
                email_domain=province.domain,
                has_seal=body.has_seal,
            )
        )
        above, each = [], body.parent
        while each is not None:
            above.append(each)
            each = each.parent
        return SeededPlace(
            agency=body,
            version=version,
            levels=tuple(one.name for one in reversed([body, *above]))[:4],
            superior=above[0].name if above else "",
            mailbox=f"canbo@{province.domain}",
            province_code=province.code,
            clerk=province.clerk,
        )
