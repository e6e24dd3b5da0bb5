"""What a Mẫu declares: fields in the official order, rules, effect, letter."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from portal.core.rules import Finding, Severity, Violation
from portal.core.text import identifiers
from portal.core.text.vietnamese import nfc, search_key
from portal.documents.letters import CLOSING

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from portal.ca.pki.names import SubjectName

Answers: TypeAlias = Mapping[str, str]
Words: TypeAlias = "str | _StrPromise"  # text for people, translated when it is shown
Check: TypeAlias = Callable[[str], Sequence[Finding]]
RowCheck: TypeAlias = Callable[[Answers, date], Sequence["CellFinding"]]
# Rows as (number, answers); what is found, by number.
ListCheck: TypeAlias = Callable[
    [Sequence[tuple[int, Answers]]], Mapping[int, Sequence["CellFinding"]]
]


# What a spreadsheet shows where it could not compute; nobody means it.
# "As above", as lists on paper write it.
_DITTO = frozenset(("nt", "n.t", "n/t", "-nt-", "nhu tren", "(nhu tren)", "nhu dong tren"))
SHEET_ERRORS = frozenset(
    {"#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#GETTING_DATA"}
)


# What a new row begins with: where people of the sender work, where its systems stand.
OF_THE_SENDER = frozenset({"org1", "org2", "org3", "org4", "province", "owner", "address"})


class Widget(StrEnum):
    """How a field is typed in the browser."""

    TEXT = "text"
    DATE = "date"
    EMAIL = "email"
    TEL = "tel"
    SELECT = "select"
    CHECKBOX = "checkbox"
    TEXTAREA = "textarea"
    KEY_REQUEST = "key_request"  # a PKCS#10 request: a file, or its text


def as_typed(value: str) -> str:
    """Return the value itself."""
    return value


@dataclass(frozen=True, slots=True)
class CellFinding:
    """A finding about one field of one row ("" for the row as a whole)."""

    field: str
    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a row or of section 1: official label, checks, how it is typed.

    ``checks`` see a non-empty, NFC, trimmed value. ``is_personal`` values are masked in lists.
    ``choice_code`` is the code of a value outside ``choices``; ``shown`` turns a value that nobody
    reads (a PKCS#10 request) into words for pages.
    """

    name: str
    label: str
    checks: tuple[Check, ...] = ()
    is_required: bool = False
    widget: Widget = Widget.TEXT
    choices: tuple[tuple[str, str], ...] = ()
    choice_code: str = "not_a_choice"
    max_length: int = 250
    hint: Words = ""
    is_personal: bool = False
    default: str = ""
    autocomplete: str = "off"
    starts_line: bool = False  # of section 1 on paper
    shown: Callable[[str], str] = as_typed


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of the printed list: official header and what stands in a cell."""

    label: str
    text: Callable[[Answers], str]
    width: str = ""  # CSS width on paper, e.g. "12%"
    group: str = ""  # header above several columns (Mẫu 06, Mẫu 04 column 7)
    is_number: bool = False  # "STT": the row's number


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningParty:
    """One of those who sign a named document.

    ``is_sender``: the sending body's head and organisation sign here, with their own lines. The
    others' ``name`` is found in section 1 and the rows ("" when they do not say one person).
    """

    label: str  # "ĐẠI DIỆN BÊN NHẬN"
    name: Callable[[Answers, Sequence[Answers]], str] = field(default=lambda contact, rows: "")
    is_sender: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetColumn:
    """One column of the kind's spreadsheet.

    ``header`` is verbatim. ``field`` is the answer it holds; "" is the row number, which is not
    kept. ``is_repeat``: the column says a second time what an earlier one said. ``answer`` turns
    a cell's text into an answer (codes, marks), ``text`` an answer into a cell's text.
    """

    header: str
    field: str = ""
    is_repeat: bool = False
    answer: Callable[[str], str] = as_typed
    text: Callable[[str], str] = as_typed
    rule: Words = ""  # beyond what the field's own hint says
    width: int = 18


OWN_DESIGN = "Bố cục do hệ thống tự thiết kế, chưa đối chiếu với phụ lục Nghị định."


class EffectKind(StrEnum):
    """What a row does once accepted (``requests_app.kinds.effects``) or, on notices and
    minutes, once sent or confirmed."""

    ISSUE = "issue"
    RENEW_CHANGE = "renew_change"
    REVOKE = "revoke"
    RECOVER = "recover"
    RECORD_HANDOVER = "record_handover"
    GIVE_BACK = "give_back"
    RECORD_LOSS = "record_loss"


def _nothing(answers: Answers) -> str:
    return ""


_LONGEST_HEADING = 90  # letters


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A Mẫu. Adding a form is adding a file that declares one.

    ``identity_key`` names whom or what a row is about, so that the same one is found again
    ("" when the row does not say yet); ``storage_of`` where its key will live. ``subject_name``
    (forms that issue only) gives the certificate's subject; its second argument is the name of
    the body above, used for organisations.
    """

    code: str
    number: str  # "01"
    version: str
    title: str  # what pages call it
    subject: str  # trích yếu after "V/v", or the named document's title
    legal_basis: str
    is_layout_verified: bool
    source_note: str  # where the layout was seen, or that it is our own design
    procedure: str
    about: str  # "person", "organisation", "system", "certificate", "device"
    contact_title: str
    contact_fields: tuple[Field, ...]
    list_title: str
    counted: str  # what the list counts: "cá nhân"
    headline: Words  # a dossier in human words: "Cấp chứng thư cho {count} cá nhân"
    fields: tuple[Field, ...]
    columns: tuple[Column, ...]
    notes: tuple[str, ...]  # printed under the list, as on the form
    effect: EffectKind
    row_checks: tuple[RowCheck, ...] = ()
    list_checks: tuple[ListCheck, ...] = ()
    variants: Mapping[str, str] = field(default_factory=dict)  # variant → its own subject
    variant_titles: Mapping[str, Words] = field(default_factory=dict)  # variant → what pages say
    variant_checks: Mapping[str, RowCheck] = field(default_factory=dict)  # "" is the plain form
    variant_bodies: Mapping[str, str] = field(default_factory=dict)  # variant → its own opening
    template: str = "letters/petition.html"
    lies_wide: bool = False  # its list needs a landscape page for its numbers
    kind_of_document: str = ""  # "BIÊN BẢN": a named document with a centred title, no công văn
    is_addressed: bool = True  # has a "Kính gửi"; minutes have none
    parties: tuple[SigningParty, ...] = ()  # who signs a named document; () is the head alone
    closing: str = CLOSING
    takes_over: bool = False  # rows may name another body's certificate (a person who moved, R41)
    item_title: Callable[[Answers], str] = _nothing
    identity_key: Callable[[Answers], str] = _nothing
    storage_of: Callable[[Answers], str] = _nothing
    subject_name: Callable[[Answers, str], SubjectName] | None = None
    body: str = ""  # opening paragraph of the letter; {agency} and {addressee} are filled in
    sheet: tuple[SheetColumn, ...] = ()
    is_sheet_of_ca: bool = False  # as the CA takes it; otherwise our own design
    short: Words = ""  # the headline before a name ("Cấp mới: Lò Văn A"); "": without its number
    others: Words = ""  # what is counted beside the first name: "người"; "": as ``counted``
    # What who decides reads of a row without opening it: (label, the fields it is put together of).
    glance: tuple[tuple[Words, tuple[str, ...]], ...] = ()
    need: Words = ""  # what the start page asks: "Cấp chứng thư cho cá nhân"
    purpose: Words = ""  # and one sentence on when to use it
    when_done: Words = ""  # what a page says of a dossier of which everything is done
    # What is judged of its rows beside what every form is judged by: (code, title, article).
    judged: tuple[tuple[str, Words, str], ...] = ()

    def field_named(self, name: str) -> Field:
        """Return the row field called ``name``; raises KeyError."""
        for one in self.fields:
            if one.name == name:
                return one
        raise KeyError(name)

    @property
    def layout_note(self) -> str:
        """What the print, the sheet and the editor say where the layout is our own design."""
        return "" if self.is_layout_verified else f"Mẫu số {self.number}. {OWN_DESIGN}"

    @property
    def title_field(self) -> str:
        """The field that names the row to a reader, "" when none does alone."""
        return next((one.name for one in self.fields if self.item_title({one.name: "x"})), "")

    @property
    def issues_anew(self) -> bool:
        """Whether its rows ask for certificates that follow none."""
        return self.effect is EffectKind.ISSUE

    @property
    def takes_key_requests(self) -> bool:
        """Whether a row may carry a PKCS#10 request."""
        return any(one.widget is Widget.KEY_REQUEST for one in self.fields)

    def blank_row(self) -> dict[str, str]:
        """Return the answers of a new row: the defaults."""
        return {one.name: one.default for one in self.fields if one.default}

    def is_blank(self, answers: Answers) -> bool:
        """Say whether nothing has been typed in a row yet: what it begins with tells nothing."""
        return all(
            answers.get(one.name, "") in ("", one.default)
            for one in self.fields
            if one.name not in OF_THE_SENDER
        )

    @property
    def heading(self) -> str:
        """What its page is headed: the title; for one that fills a phone's screen what its dossiers
        are called, with the title in small print below."""
        return self.title if len(self.title) <= _LONGEST_HEADING else self.headline_of(0)

    def headline_of(self, count: int, first: str = "") -> str:
        """Return what a dossier with ``count`` rows is about; an empty list has no number.

        With the first row's title it says whom: "Cấp mới: Lò Văn A và 3 người khác".
        """
        if not first:
            number = number_format(count, use_l10n=True) if count else ""
            return " ".join(str(self.headline).format(count=number).split())
        named = f"{self.short or self.headline_of(0)}: {first}"
        if count < 2:  # noqa: PLR2004 (nobody else)
            return named
        return _("%(named)s và %(count)s %(others)s khác") % {
            "named": named,
            "count": number_format(count - 1, use_l10n=True),
            "others": self.others or self.counted,
        }

    def subject_of(self, variant: str) -> str:
        """Return the trích yếu of the form or of one of its variants."""
        return self.variants.get(variant, self.subject)

    def body_of(self, variant: str) -> str:
        """Return the opening paragraph of the form or of one of its variants."""
        return self.variant_bodies.get(variant, self.body)

    def contact_cells(self, contact: Answers, today: date) -> list[CellFinding]:
        """Return what is found in section 1, field by field.

        No day of it lies ahead: a card was issued, minutes were made.
        """
        found = []
        for one in self.contact_fields:
            findings = check_cell(one, contact)
            is_day = one.widget is Widget.DATE and not findings
            day = identifiers.parse_day(contact.get(one.name, "")) if is_day else None
            if day is not None and day > today:
                message = _("“%(label)s” ở sau hôm nay. Hãy xem lại ngày.") % {"label": one.label}
                findings = [Finding("in_the_future", message)]
            found += [CellFinding(one.name, finding) for finding in findings]
        return found


