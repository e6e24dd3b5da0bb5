"""What waits is sent on every channel, news of accounts first, or found where it was kept."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.accounts.models import AccountNews, User
from portal.core.roles import Capability, roles_that_can
from portal.notices.channels import channels
from portal.notices.channels.base import Outbox, Pointer
from portal.notices.services import Telling, tell_many, write_to


def send_waiting(*, now: datetime) -> int:
    """Send on each channel what people were told; return how many messages went out."""
    tell_account_news(now=now)
    return sum(channel.send(now=now) for channel in channels() if channel.send)


def pointers_for(user: User) -> list[Pointer]:
    """Return what the page of preferences says of the channels that have no form on it."""
    return [channel.points_to(user) for channel in channels() if channel.points_to]


def outboxes() -> list[Outbox]:
    """Return where messages are kept on this machine instead of being sent."""
    return [one.outbox for one in channels() if one.outbox and one.outbox.is_in_use()]


MOST = 500  # of one run
Kind = AccountNews.Kind


def tell_account_news(*, now: datetime) -> int:
    """Tell what has not been told; return how much that was. Safe twice and twice at once."""
    waiting = AccountNews.objects.filter(told_at__isnull=True)
    return sum(_tell(pk, now=now) for pk in list(waiting.values_list("pk", flat=True)[:MOST]))


@transaction.atomic
def _tell(pk: int, *, now: datetime) -> bool:
    """Tell the owner in the portal and by mail to each address, the heads as they want it.

    The mail goes to the addresses of that moment: whoever changed one since can't catch it.
    """
    if not AccountNews.objects.filter(pk=pk, told_at__isnull=True).update(told_at=now):
        return False  # another worker was quicker
    news = AccountNews.objects.select_related("user__agency").get(pk=pk)
    user, cause = news.user, f"account_news:{news.uuid}"
    title, text = _words(news)
    leaders = roles_that_can(Capability.SEE_STAFF_ACCOUNTS)
    heads = User.objects.filter(is_active=True, role__in=leaders, agency=user.agency_id)
    tell_many(
        [
            Telling(
                recipient_id=reader.pk,
                cause=cause,
                title=title,
                text=text,
                path=reverse("accounts:detail", args=[user.uuid]),
                target_type="user",
                target_uuid=user.uuid,
                is_urgent=True,
                is_portal_only=reader == user,
            )
            for reader in [user, *heads.exclude(pk=user.pk)]
        ],
        now=now,
    )
    for number, address in enumerate(news.addresses):
        write_to(
            address,
            name=user.full_name,
            cause=f"{cause}:{number}",
            subject=title,
            text=text,
            now=now,
        )
    return True


def _words(news: AccountNews) -> tuple[str, str]:
    who = {"name": news.user.full_name, "username": news.user.username}
    when = f"{timezone.localtime(news.at):%H:%M %d/%m/%Y}"
    titles = {
        Kind.RESET_ASKED: _("Có đề nghị đặt lại mật khẩu của %(name)s (%(username)s)"),
        Kind.RESET_CONFIRMED: _("Đã xác nhận đặt lại mật khẩu của %(name)s (%(username)s)"),
        Kind.RESET_USED: _("Mật khẩu của %(name)s (%(username)s) đã được đặt lại"),
        Kind.ADDRESS_ASKED: _("Có đề nghị đổi địa chỉ thư của %(name)s (%(username)s)"),
        Kind.ADDRESS_CHANGED: _("Địa chỉ thư của %(name)s (%(username)s) đã được đổi"),
        Kind.SECOND_ACCOUNT: _("Có đề nghị thêm tài khoản đứng tên %(name)s"),
    }
    text = _("Lúc %(when)s.") % {"when": when}
    if news.kind in {Kind.RESET_USED, Kind.ADDRESS_CHANGED}:
        words = _(
            "Trong %(hours)d giờ tài khoản chỉ xem và soạn được, chưa ký, duyệt, chuyển được."
        )
        text += " " + words % {"hours": int(settings.LOOK_ONLY.total_seconds() // 3600)}
    text += " " + _("Nếu anh/chị không biết việc này, báo ngay lãnh đạo đơn vị và Cục để dừng lại.")
    return titles[Kind(news.kind)] % who, text
