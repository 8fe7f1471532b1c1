"""What every test may use. Servers, browser and stack are plugins beside this file."""

from tests.cast import acme, acme_key, empty_redis, gate, globex, site, zero

__all__ = ["acme", "acme_key", "empty_redis", "gate", "globex", "site", "zero"]
