"""Every setting comes from the environment; `.env.example` and the README list the variables.

The safe value is the default. With no DATABASE_URL and no REDIS_URL, the servers that
`manage.py up` embeds below DATA_DIR are used.
"""

import os
import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key
from redis.backoff import ExponentialWithJitterBackoff
from redis.retry import Retry

from storage_app.configuration import storages_from_environment
from videogen import __version__
from videogen.embedded import places
from videogen.environment import (
    database_from_url,
    env_bool,
    env_choice,
    env_decimal,
    env_int,
    env_list,
    env_origins,
    env_pairs,
    env_rate,
    env_str,
    env_url,
    redis_from_url,
)

BASE_DIR = Path(__file__).resolve().parent.parent

# Where this stack keeps its data and listens

DATA_DIR = Path(env_str("DATA_DIR", str(BASE_DIR / "var"))).absolute()
HOST = env_str("HOST", "127.0.0.1")
PORT = env_int("PORT", 8000, at_least=1, at_most=65535)
WS_PORT = env_int("WS_PORT", 8001, at_least=1, at_most=65535)
if PORT == WS_PORT:
    raise ImproperlyConfigured(f"WS_PORT={WS_PORT} is what PORT is; they must differ")
_HOST = f"[{HOST}]" if ":" in HOST else HOST
PUBLIC_URL = env_url("PUBLIC_URL", f"http://{_HOST}:{PORT}", schemes=["http", "https"])
PUBLIC_WS_URL = env_url("PUBLIC_WS_URL", f"ws://{_HOST}:{WS_PORT}", schemes=["ws", "wss"])

# Safety

DATABASE_URL = env_str("DATABASE_URL")
REDIS_URL = env_str("REDIS_URL")
EMBEDDED_DATABASE = not DATABASE_URL
EMBEDDED_REDIS = not REDIS_URL

DEBUG = env_bool("DEBUG", False)
SECRET_KEY_IS_TEMPORARY = False
SECRET_KEY = env_str("SECRET_KEY")
if not SECRET_KEY and places.secret_key_file(DATA_DIR).exists():
    SECRET_KEY = places.secret_key_file(DATA_DIR).read_text().strip()
if not SECRET_KEY and not EMBEDDED_DATABASE:
    raise ImproperlyConfigured(
        "SECRET_KEY is required with DATABASE_URL; make one with: "
        "python -c 'import secrets; print(secrets.token_urlsafe(50))'"
    )
if not SECRET_KEY:
    SECRET_KEY, SECRET_KEY_IS_TEMPORARY = get_random_secret_key(), True

ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]", _HOST])
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS", [PUBLIC_URL])
HTTPS = env_bool("HTTPS", PUBLIC_URL.startswith("https://"))
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = env_int("HSTS_SECONDS", 31_536_000 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env_bool("TRUST_PROXY", False) else None
SECURE_REDIRECT_EXEMPT = [r"^health"]  # Load balancers look at it without TLS.
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = env_int("MAX_BODY_BYTES", 262_144)
MAX_UPLOAD_BYTES = env_int("MAX_UPLOAD_BYTES", 20 * 2**20, at_least=1)
SILENCED_SYSTEM_CHECKS: list[str] = []

# Applications

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "channels",
    "django_rq",
    "videogen",
    "videogen.accounts",
    "storage_app",
    "analysis",
    "generations",
]

# A plain poll passes none of it: `generations/api/quick_poll.py` does what is for every answer. What shall
# refuse polls too belongs there as well.
MIDDLEWARE = [
    "videogen.middleware.RequestIdMiddleware",
    "videogen.problems.ProblemMiddleware",
    "videogen.middleware.LengthRequiredMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "videogen.urls"
WSGI_APPLICATION = "videogen.wsgi.application"
ASGI_APPLICATION = "videogen.asgi.application"
APPEND_SLASH = False  # The API has no trailing slashes; the admin's own catch-all adds them there.
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
            ]
        },
    }
]

# PostgreSQL

