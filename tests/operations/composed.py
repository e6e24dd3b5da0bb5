"""Services of docker-compose.yml as processes: its environment and commands, Dockerfile's steps.

What a machine without containers cannot give is replaced and nothing else: the addresses of
PostgreSQL and Redis, the port, the folder of what lasts (each service has a ``var`` of its own
with links to what it mounts), a name for the queue, and EC keys, which are quicker to make; where
many are made, a world may have the settings of ``tests.house_settings``.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import yaml
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from tests.flows.house import ROOT, House

WORKDIR = "/srv/portal/"
# Done once for the image by root; here the user is who runs the test.
ROOTS_WORK = {"useradd", "chown"}
_VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")


@cache
def compose() -> dict[str, Any]:
    """Return docker-compose.yml as it is read."""
    read: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return read


@cache
def steps() -> list[tuple[str, str]]:
    """Return the Dockerfile as (instruction, what it says), a step each."""
    lines = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    said = [line.strip().partition(" ") for line in lines if line and not line.startswith("#")]
    return [(instruction, " ".join(rest.split())) for instruction, _space, rest in said]


def machine() -> dict[str, str]:
    """Return what is there before compose says anything: nothing of ours."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "LANG": "C.UTF-8", "HOME": "/nonexistent", "PYTHONUNBUFFERED": "1"}


def build(image: Path, environment: Mapping[str, str]) -> None:
    """Copy what .dockerignore lets in and run the Dockerfile's own steps on it."""
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if line.startswith("!"):
            source, target = ROOT / line[1:], image / line[1:]
            if source.is_dir():
                shutil.copytree(source, target)  # with what is compiled of it: the same
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
    after_copy = steps()[steps().index(("COPY", ". .")) :]
    for instruction, script in after_copy:
        if instruction == "RUN":
            acts = [act for act in script.split(" && ") if act.split()[0] not in ROOTS_WORK]
            run(["sh", "-ec", " && ".join(acts)], cwd=image, environment=environment)


