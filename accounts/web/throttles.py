"""How often people may try: the page they see when it was too often, and throttles of our own.

Log-in, sign-up, reset and second factors are counted by allauth (ACCOUNT_RATE_LIMITS in
config.settings), ours by the same counters. The caller's address is the one that uvicorn believes:
`FORWARDED_ALLOW_IPS` says which proxies may name it (docs/people.md).
"""

import time
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, ParamSpec, cast

from allauth.account import app_settings as account_settings
from allauth.core.internal import ratelimit
from allauth.mfa import app_settings as factor_settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

P = ParamSpec("P")

OURS = "accounts"
# Per person: a department is invited in one go, and mail to strangers is not a free service.
# A code has 100 random bits: this is against noise, not against luck. So it is with the token that
# claims a deployment; it is asked for by people who mistype a mail address or a password.
# A look at a site's DNS and domains asks others, for seconds: DNS itself changes more slowly.
RATES = {"invite": "30/h/user", "redeem": "20/h/user", "claim": "10/m/ip", "look": "20/5m/user"}

# Which counter stopped a page of allauth: it does not tell its handler.
_ACCOUNT, _FACTOR = "allauth.account", "allauth.mfa"
ACTIONS = {
    "account_login": (_ACCOUNT, "login"),
    "account_signup": (_ACCOUNT, "signup"),
    "socialaccount_signup": (_ACCOUNT, "signup"),
    "account_reset_password": (_ACCOUNT, "reset_password"),
    "account_reset_password_from_key": (_ACCOUNT, "reset_password_from_key"),
    "account_change_password": (_ACCOUNT, "change_password"),
    "account_set_password": (_ACCOUNT, "change_password"),
    "account_reauthenticate": (_ACCOUNT, "reauthenticate"),
    "mfa_reauthenticate": (_ACCOUNT, "reauthenticate"),
    "mfa_reauthenticate_webauthn": (_ACCOUNT, "reauthenticate"),
    "mfa_login_webauthn": (_FACTOR, "webauthn_login"),
}
# When nothing is known of the counter.
WAIT_S = 60
TOO_MANY = 429


def throttled(action: str) -> Callable[[Callable[P, Any]], Callable[P, HttpResponseBase]]:
    """Let a POST through as often as RATES says for `action`; then 429 with the time to wait."""

    def decorate(view: Callable[P, Any]) -> Callable[P, HttpResponseBase]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            request = cast(HttpRequest, args[0])
            if seconds := tried(request, action):
                return answer(request, seconds)
            return cast(HttpResponseBase, view(*args, **kwargs))

        return guarded

    return decorate


def tried(request: HttpRequest, action: str) -> int:
    """Count a try of `action`; 0, or the seconds to wait where RATES says it was too often."""
    if ratelimit.consume(request, app=OURS, action=action, config=RATES):
        return 0
    return wait_s(request, app=OURS, action=action, config=RATES)


def too_many(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's and allauth's handler of 429."""
    name = request.resolver_match.url_name if request.resolver_match else ""
    app, action = ACTIONS.get(str(name), ("", ""))
    if not action:
        return answer(request, WAIT_S)
    rates = factor_settings.RATE_LIMITS if app == _FACTOR else account_settings.RATE_LIMITS
    key = request.POST.get("email", "").lower()
    return answer(request, wait_s(request, app=app, action=action, config=rates, key=key))


def answer(request: HttpRequest, seconds: int) -> HttpResponse:
    """The page that says how long to wait."""
    minutes = -(-seconds // 60)
    context = {"seconds": seconds, "minutes": minutes}
    response = render(request, "429.html", context, status=TOO_MANY)
    response.headers["Retry-After"] = str(seconds)
    return response


def wait_s(
    request: HttpRequest, *, app: str, action: str, config: dict[str, Any], key: str = ""
) -> int:
    """Seconds until every counter of the action has room again; WAIT_S when none is full."""
    waits = _waits(request, app=app, action=action, config=config, key=key)
    return max(1, *(int(wait) + 1 for wait in waits)) if waits else WAIT_S


def _waits(request: HttpRequest, *, key: str, **where: Any) -> list[float]:
    return [wait for wait in _each_wait(request, key=key, **where) if wait > 0]


def _each_wait(
    request: HttpRequest, *, app: str, action: str, config: dict[str, Any], key: str
) -> Iterator[float]:
    now = time.time()
    for rate in ratelimit.get_rates(app=app, action=action, config=config):
        is_countable = request.user.is_authenticated if rate.per == "user" else True
        if not is_countable:
            continue
        name = ratelimit.get_cache_key(request, app=app, action=action, rate=rate, key=key)
        history = cache.get(name, [])  # moments, the newest first
        if len(history) >= rate.amount:
            yield history[rate.amount - 1] + rate.duration - now
