"""Loads the demo data and says how to sign in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal.accounts.models import User
from portal.demo import seed


class Command(BaseCommand):
    help = "Nạp dữ liệu mẫu (chạy lại được nhiều lần)."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SIMULATION:
            raise CommandError("Dữ liệu mẫu chỉ nạp khi đặt SIMULATION=1.")
        seed.load(now=timezone.now(), say=lambda text: self.stdout.write(f"  {text} …"))
        self.stdout.write("")
        self.stdout.write("Tài khoản mẫu (mật khẩu chung bên dưới):")
        for user in User.objects.select_related("agency").order_by("pk"):
            self.stdout.write(
                f"  {user.username:<20} {user.get_role_display()} – {user.agency.name}"
            )
        self.stdout.write(f"Mật khẩu: {settings.DEMO_PASSWORD}")
        self.stdout.write(f"Mã PIN của thiết bị mẫu: {settings.DEMO_PIN}")
