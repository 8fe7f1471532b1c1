"""Quirks, caps and further names: from the file to the database, the snapshot and back."""

from pathlib import Path

import pytest
from django.utils import timezone

from relay.adapters import routes
from relay.catalog import reader, stored
from relay.catalog.export import export
from relay.catalog.problems import CatalogRefused
from relay.models import ModelAlias, Upstream
from relay.proxy.dialect import Dialect
from relay.proxy.model_list import find_offer
from tests.relay.catalog.conftest import CATALOG, Apply
from tests.relay.proxy.fakes import caller

MORE = """\
upstreams:
  - id: acme-openai
    concurrency_max: 20
    credential: [sk-upstream-1, sk-upstream-2]
    quirks:
      speaks: [openai, responses]
      lacks: [moderations]
      paths: {chat/completions: "/v2/{name}/chat"}
      headers: {X-Team: "blue"}
      renames: {max_tokens: "max_completion_tokens"}
models:
  - id: gpt-4o
    aliases: [gpt-4o-latest, flagship]
sites:
  - id: acme
    aliases: {flagship: "gpt-4o-mini"}
"""


def test_they_are_stored_exported_and_applied_again_without_a_change(apply: Apply) -> None:
    apply(CATALOG)
    apply(MORE)
    upstream = Upstream.objects.get()
    assert upstream.concurrency_max == 20
    assert upstream.quirks["speaks"] == ["openai", "responses"]
    text = export(stored.read(timezone.now()))
    assert "gpt-4o-latest" in text
    assert "chat/completions" in text
    assert apply(text) == []
    apply("models: [{id: gpt-4o, aliases: []}]\nupstreams: [{id: acme-openai, quirks: {}}]\n")
    assert list(ModelAlias.objects.values_list("alias", "site")) == [("flagship", "acme")]
    assert Upstream.objects.get().quirks == {}


def test_a_pause_has_its_reason_until_it_ends(apply: Apply) -> None:
    apply(CATALOG)
    entry = "upstreams: [{id: acme-openai, is_active: %s}]\n"
    apply(entry % 'false, pause_reason: "contract ended"')
    row = Upstream.objects.get()
    assert (row.pause_reason, row.paused_at is None) == ("contract ended", False)
    text = export(stored.read(timezone.now()))
    assert "pause_reason: contract ended" in text
    assert apply(text) == []
    apply(entry % "true")
    row = Upstream.objects.get()
    assert (row.is_active, row.pause_reason, row.paused_at) == (True, "", None)
    with pytest.raises(CatalogRefused, match="needs is_active: false"):
        apply(entry % 'true, pause_reason: "why"')


def test_the_snapshot_has_them(apply: Apply) -> None:
    apply(CATALOG)
    apply(MORE)
    snapshot, _ = routes.read(timezone.now())
    offers, aliases = snapshot.offers_by_site["acme"], snapshot.aliases_by_site["acme"]
    offer = find_offer(offers, caller(), "gpt-4o-latest", aliases)
    assert offer.model_id == "gpt-4o"
    (route,) = offer.routes
    assert [each.credential_id for each in route.keyed] == [
        held.id for held in Upstream.objects.get().held()
    ]
    assert route.concurrency_max == 20
    assert route.wire.speaks == (Dialect.CHAT, Dialect.RESPONSES)
    assert route.renaming is not None
    for each in (route, *route.keyed):
        assert each.renaming is not None
        shown = each.renaming.apply(b'{"model":"gpt-4o-2024-11-20"}')
        assert shown == b'{"model":"gpt-4o-latest"}'
    # The site's own comes before the one for all sites.
    assert find_offer(offers, caller(), "flagship", aliases).model_id == "gpt-4o-mini"
    limited = caller(allowed_models=frozenset(["gpt-4o"]))
    assert find_offer(offers, limited, "gpt-4o-latest", aliases) is offer


@pytest.mark.parametrize(
    ("quirks", "line", "message"),
    [
        ("speaks: [klingon]", 5, "'klingon' is not one of openai, anthropic"),
        ('paths: {models: "models"}', 5, "does not begin with /"),
        ('headers: {X-A: "b\\nc"}', 5, "printable"),
        ('headers: {"X A": "b"}', 5, "is not the name of a header"),
        ("renames: {max_tokens: 5}", 5, "expected text in quotes"),
        ("talks: [openai]", 5, "unknown field"),
    ],
)
def test_quirks_that_are_no_good_are_refused_with_their_line(
    tmp_path: Path, quirks: str, line: int, message: str
) -> None:
    text = (
        f"upstreams:\n  - id: u\n    base_url: https://a.example.com\n    quirks:\n      {quirks}\n"
    )
    with pytest.raises(CatalogRefused) as refused:
        reader.read_text(text, file="c.yaml", folder=tmp_path)
    assert str(refused.value).startswith(f"c.yaml:{line}: upstreams.u.quirks")
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("models: [{id: gpt-4o, aliases: [gpt-4o-mini]}]", "there is a model 'gpt-4o-mini'"),
        (
            "models: [{id: gpt-4o, aliases: [x]}, {id: gpt-4o-mini, aliases: [x]}]",
            "already another name of 'gpt-4o'",
        ),
        ("sites: [{id: acme, aliases: {x: nobody}}]", "no model 'nobody'"),
    ],
)
def test_aliases_that_do_not_fit_are_refused(apply: Apply, text: str, message: str) -> None:
    apply(CATALOG)
    with pytest.raises(CatalogRefused, match=message):
        apply(text + "\n")
