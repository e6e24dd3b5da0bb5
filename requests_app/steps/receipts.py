"""Devices given back (Mẫu 08): what follows when the receiving side confirms its minutes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from devices import services as devices
from devices.lifecycle import Move
from portal.accounts.models import User
from portal.ca.register import services as ca
from portal.ca.tokens import services as tokens
from portal.core.rules import refuse
from portal.documents import letters as paper
from portal.documents import services as documents
from portal.documents.models import Document, SignatureRole
from requests_app.models import Decision, DeliveredPaper, Dossier, Outcome
from requests_app.papers import PDF, deliver_document
from requests_app.submission.letter_content import receipt_letter_of
from requests_app.submission.letters import Signer
from requests_app.submission.signing_mode import personal_certificate
from requests_app.workflow import Route

_MOVE = {Route.MINUTES: Move.RETURN_TO_CA, Route.OFFICE_MINUTES: Move.PASS_TO_OFFICE}


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the receiving side hands the agency; ``signer`` None: the portal's record alone."""

    pdf: bytes
    signer: Signer | None


def prepare_receipt(dossier: Dossier, *, actor: User, pin: str, now: datetime) -> Receipt:
    """Print the receipt of what was decided row by row and open the key it is signed with.

    Without a PIN it is not signed: it names who confirmed, in which office, when. Raises Refused
    when there is no certificate to sign with, and what ``tokens.unlock`` raises.
    """
    signer = None
    if pin:
        certificate = personal_certificate(actor, now=now)
        if certificate is None:
            raise refuse(
                "no_certificate_to_sign",
                "Anh/chị không có chứng thư cá nhân còn hiệu lực với thiết bị đang giữ để ký.",
                way_out="Để trống mã PIN: hệ thống ghi nhận họ tên, chức vụ và thời điểm xác nhận.",
            )
        key = tokens.unlock(certificate.key, pin, now=now, actor=actor)
        signer = Signer(SignatureRole.HEAD, certificate, key)
    items = list(dossier.items.order_by("position"))
    letter = receipt_letter_of(dossier, items, actor=actor, is_signed=signer is not None, now=now)
    return Receipt(paper.render(letter), signer)


def take(dossier: Dossier, receipt: Receipt, *, actor: User, now: datetime) -> Document:
    """Move the received devices, end every row, and deliver the receipt; returns its document.

    The dossier is locked. What was not received goes on being owed. Raises Refused when a device
    is no longer where the minutes say.
    """
    # Signed before devices and the audit chain are held: others wait for them.
    name = f"Xac-nhan-nhan-thiet-bi-{dossier.letter_number.replace('/', '-')}.pdf"
    document = documents.store(receipt.pdf, name=name, media_type=PDF, now=now)
    if receipt.signer is not None:
        document = documents.sign(
            document,
            role=receipt.signer.role,
            certificate=receipt.signer.certificate,
            key=receipt.signer.key,
            signed_by=actor,
            now=now,
            chain=ca.chain(),
        )
    received = list(dossier.items.filter(decision=Decision.ACCEPTED).select_related("device"))
    label = f"Biên bản giao, nhận thiết bị (Mẫu 08) số {dossier.letter_number}"
    devices.take_returned(
        [item.device for item in received if item.device is not None],
        _MOVE[Route(dossier.route)],
        paper=("dossier", dossier.uuid, label),
        actor=actor,
        now=now,
        notes={
            item.device_id: item.decision_reason
            for item in received
            if item.device_id is not None and item.decision_reason
        },
    )
    dossier.items.filter(decision=Decision.ACCEPTED).update(outcome=Outcome.DONE)
    dossier.items.filter(decision=Decision.REFUSED).update(outcome=Outcome.REFUSED)
    deliver_document(dossier, DeliveredPaper.Kind.RECEIPT, document, now=now)
    return document
