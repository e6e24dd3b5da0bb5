"""What a row would change, judged against the register as it stands; nothing is written.

A row is judged anew when it is carried out: what has changed since the trial is seen then.
"""

from __future__ import annotations

import hashlib
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property, lru_cache
from operator import itemgetter
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from django.db.models import Q, QuerySet
from django.utils import timezone

from devices.lifecycle import Condition
from devices.models import Device, DeviceKind
from portal.accounts.models import User
from portal.agencies.facts import SignerFacts
from portal.agencies.models import (
    Agency,
    AgencyVersion,
    Inheritance,
    Signer,
    Subscriber,
    SubscriberKind,
    Succession,
)
from portal.ca.authority.anchors import Anchor, anchors, chain_of
from portal.ca.models import Certificate, RenewalsSource, RevocationReason, Storage, Trust
from portal.ca.register.certificate_files import FoundCertificate, read_certificates
from portal.core.database.fields import keyed_hash
from portal.core.text.identifiers import (
    check_identity_number,
    check_official_email,
    normalise_phone,
)
from portal.core.text.letters import legacy_text
from portal.core.text.names import key as name_key
from portal.core.text.names import nearest, same
from portal.core.text.vietnamese import nfc, search_key
from portal.documents import services as documents
from portal.estate.accounts import judge_account
from portal.estate.bodies import BodyRow, judge_body
from portal.estate.columns import about_of
from portal.estate.contents import SERIAL_DIGITS, cells_of, day_of, identity_of, serial_of
from portal.estate.models import DeliveredFile, DeliveredRow, Delivery, Doubt, Verdict
from portal.estate.revocations import SUFFIX, Revocations, read_revocations

_SHORTEST_SERIAL, _LONGEST_SERIAL = 8, 40
_WORDS_OF_DEVICES = {  # as lists say it → where the key lives
    "usb": Storage.TOKEN, "token": Storage.TOKEN, "sim": Storage.SIM, "sd": Storage.SD,
    "hsm": Storage.HSM, "rssp": Storage.RSSP, "tap trung": Storage.RSSP, "mem": Storage.SOFT,
    "soft": Storage.SOFT,
}  # fmt: skip
_WORDS_OF_KINDS = {
    "ca nhan": SubscriberKind.PERSON, "to chuc": SubscriberKind.ORGANISATION,
    "co quan": SubscriberKind.ORGANISATION, "he thong": SubscriberKind.SYSTEM,
    "may chu": SubscriberKind.SYSTEM, "phan mem": SubscriberKind.SYSTEM,
    "dich vu": SubscriberKind.SYSTEM, "thiet bi": SubscriberKind.SYSTEM,
}  # fmt: skip
_WORDS_OF_CONDITIONS = {
    "khoa": Condition.LOCKED, "mat": Condition.LOST,
    "that lac": Condition.LOST,
}  # fmt: skip
_DAYS = ("birth_on", "not_before", "not_after", "revoked_on", "signing_until")
_WORDS_OF_REVOCATION = dict.fromkeys(("thu hoi", "revoked", "huy"), "revoked")


@dataclass(slots=True)
class Facts:
    """What a row says, read: what is empty was not said."""

    name: str = ""
    kind: str = SubscriberKind.PERSON
    identity: str = ""
    birth_on: date | None = None
    body: str = ""
    body_code: str = ""
    unit: str = ""
    position: str = ""
    email: str = ""
    phone: str = ""
    serial: str = ""
    not_before: datetime | None = None
    not_after: datetime | None = None
    revoked_at: datetime | None = None
    revocation_reason: str = RevocationReason.UNSPECIFIED
    device_serial: str = ""
    storage: str = Storage.TOKEN
    condition: str = Condition.OK
    renewals: int | None = None
    domain: str = ""


