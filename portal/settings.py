"""Settings of the portal, read from the environment (and from ``.env`` beside manage.py)."""

from __future__ import annotations

import secrets
from datetime import date, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from portal.core.files import write_once

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.read_env(BASE_DIR / ".env")

DEBUG: bool = env.bool("DEBUG", default=False)
SIMULATION: bool = env.bool("SIMULATION", default=DEBUG)
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "var")))
DATA_DIR.mkdir(parents=True, exist_ok=True)


def _secret(name: str) -> str:
    """Return a secret from the environment; in SIMULATION one made once and kept in DATA_DIR."""
    if value := env.str(name, default=""):
        return str(value)
    if not SIMULATION:
        raise ImproperlyConfigured(f"{name} must be set in production (the demo: SIMULATION=1)")
    path = DATA_DIR / name.lower()
    if not path.exists():
        write_once(path, secrets.token_urlsafe(48).encode())  # two may start at the same time
    if not (kept := path.read_text().strip()):
        raise ImproperlyConfigured(
            f"{path} is empty: what it held is lost; delete it for a new one"
        )
    return kept


SECRET_KEY = _secret("SECRET_KEY")
# Encrypts identity numbers and drafts' answers at rest; losing it loses them.
FIELD_KEY = _secret("FIELD_KEY")
# After FIELD_KEY was changed: the ones before it, until encrypt_again has gone through, and what
# identity numbers are found by and PINs are mixed with, which can't change (decision 0042).
FIELD_KEYS_BEFORE: list[str] = env.list("FIELD_KEYS_BEFORE", default=[])
LOOKUP_KEY: str = env.str("LOOKUP_KEY", default="") or FIELD_KEY
if FIELD_KEYS_BEFORE and LOOKUP_KEY == FIELD_KEY:
    raise ImproperlyConfigured(
        "FIELD_KEYS_BEFORE is set: set LOOKUP_KEY to the first FIELD_KEY this portal ever had"
    )
# Encrypts stored files, each under a key made from it (portal.core.sealed_files).
FILE_KEY = _secret("FILE_KEY")
FILE_KEYS_BEFORE: list[str] = env.list("FILE_KEYS_BEFORE", default=[])
# Once encrypt_again has gone through: a file that is not encrypted was put there by somebody else.
REFUSE_OPEN_FILES: bool = env.bool("REFUSE_OPEN_FILES", default=False)
# So is a value that is not bound to its row.
REFUSE_UNBOUND_VALUES: bool = env.bool("REFUSE_UNBOUND_VALUES", default=False)
# CA_PASSPHRASE, which opens the CA's private keys, is no setting: portal.ca.authority.keystore
# reads it from the environment or this file when a key is opened, so where something is signed.
CA_PASSPHRASE_FILE = Path(env.str("CA_PASSPHRASE_FILE", default=str(DATA_DIR / "ca_passphrase")))

PUBLIC_URL: str = env.str("PUBLIC_URL", default="http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"])
# Addresses and networks of our own proxies: what they forward (the visitor's address and scheme)
# counts, from everybody else it is taken away.
try:
    TRUSTED_PROXIES = [ip_network(one) for one in env.list("TRUSTED_PROXIES", default=[])]
except ValueError as error:
    raise ImproperlyConfigured(f"TRUSTED_PROXIES: {error}") from error
if env.bool("BEHIND_PROXY", default=False) and not TRUSTED_PROXIES:
    raise ImproperlyConfigured("BEHIND_PROXY is gone: name the proxies in TRUSTED_PROXIES")
# Where who finds a weakness may write (mailto: or https:), told in /.well-known/security.txt.
SECURITY_CONTACT: list[str] = env.list("SECURITY_CONTACT", default=[])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "portal.core.web.static_files.CollectedFiles",  # django.contrib.staticfiles
    "django.contrib.humanize",
    "django.forms",
    "django_htmx",
    "django_filters",
    "bootstrap",
    "lucide",
    "csp",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "portal",
    "portal.core",
    "portal.search",
    "portal.audit",
    "portal.agencies",
    "portal.accounts",
    "portal.deadlines",
    "portal.notices",
    "portal.ca",
    "portal.demand",
    "portal.estate",
    "portal.inspection",
    "portal.documents",
    "portal.reports",
    "portal.demo",
    "devices",
    "requests_app",
    "orgmerge",
    "portal.support",
    "portal.usage",
]