def kept(fields: Iterable[Field], answers: Answers) -> dict[str, str]:
    """Return the answers as they are kept: in normal form, a day beyond doubt as dd/mm/yyyy."""
    days = {one.name for one in fields if one.widget is Widget.DATE}
    clean = {name: nfc(value) if value else "" for name, value in answers.items()}
    return clean | {name: identifiers.in_full(clean[name]) for name in days & clean.keys()}


# (field, value) → what is found in such a cell: of a list's rows many say the same.
Seen = dict[tuple[str, str], Sequence[CellFinding]]


def check_row(
    kind: Kind, answers: Answers, today: date, *, seen: Seen | None = None
) -> list[CellFinding]:
    """Return everything found in one row: empty required cells, each cell's checks, the row's.

    ``seen`` is kept by who checks many rows at once, and no longer.
    """
    found: list[CellFinding] = []
    for one in kind.fields:
        name = one.name
        if seen is None:
            found += [CellFinding(name, finding) for finding in check_cell(one, answers)]
            continue
        cell = name, answers.get(name, "")
        if (known := seen.get(cell)) is None:
            known = seen[cell] = [CellFinding(name, odd) for odd in check_cell(one, answers)]
        if known:
            found += known
    for row_check in kind.row_checks:
        found += row_check(answers, today)
    return found


