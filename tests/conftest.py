"""What every test may use. Servers, browser and stack are plugins beside this file.

Pytest-django's own fixture would win against one of a plugin's, but not against one here.
"""

import pytest
from django.conf import settings as django_settings
from hypothesis import settings

from tests.cast import acme, acme_key, empty_redis, gate, globex, site, zero
from tests.databases import django_db_modify_db_settings

__all__ = [
    "acme",
    "acme_key",
    "django_db_modify_db_settings",
    "empty_redis",
    "gate",
    "globex",
    "site",
    "zero",
]

# A wall-clock limit for each example only finds that the machine is busy.
settings.register_profile("tollgate", deadline=None)
settings.load_profile("tollgate")


@pytest.fixture(scope="session", autouse=True)
def static_files_on_demand() -> None:
    """Every test client builds the middleware anew; looking for all static files each time would
    take longer than most pages do."""
    django_settings.WHITENOISE_AUTOREFRESH = True
