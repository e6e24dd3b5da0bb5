"""Mẫu 03 through HTTP: from a request file to a certificate that openssl knows by its key."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from portal.ca.models import Certificate
from portal.ca.register import services as ca
from requests_app.drafts.cells import cell_name, file_input
from requests_app.execution import services as execution
from requests_app.models import Dossier
from requests_app.workflow import State
from tests import builders, story
from tests.flows.visitor import Visitor

NAME, DOMAIN = "CỔNG DỊCH VỤ CÔNG TỈNH LAI CHÂU", "dichvucong.laichau.gov.vn"


def openssl(*arguments: str | Path) -> str:
    done = subprocess.run(
        ["openssl", *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _request(folder: Path) -> Path:
    """The agency's own software makes key and request; the key stays where it is."""
    request = folder / "cong-dich-vu.csr"
    openssl(
        "req", "-new", "-newkey", "rsa:3072", "-nodes", "-utf8", "-sha256",
        "-keyout", folder / "khoa.pem", "-out", request,
        "-subj", f"/C=VN/O=Ghi nham/CN={NAME}", "-addext", f"subjectAltName=DNS:{DOMAIN}",
    )  # fmt: skip
    return request


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is missing")
@pytest.mark.usefixtures("ca")
def test_a_request_file_becomes_a_certificate_with_its_key_and_domain(tmp_path: Path) -> None:
    people = story.able_to_sign(story.cast(), now=timezone.now())
    clerk = Visitor(people.clerk)

    dossier = _drafted(clerk, people, _request(tmp_path))
    _sign_and_send(people, clerk, dossier)
    _decide(people, dossier)
    assert execution.execute_accepted(now=timezone.now()) == 1

    dossier.refresh_from_db()
    assert dossier.state == State.COMPLETED
    _check_certificate(clerk, tmp_path)


def _drafted(clerk: Visitor, people: story.Cast, request: Path) -> Dossier:
    clerk.open("/ho-so/lap-moi/").press("Tiếp tục", need="mau_03_system")
    dossier = Dossier.objects.get(kind="mau_03_system")
    path = f"/ho-so/{dossier.uuid}/soan/"
    clerk.open(path)
    if not dossier.items.exists():
        clerk.press("Thêm dòng")
    item = dossier.items.get()
    row = builders.system_answers(people.agency.name)
    cells: dict[str, Any] = {
        cell_name(item.uuid, name): value for name, value in row.items() if name != "csr"
    }
    clerk.open(path).press("Lưu", **cells)
    assert "Khóa mềm cần tệp đề nghị PKCS#10" in clerk.words()

    junk = SimpleUploadedFile("cong.pem", b"\x30\x82 khong phai")
    clerk.press("Đọc tệp", files={file_input(item.uuid): junk})
    assert "Tệp có đuôi .pem nhưng nội dung không phải dạng đó" in clerk.html
    item.refresh_from_db()
    assert not item.answers.get("csr")

    file = SimpleUploadedFile("cong-dich-vu.csr", request.read_bytes())
    clerk.press("Đọc tệp", files={file_input(item.uuid): file})
    assert "RSA-3072, SHA-256" in clerk.html
    assert "Còn 1 ô cần sửa" not in clerk.html
    clerk.open(f"/ho-so/{dossier.uuid}/soan/van-ban/")
    contact: dict[str, Any] = {f"contact_{name}": value for name, value in story.CONTACT.items()}
    day = f"{timezone.localdate():%d/%m/%Y}"
    clerk.press("Lưu", **contact, letter_number="12/UBND-VHXH", letter_date=day)
    return dossier


def _sign_and_send(people: story.Cast, clerk: Visitor, dossier: Dossier) -> None:
    clerk.open(f"/ho-so/{dossier.uuid}/kiem-tra/").press("Trình lãnh đạo ký")
    Visitor(people.head).open(f"/ho-so/{dossier.uuid}/ky/").press("Ký", pin=story.PIN)
    clerk.open(f"/ho-so/{dossier.uuid}/ky/").press("gửi", pin=story.PIN)
    dossier.refresh_from_db()
    assert dossier.state == State.SUBMITTED, clerk.words()


def _decide(people: story.Cast, dossier: Dossier) -> None:
    Visitor(people.officer).open(f"/ho-so/{dossier.uuid}/xem-xet/").press("Chuyển Cục")
    operator = Visitor(people.operator).open(f"/ho-so/{dossier.uuid}/xem-xet/")
    operator.press("Chấp nhận mọi dòng")
    operator.press("Trình phê duyệt")
    Visitor(people.supervisor).open(f"/ho-so/{dossier.uuid}/phe-duyet/").press("Phê duyệt")


def _check_certificate(clerk: Visitor, folder: Path) -> None:
    made = Certificate.objects.get(kind="system")
    clerk.open(f"/chung-thu/{made.uuid}/")
    assert DOMAIN in clerk.words()
    assert made.key.fingerprint.upper() in clerk.words()
    file = folder / "chung-thu.pem"
    answer = clerk.client.get(f"/chung-thu/{made.uuid}/chung-thu.cer")
    file.write_text(ca.pem(answer.getvalue()))
    asked = folder / "cong-dich-vu.csr"

    assert openssl("x509", "-in", file, "-pubkey", "-noout") == openssl(
        "req", "-in", asked, "-pubkey", "-noout"
    )
    told = openssl("x509", "-in", file, "-noout", "-text", "-nameopt", "utf8,-esc_msb")
    assert f"DNS:{DOMAIN}" in told
    assert "TLS Web Server Authentication" in told
    assert NAME in told
    assert "Ghi nham" not in told
    root, issuing = folder / "root.pem", folder / "issuing.pem"
    above = ca.chain()
    issuing.write_text(ca.pem(above[0]))
    root.write_text(ca.pem(above[1]))
    openssl("verify", "-CAfile", root, "-untrusted", issuing, file)
