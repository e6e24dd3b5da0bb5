"""A closed dossier becomes one signed package, which is checked without the portal."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoDbBlocker, Settings

from portal.audit import services as audit
from portal.audit.models import AuditEntry
from portal.ca.authority import ceremony, keystore, timestamps
from portal.ca.authority import services as authority
from portal.ca.models import Authority
from portal.core.roles import Role
from portal.documents import services as documents
from requests_app.acts import dossier_act
from requests_app.archive import key, package, services
from requests_app.models import ArchivePackage, Attachment, DossierEvent, OfficialPaper
from requests_app.submission import letters
from requests_app.workflow import Action, State
from tests import builders, story
from tests.documents import small_ca

pytestmark = pytest.mark.django_db(transaction=True)
NOW, DAY = builders.NOW, timedelta(days=1)
Change = Callable[[dict[str, bytes]], object]


@pytest.fixture(autouse=True)
def _key(settings: Settings, tmp_path: Path) -> None:
    settings.ARCHIVE_KEY_DIR = tmp_path / "archive-key"


def closed() -> ArchivePackage:
    """A dossier that has ended, archived."""
    dossier = builders.dossier(state=State.COMPLETED, sent_at=NOW, ended_at=NOW)
    letters.freeze(dossier, story.blank_letter(), now=NOW)
    dossier.save()
    scan = documents.store(b"scan", name="quet.pdf", media_type=documents.PDF, now=NOW)
    Attachment.objects.create(
        dossier=dossier,
        kind=Attachment.Kind.OTHER,
        document=scan,
        added_by=dossier.created_by,
        added_at=NOW,
    )
    for hours, action in enumerate((Action.SIGN, Action.SEAL)):
        DossierEvent.objects.create(
            dossier=dossier,
            action=action,
            source=State.AWAITING_SIGNATURE,
            target=State.SUBMITTED,
            round=1,
            at=NOW + timedelta(hours=hours),
        )
    with transaction.atomic():
        for name in ("create", "sign", "seal"):
            audit.record(dossier_act(f"dossier.{name}", dossier), actor=None, now=NOW)
            other = audit.Act(action="dossier.create", target_type="dossier", target_uuid=None)
            audit.record(other, actor=None, now=NOW)
    assert services.archive_waiting(now=NOW) == 1
    return ArchivePackage.objects.get(dossier=dossier)


def content_of(found: ArchivePackage) -> bytes:
    with default_storage.open(found.path) as file:
        content: bytes = file.read()
    return content


def anchors() -> list[x509.Certificate]:
    return [x509.load_pem_x509_certificate(key.certificate_path().read_bytes())]


def files_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_closed_dossier_is_one_package_with_all_of_it_and_nothing_of_others() -> None:
    found = closed()
    files = files_of(content_of(found))
    verified = package.verify(content_of(found), anchors=anchors(), now=NOW)

    assert verified.dossier == str(found.dossier.uuid)
    assert verified.entries == 4  # create, sign, seal, and that it is archived
    assert [one["action"] for one in json.loads(files[package.HISTORY])] == ["sign", "seal"]
    held = json.loads(files[package.DATA])
    assert held["rows"][0]["answers"] == found.dossier.items.get().answers
    assert [files[one["file"]] for one in held["documents"]] == [story.blank_pdf(), b"scan"]
    entries = json.loads(files[package.AUDIT])["entries"]
    assert {one["target_uuid"] for one in entries} == {str(found.dossier.uuid)}


def test_it_is_made_once_and_its_bytes_follow_from_what_it_holds() -> None:
    found = closed()
    content = content_of(found)
    files = files_of(content)

    assert services.archive_waiting(now=NOW) == 0
    assert package.zipped(dict(reversed(files.items()))) == content
    certificate, private = key.signing_key(now=NOW)
    del files[package.MANIFEST], files[package.SIGNATURE]
    again = package.sealed(
        files, dossier=str(found.dossier.uuid), certificate=certificate, key=private, now=NOW
    )
    assert again == content


def test_a_paper_that_is_still_to_be_delivered_is_waited_for() -> None:
    dossier = builders.dossier(state=State.COMPLETED, sent_at=NOW, ended_at=NOW)
    OfficialPaper.objects.create(
        agency=dossier.agency,
        dossier=dossier,
        kind="refusal",
        made_by=dossier.created_by,
        made_at=NOW,
        updated_at=NOW,
    )

    assert services.archive_waiting(now=NOW) == 0


def test_a_damaged_document_keeps_it_from_being_made_and_is_told() -> None:
    dossier = builders.dossier(state=State.COMPLETED, sent_at=NOW, ended_at=NOW)
    document = letters.freeze(dossier, story.blank_letter(), now=NOW)
    dossier.save()
    default_storage.delete(document.path)

    assert services.archive_waiting(now=NOW) == 0
    assert AuditEntry.objects.filter(action="document.damaged").count() == 1
    assert services.archive_waiting(now=NOW + timedelta(hours=1)) == 0
    assert AuditEntry.objects.filter(action="document.damaged").count() == 1


def test_a_stamped_package_verifies_after_its_certificate_has_ended(settings: Settings) -> None:
    authority.open_for_signing()
    ceremony.set_up(now=NOW)
    timestamps._Loaded.stamper = None
    timestamps.renew(now=NOW)
    signer = small_ca.holder("Ký gói lưu trữ", rsa_key=True, begins=NOW - DAY, ends=NOW + DAY)
    folder = Path(settings.ARCHIVE_KEY_DIR)
    folder.mkdir()
    (folder / "archive.pem").write_bytes(signer.certificate.public_bytes(Encoding.PEM))
    (folder / "archive.key").write_bytes(
        signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )

    content = content_of(closed())
    timestamps._Loaded.stamper = None
    keystore.close()

    of_stamps = x509.load_der_x509_certificate(
        bytes(Authority.objects.get(role=Authority.Role.ROOT).certificate)
    )
    believed, later = [small_ca.root().certificate], NOW + 2 * DAY
    assert package.verify(content, anchors=believed, now=NOW).stamped_at is None
    verified = package.verify(content, anchors=[*believed, of_stamps], now=later)
    assert verified.stamped_at == NOW.replace(microsecond=0)
    with pytest.raises(package.Untrue, match="trust anchors"):
        package.verify(content, anchors=believed, now=later)


def test_a_package_that_was_changed_is_not_handed_out(client: Client) -> None:
    found = closed()
    path = found.path
    ArchivePackage.objects.filter(pk=found.pk).update(sha256="0" * 64)
    client.force_login(found.dossier.created_by)

    address = reverse("requests_app:archive_package", args=[found.dossier.uuid])
    assert client.get(address).status_code == 409
    default_storage.delete(path)
    export = reverse("requests_app:export_archive")
    chosen = {"don-vi": str(found.dossier.agency.uuid)}
    assert client.post(export, chosen).status_code == 409
    assert AuditEntry.objects.filter(action="dossier.package_damaged").count() == 2
    assert not AuditEntry.objects.filter(action="dossier.export_packages").exists()


def refused(content: bytes, believed: list[x509.Certificate]) -> str:
    """Return why a package is refused; "" when it is not."""
    try:
        package.verify(content, anchors=believed, now=NOW)
    except package.Untrue as flaw:
        return str(flaw)
    return ""


def _first_document(files: dict[str, bytes]) -> str:
    return min(name for name in files if name.startswith("documents/"))


def _reorder_history(files: dict[str, bytes]) -> None:
    files[package.HISTORY] = package.as_json(json.loads(files[package.HISTORY])[::-1])


def _audit(change: Callable[[list[dict[str, object]]], object]) -> Change:
    def changed(files: dict[str, bytes]) -> None:
        extract = json.loads(files[package.AUDIT])
        change(extract["entries"])
        files[package.AUDIT] = package.as_json(extract)

    return changed


def _audit_swapped(entries: list[dict[str, object]]) -> None:
    entries[0], entries[1] = entries[1], entries[0]


FORGED: dict[str, Change] = {
    "a byte of a file": lambda files: files.update({_first_document(files): b"%PDF-1.7 other"}),
    "a file removed": lambda files: files.pop(_first_document(files)),
    "a file added": lambda files: files.update({"documents/99-them.pdf": b"x"}),
    "history reordered": _reorder_history,
    "audit reordered": _audit(_audit_swapped),
    "an entry removed": _audit(lambda entries: entries.pop(1)),
    "an entry altered": _audit(lambda entries: entries[1].update(actor_name="Người khác")),
    "the manifest": lambda files: files.update(
        {package.MANIFEST: files[package.MANIFEST].replace(b"20", b"21", 1)}
    ),
    "no signature": lambda files: files.pop(package.SIGNATURE),
}


def test_whatever_is_changed_in_it_is_found(tmp_path: Path, settings: Settings) -> None:
    found = closed()
    content, believed = content_of(found), anchors()

    for what, change in FORGED.items():
        files = files_of(content)
        change(files)
        assert refused(package.zipped(files), believed), what
    settings.ARCHIVE_KEY_DIR = tmp_path / "a forger's"
    certificate, private = key.signing_key(now=NOW)
    files = files_of(content)
    del files[package.MANIFEST], files[package.SIGNATURE]
    forged = package.sealed(
        files, dossier=str(found.dossier.uuid), certificate=certificate, key=private, now=NOW
    )
    assert "trust anchors" in refused(forged, believed)
    # Signed anew with the right key, the audit still speaks against who altered it.
    settings.ARCHIVE_KEY_DIR = tmp_path / "archive-key"
    certificate, private = key.signing_key(now=NOW)
    for what in ("audit reordered", "an entry removed", "an entry altered"):
        files = files_of(content)
        FORGED[what](files)
        del files[package.MANIFEST], files[package.SIGNATURE]
        forged = package.sealed(
            files, dossier=str(found.dossier.uuid), certificate=certificate, key=private, now=NOW
        )
        assert package.AUDIT in refused(forged, believed), what


def test_no_byte_of_it_can_be_another(tmp_path: Path) -> None:
    content, believed = content_of(closed()), anchors()

    for place in range(0, len(content), len(content) // 150):
        changed = bytearray(content)
        changed[place] ^= 1
        assert refused(bytes(changed), believed), place
    assert refused(content[:-1], believed)
    assert refused(content + b"\0", believed)
    files = files_of(content)
    signature = files[package.SIGNATURE]
    for place in (*range(60), *range(60, len(signature), 23)):
        changed = bytearray(signature)
        changed[place] ^= 1
        files[package.SIGNATURE] = bytes(changed)
        assert refused(package.zipped(files), believed), place


def test_the_command_needs_no_database(
    tmp_path: Path, django_db_blocker: DjangoDbBlocker, settings: Settings
) -> None:
    settings.TRUST_ANCHORS = tmp_path / "none"
    settings.TRUST_ANCHORS.mkdir()
    file = tmp_path / "a.zip"
    file.write_bytes(content_of(closed()))
    said = StringIO()

    with django_db_blocker.block():
        call_command("verify_package", str(file), stdout=said)
        file.write_bytes(file.read_bytes()[:-7])
        with pytest.raises(CommandError):
            call_command("verify_package", str(file), stdout=said)

    assert "As it was signed" in said.getvalue()


@pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl at hand")
def test_openssl_accepts_its_signature(tmp_path: Path) -> None:
    files = files_of(content_of(closed()))
    for name in (package.MANIFEST, package.SIGNATURE):
        (tmp_path / name).write_bytes(files[name])

    def checked() -> int:
        command = (
            f"openssl cms -verify -binary -inform DER -in {package.SIGNATURE} "
            f"-content {package.MANIFEST} -CAfile {key.certificate_path()} "
            "-purpose any -out /dev/null"
        )
        done = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, check=False)
        return done.returncode

    assert checked() == 0
    (tmp_path / package.MANIFEST).write_bytes(files[package.MANIFEST] + b" ")
    assert checked() != 0


def test_a_clerk_takes_one_package_and_exports_all_of_the_body(client: Client) -> None:
    found = closed()
    client.force_login(found.dossier.created_by)
    detail = client.get(reverse("requests_app:detail", args=[found.dossier.uuid])).text
    address = reverse("requests_app:archive_package", args=[found.dossier.uuid])
    listed = client.get(reverse("requests_app:archive")).text

    assert f'href="{address}"' in detail
    assert found.name in listed
    assert "chưa rõ căn cứ" in listed
    assert client.get(address).getvalue() == content_of(found)
    exported = client.post(
        reverse("requests_app:export_archive"), {"don-vi": str(found.dossier.agency.uuid)}
    )
    assert files_of(exported.getvalue()) == {found.name: content_of(found)}
    entry = AuditEntry.objects.get(action="dossier.export_packages")
    assert entry.data == {"dossiers": [str(found.dossier.uuid)]}


def test_the_list_says_what_is_past_its_period_and_by_which_text(
    client: Client, settings: Settings
) -> None:
    settings.ARCHIVE_RETENTION_YEARS, settings.ARCHIVE_RETENTION_SOURCE = 10, "Quyết định 1"
    found = closed()
    client.force_login(found.dossier.created_by)
    address = reverse("requests_app:archive")

    assert "Đã hết thời hạn lưu" not in client.get(address).text
    type(found.dossier).objects.update(ended_at=NOW - timedelta(days=366 * 12))
    page = client.get(address).text
    assert "Đã hết thời hạn lưu" in page
    assert "Quyết định 1" in page


def test_another_body_gets_none(client: Client) -> None:
    found = closed()
    client.force_login(builders.user(Role.CLERK))
    address = reverse("requests_app:archive_package", args=[found.dossier.uuid])

    assert client.get(address).status_code == 404
    assert found.name not in client.get(reverse("requests_app:archive")).text
    export = reverse("requests_app:export_archive")
    chosen = {"don-vi": str(found.dossier.agency.uuid)}
    assert client.post(export, chosen).status_code == 404
