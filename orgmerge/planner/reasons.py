"""What the codes of a plan mean: an article, and a sentence for whoever reads the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from orgmerge.planner.codes import Against, Note, Warn, Why
from portal.core import law
from portal.core.law import with_numbers

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

D68 = law.DECREE
S0 = "275/BCY-CTSBMTT"
ORGANISATIONS = f"{S0} mục 1.1"
PEOPLE = f"{S0} mục 1.2"
DEVICES = f"{S0} mục 2"
RECORDS = f"{S0} mục 3"
N30 = "Điều 32 Nghị định 30/2020/NĐ-CP"
PROVINCIAL = "Quy định quản lý chữ ký số, Điều 11 khoản 6"


@dataclass(frozen=True, slots=True)
class Reason:
    """One code in words. ``is_inference``: no text seen says so, it is our own reading."""

    code: str
    article: str
    sentence: str | _StrPromise
    is_inference: bool = False


def by_code(*reasons: Reason) -> Mapping[str, Reason]:
    """Return the reasons by their codes."""
    return {str(reason.code): reason for reason in reasons}


REASONS: Mapping[str, Reason] = by_code(
    Reason(
        Why.SURVIVOR,
        ORGANISATIONS,
        _("Chứng thư được chọn để đổi sang tên cơ quan mới; dùng tiếp thiết bị đang có."),
    ),
    Reason(
        Why.NAME_KEPT,
        ORGANISATIONS,
        _("Tên cơ quan được giữ nguyên nên tiếp tục dùng chứng thư này, không phải làm gì."),
    ),
    Reason(
        Why.NOTHING_CHANGES,
        S0,
        _("Thông tin trong chứng thư vẫn đúng sau sắp xếp nên không phải làm gì."),
        is_inference=True,
    ),
    Reason(
        Why.AGENCY_RENAMED,
        f"{S0} mục 1; Điều 15 {D68}",
        _("Tên cơ quan ghi trong chứng thư không còn; đổi sang tên mới."),
    ),
    Reason(
        Why.SUPERIOR_CHANGES,
        f"{S0} mục 1",
        _("Cơ quan cấp trên ghi trong chứng thư không còn đúng; đổi theo cấp trên mới."),
    ),
    Reason(
        Why.PROVINCE_CHANGES,
        f"{S0} mục 1; Điều 15 {D68}",
        _("Tỉnh, thành phố ghi trong chứng thư không còn đúng; đổi theo địa danh mới."),
    ),
    Reason(
        Why.EMAIL_CHANGES,
        f"Điều 15 {D68}",
        _("Thư điện tử công vụ đổi theo đơn vị mới; đổi địa chỉ đã đăng ký."),
    ),
    Reason(
        Why.MOVES,
        PROVINCIAL,
        _("Người dùng chuyển sang đơn vị khác; đơn vị nhận lập hồ sơ đổi thông tin."),
    ),
    Reason(
        Why.MOVES_OUTSIDE,
        PROVINCIAL,
        _("Chuyển sang cơ quan nhà nước ngoài lần sắp xếp này: giữ chứng thư, cơ quan nhận đổi."),
    ),
    Reason(
        Why.NAMESAKE,
        f"{ORGANISATIONS}; Điều 17 khoản 3 {D68}",
        _(
            "Cơ quan được chia, nhưng một đơn vị sau sắp xếp giữ đúng tên và loại của cơ quan: "
            "đề nghị đơn vị ấy dùng tiếp chứng thư này, không thu hồi."
        ),
        is_inference=True,
    ),
    Reason(
        Why.TITLE_STAYS,
        f"Điều 15 khoản 1, Điều 17 khoản 2 {D68}",
        _(
            "Chứng thư có ghi chức vụ mà Mẫu 04 không đổi được: đề nghị đổi thông tin khác, giữ "
            "chức vụ như đang ghi. Chức vụ ấy còn đúng không?"
        ),
        is_inference=True,
    ),
    Reason(
        Why.MERGED,
        f"{ORGANISATIONS}; Điều 17 khoản 3 {D68}",
        _("Cơ quan đã sáp nhập, chỉ một chứng thư được dùng tiếp; chứng thư này thu hồi."),
    ),
    Reason(
        Why.SPLIT,
        f"Điều 17 khoản 3 {D68}",
        _("Cơ quan bị chia, tách nên chứng thư của cơ quan phải thu hồi."),
    ),
    Reason(
        Why.DISSOLVED,
        f"Điều 17 khoản 3 {D68}",
        _("Cơ quan giải thể nên chứng thư của cơ quan phải thu hồi."),
    ),
    Reason(
        Why.NEED_ENDED,
        PEOPLE,
        _("Đơn vị trả lời là hết nhu cầu sử dụng nên thu hồi."),
    ),
    Reason(
        Why.PERSON_LEFT,
        f"Điều 17 khoản 2 {D68}",
        _("Người dùng đã nghỉ hưu, thôi việc hoặc từ trần nên thu hồi."),
    ),
    Reason(
        Why.STOPS_OPERATING,
        f"Điều 17 khoản 4 {D68}",
        _("Thiết bị, dịch vụ, phần mềm ngừng hoạt động nên thu hồi."),
    ),
    Reason(
        Why.DEVICE_LOST,
        f"Điều 17 khoản 1, Điều 20 {D68}",
        _("Thiết bị không tìm thấy: lập biên bản thất lạc gửi Cục ngay và thu hồi chứng thư."),
    ),
    Reason(
        Why.DEVICE_DAMAGED,
        f"Điều 17 khoản 1 {D68}",
        _("Thiết bị hỏng nên thu hồi chứng thư, nộp lại thiết bị, cấp mới."),
    ),
    Reason(
        Why.TITLE_NO_LONGER_FITS,
        f"Điều 17 khoản 2 {D68}",
        _("Chức vụ ghi trong chứng thư không còn đúng và không đổi được: thu hồi rồi cấp mới."),
    ),
    Reason(
        Why.SECOND_CERTIFICATE,
        "Mỗi cá nhân dùng một chứng thư (hướng dẫn của cơ quan cấp)",
        _(
            "Một người có nhiều chứng thư còn hiệu lực mà chỉ cần một: đề nghị giữ chứng thư nằm "
            "trong thiết bị, rồi chứng thư hết hạn muộn hơn, và thu hồi chứng thư này."
        ),
        is_inference=True,
    ),
    Reason(
        Why.TOO_LATE_TO_CHANGE,
        f"Điều 14, Điều 21 {D68}",
        with_numbers(
            _(
                "Còn dưới %(days_left)s ngày hiệu lực nên không đổi thông tin được; thay bằng "
                "chứng thư mới."
            )
        ),
    ),
    Reason(
        Why.ENDS_BY_ITSELF,
        f"Điều 17 khoản 1 {D68}",
        with_numbers(
            _(
                "Đã có chứng thư khác thay thế; chứng thư này còn dưới %(days_left)s ngày, để "
                "tự hết hạn."
            )
        ),
        is_inference=True,
    ),
    Reason(Why.EXPIRED, f"Điều 17 khoản 1 {D68}", _("Chứng thư đã hết hạn, không phải làm gì.")),
    Reason(Why.REVOKED, f"Điều 17 {D68}", _("Chứng thư đã thu hồi, không phải làm gì.")),
    Reason(
        Why.SUPERSEDED,
        f"Điều 12, Điều 14 {D68}",
        _("Chứng thư đã được thay bằng chứng thư mới, không phải làm gì."),
    ),
    Reason(
        Why.REVOCATION_PENDING,
        f"Điều 19 {D68}",
        _("Đã có hồ sơ đề nghị thu hồi đang giải quyết; không lập thêm."),
        is_inference=True,
    ),
    Reason(
        Why.NONE_HAS_30_DAYS,
        f"Điều 14, Điều 21 {D68}",
        with_numbers(
            _(
                "Không chứng thư nào còn đủ %(days_left)s ngày để đổi thông tin; cơ quan xin "
                "cấp mới."
            )
        ),
    ),
    Reason(
        Why.ALL_EXPIRED,
        f"Điều 21 {D68}",
        _("Mọi chứng thư cơ quan đã hết hạn; cơ quan xin cấp mới."),
    ),
    Reason(
        Why.FIRST_CERTIFICATE,
        f"Điều 10 khoản 2 {D68}",
        _("Chưa đơn vị nào có chứng thư cơ quan; xin cấp lần đầu."),
    ),
    Reason(
        Why.CERTIFICATE_UNUSABLE,
        f"Điều 17, Điều 21 {D68}",
        _("Không chứng thư cơ quan nào dùng tiếp được; cơ quan xin cấp mới."),
    ),
    Reason(
        Why.SPLIT_SUCCESSOR,
        f"Điều 10 khoản 2 {D68}",
        _("Cơ quan hình thành từ việc chia, tách; xin cấp chứng thư cơ quan mới."),
        is_inference=True,
    ),
    Reason(
        Why.CHOSEN_NONE,
        f"Điều 10 khoản 2 {D68}",
        _("Người phụ trách chọn cấp mới thay vì đổi một chứng thư đang có."),
        is_inference=True,
    ),
    Reason(
        Why.NEED_WITHOUT_CERTIFICATE,
        f"Điều 10, Điều 21 {D68}",
        _("Còn nhu cầu nhưng không còn chứng thư nào dùng được; xin cấp mới."),
    ),
    Reason(
        Why.HAS_CERTIFICATE,
        ORGANISATIONS,
        _("Cơ quan đã có chứng thư để dùng tiếp; không xin cấp mới."),
    ),
    Reason(
        Why.NEVER_HAD_ONE,
        f"Điều 10 khoản 2 {D68}",
        _("Cơ quan không có chứng thư cơ quan đang dùng; sắp xếp không buộc phải xin cấp."),
        is_inference=True,
    ),
    Reason(
        Why.NO_SEAL,
        f"Điều 10 khoản 2 {D68}",
        _("Đơn vị không có con dấu riêng nên không có chứng thư cơ quan."),
        is_inference=True,
    ),
    Reason(
        Why.UNIT_ENDS,
        f"Điều 10 khoản 2 {D68}",
        _(
            "Bộ phận không có con dấu riêng, chấm dứt cùng cơ quan của nó: không có chứng thư cơ "
            "quan, người chuyển sang đơn vị kế thừa, bộ phận mới ghi khi rà soát."
        ),
        is_inference=True,
    ),
    Reason(
        Why.BODY_SPLIT,
        f"Điều 17 khoản 3 {D68}",
        _("Đơn vị chia cho nhiều nơi: cần người quyết định chuyển về đâu."),
        is_inference=True,
    ),
    Reason(
        Why.BODY_DISSOLVED,
        f"Điều 17 khoản 3 {D68}",
        _("Đơn vị giải thể: cần người quyết định chuyển về đâu hay thu hồi."),
        is_inference=True,
    ),
    Reason(
        Why.DISTRICT,
        f"Điều 17 khoản 3 {D68}",
        _(
            "Cơ quan cấp huyện không có một đơn vị kế thừa duy nhất: việc nêu ở đây chỉ là đề "
            "nghị, cần người quyết định."
        ),
        is_inference=True,
    ),
    Reason(
        Why.FOLLOWS_CERTIFICATE,
        f"Điều 17 khoản 3 {D68}",
        _("Theo quyết định về chứng thư đi kèm; không phải quyết định riêng."),
        is_inference=True,
    ),
    Reason(
        Why.SETTLED,
        S0,
        _("Theo quyết định của người phụ trách phương án."),
        is_inference=True,
    ),
    Reason(
        Why.LOCKED_BEFORE_CHANGE,
        f"Điều 22 {D68}",
        _("Thiết bị đang bị khóa; khôi phục trước khi cài chứng thư mới."),
    ),
    Reason(
        Why.STAYS_WITH_CERTIFICATE,
        f"Điều 14 {D68}",
        _("Thiết bị dùng tiếp cùng chứng thư; người giữ không đổi."),
    ),
    Reason(
        Why.TO_NEW_CLERK,
        N30,
        _("Thiết bị của cơ quan bàn giao cho văn thư đơn vị mới, có biên bản."),
    ),
    Reason(
        Why.AFTER_REVOCATION,
        f"Điều 20 {D68}; {DEVICES}",
        with_numbers(
            _(
                "Nộp lại thiết bị sau khi chứng thư bị thu hồi, trong %(return_days)02d ngày "
                "làm việc."
            )
        ),
    ),
    Reason(
        Why.AFTER_EXPIRY,
        f"Điều 20 {D68}; {DEVICES}",
        _("Chứng thư đã hết hạn; nộp lại thiết bị."),
    ),
    Reason(
        Why.REPLACED,
        f"Điều 20 {D68}",
        _("Nộp lại thiết bị cũ khi đã nhận chứng thư mới."),
        is_inference=True,
    ),
    Reason(
        Why.LOST_ALREADY,
        f"Điều 20 {D68}",
        _("Thiết bị đã báo thất lạc và chứng thư không còn hiệu lực; không phải làm gì."),
        is_inference=True,
    ),
    Reason(
        Why.ON_ITS_WAY_BACK,
        f"Điều 20 {D68}",
        _("Thiết bị đang được thu hồi; việc nộp lại tiếp tục như đã bắt đầu."),
        is_inference=True,
    ),
    Reason(
        Why.NOT_AT_AGENCY,
        f"Điều 20 {D68}",
        _("Thiết bị không ở đơn vị nên không phải làm gì."),
        is_inference=True,
    ),
    Reason(
        Why.NOT_IN_USE,
        DEVICES,
        _("Thiết bị không có chứng thư đang dùng; thống kê theo đơn vị."),
        is_inference=True,
    ),
    Reason(
        Why.GOES_OVER,
        f"{S0} mục 3.2",
        _("Đơn vị mới tiếp nhận, quản lý thuê bao của đơn vị sáp nhập."),
    ),
    Reason(
        Why.ENDS_WITH_BODY,
        RECORDS,
        _("Thuê bao là chính đơn vị chấm dứt; sổ giữ nguyên dưới tên cũ, không phải bàn giao."),
        is_inference=True,
    ),
    Reason(
        Why.BODY_GOES_ON,
        RECORDS,
        _("Đơn vị tiếp tục hoạt động nên không phải bàn giao."),
        is_inference=True,
    ),
    Reason(
        Why.NOT_INVOLVED,
        S0,
        _("Không thuộc đơn vị nào trong lần sắp xếp này."),
        is_inference=True,
    ),
    Reason(
        Why.GOES_ON_UNDER_SUCCESSOR,
        RECORDS,
        _("Hồ sơ đang giải quyết được bàn giao và tiếp tục dưới đơn vị mới."),
    ),
    Reason(
        Why.BEING_EXECUTED,
        RECORDS,
        _("Hồ sơ đang được thực hiện nên để xong rồi bàn giao."),
        is_inference=True,
    ),
    Reason(
        Why.OLD_NAME,
        f"{S0} mục 3.1",
        _("Hồ sơ ghi tên cũ và chưa thực hiện: dừng, đơn vị mới lập lại dưới tên mới."),
        is_inference=True,
    ),
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
        with_numbers(
            _("Còn dưới %(days_left)s ngày vào ngày lập hồ sơ: không gia hạn, thay đổi được nữa.")
        ),
    ),
    Reason(
        Warn.NEAR_END,
        f"Điều 12 {D68}",
        with_numbers(_("Còn dưới %(near_end_days)s ngày; thu xếp chứng thư tiếp theo ngay.")),
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
        Warn.STAYS_WITH_NAMESAKE,
        ORGANISATIONS,
        _(
            "Cơ quan được chia; vì rà soát không nói khác nên tính theo đơn vị giữ đúng tên cơ "
            "quan. Người chuyển sang đơn vị khác thì ghi ở rà soát."
        ),
        is_inference=True,
    ),
    Reason(
        Warn.UNIT_ENDS,
        f"{S0} mục 3.2",
        _(
            "Bộ phận không có con dấu riêng chấm dứt cùng cơ quan của nó; bộ phận mới chưa ghi "
            "khi rà soát."
        ),
        is_inference=True,
    ),
    Reason(
        Warn.OTHER_ON_DEVICE,
        PEOPLE,
        _("Giữ chứng thư kia vì khóa của nó nằm trong thiết bị."),
        is_inference=True,
    ),
    Reason(
        Warn.OTHER_LASTS_LONGER,
        PEOPLE,
        _("Giữ chứng thư kia vì còn hiệu lực lâu hơn."),
        is_inference=True,
    ),
    Reason(
        Warn.CANNOT_AS_SETTLED,
        f"Điều 14 {D68}",
        with_numbers(
            _("Không làm được như đã quyết định vì chứng thư còn dưới %(days_left)s ngày.")
        ),
    ),
    Reason(
        Warn.SUPERIOR_UNKNOWN,
        f"{S0} mục 1",
        _("Cơ quan cấp trên cũ bị chia hoặc chấm dứt, chưa ghi đơn vị trực thuộc ai từ nay."),
    ),
)

AGAINST: Mapping[str, Reason] = by_code(
    Reason(Against.REVOKED, f"Điều 21 {D68}", _("Đã thu hồi.")),
    Reason(Against.EXPIRED, f"Điều 21 {D68}", _("Đã hết hạn.")),
    Reason(
        Against.UNDER_30_DAYS,
        f"Điều 14 {D68}",
        with_numbers(_("Còn dưới %(days_left)s ngày vào ngày hiệu lực.")),
    ),
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
