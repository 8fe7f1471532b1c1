"""One settings module for every environment: what differs comes from variables (config.env).

Under `make run` and `make test` the addresses and secrets come from the dev stack; anywhere else
a missing secret stops the start.
"""

import hashlib
import sys
from ipaddress import ip_network
from pathlib import Path

import psycopg.conninfo
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from config import api, env, logins

BASE_DIR = Path(__file__).resolve().parents[2]

# --- Secrets ---------------------------------------------------------------------------------
SECRET_KEY = env.secret("SECRET_KEY")
# Keyed hash of API keys. Changing it makes every key that was handed out unknown.
API_KEY_PEPPER = hashlib.sha256(env.secret("API_KEY_PEPPER").encode()).digest()
# Fernet keys for upstream credentials, newest first; older ones only decrypt.
CREDENTIAL_KEYS = env.words("CREDENTIAL_KEYS")

# --- Where we are ----------------------------------------------------------------------------
DEBUG = env.flag("DEBUG", False)
IS_DEVSTACK = env.flag("DEVSTACK", False)
# Sites are resolved by exact Host in accounts.web.middleware, which answers 421 for others.
ALLOWED_HOSTS = ["*"]
USE_HTTPS = env.flag("USE_HTTPS", not IS_DEVSTACK)
# What stands after the domain in links of mails: only `make run` is reached without a proxy.
LINK_PORT = f":{port}" if IS_DEVSTACK and (port := env.text("PORT", "")) else ""

# --- Postgres and Redis ----------------------------------------------------------------------
_POSTGRES = ("postgres", "postgresql")
DATABASE_URL = env.url("DATABASE_URL", schemes=_POSTGRES)
# The owner of the tables, where the platform itself runs as another role (ADR 0008). These commands
# change the schema or the rights on it, and nothing else should be able to.
MIGRATE_DATABASE_URL = env.url(
    "MIGRATE_DATABASE_URL", DATABASE_URL, schemes=_POSTGRES, beside="DATABASE_URL"
)
_IS_OWNERS_COMMAND = sys.argv[1:2] in (["migrate"], ["grant_app_role"])
_pg = psycopg.conninfo.conninfo_to_dict(
    MIGRATE_DATABASE_URL if _IS_OWNERS_COMMAND else DATABASE_URL
)
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _pg.pop("dbname", ""),
        "USER": _pg.pop("user", ""),
        "PASSWORD": _pg.pop("password", ""),
        "HOST": _pg.pop("host", ""),
        "PORT": str(_pg.pop("port", "")),
        "OPTIONS": {"connect_timeout": 5, **_pg},
        # Under ASGI a persistent connection would stay with a thread of the pool.
        "CONN_MAX_AGE": 0,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The gate's Redis. Celery and Channels use other databases of the same server unless told.
REDIS_URL = env.url("REDIS_URL", schemes=("redis", "rediss", "unix"))
# Whether REDIS_URL names a node of a cluster. The relay finds out by itself; Celery and Channels
# need a server of their own then.
REDIS_IS_CLUSTER = env.flag("REDIS_IS_CLUSTER", False)
BROKER_URL = env.url("BROKER_URL", REDIS_URL)
CHANNELS_URL = env.url("CHANNELS_URL", REDIS_URL)
# A Hold lives so long unless its relay renews it; the reaper looks six times in that span.
HOLD_LIFETIME_MS = env.integer("HOLD_LIFETIME_MS", 90_000, minimum=1_000, maximum=600_000)
REAP_S = HOLD_LIFETIME_MS / 6_000

# Records of single Calls are dropped so many whole months after theirs; 0 keeps them for ever. The
# ledger, sums by quarter of an hour and each customer's monthly figures always stay.
USAGE_RETENTION_MONTHS = env.integer("USAGE_RETENTION_MONTHS", 0, minimum=0, maximum=1_200)

# Responses that customers have us keep (`store`) are dropped so many days after they were made.
RESPONSE_RETENTION_DAYS = env.integer("RESPONSE_RETENTION_DAYS", 30, minimum=1, maximum=3_650)

# What all processes share and may lose: counts of requests and of attempts to log in.
CACHES = {
    "default": {
        "BACKEND": "accounts.web.throttle_cache.ThrottleCache",
        "LOCATION": env.url("CACHE_URL", CHANNELS_URL),
        "KEY_PREFIX": "cache",
        # A page waits no longer for a Redis that does not answer.
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
    }
}

