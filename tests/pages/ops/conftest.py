"""Who opens the operators' pages: an operator of the deployment, a customer's owner, a visitor."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.test import Client

from accounts.models import Membership, Organization, Role, Site, SiteDomain, User
from billing.models import Model, Plan, SiteTerms
from relay.models import Upstream
from tests.pages.people import confirmed


@pytest.fixture
def home(site: Site) -> Site:
    """The cast's site, answering at the test client's host."""
    SiteDomain.objects.create(domain="testserver", site=site)
    SiteTerms.objects.create(site=site, plan=Plan.objects.create(pk="default"))
    return site


@pytest.fixture
def operator(home: Site) -> Client:
    """An operator who has just logged in, and belongs to no organization."""
    return confirmed(User.objects.create_user("op@example.com", is_operator=True))


@pytest.fixture
def owner(home: Site, acme: Organization) -> Client:
    """A logged-in owner of acme."""
    user = User.objects.create_user("ann@acme.example")
    Membership.objects.create(organization=acme, user=user, role=Role.OWNER)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def visitor(home: Site) -> Client:
    return Client()


@pytest.fixture
def upstream(db: None) -> Upstream:
    upstream = Upstream(id="vendor", base_url="https://api.example.com/v1", provider="openai")
    upstream.set_credential("sk-vendor-12345678")
    upstream.save()
    return upstream


@pytest.fixture
def model(db: None) -> Model:
    return Model.objects.create(pk="openai/gpt-4o")


@pytest.fixture
def vendor_url() -> Iterator[str]:
    """A vendor on loopback that knows one model and says hello."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body: object = {"choices": [{"message": {"content": "Hello there"}}]}
            if self.path.endswith("/models"):
                body = {"data": [{"id": "tiny-model"}]}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        do_GET = do_POST = answer

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    server.shutdown()
    server.server_close()
    thread.join()
