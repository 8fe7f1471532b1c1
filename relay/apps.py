"""Django's entry to the app."""

from django.apps import AppConfig


class RelayConfig(AppConfig):
    name = "relay"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Open pages hear of what billing posts, relays of the prices it publishes."""
        from relay import live, signals

        live.connect()
        signals.connect()