def run(
    command: list[str], *, cwd: Path, environment: Mapping[str, str], status: int = 0
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, which must be ``status``."""
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=1500
    )
    assert done.returncode == status, f"{shlex.join(command)}\n{done.stdout}{done.stderr}"[-6000:]
    return done


class Composed(House):
    """The services of one shape, each a process where and as it would be in its container."""

    def __init__(
        self,
        folder: Path,
        *,
        image: Path,
        redis_url: str,
        given: Mapping[str, str],
        is_quick: bool,
    ) -> None:
        super().__init__(folder, redis_url=redis_url)
        self.image = image
        self._quick: dict[str, str] = {}
        if is_quick:
            (folder / "quick").mkdir()
            shutil.copy(ROOT / "tests" / "house_settings.py", folder / "quick")
            self._quick = {
                "DJANGO_SETTINGS_MODULE": "house_settings",
                "PYTHONPATH": str(folder / "quick"),
            }
        self.given = given  # what a .env beside docker-compose.yml says
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def environment_of(self, name: str) -> dict[str, str]:
        """Return what a service is told, with the addresses of this machine."""
        said = {
            variable: _VARIABLE.sub(lambda found: self.given.get(found[1], found[2]), str(value))
            for variable, value in compose()["services"][name]["environment"].items()
        }
        return {
            **machine(),
            **said,
            **{
                variable: self.environment[variable]
                for variable in ("DATABASE_URL", "REDIS_URL", "CELERY_QUEUE", "CA_ALGORITHM")
            },
            **({"PUBLIC_URL": self.url} if said["PUBLIC_URL"].startswith("http:") else {}),
            "DATA_DIR": str(self._var(name)),
            **self._quick,
        }

    def _var(self, name: str) -> Path:
        """Return the ``var`` of a service: the image's, with links where volumes are mounted."""
        var = self.folder / "services" / name / "var"
        if not var.exists():
            shutil.copytree(self.image / "var", var)
            for mount in compose()["services"][name].get("volumes", []):
                volume, _colon, target = mount.partition(":")
                inside = var / target.removeprefix(f"{WORKDIR}var/")
                kept = self.folder / "volumes" / volume
                if not kept.exists():  # a new volume takes what the image has there
                    shutil.copytree(inside, kept)
                shutil.rmtree(inside)
                inside.symlink_to(kept)
        return var

    def command_of(self, name: str) -> list[str]:
        """Return what a service runs: its own command, or the image's."""
        command = compose()["services"][name].get("command") or json.loads(dict(steps())["CMD"])
        return [self._here(str(word)) for word in command]

    def _here(self, word: str) -> str:
        return word.replace("0.0.0.0:8000", f"127.0.0.1:{self.port}").replace(
            "127.0.0.1:8000", f"127.0.0.1:{self.port}"
        )

    def run_service(self, name: str) -> str:
        """Run a service that ends by itself, as ``docker compose up`` does first."""
        return self.exec(name, *self.command_of(name)).stdout

    def exec(
        self, name: str, *command: str, status: int = 0, more: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in a service, as ``docker compose run`` does; ``more`` as its --env."""
        environment = {**self.environment_of(name), **(more or {})}
        return run(list(command), cwd=self.image, environment=environment, status=status)

    def start_service(self, name: str) -> subprocess.Popen[bytes]:
        """Start a service that lasts."""
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                self.command_of(name),
                cwd=self.image,
                env=self.environment_of(name),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def is_healthy(self, name: str) -> bool:
        """Ask as the service's health check does."""
        _cmd, *test = compose()["services"][name]["healthcheck"]["test"]
        command = [self._here(str(word)) for word in test]
        environment = self.environment_of(name)
        return (
            subprocess.run(
                command, cwd=self.image, env=environment, capture_output=True, check=False
            ).returncode
            == 0
        )

    def logs(self) -> str:
        """Return what every service has written, the newest of each."""
        return "\n".join(
            f"--- {log.stem}\n{log.read_text()[-1500:]}"
            for log in sorted(self.folder.glob("*.log"))
        )


@contextmanager
def composed(
    folder: Path,
    *,
    image: Path,
    redis_url: str,
    given: Mapping[str, str] | None = None,
    is_quick: bool = False,
) -> Iterator[Composed]:
    """Open a world of services and leave nothing of it behind."""
    opened = Composed(
        folder, image=image, redis_url=redis_url, given=given or {}, is_quick=is_quick
    )
    try:
        yield opened
    finally:
        opened.close()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered, under the names of Django's test client."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes
    redirect_chain: list[tuple[str, int]] = field(default_factory=list)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: Any, **_options: Any) -> None:
        return None


class OverTheNetwork:
    """A browser without script: keeps cookies by their rules, follows redirects."""

    def __init__(self, url: str, *, behind_proxy: str = "") -> None:
        """``behind_proxy`` is the https address that a proxy in front would serve."""
        self.url = url
        self._headers: dict[str, str] = {}
        policy = DefaultCookiePolicy()
        if behind_proxy:
            self._headers = {
                "Host": urlsplit(behind_proxy).netloc,
                "Referer": f"{behind_proxy}/",
                "X-Forwarded-Proto": "https",
            }
            policy = DefaultCookiePolicy(secure_protocols=("http", "https"))
        cookies = urllib.request.HTTPCookieProcessor(CookieJar(policy))
        self._following = urllib.request.build_opener(cookies)
        self._direct = urllib.request.build_opener(cookies, NoRedirect())

    def get(self, path: str, data: Any = None, *, follow: bool = False) -> Answer:
        asked = f"{path}?{urlencode(data, doseq=True)}" if data else path
        request = urllib.request.Request(urljoin(self.url, asked))  # noqa: S310
        return self._send(request, follow=follow)

    def post(self, path: str, data: Any = None, *, follow: bool = False) -> Answer:
        body = encode_multipart(BOUNDARY, data or {})
        request = urllib.request.Request(urljoin(self.url, path), body)  # noqa: S310
        request.add_header("Content-Type", MULTIPART_CONTENT)
        return self._send(request, follow=follow)

    def _send(self, request: urllib.request.Request, *, follow: bool) -> Answer:
        for name, value in self._headers.items():
            request.add_header(name, value)
        opener = self._following if follow else self._direct
        try:
            response = opener.open(request, timeout=60)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            chain = [(response.url, 302)] if response.url != request.full_url else []
            return Answer(response.status, response.headers, response.read(), chain)