# --- Celery ----------------------------------------------------------------------------------
CELERY_BROKER_URL = BROKER_URL
CELERY_BROKER_TRANSPORT = "config.broker:Transport"
CELERY_BROKER_TRANSPORT_OPTIONS = {"global_keyprefix": "celery:"}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a long outage of Redis must not end the workers
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
# Each tick is dropped when the one before it has not been taken up: ticks never pile up.
CELERY_BEAT_SCHEDULE = {
    "post-usage": {"task": "billing.tasks.post_usage", "schedule": 0.5, "options": {"expires": 2}},
    "post-refusals": {
        "task": "billing.tasks.post_refusals",
        "schedule": 0.5,
        "options": {"expires": 2},
    },
    "apply-credits": {
        "task": "billing.tasks.apply_credits",
        "schedule": 1.0,
        "options": {"expires": 2},
    },
    "reap-holds": {
        "task": "billing.tasks.reap_holds",
        "schedule": REAP_S,
        "options": {"expires": 15},
    },
    "check-drift": {
        "task": "billing.tasks.check_drift",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "fold-usage-days": {
        "task": "billing.tasks.fold_usage_days",
        "schedule": 300.0,
        "options": {"expires": 60},
    },
    "renew-overviews": {
        "task": "billing.tasks.renew_overviews",
        "schedule": 300.0,
        "options": {"expires": 60},
    },
    # Often, as a clock that is restarted daily would never come to a daily task.
    "keep-usage-months": {
        "task": "billing.tasks.keep_usage_months",
        "schedule": 600.0,
        "options": {"expires": 60},
    },
    "look-after-jobs": {
        "task": "relay.tasks.look_after_jobs",
        "schedule": 2.0,
        "options": {"expires": 2},
    },
    "drop-expired-objects": {
        "task": "relay.tasks.drop_expired_objects",
        "schedule": 600.0,
        "options": {"expires": 60},
    },
    "open-gates": {"task": "billing.tasks.open_gates", "schedule": 5.0, "options": {"expires": 5}},
}

# Empty unless the environment has client ids (config.logins).
LOGIN_PROVIDERS = logins.offered()

# Django's own admin under /ops/admin/: for emergencies, see config.break_glass.
DJANGO_ADMIN = env.flag("DJANGO_ADMIN", False)

# --- Apps ------------------------------------------------------------------------------------
# daphne brings `runserver`, and Twisted with it: a second of start-up that nothing else should pay.
_IS_RUNSERVER = "runserver" in sys.argv[1:2]
INSTALLED_APPS = [
    *(["daphne"] if _IS_RUNSERVER else []),
    # Always, so that its table is there on the day when DJANGO_ADMIN is set (config.break_glass).
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "channels",
    "csp",
    "template_partials",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    *logins.apps(LOGIN_PROVIDERS),
    "rest_framework",
    "drf_spectacular",
    "accounts",
    "billing",
    "relay",
]
MIDDLEWARE = [
    "accounts.web.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "accounts.web.middleware.SiteMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.web.middleware.LanguageMiddleware",
    "accounts.web.middleware.SuspensionMiddleware",
    "accounts.web.middleware.OrganizationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.web.view_as.ViewAsMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.web.middleware.ImpossibleTextMiddleware",
]
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
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
                "django.template.context_processors.i18n",
                "accounts.web.context.shell",
            ],
        },
    }
]
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [CHANNELS_URL], "prefix": "channels"},
    }
}

# --- People ----------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/app/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.web.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "accounts.web.forms.OrganizationSignupForm"
# Mandatory also hides at sign-up whether an address has an account: all are sent to their mail.
ACCOUNT_EMAIL_VERIFICATION = env.choice("EMAIL_VERIFICATION", ("optional", "mandatory"), "optional")
# How often: by caller's address, by login, by what is asked for (an e-mail). A failed log-in counts
# for known and unknown addresses alike.
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "20/m/ip,5/5m/key",
    "signup": "20/h/ip",
    "reset_password": "20/h/ip,3/10m/key",
    "reset_password_from_key": "20/m/ip",
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
    "confirm_email": "1/3m/key",
}
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_GET = False
# A log-in, or being asked again, counts so long for dangerous acts (accounts.web.access).
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_NOTIFICATIONS = True  # a mail tells of each change of password or second factor
# Operators and staff of sites have a second factor, or their pages stay shut. Only a developer's
# own stack may do without.
STAFF_SECOND_FACTOR = env.choice("STAFF_SECOND_FACTOR", ("required", "optional"), "required")
if STAFF_SECOND_FACTOR == "optional" and not IS_DEVSTACK:
    raise env.SettingError("STAFF_SECOND_FACTOR=optional is for DEVSTACK=true only")
