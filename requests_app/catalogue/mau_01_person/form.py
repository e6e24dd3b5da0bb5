"""Mẫu số 01: certificates for individuals.

Answers of a row: full_name, birth_on, identity_number, issue_place, issued_on, email, org1 … org4
(the levels of the certificate's subject, from the top), province, position, phone, old_serial,
carrier, converts_number ("x" or ""), storage (a ``Storage`` value), csr (PKCS#10 as PEM, where the
key is made at the agency). Days are dd/mm/yyyy as typed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.ca.models import Storage
from portal.ca.pki.names import MAX_NAME, SubjectName
from portal.core.rules import Finding, Severity
from portal.core.text import identifiers
from portal.core.text.provinces import province_name
from requests_app.kinds import key_requests, parts, people
from requests_app.kinds.base import (
    Answers,
    CellFinding,
    Column,
    EffectKind,
    Field,
    Kind,
    SheetColumn,
    Widget,
)
from requests_app.models import Procedure

CENTRAL = "central"  # the variant for central signing (RSSP)

FIELDS = (
    Field(
        name="full_name",
        label="Họ và tên",
        checks=(identifiers.check_name,),
        is_required=True,
        max_length=MAX_NAME,
    ),
    Field(
        name="birth_on",
        label="Ngày sinh",
        checks=(identifiers.check_day,),
        is_required=True,
        widget=Widget.DATE,
        hint=gettext_lazy("dd/mm/yyyy"),
        is_personal=True,
    ),
    Field(
        name="identity_number",
        label="Số định danh cá nhân",
        checks=(identifiers.check_identity_number,),
        is_required=True,
        hint=gettext_lazy("12 chữ số"),
        is_personal=True,
    ),
    Field(
        name="issue_place",
        label="Nơi cấp",
        checks=(identifiers.check_issue_place,),
        shown=identifiers.issue_place_name,
        hint=parts.ISSUE_PLACE_HINT,
    ),
    Field(
        name="issued_on",
        label="Ngày cấp",
        checks=(identifiers.check_day,),
        is_required=True,
        widget=Widget.DATE,
        hint=gettext_lazy("dd/mm/yyyy"),
    ),
    parts.EMAIL,
    Field(
        name="org1",
        label="Tổ chức cấp 1",
        checks=(identifiers.check_letters,),
        is_required=True,
        hint=gettext_lazy("Cấp trên cùng, ví dụ ỦY BAN NHÂN DÂN TỈNH LAI CHÂU"),
    ),
    Field(
        name="org2",
        label="Tổ chức cấp 2",
        checks=(identifiers.check_letters,),
        hint=gettext_lazy("Cơ quan trực thuộc cấp 1"),
    ),
    Field(name="org3", label="Tổ chức cấp 3", checks=(identifiers.check_letters,)),
    Field(name="org4", label="Tổ chức cấp 4", checks=(identifiers.check_letters,)),
    parts.PROVINCE,
    Field(
        name="position",
        label="Chức vụ",
        checks=(identifiers.check_letters,),
        is_required=True,
        max_length=120,
    ),
    Field(
        name="phone",
        label="Số điện thoại di động",
        checks=(identifiers.check_phone,),
        widget=Widget.TEL,
        hint=gettext_lazy("10 chữ số"),
        is_personal=True,
    ),
    Field(
        name="old_serial",
        label="Số hiệu chứng thư chữ ký số cũ (nếu có)",
        checks=(identifiers.check_certificate_serial,),
        hint=gettext_lazy("16 ký tự 0–9, A–F"),
    ),
    Field(
        name="carrier",
        label="Nhà mạng",
        widget=Widget.SELECT,
        choices=tuple((name, name) for name in identifiers.CARRIERS),
        choice_code="unknown_carrier",
        hint=gettext_lazy("Bắt buộc nếu đăng ký SIM PKI"),
    ),
    Field(
        name="converts_number",
        label="Là chuyển số",
        widget=Widget.CHECKBOX,
        choices=(("x", "X"),),
        choice_code="not_a_mark",
        hint=gettext_lazy("Đánh dấu nếu chuyển số đang dùng sang SIM ký số"),
    ),
    parts.STORAGE,
    key_requests.FIELD,
)


def is_central_signing(answers: Answers, today: date) -> Sequence[CellFinding]:
    """The variant's trích yếu speaks of central signing: every row is RSSP."""
    if parts.storage_of(answers) in (Storage.RSSP, ""):
        return ()
    message = _(
        "Hồ sơ này dành cho giải pháp ký số tập trung nên mọi dòng phải chọn RSSP. "
        "Hãy lập hồ sơ khác cho người dùng thiết bị."
    )
    return [CellFinding("storage", Finding("not_central_signing", message))]


