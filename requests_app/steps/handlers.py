"""What is checked, made, changed and started when a step is taken: a class for each action."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils import timezone

from devices import services as devices
from devices.lifecycle import Move
from portal.accounts.models import User
from portal.agencies.models import Agency, AgencyVersion
from portal.agencies.models import Signer as Signatory
from portal.ca.register import services as ca
from portal.ca.tokens import services as tokens
from portal.core.rules import Refused, Violation, refuse
from portal.deadlines import services as deadlines
from portal.deadlines.models import DeadlineKind
from portal.documents import letters as paper
from portal.documents import services as documents
from portal.documents.models import Document, SignatureRole
from requests_app import kinds
from requests_app.kinds.effects import effect_of
from requests_app.models import (
    Decision,
    DeliveredPaper,
    Dossier,
    Outcome,
    Procedure,
    ReturnedContent,
    RoutingRule,
)
from requests_app.papers import Prepared, deliver_document
from requests_app.routing.services import copies_for
from requests_app.rules import dossiers as rules
from requests_app.steps.reasons import has_blank
from requests_app.steps.rows import accept_rows, keep_refusal, print_refusal, refuse_rows
from requests_app.submission import letter_mail, letters
from requests_app.submission.checks import (
    violations_before_sending,
    violations_before_signing,
    violations_of_sender,
    violations_of_transfers,
)
from requests_app.submission.letter_content import receipt_letter_of
from requests_app.submission.letters import Signer
from requests_app.submission.settlement import apply_rule, limit_of, set_copies, settle
from requests_app.submission.signers import paper_of, signer_on
from requests_app.submission.signing_mode import personal_certificate, signing_mode
from requests_app.titles import clipped, title_of
from requests_app.words import move_words
from requests_app.workflow import ENDED, PASSED_ON, DossierStep, Needs, Route

_OF_THE_CA = {
    Procedure.ISSUE: DeadlineKind.CA_ISSUE,
    Procedure.RENEW_CHANGE: DeadlineKind.CA_RENEW_CHANGE,
    Procedure.REVOKE: DeadlineKind.CA_REVOKE,
    Procedure.RECOVER: DeadlineKind.RECOVERY,
}


def start_decision(dossier: Dossier, *, now: datetime) -> None:
    """Open the clock of who decides, if the law gives the procedure one."""
    procedure = Procedure(kinds.get(dossier.kind).procedure)
    if procedure in _OF_THE_CA:
        days = limit_of(dossier, today=timezone.localdate(now))
        kind = _OF_THE_CA[procedure]
        start(kind, dossier, owner=dossier.addressee, now=now, working_days=days)


def close(dossier: Dossier, *, now: datetime) -> None:
    """Note that the dossier was answered: what was owed of it is done."""
    for kind in {*_OF_THE_CA.values(), DeadlineKind.OFFICE_CHECK}:
        deadlines.close(kind, dossier.uuid, now=now)


def start(
    kind: DeadlineKind,
    dossier: Dossier,
    *,
    owner: Agency,
    now: datetime,
    working_days: int | None = None,
) -> None:
    """Open a clock of ``owner``; ``working_days`` None is the law's own limit."""
    deadlines.open_deadline(
        kind,
        agency=owner,
        office=dossier.office,
        target_type="dossier",
        target_uuid=dossier.uuid,
        title=clipped(title_of(dossier)),
        path=reverse("requests_app:detail", args=[dossier.uuid]),
        now=now,
        working_days=working_days,
    )


