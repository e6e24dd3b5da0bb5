"""The catalogue of reasons for returning or refusing, as guides and clerks' complaints name them."""

from django.db import migrations

REASONS = [
    ("wrong_addressee", "Gửi sai nơi nhận.", "Quy định nơi nhận của tỉnh"),
    ("wrong_form", "Dùng sai mẫu hoặc sai trích yếu.", "Phụ lục Nghị định 68/2024/NĐ-CP"),
    (
        "wrong_signer",
        "Người ký không phải người đứng đầu cơ quan quản lý trực tiếp.",
        "Phụ lục Nghị định 68/2024/NĐ-CP",
    ),
    (
        "bad_signature",
        "Chữ ký số hoặc bản quét chữ ký, con dấu không hợp lệ, không đọc được.",
        "Nghị định 30/2020/NĐ-CP",
    ),
    (
        "wrong_name",
        "Họ tên hoặc tên cơ quan không đúng như giấy tờ, quyết định thành lập (dòng …).",
        "Điều 10 Nghị định 68/2024/NĐ-CP",
    ),
    (
        "wrong_identity",
        "Số định danh, ngày cấp, nơi cấp hoặc ngày sinh chưa đúng (dòng …).",
        "Điều 10 Nghị định 68/2024/NĐ-CP",
    ),
    (
        "wrong_email",
        "Thư điện tử không phải thư công vụ do cơ quan nhà nước cấp (dòng …).",
        "Chú thích Mẫu 01, Mẫu 02 Nghị định 68/2024/NĐ-CP",
    ),
    (
        "wrong_levels",
        "Các cấp tổ chức ghi sai thứ tự hoặc thiếu cấp (dòng …).",
        "Điều 7 Nghị định 68/2024/NĐ-CP",
    ),
    (
        "missing_basis",
        "Thiếu quyết định thành lập hoặc xác nhận của cấp trên trực tiếp.",
        "Khoản 2 Điều 10 Nghị định 68/2024/NĐ-CP",
    ),
    (
        "holds_certificate",
        "Người này đang có chứng thư còn hiệu lực; dùng Mẫu 04 để gia hạn, thay đổi thông tin.",
        "Điều 12, Điều 14 Nghị định 68/2024/NĐ-CP",
    ),
    (
        "not_managed",
        "Người hoặc cơ quan trong danh sách không thuộc quyền quản lý của đơn vị gửi (dòng …).",
        "Điều 10 Nghị định 68/2024/NĐ-CP",
    ),
    ("other", "Lý do khác: …", ""),
]


def add(apps, schema_editor):
    reason = apps.get_model("requests_app", "ReturnReason")
    for position, (code, text, article) in enumerate(REASONS, start=1):
        reason.objects.get_or_create(
            code=code, defaults={"text": text, "article": article, "position": position}
        )


def remove(apps, schema_editor):
    reason = apps.get_model("requests_app", "ReturnReason")
    reason.objects.filter(code__in=[code for code, _text, _article in REASONS]).delete()


class Migration(migrations.Migration):
    dependencies = [("requests_app", "0001_initial")]
    operations = [migrations.RunPython(add, remove)]