MFA_ADAPTER = "accounts.web.second_factor.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
# A phone's clock may be one step of 30 s off.
MFA_TOTP_TOLERANCE = 1
# Browsers take http://localhost for a passkey; anything else needs https anyway.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = IS_DEVSTACK
SOCIALACCOUNT_PROVIDERS = LOGIN_PROVIDERS
SOCIALACCOUNT_OPENID_CONNECT_URL_PREFIX = ""
SOCIALACCOUNT_STORE_TOKENS = False
# An address that a provider vouches for does not open an account made with a password.
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
EMAIL_BACKEND = env.text("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "no-reply@localhost")
# What a site with a sender of its own has to put into DNS: pages say so, and look for it.
MAIL_SPF_INCLUDE = env.text("MAIL_SPF_INCLUDE", "")
MAIL_DKIM_SELECTOR = env.text("MAIL_DKIM_SELECTOR", "")
MAIL_DKIM_PUBLIC_KEY = env.text("MAIL_DKIM_PUBLIC_KEY", "")
# The host name that domains of sites are to lead to, and who is asked whether they do.
SITE_DOMAIN_TARGET = env.text("SITE_DOMAIN_TARGET", "")
DNS_SERVERS = env.words("DNS_SERVERS", [])

# --- The web ---------------------------------------------------------------------------------
SESSION_COOKIE_SECURE = USE_HTTPS
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = USE_HTTPS
CSRF_COOKIE_HTTPONLY = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
FILE_UPLOAD_HANDLERS = [
    "accounts.web.uploads.BoundedUploadHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "font-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF, *logins.origins(LOGIN_PROVIDERS)],
        "frame-ancestors": [NONE],
    }
}
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = env.text("STATIC_ROOT", str(env.state_dir() / "static"))
# Served straight from static/ unless an operator ran collectstatic: a fresh clone just works.
WHITENOISE_USE_FINDERS = not Path(STATIC_ROOT).is_dir()
WHITENOISE_AUTOREFRESH = DEBUG

# --- Languages and time ----------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("简体中文")), ("zh-hant", _("繁體中文"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- The management API ----------------------------------------------------------------------
REST_FRAMEWORK = api.REST_FRAMEWORK
SPECTACULAR_SETTINGS = api.SPECTACULAR_SETTINGS
# Of one token or person; a page of staff's scripts needs some hundreds.
API_REQUESTS_PER_MINUTE = env.integer("API_REQUESTS_PER_MINUTE", 600, minimum=1, maximum=1_000_000)

# --- The relay -------------------------------------------------------------------------------
# Private networks that upstreams may live in (SSRF guard); loopback under `make run`.
UPSTREAM_ALLOWED_NETWORKS = [
    ip_network(word)
    for word in env.words(
        "UPSTREAM_ALLOWED_NETWORKS", ["127.0.0.0/8", "::1/128"] if IS_DEVSTACK else []
    )
]
# A request body may be this long; the seeds' biggest are images in base64.
BODY_BYTES_MAX = env.integer("BODY_BYTES_MAX", 20_000_000, minimum=1_000, maximum=1_000_000_000)
# A form with files may be this long; kept on disk while it is sent (TMPDIR says where).
UPLOAD_BYTES_MAX = env.integer(
    "UPLOAD_BYTES_MAX", 100_000_000, minimum=1_000, maximum=10_000_000_000
)
UPSTREAM_FIRST_BYTE_S = env.integer("UPSTREAM_FIRST_BYTE_S", 120, minimum=1, maximum=3_600)
UPSTREAM_BETWEEN_BYTES_S = env.integer("UPSTREAM_BETWEEN_BYTES_S", 120, minimum=1, maximum=3_600)
# All attempts of one Call together, until its answer begins.
UPSTREAM_DEADLINE_S = env.integer("UPSTREAM_DEADLINE_S", 300, minimum=1, maximum=3_600)
# Errors of the deployment go to the log; request bodies, prompts and keys never do.
LOGGING_CONFIG = None

from config.logging import configure  # noqa: E402  (needs nothing above, runs once at the end)

configure(level=env.choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), "INFO"))
