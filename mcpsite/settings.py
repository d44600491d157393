"""All settings, read from the environment; every one has a default. `docs/settings.md` explains each."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from pythonjsonlogger.core import RESERVED_ATTRS

from .console import theme
from .data_folder import make_private_folder
from .databases import add_limits
from .env import env_bool, env_database, env_int, env_list, env_str, env_time_zone
from .http.refusal_log import drop_traceback_of_403
from .secret_key import read_or_create_secret_key

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = make_private_folder(Path(env_str("DATA_DIR", str(BASE_DIR / "data"))).resolve())
"""Everything this process writes to disk is below it."""

# Public address

HOST = env_str("HOST", "127.0.0.1")
PORT = env_int("PORT", 8000, minimum=1, maximum=65535)
PUBLIC_URL = env_str("PUBLIC_URL", f"http://{f'[{HOST}]' if ':' in HOST else HOST}:{PORT}").rstrip("/")
_public = urlsplit(PUBLIC_URL)
if _public.scheme not in ("http", "https") or not _public.hostname or _public.path:
    raise ImproperlyConfigured(f"PUBLIC_URL={PUBLIC_URL!r} must be like https://skills.example.com, without a path.")
_https = _public.scheme == "https"

DEBUG = env_bool("DEBUG", False)
SECRET_KEY = env_str("SECRET_KEY") or read_or_create_secret_key(DATA_DIR / "secret_key")
ALLOWED_HOSTS = [_public.hostname, "localhost", "127.0.0.1", "[::1]", *env_list("ALLOWED_HOSTS")]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SECURE_SSL_REDIRECT = _https
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _https
if env_bool("TRUST_X_FORWARDED_PROTO", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
TRUSTED_PROXY_COUNT = env_int("TRUSTED_PROXY_COUNT", 0, maximum=10)
PAGES_AT_ONCE = env_int("PAGES_AT_ONCE", 300, minimum=1)
SESSION_COOKIE_AGE = 12 * 3600
X_FRAME_OPTIONS = "DENY"

# The application

INSTALLED_APPS = [
    "daphne",
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "rest_framework",
    "invocations",
    "skills_registry",
    "mcp_gateway",
    "mcpsite",
]
MIDDLEWARE = [
    "mcpsite.http.privacy.PrivateAnswersMiddleware",
    "mcpsite.http.transport.PlainHttpMiddleware",
    "mcpsite.http.deadlines.DeadlineMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "mcpsite.http.compression.CompressTextMiddleware",
    "mcpsite.http.methods.PageMethodsMiddleware",
    "mcpsite.http.csp.ContentSecurityPolicyMiddleware",
    "mcpsite.http.releasing.ReleaseConnectionsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "mcpsite.console.time_zones.TimeZoneMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "mcpsite.console.actor.ActorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "mcpsite.urls"
ASGI_APPLICATION = "mcpsite.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    ["django.template.loaders.filesystem.Loader", "mcpsite.console.theme_templates.Loader"],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
UNFOLD = theme.UNFOLD
ENVIRONMENT_LABEL = env_str("ENVIRONMENT_LABEL")
ENVIRONMENT_COLOR = env_str("ENVIRONMENT_COLOR", "info", choices=("info", "success", "warning", "danger"))
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = _https
TIME_ZONE = env_time_zone("TIME_ZONE", "UTC")
USE_TZ = True
FORMAT_MODULE_PATH = "mcpsite.formats"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env_str("REDIS_URL")
CHANNEL_LAYERS: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [{"address": REDIS_URL, "socket_connect_timeout": 2}], "prefix": "skillkeeper"},
    }
    if REDIS_URL
    else {"BACKEND": "channels.layers.InMemoryChannelLayer"}
}

STOP_SECONDS = env_int("STOP_SECONDS", 25, minimum=8, maximum=600)
ANSWERS_STOP_SECONDS = min(15, STOP_SECONDS // 3)
"""Share of STOP_SECONDS for requests in progress; the rest is for writing recorded calls."""
RECORDER_STOP_SECONDS = STOP_SECONDS - ANSWERS_STOP_SECONDS - 3
"""Two seconds are reserved for the heartbeat's sign-off, one for Python's exit."""

# Storage

DATABASE_CONNECT_TIMEOUT_SECONDS = env_int("DATABASE_CONNECT_TIMEOUT_SECONDS", 3, minimum=1)
DATABASE_STATEMENT_TIMEOUT_SECONDS = env_int("DATABASE_STATEMENT_TIMEOUT_SECONDS", 7)
DATABASES = {
    "default": add_limits(
        env_database("DATABASE_URL", f"sqlite:///{DATA_DIR / 'db.sqlite3'}"),
        pool_size=env_int("DATABASE_POOL_SIZE", 10, minimum=2),
        pool_timeout=env_int("DATABASE_POOL_TIMEOUT_SECONDS", 8, minimum=1),
        connect_timeout=DATABASE_CONNECT_TIMEOUT_SECONDS,
        answer_timeout=DATABASE_STATEMENT_TIMEOUT_SECONDS,
    )
}
MCP_DEADLINE_SECONDS = env_int("MCP_DEADLINE_SECONDS", 10, minimum=1)
PAGE_DEADLINE_SECONDS = env_int("PAGE_DEADLINE_SECONDS", 10, minimum=1)
TRANSFER_DEADLINE_SECONDS = env_int("TRANSFER_DEADLINE_SECONDS", 60, minimum=1)
PROJECTION_DEADLINE_SECONDS = 3.0
"""How long publishing waits for the projections; after that they run in the background."""
STORAGE_BACKEND = env_str("STORAGE_BACKEND", "local", choices=("local", "s3"))
AWS_REGION = env_str("AWS_REGION", "us-east-1")
S3_SKILLS_PREFIX = env_str("S3_SKILLS_PREFIX", "skills/")
S3_SKILLS_BUCKET = env_str("S3_SKILLS_BUCKET", "mcp-skills-bucket")
S3_ENDPOINT_URL = env_str("S3_ENDPOINT_URL")
S3_SSE = env_str("S3_SSE", "AES256", choices=("AES256", "aws:kms", "none"))
S3_SSE_KMS_KEY_ID = env_str("S3_SSE_KMS_KEY_ID")
SKILL_CACHE_DIR = Path(env_str("SKILL_CACHE_DIR", str(DATA_DIR / "cache")))
SKILL_CACHE_BYTES = env_int("SKILL_CACHE_BYTES", 1024**3)
DYNAMODB_SKILLS_TABLE = env_str("DYNAMODB_SKILLS_TABLE", "mcp-skills")
DYNAMODB_INVOCATION_LOGS_TABLE = env_str("DYNAMODB_INVOCATION_LOGS_TABLE", "mcp-invocation-logs")
DYNAMODB_ENDPOINT_URL = env_str("DYNAMODB_ENDPOINT_URL")
S3_CONNECT_TIMEOUT_SECONDS = env_int("S3_CONNECT_TIMEOUT_SECONDS", 2, minimum=1)
S3_READ_TIMEOUT_SECONDS = env_int("S3_READ_TIMEOUT_SECONDS", 5, minimum=1)
S3_CALL_TIMEOUT_SECONDS = env_int("S3_CALL_TIMEOUT_SECONDS", 30, minimum=1)
S3_TRIES = env_int("S3_TRIES", 2, minimum=1, maximum=10)
S3_CONNECTIONS = env_int("S3_CONNECTIONS", 20, minimum=1)
DYNAMODB_CONNECT_TIMEOUT_SECONDS = env_int("DYNAMODB_CONNECT_TIMEOUT_SECONDS", 2, minimum=1)
DYNAMODB_READ_TIMEOUT_SECONDS = env_int("DYNAMODB_READ_TIMEOUT_SECONDS", 3, minimum=1)
DYNAMODB_CALL_TIMEOUT_SECONDS = env_int("DYNAMODB_CALL_TIMEOUT_SECONDS", 10, minimum=1)
DYNAMODB_TRIES = env_int("DYNAMODB_TRIES", 3, minimum=1, maximum=10)
DYNAMODB_CONNECTIONS = env_int("DYNAMODB_CONNECTIONS", 20, minimum=1)
PUBLISHED_CATALOG = {
    "local": "skills_registry.catalog.orm.OrmCatalog",
    "s3": "skills_registry.catalog.dynamodb.DynamoCatalog",
}[STORAGE_BACKEND]
INVOCATION_STORES = {"local": "invocations.stores.orm.OrmStore", "s3": "invocations.stores.dynamodb.DynamoStore"}
INVOCATION_STORE = INVOCATION_STORES[STORAGE_BACKEND]
INVOCATION_LOG_TTL_DAYS = env_int("INVOCATION_LOG_TTL_DAYS", 30)
INVOCATION_LOG_PARAMS = env_bool("INVOCATION_LOG_PARAMS", True)
INVOCATION_LOG_SHARDS = env_int("INVOCATION_LOG_SHARDS", 1, minimum=1, maximum=100)
INVOCATION_HANDOVER_SECONDS = env_int("INVOCATION_HANDOVER_SECONDS", 60, minimum=1)
SPOOL_DIR = DATA_DIR / "spool"
"""Calls that are answered but not in the log yet."""
PROJECTIONS_OF = {
    "local": {
        "catalog": "skills_registry.catalog.orm.write",
        "latest": "skills_registry.store.package_store.write_latest",
    },
    "s3": {
        "catalog": "skills_registry.catalog.dynamodb_projection.write",
        "latest": "skills_registry.store.package_store.write_latest",
    },
}
PROJECTIONS = PROJECTIONS_OF[STORAGE_BACKEND]
"""Functions that write a skill to the published catalog and to `latest.json`; they return the stored generation."""
PROJECTION_RETRY_SECONDS = (1.0, 2.0, 5.0)
"""Delays between tries while a projection fails; the last one repeats."""
PROJECTION_LOOK_SECONDS = 10.0
"""How often a server looks for changes that other processes failed to project."""
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": DATA_DIR / "media"}},
    "staticfiles": {"BACKEND": "mcpsite.http.static_storage.StaticStorage"},
    "skills-local": {
        "BACKEND": "skills_registry.store.backends.local.LocalSkillStorage",
        "OPTIONS": {"location": DATA_DIR / "store"},
    },
    "skills-s3": {
        "BACKEND": "skills_registry.store.backends.s3.S3SkillStorage",
        "OPTIONS": {
            "bucket_name": S3_SKILLS_BUCKET,
            "region_name": AWS_REGION,
            "endpoint_url": S3_ENDPOINT_URL or None,
            "encryption": S3_SSE,
            "kms_key_id": S3_SSE_KMS_KEY_ID,
        },
    },
}
STORAGES["skills"] = STORAGES[f"skills-{STORAGE_BACKEND}"]
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"

# Limits on requests and packages

HTTP_MAX_HEADER_BYTES = env_int("HTTP_MAX_HEADER_BYTES", 64 * 1024, minimum=8 * 1024)
HTTP_MAX_HEADERS = env_int("HTTP_MAX_HEADERS", 100, minimum=20)
HTTP_HEAD_SECONDS = env_int("HTTP_HEAD_SECONDS", 15, minimum=1)
HTTP_BODY_SECONDS = env_int("HTTP_BODY_SECONDS", 30, minimum=1)
HTTP_KEEP_ALIVE_SECONDS = env_int("HTTP_KEEP_ALIVE_SECONDS", 5, minimum=1)
HTTP_MAX_CONNECTIONS = env_int("HTTP_MAX_CONNECTIONS", 4096, minimum=10)
SKILL_MAX_FILES = env_int("SKILL_MAX_FILES", 512, minimum=1)
SKILL_MAX_BYTES = env_int("SKILL_MAX_BYTES", 16 * 1024 * 1024, minimum=1)
SKILL_MAX_ARCHIVE_BYTES = env_int("SKILL_MAX_ARCHIVE_BYTES", 32 * 1024 * 1024, minimum=1)
SKILL_ALLOW_LONG_DESCRIPTION = env_bool("SKILL_ALLOW_LONG_DESCRIPTION", False)
SKILL_REQUIRE_FOLDER_NAME = env_bool("SKILL_REQUIRE_FOLDER_NAME", False)
MAX_REQUEST_BYTES = SKILL_MAX_ARCHIVE_BYTES + 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FILES = 8 * SKILL_MAX_FILES
"""For folder uploads, including ignored files; equals the maximum number of zip entries."""
FILE_UPLOAD_TEMP_DIR = None
FILE_UPLOAD_PERMISSIONS = 0o600
PACKAGE_WORKERS = env_int("PACKAGE_WORKERS", 2, minimum=1, maximum=64)
"""Worker processes that parse package texts within limits; see `skills_registry/bounded`."""

REQUIRE_REVIEW = env_bool("REQUIRE_REVIEW", False)

# The gateway

MCP_REQUIRE_AUTH = env_bool("MCP_REQUIRE_AUTH", not DEBUG)
MCP_JWT_ISSUER = env_str("MCP_JWT_ISSUER")
MCP_JWT_JWKS_URL = env_str("MCP_JWT_JWKS_URL")
MCP_JWT_AUDIENCE = env_list("MCP_JWT_AUDIENCE")
MCP_JWT_CLIENT_IDS = env_list("MCP_JWT_CLIENT_IDS")
MCP_JWT_ALGORITHMS = env_list("MCP_JWT_ALGORITHMS") or ["RS256", "ES256"]
MCP_JWT_SCOPE_CLAIM = env_str("MCP_JWT_SCOPE_CLAIM", "scope")
MCP_JWT_SCOPE_PREFIX = env_str("MCP_JWT_SCOPE_PREFIX")
MCP_JWT_NAME_CLAIM = env_str("MCP_JWT_NAME_CLAIM", "sub")
MCP_JWT_SKILLS_CLAIM = env_str("MCP_JWT_SKILLS_CLAIM")
MCP_JWT_TAGS_CLAIM = env_str("MCP_JWT_TAGS_CLAIM")
MCP_AUTHORIZATION_SERVERS = env_list("MCP_AUTHORIZATION_SERVERS") or [url for url in (MCP_JWT_ISSUER,) if url]
MCP_REFRESH_SECONDS = env_int("MCP_REFRESH_MILLISECONDS", 500) / 1000
MCP_MAX_BODY_BYTES = env_int("MCP_MAX_BODY_BYTES", 1024 * 1024, minimum=1024)
MCP_MAX_RESULT_BYTES = env_int("MCP_MAX_RESULT_BYTES", 2 * 1024 * 1024, minimum=1024)
MCP_FILE_CACHE_BYTES = env_int("MCP_FILE_CACHE_BYTES", 64 * 1024 * 1024)
MCP_TTL_MS = env_int("MCP_TTL_MS", 1000)
MCP_RESOURCE_LINKS = env_bool("MCP_RESOURCE_LINKS", True)
MCP_PROVIDERS = env_list("MCP_PROVIDERS")
MCP_MAX_STREAMS = env_int("MCP_MAX_STREAMS", 2000)
MCP_MAX_STREAMS_PER_CALLER = env_int("MCP_MAX_STREAMS_PER_CALLER", 50)
MCP_SKILL_TOOLS = env_str("MCP_SKILL_TOOLS", "auto", choices=("auto", "each", "search"))
MCP_MAX_SKILL_TOOLS = env_int("MCP_MAX_SKILL_TOOLS", 100)
MCP_HEARTBEAT_SECONDS = env_int("MCP_HEARTBEAT_SECONDS", 15)

# Alarms on the admin's home page

ALARM_LEAST_CALLS = env_int("ALARM_LEAST_CALLS", 20, minimum=1)
ALARM_FAILED_PERCENT = env_int("ALARM_FAILED_PERCENT", 10, minimum=1, maximum=100)

# Rate limits of the gateway and the API

RATE_LIMIT_PER_MINUTE = env_int("RATE_LIMIT_PER_MINUTE", 0)
RATE_LIMIT_CONCURRENT = env_int("RATE_LIMIT_CONCURRENT", 0)
RATE_LIMIT_FAILURES = env_int("RATE_LIMIT_FAILURES", 60)

# The API

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "mcp_gateway.rest.authentication.AccessTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "mcp_gateway.rest.authentication.TokenScope",
        "skills_registry.api.permissions.RegistryPermissions",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["mcp_gateway.rest.throttling.CallerThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "skills_registry.api.parsers.BoundedJsonParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "EXCEPTION_HANDLER": "skills_registry.api.errors.exception_handler",
}

# Logs

LOG_LEVEL = env_str("LOG_LEVEL", "INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "request_id": {"()": "mcpsite.http.request_id.RequestIdFilter"},
        "refusals": {"()": "django.utils.log.CallbackFilter", "callback": drop_traceback_of_403},
    },
    "formatters": {
        "text": {"format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"},
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "fmt": "%(asctime)s %(levelname)s %(name)s %(request_id)s %(message)s",
            "reserved_attrs": [*RESERVED_ATTRS, "color_message"],  # the last is uvicorn's, for terminals
        },
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "filters": ["request_id", "refusals"],
            "formatter": env_str("LOG_FORMAT", "text", choices=("text", "json")),
        }
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": [], "propagate": True},
        "daphne": {"level": "WARNING"},
        "twisted": {"level": "WARNING"},
        "botocore": {"level": "WARNING"},
        "pynamodb": {"level": "WARNING"},
    },
}
