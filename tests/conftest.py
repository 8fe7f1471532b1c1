"""What every test may use. Servers, browser and stack are plugins beside this file."""

import pytest
from django.conf import settings as django_settings
from hypothesis import settings

from tests.cast import acme, acme_key, empty_redis, gate, globex, site, zero

__all__ = ["acme", "acme_key", "empty_redis", "gate", "globex", "site", "zero"]

# A wall-clock limit for each example only finds that the machine is busy.
settings.register_profile("tollgate", deadline=None)
settings.load_profile("tollgate")


@pytest.fixture(scope="session", autouse=True)
def static_files_on_demand() -> None:
    """Every test client builds the middleware anew; looking for all static files each time would
    take longer than most pages do."""
    django_settings.WHITENOISE_AUTOREFRESH = True
