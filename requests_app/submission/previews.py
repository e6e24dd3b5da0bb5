"""Previews of long letters: asked for, printed by a worker piece by piece, dropped after a day.

One at a time for each person (a row each): a clerk with the longest list takes one worker for
minutes, and nobody's pages.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime, timedelta

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.audit import services as audit
from portal.core.background.leases import LeaseLost
from portal.core.rules import refuse
from portal.documents import pieces
from requests_app.acts import dossier_act
from requests_app.models import Dossier, LetterPreview
from requests_app.submission import letters

logger = logging.getLogger(__name__)
KEPT_FOR = timedelta(days=1)
LEASE = timedelta(minutes=2)  # a piece takes seconds
MOST_TIME = timedelta(minutes=10)  # 5,000 rows of long text take less than half of it
MOST_TRIES = 3  # workers that were killed over it


@transaction.atomic
def ask(dossier: Dossier, *, actor: User, now: datetime) -> LetterPreview:
    """Have a worker print the letter as it is now; return the actor's preview.

    Who asks again while it is printed, or when nothing has changed, gets the same one. Raises
    Dossier.DoesNotExist (not visible), or Refused while another dossier's is printed for them.
    """
    dossier = (
        Dossier.objects.visible_to(actor).select_related("agency", "office").get(pk=dossier.pk)
    )
    asked = {
        "dossier": dossier,
        "version": dossier.version,
        "rows_total": dossier.row_count,
        "asked_at": now,
    }
    preview, is_new = LetterPreview.objects.get_or_create(asked_by=actor, defaults=asked)
    if not is_new:
        preview = LetterPreview.objects.select_for_update(no_key=True).get(pk=preview.pk)
        if preview.is_waiting and preview.dossier_id != dossier.pk:
            raise refuse(
                "preview_busy",
                _("Hệ thống đang lập bản in của một hồ sơ khác cho anh/chị."),
                way_out=_("Mỗi người lập từng bản một: chờ bản kia xong rồi lập bản này."),
            )
        if preview.is_waiting or is_as_now(preview, dossier):
            return preview
        if preview.path:
            transaction.on_commit(lambda path=preview.path: default_storage.delete(path))  # type: ignore[misc]
        for name, value in asked.items():
            setattr(preview, name, value)
        preview.rows_done = preview.pages = preview.tries = 0
        preview.path, preview.problem, preview.made_at = "", "", None
        preview.claimed_until = None
        preview.save()
    act = dossier_act("dossier.ask_preview", dossier, data={"rows": dossier.row_count})
    audit.record(act, actor=actor, now=now)
    return preview


def find(dossier: Dossier, user: User) -> LetterPreview | None:
    """Return the user's preview of this dossier, whatever has become of it."""
    return LetterPreview.objects.visible_to(user).filter(dossier=dossier).first()


def is_as_now(preview: LetterPreview, dossier: Dossier) -> bool:
    """Whether asking again would print the same."""
    is_same = preview.dossier_id == dossier.pk and preview.version == dossier.version
    return is_same and not preview.problem


def print_waiting(*, now: datetime) -> int:
    """Print the preview that waits longest; return how many, 0 when none waits.

    Safe to run twice and twice at once: after a kill the lease runs out and the next begins anew,
    MOST_TRIES times.
    """
    waiting = LetterPreview.objects.waiting().order_by("asked_at", "pk")
    claim = waiting.claim_next(now=now, lease=LEASE, tries=F("tries") + 1, rows_done=0, pages=0)
    if claim is None:
        return 0
    path = ""
    try:
        preview = LetterPreview.objects.select_related("dossier").get(pk=claim.pk)
        if preview.tries > MOST_TRIES:
            claim.end(problem=_("Không lập được bản in: tiến trình nền bị dừng nhiều lần."))
            return 1
        printed: list[bytes] = []
        rows = pages = 0
        for piece in letters.render_pieces(preview.dossier):
            printed.append(piece.pdf)
            rows, pages = rows + piece.rows, pages + piece.pages
            if claim.age > MOST_TIME:
                claim.end(problem=_("Bản in quá dài, lập quá thời gian cho phép. Hãy chia hồ sơ."))
                return 1
            claim.extend(rows_done=rows, pages=pages, version=preview.dossier.version)
        content = ContentFile(pieces.join(printed))
        path = default_storage.save(f"previews/{preview.uuid}.pdf", content)
        claim.end(path=path, made_at=claim.now + claim.age)
    except LeaseLost:
        if path:
            default_storage.delete(path)
        logger.warning("another worker took over preview %s", claim.pk)
    except (OperationalError, InterfaceError):
        raise  # the database is away: the lease runs out, the next sweep tries again
    except Exception as error:
        logger.exception("could not print preview %s", claim.pk)
        problem = _("Không lập được bản in do lỗi hệ thống (%(name)s). Hãy lập lại.")
        with suppress(LeaseLost):
            claim.end(problem=problem % {"name": type(error).__name__})
    return 1


def drop_old(*, now: datetime, most: int = 1000) -> int:
    """Remove the previews asked for a day ago, at most ``most``; return how many."""
    old = LetterPreview.objects.filter(asked_at__lt=now - KEPT_FOR).unclaimed(now)
    found = list(old.values_list("pk", "path")[:most])
    for pk, path in found:
        if path:
            default_storage.delete(path)
        old.filter(pk=pk, path=path).delete()
    return len(found)