_DATABASE: dict[str, object] = (
    database_from_url("DATABASE_URL", DATABASE_URL)
    if DATABASE_URL
    else {
        "ENGINE": "videogen.kernel.postgresql",
        "NAME": "videogen",
        "USER": "videogen",
        "HOST": str(places.postgres_socket_dir(DATA_DIR)),
        "OPTIONS": {},
    }
)
# Transactions of one connection may run on different ones of the server.
PGBOUNCER = env_bool("PGBOUNCER", False)
_TIMEOUTS = "-c statement_timeout=15s -c lock_timeout=5s -c idle_in_transaction_session_timeout=30s"
DATABASES = {
    "default": _DATABASE
    | {
        "CONN_MAX_AGE": env_int("DATABASE_CONN_MAX_AGE", 300),
        "CONN_HEALTH_CHECKS": True,
        # A transaction-mode PgBouncer refuses start-up options and server-side cursors.
        "DISABLE_SERVER_SIDE_CURSORS": PGBOUNCER,
        "OPTIONS": {"connect_timeout": 5}
        | ({} if PGBOUNCER else {"options": _TIMEOUTS})
        | dict(_DATABASE["OPTIONS"]),  # type: ignore[call-overload]
    }
}
DATABASE_REPLICA_URL = env_str("DATABASE_REPLICA_URL")
if DATABASE_REPLICA_URL:
    _REPLICA = database_from_url("DATABASE_REPLICA_URL", DATABASE_REPLICA_URL)
    # It may be away: then nobody shall wait for it.
    _PATIENCE = {"connect_timeout": 2, "tcp_user_timeout": 3000} | (
        {} if PGBOUNCER else {"options": "-c statement_timeout=3s"}
    )
    DATABASES["replica"] = (
        DATABASES["default"] | _REPLICA | {"OPTIONS": _PATIENCE | dict(_REPLICA["OPTIONS"])}  # type: ignore[call-overload]
    )
    DATABASE_ROUTERS = ["videogen.kernel.postgresql.router.PrimaryRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Redis: one for queues and hints, which must never evict; one bounded cache

_QUEUE_URL = REDIS_URL or f"unix://{places.redis_socket(DATA_DIR, 'queue')}?db=0"
_CACHE_URL = env_str("CACHE_REDIS_URL") or (
    REDIS_URL if REDIS_URL else f"unix://{places.redis_socket(DATA_DIR, 'cache')}?db=0"
)
REDIS_QUEUE = redis_from_url("REDIS_URL", _QUEUE_URL)
REDIS_CACHE = redis_from_url("CACHE_REDIS_URL", _CACHE_URL)
REDIS_IS_SHARED = _QUEUE_URL == _CACHE_URL
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": _CACHE_URL,
        "KEY_PREFIX": "videogen",
        "OPTIONS": {
            # Clients made from a URL do not retry on their own (redis-py 8.1).
            "retry": Retry(ExponentialWithJitterBackoff(base=0.02, cap=0.2), 2),
            "socket_timeout": 1,
            "socket_connect_timeout": 1,
        },
    }
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        # redis-py 8 gives up on an idle connection after 5 s unless told otherwise.
        "CONFIG": {"hosts": [{"address": _QUEUE_URL, "socket_timeout": 15, "health_check_interval": 30}]},
    }
}

# Queues: one worker process takes from one queue (a worker on two can lose a job)

STAGE_QUEUES = ["analysis", "clips", "assembly"]
RQ_QUEUES = {
    name: {
        **(
            {"UNIX_SOCKET_PATH": REDIS_QUEUE["unix_socket_path"], "DB": REDIS_QUEUE["db"]}
            if "unix_socket_path" in REDIS_QUEUE
            else {
                "HOST": REDIS_QUEUE["host"],
                "PORT": REDIS_QUEUE["port"],
                "DB": REDIS_QUEUE["db"],
                "USERNAME": REDIS_QUEUE["username"],
                "PASSWORD": REDIS_QUEUE["password"],
                "SSL": REDIS_QUEUE["ssl"],
                "REDIS_CLIENT_KWARGS": {"health_check_interval": 30, "socket_connect_timeout": 3},
            }
        ),
        "SERIALIZER": "rq.serializers.JSONSerializer",
        "DEFAULT_TIMEOUT": 1800,
        "DEFAULT_RESULT_TTL": 60,
    }
    for name in STAGE_QUEUES
}
RQ = {"COMMIT_MODE": "auto"}  # The services decide when: after commit.
RQ_SHOW_ADMIN_LINK = False  # Operators look at stage runs; RQ is only the courier.
CLIPS_WORKERS = env_int("CLIPS_WORKERS", os.cpu_count() or 2, at_least=1, at_most=256)

# The product

ANALYSIS_ENGINE = env_choice("ANALYSIS_ENGINE", "auto", ["auto", "local", "openai"])
ANALYSIS_FALLBACK = env_choice("ANALYSIS_FALLBACK", "", ["", "local"])
ANALYSIS_CACHE_SECONDS = env_int("ANALYSIS_CACHE_SECONDS", 3600, at_most=604_800)
ANALYSIS_MAX_WAIT_SECONDS = env_int("ANALYSIS_MAX_WAIT_SECONDS", 3600, at_least=10, at_most=86_400)
ANALYSIS_WORKERS = env_int("ANALYSIS_WORKERS", 2, at_least=1, at_most=256)

