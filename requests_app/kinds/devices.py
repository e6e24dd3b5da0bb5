"""What the forms about devices share: the device's number, that it stands once, who gives it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from devices.serials import normalise
from portal.core.text import identifiers
from requests_app.kinds.base import Answers, Field, Widget, stands_once

DEVICE_SERIAL = Field(
    name="device_serial",
    label="Số hiệu thiết bị lưu khóa bí mật",
    is_required=True,
    max_length=60,
    hint=gettext_lazy("In trên thiết bị"),
)


def who_hands_over(label: str) -> tuple[Field, ...]:
    """Return the fields of section 1 about the person who gives devices away, named ``label``."""
    return (
        Field(
            name="full_name",
            label=label,
            checks=(identifiers.check_name,),
            is_required=True,
            max_length=150,
        ),
        Field(
            name="position",
            label="Chức vụ",
            checks=(identifiers.check_letters,),
            is_required=True,
            max_length=120,
        ),
        Field(
            name="phone",
            label="Số điện thoại di động",
            checks=(identifiers.check_phone,),
            is_required=True,
            widget=Widget.TEL,
            is_personal=True,
        ),
    )


def identity_key(answers: Answers) -> str:
    """Return the device's number: what a row of these forms is about."""
    serial = normalise(answers.get("device_serial", ""))
    return f"device:{serial}" if serial else ""


# A device stands once in a list.
devices_stand_once = stands_once(
    identity_key,
    field="device_serial",
    code="same_device",
    message=gettext_lazy("Trùng số hiệu thiết bị với dòng %(row)d. Hãy bỏ một dòng."),
)
