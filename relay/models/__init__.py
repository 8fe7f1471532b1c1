"""Where calls go."""

from relay.models.routes import Route
from relay.models.upstreams import Upstream

__all__ = ["Route", "Upstream"]
