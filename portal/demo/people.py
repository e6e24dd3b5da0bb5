"""Invented people of the demo and their accounts."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime

from portal.accounts.models import User
from portal.agencies.models import Agency, Signer, SigningForm
from portal.agencies.services import SignerFacts, add_signer, match_or_create_person
from portal.core.roles import Role
from portal.core.text.identifiers import parse_day
from portal.core.text.names import in_capitals
from portal.demo.bodies import SINCE, Bodies

_FAMILY = ("Lò", "Vàng", "Giàng", "Tẩn", "Hoàng", "Lường", "Quàng", "Nguyễn", "Đặng", "Bùi", "Phạm")
_MIDDLE = ("Văn", "Thị", "Minh", "Xuân", "Thu", "Ngọc", "Quốc", "Hồng", "Đức")
_GIVEN = ("An", "Bình", "Chung", "Đạt", "Hà", "Khánh", "Lan", "Long", "Nam", "Phúc", "Quỳnh",
          "Sơn", "Thuỷ", "Tuấn", "Yến")  # fmt: skip
_POSITIONS = ("Văn thư", "Kế toán", "Chuyên viên", "Công chức Văn phòng - Thống kê")


def name_of(number: int) -> str:
    """Return an invented name, another for each small number."""
    family = _FAMILY[number % len(_FAMILY)]
    middle = _MIDDLE[(number // 3) % len(_MIDDLE)]
    given = _GIVEN[(number * 7) % len(_GIVEN)]
    return f"{family} {middle} {given}"


def answers_of(number: int, *, commune: str, mailbox: str, **changes: str) -> dict[str, str]:
    """Return a complete row of Mẫu 01 for invented person ``number`` of a commune."""
    # 900000 and more is a tail of identity numbers that nobody was given here.
    year = 70 + number % 28
    woman = _MIDDLE[(number // 3) % len(_MIDDLE)] in ("Thị", "Thu")
    return {
        "full_name": name_of(number),
        "birth_on": f"{1 + number % 28:02d}/{1 + number % 12:02d}/19{year:02d}",
        "identity_number": f"012{1 if woman else 0}{year:02d}{900000 + number:06d}",
        "issue_place": "CCSQLHCVTTXH",
        "issued_on": f"{1 + number % 27:02d}/{1 + number % 11:02d}/2022",
        "email": f"canbo{number}.{mailbox}@laichau.gov.vn",
        "org1": "ỦY BAN NHÂN DÂN TỈNH LAI CHÂU",
        "org2": in_capitals(commune),
        "org3": "",
        "org4": "",
        "province": "Lai Châu",
        "position": _POSITIONS[number % len(_POSITIONS)],
        "phone": f"09{12000000 + number * 7919:08d}"[:10],
        "old_serial": "",
        "carrier": "",
        "converts_number": "",
        "storage": "token",
        **changes,
    }


@dataclass(frozen=True, slots=True)
class Accounts:
    """The accounts the demo plays with, by part."""

    clerk: User
    head: User
    officer: User
    office_head: User
    operator: User
    supervisor: User
    auditor: User
    administrator: User
    second_administrator: User
    clerk_muong_khoa: User
    head_muong_khoa: User
    clerk_pac_ta: User
    head_pac_ta: User
    clerk_hospital: User
    head_hospital: User
    it_officer: User
    team: User
    deputy: User


def make_accounts(bodies: Bodies, *, password: str, now: datetime) -> Accounts:
    """Make the missing accounts, each tied to a person, and return them all."""
    plan: dict[str, tuple[str, Role, Agency, str]] = {
        "clerk": ("vanthu.tanuyen", Role.CLERK, bodies.tan_uyen, "Văn thư"),
        "head": ("lanhdao.tanuyen", Role.HEAD, bodies.tan_uyen, "Chủ tịch UBND xã"),
        "officer": ("sokhcn.laichau", Role.OFFICE_OFFICER, bodies.office, "Chuyên viên"),
        "office_head": ("lanhdaoso.laichau", Role.OFFICE_HEAD, bodies.office, "Phó Giám đốc"),
        "operator": ("ca.tiepnhan", Role.CA_OPERATOR, bodies.ca, "Cán bộ tiếp nhận"),
        "supervisor": ("ca.pheduyet", Role.CA_SUPERVISOR, bodies.ca, "Trưởng phòng"),
        "auditor": ("kiemtoan", Role.AUDITOR, bodies.province, "Thanh tra viên"),
        "administrator": ("quantri", Role.ADMINISTRATOR, bodies.office, "Quản trị hệ thống"),
        "second_administrator": (
            "quantri.hai", Role.ADMINISTRATOR, bodies.office, "Quản trị hệ thống"
        ),
        "clerk_muong_khoa": ("vanthu.muongkhoa", Role.CLERK, bodies.muong_khoa, "Văn thư"),
        "head_muong_khoa": ("lanhdao.muongkhoa", Role.HEAD, bodies.muong_khoa, "Chủ tịch"),
        "clerk_pac_ta": ("vanthu.pacta", Role.CLERK, bodies.pac_ta, "Văn thư"),
        "head_pac_ta": ("lanhdao.pacta", Role.HEAD, bodies.pac_ta, "Chủ tịch"),
        "clerk_hospital": ("vanthu.benhvien", Role.CLERK, bodies.hospital, "Văn thư"),
        "head_hospital": ("lanhdao.benhvien", Role.HEAD, bodies.hospital, "Giám đốc"),
        "it_officer": ("cntt.tanuyen", Role.IT_OFFICER, bodies.tan_uyen, "Cán bộ CNTT"),
        "team": ("hotro.laichau", Role.SUPPORT_TEAM, bodies.office, "Kỹ thuật viên"),
        "deputy": ("phochutich.tanuyen", Role.HEAD, bodies.tan_uyen, "Phó Chủ tịch UBND xã"),
    }  # fmt: skip
    assert [field.name for field in fields(Accounts)] == list(plan)
    return Accounts(
        **{
            part: _account(number, *one, password=password, now=now)
            for number, (part, one) in enumerate(plan.items(), start=1)
        }
    )


def _account(
    number: int,
    username: str,
    role: Role,
    agency: Agency,
    position: str,
    *,
    password: str,
    now: datetime,
) -> User:
    standing: User | None = User.objects.filter(username=username).first()
    if standing is not None:
        return standing
    answers = answers_of(500 + number, commune=agency.name, mailbox="demo")
    person = match_or_create_person(
        answers["identity_number"],
        name=answers["full_name"],
        birth_on=parse_day(answers["birth_on"]),
        agency=agency,
        unit=agency.name,
        position=position,
        email=f"{username}@laichau.gov.vn",
        phone=answers["phone"],
        now=now,
    )
    user = User(
        username=username,
        full_name=person.name,
        position=position,
        email=f"{username}@laichau.gov.vn",
        agency=agency,
        role=role,
        person=person,
    )
    user.set_password(password)
    user.save()
    return user


def record_signers(accounts: Accounts, *, now: datetime) -> None:
    """Say who signs: the chairman and his deputy; the office's head is away, a deputy signs."""
    for user, form, title, document in (
        (accounts.head, SigningForm.HEAD, "CHỦ TỊCH", ""),
        (
            accounts.deputy,
            SigningForm.DEPUTY,
            "PHÓ CHỦ TỊCH",
            "Thông báo số 05/TB-UBND về phân công nhiệm vụ của Chủ tịch, các Phó Chủ tịch",
        ),
        (
            accounts.office_head,
            SigningForm.DEPUTY,
            "PHÓ GIÁM ĐỐC",
            "Quyết định số 20/QĐ-SKHCN về phân công nhiệm vụ của Giám đốc, các Phó Giám đốc",
        ),
    ):
        if Signer.objects.filter(agency=user.agency, person=user.person).exists():
            continue
        facts = SignerFacts(
            name=user.full_name,
            form=form,
            title=title,
            document=document,
            valid_from=SINCE,
            person=user.person,
        )
        add_signer(user.agency, facts, actor=None, now=now)


def row_of(user: User, **changes: str) -> dict[str, str]:
    """Return the row of Mẫu 01 that asks for ``user``'s own certificate."""
    assert user.person is not None
    assert user.person.birth_on is not None
    affiliation = user.person.affiliations.latest("valid_from")
    return answers_of(0, commune=user.agency.name, mailbox="demo") | {
        "full_name": user.person.name,
        "birth_on": f"{user.person.birth_on:%d/%m/%Y}",
        "identity_number": user.person.identity_number,
        "email": user.email,
        "position": user.position,
        "phone": affiliation.phone,
        **changes,
    }
