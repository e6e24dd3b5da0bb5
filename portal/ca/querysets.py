"""What can be asked about certificates."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.db import models

from portal.agencies.querysets import of_subscribers_named
from portal.agencies.visibility import of_visible_bodies
from portal.core.text.identifiers import normalise_serial
from portal.core.text.vietnamese import nfc, search_key

if TYPE_CHECKING:
    from portal.accounts.models import User
    from portal.ca.models import Authority, Certificate

PART_OF_A_SERIAL = re.compile(r"[0-9A-F]{4,40}")  # its first digits, or all
EXPIRING_WITHIN_DAYS = 60  # from here on lists and the home page call it "sắp hết hạn"


class AuthorityQuerySet(models.QuerySet["Authority"]):
    def authorities(self) -> Self:
        """Return the CAs themselves: roots and issuing ones, each once."""
        return self.filter(role__in=("root", "issuing"))

    def alive_at(self, now: datetime) -> Self:
        """Return what has begun and not ended; a revoked CA still publishes and answers."""
        return self.filter(is_current=True, not_before__lte=now, not_after__gt=now)

    def issuing(self) -> Self:
        """Return the CAs that issue to subscribers, the one that took over last first."""
        return self.filter(role="issuing", is_current=True, revoked_at__isnull=True).order_by(
            "-issues_from", "-pk"
        )


class CertificateQuerySet(models.QuerySet["Certificate"]):
    def visible_to(self, user: User) -> Self:
        """Return the certificates of the bodies ``user`` may see; the administrator sees none."""
        return of_visible_bodies(self, user)

    def valid_at(self, now: datetime) -> Self:
        return self.filter(revoked_at__isnull=True, not_before__lte=now, not_after__gt=now)

    def usable_at(self, now: datetime) -> Self:
        """Return what is signed with: valid, and on its device (DOMAIN 14.11).

        A renewed or changed certificate waits until its installation is confirmed, or until the
        one before it has ended and there is no other left.
        """
        waiting = models.Q(
            predecessor__isnull=False,
            installed_at__isnull=True,
            predecessor__revoked_at__isnull=True,
            predecessor__not_after__gt=now,
        )
        return self.valid_at(now).exclude(waiting)

    def to_install(self, now: datetime) -> Self:
        """Return the renewed and changed ones that nobody has said are on their device yet."""
        return self.valid_at(now).filter(predecessor__isnull=False, installed_at__isnull=True)

    def unsettled(self, moment: datetime) -> Self:
        """Return what was issued at ``moment`` or earlier in place of what may still stand."""
        return self.filter(
            predecessor__isnull=False, settled_at__isnull=True, issued_at__lte=moment
        )

    def expiring(self, now: datetime, *, within_days: int) -> Self:
        return self.valid_at(now).filter(not_after__lte=now + timedelta(days=within_days))

    def expired(self, now: datetime) -> Self:
        return self.filter(revoked_at__isnull=True, not_after__lte=now)

    def revoked(self) -> Self:
        return self.filter(revoked_at__isnull=False)

    def kept_here(self) -> Self:
        """Return what the portal's own CA issued: its list and its responder speak of no other."""
        return self.filter(keeper="portal")

    def unlisted(self) -> Self:
        """Return the revoked that no published list carries yet."""
        return self.kept_here().revoked().filter(crl_number__isnull=True)

    def listed_after(self, previous_list: datetime | None) -> Self:
        """Return what the list after the one of ``previous_list`` must carry.

        An entry leaves once a list issued past its notAfter has carried it (RFC 5280, 3.3).
        """
        if previous_list is None:
            return self.kept_here().revoked()
        return (
            self.kept_here()
            .revoked()
            .filter(models.Q(not_after__gt=previous_list) | models.Q(crl_number__isnull=True))
        )

    def found_by(self, text: str) -> Self:
        """Return those whose serial number or e-mail begins with ``text``, or whose subscriber has
        its words; a name that stands in a certificate alone is found from its beginning."""
        text = nfc(text)
        if not text:
            return self
        serial = normalise_serial(text)
        if PART_OF_A_SERIAL.fullmatch(serial):
            numbered = self.filter(serial__begins=serial)
            if numbered.exists():  # of an OR with the names no database uses its indexes
                return numbered
        if "@" in text:
            return self.filter(email__istartswith=text)
        named = of_subscribers_named(self, text)
        return named if named.exists() else self.filter(search_name__begins=search_key(text))

    def same_line(self, certificate: Certificate) -> Self:
        """Return ``certificate`` with those before and after it, oldest first: all have its key."""
        return self.filter(key=certificate.key_id).order_by("issued_at", "pk")

    def for_list(self) -> Self:
        """Return rows without what lists never show: a DER is large."""
        return self.select_related("agency").defer("der", "crl_entry", "subject")
