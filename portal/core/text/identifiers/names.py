"""What stands in a certificate is written in Vietnamese letters, not in what looks like them."""

from __future__ import annotations

from django.utils.translation import gettext as _

from portal.core.text.identifiers.found import Findings, error
from portal.core.text.letters import foreign_letters, in_our_letters, legacy_text


def check_letters(value: str) -> Findings:
    """No letters of other scripts, no text of old fonts (VNI, TCVN3) or of a broken encoding."""
    is_legacy, meant = legacy_text(value)
    foreign = foreign_letters(value)
    ours = in_our_letters(value) if foreign else ""
    if foreign and ours and not legacy_text(ours)[0]:
        return error(
            "foreign_letters",
            _(
                "Có chữ cái không phải chữ Việt (%(letters)s), nhìn giống nhưng máy đọc ra tên "
                "khác. Hãy gõ lại bằng bộ gõ tiếng Việt."
            )
            % {"letters": _named(foreign)},
            ours,
        )
    if is_legacy:
        return error(
            "legacy_font",
            _(
                "Chữ bị lỗi phông hoặc lỗi mã (VNI, TCVN3…), không phải chữ Việt Unicode. "
                "Hãy gõ lại."
            ),
            meant,
        )
    if foreign:
        return error(
            "foreign_letters",
            _("Có chữ cái không dùng trong tên tiếng Việt (%(letters)s). Hãy gõ lại.")
            % {"letters": _named(foreign)},
        )
    return ()


def _named(letters: str) -> str:
    return ", ".join(letters[:5])
