"""A connection to the test database that is not Django's."""

from django.db import connection
from psycopg.conninfo import make_conninfo


def database_url() -> str:
    """The test database's address, as psycopg takes it."""
    given = connection.settings_dict
    return make_conninfo(
        dbname=given["NAME"],
        user=given["USER"],
        password=given["PASSWORD"],
        host=given["HOST"],
        port=given["PORT"],
    )
