"""What the forms about devices share: the device's number, that it stands once, who gives it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devices.serials import normalise
from portal.core.rules import Finding
from portal.core.text import identifiers
from requests_app.kinds.base import Answers, CellFinding, Field, Widget

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
        Field(name="position", label="Chức vụ", is_required=True, max_length=120),
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


def devices_stand_once(
    rows: Sequence[tuple[int, Answers]],
) -> Mapping[int, Sequence[CellFinding]]:
    """A device stands once in a list."""
    first: dict[str, int] = {}
    found: dict[int, Sequence[CellFinding]] = {}
    for number, answers in rows:
        serial = normalise(answers.get("device_serial", ""))
        earlier = first.setdefault(serial, number)
        if serial and earlier != number:
            message = _("Trùng số hiệu thiết bị với dòng %(row)d. Hãy bỏ một dòng.")
            finding = Finding(f"same_device_as_row_{earlier}", message % {"row": earlier})
            found[number] = [CellFinding("device_serial", finding)]
    return found
