"""Reading the text of a subject."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from orgmerge.planner.names import key
from orgmerge.planner.subjects import Subjects
from portal.ca.pki.names import SubjectName, readable, x509_name

PROVINCE = "ỦY BAN NHÂN DÂN TỈNH QUẢNG NGÃI"
COMMUNE = "ỦY BAN NHÂN DÂN XÃ ĐĂK HÀ"


def text(*levels: str, name: str = "Lò Văn Thử") -> str:
    subject = SubjectName(
        common_name=name, organisation_levels=levels, locality="Quảng Ngãi", email="a@b.gov.vn"
    )
    return readable(x509_name(subject))


def test_a_person_is_named_under_the_levels_and_the_province() -> None:
    names, shows_title = Subjects().read(text(PROVINCE, COMMUNE), kind="person")

    assert names == {key(PROVINCE), key(COMMUNE), key("Quảng Ngãi")}
    assert not shows_title


def test_an_organisation_is_named_itself_as_well() -> None:
    names, _title = Subjects().read(text(PROVINCE, name=COMMUNE), kind="organisation")

    assert names == {key(PROVINCE), key(COMMUNE), key("Quảng Ngãi")}


def test_a_system_is_no_body() -> None:
    names, _title = Subjects().read(text(PROVINCE, name="MỘT CỬA"), kind="system")

    assert key("MỘT CỬA") not in names


def test_commas_and_quotes_in_a_name_are_part_of_it() -> None:
    odd = 'TRUNG TÂM "VĂN HÓA, THỂ THAO" + DU LỊCH'

    names, _title = Subjects().read(text(PROVINCE, odd, name=f"A, {odd}"), kind="organisation")

    assert names == {key(PROVINCE), key(odd), key(f"A, {odd}"), key("Quảng Ngãi")}


def test_the_order_of_the_parts_is_another_on_old_certificates() -> None:
    old = "CN=CỤC THUẾ, O=BỘ TÀI CHÍNH, L=Hà Nội, C=VN"

    names, _title = Subjects().read(old, kind="organisation")

    assert names == {key("CỤC THUẾ"), key("BỘ TÀI CHÍNH"), key("Hà Nội")}


@pytest.mark.parametrize("oid", [NameOID.TITLE])
def test_a_title_is_seen_as_the_portal_itself_writes_it(oid: x509.ObjectIdentifier) -> None:
    name = x509.Name(
        [
            *x509_name(SubjectName(common_name="A", organisation_levels=("B",), locality="C")),
            x509.NameAttribute(oid, "Chủ tịch"),
        ]
    )

    assert Subjects().read(readable(name), kind="person")[1]


@pytest.mark.parametrize("title", ["T=staff", "title=staff", "2.5.4.12=staff"])
def test_a_title_is_seen_before_and_after_the_name(title: str) -> None:
    for subject in (f"C=VN, O=B, {title}, CN=A", f"C=VN, O=B, CN=A, {title}"):
        assert Subjects().read(subject, kind="person") == (frozenset({"b"}), True)


def test_what_a_body_is_called_is_read_once_for_all_its_people() -> None:
    subjects = Subjects()

    first, _title = subjects.read(text(PROVINCE, name="A"), kind="person")
    second, _title = subjects.read(text(PROVINCE, name="B"), kind="person")

    assert first is second