@dataclass(slots=True)
class Judgement:
    """A row's verdict, with everything carrying it out needs."""

    row: DeliveredRow
    said: Mapping[str, str]  # by a row of a list: field → text
    facts: Facts
    verdict: str = Verdict.WAITING
    findings: list[tuple[str, str, str]] = field(default_factory=list)
    doubts: list[tuple[str, str]] = field(default_factory=list)
    agency: Agency | None = None
    subscriber: Subscriber | None = None
    certificate: Certificate | None = None  # on record
    found: FoundCertificate | None = None  # of a file
    trust: str = Trust.NO_FILE
    device: Device | None = None  # on record
    changes: list[str] = field(default_factory=list)
    differs: bool = False  # from the register, in what no list decides
    body: BodyRow | None = None  # of a list of bodies
    waits_for: list[str] = field(default_factory=list)  # bodies that come in before it

    @property
    def subscriber_pk(self) -> int | None:
        """Whose the row is: of a certificate on record its subscriber."""
        if self.certificate is not None:
            return self.certificate.subscriber_id
        return self.subscriber.pk if self.subscriber is not None else None

    def refuse(self, field_name: str, code: str, about: str = "") -> None:
        self.findings.append((field_name, code, about))
        self.verdict = Verdict.REFUSED

    def note(self, field_name: str, code: str, about: str = "") -> None:
        self.findings.append((field_name, code, about))

    def differ(self, field_name: str, code: str, about: str = "") -> None:
        self.note(field_name, code, about)
        self.differs = True


class Bodies:
    """The bodies of an office, found by code, by any name they had, by what they came from."""

    def __init__(self, office: Agency, *, today: date) -> None:
        bodies = Agency.objects.filter(Q(office=office) | Q(pk=office.pk)).order_by("pk")
        self.by_pk = {one.pk: one for one in bodies}
        self.by_code: dict[str, int] = {}
        self._by_name: defaultdict[str, set[int]] = defaultdict(set)
        self._former: defaultdict[str, set[int]] = defaultdict(set)
        heirs: defaultdict[int, set[int]] = defaultdict(set)
        known = set(self.by_pk)
        for ancestor, heir in Inheritance.objects.filter(heir__in=known).values_list(
            "ancestor", "heir"
        ):
            heirs[ancestor].add(heir)
        for before, after in Succession.objects.filter(
            successor__in=known, in_effect=True
        ).values_list("predecessor", "successor"):
            heirs[before].add(after)
        versions = AgencyVersion.objects.filter(agency__in={*known, *heirs}).order_by("pk")
        for pk, name, code, until in versions.values_list(
            "agency", "name", "agency_code", "valid_until"
        ):
            stands = pk in self.by_pk and self.by_pk[pk].exists_on(today)
            if stands and until is None:
                self._by_name[name_key(name)].add(pk)
                if code:
                    self.by_code[code] = pk
            else:
                became = {pk} if stands else self._standing(heirs, pk, today)
                self._former[name_key(name)] |= became
        self._names = {
            name_key(one.name): one for one in self.by_pk.values() if one.exists_on(today)
        }
        self._nearest: dict[str, Agency | None] = {}

    def _standing(
        self, heirs: Mapping[int, set[int]], pk: int, today: date, depth: int = 8
    ) -> set[int]:
        found: set[int] = set()
        for heir in heirs.get(pk, ()):
            if heir in self.by_pk and self.by_pk[heir].exists_on(today):
                found.add(heir)
            elif depth:
                found |= self._standing(heirs, heir, today, depth - 1)
        return found

    @cached_property
    def versions(self) -> dict[int, AgencyVersion]:
        """What stands of each body today, or will."""
        found = AgencyVersion.objects.filter(agency__in=self.by_pk, valid_until__isnull=True)
        return {one.agency_id: one for one in found.select_related("parent", "office")}

    @cached_property
    def _signers(self) -> set[tuple[int, str, str]]:
        found = Signer.objects.filter(agency__in=self.by_pk, valid_until__isnull=True)
        told = found.values_list("agency", "form", "name")
        return {(agency, form, name_key(name)) for agency, form, name in told}

    def is_one(self, name: str) -> bool:
        """Say whether a body of the office has this name or had it."""
        keyed = name_key(name)
        return bool(self._by_name.get(keyed) or self._former.get(keyed))

    def signs(self, agency: Agency | None, facts: SignerFacts) -> bool:
        """Say whether it is on record that somebody signs for a body in this form."""
        key = agency.pk if agency else 0, str(facts.form), name_key(facts.name)
        return key in self._signers

    def find(self, name: str, code: str) -> tuple[Agency | None, str]:
        """Return the body that is meant and "", or a proposal and why it has to be asked about:
        "predecessor", "divided", "several", "near", "unknown"."""
        if code and code in self.by_code:
            return self.by_pk[self.by_code[code]], ""
        keyed = name_key(name)
        if found := self._by_name.get(keyed):
            if len(found) == 1:
                return self.by_pk[min(found)], ""
            return None, "several"
        if former := self._former.get(keyed):
            if len(former) == 1:
                return self.by_pk[min(former)], "predecessor"
            return None, "divided"
        if name not in self._nearest:
            best = nearest(name, [one.name for one in self._names.values()]) if name else ""
            self._nearest[name] = self._names.get(name_key(best)) if best else None
        proposed = self._nearest[name]
        return proposed, "near" if proposed else "unknown"


