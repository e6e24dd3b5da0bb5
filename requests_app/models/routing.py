"""Who gets which form: the dated rules, and the proposals a second person confirms."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.ca.models import Storage
from requests_app.models.querysets import RoutingProposalQuerySet, RoutingRuleQuerySet
from requests_app.workflow import Procedure, Route


class RoutingProposal(models.Model):
    """A change of the rules: proposed by one administrator, decided by another person.

    New rules point here (``rules``); ``ends`` names a rule that is only to end. A ``preset``
    takes the place of every rule its office has. Decided with nobody named: withdrawn.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    office = models.ForeignKey(Agency, models.PROTECT, null=True, related_name="+")
    preset = models.CharField(max_length=30, blank=True)
    ends = models.ForeignKey("RoutingRule", models.PROTECT, null=True, related_name="+")
    starts_on = models.DateField(_("từ ngày"))  # of the new rules; the end of the one that ends
    proposed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    is_confirmed = models.BooleanField(null=True)

    objects = RoutingProposalQuerySet.as_manager()

    class Meta:
        ordering = ["-proposed_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="routing_proposal_needs_a_second_person",
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("proposed_by")),
            ),
            models.CheckConstraint(
                name="routing_proposal_is_confirmed_by_somebody",
                condition=Q(is_confirmed__isnull=True)
                | Q(is_confirmed=False)
                | Q(decided_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.preset or 'rule'} {self.starts_on:%d/%m/%Y}"


class RoutingRule(models.Model):
    """For an office, a procedure, a device kind and dates: the route, addressee and limits.

    An empty ``office`` or ``storage`` fits any; the most specific rule wins. A rule that came by a
    proposal is in force only once this is confirmed.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    office = models.ForeignKey(Agency, models.PROTECT, null=True, related_name="+")
    procedure = models.CharField(max_length=16, choices=Procedure)
    storage = models.CharField(max_length=8, choices=Storage, blank=True)
    route = models.CharField(max_length=16, choices=Route)
    addressee = models.ForeignKey(Agency, models.PROTECT, related_name="+")
    copies = models.ManyToManyField(Agency, related_name="+", blank=True)
    # The commune-level Phòng Văn hóa – Xã hội of each sender, where there is one.
    copies_commune = models.BooleanField(_("đồng gửi phòng Văn hóa – Xã hội cấp xã"), default=False)
    channel = models.CharField(_("kênh gửi"), max_length=250, blank=True, default="")
    # The letter goes there by mail too, once its dossier is sent; with the list as a sheet.
    mail_to = models.EmailField(_("gửi văn bản qua thư đến"), blank=True, default="", db_default="")
    mail_copy_to = models.EmailField(_("thư đồng gửi"), blank=True, default="", db_default="")
    mails_sheet = models.BooleanField(_("kèm bảng tính danh sách"), default=False, db_default=False)
    working_days = models.PositiveSmallIntegerField(null=True, blank=True)
    valid_from = models.DateField(_("từ ngày"))
    valid_until = models.DateField(_("đến trước ngày"), null=True, blank=True)
    basis = models.CharField(_("căn cứ"), max_length=250)
    proposal = models.ForeignKey(
        RoutingProposal, models.PROTECT, null=True, blank=True, related_name="rules"
    )

    objects = RoutingRuleQuerySet.as_manager()

    class Meta:
        ordering = ["procedure", "-valid_from"]

    def __str__(self) -> str:
        return f"{self.procedure} {self.route} {self.valid_from:%d/%m/%Y}"