OPENAI_API_KEY = env_str("OPENAI_API_KEY")
OPENAI_BASE_URL = env_str("OPENAI_BASE_URL")
if OPENAI_BASE_URL:
    OPENAI_BASE_URL = env_url("OPENAI_BASE_URL", "", schemes=["http", "https"])
OPENAI_TRANSPORT = env_choice("OPENAI_TRANSPORT", "auto", ["auto", "responses", "chat"])
if OPENAI_TRANSPORT == "auto":
    OPENAI_TRANSPORT = "chat" if OPENAI_BASE_URL else "responses"
OPENAI_TIMEOUT_SECONDS = env_int("OPENAI_TIMEOUT_SECONDS", 60, at_least=1, at_most=600)
# For all tasks, or for one; without any, `analysis/language_models.toml` chooses.
_OPENAI_MODEL = env_str("OPENAI_MODEL")
OPENAI_MODELS = {
    "prompt_analysis": env_str("OPENAI_MODEL_PROMPT_ANALYSIS", _OPENAI_MODEL),
    "brand_analysis": env_str("OPENAI_MODEL_BRAND_ANALYSIS", _OPENAI_MODEL),
    "micro_prompts": env_str("OPENAI_MODEL_MICRO_PROMPTS", _OPENAI_MODEL),
    "edit_classification": env_str("OPENAI_MODEL_EDIT_CLASSIFICATION", _OPENAI_MODEL),
}
OPENAI_MODELS_FILE = env_str("OPENAI_MODELS_FILE")
OPENAI_REASONING_EFFORT = env_str("OPENAI_REASONING_EFFORT")
# For each model, all processes together; 0: learn it from the server.
OPENAI_REQUESTS_PER_MINUTE = env_int("OPENAI_REQUESTS_PER_MINUTE", 0)
OPENAI_TOKENS_PER_MINUTE = env_int("OPENAI_TOKENS_PER_MINUTE", 0)
OPENAI_CONCURRENT_CALLS = env_int("OPENAI_CONCURRENT_CALLS", 32, at_least=1, at_most=10_000)

MODERATION = env_choice("MODERATION", "request", ["request", "stage", "off"])
MODERATION_MODEL = env_str("MODERATION_MODEL", "" if OPENAI_BASE_URL else "omni-moderation-latest")
MODERATION_ALLOW = env_list("MODERATION_ALLOW", [])

# Clip providers

REPLICATE_API_TOKEN = env_str("REPLICATE_API_TOKEN")
REPLICATE_BASE_URL = env_url("REPLICATE_BASE_URL", "https://api.replicate.com/v1", schemes=["http", "https"])
REPLICATE_WEBHOOK_SECRET = env_str("REPLICATE_WEBHOOK_SECRET")
FAL_KEY = env_str("FAL_KEY")
FAL_QUEUE_URL = env_url("FAL_QUEUE_URL", "https://queue.fal.run", schemes=["http", "https"])
FAL_JWKS_URL = env_url("FAL_JWKS_URL", "https://rest.fal.ai/.well-known/jwks.json", schemes=["http", "https"])
FAL_SCHEMA_URL = env_url(
    "FAL_SCHEMA_URL", "https://fal.ai/api/openapi/queue/openapi.json", schemes=["http", "https"]
)
VIDEO_MODELS_FILE = env_str("VIDEO_MODELS_FILE")
# Providers call us back at this address; without one they are only looked at.
_REACHABLE = PUBLIC_URL if PUBLIC_URL.startswith("https://") else ""
PROVIDER_WEBHOOK_URL = env_str("PROVIDER_WEBHOOK_URL", _REACHABLE)
if PROVIDER_WEBHOOK_URL:
    PROVIDER_WEBHOOK_URL = env_url("PROVIDER_WEBHOOK_URL", _REACHABLE, schemes=["http", "https"])
PROVIDER_TIMEOUT_SECONDS = env_int("PROVIDER_TIMEOUT_SECONDS", 60, at_least=1, at_most=600)
PROVIDER_JOB_SECONDS = env_int("PROVIDER_JOB_SECONDS", 1800, at_least=5, at_most=86_400)
PROVIDER_UNKNOWN_SECONDS = env_int("PROVIDER_UNKNOWN_SECONDS", 180, at_least=1, at_most=86_400)
if PROVIDER_UNKNOWN_SECONDS <= PROVIDER_TIMEOUT_SECONDS:
    raise ImproperlyConfigured(
        f"PROVIDER_UNKNOWN_SECONDS={PROVIDER_UNKNOWN_SECONDS} must be more than PROVIDER_TIMEOUT_SECONDS="
        f"{PROVIDER_TIMEOUT_SECONDS}: a call may not be sent again while the first may still be on its way"
    )
