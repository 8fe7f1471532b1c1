"""No page asks the database more than fifteen times, however much there is to show, and none
shows an upstream's credential."""

from collections.abc import Mapping, Sequence

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.pages.everywhere.pages import Page
from tests.pages.named import SECRET

QUERIES_MAX = 15


def test_every_page_is_there_and_asks_little(
    clients: Mapping[str, Client], pages: Sequence[Page]
) -> None:
    wrong = {}
    for page in pages:
        with CaptureQueriesContext(connection) as asked:
            response = clients[page.viewer].get(page.path)
        if response.status_code != page.status:
            wrong[page.path] = f"{response.status_code} {response.headers.get('Location', '')}"
        elif not response.headers["Content-Type"].startswith("text/html"):
            wrong[page.path] = response.headers["Content-Type"]
        elif SECRET in response.getvalue().decode():  # type: ignore[attr-defined]
            wrong[page.path] = "tells a credential"
        elif len(asked) > QUERIES_MAX:
            wrong[page.path] = f"{len(asked)} queries"
    assert wrong == {}, "\n".join(f"{path}: {what}" for path, what in wrong.items())