def revocations_of(delivery: Delivery, believed: tuple[Anchor, ...]) -> Revocations:
    """Return what the lists of revoked certificates among a delivery's files say."""
    found: Revocations = {}
    files = delivery.files.filter(document__name__iendswith=SUFFIX, problem="")
    for file in files.select_related("document"):
        found |= read_revocations(documents.read(file.document), believed)
    return found


class Judge:
    """Judges the rows of one delivery; what repeats in it is remembered from piece to piece.

    Of what is on record it reads what a trial compares; all of it only when it ``writes``.
    """

    def __init__(self, delivery: Delivery, *, now: datetime, writes: bool = False) -> None:
        self.delivery = delivery
        self.now = now
        self._writes = writes
        self.today = timezone.localdate(now)
        self.bodies = Bodies(delivery.office, today=self.today)
        self.doubts: Counter[tuple[str, str]] = Counter()
        self.proposals: dict[tuple[str, str], tuple[Agency | None, str]] = {}
        self._believed = anchors()
        self._proof = hashlib.sha256(f"{self.today}".encode())  # what is proved holds for a day
        for anchor in self._believed:
            self._proof.update(anchor.certificate.fingerprint(hashes.SHA256()))
        self.revocations = revocations_of(delivery, self._believed)
        self._columns = dict(
            DeliveredFile.objects.filter(delivery=delivery).values_list("pk", "columns")
        )
        self._abouts = {file: about_of(columns) for file, columns in self._columns.items()}
        self._decided = {
            (one.kind, one.about): one
            for one in delivery.doubts.exclude(choice="").select_related("agency")
        }
        self.bodies_told: dict[str, int] = {}  # of lists of bodies: the first row of each
        self._serials: dict[str, int] = {}  # of lists: the first row of each
        self._devices: dict[str, int] = {}
        self._people: dict[str, str] = {}  # hash of a number → name
        self._keys: dict[str, str] = {}  # fingerprint → name

    @cached_property
    def coming(self) -> set[str]:
        """The bodies that other rows of the delivery register."""
        rows = self.delivery.rows.filter(
            about=DeliveredRow.About.BODY, carried_at__isnull=True
        ).exclude(verdict=Verdict.REFUSED)
        return {name_key(title) for title in rows.values_list("title", flat=True)}

    @cached_property
    def usernames(self) -> set[str]:
        return {one.casefold() for one in User.objects.values_list("username", flat=True)}

    def about(self, row: DeliveredRow) -> str:
        """Return what a row is about."""
        if row.about == DeliveredRow.About.REVOKED or row.der is not None:
            return ""
        return self._abouts.get(row.file_id or 0, DeliveredRow.About.BODY)

    def said(self, row: DeliveredRow) -> dict[str, str]:
        """Return field → text of a row of a list."""
        return cells_of(row, self._columns.get(row.file_id or 0, {}))

    def _begin(self, row: DeliveredRow) -> Judgement:
        """Return a judgement of what a row says, before anything is compared."""
        if row.der is not None:
            return Judgement(row, {}, self._facts_of_file(row))
        if row.about == DeliveredRow.About.REVOKED:
            return Judgement(row, {}, Facts(serial=row.serial))
        said = self.said(row)
        return Judgement(row, said, self._facts_of(said))

    def _facts_of(self, said: Mapping[str, str]) -> Facts:
        """Return what the cells of a list say; they are normal text since they were read."""
        start, end = day_of(said.get("not_before", "")), day_of(said.get("not_after", ""))
        revoked = day_of(said.get("revoked_on", ""))
        if revoked is None and _found_in(said.get("state", ""), _WORDS_OF_REVOCATION):
            revoked = min(self.today, end or self.today)
        renewals = said.get("renewals", "").strip()
        return Facts(
            name=said.get("name", ""),
            kind=self._kind(said),
            identity=identity_of(said.get("identity", "")),
            birth_on=day_of(said.get("birth_on", "")),
            body=said.get("body", ""),
            body_code=said.get("body_code", "").strip().upper(),
            unit=said.get("unit", "")[:250],
            position=said.get("position", "")[:120],
            email=said.get("email", "").lower(),
            phone=normalise_phone(said.get("phone", ""))[:20],
            serial=serial_of(said.get("serial", "")),
            not_before=_moment(start),
            not_after=_moment(end, at_end=True),
            revoked_at=_moment(revoked),
            device_serial=said.get("device_serial", "").strip().upper()[:41],
            storage=_found_in(said.get("device_kind", ""), _WORDS_OF_DEVICES) or Storage.TOKEN,
            condition=_found_in(said.get("device_state", ""), _WORDS_OF_CONDITIONS) or Condition.OK,
            renewals=min(int(renewals), 9) if renewals.isdecimal() else None,
            domain=said.get("domain", "").strip().lower()[:250],
        )

    def _kind(self, said: Mapping[str, str]) -> str:
        if kind := _found_in(said.get("kind", ""), _WORDS_OF_KINDS):
            return kind
        if said.get("domain"):
            return SubscriberKind.SYSTEM
        name = said.get("name", "")
        if name and not said.get("identity") and self.bodies.is_one(name):
            return SubscriberKind.ORGANISATION
        return SubscriberKind.PERSON

    def _facts_of_file(self, row: DeliveredRow) -> Facts:
        found = _parsed(bytes(row.der or b""))
        name = nfc(found.subject.common_name)
        is_body = self.bodies.is_one(name)
        kind = SubscriberKind.PERSON
        if found.subject.domain:
            kind = SubscriberKind.SYSTEM
        elif is_body:
            kind = SubscriberKind.ORGANISATION
        levels = found.subject.organisation_levels
        return Facts(
            name=name,
            kind=kind,
            body=name if is_body else nfc(levels[-1]) if levels else "",
            email=found.subject.email.lower(),
            serial=found.serial,
            not_before=found.not_before,
            not_after=found.not_after,
            domain=found.subject.domain,
        )

    def judge(self, rows: Sequence[DeliveredRow]) -> list[Judgement]:
        """Return the judgement of each row, in order; a fixed number of queries for a piece."""
        made = [self._begin(row) for row in rows]
        serials = {one.facts.serial for one in made if one.facts.serial}
        on_record = {one.serial: one for one in self._on_record(serials)}
        ders = self._delivered(serials, "der", der__isnull=False) if self._has_files else []
        files = dict(ders)
        self._learn_keys([bytes(der) for _serial, der in ders])
        listed = dict(self._delivered(files, "number", der__isnull=True)) if files else {}
        held = {one.facts.device_serial for one in made if one.facts.device_serial}
        stock = Device.objects.filter(serial__in=held).select_related("subscriber")
        whole = stock.select_related("subscriber", "key")
        compared = stock.only("serial", "key_id", "subscriber__name")
        devices = {one.serial: one for one in (whole if self._writes else compared)}
        certified = []
        for one in made:
            if one.row.der is not None and one.facts.serial in listed:
                if one.row.der != files[one.facts.serial]:
                    one.refuse("serial", "serial_twice", one.facts.serial)
                    continue
                one.verdict = Verdict.SAME
                one.note("serial", "told_in_list", str(listed[one.facts.serial]))
                continue
            der = one.row.der if one.row.der is not None else files.get(one.facts.serial)
            self._check_letters(one)
            if about := self.about(one.row):
                judge = judge_body if about == DeliveredRow.About.BODY else judge_account
                judge(self, one, one.said)
                continue
            self.find_body(one)
            self._find_certificate(one, on_record.get(one.facts.serial), der)
            certified.append(one)
        uncertain = [one for one in certified if one.certificate is None]
        numbers = {keyed_hash(one.facts.identity) for one in uncertain if one.facts.identity}
        known = Subscriber.objects.filter(identity_hash__in=numbers).select_related("agency")
        people = {one.identity_hash or "": one for one in known}
        namesakes = self._namesakes_of(uncertain)
        for one in certified:
            self._find_person(one, people, namesakes)
            self._find_device(one, devices.get(one.facts.device_serial))
            self._conclude(one)
        return made

    @cached_property
    def _has_files(self) -> bool:
        return DeliveredRow.objects.filter(delivery=self.delivery, der__isnull=False).exists()

    def _delivered(
        self, serials: Iterable[str], column: str, **which: bool
    ) -> list[tuple[str, Any]]:
        """Return serial and ``column`` of the delivery's rows of these, the last first.

        They are sorted here: asked for an order by key, SQLite goes through the whole delivery.
        """
        rows = DeliveredRow.objects.filter(delivery=self.delivery, serial__in=serials, **which)
        found = sorted(rows.order_by().values_list("pk", "serial", column), key=itemgetter(0))
        return [(serial, value) for _pk, serial, value in reversed(found)]

    def _on_record(self, serials: Iterable[str]) -> QuerySet[Certificate]:
        found = Certificate.objects.filter(serial__in=serials)
        if self._writes:
            return found.select_related("subscriber", "agency", "key").defer("crl_entry")
        return found.only(
            "serial", "keeper", "issuer_name", "kind", "subscriber_id", "agency_id", "key_id",
            "common_name", "not_before", "not_after", "revoked_at", "renewals", "renewals_source",
            "der",
        )  # fmt: skip

    def _learn_keys(self, ders: Sequence[bytes]) -> None:
        """Remember whose the keys are that stand in the register already."""
        found = [_parsed(der).fingerprint for der in ders]
        for fingerprint, name in Certificate.objects.filter(key__fingerprint__in=found).values_list(
            "key__fingerprint", "common_name"
        ):
            self._keys.setdefault(fingerprint, name_key(name))

    def _namesakes_of(self, made: Iterable[Judgement]) -> dict[str, list[Subscriber]]:
        names = {search_key(one.facts.name) for one in made if one.facts.name}
        found = Subscriber.objects.filter(
            search_name__in=names, agency__in=list(self.bodies.by_pk)
        ).select_related("agency")
        kept: defaultdict[str, list[Subscriber]] = defaultdict(list)
        for one in found.order_by("pk"):
            kept[one.search_name].append(one)
        return kept

    # Each looks at one side of a row; the verdict comes last.

    def _check_letters(self, one: Judgement) -> None:
        facts = one.facts
        if one.row.der is None:
            for name, text in one.said.items():
                if text.startswith("="):
                    one.refuse(name, "formula", text[:100])
                elif name in _DAYS and day_of(text) is None:
                    one.note(name, "not_a_day", text[:100])
        for name in ("name", "body", "unit", "position"):
            text = getattr(facts, name)
            is_old, reads = _legacy_text(text) if text and not text.isascii() else (False, "")
            if not is_old:
                continue
            choice = self._choice(one, Doubt.Kind.OLD_LETTERS) if reads else None
            if not reads:
                one.refuse(name, "broken_letters", text)
            elif choice is not None and choice.choice == "take":
                setattr(facts, name, reads)
                one.note(name, "letters_reread", reads)
            else:
                one.note(name, "old_letters", reads)

    def find_body(self, one: Judgement) -> None:
        """Find whose row it is; what is unclear is asked about."""
        facts = one.facts
        if not facts.body and not facts.body_code:
            if facts.kind == SubscriberKind.ORGANISATION and facts.name:
                facts.body = facts.name
            elif facts.name or one.row.der is not None:
                one.refuse("body", "no_body" if one.row.der is None else "in_no_list")
                return
            else:
                return
        body, why = self.bodies.find(facts.body, facts.body_code)
        if why:
            about = (facts.body or facts.body_code)[:250]
            if name_key(facts.body) in self.coming:
                one.note("body", "body_comes", facts.body)
                one.waits_for.append(facts.body)
                return
            if why == "predecessor" and body is not None:
                one.note("body", "by_predecessor", body.name)
                one.agency = body
                return
            doubt = self._choice(one, Doubt.Kind.BODY, about, (body, why))
            one.agency = doubt.agency if doubt is not None and doubt.choice == "take" else None
            return
        one.agency = body

    def _find_certificate(
        self, one: Judgement, known: Certificate | None, der: bytes | memoryview | None
    ) -> None:
        facts = one.facts
        if not facts.serial:
            return
        if not (
            _SHORTEST_SERIAL <= len(facts.serial) <= _LONGEST_SERIAL
            and set(facts.serial) <= SERIAL_DIGITS
        ):
            one.refuse("serial", "not_a_serial", facts.serial[:40])
            return
        first = self._serials.setdefault(facts.serial, one.row.pk)
        if first != one.row.pk:
            one.refuse("serial", "serial_twice", facts.serial)
            return
        if der is not None:
            one.found = read = _parsed(bytes(der))
            self._compare_with_file(one, read)
            holder = name_key(read.subject.common_name)
            known_as = self._keys.setdefault(read.fingerprint, holder)
            if known_as != holder:
                one.refuse("serial", "key_of_another")
                return
            one.trust = Trust.VERIFIED if self._is_proved(one.row, read) else Trust.UNVERIFIED
            if one.trust == Trust.UNVERIFIED:
                self._choice(one, Doubt.Kind.UNVERIFIED)
        elif facts.not_after is None and known is None:
            one.refuse("not_after", "no_end")
            return
        if facts.not_before and facts.not_after and facts.not_before >= facts.not_after:
            one.refuse("not_after", "ends_before_it_begins")
            return
        if known is not None:
            one.certificate = known
            self._compare_with_record(one, known)

    def _compare_with_file(self, one: Judgement, found: FoundCertificate) -> None:
        """The file decides: what the list says otherwise is told."""
        facts = one.facts
        if facts.name and name_key(facts.name) != name_key(found.subject.common_name):
            one.note("name", "file_names_another", found.subject.common_name[:200])
        for name in ("not_before", "not_after"):
            typed, real = getattr(facts, name), getattr(found, name)
            if typed is not None and abs(typed - real) > timedelta(days=1):
                one.note(name, "file_has_other_day", f"{timezone.localdate(real):%d/%m/%Y}")
            setattr(facts, name, real)
        self._ask_crl(one, found.issuer_text)
        if not facts.name:
            facts.name = nfc(found.subject.common_name)
        facts.email = facts.email or found.subject.email.lower()

    def _ask_crl(self, one: Judgement, issuer: str) -> None:
        """What the CA's own list says goes before what others say."""
        if revoked := self.revocations.get((issuer, one.facts.serial)):
            one.facts.revoked_at, one.facts.revocation_reason = revoked.at, revoked.reason
            one.note("state", "revoked_by_ca", f"{timezone.localdate(revoked.at):%d/%m/%Y}")

    def _compare_with_record(self, one: Judgement, known: Certificate) -> None:
        facts = one.facts
        if known.agency_id not in self.bodies.by_pk:
            one.refuse("serial", "certificate_of_another_office")
            return
        if facts.name and not same(facts.name, known.common_name):
            one.differ("name", "register_names_another", known.common_name)
        is_person = known.kind == SubscriberKind.PERSON and one.row.der is None
        if is_person and one.agency is not None and one.agency.pk != known.agency_id:
            one.differ("body", "register_has_other_body", self.bodies.by_pk[known.agency_id].name)
        if known.is_outside and one.found is None and known.der:
            self._ask_crl(one, known.issuer_name)
        self._compare_days(one, known)
        self._compare_state(one, known)
        if not known.is_outside:
            return
        self._compare_renewals(one, known)
        if one.found is not None and not known.der:
            one.changes.append("file")
        if one.found is not None and known.der and bytes(known.der) != one.found.der:
            one.refuse("serial", "serial_of_another_issuer", one.found.issuer_text[:200])
            return

    def _compare_days(self, one: Judgement, known: Certificate) -> None:
        """A list decides only where no file is there; a file's days may be written by UTC."""
        for name in ("not_before", "not_after"):
            typed, stands = getattr(one.facts, name), getattr(known, name)
            if typed is None or typed == stands or (one.found is not None and not known.der):
                continue
            apart = abs(timezone.localdate(typed) - timezone.localdate(stands))
            if apart <= timedelta(days=1 if known.der else 0):
                continue
            said = name, "register_has_other_day", f"{timezone.localdate(stands):%d/%m/%Y}"
            if known.der:
                one.differ(*said)
            else:
                one.changes.append(name)
                one.note(*said)

    def _compare_state(self, one: Judgement, known: Certificate) -> None:
        """Another CA's certificate is revoked when a list says so; a list without a column of
        states says nothing."""
        facts = one.facts
        if facts.revoked_at is not None and known.revoked_at is None:
            if known.is_outside:
                one.changes.append("revoked")
            else:
                day = f"{timezone.localdate(facts.revoked_at):%d/%m/%Y}"
                one.differ("state", "list_has_it_revoked", day)
        elif facts.revoked_at is None and known.revoked_at is not None and one.said.get("state"):
            day = f"{timezone.localdate(known.revoked_at):%d/%m/%Y}"
            one.differ("state", "register_has_it_revoked", day)

    def _compare_renewals(self, one: Judgement, known: Certificate) -> None:
        """A list may say what nobody knew, or mend what a person said; history stands."""
        told = one.facts.renewals
        if told is None or known.renewals_source == RenewalsSource.HISTORY:
            return
        if (min(told, 1), RenewalsSource.PERSON) != (known.renewals, known.renewals_source):
            one.changes.append("renewals")

    def _is_proved(self, row: DeliveredRow, found: FoundCertificate) -> bool:
        """Say whether a CA that is believed signed it; asked once for the same CAs and day."""
        asked = self._proof.copy()
        asked.update(found.der)
        if row.proof == asked.hexdigest():
            return True
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            certificate = x509.load_der_x509_certificate(found.der)
            last = found.not_after - timedelta(seconds=1)
            at = min(max(self.now, found.not_before), last)
            is_proved = chain_of(certificate, self._believed, at=at) is not None
        row.proof = asked.hexdigest() if is_proved else ""
        return is_proved

    def _find_person(
        self,
        one: Judgement,
        people: Mapping[str, Subscriber],
        namesakes: Mapping[str, Sequence[Subscriber]],
    ) -> None:
        facts = one.facts
        if one.certificate is not None:
            return
        if facts.kind != SubscriberKind.PERSON:
            return
        if not facts.name:
            if facts.serial or facts.identity:
                one.refuse("name", "no_name")
            return
        same_name = [
            other
            for other in namesakes.get(search_key(facts.name), ())
            if other.kind == SubscriberKind.PERSON
        ]
        if facts.identity:
            self._find_by_number(one, people, same_name)
            return
        one.note("identity", "no_identity")
        here = [
            other
            for other in same_name
            if (facts.birth_on is not None and other.birth_on == facts.birth_on)
            or (
                facts.birth_on is None
                and one.agency is not None
                and other.agency_id == one.agency.pk
            )
        ]
        if here:
            doubt = self._choice(one, Doubt.Kind.SAME_PERSON)
            if doubt is not None and doubt.choice == "take":
                one.subscriber = here[0]

    def _find_by_number(
        self, one: Judgement, people: Mapping[str, Subscriber], same_name: Sequence[Subscriber]
    ) -> None:
        facts = one.facts
        if check_identity_number(facts.identity):
            one.refuse("identity", "bad_identity")
            return
        hashed, name = keyed_hash(facts.identity), search_key(facts.name)
        known = people.get(hashed)
        if self._people.setdefault(hashed, name) != name:
            one.refuse("identity", "number_of_two_names")
        elif known is not None and known.search_name != name:
            one.refuse("identity", "number_of_another")
        elif known is not None:
            one.subscriber = known
            if one.agency is not None and known.agency_id != one.agency.pk:
                if known.agency_id in self.bodies.by_pk:
                    self._choice(one, Doubt.Kind.MOVED)
                else:
                    one.refuse("identity", "person_of_another_office")
        elif facts.birth_on and any(
            other.birth_on == facts.birth_on and other.identity_hash for other in same_name
        ):
            self._choice(one, Doubt.Kind.OTHER_NUMBER)

    def _find_device(self, one: Judgement, known: Device | None) -> None:
        facts = one.facts
        if not facts.device_serial:
            return
        if len(facts.device_serial) > _LONGEST_SERIAL:
            one.refuse("device_serial", "device_serial_too_long")
            return
        if facts.storage not in DeviceKind.values:
            one.note("device_serial", "no_device_for_such_keys")
            facts.device_serial = ""
            return
        first = self._devices.setdefault(facts.device_serial, one.row.pk)
        if first != one.row.pk:
            one.refuse("device_serial", "device_twice", facts.device_serial)
            return
        if known is None:
            return
        one.device = known
        certificate, holder, subscriber = one.certificate, known.subscriber, one.subscriber_pk
        if certificate is not None and known.key_id not in (None, certificate.key_id):
            one.differ("device_serial", "device_has_other_key", facts.device_serial)
            return
        if holder is None:
            is_theirs = True
        elif subscriber is not None:
            is_theirs = holder.pk == subscriber
        else:
            is_theirs = not facts.name or same(holder.name, facts.name)
        if holder is not None and not is_theirs:
            one.refuse("device_serial", "device_of_another", holder.name)

    def _conclude(self, one: Judgement) -> None:
        facts = one.facts
        if facts.email and check_official_email(facts.email):
            one.note("email", "not_official_email", facts.email)
        if one.verdict == Verdict.REFUSED:
            return
        if one.doubts:
            one.verdict = Verdict.DOUBTFUL
            return
        if one.waits_for:
            one.verdict = Verdict.NEW
        elif one.agency is None and one.certificate is None:
            one.refuse("body", "left_out" if facts.body or facts.body_code else "says_nothing")
        elif one.certificate is not None:
            adds_device = bool(facts.device_serial) and one.device is None
            stays = Verdict.DIFFERENT if one.differs else Verdict.SAME
            one.verdict = Verdict.CHANGED if one.changes or adds_device else stays
        elif facts.serial or (facts.device_serial and one.device is None):
            one.verdict = Verdict.NEW
            if facts.serial and facts.renewals is None:
                self._ask_renewals(one)
        elif one.subscriber is not None:
            one.verdict = Verdict.SAME
        elif facts.name:
            one.verdict = Verdict.NEW
        else:
            one.verdict = Verdict.SAME

    def _ask_renewals(self, one: Judgement) -> None:
        """The one doubt that holds nothing up: without an answer the number stays unknown."""
        key = (str(Doubt.Kind.RENEWALS), "")
        self.doubts[key] += 1
        self.proposals[key] = (None, "comes_in_anyway")
        decided = self._decided.get(key)
        one.facts.renewals = RENEWALS_OF.get(decided.choice) if decided else None

    def _choice(
        self,
        one: Judgement,
        kind: str,
        about: str = "",
        proposed: tuple[Agency | None, str] = (None, ""),
    ) -> Doubt | None:
        """Return what was decided of a doubt; undecided, the row waits for it; left out, the row
        is refused."""
        key = (str(kind), about)
        self.doubts[key] += 1
        self.proposals.setdefault(key, proposed)
        decided = self._decided.get(key)
        if decided is None:
            one.doubts.append(key)
        elif decided.choice == "leave":
            one.refuse(_FIELD_OF[kind], "left_out")
        return decided


RENEWALS_OF: Mapping[str, int] = {"take": 0, "apart": 1}
_FIELD_OF: Mapping[str, str] = {
    Doubt.Kind.BODY: "body",
    Doubt.Kind.SAME_PERSON: "name",
    Doubt.Kind.OTHER_NUMBER: "identity",
    Doubt.Kind.OLD_LETTERS: "name",
    Doubt.Kind.UNVERIFIED: "serial",
    Doubt.Kind.MOVED: "body",
}


def _found_in(text: str, words: Mapping[str, str]) -> str:
    """Return what the first of ``words`` that stands in a text means, "" for none of them."""
    typed = search_key(text) if text else ""
    return next((meant for word, meant in words.items() if word in typed), "")


_legacy_text = lru_cache(maxsize=8192)(legacy_text)  # bodies and offices come again and again


@lru_cache(maxsize=2048)  # more than a piece has: each is asked for three times
def _parsed(der: bytes) -> FoundCertificate:
    [found] = read_certificates(der, "").certificates
    return found


def _moment(day: date | None, *, at_end: bool = False) -> datetime | None:
    if day is None:
        return None
    at = time(23, 59, 59) if at_end else time.min
    return datetime.combine(day, at, tzinfo=timezone.get_current_timezone())
