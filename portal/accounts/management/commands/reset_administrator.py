"""Give an administrator who lost the password one for a single use, at the server's console."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal.accounts import services
from portal.accounts.models import User


class Command(BaseCommand):
    """Prints the password once; that it was given is audited."""

    help = "Đặt lại mật khẩu của một quản trị viên và in mật khẩu dùng một lần."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", help="Tên đăng nhập của quản trị viên.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            password = services.reset_administrator(options["username"], now=timezone.now())
        except User.DoesNotExist as error:
            raise CommandError("Không có quản trị viên nào tên như vậy.") from error
        self.stdout.write(password)
