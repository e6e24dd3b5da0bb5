"""A list of communes: expanded to bodies, looked through by a person, taken over."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from orgmerge.body_lists import services as body_lists
from orgmerge.body_lists.sheets import COMMUNES
from orgmerge.description import checks
from orgmerge.models import BodyList, Merger
from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.core.rules import Refused
from tests import builders
from tests.builders import NOW
from tests.orgmerge import builders as mergers

pytestmark = pytest.mark.django_db

DAY = "2026-12-01"


@pytest.fixture
def merger(officer: User) -> Merger:
    return mergers.merger(officer, kind="mixed")


def line(old: str, new: str, *, extent: str = "whole", to: str = "Tỉnh Lai Châu") -> str:
    cells = ("", old, "Huyện Thử", "12", "Tỉnh Lai Châu", extent, "", new, "12", to, DAY)
    return ",".join(cells)


def upload(merger: Merger, *lines: str) -> BodyList:
    merger.refresh_from_db()
    return body_lists.upload(
        merger,
        "\n".join([",".join(COMMUNES), *lines]).encode(),
        file_name="xa.csv",
        actor=merger.created_by,
        now=NOW,
        version=merger.version,
    )


def acting(of: BodyList) -> dict[str, object]:
    of.refresh_from_db()
    return {"actor": of.made_by, "now": NOW, "version": of.version}


def bodies_of(office: Agency, commune: str) -> list[Agency]:
    committee = builders.agency(f"ỦY BAN NHÂN DÂN {commune}", office=office)
    school = builders.agency(f"TRƯỜNG MẦM NON {commune}", office=office, parent=committee)
    council = builders.agency(f"HỘI ĐỒNG NHÂN DÂN {commune}", office=office)
    return [committee, council, school]


def test_a_commune_is_not_a_body_its_bodies_are_listed(merger: Merger) -> None:
    committee, council, school = bodies_of(merger.office, "XÃ MỘT")

    made = upload(merger, line("Xã Một", "Xã Ba"))

    assert made.kind == BodyList.Kind.COMMUNES
    rows = [(row.old, row.new, row.new_name) for row in made.rows.all()]
    assert rows == [
        (committee, None, "ỦY BAN NHÂN DÂN XÃ BA"),
        (council, None, "HỘI ĐỒNG NHÂN DÂN XÃ BA"),
        (school, school, school.name),
    ]
    assert made.rows.get(number=1).source == "dòng 2: Xã Một → Xã Ba"


def test_nothing_of_an_expansion_is_taken_over_unseen(merger: Merger) -> None:
    bodies_of(merger.office, "XÃ MỘT")
    made = upload(merger, line("Xã Một", "Xã Ba"))

    with pytest.raises(Refused) as refusal:
        body_lists.accept_list(made, **acting(made))  # type: ignore[arg-type]
    body_lists.mark(made, [1, 2], does="review", **acting(made))  # type: ignore[arg-type]
    body_lists.mark(made, [3], does="drop", **acting(made))  # type: ignore[arg-type]
    count = body_lists.accept_list(made, **acting(made))  # type: ignore[arg-type]

    assert [one.code for one in refusal.value.violations] == ["not_reviewed"]
    assert count == 2
    # The school was dropped from the list; that it gets another superior follows all the same.
    assert merger.shares.filter(is_implied=True).count() == 1


def test_what_could_not_be_told_stands_in_the_list_as_an_error(merger: Merger) -> None:
    bodies_of(merger.office, "XÃ MỘT")

    made = upload(
        merger,
        line("Xã Một", "Xã Ba"),
        line("Xã Lạ", "Xã Ba"),
        line("", "Xã Ba"),
        line("Xã Một", "Xã Tư", extent="half"),
    )

    bad = {
        (row.source.partition(":")[0], found["code"])
        for row in made.rows.filter(is_bad=True)
        for found in row.problems
    }
    assert {
        ("dòng 3", "no_such_body"),
        ("dòng 4", "old_missing"),
        ("dòng 5", "bad_extent"),
    } <= bad


def test_a_divided_commune_leaves_its_school_to_a_persons_word(merger: Merger) -> None:
    _committee, _council, school = bodies_of(merger.office, "XÃ MỘT")
    made = upload(
        merger,
        line("Xã Một", "Xã Ba", extent="Một phần"),
        line("Xã Một", "Xã Tư", extent="Một phần"),
    )
    numbers = list(made.rows.values_list("number", flat=True))
    body_lists.mark(made, numbers, does="review", **acting(made))  # type: ignore[arg-type]

    body_lists.accept_list(made, **acting(made))  # type: ignore[arg-type]

    found = checks.contradictions_of(merger)
    assert [one.code for one in found] == ["superior_not_said"]
    assert found[0].row == merger.shares.get(old=school).position
    assert "chưa rõ trực thuộc ai" in made.rows.get(old=school).source


def test_communes_of_an_abolished_district_stand_under_what_was_above_it(merger: Merger) -> None:
    province = builders.agency("ỦY BAN NHÂN DÂN TỈNH LAI CHÂU", office=merger.office)
    district = builders.agency("ỦY BAN NHÂN DÂN HUYỆN THỬ", office=merger.office, parent=province)
    for name in ("XÃ MỘT", "XÃ HAI"):
        builders.agency(f"ỦY BAN NHÂN DÂN {name}", office=merger.office, parent=district)
    made = upload(merger, line("Xã Một", "Xã Ba"), line("Xã Hai", "Xã Tư"))
    numbers = list(made.rows.values_list("number", flat=True))
    body_lists.mark(made, numbers, does="review", **acting(made))  # type: ignore[arg-type]

    body_lists.accept_list(made, **acting(made))  # type: ignore[arg-type]

    assert {body.parent for body in merger.bodies.all()} == {province}
    assert checks.contradictions_of(merger) == []


def test_a_commune_that_goes_to_another_province_says_so(merger: Merger) -> None:
    builders.agency("ỦY BAN NHÂN DÂN XÃ MỘT", office=merger.office)
    made = upload(merger, line("Xã Một", "Xã Ba", to="Tỉnh Lào Cai"))
    body_lists.mark(made, [1], does="review", **acting(made))  # type: ignore[arg-type]

    body_lists.accept_list(made, **acting(made))  # type: ignore[arg-type]

    assert merger.bodies.get().province == "Lào Cai"
    assert merger.bodies.get().name == "ỦY BAN NHÂN DÂN XÃ BA"


def test_an_officer_looks_a_list_through_page_by_page(merger: Merger, officer: User) -> None:
    for number in range(20):
        bodies_of(merger.office, f"XÃ SỐ {number}")
    lines = [line(f"Xã số {number}", "Xã Chung") for number in range(20)]
    made = upload(merger, *lines, line("Xã Lạ", "Xã Chung"))
    client = Client()
    client.force_login(officer)
    url = reverse("orgmerge:body_list", args=[merger.uuid, made.uuid])

    def press(page: int, does: str, **data: object) -> object:
        made.refresh_from_db()
        shown = client.get(url, {"page": page}).context["page"].object_list
        sent = {"do": does, "version": made.version, "shown": [row.number for row in shown]}
        return client.post(f"{url}?page={page}", sent | data)

    first = client.get(url)
    for page in (1, 2):
        press(page, "review", whole_page="1")
    refused = press(1, "import")
    press(1, "drop_bad")
    stale = client.post(url, {"do": "import", "version": 1})
    done = press(1, "import")

    assert first.context["total"] == 61
    assert (first.context["bad"], first.context["unseen"]) == (1, 61)
    assert 'data-code="bad_rows"' in refused.content.decode()  # type: ignore[attr-defined]
    assert stale.status_code == 409
    assert done.headers["Location"] == reverse("orgmerge:detail", args=[merger.uuid])  # type: ignore[attr-defined]
    assert merger.shares.filter(is_implied=False).count() == 60


def test_a_row_is_mended_on_its_page_until_it_is_right(merger: Merger, officer: User) -> None:
    body = builders.agency("UBND XÃ MỘT", office=merger.office)
    made = mergers.body_list(merger, body)
    client = Client()
    client.force_login(officer)
    url = reverse("orgmerge:list_row", args=[merger.uuid, made.uuid, 1])
    typed = {"old_agency": "UBND XÃ MỐT", "new_name": "UBND XÃ BA", "extent": "partly"}

    wrong = client.post(url, typed | {"version": 1})
    right = client.post(url, typed | {"old_agency": "UBND xã Một", "version": 2})

    assert 'data-code="no_such_body"' in wrong.content.decode()
    assert 'value="UBND XÃ MỐT"' in wrong.content.decode()
    assert right.status_code == 302
    row = made.rows.get()
    assert (row.old, row.extent, row.is_bad) == (body, "partly", False)
    assert row.reviewed_at is not None


def test_a_file_is_uploaded_and_a_damaged_one_is_told(merger: Merger, officer: User) -> None:
    client = Client()
    client.force_login(officer)
    url = reverse("orgmerge:upload", args=[merger.uuid])

    def send(name: str, content: bytes, version: int = 1) -> int:
        file = SimpleUploadedFile(name, content)
        return client.post(url, {"file": file, "version": version}).status_code

    assert send("a.xlsx", b"PK\x03\x04") == 200
    assert send("a.csv", b"old_agency,new_name\nX,Y\n", version=9) == 409
    assert not merger.lists.exists()
    assert send("a.csv", b"old_agency,new_name\nX,Y\n") == 302
    assert client.get(reverse("orgmerge:sheet_template", args=["communes"])).status_code == 200
    assert client.get(reverse("orgmerge:sheet_template", args=["x"])).status_code == 404


def test_bodies_that_share_a_name_already_do_not_contradict_each_other(merger: Merger) -> None:
    for _ in range(2):
        committee = builders.agency("ỦY BAN NHÂN DÂN XÃ MỘT", office=merger.office)
        school = builders.agency("TRƯỜNG SỐ 1", office=merger.office, parent=committee)
        mergers.share(merger, school, mergers.body(merger, school.name, agency=school))

    found = [one.code for one in checks.contradictions_of(merger)]

    assert "two_targets_of_one_name" not in found


def test_a_school_of_a_divided_commune_stands_where_the_list_says(merger: Merger) -> None:
    _committee, _council, school = bodies_of(merger.office, "XÃ MỘT")
    made = upload(
        merger,
        line("Xã Một", "Xã Ba", extent="Một phần"),
        line("Xã Một", "Xã Tư", extent="Một phần"),
    )
    row = made.rows.get(old=school)
    said = {"superior": "UBND xã Lạ"}
    wrong = body_lists.save_row(made, row.number, said, **acting(made))  # type: ignore[arg-type]
    problems = [found["code"] for found in wrong.problems]
    said = {"superior": "Xã Tư"}
    body_lists.save_row(made, row.number, said, **acting(made))  # type: ignore[arg-type]
    numbers = list(made.rows.values_list("number", flat=True))
    body_lists.mark(made, numbers, does="review", **acting(made))  # type: ignore[arg-type]

    body_lists.accept_list(made, **acting(made))  # type: ignore[arg-type]

    assert problems == ["no_such_superior"]
    assert merger.bodies.get(agency=school).parent_body.name == "ỦY BAN NHÂN DÂN XÃ TƯ"  # type: ignore[union-attr]
    assert checks.contradictions_of(merger) == []


def test_two_names_under_one_code_are_not_two_bodies_of_a_list(merger: Merger) -> None:
    bodies_of(merger.office, "XÃ MỘT")
    bodies_of(merger.office, "XÃ HAI")
    rows = (
        "ỦY BAN NHÂN DÂN XÃ MỘT,H35.12.1,UBND XÃ BA,whole",
        "ỦY BAN NHÂN DÂN XÃ HAI,H35.12.1,UBND XÃ BA MỚI,whole",
    )
    made = body_lists.upload(
        merger,
        "\n".join(["old_agency,new_agency,new_name,extent", *rows]).encode("utf-16"),
        file_name="don-vi.csv",
        actor=merger.created_by,
        now=NOW,
        version=merger.version,
    )

    found = [[one["code"] for one in row.problems] for row in made.rows.all()]

    assert found == [[], ["code_with_two_names"]]


def test_a_refused_row_of_a_list_says_why_where_it_stands(merger: Merger) -> None:
    bodies_of(merger.office, "XÃ MỘT")

    made = upload(merger, line("Xã Một", "Xã Ba"), line("Xã Một", "Xã Tư"))

    sources = set(made.rows.values_list("source", flat=True))
    assert sources == {
        f"dòng {row}: Xã Một → Xã {new} – xã cũ ghi chuyển toàn bộ mà có nhiều dòng; chia thì ghi "
        "partly cả: dòng 2, 3"
        for row, new in ((2, "Ba"), (3, "Tư"))
    }
    assert made.rows.filter(is_bad=True).count() == 2
