"""The table of days off and swapped working days, kept by an administrator."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class CalendarDay(models.Model):
    """A day that is not what its weekday says: off on a weekday, or worked on a weekend."""

    class Kind(models.TextChoices):
        OFF = "off", _("Ngày nghỉ")
        WORK = "work", _("Ngày làm bù")

    date = models.DateField(_("ngày"), unique=True)
    kind = models.CharField(_("loại"), max_length=4, choices=Kind)
    name = models.CharField(_("tên"), max_length=120)
    is_official = models.BooleanField(_("theo thông báo chính thức"), default=True)

    class Meta:
        ordering = ["date"]

    def __str__(self) -> str:
        return f"{self.date:%d/%m/%Y} {self.name}"


class SweepRun(models.Model):
    """How a background sweep went last: a row each, written by ``sweeps``."""

    name = models.CharField(max_length=60, primary_key=True)
    began_at = models.DateTimeField(null=True)
    succeeded_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=120, blank=True)  # its kind, never its text
    did = models.PositiveIntegerField(default=0)  # of the last success
    runs = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return self.name


class Heartbeat(models.Model):
    """The last sign of life of a background service: a row each, written by ``heartbeats``."""

    class Service(models.TextChoices):
        WORKER = "worker", _("Tiến trình xử lý nền")
        BEAT = "beat", _("Bộ hẹn giờ")

    service = models.CharField(max_length=10, primary_key=True, choices=Service)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.service} {self.at:%H:%M:%S %d/%m/%Y}"
