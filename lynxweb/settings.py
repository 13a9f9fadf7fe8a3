"""One settings file: constants here, everything that differs between installations comes from `lynxweb.env`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from lynxweb import env, logs

BASE_DIR = env.BASE
ENVIRONMENT = env.from_process()
TESTING = "pytest" in sys.modules
LYNXWEB_HOME: Path = ENVIRONMENT.home / "test" if TESTING else ENVIRONMENT.home
LYNXWEB_KEYS: Path = LYNXWEB_HOME / "keys"
LYNXWEB_SIGNER_HOME: Path = LYNXWEB_HOME / "signer" if TESTING else ENVIRONMENT.signer_home
LYNXWEB_STORAGE: Path = LYNXWEB_HOME / "storage" if TESTING else ENVIRONMENT.storage
LYNXWEB_BASE_URL = ENVIRONMENT.base_url
LYNXWEB_TOKEN_PEPPER = ENVIRONMENT.token_pepper
LYNXWEB_NUM_PROXIES = ENVIRONMENT.num_proxies
LYNXWEB_REQUIRE_MFA = ENVIRONMENT.require_mfa

SECRET_KEY = ENVIRONMENT.secret_key
DEBUG = ENVIRONMENT.debug
ALLOWED_HOSTS = list(ENVIRONMENT.allowed_hosts)
CSRF_TRUSTED_ORIGINS = [ENVIRONMENT.base_url]
ROOT_URLCONF = "lynxweb.urls"
WSGI_APPLICATION = "lynxweb.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ, TIME_ZONE, LANGUAGE_CODE, USE_I18N = True, "UTC", "en-gb", False

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "lynxweb.audit",
    "lynxweb.accounts",
    "lynxweb.registry",
    "lynxweb.review",
    "lynxweb.api",
    "lynxweb.pages",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "lynxweb.audit.halting.banner",
            ]
        },
    }
]

# -- Database: SQLite as an append-only log needs it, or PostgreSQL ----------------------------------------------------------------------
SQLITE_OPTIONS: dict[str, Any] = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA recursive_triggers=ON;",
}


def _database(address: env.Database) -> dict[str, Any]:
    if address.vendor == "sqlite":
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": address.name, "OPTIONS": SQLITE_OPTIONS}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": address.name,
        "USER": address.user,
        "PASSWORD": address.password,
        "HOST": address.host,
        "PORT": address.port,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": dict(address.options),
    }


DATABASES = {"default": _database(ENVIRONMENT.database)}
DATABASE_OWNER: env.Database | None = ENVIRONMENT.owner  # who owns the tables where that is not the site itself; PostgreSQL only

# -- People ------------------------------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.Person"
AUTHENTICATION_BACKENDS = ["lynxweb.accounts.passwords.EmailOrName"]
SITE_PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"] * TESTING + SITE_PASSWORD_HASHERS
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator", "OPTIONS": {"user_attributes": ("name", "email")}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL, LOGIN_REDIRECT_URL, LOGOUT_REDIRECT_URL = "/sign-in", "/", "/sign-in"

# Sign-in: name or e-mail address with a password, a second factor if the person set one up, or the provider of .env. Nobody signs up by
# himself, no e-mail is sent, and addresses stay in Person. Limits on attempts are those of allauth.
ACCOUNT_ADAPTER, SOCIALACCOUNT_ADAPTER = "lynxweb.accounts.sign_in.Accounts", "lynxweb.accounts.oidc.Accounts"
MFA_ADAPTER = "lynxweb.accounts.second_factor.SecondFactor"
ACCOUNT_FORMS = {"login": "lynxweb.accounts.sign_in.SignInForm"}
ACCOUNT_USER_MODEL_USERNAME_FIELD, ACCOUNT_USER_MODEL_EMAIL_FIELD = "name", "email"
ACCOUNT_LOGIN_METHODS, ACCOUNT_SIGNUP_FIELDS = {"username", "email"}, ["username*", "email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION, ACCOUNT_EMAIL_NOTIFICATIONS, ACCOUNT_SESSION_REMEMBER = "none", False, True
ALLAUTH_TRUSTED_PROXY_COUNT = ENVIRONMENT.num_proxies
MFA_SUPPORTED_TYPES, MFA_TOTP_ISSUER, MFA_TOTP_TOLERANCE = ["totp", "recovery_codes"], "Lynxweb", 1
MFA_RECOVERY_CODES_SHOW_ONCE = True
SOCIALACCOUNT_LOGIN_ON_GET = True  # a link: the policy of the pages lets no form leave the site, not even by a redirect
SOCIALACCOUNT_AUTO_SIGNUP, SOCIALACCOUNT_STORE_TOKENS, SOCIALACCOUNT_EMAIL_AUTHENTICATION = False, False, False
LYNXWEB_OIDC: env.Oidc | None = ENVIRONMENT.oidc


def _provider(oidc: env.Oidc) -> dict[str, Any]:
    app = {"provider_id": "oidc", "name": oidc.name, "client_id": oidc.client_id, "secret": oidc.client_secret}
    return {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app | {"settings": {"server_url": oidc.issuer}}]}}


SOCIALACCOUNT_PROVIDERS: dict[str, Any] = _provider(LYNXWEB_OIDC) if LYNXWEB_OIDC else {}

# -- Headers and cookies -----------------------------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY, SESSION_COOKIE_SAMESITE, CSRF_COOKIE_HTTPONLY, CSRF_COOKIE_SAMESITE = True, "Lax", True, "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = ENVIRONMENT.over_https
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if ENVIRONMENT.over_https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = ENVIRONMENT.over_https
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENVIRONMENT.over_https and ENVIRONMENT.num_proxies else None

# -- Static files: hashed names once `collectstatic` has run, straight from the tree before ---------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = ENVIRONMENT.home / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
COLLECTED = (STATIC_ROOT / "staticfiles.json").is_file() and not DEBUG and not TESTING
WHITENOISE_USE_FINDERS = not COLLECTED
_PLAIN, _HASHED = "django.contrib.staticfiles.storage.StaticFilesStorage", "whitenoise.storage.CompressedManifestStaticFilesStorage"
# `collectstatic` itself writes the list of hashed names, so it needs the hashing storage before the list exists.
_STATIC = _HASHED if COLLECTED or "collectstatic" in sys.argv else _PLAIN
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": LYNXWEB_STORAGE}},
    "staticfiles": {"BACKEND": _STATIC},
}

# -- The machines' door ------------------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["lynxweb.api.authentication.TokenAuthentication", "rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["lynxweb.api.visiting.SignedInOrVisiting"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["lynxweb.api.parsers.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "lynxweb.api.problems.handler",
    "NUM_PROXIES": ENVIRONMENT.num_proxies,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Lynxweb",
    "DESCRIPTION": "A registry of AI-inference benchmark evidence.",
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# -- Work that runs later: the row is the record, the message only wakes somebody up -----------------------------------------------------
BROKER_FOLDER = ENVIRONMENT.home / "broker"
CELERY_BROKER_URL = ENVIRONMENT.broker_url
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    {
        "data_folder_in": str(BROKER_FOLDER),
        "data_folder_out": str(BROKER_FOLDER),
        "control_folder": str(BROKER_FOLDER / "control"),
        "polling_interval": 0.1,
    }
    if ENVIRONMENT.broker_url.startswith("filesystem")
    else {"visibility_timeout": 6 * 3600}
)
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"

LOGGING = logs.configuration(ENVIRONMENT.log_format)
