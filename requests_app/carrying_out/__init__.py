"""What accepting a row does, one module an effect.

Each module's ``do_chunk(dossier_pk, row_pks, *, now)`` ends rows (done or failed with a reason)
and returns how many. It may be called again for the same rows after a kill, and by two workers at
once: what was done is neither undone nor done twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from requests_app.carrying_out import issuing
from requests_app.kinds.base import EffectKind


class DoChunk(Protocol):
    """Carries out some rows of a dossier."""

    def __call__(self, pk: int, chunk: Sequence[int], /, *, now: datetime) -> int: ...


DO_CHUNK: Mapping[EffectKind, DoChunk] = {
    EffectKind.ISSUE: issuing.do_chunk,
}
