"""Make the first two administrators of a new portal: giving any role needs two people."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from getpass import getpass
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal.accounts import services
from portal.accounts.models import User
from portal.accounts.rules import FEWEST_ADMINISTRATORS
from portal.agencies.facts import AgencyFacts
from portal.agencies.models import Agency, AgencyKind
from portal.agencies.services.bodies import register_agency
from portal.core.rules import Refused
from portal.core.text.identifiers import check_identity_number

_ASKED = {
    "username": "tên đăng nhập",
    "full_name": "họ và tên",
    "identity_number": "số định danh cá nhân (12 chữ số)",
    "email": "thư điện tử công vụ",
}
_CA_NAME = "CỤC CHỨNG THỰC SỐ VÀ BẢO MẬT THÔNG TIN"


class Command(BaseCommand):
    """Reads ADMIN1_USERNAME, ADMIN1_FULL_NAME, ADMIN1_IDENTITY_NUMBER, ADMIN1_EMAIL and
    ADMIN1_PASSWORD (and ADMIN2_…) from the environment, and asks for what is not there.
    """

    help = "Tạo hai quản trị viên đầu tiên; đọc từ biến môi trường ADMIN1_*, ADMIN2_* hoặc hỏi."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--agency",
            default="",
            help="Tên đơn vị của quản trị viên (mặc định: cơ quan chứng thực; tạo nếu chưa có).",
        )
        parser.add_argument(
            "--no-input", action="store_true", help="Không hỏi: thiếu biến môi trường là lỗi."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        standing = User.objects.administrators().count()
        if standing >= FEWEST_ADMINISTRATORS:
            self.stdout.write("Đã có đủ quản trị viên; không tạo thêm.")
            return
        may_ask = not options["no_input"]
        told = [
            _Told(number, may_ask=may_ask)
            for number in range(1, FEWEST_ADMINISTRATORS + 1 - standing)
        ]
        now = timezone.now()
        try:
            name = options["agency"]
            named = {"name__iexact": name} if name else {"kind": AgencyKind.CA}
            agency = Agency.objects.filter(**named).first()
            if agency is None and name:
                raise CommandError(f"Không có đơn vị “{name}”.")
            if agency is None:
                facts = AgencyFacts(
                    name=_CA_NAME,
                    short_name="CTSBMTT",
                    province="Hà Nội",
                    place="Hà Nội",
                    head_title="CỤC TRƯỞNG",
                )
                today = timezone.localdate(now)
                agency = register_agency(
                    facts, kind=AgencyKind.CA, valid_from=today, actor=None, now=now
                )
            people = [(one.facts(agency), one.password) for one in told]
            services.create_administrators(people, now=now)
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        for one in told:
            self.stdout.write(f"Đã tạo quản trị viên {one.values['username']}.")
        self.stdout.write("Mỗi người phải đổi mật khẩu khi đăng nhập lần đầu.")


class _Told:
    """What is told about one of the two."""

    def __init__(self, number: int, *, may_ask: bool) -> None:
        self.values: dict[str, str] = {}
        for name, words in _ASKED.items():
            given = os.environ.get(f"ADMIN{number}_{name.upper()}", "").strip()
            if not given and may_ask:
                given = input(f"Quản trị viên {number}, {words}: ").strip()
            if not given:
                raise CommandError(f"Thiếu ADMIN{number}_{name.upper()} ({words}).")
            self.values[name] = given
        if found := check_identity_number(self.values["identity_number"]):
            raise CommandError(found[0].message)
        self.password = os.environ.get(f"ADMIN{number}_PASSWORD", "")
        if not self.password and may_ask:
            self.password = getpass(f"Quản trị viên {number}, mật khẩu: ")
        user = User(username=self.values["username"], full_name=self.values["full_name"])
        try:
            validate_password(self.password, user)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error

    def facts(self, agency: Agency) -> services.AccountFacts:
        return services.AccountFacts(
            agency=agency,
            position="Quản trị viên",
            username=self.values["username"],
            full_name=self.values["full_name"],
            identity_number=self.values["identity_number"],
            email=self.values["email"],
        )
