"""Django's entry to the app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class BillingConfig(AppConfig):
    name = "billing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Once per `migrate`: the signal comes for every app, after the migrations of all of them.
        from billing import app_role, trials

        trials.connect()
        post_migrate.connect(app_role.grant_after_migrate, sender=self)