def is_not_central_signing(answers: Answers, today: date) -> Sequence[CellFinding]:
    """Rows for central signing have a variant of the letter with its own trích yếu."""
    if parts.storage_of(answers) != Storage.RSSP:
        return ()
    message = _(
        "Ký số tập trung có văn bản riêng (trích yếu khác). "
        "Nên lập hồ sơ Mẫu 01 loại ký số tập trung cho những người này."
    )
    return [CellFinding("storage", Finding("is_central_signing", message, Severity.WARNING))]


def workplace(answers: Answers) -> str:
    """Return the working agency as on the form: the lowest level first."""
    levels = [answers[level] for level in reversed(people.LEVELS) if answers.get(level)]
    return ", ".join(levels)


def subject_name(answers: Answers, superior: str) -> SubjectName:
    """Return O and OU from the four levels, L from the province, E the official address."""
    return SubjectName(
        common_name=answers["full_name"],
        organisation_levels=tuple(answers[level] for level in people.LEVELS if answers.get(level)),
        locality=province_name(answers["province"]),
        email=answers["email"],
    )


COLUMNS = (
    parts.ROW_NUMBER,
    parts.column("Họ và tên", "full_name", "9%"),
    parts.column("Ngày sinh", "birth_on", "8%"),
    Column(label="Số định danh cá nhân/Ngày cấp, nơi cấp", text=people.identity_block, width="12%"),
    parts.column("Địa chỉ thư điện tử công vụ", "email", "12%"),
    Column(label="Tên cơ quan, tổ chức công tác", text=workplace, width="13%"),
    parts.column("Tỉnh/Thành phố", "province", "5%"),
    parts.column("Chức vụ", "position", "7%"),
    Column(
        label="Số điện thoại di động",
        text=lambda answers: identifiers.normalise_phone(answers.get("phone", "")),
        width="8%",
    ),
    parts.column("Số hiệu chứng thư chữ ký số cũ (nếu có)", "old_serial", "16%"),
    Column(
        label="SIM PKI",
        # The carrier, with "/cs" for a number in use; blank without SIM PKI.
        text=lambda answers: (
            answers.get("carrier", "")
            + ("/cs" if answers.get("carrier") and answers.get("converts_number") else "")
        ),
        width="6%",
    ),
)


# The sheet has no code for cards of "Bộ Công an"; this body is the one that makes them (DERIVED).
ISSUE_PLACE_ON_EXPORT = {identifiers.NEW_CARD_ISSUE_PLACE: "CCSQLHCVTTXH"}


# The CA's own sheet, header texts verbatim (DOMAIN 2.10).
SHEET = (
    parts.NUMBER_COLUMN,
    SheetColumn(header="Họ tên (bắt buộc)", field="full_name", width=26),
    SheetColumn(header="Ngày sinh (bắt buộc, để dạng dd/MM/YYYY)", field="birth_on"),
    SheetColumn(header="CCCC (Căn cước công dân, bắt buộc)", field="identity_number"),
    SheetColumn(
        header=("Nơi cấp (Nơi cấp CCCD; để một trong 2 nơi: CCSQLHCVTTXH hoặc CCSĐKQLCTVDLQGVDC)"),
        field="issue_place",
        text=lambda value: ISSUE_PLACE_ON_EXPORT.get(value, value),
        width=24,
        rule=gettext_lazy(
            "Thẻ do Bộ Công an cấp thì ghi “Bộ Công an”; khi kết xuất, hệ thống ghi CCSQLHCVTTXH"
        ),
    ),
    SheetColumn(header="Ngày cấp (bắt buộc, để dạng dd/MM/YYYY)", field="issued_on"),
    SheetColumn(header="Địa chỉ thư điện tử công vụ (bắt buộc)", field="email", width=34),
    SheetColumn(header="Tổ chức cấp 1 (bắt buộc)", field="org1", width=34),
    SheetColumn(header="Tổ chức cấp 2", field="org2", width=34),
    SheetColumn(header="Tổ chức cấp 3", field="org3", width=30),
    SheetColumn(header="Tổ chức cấp 4", field="org4", width=30),
    SheetColumn(header="Tỉnh thành phố (Bắt buộc)", field="province"),
    SheetColumn(
        header="Tỉnh/Thành phố",
        field="province",
        is_repeat=True,
        rule=gettext_lazy("Ghi giống cột “Tỉnh thành phố (Bắt buộc)” hoặc bỏ trống"),
    ),
    SheetColumn(header="Chức vụ (Bắt buộc)", field="position", width=24),
    SheetColumn(header="Điện thoại", field="phone"),
    SheetColumn(header="Serial CTS cũ", field="old_serial", width=20),
    SheetColumn(
        header="Nhà mạng (bắt buộc nếu đăng ký SIM)",
        field="carrier",
        answer=parts.answer_in({name.lower(): name for name in identifiers.CARRIERS}),
        rule=gettext_lazy("Viettel, Vinaphone hoặc Mobifone"),
    ),
    SheetColumn(
        header="Là chuyển số (đánh dấu X nếu muốn chuyển số đang dùng sang SIM ký số)",
        field="converts_number",
        answer=parts.mark_answer,
        text=str.upper,
    ),
    SheetColumn(
        header=(
            "Loại thiết bị( nếu không ghi sẽ là token; là một trong các loại sau: "
            "(TOKEN, SIM, SOFT, RSSP, HSM); RSSP là ký số tập trung"
        ),
        field="storage",
        answer=parts.storage_answer,
        text=str.upper,
    ),
)

