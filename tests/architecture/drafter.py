"""A scene in a tree that has one role more: it drafts, and cannot send. See test_new_role.py."""

from __future__ import annotations

from typing import Any

import django

django.setup()

from django.test.utils import setup_test_environment  # noqa: E402
from django.utils import timezone  # noqa: E402

from portal.ca.authority import ceremony  # noqa: E402
from portal.ca.authority import services as authority  # noqa: E402
from portal.core.roles import Role  # noqa: E402
from requests_app.models import Dossier  # noqa: E402
from requests_app.workflow import State  # noqa: E402
from tests import builders, story  # noqa: E402
from tests.flows.visitor import Visitor  # noqa: E402


def main() -> None:
    setup_test_environment()
    authority.open_for_signing()
    ceremony.set_up(now=timezone.now())
    people = story.able_to_sign(story.cast(), now=timezone.now())
    drafter = Visitor(builders.user(Role("drafter"), agency=people.agency))

    drafter.open("/").follow("Lập hồ sơ mới").press("Tiếp tục", need="mau_01_person")
    dossier = Dossier.objects.get()
    drafter.open(f"/ho-so/{dossier.uuid}/soan/").press("Thêm dòng")
    answers: dict[str, Any] = {
        name: value
        for key, value in builders.person_answers().items()
        for name in drafter.fields(f":{key}")
    }
    drafter.press("Lưu", **answers)
    drafter.open(f"/ho-so/{dossier.uuid}/soan/van-ban/")
    contact: dict[str, Any] = {f"contact_{name}": value for name, value in story.CONTACT.items()}
    day = f"{timezone.localdate():%d/%m/%Y}"
    drafter.press("Lưu", letter_number="12/UBND-VHXH", letter_date=day, **contact)
    drafter.open(f"/ho-so/{dossier.uuid}/kiem-tra/").press("Trình lãnh đạo ký")
    expect(dossier, State.AWAITING_SIGNATURE)
    Visitor(people.head).open(f"/ho-so/{dossier.uuid}/ky/").press("Ký", pin=story.PIN)
    expect(dossier, State.AWAITING_SEAL)

    # It sees the letter that waits, and has no way to send it: no button, no step, no queue.
    assert not drafter.open(f"/ho-so/{dossier.uuid}/").has_button("gửi")
    version = dossier.version
    answer = drafter.client.post(
        f"/ho-so/{dossier.uuid}/ky/", {"action": "seal", "version": version, "pin": story.PIN}
    )
    assert answer.status_code in (403, 404, 409), answer.status_code
    expect(dossier, State.AWAITING_SEAL)
    assert "Ký số và gửi" not in drafter.open("/").html

    Visitor(people.clerk).open(f"/ho-so/{dossier.uuid}/ky/").press("gửi", pin=story.PIN)
    expect(dossier, State.SUBMITTED)
    print("drafted, and sent by another")  # noqa: T201


def expect(dossier: Dossier, state: str) -> None:
    dossier.refresh_from_db()
    assert dossier.state == state, dossier.state


if __name__ == "__main__":
    main()
