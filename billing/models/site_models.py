"""How one site sells a model: whether, under which name, where in the list, in which words."""

from django.db import models

from accounts.models import Site
from billing.models.catalog import MODEL_ID, Model


class SiteModel(models.Model):
    """What differs from how any site would sell it; without a row nothing does."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="site_models")
    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name="+")
    is_withheld = models.BooleanField(
        default=False, db_comment="not sold here, though the site sells every model"
    )
    is_hidden = models.BooleanField(
        default=False, db_comment="in no list; whoever knows the name can call it"
    )
    position = models.PositiveSmallIntegerField(
        default=0, db_comment="in the list: lower first, 0 after all others"
    )
    shown_as = models.CharField(
        max_length=200,
        blank=True,
        validators=[MODEL_ID],
        db_comment="an alias of the model that lists name it by",
    )
    description = models.JSONField(default=dict, db_comment="by language")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "model"], name="site_model_once"),
        ]