MIDDLEWARE = [
    "portal.accounts.addresses.ForwardedByOurs",
    "django.middleware.security.SecurityMiddleware",
    "portal.core.web.middleware.RefusesUnreadable",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.core.web.middleware.SafeHeaders",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.accounts.middleware.SessionEnds",
    "portal.accounts.middleware.SignInFirst",
    "portal.accounts.middleware.OwnPassword",
    "portal.accounts.middleware.LooksOnly",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.documents.middleware.TellsDamage",
    "portal.core.web.middleware.Conflicts",
]
INSTALLED_APPS.insert(0, "django.contrib.auth")

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.core.web.context.frame",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"


DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db_url_config(
        env.str("DATABASE_URL", default="") or f"sqlite:///{DATA_DIR / 'db.sqlite3'}"
    )
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        # A writer takes its lock at BEGIN: a read that later writes can't deadlock.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
        "PRAGMA foreign_keys=ON; PRAGMA cache_size=-65536; PRAGMA temp_store=MEMORY;",
    }
else:
    DATABASES["default"] |= {
        "CONN_MAX_AGE": env.int("CONN_MAX_AGE", default=60),
        "CONN_HEALTH_CHECKS": True,
    }

REDIS_URL: str = env.str("REDIS_URL", default="")
if REDIS_URL:
    CELERY_BROKER_URL = REDIS_URL
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
        }
    }
else:
    CELERY_BROKER_URL = "filesystem://localhost//"
    CELERY_BROKER_TRANSPORT = "portal.core.background.broker:Transport"
    _broker = DATA_DIR / "broker"
    for _name in ("queue", "control", "processed", "damaged"):
        (_broker / _name).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_broker / "queue"),
        "data_folder_out": str(_broker / "queue"),
        "processed_folder": str(_broker / "processed"),
        "control_folder": str(_broker / "control"),
        "damaged_folder": str(_broker / "damaged"),
    }
# One queue an installation; two installations on one Redis need two names.
CELERY_TASK_DEFAULT_QUEUE = env.str("CELERY_QUEUE", default="portal")
CELERY_TIMEZONE = "Asia/Ho_Chi_Minh"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULER = "portal.core.background.beat:Scheduler"
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "celerybeat-schedule")

AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "portal.accounts.passwords.HardToGuess"},
]
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "accounts:login"
CSRF_FAILURE_VIEW = "portal.accounts.views.sign_in.stale_page"
SESSION_COOKIE_AGE = env.int("SESSION_COOKIE_AGE", default=8 * 3600)
SESSION_SAVE_EVERY_REQUEST = False
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
KNOWN_PLACE_LASTS = timedelta(days=180)  # since an account last signed in from there
PUBLIC_CHECKS_ALLOWED = 30  # signed files of one address looked at before it has to wait
PASSWORD_LINK_LASTS = timedelta(hours=24)  # a link or a code to choose a password by
LOOK_ONLY = timedelta(hours=24)  # after a password was reset or an address changed

