"""Django's entry to the app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen to what allauth does for people, and to who comes and goes."""
        from accounts import key_owners
        from accounts.web import security_trail, view_as

        security_trail.connect()
        key_owners.connect()
        view_as.connect()
