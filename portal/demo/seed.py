"""Loading the demo: bodies, accounts, stock, dossiers and devices in every state. Repeatable."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings

from devices import services as devices
from devices.models import Device
from devices.serials import NewDevice
from portal.ca.authority import ceremony
from portal.ca.authority import services as authority
from portal.ca.register import expiry
from portal.demo import bodies as demo_bodies
from portal.demo import dossiers, mergers, office_work, people, support, usage

# Kind, how many, carrier: what the CA's store holds before the first dossier.
STOCK = (("token", 80, ""), ("sim", 4, "Viettel"), ("sim", 2, "Vinaphone"), ("sd", 2, ""))


def load(*, now: datetime, say: Callable[[str], object]) -> None:
    """Load what is missing of the demo; raises authority.NotConfigured without a simulated CA."""
    authority.open_for_signing()
    ceremony.set_up(now=now)
    say("Đơn vị và tài khoản")
    long_ago = now - timedelta(days=90)
    bodies = demo_bodies.make(now=long_ago)
    accounts = people.make_accounts(bodies, password=settings.DEMO_PASSWORD, now=long_ago)
    people.record_signers(accounts, now=long_ago)
    say("Kho thiết bị của Cục")
    for kind, count, carrier in STOCK:
        batch = f"DEMO-{kind}{'-' + carrier if carrier else ''}".upper()
        if Device.objects.filter(batch=batch).exists():
            continue
        digits = sum(ord(letter) * place for place, letter in enumerate(batch, start=1)) % 10_000
        serial = batch.replace("DEMO-", "D")
        devices.take_in(
            kind,
            [
                NewDevice(
                    f"{serial}-{number:05d}",
                    iccid=f"8984{digits:06d}{number:09d}" if kind == "sim" else "",
                )
                for number in range(1, count + 1)
            ],
            batch=batch,
            carrier=carrier,
            actor=accounts.operator,
            now=long_ago,
        )
    while devices.has_keys_to_make():
        devices.make_next_keys(now=long_ago)
    dossiers.play_all(bodies, accounts, pin=settings.DEMO_PIN, now=now, say=say)
    while expiry.open_missing(now=now):
        pass
    say("Báo cáo, nhu cầu, kiểm tra, yêu cầu của cơ quan tố tụng")
    office_work.play(accounts, pin=settings.DEMO_PIN, now=now)
    say("Sáp nhập hai xã: mô tả và phương án")
    mergers.play(bodies, accounts, now=now)
    say("Lượt ký của các hệ thống")
    usage.play(bodies, accounts, now=now)
    say("Câu hỏi hỗ trợ, bài hướng dẫn")
    support.play(accounts, now=now)
