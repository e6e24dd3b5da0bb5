"""A subject read back from a certificate is the one it was made of."""

from __future__ import annotations

from datetime import datetime

import pytest

from portal.ca.pki.names import SubjectName, subject_of
from tests.ca import builders

pytestmark = pytest.mark.usefixtures("ca")

LONG = SubjectName(
    common_name="Ằ" * 64,
    organisation_levels=("ỦY BAN NHÂN DÂN TỈNH LAI CHÂU", "Cơ quan, có dấu phẩy", "A", "B"),
    locality="Lai Châu",
    email="thu@laichau.gov.vn",
)


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        ("person", builders.TEACHER),
        ("person", LONG),
        ("organisation", SubjectName(common_name="A", organisation_levels=(), locality="")),
        (
            "organisation",
            SubjectName(
                common_name="SỞ KHOA HỌC VÀ CÔNG NGHỆ",
                organisation_levels=("ỦY BAN NHÂN DÂN TỈNH LAI CHÂU",),
                locality="Lai Châu",
                tax_code="6200000001-001",
            ),
        ),
        (
            "system",
            SubjectName(
                common_name="CỔNG DỊCH VỤ CÔNG",
                organisation_levels=("ỦY BAN NHÂN DÂN TỈNH LAI CHÂU",),
                locality="Lai Châu",
                email="qt@laichau.gov.vn",
                domain="dichvucong.laichau.gov.vn",
            ),
        ),
        (
            "system",
            SubjectName(
                common_name="MÁY CHỦ", organisation_levels=("A",), locality="Huế", domain="10.0.0.7"
            ),
        ),
    ],
)
def test_a_subject_is_read_back_as_it_was_written(
    now: datetime, kind: str, subject: SubjectName
) -> None:
    asked = builders.order(builders.key(now=now), now=now, kind=kind, subject=subject)
    answer = builders.issue(asked, now=now)
    assert answer.der is not None, answer.error

    assert subject_of(answer.der) == subject


def test_a_bodys_tax_code_stands_as_its_identifier(now: datetime) -> None:
    body = SubjectName(common_name="A", organisation_levels=(), locality="", tax_code="6200000001")
    made = builders.certificate(now=now, kind="organisation", subject=body)

    assert made.subject == "C=VN, organizationIdentifier=VATVN-6200000001, CN=A"
