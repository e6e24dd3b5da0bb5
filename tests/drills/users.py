"""Twenty people at work through HTTP, each in a thread, none of whom waits for another's page."""

from __future__ import annotations

import itertools
import random
import re
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from portal.accounts.models import User
from requests_app import kinds, spreadsheets
from tests import builders, story
from tests.amounts import amount
from tests.drills.http_client import HttpClient
from tests.flows.visitor import Visitor

SHEET = Path(__file__).parents[1] / "data" / "import_19_columns_clean.xlsx"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
WAIT = amount("DRILL_PRINTING", short=600, long=600)  # seconds for a long letter on paper
_numbers = itertools.count(1)


@dataclass(slots=True)
class Desks:
    """What one has left for the next, and what the portal said was done."""

    base: str
    until: float = 0
    to_sign: dict[str, SimpleQueue[str]] = field(default_factory=dict)
    to_seal: dict[str, SimpleQueue[str]] = field(default_factory=dict)
    to_forward: SimpleQueue[str] = field(default_factory=SimpleQueue)
    to_decide: SimpleQueue[str] = field(default_factory=SimpleQueue)
    to_confirm: SimpleQueue[str] = field(default_factory=SimpleQueue)
    steps: dict[str, list[str]] = field(default_factory=dict)
    handed_over: list[str] = field(default_factory=list)
    typed: dict[str, str] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    preferences: dict[str, str] = field(default_factory=dict)
    clients: list[HttpClient] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    acts: dict[str, int] = field(default_factory=dict)

    def client(self, *, jar: CookieJar | None = None) -> HttpClient:
        made = HttpClient(self.base, jar=jar)
        self.clients.append(made)
        return made

    def visitor(self, username: str) -> Visitor:
        return Visitor(User(username=username), client=self.client())

    def took(self, action: str, dossier: str) -> None:
        self.steps.setdefault(action, []).append(dossier)

    def said(self) -> dict[str, Any]:
        """Return what the portal said was done, as plain values."""
        names = ("typed", "rows", "steps", "handed_over", "preferences")
        return {name: getattr(self, name) for name in names}

    def work(self, name: str, acts: Sequence[Callable[[], object]], *, seed: int) -> None:
        """Do one act after the other until the time is over; what fails is noted, work goes on."""
        dice = random.Random(seed)  # noqa: S311
        while time.monotonic() < self.until:
            act = dice.choice(acts)
            label = f"{name}: {act.__name__}"
            try:
                act()
                self.acts[label] = self.acts.get(label, 0) + 1
            except Exception:  # whatever it is, it is what the drill looks for
                self.faults.append(f"{label}\n{traceback.format_exc(limit=-4)}")
            time.sleep(dice.random() / 10)


class Person:
    """What everybody does now and then."""

    def __init__(self, desks: Desks, username: str) -> None:
        self.desks = desks
        self.username = username
        self.visitor = desks.visitor(username)

    def look_around(self) -> None:
        self.visitor.open("/").open("/thong-bao/")

    def read_notices(self) -> None:
        self.visitor.open("/thong-bao/")
        if self.visitor.has_button("Đánh dấu đã đọc hết"):
            self.visitor.press("Đánh dấu đã đọc hết")

    def choose_mail(self) -> None:
        wanted = random.choice(["at_once", "daily", "urgent"])  # noqa: S311
        self.visitor.open("/thong-bao/cach-nhan/").press("Ghi cách nhận thư", mailing=wanted)
        self.desks.preferences[self.username] = wanted

    def acts(self) -> list[Callable[[], object]]:
        """Who only signed in does nothing."""
        return []


