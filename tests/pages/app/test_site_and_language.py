"""A host is one site or none; language and colours follow the reader's choice, then the site."""

import pytest
from django.test import Client

from accounts.models import Site, SiteDomain, User
from tests.factories import accounts


def test_an_unknown_host_is_misdirected(client: Client, site: Site) -> None:
    response = client.get("/", headers={"host": "elsewhere.example"})
    assert (response.status_code, response.headers["Content-Type"]) == (
        421,
        "text/plain; charset=utf-8",
    )


def test_the_port_and_case_of_a_host_do_not_matter(client: Client, site: Site) -> None:
    assert client.get("/", headers={"host": "TestServer:8000"}).status_code == 200


def test_another_host_is_another_site(client: Client, site: Site) -> None:
    other = accounts.site("other", name="Other Models")
    SiteDomain.objects.create(domain="other.example", site=other)
    page = client.get("/", headers={"host": "other.example"}).content.decode()
    assert "Other Models" in page
    assert "Acme AI" not in page


def test_members_of_one_site_are_nobody_on_another(page_client: Client) -> None:
    SiteDomain.objects.create(domain="other.example", site=accounts.site("other"))
    response = page_client.get("/app/", headers={"host": "other.example"})
    assert response.headers["Location"] == "/app/new-organization"


def test_a_chosen_language_wins_and_is_kept_with_the_user(page_client: Client, owner: User) -> None:
    assert 'lang="en"' in page_client.get("/app/").content.decode()
    response = page_client.post(
        "/preferences/language", {"language": "zh-hant", "next": "/app/keys"}
    )
    assert response.headers["Location"] == "/app/keys"
    page = page_client.get("/app/")
    assert page.headers["Content-Language"] == "zh-hant"
    assert '<html lang="zh-Hant"' in page.content.decode()
    owner.refresh_from_db()
    assert owner.language == "zh-hant"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:0"])
def test_a_switch_never_leads_off_the_site(client: Client, site: Site, target: str) -> None:
    response = client.post("/preferences/theme", {"theme": "dark", "next": target})
    assert response.headers["Location"] == "/"


def test_colours_are_rendered_by_the_server(client: Client, site: Site) -> None:
    assert "data-theme" not in client.get("/").content.decode()
    client.post("/preferences/theme", {"theme": "dark"})
    assert 'data-theme="dark"' in client.get("/").content.decode()
    client.post("/preferences/theme", {"theme": ""})
    assert "data-theme" not in client.get("/").content.decode()