@dataclass(slots=True)
class Handler:
    """One step being taken: the engine calls ``prepare``, ``require``, ``apply``, ``follow``.

    An action with more to it has a subclass; ``engine.HANDLERS`` says which. ``document`` goes
    out with the step; ``signed_elsewhere`` is the letter as it came back from other software.
    ``actor`` None is the portal itself.
    """

    step: DossierStep
    actor: User | None
    now: datetime
    pin: str = ""
    document: Document | None = None
    signed_elsewhere: bytes = b""

    def check(self, dossier: Dossier) -> list[Violation]:
        """Return the rules that stop the step now; asked again once the dossier is locked."""
        return []

    def prepare(self, dossier: Dossier) -> None:
        """Make what takes long, or must commit on its own, before the dossier is locked."""

    def apply(self, dossier: Dossier) -> None:
        """Change what the step changes beside the state; the dossier is locked, the caller saves.

        A transaction that met a conflict is repeated: this may be called again.
        """

    def follow(self, dossier: Dossier) -> None:
        """Start and stop the clocks; the dossier has its new state, the caller saves."""
        if self.step.target in ENDED:
            close(dossier, now=self.now)

    def require(self, dossier: Dossier, *, reason: str = "") -> None:
        """Raise Refused with everything that stops the step: no reason, undecided rows, rules."""
        if self.step.needs_reason and not reason.strip():
            raise refuse(
                "no_reason", "Phải nêu rõ lý do.", way_out="Chọn hoặc ghi lý do rồi làm lại."
            )
        if has_blank(reason):
            raise refuse(
                "reason_has_blank",
                "Lý do còn chỗ chưa điền (“…”).",
                way_out="Ghi rõ dòng nào, điều gì rồi làm lại.",
            )
        if self.step.needs != Needs.NOTHING and self.step.needs not in row_facts(dossier):
            raise refuse(
                "rows_not_ready",
                f"Chưa thực hiện được: cần {Needs(self.step.needs).label}.",
                way_out="Xử lý các dòng còn lại trong danh sách rồi làm lại.",
            )
        if violations := self.check(dossier):
            raise Refused(*violations)


def row_facts(dossier: Dossier) -> set[Needs]:
    """Return what holds of the decisions about a dossier's rows."""
    decisions = set(dossier.items.order_by().values_list("decision", flat=True).distinct())
    facts: set[Needs] = set()
    if decisions and Decision.NONE not in decisions:
        facts.add(Needs.ALL_ROWS_DECIDED)
    if Decision.ACCEPTED in decisions:
        facts.add(Needs.SOME_ROW_ACCEPTED)
    if decisions == {Decision.REFUSED}:
        facts.add(Needs.ALL_ROWS_REFUSED)
    if decisions == {Decision.ACCEPTED}:
        facts.add(Needs.ALL_ROWS_ACCEPTED)
    if decisions == {Decision.ACCEPTED, Decision.REFUSED}:
        facts.add(Needs.ROWS_OF_BOTH)
    return facts


class Reopen(Handler):
    """An edited dossier has no letter, no signature, no scan and no decision any more."""

    def apply(self, dossier: Dossier) -> None:
        discard_round(dossier)


def discard_round(dossier: Dossier) -> None:
    """Throw away what was signed and decided in the last round; the caller saves."""
    dossier.letter = dossier.signed_letter = None
    dossier.attachments.filter(kind="signed_scan").update(is_current=False)
    dossier.items.exclude(decision="").update(decision="", decision_reason="")
    dossier.decided_by.clear()


class HandBack(Handler):
    """What is carried out in part is neither returned nor withdrawn."""

    def check(self, dossier: Dossier) -> list[Violation]:
        return violations_of_done_rows(dossier)

    def apply(self, dossier: Dossier) -> None:
        rows = dossier.items.order_by("position")
        ReturnedContent.objects.create(
            dossier=dossier,
            round=dossier.round,
            rows=[
                {
                    "uuid": str(row.uuid),
                    "position": row.position,
                    "title": row.title,
                    "answers": row.answers,
                }
                for row in rows
            ],
            contact=dossier.contact,
            note=dossier.note,
            at=self.now,
        )
        dossier.received_on = None  # received in due form it was not; the next sending is

    def follow(self, dossier: Dossier) -> None:
        deadlines.cancel_all(dossier.uuid, now=self.now)
        start(DeadlineKind.CORRECTION, dossier, owner=dossier.agency, now=self.now)


def violations_of_done_rows(dossier: Dossier) -> list[Violation]:
    """Return the rule against taking back what is partly done, where it is."""
    return [rules.PARTLY_DONE] if dossier.items.filter(outcome=Outcome.DONE).exists() else []


