"""What accepting a row does, one module an effect.

Each module's ``do_chunk(dossier_pk, row_pks, *, now)`` ends rows (done or failed with a reason)
and returns how many. It may be called again for the same rows after a kill, and by two workers at
once: what was done is neither undone nor done twice.

An effect may also leave something when its dossier ends, all rows done or refused: a paper for
the sender, the limits that run from its delivery. ``AT_END`` names what prepares it outside any
transaction (printing takes long) and returns what is left to do in the one that closes the dossier.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from requests_app.carrying_out import issuing, recovering, renewing, revoking
from requests_app.kinds.base import EffectKind
from requests_app.models import Dossier


class DoChunk(Protocol):
    """Carries out some rows of a dossier."""

    def __call__(self, pk: int, chunk: Sequence[int], /, *, now: datetime) -> int: ...


DO_CHUNK: Mapping[EffectKind, DoChunk] = {
    EffectKind.ISSUE: issuing.do_chunk,
    EffectKind.RECOVER: recovering.do_chunk,
    EffectKind.RENEW_CHANGE: renewing.do_chunk,
    EffectKind.REVOKE: revoking.do_chunk,
}


# What needs a CA that signs. A revocation is a fact in the register (``portal.ca.authority``), an
# unlocking is done with the recovery key alone, where it is the portal's to do at all.
ASKS_THE_CA = frozenset({EffectKind.ISSUE, EffectKind.RENEW_CHANGE})


class PrepareEnd(Protocol):
    """Prepares what a dossier leaves when it ends; what it returns is called with it locked."""

    def __call__(self, pk: int, /, *, now: datetime) -> Callable[[Dossier], object]: ...


AT_END: Mapping[EffectKind, PrepareEnd] = {
    EffectKind.RECOVER: recovering.prepare_answer,
    EffectKind.RENEW_CHANGE: renewing.prepare_notice,
    EffectKind.REVOKE: revoking.prepare_notice,
}
