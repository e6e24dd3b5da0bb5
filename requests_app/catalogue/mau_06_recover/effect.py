"""Recovery: a locked device gets its tries back and waits for a new PIN (R33, Điều 22).

In the simulation the key is taken out of the virtual token with the CA's recovery key and put back
under no PIN; of real hardware, unlocked with the CA's own tools, only the ledger is kept, once a CA
without a desk here has answered. Unlocking, ledger and outcome of a row are one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from django.db import transaction
from django.utils.translation import gettext as _

from devices import services as devices
from devices.models import Device
from devices.services import Paper
from portal.audit import services as audit
from portal.ca.authority.orders import PlainOrder
from portal.ca.authority.services import AuthorityByFiles, NotConfigured
from portal.ca.models import Certificate, OutsideOrder, VirtualToken
from portal.ca.pki.sealing import WrongSecret
from portal.ca.tokens import services as tokens
from portal.core.database.bulk import update_rows
from portal.notices import services as notices
from requests_app import papers
from requests_app.acts import dossier_act
from requests_app.catalogue.mau_06_recover import rules as row_rules
from requests_app.execution.rows import (
    ANSWERED,
    fail_unwritable,
    in_pieces,
    mark_failed,
    mark_unanswered,
    waiting_rows,
)
from requests_app.kinds.effects import Effect
from requests_app.kinds.targets import newest_certificates
from requests_app.models import DeliveredPaper, Dossier, DossierItem, Outcome
from requests_app.submission.letter_content import decider_of, recovery_answer_of
from requests_app.workflow import Route

ACT = "device.recover"
UNKNOWN = "Không tìm thấy thiết bị của dòng này, hoặc thiết bị đã có ở dòng khác."
NO_RECOVERY_KEY = "Hệ thống chưa mở được khóa khôi phục của Cục; thiết bị chưa thay đổi gì."
SEALED_OTHERWISE = "Khóa khôi phục của Cục không mở được thiết bị này; thiết bị chưa thay đổi gì."


def do_chunk(pk: int, chunk: Sequence[int], *, now: datetime) -> int:
    """Unlock the devices of these rows of dossier ``pk``; return how many rows were ended."""
    fail = partial(fail_unwritable, act=ACT, now=now)
    return len(in_pieces(chunk, partial(_recover, pk, now=now), fail))


@transaction.atomic
def _recover(pk: int, chunk: Sequence[int], *, now: datetime) -> list[DossierItem]:
    """Unlock what still waits among these rows; what another worker did meanwhile is left alone.

    The devices are held from the judgement to the ledger: a token that is opened is entered, or
    neither is.
    """
    dossier = Dossier.objects.select_related("agency", "office").get(pk=pk)
    items = list(waiting_rows(pk).select_for_update(of=("self",), no_key=True).filter(pk__in=chunk))
    # The rows' devices and their tokens are locked before anything is written.
    wanted = [item.device_id for item in items if item.device_id]
    found = (
        Device.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk__in=wanted)
        .order_by("pk")
    )
    held = {device.pk: device for device in found.select_related("key__token", "agency")}
    keys = [device.key_id for device in held.values() if device.key_id]
    tokens_found = VirtualToken.objects.select_for_update(no_key=True).filter(key__in=keys)
    list(tokens_found.order_by("pk").values_list("pk"))
    standing = list(held.values())
    newest = newest_certificates(standing)
    against = row_rules.against_devices(dossier.agency_id, standing, newest, now=now)
    # Where the CA has no desk here, it unlocks with its own tools and answers by files.
    orders = [
        PlainOrder(
            request_key=item.request_key,
            row_key=item.request_key,
            what=OutsideOrder.What.RECOVER,
            about=held[item.device_id].serial,
            name=item.title,
        )
        for item in items
        if dossier.route == Route.OUTSIDE and item.device_id in held
    ]
    said = AuthorityByFiles().do_many(orders, now=now) if orders else []
    answers = {answer.request_key: answer for answer in said}
    opened: dict[int, Device] = {}
    for item in items:
        device = held.get(item.device_id or 0)
        if device is None or device.pk in opened:
            mark_failed(item, UNKNOWN)
        elif item.request_key in answers and mark_unanswered(item, [answers[item.request_key]]):
            continue
        elif why_not := " ".join(one.message for one in against[device.pk]) or _open(
            device, dossier, now=now
        ):
            mark_failed(item, why_not)
        else:
            opened[device.pk] = device
            item.outcome, item.outcome_reason = Outcome.DONE, ""
    update_rows(items, ANSWERED)
    label = f"Đề nghị khôi phục (Mẫu 06) số {dossier.letter_number}"
    devices.unlock(list(opened.values()), paper=Paper("dossier", dossier.uuid, label), now=now)
    for device in opened.values():
        if device.key is not None and hasattr(device.key, "token"):
            _tell_holder(device, newest.get(device.key.pk), dossier, now=now)
    if items:
        data = {
            "rows": [item.position for item in items if item.outcome == Outcome.DONE],
            "failed_rows": [item.position for item in items if item.outcome == Outcome.FAILED],
        }
        audit.record(dossier_act(ACT, dossier, data=data), actor=None, now=now)
    return items


def _tell_holder(
    device: Device, certificate: Certificate | None, dossier: Dossier, *, now: datetime
) -> None:
    """Write to who signs with a device that the recovery key has opened it."""
    if certificate is None or not certificate.email:
        return
    text = _(
        "Thiết bị %(serial)s của chứng thư %(name)s đã được khôi phục theo văn bản số %(letter)s "
        "của %(body)s (Mẫu 06). Mã PIN cũ không còn dùng được; thiết bị chờ đặt mã PIN mới. Nếu "
        "Ông/Bà không đề nghị việc này, báo ngay cho đơn vị để thu hồi chứng thư."
    ) % {
        "serial": device.serial,
        "name": certificate.common_name,
        "letter": dossier.letter_number,
        "body": dossier.agency.name,
    }
    notices.write_to(
        certificate.email,
        name=certificate.common_name,
        cause=f"recovered:{dossier.uuid}:{device.pk}",
        subject=_("Thiết bị ký số đã được khôi phục"),
        text=text,
        now=now,
    )


def _open(device: Device, dossier: Dossier, *, now: datetime) -> str:
    """Give the device's token, if the portal has it, its tries back; return why not, or ""."""
    if device.key is None or not hasattr(device.key, "token"):
        return ""
    try:
        tokens.start_recovery(
            device.key, dossier=dossier.uuid, letter_number=dossier.letter_number, now=now
        )
    except NotConfigured:
        return NO_RECOVERY_KEY
    except WrongSecret:
        return SEALED_OTHERWISE
    return ""


def prepare_answer(pk: int, /, *, now: datetime) -> Callable[[Dossier], object]:
    """Print the answer that names the unlocked devices; return what delivers it (Điều 22)."""
    dossier = Dossier.objects.select_related("agency", "office", "agency_version", "addressee")
    seen = dossier.get(pk=pk)
    done = list(seen.items.filter(outcome=Outcome.DONE).select_related("device"))
    refused = seen.items.filter(outcome=Outcome.REFUSED).count()
    prepared = papers.prepare(
        DeliveredPaper.Kind.RECOVERY_ANSWER,
        recovery_answer_of(seen, done, refused=refused),
        issuer=decider_of(seen),
        name=f"Thong-bao-khoi-phuc-{seen.letter_number.replace('/', '-')}.pdf",
    )

    def deliver(closing: Dossier) -> object:
        return papers.hand_out(closing, prepared, now=now)

    return deliver


EFFECT = Effect(carry_out=do_chunk, prepare_end=prepare_answer)
