"""The sweeps of dossiers and covering letters; letters of long lists are rendered here."""

from __future__ import annotations

from datetime import datetime, timedelta
from time import monotonic

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from portal.audit import services as audit
from portal.core.background.sweeps import sweep
from portal.documents import letters as paper
from portal.documents import pieces
from requests_app.acts import dossier_act, letter_act
from requests_app.archive import services as archive
from requests_app.covering_letters import forward_queue
from requests_app.covering_letters.steps import COVERING_LETTERS, content_of
from requests_app.execution import services as execution
from requests_app.letter_workflow import Stage
from requests_app.models import CoveringLetter, Dossier
from requests_app.models.querysets import CoveringLetterQuerySet, DossierQuerySet
from requests_app.proceedings import papers as proceedings
from requests_app.spreadsheets import parked
from requests_app.submission import letter_mail, letters, previews
from requests_app.submission.letter_content import letter_of
from requests_app.workflow import Route, State, queue_of

ONE_PIECE = timedelta(0)


@sweep(
    "requests_app.tasks.execute_accepted",
    every=timedelta(seconds=10),
    words=_("Thực hiện hồ sơ đã phê duyệt"),
    order=100,
    in_pieces_for=ONE_PIECE,
)
def execute_accepted(*, now: datetime) -> int:
    """Carry out what was confirmed or left half done."""
    return execution.execute_accepted(now=now)


@sweep(
    "requests_app.tasks.freeze_letters",
    every=timedelta(seconds=10),
    words=_("Lập văn bản có danh sách dài"),
    order=60,
    in_pieces_for=ONE_PIECE,
)
def freeze_letters(*, now: datetime) -> int:
    """Render the long letters that wait for it."""
    return freeze_waiting(now=now) + freeze_covering_letters(now=now)


@sweep(
    "requests_app.tasks.print_previews",
    every=timedelta(seconds=5),
    words=_("Lập bản in xem trước của văn bản dài"),
    order=65,
    in_pieces_for=ONE_PIECE,
    time_limit=2 * previews.MOST_TIME,
)
def print_previews(*, now: datetime) -> int:
    """Print the preview that waits longest."""
    return previews.print_waiting(now=now)


@sweep(
    "requests_app.tasks.drop_old_previews",
    every=timedelta(hours=1),
    words=_("Xóa bản in xem trước đã cũ"),
    order=263,
)
def drop_old_previews(*, now: datetime) -> int:
    """Remove the previews of yesterday."""
    return previews.drop_old(now=now)


@sweep(
    "requests_app.tasks.forward_covered",
    every=timedelta(seconds=10),
    words=_("Chuyển hồ sơ theo công văn"),
    order=70,
    in_pieces_for=ONE_PIECE,
)
def forward_covered(*, now: datetime) -> int:
    """Forward what signed covering letters cover."""
    return forward_queue.forward_waiting(now=now)


@sweep(
    "requests_app.tasks.answer_proceedings",
    every=timedelta(seconds=10),
    words=_("Lập văn bản trả lời cơ quan tố tụng, công an"),
    order=105,
    in_pieces_for=ONE_PIECE,
)
def answer_proceedings(*, now: datetime) -> int:
    """Print and deliver what was decided of proceedings bodies' requests."""
    return proceedings.answer_waiting(now=now)


@sweep(
    "requests_app.tasks.archive_closed",
    every=timedelta(minutes=5),
    words=_("Lập gói lưu trữ của hồ sơ đã kết thúc"),
    order=268,
    in_pieces_for=timedelta(minutes=2),
)
def archive_closed(*, now: datetime) -> int:
    """Make a signed package of each closed dossier."""
    return archive.archive_waiting(now=now)


@sweep(
    "requests_app.tasks.tell_of_unsent_letters",
    every=timedelta(minutes=5),
    words=_("Báo văn bản không gửi được qua thư điện tử"),
    order=225,
)
def tell_of_unsent_letters(*, now: datetime) -> int:
    """Tell the senders of letters that could not be mailed."""
    return letter_mail.tell_of_unsent(now=now)


@sweep(
    "requests_app.tasks.drop_old_sheets",
    every=timedelta(hours=1),
    words=_("Xóa bảng tính tải lên dở dang"),
    order=260,
)
def drop_old_sheets(*, now: datetime) -> int:
    """Remove the uploaded sheets that nobody went on with."""
    return parked.drop_old(now=now)


LEASE = timedelta(minutes=5)


def freeze_waiting(*, now: datetime, most: int = 5) -> int:
    """Render the frozen letters that are still missing; return how many."""
    free = (
        _unfrozen_dossiers()
        .filter(queue=queue_of(State.AWAITING_SIGNATURE, Route.VIA_OFFICE))
        .unclaimed(now)
    )
    return sum(_freeze(pk, now=now) for pk in list(free.values_list("pk", flat=True)[:most]))


def _unfrozen_dossiers() -> DossierQuerySet:
    return Dossier.objects.filter(state=State.AWAITING_SIGNATURE, letter__isnull=True)


def _freeze(pk: int, *, now: datetime) -> bool:
    if not _unfrozen_dossiers().claim(pk, now=now, lease=LEASE):
        return False
    dossier, began, printed = Dossier.objects.get(pk=pk), monotonic(), []
    letter = paper.coded(letter_of(dossier, list(dossier.items.all())))
    for piece in paper.render_pieces(letter):
        printed.append(piece.pdf)
        held = now + timedelta(seconds=monotonic() - began)
        _unfrozen_dossiers().hold(pk, now=held, lease=LEASE)
    original = paper.Original(pieces.join(printed), letter)
    with transaction.atomic():
        locked = Dossier.objects.select_for_update(of=("self",), no_key=True).get(pk=pk)
        locked.claimed_until = None
        if locked.version == dossier.version and locked.letter_id is None:
            # Nobody took it back to change it meanwhile, or was quicker once the lease had run out.
            document = letters.freeze(locked, original, now=now)
            locked.save(update_fields=["letter", "signed_letter"])
            act = dossier_act("dossier.freeze", locked, data={"sha256": document.sha256})
            audit.record(act, actor=None, now=now)
        locked.save(update_fields=["claimed_until"])
    return True


def freeze_covering_letters(*, now: datetime, most: int = 5) -> int:
    """Render the long covering letters that wait for the head of an office; return how many."""
    waiting = _unfrozen_letters().unclaimed(now).order_by("updated_at", "pk")
    found = list(waiting.values_list("pk", flat=True)[:most])
    return sum(_freeze_covering(pk, now=now) for pk in found)


def _unfrozen_letters() -> CoveringLetterQuerySet:
    return CoveringLetter.objects.filter(stage=Stage.AWAITING_SIGNATURE, letter__isnull=True)


def _freeze_covering(pk: int, *, now: datetime) -> bool:
    if not _unfrozen_letters().claim(pk, now=now, lease=LEASE):
        return False
    seen = CoveringLetter.objects.select_related("office").get(pk=pk)
    original = paper.print_original(content_of(seen, now=now))
    with transaction.atomic():
        rows = CoveringLetter.objects.select_for_update(of=("self",), no_key=True)
        locked = rows.select_related("office").get(pk=pk)
        locked.claimed_until = None
        if locked.version == seen.version and locked.letter_id is None:
            # As above.
            COVERING_LETTERS.freeze(locked, original, now=now)
            assert locked.letter is not None
            act = letter_act("covering.freeze", locked, sha256=locked.letter.sha256)
            audit.record(act, actor=None, now=now)
        locked.save(update_fields=["letter", "claimed_until"])
    return True