# Of each provider, all processes together
PROVIDER_LOOKS_PER_SECOND = env_int("PROVIDER_LOOKS_PER_SECOND", 20, at_least=1, at_most=1000)
PROVIDER_REQUESTS_PER_MINUTE = env_int("PROVIDER_REQUESTS_PER_MINUTE", 300)
PROVIDER_CONCURRENT_JOBS = env_int("PROVIDER_CONCURRENT_JOBS", 100, at_least=1, at_most=100_000)
FETCH_MAX_BYTES = env_int("FETCH_MAX_BYTES", 2**30, at_least=1)
FETCH_TIMEOUT_SECONDS = env_int("FETCH_TIMEOUT_SECONDS", 600, at_least=1, at_most=3600)
FETCH_ALLOWED_ORIGINS = env_origins("FETCH_ALLOWED_ORIGINS")
DAILY_BUDGET_USD = env_decimal("DAILY_BUDGET_USD")

# `name=package.module.Class`, comma-separated: providers beside the built-in ones.
EXTRA_PROVIDERS = env_pairs("EXTRA_PROVIDERS")
DEFAULT_PROVIDER = env_choice(
    "DEFAULT_PROVIDER", "auto", ["auto", "animatic", "replicate", "fal", *EXTRA_PROVIDERS]
)
STAGE_LEASE_SECONDS = env_int("STAGE_LEASE_SECONDS", 15, at_least=3, at_most=600)
STAGE_MAX_ATTEMPTS = env_int("STAGE_MAX_ATTEMPTS", 3, at_least=1, at_most=20)
STAGE_MAX_LOSSES = env_int("STAGE_MAX_LOSSES", 10, at_least=1, at_most=100)
MAX_ACTIVE_GENERATIONS = env_int("MAX_ACTIVE_GENERATIONS", 1000, at_least=1)
ASSET_URL_SECONDS = env_int("ASSET_URL_SECONDS", 3600, at_least=30, at_most=604_800)
RATE_LIMIT_READ = env_rate("RATE_LIMIT_READ", "6000/minute")
# So many answers to polls does a web process keep; 0: none.
POLLS_REMEMBERED = env_int("POLLS_REMEMBERED", 5000, at_most=1_000_000)
RATE_LIMIT_WRITE = env_rate("RATE_LIMIT_WRITE", "300/minute")
IDEMPOTENCY_HOURS = env_int("IDEMPOTENCY_HOURS", 24, at_least=1)

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": DATA_DIR}},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    **storages_from_environment(DATA_DIR),
}

# REST

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "videogen.accounts.authentication.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "videogen.accounts.permissions.HasScope",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["videogen.accounts.throttling.KeyRateThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "videogen.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "NUM_PROXIES": 0,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Videogen",
    "DESCRIPTION": "From a text prompt to a finished video. Progress by polling or by WebSocket.",
    "VERSION": __version__,
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "ENUM_NAME_OVERRIDES": {},
}

# Users, languages, files

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "admin:login"
LANGUAGE_CODE = "en"
USE_I18N = False
DATETIME_FORMAT = "Y-m-d H:i:s"
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True  # Serves the packages' own files; nothing has to be collected first.

# Logs: JSON for machines, lines for people

LOG_LEVEL = env_choice("LOG_LEVEL", "INFO", ["DEBUG", "INFO", "WARNING", "ERROR"])
_FORMAT = env_choice("LOG_FORMAT", "auto", ["auto", "json", "text"])
_FORMATTER = "text" if _FORMAT == "text" or (_FORMAT == "auto" and sys.stderr.isatty()) else "json"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "videogen.kernel.logs.RequestIdFilter"}},
    "formatters": {
        "text": {"()": "videogen.kernel.logs.TextFormatter"},
        "json": {"()": "videogen.kernel.logs.JsonFormatter"},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": _FORMATTER, "filters": ["request_id"]}
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    # RQ's loggers do not propagate since 3.0.
    "loggers": {
        "rq": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        "django.request": {"level": "ERROR"},
        "httpx": {"level": "WARNING"},  # They tell of every request.
        "httpx2": {"level": "WARNING"},
    },
}
