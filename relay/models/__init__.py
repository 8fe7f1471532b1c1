"""Where calls go."""

from relay.models.aliases import ModelAlias
from relay.models.costs import Cost
from relay.models.objects import DeferredCall, UpstreamObject
from relay.models.routes import Route
from relay.models.upstreams import Upstream

__all__ = ["Cost", "DeferredCall", "ModelAlias", "Route", "Upstream", "UpstreamObject"]