LANGUAGE_CODE = "vi"
LANGUAGES = [("vi", "Tiếng Việt")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["portal.core.formats"]
TIME_ZONE = "Asia/Ho_Chi_Minh"
USE_I18N = True
USE_TZ = True
USE_THOUSAND_SEPARATOR = True

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {
        "BACKEND": "portal.core.sealed_files.SealedStorage",
        "OPTIONS": {"location": str(DATA_DIR / "files"), "base_url": None},
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
if DEBUG:
    STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_USE_FINDERS = DEBUG
MAX_UPLOAD_BYTES = env.int("MAX_UPLOAD_BYTES", default=10 * 1024 * 1024)
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700

# Keys: the CA's own (the worker's), the OCSP responder's (the web's), outside each other's reach.
CA_KEY_DIR = Path(env.str("CA_KEY_DIR", default=str(DATA_DIR / "keys" / "ca")))
OCSP_KEY_DIR = Path(env.str("OCSP_KEY_DIR", default=str(DATA_DIR / "keys" / "ocsp")))
TSA_KEY_DIR = Path(env.str("TSA_KEY_DIR", default=str(DATA_DIR / "keys" / "tsa")))
# A time-stamp authority (RFC 3161) by its address; "": the portal's own, where this process has its
# key. Its CA belongs into TRUST_ANCHORS.
TIMESTAMP_URL: str = env.str("TIMESTAMP_URL", default="")
# A day (2030-01-01): files last stamped before it are stamped anew, as an algorithm nears its end.
_renewed_since: str = env.str("STAMPS_RENEWED_SINCE", default="")
STAMPS_RENEWED_SINCE = date.fromisoformat(_renewed_since) if _renewed_since else None
# Where they are made: "files", or "pkcs11": on a token, by its label, behind its maker's library.
# The PINs, CA_TOKEN_PIN and OCSP_TOKEN_PIN, are no settings, as CA_PASSPHRASE is none.
CA_KEY_STORE: str = env.str("CA_KEY_STORE", default="files")
OCSP_KEY_STORE: str = env.str("OCSP_KEY_STORE", default="files")
PKCS11_MODULE: str = env.str("PKCS11_MODULE", default="")
CA_TOKEN: str = env.str("CA_TOKEN", default="")
OCSP_TOKEN: str = env.str("OCSP_TOKEN", default="")
if {CA_KEY_STORE, OCSP_KEY_STORE} - {"files", "pkcs11"}:
    raise ImproperlyConfigured('CA_KEY_STORE and OCSP_KEY_STORE are "files" or "pkcs11"')
if "pkcs11" in (CA_KEY_STORE, OCSP_KEY_STORE) and not PKCS11_MODULE:
    raise ImproperlyConfigured("PKCS11_MODULE must name the library of the token's maker")
# Certificates (.cer, .crt, .pem, .p7b) of the CAs that are trusted beside the portal's own: of the
# real CA, and of whoever signs what is handed in. Read by portal.ca.authority.anchors.
TRUST_ANCHORS = Path(env.str("TRUST_ANCHORS", default=str(DATA_DIR / "anchors")))
CHECKPOINT_DIR = Path(env.str("CHECKPOINT_DIR", default=str(DATA_DIR / "checkpoints")))
# What signs archive packages (requests_app.archive): archive.key, archive.pem; made when missing.
ARCHIVE_KEY_DIR = Path(env.str("ARCHIVE_KEY_DIR", default=str(DATA_DIR / "keys" / "archive")))
# How long closed dossiers are to be kept, and by which text. None was found that says it: 0, "".
ARCHIVE_RETENTION_YEARS = env.int("ARCHIVE_RETENTION_YEARS", default=0)
ARCHIVE_RETENTION_SOURCE: str = env.str("ARCHIVE_RETENTION_SOURCE", default="")
# scrypt's N for key files and PINs; with r=8 and p=5 OWASP's advice (0.2 s), kept with each.
SCRYPT_COST = 2**14
# Who issues: "simulated", or "files": another CA, reached by packages and answers as files.
AUTHORITY: str = env.str("AUTHORITY", default="simulated" if SIMULATION else "files")
# From which day another does: "2028-01-01=files, 2029-07-01=simulated".
AUTHORITY_FROM: list[tuple[date, str]] = sorted(
    (date.fromisoformat(day.strip()), name.strip())
    for day, name in (one.split("=") for one in env.list("AUTHORITY_FROM", default=[]))
)
if {AUTHORITY, *(name for _day, name in AUTHORITY_FROM)} - {"simulated", "files"}:
    raise ImproperlyConfigured('AUTHORITY and AUTHORITY_FROM name "simulated" or "files"')
CA_ISSUER: str = env.str("CA_ISSUER", default="")  # names the issuing CA; "" the last that began
CA_ALGORITHM: str = env.str("CA_ALGORITHM", default="rsa")  # "rsa" as the real CA, or "ec"

# Named limits that the decree text we have does not give (DERIVED); see docs/rules.md.
OFFICE_CHECK_WORKING_DAYS = env.int("OFFICE_CHECK_WORKING_DAYS", default=3)
CA_RENEW_WORKING_DAYS = env.int("CA_RENEW_WORKING_DAYS", default=3)
CA_CHANGE_WORKING_DAYS = env.int("CA_CHANGE_WORKING_DAYS", default=3)
CA_REVOKE_WORKING_DAYS = env.int("CA_REVOKE_WORKING_DAYS", default=3)
HANDOVER_NOTICE_WORKING_DAYS = env.int("HANDOVER_NOTICE_WORKING_DAYS", default=1)
# The support desk, our own design: in how many hours of work a question is answered, and when an
# office works; no text seen says it.
SUPPORT_ANSWER_HOURS = env.int("SUPPORT_ANSWER_HOURS", default=8)
SUPPORT_WORKING_HOURS: list[str] = env.list(
    "SUPPORT_WORKING_HOURS", default=["07:30-11:30", "13:30-17:00"]
)
# Reminders: how many follow a missed end, one each working day; how late the next one up is told.
MOST_OVERDUE_REMINDERS = env.int("MOST_OVERDUE_REMINDERS", default=10)
HEAD_TOLD_AFTER_WORKING_DAYS = env.int("HEAD_TOLD_AFTER_WORKING_DAYS", default=1)
OFFICE_TOLD_AFTER_WORKING_DAYS = env.int("OFFICE_TOLD_AFTER_WORKING_DAYS", default=3)
CA_TOLD_AFTER_WORKING_DAYS = env.int("CA_TOLD_AFTER_WORKING_DAYS", default=5)
REMINDER_HOUR = env.int("REMINDER_HOUR", default=7)  # a day's reminders are told from then on
# A mail waits until its recipient was told nothing for so long: longer than the interval of the
# sweeps that tell much, so that one that is killed does not make two mails of one.
MAIL_SETTLING = timedelta(seconds=env.int("MAIL_SETTLING_SECONDS", default=120))
# Who may read /metrics: whoever sends this token, or asks from these addresses. Neither: nobody.
METRICS_TOKEN: str = env.str("METRICS_TOKEN", default="")
METRICS_ADDRESSES: list[str] = env.list("METRICS_ADDRESSES", default=[])
# Rows carried out in one transaction, and how long a silent worker keeps its dossier.
EXECUTION_CHUNK = env.int("EXECUTION_CHUNK", default=100)
# Whether notices and answers of an office or the CA are numbered and signed before they are
# delivered (decision 52); off: the portal delivers them at once, unsigned and without a number.
SIGNED_PAPERS: bool = env.bool("SIGNED_PAPERS", default=True)
# Letters of more rows are printed by the worker, so many rows of them laid out at a time.
LETTER_ROWS_AT_ONCE = env.int("LETTER_ROWS_AT_ONCE", default=50)
LETTER_PIECE_ROWS = env.int("LETTER_PIECE_ROWS", default=200)
# Of a letter that a reorganisation opens: what a head can look through before signing.
MERGER_ROWS_PER_LETTER = env.int("MERGER_ROWS_PER_LETTER", default=100)
# Signing events are kept one by one for so long, by whole months; their sums stay (portal.usage).
USAGE_EVENT_DAYS = env.int("USAGE_EVENT_DAYS", default=400)
EXECUTION_LEASE = timedelta(seconds=env.int("EXECUTION_LEASE_SECONDS", default=60))
DEMO_PASSWORD: str = env.str("DEMO_PASSWORD", default="thu-nghiem-68")
DEMO_PIN: str = env.str("DEMO_PIN", default="68-tanuyen")
PIN_TRIES = env.int("PIN_TRIES", default=10)

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
if SIMULATION and not env.str("EMAIL_URL", default=""):
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = str(DATA_DIR / "outbox")
elif env.str("EMAIL_URL", default=""):
    vars().update(env.email("EMAIL_URL"))
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="khong-tra-loi@chukyso.invalid")

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
COOKIE_PREFIX = ""
# A browser sends secure cookies over https alone, and the demo may be visited by plain http.
if not DEBUG and not (SIMULATION and PUBLIC_URL.startswith("http://")):
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    # CRL, OCSP and CA certificates are fetched over plain http by verifiers; health by the host.
    SECURE_REDIRECT_EXEMPT = [r"^pki/", r"^healthz$", r"^readyz$", r"^metrics$"]
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31536000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    # Browsers keep secure cookies from http; only a simulation may be visited that way.
    SESSION_COOKIE_SECURE = not (SIMULATION and PUBLIC_URL.startswith("http://"))
    CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE
    if SESSION_COOKIE_SECURE:  # no other host, and no page by http, can set cookies of these names
        COOKIE_PREFIX = "__Host-"
        SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}sessionid"
        CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}csrftoken"
    if TRUSTED_PROXIES:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "frame-src": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "knox.auth.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PARSER_CLASSES": [
        "portal.api.parsers.BoundedJSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.LimitOffsetPagination",
    "PAGE_SIZE": 50,
    "DEFAULT_VERSIONING_CLASS": None,
}
REST_KNOX = {"TOKEN_TTL": timedelta(hours=12), "USER_SERIALIZER": None}
SPECTACULAR_SETTINGS = {
    "TITLE": "Cổng chứng thư chữ ký số chuyên dùng công vụ",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {
        "DossierStateEnum": "requests_app.workflow.State",
        "CertificateStateEnum": "portal.ca.models.CertificateState",
        "SubscriberKindEnum": "portal.agencies.models.SubscriberKind",
        "DeviceKindEnum": "devices.models.DeviceKind",
        "CustodyEnum": "devices.lifecycle.Custody",
        "ConditionEnum": "devices.lifecycle.Condition",
        "ActionEnum": "requests_app.workflow.Action",
        "StorageEnum": "portal.ca.models.Storage",
        "DecisionEnum": "requests_app.models.Decision",
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "portal.core.logs.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django.server": {"level": "WARNING"},
        "fontTools": {"level": "WARNING"},
        "weasyprint": {"level": "WARNING"},
        "pyhanko": {"level": "WARNING"},
    },
}
