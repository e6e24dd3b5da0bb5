"""Whose signatures a letter bears."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class SignatureRole(models.TextChoices):
    """Whose signature it is (Nghị định 30/2020/NĐ-CP)."""

    HEAD = "head", _("Người có thẩm quyền")
    ORGANISATION = "organisation", _("Cơ quan, tổ chức")
