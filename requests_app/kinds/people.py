"""What rows about people are checked for, field against field and row against row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.ca.models import Storage
from portal.core.rules import Finding, Severity
from portal.core.text import identifiers
from portal.core.text.vietnamese import search_key
from requests_app.kinds import parts
from requests_app.kinds.base import Answers, CellFinding, RowCheck, stands_once

_AGES = range(18, 76)  # of who works for a body, by the calendar year. DERIVED
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
    elif birth_on is not None and today.year - birth_on.year not in _AGES:
        message = _("Người này %(age)d tuổi. Hãy đối chiếu năm sinh với thẻ căn cước.")
        finding = Finding(
            "unlikely_age", message % {"age": today.year - birth_on.year}, Severity.WARNING
        )
        found.append(CellFinding("birth_on", finding))
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


def people_are_told_apart(
    rows: Sequence[tuple[int, Answers]],
) -> Mapping[int, Sequence[CellFinding]]:
    """Two people have two numbers; with one name and birthday they may be one (R45), and with one
    address (note to Mẫu 01) neither can be reached alone. Both may be right: they are asked about.
    """
    named: dict[tuple[str, date], tuple[int, str]] = {}
    reached: dict[str, tuple[int, str]] = {}
    found: dict[int, list[CellFinding]] = {}
    for number, answers in rows:
        person = (number, answers.get("identity_number", ""))
        name, email = answers.get("full_name", ""), answers.get("email", "").strip().lower()
        birth_on = identifiers.parse_day(answers.get("birth_on", ""))
        if name and birth_on:
            earlier, who = named.setdefault((search_key(name), birth_on), person)
            if who != person[1]:
                message = _(
                    "Cùng họ tên và ngày sinh với dòng %(row)d nhưng khác số định danh. Nếu là một "
                    "người thì bỏ một dòng; nếu là hai người thì giữ nguyên."
                )
                found.setdefault(number, []).append(
                    _asked("identity_number", "same_name_and_birthday", message, earlier)
                )
        if email:
            earlier, who = reached.setdefault(email, person)
            if who != person[1]:
                message = _(
                    "Trùng thư điện tử với dòng %(row)d. Mỗi người dùng một địa chỉ công vụ riêng; "
                    "thông báo của Cục gửi vào địa chỉ này."
                )
                found.setdefault(number, []).append(_asked("email", "same_email", message, earlier))
    return found


def _asked(field: str, code: str, message: str, earlier: int) -> CellFinding:
    code, message = f"{code}_as_row_{earlier}", message % {"row": earlier}
    return CellFinding(field, Finding(code, message, Severity.WARNING, asks=True))


SIM_NUMBERS_STAND_ONCE = stands_once(
    lambda answers: (
        identifiers.normalise_phone(answers.get("phone", ""))
        if parts.storage_of(answers) == Storage.SIM
        else ""
    ),
    field="phone",
    code="same_sim_number",
    message=gettext_lazy(
        "Trùng số điện thoại SIM PKI với dòng %(row)d. Một SIM chỉ mang khóa của một người."
    ),
)

OLD_CERTIFICATES_STAND_ONCE = stands_once(
    lambda answers: identifiers.normalise_serial(answers.get("old_serial", "")),
    field="old_serial",
    code="same_old_serial",
    message=gettext_lazy(
        "Trùng số hiệu chứng thư cũ với dòng %(row)d. Một chứng thư là của một người."
    ),
)


def identity_block(answers: Answers) -> str:
    """Return the cell "Số định danh cá nhân/Ngày cấp, nơi cấp": the card on the next line, the
    office that issued it by its name."""
    place = identifiers.issue_place_name(answers.get("issue_place", ""))
    issue = [answers.get("issued_on", ""), place]
    return parts.lines(answers.get("identity_number"), ", ".join(part for part in issue if part))