@dataclass(slots=True)
class RequestSignature(Handler):
    """Long letters are rendered by the worker: then ``letter`` stays None."""

    rule: RoutingRule | None = None
    version: AgencyVersion | None = None
    signer: Signatory | None = None
    letter: paper.Original | None = None

    def check(self, dossier: Dossier) -> list[Violation]:
        return violations_before_signing(dossier, now=self.now)

    def prepare(self, dossier: Dossier) -> None:
        # The letter says whom it goes to and in whose name: that is settled first.
        self.rule = settle(dossier, today=timezone.localdate(self.now))
        self.version = dossier.agency_version
        self.signer = dossier.signer = signer_on(
            dossier.agency_id,
            paper_of(kinds.get(dossier.kind).number),
            chosen=dossier.signer,
            on=timezone.localdate(self.now),
        )
        # The rules are asked before the letter is made: what is refused is not rendered.
        if violations := self.check(dossier):
            raise Refused(*violations)
        if not letters.is_long(dossier):
            copies = copies_for(self.rule, dossier.agency)
            self.letter = letters.print_original(dossier, copies=copies)

    def apply(self, dossier: Dossier) -> None:
        dossier.signer = self.signer
        mode, why = signing_mode(dossier.agency, signer=self.signer, now=self.now)
        dossier.signing_mode, dossier.signing_reason = mode, why
        assert self.rule is not None
        assert self.version is not None
        if dossier.sent_at is None:
            dossier.office = dossier.agency.office
            move_words([dossier])
        apply_rule(dossier, self.rule, self.version)
        set_copies(dossier, self.rule)
        discard_round(dossier)
        if self.letter is not None:
            self.document = letters.freeze(dossier, self.letter, now=self.now)


@dataclass(slots=True)
class Sign(Handler):
    """``signer`` None: the letter is signed in ink, and its scan is attached."""

    signer: letters.Signer | None = None
    signed: documents.SignedElsewhere | None = None

    def check(self, dossier: Dossier) -> list[Violation]:
        return letters.violations_before_head_signs(dossier, actor=self.actor, now=self.now)

    def prepare(self, dossier: Dossier) -> None:
        self.require(dossier)  # what is refused costs no PIN
        assert self.actor is not None
        if self.signed_elsewhere:
            self.signed = letters.check_signed(
                dossier.signed_letter or dossier.letter,
                self.signed_elsewhere,
                mode=dossier.signing_mode,
                role=letters.role_of(self.step.action),
                agency=dossier.agency,
                actor=self.actor,
                now=self.now,
            )
            return
        self.signer = letters.unlock(
            dossier, self.step.action, actor=self.actor, pin=self.pin, now=self.now
        )

    def apply(self, dossier: Dossier) -> None:
        if self.signer is not None:
            assert self.actor is not None
            self.document = letters.sign(dossier, self.signer, actor=self.actor, now=self.now)
        elif self.signed is not None:
            assert self.actor is not None
            # The dossier's version is that of the check: so is the letter.
            self.document = dossier.signed_letter = documents.keep_signed(
                self.signed, signed_by=self.actor, now=self.now
            )


class Seal(Sign):
    """The day the first official recipient has it is the law's day (DOMAIN 14.1)."""

    def check(self, dossier: Dossier) -> list[Violation]:
        return violations_before_sending(dossier, now=self.now)

    def follow(self, dossier: Dossier) -> None:
        dossier.sent_at = dossier.sent_at or self.now
        dossier.received_on = timezone.localdate(self.now)
        if dossier.mail_rule is not None:
            letter_mail.write(dossier, dossier.mail_rule, now=self.now)
        # Devices and certificates are locked before any clock.
        effect_of(dossier).on_sent(dossier, actor=self.actor, now=self.now)
        deadlines.close(DeadlineKind.CORRECTION, dossier.uuid, now=self.now)
        if dossier.route in PASSED_ON:
            assert dossier.office is not None
            # It checks and forwards.
            start(DeadlineKind.OFFICE_CHECK, dossier, owner=dossier.office, now=self.now)
        elif dossier.route != Route.NOTICE:
            start_decision(dossier, now=self.now)


class Forward(Handler):
    """The office's clock ends, the CA's begins; ``document`` is the covering letter, if any.

    Where the CA has no desk here every row is asked of it as it stands.
    """

    def apply(self, dossier: Dossier) -> None:
        if dossier.route == Route.OUTSIDE:
            dossier.items.update(decision=Decision.ACCEPTED)

    def follow(self, dossier: Dossier) -> None:
        deadlines.close(DeadlineKind.OFFICE_CHECK, dossier.uuid, now=self.now)
        start_decision(dossier, now=self.now)


class Stop(Handler):
    """What a notice or minutes told before is told no more; every clock is cancelled."""

    def follow(self, dossier: Dossier) -> None:
        effect_of(dossier).on_withdrawn(dossier, actor=self.actor, now=self.now)
        deadlines.cancel_all(dossier.uuid, now=self.now)


class Withdraw(Stop):
    """By its sender: not once something of it is done."""

    def check(self, dossier: Dossier) -> list[Violation]:
        return violations_of_done_rows(dossier)


