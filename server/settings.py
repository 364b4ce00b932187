"""Django's settings, taken from the home folder that ``BOLTSEAL_HOME`` names.

Without that variable (type checker, `makemigrations`) the database is in memory and the secret lives as
long as the process.
"""

import os
import secrets
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF

from server.home import Home

_HERE = Path(__file__).resolve().parent
_HOME = Home(Path(os.environ["BOLTSEAL_HOME"])) if os.environ.get("BOLTSEAL_HOME") else None

SECRET_KEY = _HOME.secret() if _HOME else secrets.token_urlsafe(48)
DEBUG = False
# Asked wherever a page needs the time, so that a test can give another.
CLOCK = partial(datetime.now, UTC)
# The front refuses a wrong Host header for every route before Django sees it (`server/asgi.py`).
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "server.urls"

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "server.store",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "server.web.files.Files",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "server.web.gate.Gate",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [_HERE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "server.web.desk.for_templates",
            ],
            "builtins": ["server.web.tags", "django.templatetags.i18n", "django.templatetags.static"],
        },
    },
]

DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(_HOME.database) if _HOME else ":memory:",
        # Under ASGI threads come and go, so connections do too.
        "CONN_MAX_AGE": 0,
        "OPTIONS": {
            "timeout": 20,
            # A transaction that reads first and writes later would fail instead of waiting its turn.
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# People: names and passwords of our own, a second factor for everyone (server/people.py).
AUTH_USER_MODEL = "store.Person"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_ADAPTER = "server.web.adapters.AccountAdapter"  # nobody signs up: an administrator adds people
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/300s/key",
    "change_password": "5/m/user",
}
ALLAUTH_TRUSTED_PROXY_COUNT = 0  # the address that a limit counts by is the connection's own
MFA_ADAPTER = "server.web.adapters.SecondFactorAdapter"
MFA_TOTP_ISSUER = "Boltseal"
MFA_TOTP_TOLERANCE = 1  # one step of 30 seconds, for clocks that differ
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
# Limits on logins and used codes live here. One process serves the pages, so its own memory will do; several
# processes need a cache that they share.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "limits"}}
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# Forms are small; reports do not come this way.
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 << 10
DATA_UPLOAD_MAX_NUMBER_FIELDS = 100
DATA_UPLOAD_MAX_NUMBER_FILES = 0
CSRF_FAILURE_VIEW = "server.web.errors.csrf"

SESSION_COOKIE_SECURE = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],  # the QR code of a second factor
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    },
}

STATIC_URL = "/static/"
STATIC_ROOT = None
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
STATICFILES_DIRS = [_HERE / "static"]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Español"), ("fr", "Français")]
LOCALE_PATHS = [_HERE / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
LOGGING_CONFIG = None
