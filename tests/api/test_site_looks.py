"""A site's program sets how it looks: accent, logo, legal texts, what it announces."""

from django.http import HttpResponse
from django.test import Client

from accounts.models import Site, SiteImage
from tests.accounts.test_logos import bomb, drawn
from tests.api.programs import Program, document, problem

NEWS = {"kind": "news", "title": {"en": "Hello"}, "starts_at": "2026-11-20T10:00:00Z"}


def send_logo(program: Program, content: bytes, kind: str = "image/png") -> HttpResponse:
    return Client().generic(
        "PUT",
        "/api/v1/site/logo",
        content,
        content_type=kind,
        headers={"Authorization": f"Bearer {program.secret}"},
    )


def test_an_accent_that_cannot_be_read_is_refused(keepers: Program) -> None:
    told = document(keepers.put("site/brand", {"accent": "#0a5c2b"}))
    assert told["accent"] == "#0a5c2b"
    assert told["accent_dark"]
    response = keepers.put("site/brand", {"accent": "#ffff00"})
    assert problem(response) == (422, "refused")
    assert response.json()["errors"][0]["code"] == "low_contrast"
    assert document(keepers.put("site/brand", {"accent": ""}))["accent_dark"] == ""


def test_a_logo_is_a_picture_and_only_that(keepers: Program, site: Site) -> None:
    told = document(send_logo(keepers, drawn()))
    assert SiteImage.objects.filter(site=site, hash=told["logo_hash"]).exists()
    assert problem(send_logo(keepers, b"<svg/>"))[0] == 422
    assert problem(send_logo(keepers, bomb(60_000, 60_000)))[0] == 422
    assert problem(send_logo(keepers, b""))[0] == 422
    assert problem(send_logo(keepers, b"x" * 1_000_001)) == (413, "body_too_large")
    assert problem(send_logo(keepers, b"{}", "application/json"))[0] == 415
    assert keepers.delete("site/logo").status_code == 204
    assert document(keepers.get("site/brand"))["logo_hash"] == ""


def test_a_legal_text_is_written_and_taken_away(keepers: Program) -> None:
    body = "# Terms\n\n" + "条" * 90_000
    assert document(keepers.put("site/texts/terms/zh-hans", {"body": body}))["body"] == body
    (kept,) = document(keepers.get("site/texts"))["items"]
    assert (kept["kind"], kept["language"]) == ("terms", "zh-hans")
    assert document(keepers.put("site/texts/terms/zh-hans", {"body": ""}))["body"] == ""
    assert document(keepers.get("site/texts"))["items"] == []
    assert problem(keepers.put("site/texts/recipes/en", {"body": "x"})) == (422, "refused")


def test_an_announcement_is_reworded(keepers: Program, operators: Program) -> None:
    made = document(keepers.post("site/announcements", NEWS))
    path = f"announcements/{made['id']}"
    told = document(keepers.put(f"site/{path}", NEWS | {"title": {"en": "Hello again"}}))
    assert told["title"] == {"en": "Hello again"}
    shared = document(operators.post("ops/announcements", NEWS))
    assert problem(keepers.put(f"site/announcements/{shared['id']}", NEWS))[0] == 404
    assert document(operators.put(f"ops/{path}", NEWS))["title"] == {"en": "Hello"}
