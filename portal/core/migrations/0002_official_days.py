"""Days off and swapped days for civil servants, 2025–2027, as announced.

Sources: Bộ luật Lao động Điều 112, Nghị quyết 28/2026/QH16 (24/11), 12729/VPCP-KGVX of 25/12/2025
(02/01 with 10/01/2026), Thông báo 9441/TB-BNV (31/8 with 22/8/2026). Days not announced yet are
marked as not official; an administrator corrects them.
"""

from datetime import date

from django.db import migrations

# day, kind, name, is official
DAYS = [
    ("2025-01-01", "off", "Tết Dương lịch", True),
    ("2025-01-27", "off", "Tết Nguyên đán", True),
    ("2025-01-28", "off", "Tết Nguyên đán", True),
    ("2025-01-29", "off", "Tết Nguyên đán", True),
    ("2025-01-30", "off", "Tết Nguyên đán", True),
    ("2025-01-31", "off", "Tết Nguyên đán", True),
    ("2025-04-07", "off", "Giỗ Tổ Hùng Vương", True),
    ("2025-04-26", "work", "Làm bù cho 02/5/2025", True),
    ("2025-04-30", "off", "Ngày Chiến thắng", True),
    ("2025-05-01", "off", "Quốc tế Lao động", True),
    ("2025-05-02", "off", "Nghỉ hoán đổi với 26/4/2025", True),
    ("2025-09-01", "off", "Quốc khánh", True),
    ("2025-09-02", "off", "Quốc khánh", True),
    ("2026-01-01", "off", "Tết Dương lịch", True),
    ("2026-01-02", "off", "Nghỉ hoán đổi với 10/01/2026", True),
    ("2026-01-10", "work", "Làm bù cho 02/01/2026", True),
    ("2026-02-16", "off", "Tết Nguyên đán", True),
    ("2026-02-17", "off", "Tết Nguyên đán", True),
    ("2026-02-18", "off", "Tết Nguyên đán", True),
    ("2026-02-19", "off", "Tết Nguyên đán", True),
    ("2026-02-20", "off", "Tết Nguyên đán", True),
    ("2026-04-27", "off", "Giỗ Tổ Hùng Vương (nghỉ bù)", True),
    ("2026-04-30", "off", "Ngày Chiến thắng", True),
    ("2026-05-01", "off", "Quốc tế Lao động", True),
    ("2026-08-22", "work", "Làm bù cho 31/8/2026", True),
    ("2026-08-31", "off", "Nghỉ hoán đổi với 22/8/2026", True),
    ("2026-09-01", "off", "Quốc khánh", True),
    ("2026-09-02", "off", "Quốc khánh", True),
    ("2026-11-24", "off", "Ngày Văn hóa Việt Nam", True),
    ("2027-01-01", "off", "Tết Dương lịch", True),
    ("2027-02-04", "off", "Tết Nguyên đán", False),
    ("2027-02-05", "off", "Tết Nguyên đán", False),
    ("2027-02-08", "off", "Tết Nguyên đán", False),
    ("2027-02-09", "off", "Tết Nguyên đán", False),
    ("2027-02-10", "off", "Tết Nguyên đán", False),
    ("2027-04-16", "off", "Giỗ Tổ Hùng Vương", True),
    ("2027-04-30", "off", "Ngày Chiến thắng", True),
    ("2027-05-03", "off", "Quốc tế Lao động (nghỉ bù)", True),
    ("2027-09-02", "off", "Quốc khánh", True),
    ("2027-09-03", "off", "Quốc khánh", False),
    ("2027-11-24", "off", "Ngày Văn hóa Việt Nam", True),
]


def add_days(apps, schema_editor):
    calendar_day = apps.get_model("core", "CalendarDay")
    calendar_day.objects.bulk_create(
        [
            calendar_day(date=date.fromisoformat(day), kind=kind, name=name, is_official=official)
            for day, kind, name, official in DAYS
        ],
        ignore_conflicts=True,
    )


def remove_days(apps, schema_editor):
    days = [date.fromisoformat(day) for day, *_ in DAYS]
    apps.get_model("core", "CalendarDay").objects.filter(date__in=days).delete()


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]

    operations = [migrations.RunPython(add_days, remove_days)]
