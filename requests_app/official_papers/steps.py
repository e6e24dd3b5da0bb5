"""A paper's own part in its steps: what it says, and what its issue brings with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.agencies.models import SignedPaper
from portal.ca.tokens import services as tokens
from portal.core.roles import Capability, Scope
from portal.core.rules import Refused
from portal.core.steps import IllegalStep
from portal.core.web.waiting import Waiting
from portal.documents.letters import Letter, filing_line
from requests_app.acts import paper_act
from requests_app.catalogue.mau_05_revoke.effect import begin_return
from requests_app.errors import Barred, StaleVersion
from requests_app.models import DeliveredPaper, Dossier, OfficialPaper, SigningMode
from requests_app.own_letters.steps import LetterKind
from requests_app.paper_workflow import PAPER_STEPS, PaperAction, PaperStage
from requests_app.papers import deliver_document
from requests_app.submission.settlement import version_in_force
from requests_app.submission.signers import block_of, signer_on

MOST = 20  # signed with one PIN
# What a paper's delivery begins; the caller holds the dossier.
_BEGINS: Mapping[str, Callable[..., None]] = {DeliveredPaper.Kind.REVOCATION_NOTICE: begin_return}


def letter_of(paper: OfficialPaper, *, now: datetime) -> Letter:
    """Return the paper as it would be printed now: what was decided, its number, day, signer."""
    on = timezone.localdate(now)
    version = version_in_force(paper.agency_id, on)
    signer = signer_on(paper.agency_id, SignedPaper.OTHER, chosen=paper.signer, on=on)
    block = block_of(paper.agency, version, signer, heads=Capability.SIGN_REPORTS)
    drafted = Letter(**paper.content)
    return replace(
        drafted,
        number=paper.letter_number,
        day=paper.letter_date,
        recipients=[*drafted.recipients[:-1], filing_line(paper.letter_number)],
        signer_lines=block.lines,
        signer_name=block.name,
    )


def _follow(paper: OfficialPaper, action: str, now: datetime) -> None:
    if action != PaperAction.SEAL:
        return
    dossier = (
        Dossier.objects.select_for_update(of=("self",), no_key=True)
        .select_related("agency", "office")
        .get(pk=paper.dossier_id)
    )
    if begin := _BEGINS.get(paper.kind):
        begin(dossier, number=paper.letter_number, now=now)
    assert paper.paper is not None
    deliver_document(dossier, paper.kind, paper.paper, now=now)


def _named(paper: OfficialPaper) -> tuple[str, str]:
    name = f"{paper.title} gửi {paper.dossier.agency.name}"
    return name, reverse("requests_app:official_paper", args=[paper.uuid])


OFFICIAL_PAPERS: LetterKind[OfficialPaper] = LetterKind(
    rows=OfficialPaper.objects,
    steps=PAPER_STEPS,
    edits=Capability.NUMBER_PAPERS,
    code="paper",
    target_type="official_paper",
    act=paper_act,
    letter_of=lambda paper, now: letter_of(paper, now=now),
    file_name=lambda paper: paper.name,
    named=_named,
    follow=_follow,
)


def waiting_of(user: User) -> Iterator[Waiting]:
    """Return the papers ``user`` has to number, sign or issue, as one line of the work list."""
    if user.scope not in (Scope.OFFICE, Scope.CA):  # bodies write none
        return
    if count := OfficialPaper.objects.visible_to(user).waiting_for(user).count():
        path = f"{reverse('requests_app:official_papers')}?cho=toi"
        yield Waiting(count, _("thông báo, văn bản trả lời chờ xử lý"), _("Xem văn bản"), path)


def to_sign(user: User) -> list[OfficialPaper]:
    """Return the papers that wait for ``user``'s digital signature, the oldest first."""
    found = OfficialPaper.objects.visible_to(user).waiting_for(user)
    found = found.filter(stage=PaperStage.AWAITING_SIGNATURE, signing_mode=SigningMode.DIGITAL)
    return list(found.select_related("dossier__agency", "signer").order_by("made_at", "pk")[:MOST])


def sign_all(
    chosen: Sequence[tuple[UUID, int]], *, actor: User, pin: str, now: datetime
) -> tuple[
    list[tuple[OfficialPaper, str]], tokens.WrongPin | tokens.Locked | tokens.NoPinYet | None
]:
    """Sign the chosen papers (with the versions that were seen) with one PIN, each as it would be
    alone; return each with what stopped it ("" is signed), and why the PIN did not open the key.

    A wrong PIN counts once: the first that does not open it ends the batch.
    """
    versions = dict(chosen)
    results: list[tuple[OfficialPaper, str]] = []
    for paper in to_sign(actor):
        if paper.uuid not in versions:
            continue
        try:
            OFFICIAL_PAPERS.take_step(
                paper,
                PaperAction.SIGN,
                actor=actor,
                now=now,
                version=versions[paper.uuid],
                pin=pin,
            )
        except (tokens.WrongPin, tokens.Locked, tokens.NoPinYet) as refusal:
            return results, refusal
        except Refused as refusal:
            results.append((paper, " ".join(one.message for one in refusal.violations)))
        except Barred:
            results.append((paper, "Anh/chị đã tham gia soạn nên người khác phải ký."))
        except (StaleVersion, IllegalStep, OfficialPaper.DoesNotExist):
            results.append((paper, "Văn bản đã thay đổi; xem lại rồi ký."))
        else:
            results.append((paper, ""))
    return results, None
