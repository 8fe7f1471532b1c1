"""Where calls go."""

from relay.models.costs import Cost
from relay.models.routes import Route
from relay.models.upstreams import Upstream

__all__ = ["Cost", "Route", "Upstream"]
