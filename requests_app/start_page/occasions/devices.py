"""What happens to the devices that keep keys."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from requests_app.rules.revocation import Cause
from requests_app.start_page.occasions import ways
from requests_app.start_page.occasions.base import Occasion, Pick

OF_DEVICES = (
    Occasion(
        code="locked",
        label=_("Bị khóa do nhập sai mật khẩu (mã PIN) nhiều lần"),
        ways=(ways.RECOVER,),
    ),
    Occasion(
        code="lost",
        label=_("Bị mất, thất lạc"),
        ways=(
            ways.TELL_LOSS,
            ways.revoke(Cause.DEVICE_LOST, label=_("Thu hồi chứng thư (Mẫu 05)"), pick=Pick.IN_USE),
        ),
        is_sequence=True,
    ),
    Occasion(
        code="damaged",
        label=_("Bị hỏng"),
        hint=_("Thu hồi chứng thư, nộp lại thiết bị hỏng, rồi đề nghị cấp mới."),
        ways=(
            ways.revoke(
                Cause.DEVICE_DAMAGED, label=_("Thu hồi chứng thư (Mẫu 05)"), pick=Pick.IN_USE
            ),
            ways.GIVE_BACK,
            ways.issue_anew("mau_01_person", label=_("Cấp mới cho cá nhân (Mẫu 01)")),
            ways.issue_anew("mau_02_organisation", label=_("Cấp mới cho cơ quan (Mẫu 02)")),
        ),
        is_sequence=True,
    ),
    Occasion(
        code="ended",
        label=_("Chứng thư đã hết hạn hoặc bị thu hồi, phải nộp lại thiết bị"),
        hint=_("Cũng dùng khi nộp sớm vì không còn nhu cầu."),
        ways=(ways.GIVE_BACK,),
    ),
    Occasion(
        code="handed_over",
        label=_("Đã bàn giao cho thuê bao"),
        ways=(ways.TELL_HANDOVER,),
    ),
)
