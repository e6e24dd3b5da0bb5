"""What people write to a desk and it to them, as it is kept: nobody's identity number in it."""

from __future__ import annotations

from portal.core.text.identifiers import mask_within
from portal.core.text.vietnamese import nfc


def as_kept(text: str) -> str:
    """Return a text of one or more lines in one normal form, identity numbers masked."""
    return mask_within("\n".join(nfc(line) for line in text.strip().splitlines()))
