"""The receiving side confirms minutes of devices given back, device by device (Điều 20)."""

from __future__ import annotations

from dataclasses import dataclass

from requests_app.models import Dossier
from requests_app.steps import receipts
from requests_app.steps.handler import Handler


@dataclass(slots=True)
class Receive(Handler):
    """``receipt`` is printed, and signed where a PIN was given, before devices are locked."""

    receipt: receipts.Receipt | None = None

    def prepare(self, dossier: Dossier) -> None:
        self.require(dossier)  # what is refused costs no PIN
        assert self.actor is not None
        self.receipt = receipts.prepare_receipt(
            dossier, actor=self.actor, pin=self.pin, now=self.now
        )

    def apply(self, dossier: Dossier) -> None:
        assert self.actor is not None
        assert self.receipt is not None
        self.document = receipts.take(dossier, self.receipt, actor=self.actor, now=self.now)
