"""Somebody who uses the pages: reads forms as a browser without script does, fills and sends."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.test import Client

from portal.accounts.models import User
from tests import builders


@dataclass(slots=True)
class Form:
    """One form of a page: where it goes, what it would send, its buttons as text → name, value."""

    action: str
    method: str
    values: dict[str, list[str]] = field(default_factory=dict)
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)


class PageReader(HTMLParser):
    """Collects the forms of a page, with fields tied to them by ``form=`` as well."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.by_id: dict[str, Form] = {}
        self.links: dict[str, str] = {}
        self._open: Form | None = None
        self._select: tuple[Form, str, bool] | None = None
        self._textarea: tuple[Form, str] | None = None
        self._button: tuple[Form, str, str] | None = None
        self._link: str | None = None
        self._text = ""

    def handle_starttag(self, tag: str, pairs: list[tuple[str, str | None]]) -> None:
        attrs = {name: value or "" for name, value in pairs}
        handler = getattr(self, f"_start_{tag}", None)
        if handler:
            handler(attrs)

    def _target(self, attrs: dict[str, str]) -> Form | None:
        return self.by_id.get(attrs.get("form", "")) or self._open

    def _start_form(self, attrs: dict[str, str]) -> None:
        self._open = Form(attrs.get("action", ""), attrs.get("method", "get").lower())
        self.forms.append(self._open)
        if "id" in attrs:
            self.by_id[attrs["id"]] = self._open

    def _start_input(self, attrs: dict[str, str]) -> None:
        form, name = self._target(attrs), attrs.get("name", "")
        if form is None or not name or "disabled" in attrs:
            return
        kind = attrs.get("type", "text")
        if kind == "file":
            form.files.append(name)
        elif kind in ("checkbox", "radio"):
            if "checked" in attrs:
                form.values.setdefault(name, []).append(attrs.get("value", "on"))
        elif kind == "submit":
            form.buttons[attrs.get("value", "")] = (name, attrs.get("value", ""))
        else:
            form.values.setdefault(name, []).append(attrs.get("value", ""))

    def _start_select(self, attrs: dict[str, str]) -> None:
        if (form := self._target(attrs)) is not None and attrs.get("name"):
            self._select = (form, attrs["name"], False)

    def _start_option(self, attrs: dict[str, str]) -> None:
        if self._select is None:
            return
        form, name, is_chosen = self._select
        if "selected" in attrs or (not is_chosen and name not in form.values):
            form.values[name] = [attrs.get("value", "")]
        self._select = (form, name, is_chosen or "selected" in attrs)

    def _start_textarea(self, attrs: dict[str, str]) -> None:
        if (form := self._target(attrs)) is not None and attrs.get("name"):
            self._textarea, self._text = (form, attrs["name"]), ""

    def _start_button(self, attrs: dict[str, str]) -> None:
        form = self._target(attrs)
        if form is not None and attrs.get("type", "submit") == "submit":
            self._button = (form, attrs.get("name", ""), attrs.get("value", ""))
            self._text = ""

    def _start_a(self, attrs: dict[str, str]) -> None:
        self._link, self._text = attrs.get("href", ""), ""

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        text = " ".join(self._text.split())
        if tag == "form":
            self._open = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea" and self._textarea:
            form, name = self._textarea
            form.values.setdefault(name, []).append(self._text.removeprefix("\n"))
            self._textarea = None
        elif tag == "button" and self._button:
            form, name, value = self._button
            form.buttons[text] = (name, value)
            self._button = None
        elif tag == "a" and self._link is not None:
            self.links.setdefault(text, self._link)
            self._link = None


class Visitor:
    """A signed-in user on one page at a time."""

    def __init__(self, user: User, password: str = "", *, client: Any = None) -> None:
        """With a password, or over the network, the form is filled in; else a session stands."""
        self.user = user
        # Django's test client, or one that goes over the network
        self.client: Any = client or Client()
        self.path = ""
        self.html = ""
        self.status = 0
        self._page = PageReader()
        if client is None and not password:
            self.client.force_login(user)
            return
        self.open("/tai-khoan/dang-nhap/")
        password = password or builders.PASSWORD
        self.press("Đăng nhập", username=user.username, password=password)
        assert "/dang-nhap" not in self.path, "could not sign in"

    def open(self, path: str) -> Visitor:
        """Go to an address and read its forms and links."""
        return self._read(self.client.get(path, follow=True), path)

    def follow(self, text: str) -> Visitor:
        """Follow the link whose words contain ``text``."""
        found = [href for words, href in self._page.links.items() if text in words]
        assert found, f"no link “{text}” on {self.path}: {sorted(self._page.links)}"
        return self.open(urljoin(self.path, found[0]))

    def words(self) -> str:
        """Return what the page says, without its marks, for a failing assertion."""
        return " ".join(re.sub(r"<[^>]+>", " ", self.html.partition("<main")[2]).split())[:3000]

    def fields(self, ending: str) -> list[str]:
        """Return the names of the page's inputs that end so: the cells of a column."""
        return [name for form in self._page.forms for name in form.values if name.endswith(ending)]

    def has_button(self, text: str) -> bool:
        return any(text in words for form in self._page.forms for words in form.buttons)

    def form_with(self, name: str) -> Form:
        """Return the form of the page that has a field of this name."""
        found = [form for form in self._page.forms if name in form.values]
        assert found, f"no form with “{name}” on {self.path}: {self.words()}"
        return found[0]

    def press(self, text: str, /, *, files: dict[str, Any] | None = None, **fields: Any) -> Visitor:
        """Fill the form of the button whose words contain ``text`` and press it."""
        for form in self._page.forms:
            for words, (name, value) in form.buttons.items():
                if text in words:
                    return self._send(form, name, value, fields, files or {})
        buttons = [words for form in self._page.forms for words in form.buttons]
        raise AssertionError(f"no button “{text}” on {self.path}: {buttons}")

    def _send(
        self, form: Form, name: str, value: str, fields: dict[str, Any], files: dict[str, Any]
    ) -> Visitor:
        data: dict[str, Any] = {key: list(values) for key, values in form.values.items()}
        data |= fields | files
        if name:
            data[name] = value
        action = urljoin(self.path, form.action) if form.action else self.path
        send = self.client.post if form.method == "post" else self.client.get
        return self._read(send(action, data, follow=True), action)

    def _read(self, response: Any, path: str) -> Visitor:
        chain = getattr(response, "redirect_chain", [])
        self.path = urlsplit(urljoin(path, chain[-1][0])).path if chain else path
        self.status = response.status_code
        assert self.status < 500, f"{self.path} answered {self.status}"
        self._page = PageReader()
        if "text/html" in response.headers.get("Content-Type", ""):
            self.html = response.content.decode()
            self._page.feed(self.html)
        return self
