"""A channel is one file: the one of the recipe is sent on, shown and read back."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from portal.core.roles import Role
from portal.notices import channels, delivery
from portal.notices.services import tell
from tests import builders
from tests.builders import NOW

pytestmark = pytest.mark.django_db
RECIPE = Path(settings.BASE_DIR) / "docs" / "how-to" / "add-a-notice-channel.md"


@pytest.fixture
def _sms(tmp_path: Path) -> Iterator[None]:
    """The channel of the recipe, dropped in."""
    found = re.search(r"```python\n(.*?)```", RECIPE.read_text(), re.DOTALL)
    assert found is not None
    (tmp_path / "sms.py").write_text(found[1])
    channels.__path__.append(str(tmp_path))
    yield
    channels.__path__.remove(str(tmp_path))
    sys.modules.pop("portal.notices.channels.sms", None)


def test_mail_and_the_calendar_are_channels() -> None:
    assert [channel.order for channel in channels.channels()] == [10, 20]


@pytest.mark.usefixtures("_sms")
def test_adding_a_channel_is_adding_a_file(client: Client) -> None:
    clerk, administrator = builders.user(Role.CLERK), builders.user(Role.ADMINISTRATOR)
    tell([clerk], cause="late", title="Quá hạn bàn giao", is_urgent=True, now=NOW)

    sent = delivery.send_waiting(now=NOW + timedelta(minutes=1))

    assert sent == 2  # a mail and a text message
    client.force_login(clerk)
    pointers = client.get(reverse("notices:preferences")).context["pointers"]
    assert [one.path for one in pointers] == [reverse("accounts:calendar_feed"), "/tai-khoan/"]
    client.force_login(administrator)
    kept = client.get(reverse("notices:outbox")).context["mails"]
    assert [(one.subject, one.to) for one in kept] == [("Quá hạn bàn giao", clerk.full_name)]
