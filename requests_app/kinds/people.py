"""What rows about people are checked for, field against field and row against row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from django.utils.translation import gettext as _

from portal.ca.models import Storage
from portal.core.rules import Finding, Severity
from portal.core.text import identifiers
from requests_app.kinds import parts
from requests_app.kinds.base import Answers, CellFinding, RowCheck

LEVELS = ("org1", "org2", "org3", "org4")  # of the certificate's subject, from the top


def identity_fits_birth(answers: Answers, today: date) -> Sequence[CellFinding]:
    """Nghị định 137/2015/NĐ-CP Điều 13: the identity number tells the year of birth."""
    birth_on = identifiers.parse_day(answers.get("birth_on", ""))
    number = answers.get("identity_number", "")
    return [
        CellFinding("identity_number", finding)
        for finding in identifiers.check_identity_birth(number, birth_on)
    ]


def days_are_in_order(answers: Answers, today: date) -> Sequence[CellFinding]:
    """A person is born, and later (normally from 14 years on) gets a card, both before today."""
    birth_on = identifiers.parse_day(answers.get("birth_on", ""))
    issued_on = identifiers.parse_day(answers.get("issued_on", ""))
    found = []
    if birth_on is not None and birth_on > today:
        message = _("Ngày sinh ở sau hôm nay. Hãy xem lại ngày trên thẻ.")
        found.append(CellFinding("birth_on", Finding("in_the_future", message)))
    if issued_on is not None:
        found += [
            CellFinding("issued_on", finding)
            for finding in identifiers.check_issue_day(issued_on, birth_on=birth_on, today=today)
        ]
    return found


def sim_names_its_carrier(answers: Answers, today: date) -> Sequence[CellFinding]:
    """R46, Mẫu 01 column 11: a SIM PKI is asked for with its carrier, and only a SIM is."""
    carrier, converts = answers.get("carrier", ""), answers.get("converts_number", "")
    is_sim = parts.storage_of(answers) == Storage.SIM
    found = []
    if is_sim and not carrier:
        message = _("Đăng ký SIM PKI phải ghi nhà mạng: %(carriers)s.") % {
            "carriers": ", ".join(identifiers.CARRIERS)
        }
        found.append(CellFinding("carrier", Finding("missing_for_sim", message)))
    if is_sim and converts and not answers.get("phone"):
        message = _("Chuyển số đang dùng sang SIM ký số thì phải ghi số điện thoại đó.")
        found.append(CellFinding("phone", Finding("missing_for_conversion", message)))
    if carrier and not is_sim:
        message = _("Chỉ ghi nhà mạng khi đăng ký SIM PKI. Hãy chọn SIM hoặc bỏ trống nhà mạng.")
        found.append(CellFinding("carrier", Finding("only_for_sim", message)))
    if converts and not is_sim:
        message = _("Chỉ đánh dấu chuyển số khi đăng ký SIM PKI. Hãy chọn SIM hoặc bỏ dấu này.")
        found.append(CellFinding("converts_number", Finding("only_for_sim", message)))
    return found


def levels_have_no_gap(levels: Sequence[str], *, asks_for_top: bool = False) -> RowCheck:
    """Return the check that of ``levels``, from the top, none is left out in between.

    ``asks_for_top``: the first is required, and told as missing by itself; levels 1–4 are often
    mixed up there (DOMAIN 10.2), so a gap is asked about, not refused.
    """

    def check(answers: Answers, today: date) -> Sequence[CellFinding]:
        filled = [level for level in levels if answers.get(level)]
        if filled == list(levels[: len(filled)]) or (asks_for_top and filled[0] != levels[0]):
            return ()
        skipped = next(level for level in levels if not answers.get(level))
        message = _(
            "Bỏ trống cấp này nhưng lại ghi cấp dưới. Hãy ghi các cấp liền nhau từ trên xuống."
        )
        severity = Severity.WARNING if asks_for_top else Severity.ERROR
        return [CellFinding(skipped, Finding("level_skipped", message, severity))]

    return check


def issue_place_is_said(answers: Answers, today: date) -> Sequence[CellFinding]:
    """Column 4 of Mẫu 01 has the place of issue; the CA's sheet does not demand it."""
    if answers.get("issue_place") or not answers.get("identity_number"):
        return ()
    message = _("Chưa nhập Nơi cấp. Hãy ghi theo thẻ căn cước.")
    finding = Finding("issue_place_missing", message, Severity.WARNING)
    return [CellFinding("issue_place", finding)]


def persons_stand_once(
    rows: Sequence[tuple[int, Answers]],
) -> Mapping[int, Sequence[CellFinding]]:
    """One person is asked for once (R45); a second time for another device is asked about."""
    first: dict[str, tuple[int, str]] = {}
    found: dict[int, Sequence[CellFinding]] = {}
    for number, answers in rows:
        person = answers.get("identity_number", "")
        if not person:
            continue
        storage = parts.storage_of(answers)
        earlier, earlier_storage = first.setdefault(person, (number, storage))
        if earlier != number:
            is_same_device = storage == earlier_storage
            if is_same_device:
                message = _(
                    "Trùng số định danh với dòng %(row)d. Mỗi người chỉ đề nghị một lần; "
                    "hãy bỏ một dòng hoặc sửa số định danh."
                )
            else:
                message = _(
                    "Trùng số định danh với dòng %(row)d nhưng khác loại thiết bị. "
                    "Một chứng thư là đủ; hãy xem có cần cả hai không."
                )
            severity = Severity.ERROR if is_same_device else Severity.WARNING
            code = f"same_person_as_row_{earlier}"
            found[number] = [
                CellFinding("identity_number", Finding(code, message % {"row": earlier}, severity))
            ]
    return found


def identity_block(answers: Answers) -> str:
    """Return the cell "Số định danh cá nhân/Ngày cấp, nơi cấp": the card on the next line."""
    issue = [answers.get("issued_on", ""), answers.get("issue_place", "")]
    return parts.lines(answers.get("identity_number"), ", ".join(part for part in issue if part))
