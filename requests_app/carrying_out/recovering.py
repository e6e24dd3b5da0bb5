"""Recovery: a locked device gets its tries back and waits for a new PIN (R33, Điều 22).

In the simulation the key is taken out of the virtual token with the CA's recovery key and put back
under no PIN; of real hardware, unlocked with the CA's own tools, only the ledger is kept. Nothing
is asked of anybody outside, so unlocking, ledger and outcome of a row are one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from devices import services as devices
from devices.lifecycle import Move
from devices.models import Device
from devices.services import Paper
from portal.accounts.models import User
from portal.audit import services as audit
from portal.ca import tokens
from portal.ca.authority import NotConfigured
from portal.ca.models import VirtualToken
from portal.ca.sealing import WrongSecret
from portal.core.bulk import update_rows
from portal.core.rules import Refused
from portal.documents import letters as paper
from portal.notices.services import tell
from requests_app.carrying_out.pieces import fail_unwritable, in_pieces, mark_failed, waiting_rows
from requests_app.letter_content import recovery_answer_of
from requests_app.models import DeliveredPaper, Dossier, DossierItem, Outcome
from requests_app.services import papers
from requests_app.services.drafts import dossier_act
from requests_app.services.row_rules import recover as row_rules
from requests_app.services.targets import newest_certificates

ACT = "device.recover"
ROWS_A_TRANSACTION = 20  # a second and less, on SQLite with nobody else writing
UNKNOWN = "Không tìm thấy thiết bị của dòng này."
NO_RECOVERY_KEY = "Hệ thống chưa mở được khóa khôi phục của Cục; thiết bị chưa thay đổi gì."
SEALED_OTHERWISE = "Khóa khôi phục của Cục không mở được thiết bị này; thiết bị chưa thay đổi gì."


def do_chunk(pk: int, chunk: Sequence[int], *, now: datetime) -> int:
    """Unlock the devices of these rows of dossier ``pk``; return how many rows were ended."""
    ended = 0
    fail = partial(fail_unwritable, act=ACT, now=now)
    for first in range(0, len(chunk), ROWS_A_TRANSACTION):
        group = chunk[first : first + ROWS_A_TRANSACTION]
        ended += len(in_pieces(group, partial(_recover, pk, now=now), fail))
    return ended


@transaction.atomic
def _recover(pk: int, group: Sequence[int], *, now: datetime) -> list[DossierItem]:
    """Unlock what still waits among these rows; what another worker did meanwhile is left alone."""
    dossier = Dossier.objects.select_related("agency", "office").get(pk=pk)
    items = list(waiting_rows(pk).select_for_update(of=("self",)).filter(pk__in=group))
    held = _hold(items)
    newest = newest_certificates(held.values())
    against = row_rules.against_devices(dossier.agency_id, list(held.values()), newest, now=now)
    for item in items:
        device = held.get(item.device_id or 0)
        if device is None:
            mark_failed(item, UNKNOWN)
        elif reasons := against[device.pk]:
            mark_failed(item, " ".join(reason.message for reason in reasons))
        else:
            _unlock(dossier, item, device, now=now)
    update_rows(items, ["outcome", "outcome_reason"])
    _record(dossier, items, now=now)
    return items


def _hold(items: Iterable[DossierItem]) -> dict[int, Device]:
    """Lock the rows' devices and their tokens, all before anything is written; return by key."""
    wanted = [item.device_id for item in items if item.device_id]
    found = Device.objects.select_for_update(of=("self",)).filter(pk__in=wanted).order_by("pk")
    held = {device.pk: device for device in found.select_related("key__token", "agency")}
    keys = [device.key_id for device in held.values() if device.key_id]
    tokens_found = VirtualToken.objects.select_for_update().filter(key__in=keys)
    list(tokens_found.order_by("pk").values_list("pk"))
    return held


def _unlock(dossier: Dossier, item: DossierItem, device: Device, *, now: datetime) -> None:
    """Unlock one device and enter it in the ledger, or neither; the caller saves the row."""
    try:
        with transaction.atomic():
            if device.key is not None and hasattr(device.key, "token"):
                tokens.start_recovery(device.key)
            devices.make_move(device, Move.UNLOCK, actor=None, now=now, paper=_paper_of(dossier))
    except NotConfigured:
        mark_failed(item, NO_RECOVERY_KEY)
    except WrongSecret:
        mark_failed(item, SEALED_OTHERWISE)
    except Refused as refusal:
        mark_failed(item, str(refusal))
    else:
        item.outcome, item.outcome_reason = Outcome.DONE, ""
        _tell_subscriber(dossier, device, now=now)


def _record(dossier: Dossier, items: Sequence[DossierItem], *, now: datetime) -> None:
    if not items:
        return
    data = {
        "rows": [item.position for item in items if item.outcome == Outcome.DONE],
        "failed_rows": [item.position for item in items if item.outcome == Outcome.FAILED],
    }
    audit.record(dossier_act(ACT, dossier, data=data), actor=None, now=now)


def _paper_of(dossier: Dossier) -> Paper:
    label = f"Đề nghị khôi phục (Mẫu 06) số {dossier.letter_number}"
    return Paper("dossier", dossier.uuid, label)


def _tell_subscriber(dossier: Dossier, device: Device, *, now: datetime) -> None:
    """Tell whoever holds the device and has an account: it is theirs to set the new PIN."""
    title = _("Thiết bị %(serial)s đã được khôi phục; hãy đặt mã PIN mới")
    tell(
        User.objects.filter(is_active=True, person=device.subscriber_id, person__isnull=False),
        cause=f"device_recovered:{dossier.uuid}:{device.pk}",
        title=title % {"serial": device.serial},
        path=reverse("devices:detail", args=[device.uuid]),
        target_type="device",
        target_uuid=device.uuid,
        now=now,
    )


def prepare_answer(pk: int, /, *, now: datetime) -> Callable[[Dossier], object]:
    """Print the answer that names the unlocked devices; return what delivers it (Điều 22)."""
    dossier = Dossier.objects.select_related("agency", "office", "agency_version", "addressee")
    seen = dossier.get(pk=pk)
    done = list(seen.items.filter(outcome=Outcome.DONE).select_related("device"))
    refused = seen.items.filter(outcome=Outcome.REFUSED).count()
    pdf = paper.render(recovery_answer_of(seen, done, refused=refused))
    name = f"Thong-bao-khoi-phuc-{seen.letter_number.replace('/', '-')}.pdf"
    kind = DeliveredPaper.Kind.RECOVERY_ANSWER

    def deliver(closing: Dossier) -> object:
        return papers.deliver(closing, kind, pdf, name=name, now=now)

    return deliver
