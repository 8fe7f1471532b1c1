"""Addresses of sign-up, log-in and passwords: allauth's, but only the ones we have pages for."""

from allauth.account.urls import urlpatterns as allauth_patterns
from django.urls import URLPattern

PAGES = {
    "account_login",
    "account_logout",
    "account_inactive",
    "account_signup",
    "account_reauthenticate",
    "account_email_verification_sent",
    "account_confirm_email",
    "account_change_password",
    "account_set_password",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
}

urlpatterns: list[URLPattern] = [
    pattern for pattern in allauth_patterns if getattr(pattern, "name", None) in PAGES
]
