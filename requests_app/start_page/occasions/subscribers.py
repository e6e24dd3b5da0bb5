"""What happens to the people, bodies and systems that hold certificates."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.core.law import with_numbers
from requests_app.catalogue.mau_01_person.form import CENTRAL
from requests_app.rules.revocation import Cause
from requests_app.start_page.occasions import outcomes
from requests_app.start_page.occasions.base import Occasion, Pick

OF_DEVICES = (
    Occasion(
        code="locked",
        label=_("Bị khóa do nhập sai mật khẩu (mã PIN) nhiều lần"),
        ways=(outcomes.RECOVER,),
    ),
    Occasion(
        code="lost",
        label=_("Bị mất, thất lạc"),
        ways=(
            outcomes.TELL_LOSS,
            outcomes.revoke(
                Cause.DEVICE_LOST, label=_("Thu hồi chứng thư (Mẫu 05)"), pick=Pick.IN_USE
            ),
        ),
        is_sequence=True,
    ),
    Occasion(
        code="damaged",
        label=_("Bị hỏng"),
        hint=_("Thu hồi chứng thư, nộp lại thiết bị hỏng, rồi đề nghị cấp mới."),
        ways=(
            outcomes.revoke(
                Cause.DEVICE_DAMAGED, label=_("Thu hồi chứng thư (Mẫu 05)"), pick=Pick.IN_USE
            ),
            outcomes.GIVE_BACK,
            outcomes.issue_anew("mau_01_person", label=_("Cấp mới cho cá nhân (Mẫu 01)")),
            outcomes.issue_anew("mau_02_organisation", label=_("Cấp mới cho cơ quan (Mẫu 02)")),
        ),
        is_sequence=True,
    ),
    Occasion(
        code="ended",
        label=_("Chứng thư đã hết hạn hoặc bị thu hồi, phải nộp lại thiết bị"),
        hint=_("Cũng dùng khi nộp sớm vì không còn nhu cầu."),
        ways=(outcomes.GIVE_BACK,),
    ),
    Occasion(
        code="handed_over",
        label=_("Đã bàn giao cho thuê bao"),
        ways=(outcomes.TELL_HANDOVER,),
    ),
)


_EXPIRING = _("Sắp hết hạn, hoặc đã hết hạn mà còn dùng")
_EXPIRING_HINT = with_numbers(
    _(
        "Còn ít nhất %(days_left)s ngày thì gia hạn; dưới %(days_left)s ngày hoặc đã hết hạn thì "
        "cấp mới."
    )
)
_REVOKE = _("Thu hồi (Mẫu 05)")
_TOO_LATE = _("Không gia hạn, thay đổi được nữa: cấp mới")

OF_PERSONS = (
    Occasion(
        code="first",
        label=_("Cần chứng thư lần đầu"),
        hint=_("Cán bộ, công chức, viên chức mới, hoặc vị trí mới phải ký số."),
        ways=(
            outcomes.first_issue("mau_01_person", label=_("Cấp mới (Mẫu 01)")),
            outcomes.first_issue(
                "mau_01_person", variant=CENTRAL, label=_("Cấp mới, ký số tập trung (Mẫu 01)")
            ),
        ),
    ),
    Occasion(
        code="expiring",
        label=_EXPIRING,
        hint=_EXPIRING_HINT,
        ways=(outcomes.RENEW, outcomes.issue_anew("mau_01_person", label=_TOO_LATE)),
    ),
    Occasion(
        code="changed",
        label=_("Đổi cơ quan công tác trong đơn vị, đổi thư điện tử công vụ"),
        hint=_("Chức vụ không ghi trong chứng thư: chỉ đổi chức vụ thì không phải làm gì."),
        ways=(outcomes.CHANGE, outcomes.issue_anew("mau_01_person", label=_TOO_LATE)),
    ),
    Occasion(
        code="moved_here",
        label=_("Chuyển từ cơ quan nhà nước khác về đơn vị này"),
        hint=_("Người đó mang theo thiết bị và chứng thư còn hiệu lực."),
        ways=(outcomes.TAKE_OVER,),
    ),
    Occasion(
        code="moved_away",
        label=_("Chuyển sang cơ quan nhà nước khác"),
        note=_(
            "Không thu hồi và không thu thiết bị: cơ quan nhận người lập hồ sơ thay đổi thông tin "
            "(Mẫu 04), chứng thư và thiết bị sẽ chuyển sang cơ quan đó. Hãy nhắc người đó mang "
            "theo thiết bị."
        ),
    ),
    Occasion(
        code="left",
        label=_("Nghỉ hưu, thôi việc, từ trần, ra ngoài khu vực nhà nước, hết nhu cầu"),
        ways=(outcomes.revoke(label=_REVOKE), outcomes.GIVE_BACK),
        is_sequence=True,
    ),
    Occasion(
        code="exposed",
        label=_("Lộ hoặc nghi lộ mật khẩu, khóa bí mật"),
        hint=_("Đề nghị thu hồi ngay; sau khi thu hồi thì đề nghị cấp mới."),
        ways=(
            outcomes.revoke(Cause.KEY_EXPOSED, label=_REVOKE),
            outcomes.issue_anew("mau_01_person", label=_("Cấp mới sau khi thu hồi (Mẫu 01)")),
        ),
        is_sequence=True,
    ),
)

OF_BODIES = (
    Occasion(
        code="first",
        label=_("Cần chứng thư lần đầu"),
        hint=_("Cơ quan có tư cách pháp nhân, chưa có chữ ký số của cơ quan."),
        ways=(outcomes.first_issue("mau_02_organisation", label=_("Cấp mới (Mẫu 02)")),),
    ),
    Occasion(
        code="expiring",
        label=_EXPIRING,
        hint=_EXPIRING_HINT,
        ways=(outcomes.RENEW, outcomes.issue_anew("mau_02_organisation", label=_TOO_LATE)),
    ),
    Occasion(
        code="changed",
        label=_("Đổi tên, đổi địa chỉ hoạt động, đổi thư điện tử công vụ"),
        hint=_("Tên mới phải có trong danh mục đơn vị trước."),
        ways=(outcomes.CHANGE, outcomes.issue_anew("mau_02_organisation", label=_TOO_LATE)),
    ),
    Occasion(
        code="ended",
        label=_("Giải thể, chia tách, sáp nhập, hết nhu cầu"),
        ways=(outcomes.revoke(label=_REVOKE), outcomes.GIVE_BACK),
        is_sequence=True,
    ),
)

OF_SYSTEMS = (
    Occasion(
        code="first",
        label=_("Cần chứng thư lần đầu"),
        ways=(outcomes.first_issue("mau_03_system", label=_("Cấp mới (Mẫu 03)")),),
    ),
    Occasion(
        code="expiring",
        label=_EXPIRING,
        hint=_EXPIRING_HINT,
        ways=(outcomes.RENEW, outcomes.issue_anew("mau_03_system", label=_TOO_LATE)),
    ),
    Occasion(
        code="changed",
        label=_("Đổi tên, nâng cấp phiên bản, bổ sung tính năng"),
        ways=(outcomes.CHANGE, outcomes.issue_anew("mau_03_system", label=_TOO_LATE)),
    ),
    Occasion(
        code="stopped",
        label=_("Ngừng hoạt động"),
        ways=(outcomes.revoke(Cause.STOPPED, label=_REVOKE), outcomes.GIVE_BACK),
        is_sequence=True,
    ),
)
