"""What a model costs the customer: immutable versions in force from an instant on."""

from django.db import models

from accounts.models import Site, User
from billing.models.catalog import Model


class Price(models.Model):
    """One version. Never edited: a change is a new row with a later `effective_from`."""

    model = models.ForeignKey(Model, on_delete=models.PROTECT, related_name="prices")
    site = models.ForeignKey(
        Site,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_comment="null: the default of every site, in that site's own currency",
    )
    components = models.JSONField(
        db_comment="integers: nanos of the site's currency per million tokens, by bucket "
        "(input, cached_input, output)"
    )
    effective_from = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["model", "site", "effective_from"],
                nulls_distinct=False,
                name="price_version_once",
            ),
        ]
        indexes = [models.Index(fields=["model", "site", "-effective_from"])]
