"""A real mail server on a port of its own that misbehaves as told, where it is told to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

# What a server does at a word of the conversation instead of answering as it should.
HANG = "hang"
CLOSE = "close"
# Moments of the conversation: a client's words, and two that are not words.
GREETING, AFTER_DATA = "GREETING", "AFTER DATA"
# Of a word and what came with it: None (as it should be), an answer ("550 no"), HANG or CLOSE.
Rule = Callable[[str, str], str | None]

_USUAL = {
    GREETING: "220 mail.test",
    "EHLO": "250 mail.test",
    "DATA": "354 go on",
    AFTER_DATA: "250 taken",
    "QUIT": "221 bye",
}


def well_behaved(_word: str, _rest: str) -> str | None:
    """Answer everything as it should be answered."""
    return None


class MailServer(ThreadingTCPServer):
    """Takes mail; ``taken`` is what it has in full, whatever it answered then."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.rule: Rule = well_behaved
        self.taken: list[EmailMessage] = []
        self.words: list[str] = []
        self.has_taken = threading.Event()
        self.is_over = threading.Event()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def message_ids(self) -> list[str]:
        return [str(mail["Message-ID"]) for mail in self.taken]

    @property
    def addresses(self) -> list[str]:
        return sorted(str(mail["To"]) for mail in self.taken)

    def handle_error(self, *_: Any) -> None:
        """A client that is gone is no news."""


class _Conversation(StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        if not self._answer(GREETING):
            return
        while line := self.rfile.readline():
            word, _space, rest = line.decode().strip().partition(" ")
            word = word.upper()
            if not self._answer(word, rest) or word == "QUIT":
                return
            if word == "DATA" and self.is_going_on and not self._take():
                return

    def _take(self) -> bool:
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        mail = message_from_bytes(b"".join(lines), policy=policy.default)
        self.server.taken.append(mail)
        self.server.has_taken.set()
        return self._answer(AFTER_DATA)

    def _answer(self, word: str, rest: str = "") -> bool:
        """Answer a word; False when the conversation is over."""
        self.server.words.append(word)
        answer = self.server.rule(word, rest) or _USUAL.get(word, "250 ok")
        if answer == HANG:
            self.server.is_over.wait(30)
            return False
        if answer == CLOSE:
            return False
        self.is_going_on = answer.startswith(("2", "3"))
        self.wfile.write(f"{answer}\r\n".encode())
        return not answer.startswith("421")


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """Open a server for a test and leave nothing of it behind."""
    with MailServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.is_over.set()
            server.shutdown()
            thread.join()
