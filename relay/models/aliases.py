"""Further names that a model answers to, everywhere or on one site."""

from django.db import models

from accounts.models import Site
from billing.models import Model
from billing.models.catalog import MODEL_ID


class ModelAlias(models.Model):
    """Another public name of a model; a site's own comes before the same name for all sites."""

    alias = models.CharField(max_length=200, validators=[MODEL_ID])
    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name="aliases")
    site = models.ForeignKey(
        Site, on_delete=models.CASCADE, null=True, blank=True, related_name="model_aliases"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["alias", "site"], name="alias_once", nulls_distinct=False
            ),
        ]
        ordering = ["alias"]
