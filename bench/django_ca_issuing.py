"""The baseline of I: how long django-ca takes for as many bare certificates (P-384, SQLite).

Runs in a process of its own, as django-ca wants settings of its own; prints seconds, one run a
line. Usage: python bench/django_ca_issuing.py ROWS RUNS. django-ca is no dependency: it is used
where it can be imported (pip install --target, PYTHONPATH).
"""

from __future__ import annotations

import importlib
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta

import django
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.core.management import call_command
from django.urls import include, path


def main(rows: int, runs: int) -> None:
    folder = tempfile.mkdtemp(prefix="django-ca-bench-")
    files = {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    settings.configure(
        SECRET_KEY="for-this-run",  # noqa: S106
        USE_TZ=True,
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django_ca"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{folder}/db"}},
        STORAGES={
            "default": files,
            "staticfiles": files,
            "django-ca": files | {"OPTIONS": {"location": folder}},
        },
        CA_DEFAULT_HOSTNAME="portal.example.gov.vn",
    )
    django.setup()
    settings.ROOT_URLCONF = (path("", include("django_ca.urls")),)
    call_command("migrate", verbosity=0)
    models = importlib.import_module("django_ca.models")
    backend = importlib.import_module("django_ca.key_backends").key_backends["default"]
    options = importlib.import_module("django_ca.key_backends.storages.models")
    authority = models.CertificateAuthority.objects.init(
        name="root",
        key_backend=backend,
        key_backend_options=options.StoragesCreatePrivateKeyOptions(
            key_type="EC", elliptic_curve="secp384r1", password=None, path=""
        ),
        key_type="EC",
        subject=_named("CA"),
        not_after=datetime.now(UTC) + timedelta(days=7000),
        algorithm=hashes.SHA384(),
    )
    use = options.StoragesUsePrivateKeyOptions(password=None)
    for _run in range(runs):
        key = ec.generate_private_key(ec.SECP256R1())
        request = x509.CertificateSigningRequestBuilder().subject_name(_named("x"))
        asked = request.sign(key, hashes.SHA256())
        began = time.perf_counter()
        for number in range(rows):
            models.Certificate.objects.create_cert(
                authority, use, asked, subject=_named(f"Người thử {number}")
            )
        print(time.perf_counter() - began)


def _named(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name),
        ]
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