class Clerk(Person):
    """Drafts, brings in sheets, hands devices over, seals, works by program too."""

    def __init__(self, desks: Desks, team: dict[str, Any]) -> None:
        super().__init__(desks, team["clerk"])
        self.head = team["head"]
        self.agency = team["agency"]
        self.devices: list[list[str]] = list(team["devices"])
        desks.to_seal[self.head] = SimpleQueue()
        self.program = desks.client()
        asked = self.program.post(
            "/api/v1/token", {"username": self.username, "password": builders.PASSWORD}
        )
        self.program.headers["Authorization"] = f"Token {asked.json()['token']}"

    def acts(self) -> list[Callable[[], object]]:
        return [
            self.draft_and_ask_to_sign,
            self.draft_and_ask_to_sign,
            self.seal,
            self.seal,
            self.seal,
            self.hand_over,
            self.hand_over,
            self.bring_in_a_sheet,
            self.draft_by_program,
            self.export,
            self.choose_mail,
            self.read_notices,
        ]

    def start(self) -> str:
        self.visitor.open("/ho-so/lap-moi/").press("Tiếp tục", need="mau_01_person")
        found = UUID.search(self.visitor.path)
        assert found, self.visitor.words()
        return found.group()

    def draft_and_ask_to_sign(self) -> None:
        dossier = self.start()
        number = next(_numbers)
        page = self.visitor.open(f"/ho-so/{dossier}/soan/").press("Thêm dòng")
        row = _row_on(page)
        answers = builders.person_answers(number, org2=self.agency)
        cells: dict[str, Any] = {f"{row}:{name}": text for name, text in answers.items()}
        page.press("Lưu", **cells)
        contact: dict[str, Any] = {
            f"contact_{name}": value for name, value in story.CONTACT.items()
        }
        page.open(f"/ho-so/{dossier}/soan/van-ban/").press(
            "Lưu",
            letter_number=f"{number}/UBND",
            letter_date=f"{timezone.localdate():%d/%m/%Y}",
            **contact,
        )
        page.open(f"/ho-so/{dossier}/kiem-tra/").press("Trình lãnh đạo ký")
        self.desks.rows[dossier] = 1
        self.desks.to_sign.setdefault(self.head, SimpleQueue()).put(dossier)

    def seal(self) -> None:
        if (dossier := _next(self.desks.to_seal[self.head])) is None:
            return
        self.visitor.open(f"/ho-so/{dossier}/ky/").press("gửi", pin=story.PIN)
        assert "/ky/" not in self.visitor.path, self.visitor.words()
        self.desks.took("seal", dossier)
        self.desks.to_forward.put(dossier)

    def hand_over(self) -> None:
        if not self.devices:
            return
        device, serial = self.devices.pop()
        page = self.visitor.open(f"/thiet-bi/{device}/ban-giao/")
        page.press("Xác nhận đã bàn giao", serial_seen=serial, pin=story.PIN, pin_again=story.PIN)
        assert "/ban-giao/" not in page.path, page.words()
        self.desks.handed_over.append(device)

    def bring_in_a_sheet(self) -> None:
        dossier = self.start()
        sheet = SimpleUploadedFile("danh-sach.xlsx", SHEET.read_bytes(), content_type=XLSX)
        page = self.visitor.open(f"/ho-so/{dossier}/bang-tinh/")
        page.press("Tải lên", files={"file": sheet})
        page.press("Nhập cả 25 dòng")
        self.desks.rows[dossier] = 25

    def draft_by_program(self) -> None:
        draft = _ok(self.program.send("POST", "/api/v1/dossiers", {"kind": "mau_01_person"}))
        path = f"/api/v1/dossiers/{draft['uuid']}"
        rows = [dict(builders.person_answers(next(_numbers))) for _row in range(3)]
        added = _ok(
            self.program.send("POST", f"{path}/rows", {"version": draft["version"], "rows": rows})
        )
        letter = {"version": added["version"], "letter_number": "1/UBND", "contact": story.CONTACT}
        _ok(self.program.send("PATCH", path, letter))
        self.desks.rows[draft["uuid"]] = 3

    def export(self) -> None:
        self.visitor.open("/ho-so/")
        if self.desks.rows:
            mine = self.program.get("/api/v1/dossiers").json()["results"]
            for one in mine[:1]:
                self.visitor.open(f"/ho-so/{one['uuid']}/danh-sach.xlsx")


class LongLister(Clerk):
    """Brings in a list as long as one letter takes, checks it, has it printed; again and again."""

    def __init__(self, desks: Desks, team: dict[str, Any], *, rows: int) -> None:
        super().__init__(desks, team)
        people = [builders.person_answers(next(_numbers)) for _row in range(rows)]
        content = spreadsheets.export(kinds.get("mau_01_person"), people)
        self.sheet = SimpleUploadedFile("danh-sach-dai.xlsx", content, content_type=XLSX)
        self.took: dict[str, list[float]] = {}

    def acts(self) -> list[Callable[[], object]]:
        return [self.bring_in_check_and_print]

    def bring_in_check_and_print(self) -> None:
        dossier = self.start()
        page = self.visitor.open(f"/ho-so/{dossier}/bang-tinh/")
        self.sheet.seek(0)
        self._time("upload", lambda: page.press("Tải lên", files={"file": self.sheet}))
        self._time("import", lambda: page.press("Nhập cả"))
        self._time("editor", lambda: page.open(f"/ho-so/{dossier}/soan/"))
        self._time("check", lambda: page.open(f"/ho-so/{dossier}/kiem-tra/"))
        printing = f"/ho-so/{dossier}/van-ban/ban-in/"
        page.open(printing).press("Lập bản in")
        began = time.monotonic()
        while "Xem bản in" not in page.open(printing).words() and time.monotonic() - began < WAIT:
            time.sleep(1)
        self._time("preview", lambda: None, began=began)

    def _time(self, what: str, act: Callable[[], object], *, began: float = 0) -> None:
        began = began or time.monotonic()
        act()
        self.took.setdefault(what, []).append(round(time.monotonic() - began, 1))


class Colleague(Person):
    """Opens the pages of a working day, reading each a while."""

    def acts(self) -> list[Callable[[], object]]:
        return [self.read_a_page]

    def read_a_page(self) -> None:
        path = random.choice(("/", "/ho-so/", "/thong-bao/", "/thoi-han/", "/tro-giup/"))  # noqa: S311
        self.visitor.open(path)
        time.sleep(random.random() * 2)  # noqa: S311