def check_list(
    kind: Kind, rows: Sequence[Answers], today: date, *, variant: str | None = None
) -> list[list[CellFinding]]:
    """Return each row's findings, also those of the list as a whole; rows are numbered from 1.

    ``variant`` None leaves out what depends on the form's variant.
    """
    seen: Seen = {}
    found = [check_row(kind, answers, today, seen=seen) for answers in rows]
    for number, findings in check_between(kind, list(enumerate(rows, start=1))).items():
        found[number - 1] += findings
    if variant is not None and (check := kind.variant_checks.get(variant)):
        for answers, findings in zip(rows, found, strict=True):
            findings.extend(check(answers, today))
    return found


def check_rows(
    kind: Kind, rows: Sequence[tuple[int, Answers]], today: date, *, variant: str | None
) -> dict[int, list[CellFinding]]:
    """Return what is found in rows of a draft, by row number; none in a row that says nothing yet.

    The editor and the report on a sheet both ask here: they agree on what is missing.
    """
    typed = [(number, answers) for number, answers in rows if not kind.is_blank(answers)]
    seen: Seen = {}
    found = {number: check_row(kind, answers, today, seen=seen) for number, answers in typed}
    for number, findings in check_between(kind, typed).items():
        found[number] += findings
    if variant is not None and (check := kind.variant_checks.get(variant)):
        for number, answers in typed:
            found[number] += check(answers, today)
    return found


