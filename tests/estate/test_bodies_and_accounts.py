"""Lists of bodies and of accounts come in: the one by the office, the other by two people more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine
from django.urls import reverse

from portal.accounts import services as accounts
from portal.accounts.models import RoleGrant, User
from portal.agencies.models import Agency, Signer
from portal.ca.models import Certificate
from portal.core.roles import Role
from portal.estate import services
from portal.estate.models import Verdict
from tests import builders, story
from tests.builders import NOW
from tests.estate import made
from tests.estate.made import carried, codes, hand_in
from tests.story import Cast

pytestmark = pytest.mark.django_db
HEAD = (
    "Tên đơn vị", "Mã định danh", "Cách viết khác", "Cơ quan cấp trên", "Con dấu", "Tên miền thư",
    "Người ký",
)  # fmt: skip
BODY = "Trung tâm Y tế huyện Mường Thử"
UNIT = "Trạm Y tế xã Mường Thử"


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def people() -> Cast:
    return story.cast()


def test_bodies_come_in_with_what_hangs_on_them_and_people_find_them(people: Cast) -> None:
    listed = made.csv(
        HEAD,
        (UNIT, "", "", BODY, "Không", "", ""),  # below stands before above
        (BODY, "H12.77", BODY.upper(), "", "Có", "@laichau.gov.vn", "Lò Văn Ký"),
        (people.agency.name, "H12.78", "", "", "", "", ""),
        ("Phòng Không Ai", "", "", "Cấp Trên Không Có", "Không", "", ""),
    )
    held = made.csv(
        ("Họ tên", "Đơn vị", "Số serial", "Hết hạn"),
        ("Lò Thị Hai", UNIT, "ABCD0001", "01/01/2028"),
    )
    delivery = hand_in(people.officer, ("don-vi.csv", listed), ("ds.csv", held))
    assert delivery.counts == {
        Verdict.NEW: 3, Verdict.CHANGED: 1, Verdict.REFUSED: 1, "carried": 0, "rows": 5,
    }  # fmt: skip
    assert "unknown_parent" in codes(delivery, 5)
    assert not Agency.objects.filter(name=BODY).exists()

    carried(delivery, people.officer)

    above, below = Agency.objects.get(name=BODY), Agency.objects.get(name=UNIT)
    assert (below.parent, below.has_seal, below.office) == (above, False, people.agency.office)
    version = above.versions.get()
    assert version.agency_code == "H12.77"
    assert (version.email_domain, version.place) == ("laichau.gov.vn", "Lai Châu")
    assert below.versions.get().place == "Mường Thử"
    assert (version.capital_name, version.names_checked_at) == (BODY.upper(), NOW)
    assert Signer.objects.get(agency=above).name == "Lò Văn Ký"
    assert people.agency.versions.get(valid_until=None).agency_code == "H12.78"
    assert Certificate.objects.get().agency == below
    again = hand_in(people.officer, ("don-vi.csv", listed))
    assert again.counts[Verdict.SAME] == 3
    assert not services.to_carry(again).exists()


def test_a_body_goes_out_again_unless_something_stands_on_it(people: Cast) -> None:
    listed = made.csv(HEAD, (BODY, "H12.77", "", "", "Có", "", "Lò Văn Ký"), (UNIT, *[""] * 6))
    delivery = carried(hand_in(people.officer, ("a.csv", listed)), people.officer)
    builders.user(Role.CLERK, agency=Agency.objects.get(name=UNIT))

    services.undo(delivery, actor=people.officer, now=NOW)
    made.worked(delivery)

    assert delivery.counts["gone_kept"] == 1
    assert not Agency.objects.filter(name=BODY).exists()
    assert Agency.objects.filter(name=UNIT).exists()


def test_accounts_come_in_as_proposals_for_two_administrators(people: Cast) -> None:
    head = ("Tên đăng nhập", "Họ tên", "CCCD", "Email", "Đơn vị", "Vai trò")
    body = people.agency.name
    listed = made.csv(
        head,
        ("vanthu.thu", "Lò Văn Thư", "012090000071", "thu@laichau.gov.vn", body, "Văn thư"),
        ("x", "Lò Văn Ích", "012090000072", "x@gmail.com", body, "Văn thư"),
        ("y", "Lò Văn Y", "012090000073", "y@laichau.gov.vn", body, "Chuyên viên Sở"),
        ("z", "Lò Văn Dét", "012090000074", "z@laichau.gov.vn", body, "Phù thủy"),
        ("hai.thu", "Lò Văn Khác", "012090000071", "k@laichau.gov.vn", body, "Văn thư"),
    )
    delivery = hand_in(people.officer, ("tk.csv", listed))
    assert [codes(delivery, number) for number in range(2, 6)] == [
        set(), {"not_official_email"}, {"role_of_other_bodies"}, {"unknown_role"},
    ]  # fmt: skip
    carried(delivery, people.officer)
    assert not User.objects.filter(username="vanthu.thu").exists()

    first, second = (builders.user(Role.ADMINISTRATOR) for _number in range(2))
    for one in (first, second):
        one.person = builders.person(f"Quản Trị {one.pk}", at=one.agency)
        one.save()
    page = made.browser(first).get(reverse("estate:accounts"))
    assert "vanthu.thu" in page.text
    assert reverse("estate:accounts") in made.browser(first).get(reverse("home")).text
    made.browser(first).post(reverse("estate:accounts"))
    grant = RoleGrant.objects.get()
    account = User.objects.get(username="vanthu.thu")
    assert (grant.user, grant.role, account.is_active) == (account, Role.CLERK, False)
    assert "account_refused" in codes(delivery, 6)  # one number, two names
    accounts.confirm_role(grant, actor=second, now=NOW)
    account.refresh_from_db()
    assert (account.is_active, account.agency) == (True, people.agency)
    assert "vanthu.thu" not in made.browser(first).get(reverse("estate:accounts")).text


def test_who_signs_comes_in_with_form_title_and_the_document_that_says_so(people: Cast) -> None:
    head = ("Tên đơn vị", "Mã định danh", "Con dấu", "Chức vụ người đứng đầu", "Người ký",
            "Cấp phó ký thay", "Ký thừa lệnh", "Văn bản giao ký", "Mẫu được ký")  # fmt: skip
    row = [BODY, "H12.77", "Có", "Giám đốc", "Lò Văn Ký", "Lò Văn Hai; Vàng Thị Ba (Phó GĐ)"]
    listed = made.workbook(
        head,
        [*row, "Tẩn A Tư (Trưởng phòng)", "QĐ 12/QĐ-TTYT", "Mẫu 01, 05"],
        [
            "Trạm Không Văn Bản",
            "H12.79",
            "Có",
            "Trưởng trạm",
            "",
            "",
            "Tẩn A Năm (Y sĩ)",
            "",
            "Mẫu 01",
        ],
    )
    delivery = hand_in(people.officer, ("don-vi.xlsx", listed))
    assert codes(delivery, 3) == {"body_violation"}  # an order without its document
    carried(delivery, people.officer)
    told = Signer.objects.filter(agency=Agency.objects.get(name=BODY))
    assert set(told.values_list("name", "form", "title", "document")) == {
        ("Lò Văn Ký", "head", "GIÁM ĐỐC", ""),
        ("Lò Văn Hai", "deputy", "PHÓ GIÁM ĐỐC", "QĐ 12/QĐ-TTYT"),
        ("Vàng Thị Ba", "deputy", "PHÓ GĐ", "QĐ 12/QĐ-TTYT"),
        ("Tẩn A Tư", "by_order", "TRƯỞNG PHÒNG", "QĐ 12/QĐ-TTYT"),
    }
    assert told.get(form="by_order").papers == ["01", "05"]
    again = hand_in(people.officer, ("don-vi.xlsx", listed))
    assert again.counts[Verdict.SAME] == 1