class Retry(Handler):
    """Accepted rows that failed run again."""

    def apply(self, dossier: Dossier) -> None:
        accept_rows(dossier, now=self.now)


class Confirm(Retry):
    """DOMAIN 14.8: nothing new is issued to a body that is no more; the rest goes on under the one
    that succeeded it."""

    def check(self, dossier: Dossier) -> list[Violation]:
        accepted = dossier.items.filter(decision=Decision.ACCEPTED)
        if (
            effect_of(dossier).is_in_the_senders_name
            and accepted.exclude(outcome=Outcome.DONE).exists()
        ):
            # The body may have ceased while the dossier waited.
            return [
                *violations_of_sender(dossier, today=timezone.localdate(self.now)),
                *violations_of_transfers(
                    accepted.exclude(outcome=Outcome.DONE), today=timezone.localdate(self.now)
                ),
            ]
        return []


@dataclass(slots=True)
class Reject(Handler):
    """The notice is printed before the dossier is locked: others wait for what that holds."""

    refusal: Prepared | None = None

    def prepare(self, dossier: Dossier) -> None:
        self.refusal = print_refusal(dossier)

    def apply(self, dossier: Dossier) -> None:
        refuse_rows(dossier, now=self.now)
        self.document = keep_refusal(dossier, self.refusal, now=self.now)


_MOVE = {Route.MINUTES: Move.RETURN_TO_CA, Route.OFFICE_MINUTES: Move.PASS_TO_OFFICE}


@dataclass(slots=True)
class Receive(Handler):
    """Minutes of devices given back (Mẫu 08) are confirmed, device by device (Điều 20).

    ``receipt`` is printed, and signed where a PIN was given, before devices are locked; ``signer``
    None: the portal's record alone, which names who confirmed, in which office, when.
    """

    receipt: paper.Original | None = None
    signer: Signer | None = None

    def prepare(self, dossier: Dossier) -> None:
        self.require(dossier)  # what is refused costs no PIN
        assert self.actor is not None
        if self.pin:
            certificate = personal_certificate(self.actor, now=self.now, is_virtual=True)
            if certificate is None:
                raise refuse(
                    "no_certificate_to_sign",
                    "Anh/chị không có chứng thư cá nhân còn hiệu lực với thiết bị đang giữ để ký.",
                    way_out="Để trống mã PIN: hệ thống ghi nhận họ tên, chức vụ và thời điểm xác "
                    "nhận.",
                )
            key = tokens.unlock(certificate.key, self.pin, now=self.now, actor=self.actor)
            self.signer = Signer(SignatureRole.HEAD, certificate, key)
        items = list(dossier.items.order_by("position"))
        is_signed = self.signer is not None
        self.receipt = paper.print_original(
            receipt_letter_of(dossier, items, actor=self.actor, is_signed=is_signed, now=self.now)
        )

    def apply(self, dossier: Dossier) -> None:
        """Move the received devices, end every row, and deliver the receipt.

        What was not received goes on being owed. Raises Refused when a device is no longer where
        the minutes say.
        """
        assert self.actor is not None
        assert self.receipt is not None
        # Signed before devices and the audit chain are held: others wait for them.
        name = f"Xac-nhan-nhan-thiet-bi-{dossier.letter_number.replace('/', '-')}.pdf"
        document = documents.store_letter(self.receipt, name=name, now=self.now)
        if self.signer is not None:
            document = documents.sign(
                document,
                role=self.signer.role,
                certificate=self.signer.certificate,
                key=self.signer.key,
                signed_by=self.actor,
                now=self.now,
                chain=ca.chain(),
            )
        received = list(dossier.items.filter(decision=Decision.ACCEPTED).select_related("device"))
        label = f"Biên bản giao, nhận thiết bị (Mẫu 08) số {dossier.letter_number}"
        devices.take_returned(
            [item.device for item in received if item.device is not None],
            _MOVE[Route(dossier.route)],
            paper=("dossier", dossier.uuid, label),
            actor=self.actor,
            now=self.now,
            notes={
                item.device_id: item.decision_reason
                for item in received
                if item.device_id is not None and item.decision_reason
            },
        )
        dossier.items.filter(decision=Decision.ACCEPTED).update(outcome=Outcome.DONE)
        dossier.items.filter(decision=Decision.REFUSED).update(outcome=Outcome.REFUSED)
        deliver_document(dossier, DeliveredPaper.Kind.RECEIPT, document, now=self.now)
        self.document = document
