"""The shape of an answer: an occasion leads to one way or more, each a form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy as _

from requests_app.kinds.base import Words


class About(models.TextChoices):
    """Of whom or what it speaks."""

    PERSON = "person", _("Một hoặc nhiều cá nhân")
    ORGANISATION = "organisation", _("Cơ quan, tổ chức (chữ ký số của cơ quan)")
    SYSTEM = "system", _("Hệ thống: máy chủ, dịch vụ, phần mềm")
    DEVICE = "device", _("Thiết bị lưu khóa: USB Token, SIM PKI, HSM…")


class Pick(StrEnum):
    """What is chosen from the body's own list before a draft is opened."""

    NOTHING = ""
    TO_RENEW = "to_renew"
    TO_CHANGE = "to_change"
    TO_REVOKE = "to_revoke"
    TO_ISSUE_ANEW = "to_issue_anew"
    TOO_LATE_TO_RENEW = "too_late_to_renew"  # of these, what was not revoked
    LOCKED = "locked"  # all that is held: who says it is locked may be the first to
    IN_USE = "in_use"
    AT_THE_AGENCY = "at_the_agency"
    TO_GIVE_BACK = "to_give_back"
    HANDED_OVER = "handed_over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One form that may follow: what happens, what to have ready, how long the law gives.

    ``answers`` are known by what happened and go into every row. ``to_type`` says what is typed in
    the one row that a draft begins with when the portal can't know what it is about.
    """

    kind_code: str
    variant: str = ""
    label: Words
    happens: Words
    ready: tuple[Words, ...] = ()
    limit: Words
    pick: Pick = Pick.NOTHING
    answers: Mapping[str, str] = field(default_factory=dict)
    to_type: Words = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """One answer to "what happened?".

    ``ways`` are choices, or steps one after the other when ``is_sequence``; ``is_together`` shows
    the lists of all of them on one page, each thing with what can be asked for it. Without any way,
    ``note`` says why nothing is to be asked.
    """

    code: str
    label: Words
    hint: Words = ""
    ways: tuple[Way, ...] = ()
    is_sequence: bool = False
    is_together: bool = False
    note: Words = ""
