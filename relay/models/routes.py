"""Model → Upstream: under which name, in which order. What it costs: `costs`."""

from django.db import models

from billing.models import Model
from relay.models.upstreams import Upstream


class Route(models.Model):
    """One way to serve a model. Lower priority numbers are tried first; weight splits a tier."""

    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name="routes")
    upstream = models.ForeignKey(Upstream, on_delete=models.CASCADE, related_name="routes")
    name = models.CharField(max_length=200, db_comment="the upstream's own model name")
    priority = models.PositiveSmallIntegerField(default=0)
    weight = models.PositiveSmallIntegerField(default=1)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "upstream", "name"], name="route_once"),
        ]
        ordering = ["priority", "-weight", "id"]
