"""Other ways to log in than a password: GitHub, Google, any OpenID Connect server.

Each is there only when its client id and secret are in the environment (docs/people.md). The
address to register with them is `https://<domain>/accounts/<github|google|oidc>/login/callback/`.
"""

from typing import Any
from urllib.parse import urlsplit

from config import env

APP = "allauth.socialaccount.providers."
# Where a browser is sent after pressing the button; the policy on forms has to name it.
HOMES = {"github": "https://github.com", "google": "https://accounts.google.com"}
SCOPES = {"github": ["user:email"], "google": ["profile", "email"]}


def offered() -> dict[str, dict[str, Any]]:
    """SOCIALACCOUNT_PROVIDERS: what allauth should know, by provider."""
    found = {name: settings for name in HOMES if (settings := _known(name))}
    if server := env.url("OIDC_SERVER_URL", "", schemes=("https", "http")):
        found["openid_connect"] = {
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [
                {
                    "provider_id": "oidc",
                    "name": env.text("OIDC_NAME", "OpenID Connect"),
                    "client_id": env.text("OIDC_CLIENT_ID"),
                    "secret": env.secret("OIDC_CLIENT_SECRET"),
                    "settings": {"server_url": server},
                }
            ],
        }
    return found


def apps(providers: dict[str, dict[str, Any]]) -> list[str]:
    """What INSTALLED_APPS needs for them."""
    return [APP + name for name in providers]


def origins(providers: dict[str, dict[str, Any]]) -> list[str]:
    """Where our log-in forms may lead: Chromium checks the policy along redirects too."""
    found = [home for name, home in HOMES.items() if name in providers]
    if "openid_connect" in providers:
        found.append("{0.scheme}://{0.netloc}".format(urlsplit(env.url("OIDC_SERVER_URL"))))
        found += env.words("OIDC_FORM_ORIGINS", [])
    return found


def _known(name: str) -> dict[str, Any]:
    client_id = env.text(f"{name.upper()}_CLIENT_ID", "")
    if not client_id:
        return {}
    secret = env.secret(f"{name.upper()}_CLIENT_SECRET")
    return {
        "APPS": [{"client_id": client_id, "secret": secret}],
        "SCOPE": SCOPES[name],
        "OAUTH_PKCE_ENABLED": True,
        "VERIFIED_EMAIL": name == "google",
    }
