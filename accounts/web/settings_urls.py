"""Addresses of a person's own settings, and of allauth's views of second factors among them."""

from allauth.mfa.base import views as factors
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkeys
from django.urls import URLPattern, path, reverse_lazy
from django.views.generic import RedirectView

from accounts.web import profile, security, tokens

HOME = "app/settings/security"

urlpatterns: list[URLPattern] = [
    path("app/settings/profile", profile.profile, name="profile"),
    path("app/settings/profile/verify", profile.send_verification, name="send_verification"),
    path("app/settings/tokens", tokens.personal, name="tokens"),
    path("app/settings/organization-tokens", tokens.of_organization, name="organization_tokens"),
    path("site/tokens", tokens.of_site, name="site_tokens"),
    path("ops/tokens", tokens.of_operators, name="operator_tokens"),
    # The names are allauth's: its views send people to each other by them.
    path(HOME, security.security, name="mfa_index"),
    path(f"{HOME}/sessions/<int:session_id>/end", security.end_session, name="end_session"),
    path(f"{HOME}/sessions/end", security.end_other_sessions, name="end_other_sessions"),
    path(f"{HOME}/app", totp.activate_totp, name="mfa_activate_totp"),
    path(f"{HOME}/app/remove", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path(f"{HOME}/codes", codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path(f"{HOME}/codes/new", codes.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path(
        f"{HOME}/passkeys",
        RedirectView.as_view(url=reverse_lazy("mfa_index")),
        name="mfa_list_webauthn",
    ),
    path(f"{HOME}/passkeys/new", passkeys.add_webauthn, name="mfa_add_webauthn"),
    path(f"{HOME}/passkeys/<int:pk>/name", passkeys.edit_webauthn, name="mfa_edit_webauthn"),
    path(f"{HOME}/passkeys/<int:pk>/remove", passkeys.remove_webauthn, name="mfa_remove_webauthn"),
    path("accounts/login/code/", factors.authenticate, name="mfa_authenticate"),
    path("accounts/login/passkey/", passkeys.login_webauthn, name="mfa_login_webauthn"),
    path("accounts/reauthenticate/code/", factors.reauthenticate, name="mfa_reauthenticate"),
    path(
        "accounts/reauthenticate/passkey/",
        passkeys.reauthenticate_webauthn,
        name="mfa_reauthenticate_webauthn",
    ),
]
