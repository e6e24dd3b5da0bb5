"""Whose account was just given back to its owner looks on and drafts for a while: nothing more.

Every act that changes anything leaves an audit entry, so this is asked where entries are written:
what is not named here is refused, also what is written tomorrow. Services that open a key or do
long work ask before they begin.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.core.rules import Refused, Violation


class Actor(Protocol):
    """Who acts, as far as this asks."""

    look_only_until: datetime | None


class LookOnly(Refused):
    """The account may look and draft, but not do this yet."""


# Looking, drafting, one's own settings. No step of any table, no decision, no signature, nothing an
# administrator does, and nothing that happens to a device or a certificate.
STILL_POSSIBLE = frozenset(
    {
        "dossier.create",
        "dossier.edit_letter",
        "dossier.add_row",
        "dossier.edit_rows",
        "dossier.import_rows",
        "dossier.remove_row",
        "dossier.move_row",
        "dossier.attach",
        "dossier.detach",
        "dossier.split",
        "dossier.export_rows",
        "dossier.read_numbers",
        "dossier.ask_preview",
        "covering.make",
        "covering.number",
        "covering.uncover",
        "covering.attach_scan",
        "merger.create",
        "merger.edit",
        "merger.add_body",
        "merger.edit_body",
        "merger.remove_body",
        "merger.add_row",
        "merger.edit_row",
        "merger.remove_row",
        "merger.upload_list",
        "merger.review_list",
        "merger.import_list",
        "merger.drop_list",
        "merger.ask_plan",
        "merger.ask_annex",
        "review.answer",
        "review.import",
        "question.ask",
        "register.export",
        "subscriber.reveal",
        "user.sign_in",
        "user.sign_out",
        "user.make_token",
        "user.use_token",
        "user.end_token",
        "user.use_calendar_feed",
        "user.change_password",
        "user.choose_mailing",
        "user.make_calendar_feed",
        "user.withdraw_calendar_feed",
        # Wrong tries count, whoever makes them.
        "key.wrong_pin",
        "key.lock",
    }
)


def refuse_look_only(actor: Actor | None, *, now: datetime, action: str = "") -> None:
    """Raise LookOnly when ``actor`` may not do this yet; None is the portal itself."""
    until = actor.look_only_until if actor is not None else None
    if until is None or now >= until or action in STILL_POSSIBLE:
        return
    began, ends = (timezone.localtime(at) for at in (until - settings.LOOK_ONLY, until))
    words = _(
        "Tài khoản vừa được đặt lại mật khẩu hoặc đổi địa chỉ thư lúc %(began)s; "
        "đến %(ends)s mới được ký, duyệt, chuyển."
    )
    raise LookOnly(
        Violation(
            "look_only",
            words % {"began": f"{began:%H:%M %d/%m/%Y}", "ends": f"{ends:%H:%M %d/%m/%Y}"},
            way_out=_("Trong thời gian này vẫn xem và soạn được."),
        )
    )
