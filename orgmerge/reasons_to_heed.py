"""What to look at before a plan is approved: warnings, and what speaks against a certificate."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from orgmerge.codes import Against, Note, Warn
from orgmerge.reasons_of_lines import (
    D68,
    DEVICES,
    N30,
    ORGANISATIONS,
    PEOPLE,
    RECORDS,
    S0,
    Reason,
    by_code,
)

WARNINGS: Mapping[str, Reason] = by_code(
    Reason(
        Warn.NO_ANSWER,
        "Công văn của Sở triển khai 275/BCY-CTSBMTT",
        _("Đơn vị chưa trả lời rà soát; hãy hỏi lại trước khi duyệt."),
    ),
    Reason(
        Warn.NO_NEW_EMAIL,
        f"Điều 15 {D68}",
        _("Thư công vụ cũ sẽ ngừng mà chưa có địa chỉ mới."),
    ),
    Reason(
        Warn.UNDER_30_DAYS,
        f"Điều 12, Điều 14 {D68}",
        _("Còn dưới 30 ngày vào ngày lập hồ sơ: không gia hạn, thay đổi được nữa."),
    ),
    Reason(
        Warn.NEAR_END,
        f"Điều 12 {D68}",
        _("Còn dưới 60 ngày; thu xếp chứng thư tiếp theo ngay."),
        is_inference=True,
    ),
    Reason(
        Warn.RENEW_TOO,
        f"Điều 12 {D68}",
        _("Sắp hết hạn và chưa gia hạn lần nào: đánh dấu cả gia hạn và thay đổi trong một dòng."),
    ),
    Reason(
        Warn.RENEWED_ALREADY,
        f"Điều 12 {D68}",
        _("Đã gia hạn một lần: đổi thông tin được, nhưng phải xin cấp mới trước khi hết hạn."),
    ),
    Reason(
        Warn.PENDING_04,
        RECORDS,
        _("Đang có hồ sơ Mẫu 04 về chứng thư này; hồ sơ đó dừng, yêu cầu gộp vào dòng này."),
        is_inference=True,
    ),
    Reason(
        Warn.TITLE_SHOWN,
        f"Điều 17 khoản 2 {D68}",
        _("Chứng thư có ghi chức vụ; hỏi xem chức vụ còn đúng không."),
        is_inference=True,
    ),
    Reason(
        Warn.SIM_PHONE,
        f"Mẫu số 04 {D68}",
        _("SIM PKI: ghi số điện thoại ký số cạnh số hiệu chứng thư."),
    ),
    Reason(
        Warn.SIM_CARD,
        DEVICES,
        _("SIM PKI: hỏi Cục có phải nộp lại thẻ SIM không; số thuê bao theo hợp đồng nhà mạng."),
        is_inference=True,
    ),
    Reason(
        Warn.CENTRAL_SIGNING,
        f"Mẫu số 01 {D68}",
        _("Ký số tập trung: dùng văn bản riêng, không có thiết bị."),
    ),
    Reason(
        Warn.DEVICE_LOCKED,
        f"Điều 22 {D68}",
        _("Thiết bị đang bị khóa; khôi phục bằng Mẫu 06 trước khi dùng."),
    ),
    Reason(
        Warn.DEVICE_NOT_IN_HAND,
        f"Điều 20 {D68}",
        _("Thiết bị không ở người dùng hay đơn vị; kiểm tra trước khi cài chứng thư mới."),
        is_inference=True,
    ),
    Reason(
        Warn.DEVICE_UNKNOWN,
        DEVICES,
        _("Sổ không có thiết bị của chứng thư này; tìm thiết bị trước khi lập hồ sơ."),
        is_inference=True,
    ),
    Reason(
        Warn.HAND_OVER_TOO,
        N30,
        _("Khôi phục xong thì bàn giao thiết bị cho văn thư đơn vị mới, có biên bản."),
    ),
    Reason(
        Warn.WET_INK,
        f"Mẫu số 02 {D68}",
        _("Cơ quan chưa có chữ ký số: văn bản ký tay, đóng dấu ướt hoặc cấp trên gửi thay."),
    ),
    Reason(
        Warn.SUPERIOR_FILES,
        f"Điều 18 {D68}",
        _("Không có đơn vị kế thừa: cơ quan cấp trên lập hồ sơ."),
        is_inference=True,
    ),
    Reason(
        Warn.ANY_SUCCESSOR_FILES,
        f"Điều 18 {D68}",
        _("Nhiều đơn vị kế thừa: một đơn vị lập hồ sơ thay cho đơn vị đã chia."),
        is_inference=True,
    ),
    Reason(
        Warn.CHOICE_FELL_OUT,
        ORGANISATIONS,
        _("Chứng thư đã chọn không dùng được nữa; hãy chọn lại."),
        is_inference=True,
    ),
    Reason(
        Warn.SECOND_ORGANISATION_REQUEST,
        ORGANISATIONS,
        _("Đề nghị cấp chứng thư cho cơ quan cũ: xem đơn vị mới còn cần không trước khi lập lại."),
        is_inference=True,
    ),
    Reason(
        Warn.NAMES_OLD_SUPERIOR,
        f"{S0} mục 1",
        _("Hồ sơ có thể ghi cấp trên cũ; kiểm tra trước khi giải quyết."),
        is_inference=True,
    ),
    Reason(
        Warn.AGENCY_NOT_NAMED,
        f"Điều 15 {D68}",
        _("Chứng thư không ghi tên đơn vị này; đối chiếu xem có phải đổi không."),
        is_inference=True,
    ),
    Reason(
        Warn.NO_CERTIFICATE_LEFT,
        PEOPLE,
        _("Sau khi thu hồi, người này không còn chứng thư; hỏi xem có xin cấp mới không."),
        is_inference=True,
    ),
    Reason(
        Warn.CANNOT_AS_SETTLED,
        f"Điều 14 {D68}",
        _("Không làm được như đã quyết định vì chứng thư còn dưới 30 ngày."),
    ),
)

AGAINST: Mapping[str, Reason] = by_code(
    Reason(Against.REVOKED, f"Điều 21 {D68}", _("Đã thu hồi.")),
    Reason(Against.EXPIRED, f"Điều 21 {D68}", _("Đã hết hạn.")),
    Reason(Against.UNDER_30_DAYS, f"Điều 14 {D68}", _("Còn dưới 30 ngày vào ngày hiệu lực.")),
    Reason(Against.DEVICE_LOST, f"Điều 17 khoản 1 {D68}", _("Thiết bị thất lạc.")),
    Reason(Against.DEVICE_DAMAGED, f"Điều 17 khoản 1 {D68}", _("Thiết bị hỏng.")),
    Reason(
        Against.DEVICE_NOT_IN_HAND,
        ORGANISATIONS,
        _("Thiết bị không ở người dùng hay đơn vị."),
        is_inference=True,
    ),
    Reason(
        Against.REVOCATION_PENDING,
        f"Điều 19 {D68}",
        _("Đang có hồ sơ đề nghị thu hồi."),
        is_inference=True,
    ),
    Reason(Against.NOT_NEEDED, PEOPLE, _("Đơn vị trả lời là hết nhu cầu.")),
    Reason(
        Against.NOT_WHOLE,
        ORGANISATIONS,
        _("Cơ quan chỉ chuyển sang một phần."),
        is_inference=True,
    ),
    Reason(
        Against.NAME_KEPT_BY_ANOTHER,
        ORGANISATIONS,
        _("Tên được giữ là của cơ quan khác; chứng thư này thu hồi."),
    ),
)

NOTES: Mapping[str, Reason] = by_code(
    Reason(Note.RENEWED_ALREADY, f"Điều 12 {D68}", WARNINGS[Warn.RENEWED_ALREADY].sentence),
    Reason(Note.RENEW_TOO, f"Điều 12 {D68}", WARNINGS[Warn.RENEW_TOO].sentence),
    Reason(
        Note.DEVICE_LOCKED,
        f"Điều 22 {D68}",
        _("Thiết bị đang bị khóa: phải khôi phục (Mẫu 06) trước, hoặc chọn chứng thư khác."),
    ),
    Reason(Note.DEVICE_UNKNOWN, DEVICES, WARNINGS[Warn.DEVICE_UNKNOWN].sentence, is_inference=True),
    Reason(Note.PENDING, RECORDS, _("Đang có hồ sơ khác về chứng thư này."), is_inference=True),
    Reason(
        Note.OTHER_PROVINCE,
        ORGANISATIONS,
        _("Ghi tỉnh, thành phố khác với đơn vị mới."),
        is_inference=True,
    ),
    Reason(
        Note.OTHER_SUPERIOR,
        ORGANISATIONS,
        _("Cơ quan cấp trên khác với đơn vị mới."),
        is_inference=True,
    ),
)
