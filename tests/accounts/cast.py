"""The people of a story about accounts, and the mails they find."""

from __future__ import annotations

import re

from django.core import mail

from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.core.roles import Role
from tests import builders

LINK = re.compile(r"/tai-khoan/dat-mat-khau/[\w-]+/")


def account(role: Role, *, agency: Agency | None = None) -> User:
    """An account of a person of its own."""
    user = builders.user(role, agency=agency)
    user.person = builders.person(f"Người Thứ {user.pk}", at=user.agency)
    user.save()
    return user


def links_to(address: str) -> list[str]:
    """The paths of the links mailed to an address, the oldest first."""
    bodies = [str(one.body) for one in mail.outbox if one.to == [address]]
    return [found for body in bodies for found in LINK.findall(body)]
