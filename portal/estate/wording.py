"""The sentences of what is found in lists: what is wrong, and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.estate.models import DeliveredRow, Doubt, Remedy

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

# By code; %(about)s is what it is about.
FINDINGS: Mapping[str, _StrPromise] = {
    "told_in_list": _("Đi cùng dòng %(about)s của danh sách."),
    "broken_letters": _("Chữ “%(about)s” hỏng mã, không đọc lại được: gõ lại trong tệp."),
    "formula": _("Ô là công thức “%(about)s”: dán lại dạng giá trị (Paste Values)."),
    "not_a_day": _("“%(about)s” không đọc được thành ngày: ghi dạng ngày/tháng/năm."),
    "letters_reread": _("Chữ theo phông cũ đã đọc lại thành “%(about)s”."),
    "old_letters": _("Chữ theo phông cũ; có thể là “%(about)s”."),
    "no_body": _("Không ghi đơn vị: thêm tên hoặc mã định danh đơn vị."),
    "in_no_list": _(
        "Chứng thư không ghi đơn vị, và không dòng danh sách nào có số hiệu này: ghi vào danh sách."
    ),
    "by_predecessor": _("Đơn vị đã sáp nhập; nay là %(about)s."),
    "not_a_serial": _(
        "“%(about)s” không phải số hiệu chứng thư (chữ số 0–9, A–F): chép lại từ chứng thư."
    ),
    "serial_twice": _("Số hiệu %(about)s đã có ở dòng khác của đợt này: giữ một dòng."),
    "no_end": _("Không có ngày hết hạn và không có tệp chứng thư: thêm một trong hai."),
    "ends_before_it_begins": _("Ngày hết hạn không sau ngày bắt đầu: sửa ngày."),
    "file_names_another": _("Chứng thư ghi tên “%(about)s”, khác danh sách; lấy theo chứng thư."),
    "file_has_other_day": _("Chứng thư ghi ngày %(about)s, khác danh sách; lấy theo chứng thư."),
    "certificate_of_another_office": _("Chứng thư đang thuộc Sở khác: không đưa vào; hãy liên hệ."),
    "register_names_another": _(
        "Hệ thống đang ghi tên “%(about)s”: đối chiếu; đổi tên thì lập Mẫu 04."
    ),
    "register_has_other_body": _(
        "Hệ thống đang ghi thuộc %(about)s: đối chiếu; đổi đơn vị thì lập Mẫu 04."
    ),
    "list_has_it_revoked": _(
        "Danh sách ghi đã thu hồi ngày %(about)s, hệ thống còn hiệu lực: đề nghị thu hồi (Mẫu 05)."
    ),
    "device_has_other_key": _(
        "Thiết bị %(about)s trong hệ thống giữ khóa của chứng thư khác: đối chiếu thiết bị."
    ),
    "not_in_list": _("Danh sách không có; hệ thống ghi của %(about)s, còn dùng được."),
    "register_has_other_day": _("Hệ thống đang ghi ngày %(about)s."),
    "register_has_it_revoked": _(
        "Hệ thống đã ghi thu hồi ngày %(about)s: báo lại nơi lập danh sách."
    ),
    "serial_of_another_issuer": _(
        "Số hiệu này đã có với một chứng thư khác (%(about)s): không nhận."
    ),
    "key_of_another": _("Khóa công khai này đã có trong chứng thư của người khác: không nhận."),
    "no_name": _("Không ghi họ tên: thêm vào danh sách."),
    "bad_identity": _("Số định danh không đúng 12 chữ số theo quy định: đối chiếu thẻ căn cước."),
    "number_of_two_names": _("Số định danh này đứng ở hai dòng khác tên nhau: sửa dòng sai."),
    "number_of_another": _("Số định danh này đã đăng ký với họ tên khác: đối chiếu thẻ căn cước."),
    "person_of_another_office": _("Người này đang thuộc Sở khác: không đưa vào; hãy liên hệ."),
    "no_identity": _("Chưa có số định danh; bổ sung khi lập hồ sơ sau này."),
    "device_serial_too_long": _("Số hiệu thiết bị quá dài: kiểm tra cột."),
    "no_device_for_such_keys": _(
        "Khóa mềm, ký số tập trung không có thiết bị; bỏ qua số hiệu thiết bị."
    ),
    "device_twice": _("Thiết bị %(about)s đã có ở dòng khác: một thiết bị một người."),
    "device_of_another": _("Thiết bị đang ghi cho %(about)s: đối chiếu ai giữ."),
    "not_official_email": _("“%(about)s” không phải thư công vụ do cơ quan nhà nước cấp."),
    "no_name_of_body": _("Không ghi tên đơn vị: thêm vào danh sách."),
    "body_twice": _("Đơn vị “%(about)s” đã có ở dòng khác của đợt này: giữ một dòng."),
    "body_ended": _("“%(about)s” là tên cũ hoặc của nhiều đơn vị: ghi mã, tên hiện nay."),
    "unknown_parent": _("Không có cơ quan cấp trên “%(about)s”: sửa tên, hoặc thêm dòng cho nó."),
    "body_violation": _("%(about)s"),
    "body_changes": _("Thay đổi: %(about)s."),
    "body_comes": _("Đơn vị “%(about)s” có trong danh sách của đợt này, được ghi trước."),
    "no_account_name": _("Không ghi tên đăng nhập hoặc họ tên: thêm vào danh sách."),
    "unknown_role": _("“%(about)s” không phải vai trò nào: ghi tên vai trò như ở trang Tài khoản."),
    "role_of_other_bodies": _("Vai trò “%(about)s” không thuộc loại đơn vị này: sửa vai trò."),
    "account_refused": _("Chưa lập được tài khoản: %(about)s"),
    "left_out": _("Đã quyết định không nhận."),
    "says_nothing": _("Dòng không nêu đơn vị nào."),
    "other_sheet": _("Tệp còn trang tính “%(about)s” có danh sách; lưu riêng rồi tải lên nếu cần."),
    "hidden_row": _("Dòng %(about)s đang ẩn trong tệp nhưng vẫn được đọc."),
    "merged_cells": _("Ô gộp %(about)s: giá trị được lấy cho từng dòng."),
    "revoked_by_ca": _("CA đã thu hồi ngày %(about)s (danh sách thu hồi kèm theo)."),
    "revocations": _("%(about)s chứng thư bị thu hồi trong danh sách của CA."),
    "of_ca": _("%(about)s chứng thư của CA trong tệp: bỏ qua."),
    "list_in_archive": _("“%(about)s” là danh sách: lấy ra khỏi tệp nén rồi tải lên riêng."),
    "not_a_certificate": _("“%(about)s” không phải chứng thư."),
    "cannot_be_read": _("“%(about)s” có chứng thư sai cấu trúc, không đọc được."),
    "damaged_archive": _("“%(about)s” là tệp nén hỏng hoặc tải dở: tải lại từ nguồn."),
    "archive_too_large": _("“%(about)s” bung ra quá lớn: chia nhỏ."),
    "encrypted_archive": _("“%(about)s” có mật khẩu: bỏ mật khẩu rồi tải lên."),
    "too_many_certificates": _("“%(about)s” có quá nhiều chứng thư: chia thành nhiều tệp."),
}
WHY_ASKED: Mapping[str, _StrPromise] = {
    "near": _("gần giống"),
    "several": _("nhiều đơn vị cùng tên"),
    "divided": _("đơn vị cũ đã chia cho nhiều đơn vị"),
    "unknown": _("không có trong danh mục"),
    "comes_in_anyway": _("vẫn đưa vào; chưa trả lời thì chưa gia hạn được"),
}
_CHOICES: Mapping[str, Sequence[_StrPromise]] = {
    Doubt.Kind.BODY: (_("Nhận cho đơn vị"), _("Không nhận các dòng này")),
    Doubt.Kind.SAME_PERSON: (_("Là cùng một người"), _("Không nhận các dòng này")),
    Doubt.Kind.OTHER_NUMBER: (_("Là hai người khác nhau, nhận"), _("Không nhận các dòng này")),
    Doubt.Kind.OLD_LETTERS: (_("Nhận chữ đã đọc lại"), _("Không nhận các dòng này")),
    Doubt.Kind.UNVERIFIED: (_("Nhận, ghi “chưa xác minh được”"), _("Không nhận các dòng này")),
    Doubt.Kind.MOVED: (_("Chuyển người sang đơn vị trong danh sách"), _("Không nhận các dòng này")),
    Doubt.Kind.RENEWALS: (_("Chưa gia hạn lần nào"), _("Chưa biết"), _("Đã gia hạn một lần")),
}


def said_of(row: DeliveredRow) -> list[str]:
    """Return what was found in a row, in sentences."""
    said = [sentence(code, about) for _field, code, about in row.findings]
    asked = [tuple(one.split(":", 1)) for one in row.doubts] if not row.carried_at else []
    said += [f"{Doubt.Kind(kind).label}{f': “{about}”' if about else ''}." for kind, about in asked]
    if row.remedy and row.remedy_at:
        said.append(f"{Remedy(row.remedy).label}: {timezone.localtime(row.remedy_at):%d/%m/%Y}.")
    if row.answer and row.answered_by and row.answered_at:
        answer = {
            "answer": DeliveredRow.Answer(row.answer).label,
            "words": row.answer_words,
            "name": row.answered_by.full_name,
            "day": f"{timezone.localtime(row.answered_at):%d/%m/%Y}",
        }
        said.append(str(_("Đơn vị trả lời: %(answer)s – %(words)s (%(name)s, %(day)s).") % answer))
    return said


def sentence(code: str, about: str) -> str:
    """Return the sentence of a finding."""
    return str(FINDINGS.get(code, code)) % {"about": about}


def choices_of(doubt: Doubt) -> list[tuple[str, _StrPromise]]:
    """Return what can be decided of a doubt."""
    return list(zip(("take", "leave", "apart"), _CHOICES[doubt.kind], strict=False))