def check_between(kind: Kind, rows: Sequence[tuple[int, Answers]]) -> dict[int, list[CellFinding]]:
    """Return what only comparing the rows shows, by row number."""
    found: dict[int, list[CellFinding]] = {}
    for list_check in kind.list_checks:
        for number, findings in list_check(rows).items():
            found.setdefault(number, []).extend(findings)
    return found


def stands_once(
    key: Callable[[Answers], Hashable], *, field: str, code: str, message: Words
) -> ListCheck:
    """Return the check that no two rows have the same ``key``; "" and None are no keys.

    The later row is told, beside ``field``: ``message`` names the earlier one as %(row)d, and so
    does the finding, ``{code}_as_row_{number}``.
    """

    def check(rows: Sequence[tuple[int, Answers]]) -> Mapping[int, Sequence[CellFinding]]:
        first: dict[Hashable, int] = {}
        found: dict[int, Sequence[CellFinding]] = {}
        for number, answers in rows:
            value = key(answers)
            if value in ("", None):
                continue
            earlier = first.setdefault(value, number)
            if earlier != number:
                finding = Finding(f"{code}_as_row_{earlier}", str(message) % {"row": earlier})
                found[number] = [CellFinding(field, finding)]
        return found

    return check


def not_to_come(name: str, message: Words) -> RowCheck:
    """Return the check that the day in ``name`` is not after today."""

    def check(answers: Answers, today: date) -> Sequence[CellFinding]:
        day = identifiers.parse_day(answers.get(name, ""))
        if day is None or day <= today:
            return ()
        return [CellFinding(name, Finding("in_the_future", str(message)))]

    return check


def check_cell(one: Field, answers: Answers) -> list[Finding]:
    """Return what is found in one cell."""
    value = answers.get(one.name, "")
    if not value:
        if not one.is_required:
            return []
        return [Finding("missing", _("Chưa nhập “%(label)s”.") % {"label": one.label})]
    if unsaid := _says_nothing(value):
        return [unsaid]
    if len(value) > one.max_length:
        message = _("“%(label)s” dài %(length)d ký tự, chỉ được %(most)d. Hãy viết gọn lại.")
        words = {"label": one.label, "length": len(value), "most": one.max_length}
        return [Finding("too_long", message % words)]
    if one.choices and all(value != key for key, _label in one.choices):
        choices = ", ".join(str(label) for key, label in one.choices if key)
        message = _(
            "“%(value)s” không có trong danh sách “%(label)s”. Hãy chọn một trong: %(choices)s."
        ) % {"value": value, "label": one.label, "choices": choices}
        return [Finding(one.choice_code, message)]
    return [finding for check in one.checks for finding in check(value)]


def _says_nothing(value: str) -> Finding | None:
    """Return what is found in a cell that holds no value: a spreadsheet's error, "as above"."""
    if value in SHEET_ERRORS:
        message = _("Ô báo lỗi %(text)s. Hãy nhập lại giá trị.")
        return Finding("cell_error", message % {"text": value})
    if search_key(value) in _DITTO or not any(map(str.isalnum, value)):
        message = _(
            "Ô chỉ ghi “%(text)s”. Giống dòng trên thì hãy ghi lại đủ; không có thì bỏ trống."
        )
        return Finding("ditto_mark", message % {"text": value})
    return None


def has_errors(findings: Sequence[CellFinding]) -> bool:
    """Say whether any finding stops the row."""
    return any(one.finding.severity is Severity.ERROR for one in findings)


def violations_of(row: int, findings: Sequence[CellFinding]) -> list[Violation]:
    """Return the errors of row number ``row`` as violations for a refusal."""
    return [
        Violation(one.finding.code, one.finding.message, row=row)
        for one in findings
        if one.finding.severity is Severity.ERROR
    ]


def plain(value: Any) -> str:
    """Return a cell's value as text ("" for None)."""
    return "" if value is None else str(value)
