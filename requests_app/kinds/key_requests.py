"""The PKCS#10 request of a row whose key is made at the agency: an HSM's, or a soft key."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.ca.models import Storage
from portal.ca.pki import csr
from portal.ca.pki.csr import KeyRequest
from portal.core.rules import Finding, Refused, Violation
from portal.core.text.identifiers import Findings
from requests_app.kinds.base import Answers, CellFinding, Field, RowCheck, Widget, stands_once

# The private half never leaves the agency, and the portal makes none (DOMAIN 2.4, 5.4).
MADE_AT_AGENCY = frozenset({Storage.HSM.value, Storage.SOFT.value})
NAME = "csr"


def request_of(answers: Answers) -> KeyRequest | None:
    """Return the request in a row; None when there is none, or none that is good."""
    text = answers.get(NAME, "")
    try:
        return csr.read(text) if text else None
    except Refused:
        return None


def fingerprint(request: KeyRequest) -> str:
    """Return the key's SHA-256 in groups that can be read out and compared."""
    digits = request.fingerprint.upper()
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def in_words(text: str) -> str:
    """Return what pages show of a request: algorithm and fingerprint of its key."""
    if not text:
        return ""
    request = request_of({NAME: text})
    if request is None:
        return _("Tệp PKCS#10 không dùng được")
    return f"{request.algorithm.upper()}, SHA-256 {fingerprint(request)}"


def _check(value: str) -> Findings:
    try:
        csr.read(value)
    except Refused as refusal:
        return tuple(_finding(one) for one in refusal.violations)
    return ()


def _finding(violation: Violation) -> Finding:
    """A cell has one sentence for what is wrong, by what rule, and what to do."""
    reason = f"{violation.message.rstrip('.')} ({violation.article})."
    return Finding(violation.code, f"{reason} {violation.way_out}".strip())


FIELD = Field(
    name=NAME,
    label="Tệp đề nghị PKCS#10 (CSR)",
    checks=(_check,),
    widget=Widget.KEY_REQUEST,
    max_length=csr.MAX_TEXT,
    hint=gettext_lazy("Chỉ với HSM và khóa mềm: khóa được tạo tại cơ quan"),
    shown=in_words,
)


def request_fits(
    storage_of: Callable[[Answers], str],
    *,
    names: Callable[[Answers], Collection[str]],
    addresses: Callable[[Answers], Collection[str]],
) -> RowCheck:
    """Return the check of a row's request: there is one exactly where the key is made at the
    agency, and it is for what the row names."""

    def check(answers: Answers, today: date) -> Sequence[CellFinding]:
        storage, text = storage_of(answers), answers.get(NAME, "")
        if storage in MADE_AT_AGENCY and not text:
            message = _(
                "%(storage)s cần tệp đề nghị PKCS#10: tạo cặp khóa trên thiết bị, phần mềm của cơ "
                "quan rồi tải tệp .csr lên. Khóa bí mật không gửi đi."
            ) % {"storage": Storage(storage).label}
            return [CellFinding(NAME, Finding("csr_missing", message))]
        if text and storage and storage not in MADE_AT_AGENCY:
            message = _(
                "%(storage)s không dùng tệp PKCS#10: khóa do Cục tạo. Hãy bỏ tệp, hoặc chọn HSM, "
                "khóa mềm."
            ) % {"storage": Storage(storage).label}
            return [CellFinding(NAME, Finding("csr_not_wanted", message))]
        request = request_of(answers)
        if request is None:
            return ()
        found = request.misfits(names=names(answers), addresses=addresses(answers))
        return [CellFinding(NAME, _finding(one)) for one in found]

    return check


# Each row has a key of its own.
keys_stand_once = stands_once(
    lambda answers: request.fingerprint if (request := request_of(answers)) else "",
    field=NAME,
    code="same_key",
    message=gettext_lazy("Cùng một khóa với dòng %(row)d. Mỗi chứng thư phải có cặp khóa riêng."),
)
