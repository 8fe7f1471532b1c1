"""Addresses of the other ways to log in, as far as this deployment offers any (config.logins)."""

from importlib import import_module

from allauth.socialaccount import views
from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

PROVIDERS = "allauth.socialaccount.providers"
OPENID = "openid_connect"

urlpatterns: list[URLPattern | URLResolver] = [
    path("connections/", views.connections, name="socialaccount_connections"),
    path("connections/cancelled/", views.login_cancelled, name="socialaccount_login_cancelled"),
    path("connections/error/", views.login_error, name="socialaccount_login_error"),
    path("connections/signup/", views.signup, name="socialaccount_signup"),
]
for name in settings.LOGIN_PROVIDERS:
    if name == OPENID:
        # allauth's names and addresses: it finds them by name.
        openid = import_module("accounts.web.openid")
        urlpatterns += [
            path("<slug:provider_id>/login/", openid.login, name=f"{OPENID}_login"),
            path("<slug:provider_id>/login/callback/", openid.callback, name=f"{OPENID}_callback"),
        ]
    else:
        urlpatterns.append(path("", include(import_module(f"{PROVIDERS}.{name}.urls").urlpatterns)))
