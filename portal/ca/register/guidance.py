"""How a renewed or changed certificate is put on the old device, in words for whoever does it."""

from __future__ import annotations

from collections.abc import Collection

from django.utils.translation import gettext as _

from portal.ca.models import Storage

_IN_HAND = frozenset({Storage.TOKEN, Storage.SD, Storage.HSM})


def installation_steps(
    storages: Collection[str], *, device: str = "", serial: str = ""
) -> list[str]:
    """Return the steps for certificates whose keys are in ``storages``, in order.

    ``device`` and ``serial`` name the one thing when the steps are about one certificate.
    """
    kinds = set(storages)
    steps = [_("Tải tệp .cer của chứng thư mới; tệp này không chứa khóa bí mật.")]
    if kinds & _IN_HAND:
        named = f" ({device})" if device else ""
        steps += [
            _(
                "Cắm đúng thiết bị đang dùng%(named)s. Khóa bí mật vẫn ở trong thiết bị này; cài "
                "vào thiết bị khác thì không ký được."
            )
            % {"named": named},
            _(
                "Mở phần mềm quản lý thiết bị do Cục cung cấp, chọn nhập chứng thư, chọn tệp .cer "
                "vừa tải và nhập mật khẩu thiết bị."
            ),
        ]
    if Storage.SIM in kinds:
        steps.append(
            _("SIM PKI: giữ nguyên SIM; làm theo tin nhắn kích hoạt chứng thư mới của nhà mạng.")
        )
    if kinds & {Storage.RSSP, Storage.SOFT}:
        steps.append(
            _("Ký số tập trung, khóa mềm: nạp tệp .cer vào hệ thống giữ khóa; khóa giữ nguyên.")
        )
    signs = (
        _("Ký thử một tệp rồi xem chữ ký: số hiệu chứng thư phải là %(serial)s.")
        % {"serial": serial}
        if serial
        else _("Ký thử một tệp rồi xem chữ ký: số hiệu chứng thư phải là số hiệu mới.")
    )
    return [
        *steps,
        signs,
        _(
            "Báo số hiệu và dấu vân tay mới cho các hệ thống đã đăng ký chứng thư cũ: quản lý văn "
            "bản, một cửa điện tử, thuế, kho bạc. Chưa đổi thì các hệ thống ấy báo không ký được."
        ),
        _("Xác nhận đã cài đặt trên trang của chứng thư; chứng thư cũ được thu hồi ngay sau đó."),
    ]
