"""Taking a step of a body's own letter: to the head, signed, sealed; back to be corrected."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db import models, transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.agencies.models import SignedPaper
from portal.agencies.models import Signer as Signatory
from portal.audit import services as audit
from portal.audit.look_only import refuse_look_only
from portal.ca.register import services as ca
from portal.core.database.conflicts import repeated
from portal.core.roles import Capability
from portal.core.rules import Refused, Violation, refuse
from portal.core.steps import Step, StepTable
from portal.core.text.vietnamese import nfc
from portal.documents import services as documents
from portal.documents import uploads
from portal.documents.letters import Letter, Original, print_original
from portal.documents.models import SignatureRole
from portal.notices import services as notices
from requests_app.errors import Barred, NotEditable, StaleVersion
from requests_app.letter_workflow import EDITING, LetterAction, Stage
from requests_app.models import OwnLetter, SigningMode
from requests_app.own_letters import rules
from requests_app.rules import dossiers as dossier_rules
from requests_app.submission.letters import Signer, check_signed, open_key
from requests_app.submission.signers import (
    may_sign,
    signer_on,
    signers_of_body,
    violations_of_signer,
    violations_of_signing,
)
from requests_app.submission.signing_mode import signing_mode

L = TypeVar("L", bound=OwnLetter)
_SCANS = frozenset({uploads.PDF.media_type, uploads.PNG.media_type, uploads.JPEG.media_type})
_SIGNING = {
    LetterAction.SIGN: SignatureRole.HEAD,
    LetterAction.SEAL: SignatureRole.ORGANISATION,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterKind(Generic[L]):
    """One sort of letter: its table of steps and what is its own.

    ``letter_of`` returns what it would say now, or None where the worker prints it; ``problems``
    what besides number, day and paper keeps a step from being taken; ``follow`` does in the same
    transaction what a step brings with it; ``named`` says how notices call a letter, and where it
    stands.
    """

    rows: Any  # the manager of its model
    steps: StepTable[Any, Any]
    edits: Capability
    code: str  # of its acts in the record, as "code.action"
    target_type: str
    act: Callable[..., audit.Act]
    letter_of: Callable[[L, datetime], Letter | None]
    file_name: Callable[[L], str]
    named: Callable[[L], tuple[str, str]]
    signed_as: str = SignedPaper.OTHER  # what an authority to sign calls it
    problems: Callable[[L, str], list[Violation | None]] = lambda letter, action: []
    follow: Callable[[L, str, datetime], None] = lambda letter, action, now: None

    def take_step(
        self,
        letter: L,
        action: str,
        *,
        actor: User,
        now: datetime,
        version: int,
        reason: str = "",
        pin: str = "",
        signed_elsewhere: bytes = b"",
    ) -> L:
        """Move a letter one step along and return it.

        ``signed_elsewhere``: the letter signed with the device's own software, for the PIN.
        Raises DoesNotExist, IllegalStep, Barred, StaleVersion, Refused, or what
        ``ca.tokens.unlock`` raises when the step signs.
        """
        refuse_look_only(actor, now=now)
        seen = self._visible(actor).get(pk=letter.pk)
        step = self._check(seen, action, actor=actor, now=now, version=version, reason=reason)
        # Made before the row is locked: it takes long, or must commit on its own.
        original: Original | None = None
        signer: Signer | None = None
        on = timezone.localdate(now)
        signatory = signer_on(seen.issuer.pk, self.signed_as, chosen=seen.signer, on=on)
        if step.action == LetterAction.REQUEST_SIGNATURE:
            seen.signer = signatory
            if letter_now := self.letter_of(seen, now):
                original = print_original(letter_now)
        signed: documents.SignedElsewhere | None = None
        role = _SIGNING.get(step.action)
        if role and signed_elsewhere:
            signed = check_signed(
                seen.signed_letter or seen.letter,
                signed_elsewhere,
                mode=seen.signing_mode,
                role=role,
                agency=seen.issuer,
                actor=actor,
                now=now,
            )
        elif role and seen.signing_mode == SigningMode.DIGITAL:
            signer = open_key(role, agency=seen.issuer, actor=actor, pin=pin, now=now)

        @transaction.atomic
        def take() -> L:
            rows = self._visible(actor).select_related("letter", "signed_letter", self._issuer)
            locked: L = rows.select_for_update(of=("self",), no_key=True).get(pk=letter.pk)
            step = self._check(locked, action, actor=actor, now=now, version=version, reason=reason)
            if signer is not None:
                _sign(locked, signer, actor=actor, now=now)
            elif signed is not None:
                locked.signed_letter = documents.keep_signed(signed, signed_by=actor, now=now)
            if step.action == LetterAction.REQUEST_SIGNATURE:
                locked.signer = signatory
            self._apply(locked, step, original, actor=actor, now=now, reason=reason)
            self.follow(locked, step.action, now)
            locked.stage = step.target
            locked.version += 1
            locked.updated_at = now
            locked.save()
            notices.settle(self.target_type, locked.uuid, now=now)
            audit.record(self.act(f"{self.code}.{step.action}", locked), actor=actor, now=now)
            if role := self.steps.awaited(locked.stage):
                people = User.objects.who_act_for(roles={role}, agency_id=locked.issuer.pk)
                told = list(people.exclude(pk=actor.pk))
                if locked.stage == Stage.AWAITING_SIGNATURE:
                    told = [user for user in told if may_sign(locked, user)]
                self.tell(locked, told, text=locked.sent_back_reason, now=now)
            return locked

        return repeated(take)  # a PIN has been counted already: the request can't be repeated

    def open_steps(self, letter: L, user: User) -> list[Step[Any, Any]]:
        """Return the steps ``user`` may take now, four eyes considered."""
        is_seen = self.rows.visible_to(user).filter(pk=letter.pk).exists()
        if user.looks_only or not is_seen or letter.issuer.pk not in user.body_ids:
            return []
        steps = self.steps.open_to(user.role, state=letter.stage)
        return [
            step
            for step in steps
            if not _is_barred(letter, step, user)
            and (step.action != LetterAction.SIGN or may_sign(letter, user))
        ]

    def violations(
        self, letter: L, action: str, *, actor: User | None = None, now: datetime
    ) -> list[Violation]:
        """Return every reason why a letter can't take this step yet; ``actor`` is to take it."""
        on = timezone.localdate(now)
        found: list[Violation | None] = []
        if action == LetterAction.REQUEST_SIGNATURE:
            is_used = False
            if letter.letter_number and letter.letter_date is not None:
                others = self.rows.filter(
                    **{self._issuer: letter.issuer},
                    letter_number=letter.letter_number,
                    letter_date__year=letter.letter_date.year,
                )
                is_used = others.exclude(pk=letter.pk).exclude(stage=Stage.CANCELLED).exists()
            found = [
                dossier_rules.has_letter_number(letter.letter_number),
                dossier_rules.has_letter_date(letter.letter_date, timezone.localdate(now)),
                rules.number_is_new(is_used, letter.letter_number),
                *violations_of_signer(
                    letter.issuer,
                    self.signed_as,
                    chosen=letter.signer,
                    drafters=letter.edited_by.all(),
                    on=on,
                ),
            ]
        elif action in _SIGNING:
            is_ink = letter.signing_mode == SigningMode.INK
            found = [
                rules.letter_is_ready(letter.letter_id is not None),
                rules.scan_is_there(is_ink, letter.scan_id is not None),
            ]
            if action == LetterAction.SIGN:
                found += violations_of_signing(letter, self.signed_as, actor=actor, on=on)
        return [one for one in (*found, *self.problems(letter, action)) if one]

    def signers(self, letter: L, *, now: datetime) -> list[Signatory]:
        """Return who may sign a letter today, the head first."""
        return signers_of_body(letter.issuer.pk, self.signed_as, on=timezone.localdate(now))

    def freeze(self, letter: L, original: Original, *, now: datetime) -> None:
        """Keep the rendered letter; what is signed later is exactly this. The caller saves."""
        letter.letter = documents.store_letter(original, name=self.file_name(letter), now=now)

    def tell(self, letter: L, people: Iterable[User], *, text: str, now: datetime) -> None:
        """Tell people how a letter stands."""
        name, path = self.named(letter)
        notices.tell(
            people,
            cause=f"{self.target_type}:{letter.pk}:{letter.version}",
            title=f"{letter.get_stage_display()}: {name}",  # type: ignore[attr-defined]
            text=text,
            path=path,
            target_type=self.target_type,
            target_uuid=letter.uuid,
            asks=bool(self.steps.awaited(letter.stage)),
            now=now,
        )

    def lock(self, letter: L, *, actor: User, version: int, stage: str) -> L:
        """Return the letter locked, for who edits its body's letters, while it is at ``stage``.

        Raises DoesNotExist, PermissionDenied, NotEditable or StaleVersion.
        """
        rows = self._visible(actor).select_related(self._issuer)
        found: L = rows.select_for_update(of=("self",), no_key=True).get(pk=letter.pk)
        if not actor.can(self.edits) or found.issuer.pk not in actor.body_ids:
            raise PermissionDenied("only who writes the letters of the body edits them")
        if found.stage != stage:
            raise NotEditable(found.stage)
        if found.version != version:
            raise StaleVersion(seen=version, current=found.version)
        return found

    def touch(self, letter: L, action: str, *, actor: User, now: datetime, **data: object) -> None:
        """Save what was edited, with its editor and its entry."""
        letter.version += 1
        letter.updated_at = now
        letter.save()
        letter.edited_by.add(actor)
        audit.record(self.act(f"{self.code}.{action}", letter, **data), actor=actor, now=now)

    @transaction.atomic
    def number(
        self,
        letter: L,
        *,
        letter_number: str,
        letter_date: date | None,
        signer: Signatory | None = None,
        actor: User,
        now: datetime,
        version: int,
    ) -> L:
        """Keep the number and day the document system gave, and who is to sign (None: the head);
        checked before signing.

        Raises as ``lock``.
        """
        found = self.lock(letter, actor=actor, version=version, stage=Stage.DRAFT)
        found.letter_number, found.letter_date = nfc(letter_number), letter_date
        found.signer = signer if signer and signer.agency_id == found.issuer.pk else None
        self.touch(found, "number", actor=actor, now=now)
        return found

    @transaction.atomic
    def attach_scan(
        self,
        letter: L,
        uploaded: UploadedFile[bytes],
        *,
        actor: User,
        now: datetime,
        version: int,
    ) -> L:
        """Keep the scan of the letter signed by hand and sealed, before the head confirms it.

        Raises as ``lock``, or Refused (size, type).
        """
        found = self.lock(letter, actor=actor, version=version, stage=Stage.AWAITING_SIGNATURE)
        if found.signing_mode != SigningMode.INK:
            raise NotEditable(found.signing_mode)
        document = documents.store_upload(uploaded, now=now, is_signed_paper=True)
        if document.media_type not in _SCANS:
            raise refuse(
                "scan_is_no_picture",
                "Bản quét phải là tệp PDF, PNG hoặc JPEG.",
                way_out="Quét văn bản đã ký, đóng dấu thành PDF rồi tải lên.",
            )
        found.scan = document
        self.touch(found, "attach_scan", actor=actor, now=now, sha256=document.sha256)
        return found

    @property
    def _issuer(self) -> str:
        model: type[OwnLetter] = self.rows.model
        return model.ISSUER

    def _visible(self, actor: User) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = self.rows.visible_to(actor)
        return rows

    def _check(
        self,
        letter: L,
        action: str,
        *,
        actor: User,
        now: datetime,
        version: int,
        reason: str,
    ) -> Step[Any, Any]:
        step = self.steps.find(action, state=letter.stage, role=actor.role)
        if letter.issuer.pk not in actor.body_ids:
            raise PermissionDenied("a letter is its own body's")
        if letter.version != version:
            raise StaleVersion(seen=version, current=letter.version)
        if _is_barred(letter, step, actor):
            raise Barred(step.action)
        if step.needs_reason and not reason.strip():
            raise refuse("no_reason", "Phải nêu rõ lý do.", way_out="Ghi lý do rồi làm lại.")
        if violations := self.violations(letter, step.action, actor=actor, now=now):
            raise Refused(*violations)
        return step

    def _apply(
        self,
        letter: L,
        step: Step[Any, Any],
        original: Original | None,
        *,
        actor: User,
        now: datetime,
        reason: str,
    ) -> None:
        match step.action:
            case LetterAction.REQUEST_SIGNATURE:
                mode, letter.signing_reason = signing_mode(
                    letter.issuer, signer=letter.signer, now=now
                )
                letter.signing_mode, letter.sent_back_reason = mode, ""
                letter.edited_by.add(actor)
                if original is not None:
                    self.freeze(letter, original, now=now)
            case LetterAction.REVISE | LetterAction.SEND_BACK_TO_DRAFT:
                letter.letter = letter.signed_letter = letter.scan = None
                letter.signed_by = letter.signed_at = None
                letter.sent_back_reason = reason.strip()
            case LetterAction.SIGN:
                letter.signed_by, letter.signed_at = actor, now
            case LetterAction.SEAL:
                letter.sent_by, letter.sent_at = actor, now


def _sign(letter: OwnLetter, signer: Signer, *, actor: User, now: datetime) -> None:
    original = letter.signed_letter or letter.letter
    assert original is not None
    letter.signed_letter = documents.sign(
        original,
        role=signer.role,
        certificate=signer.certificate,
        key=signer.key,
        signed_by=actor,
        now=now,
        chain=ca.chain(),
    )


def _is_barred(letter: OwnLetter, step: Step[Any, Any], user: User) -> bool:
    if (
        LetterAction.SIGN in step.barred_by
        and letter.signed_by
        and user.is_same_person_as(letter.signed_by)
    ):
        return True
    return EDITING in step.barred_by and any(
        user.is_same_person_as(editor) for editor in letter.edited_by.all()
    )