SIM_NOTE = (
    "Cột 11: đăng ký SIM mới thì ghi tên nhà mạng (Viettel, Vinaphone, Mobifone); chuyển số đang "
    "dùng sang SIM PKI thì ghi thêm “cs”, ví dụ “Viettel/cs”; không đăng ký SIM PKI thì để trống."
)
_OPENING = (
    f"Căn cứ {parts.DECREE_BASIS} quy định về chữ ký số chuyên dùng công vụ, "
    "{agency} đề nghị {addressee} cấp chứng thư chữ ký số chuyên dùng công vụ cho cá nhân"
)
_SUBJECT = "đề nghị cấp chứng thư chữ ký số chuyên dùng công vụ cho cá nhân"

KIND = Kind(
    code="mau_01_person",
    number="01",
    version=parts.VERSION,
    title="Đề nghị cấp chứng thư cho cá nhân",
    subject=_SUBJECT,
    legal_basis="Điều 10, Điều 11 Nghị định 68/2024/NĐ-CP, Mẫu số 01",
    is_layout_verified=True,
    source_note=parts.SEEN_IN_WORKING_FILES,
    procedure=Procedure.ISSUE,
    about="person",
    contact_title=("Thông tin người tiếp nhận chứng thư chữ ký số (thiết bị lưu khóa bí mật)"),
    contact_fields=parts.contact_fields("Địa chỉ tiếp nhận (địa chỉ cơ quan, tổ chức công tác)"),
    list_title="Số lượng và danh sách đăng ký",
    counted="cá nhân",
    headline=gettext_lazy("Cấp chứng thư cho {count} cá nhân"),
    glance=(
        (gettext_lazy("Cơ quan"), ("org4", "org3", "org2", "org1")),
        (gettext_lazy("Chức vụ"), ("position",)),
        (gettext_lazy("Thư điện tử"), ("email",)),
    ),
    short=gettext_lazy("Cấp mới"),
    others=gettext_lazy("người"),
    fields=FIELDS,
    columns=COLUMNS,
    notes=(parts.EMAIL_NOTE, SIM_NOTE),
    effect=EffectKind.ISSUE,
    row_checks=(
        people.identity_fits_birth,
        people.days_are_in_order,
        people.issue_place_is_said,
        parts.email_is_of_the_province("email", "province"),
        people.levels_have_no_gap(people.LEVELS, asks_for_top=True),
        people.sim_names_its_carrier,
        key_requests.request_fits(
            parts.storage_of,
            names=lambda answers: (answers.get("full_name", ""),),
            addresses=lambda answers: (answers.get("email", ""),),
        ),
    ),
    list_checks=(
        people.persons_stand_once,
        people.people_are_told_apart,
        people.SIM_NUMBERS_STAND_ONCE,
        people.OLD_CERTIFICATES_STAND_ONCE,
        key_requests.keys_stand_once,
    ),
    variants={CENTRAL: f"{_SUBJECT} sử dụng giải pháp ký số tập trung"},
    variant_titles={CENTRAL: gettext_lazy("Cá nhân sử dụng giải pháp ký số tập trung (RSSP)")},
    variant_checks={"": is_not_central_signing, CENTRAL: is_central_signing},
    item_title=lambda answers: answers.get("full_name", ""),
    identity_key=lambda answers: answers.get("identity_number", ""),
    storage_of=parts.storage_of,
    subject_name=subject_name,
    body=f"{_OPENING} như sau:",
    variant_bodies={CENTRAL: f"{_OPENING} sử dụng giải pháp ký số tập trung như sau:"},
    sheet=SHEET,
    is_sheet_of_ca=True,
    need=gettext_lazy("Cấp chứng thư chữ ký số cho cá nhân"),
    purpose=gettext_lazy(
        "Cán bộ, công chức, viên chức cần chứng thư mới: cấp lần đầu, hoặc chứng thư cũ đã "
        "hết hạn, đã thu hồi. USB Token, SIM PKI, ký số tập trung. Một văn bản cho nhiều người."
    ),
    when_done=parts.WHEN_ISSUED,
)