class Head(Person):
    """Signs what is put before them."""

    def acts(self) -> list[Callable[[], object]]:
        return [self.sign, self.sign, self.sign, self.look_around, self.choose_mail]

    def sign(self) -> None:
        queue = self.desks.to_sign.setdefault(self.username, SimpleQueue())
        if (dossier := _next(queue)) is None:
            return
        self.visitor.open(f"/ho-so/{dossier}/ky/").press("Ký", pin=story.PIN)
        assert "/ky/" not in self.visitor.path, self.visitor.words()
        self.desks.took("sign", dossier)
        self.desks.to_seal[self.username].put(dossier)


class Officer(Person):
    """Passes on what is in order."""

    def acts(self) -> list[Callable[[], object]]:
        return [self.forward, self.forward, self.look_around, self.choose_mail]

    def forward(self) -> None:
        if (dossier := _next(self.desks.to_forward)) is None:
            return
        self.visitor.open(f"/ho-so/{dossier}/xem-xet/").press("Chuyển Cục")
        self.desks.took("forward", dossier)
        self.desks.to_decide.put(dossier)


class Operator(Person):
    """Decides row by row."""

    def acts(self) -> list[Callable[[], object]]:
        return [self.decide, self.decide, self.look_around]

    def decide(self) -> None:
        if (dossier := _next(self.desks.to_decide)) is None:
            return
        self.visitor.open(f"/ho-so/{dossier}/xem-xet/").press("Chấp nhận mọi dòng")
        self.visitor.press("Trình phê duyệt")
        self.desks.took("decide", dossier)
        self.desks.to_confirm.put(dossier)


class Supervisor(Person):
    """Confirms what another decided."""

    def acts(self) -> list[Callable[[], object]]:
        return [self.confirm, self.confirm, self.read_notices]

    def confirm(self) -> None:
        if (dossier := _next(self.desks.to_confirm)) is None:
            return
        self.visitor.open(f"/ho-so/{dossier}/phe-duyet/").press("Phê duyệt")
        self.desks.took("confirm", dossier)


class Administrator(Person):
    """Proposes roles and takes them back, or says no to another's proposal."""

    def __init__(self, desks: Desks, username: str, about: str) -> None:
        super().__init__(desks, username)
        self.about = about

    def acts(self) -> list[Callable[[], object]]:
        return [self.propose, self.propose, self.withdraw, self.decline, self.choose_mail]

    def propose(self) -> None:
        page = self.visitor.open(f"/tai-khoan/{self.about}/")
        page.press("Đề nghị giao vai trò", role="head")

    def withdraw(self) -> None:
        page = self.visitor.open("/tai-khoan/vai-tro/")
        if page.has_button("Rút đề nghị"):
            page.press("Rút đề nghị")

    def decline(self) -> None:
        page = self.visitor.open("/tai-khoan/vai-tro/")
        if page.has_button("Từ chối"):
            page.press("Từ chối")


class Reader(Person):
    """Looks at lists only."""

    def acts(self) -> list[Callable[[], object]]:
        return [self.look_around, self.choose_mail, self.read_lists]

    def read_lists(self) -> None:
        self.visitor.open("/ho-so/").open("/thiet-bi/").open("/chung-thu/")


class Tab:
    """One of several tabs of one clerk: each types into a draft of its own."""

    def __init__(self, desks: Desks, clerk: Person, draft: str) -> None:
        self.desks = desks
        self.client = desks.client(jar=clerk.visitor.client.jar)
        self.path = f"/ho-so/{draft}/soan/"
        self.page = Visitor.__new__(Visitor)
        self.page.client = self.client
        self.page.open(self.path)
        self.form = self.page.form_with("version")
        self.row = _row_on(self.page)

    def acts(self) -> list[Callable[[], object]]:
        return [self.type, self.type, self.start_another]

    def type(self) -> None:
        """Save as the editor's script does after each word."""
        text = f"Chuyên viên {next(_numbers)}"
        values = self.form.values
        typed = {name: values[name][0] for name in ("csrfmiddlewaretoken", "version")}
        typed[f"{self.row}:position"] = text
        answer = self.client.post(self.path, typed, headers={"Accept": "application/json"})
        assert answer.status_code == 200, (answer.status_code, answer.content[:200])
        values["version"] = [str(answer.json()["version"])]
        self.desks.typed[self.row] = text

    def start_another(self) -> None:
        self.page.open("/ho-so/lap-moi/").press("Tiếp tục", need="mau_01_person")
        found = UUID.search(self.page.path)
        assert found, self.page.words()
        self.desks.rows[found.group()] = 0


def _row_on(page: Visitor) -> str:
    names = [name for name in page.form_with("version").values if ":" in name]
    assert names, page.words()
    return names[0].partition(":")[0]


def _next(queue: SimpleQueue[str]) -> str | None:
    try:
        return queue.get_nowait()
    except Empty:
        return None


def _ok(answer: Any) -> Any:
    assert answer.status_code in (200, 201), (answer.status_code, answer.content[:500])
    return answer.json()
