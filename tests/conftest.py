"""What every test may use. Servers, browser and stack are plugins beside this file."""

from hypothesis import settings

from tests.cast import acme, acme_key, empty_redis, gate, globex, site, zero

__all__ = ["acme", "acme_key", "empty_redis", "gate", "globex", "site", "zero"]

# A wall-clock limit for each example only finds that the machine is busy.
settings.register_profile("tollgate", deadline=None)
settings.load_profile("tollgate")
