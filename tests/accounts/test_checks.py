"""What ``check --deploy`` finds in settings."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from portal.accounts import checks


@pytest.fixture
def production(settings: Settings) -> Settings:
    settings.DEBUG = False
    settings.SIMULATION = False
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.PUBLIC_URL = "https://chukyso.laichau.gov.vn"
    settings.SECRET_KEY, settings.FIELD_KEY = "a", "b"
    return settings


def _found() -> list[str]:
    return [
        str(message.id)
        for check in (
            checks.simulation_is_off,
            checks.mail_leaves_the_house,
            checks.public_url_is_the_real_one,
            checks.secrets_differ,
            checks.sessions_are_watched,
        )
        for message in check()
    ]


def test_sound_settings_pass(production: Settings) -> None:
    assert _found() == []


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("SIMULATION", True, "portal.W001"),
        ("EMAIL_BACKEND", "django.core.mail.backends.filebased.EmailBackend", "portal.W002"),
        ("PUBLIC_URL", "http://127.0.0.1:8000", "portal.W003"),
        ("FIELD_KEY", "a", "portal.E001"),
        ("MIDDLEWARE", [], "portal.E002"),
    ],
)
def test_each_unsound_setting_is_named(
    production: Settings, name: str, value: object, found: str
) -> None:
    setattr(production, name, value)

    assert _found() == [found]
