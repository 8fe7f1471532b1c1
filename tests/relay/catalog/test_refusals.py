"""A file with a mistake is refused as a whole, and the message names the line."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Organization
from relay.catalog import reader
from relay.catalog.problems import PROBLEMS_MAX, CatalogRefused
from relay.models import Upstream
from tests.relay.catalog.conftest import CATALOG, Apply

SITE = "sites:\n  - id: s\n    name: S\n    domains: [s.localhost]\n    plan: default\n"
PLAN = "plans: [{id: default}]\n"

UNREADABLE = [
    # unknown fields
    (
        "modles: []\n",
        1,
        "modles: unknown field (known: announcements, contracts, customers, models, plans, "
        "scheduled_adjustments, scheduled_costs, scheduled_prices, sites, upstreams)",
    ),
    ("models:\n  - id: m\n    prize: {}\n", 3, "models.m.prize: unknown field"),
    ("models:\n  - id: m\n    routes:\n      - upstream: u\n        wait: 1\n", 5, "unknown field"),
    ('models:\n  - id: m\n    price:\n      input: "1"\n      outptu: "1"\n', 5, "outptu"),
    ("sites:\n  - id: s\n    domain: [x]\n", 3, "sites.s.domain: unknown field"),
    # wrong types
    ("- models\n", 1, "the file: expected a mapping"),
    ("models: {}\n", 1, "models: expected a list"),
    ("models:\n  - gpt-4o\n", 2, "models[0]: expected a mapping"),
    ("models:\n  - id: 4\n", 2, "expected text in quotes"),
    ("plans:\n  - id: no\n", 2, "expected text in quotes"),
    ("models:\n  - id: m\n    context_tokens: many\n", 3, "expected a whole number"),
    ("models:\n  - id: m\n    context_tokens: 0\n", 3, "from 1 to"),
    ("models:\n  - id: m\n    context_tokens: 0100\n", 3, "in decimal digits"),
    ("models:\n  - id: m\n    context_tokens: 1_000\n", 3, "in decimal digits"),
    ("plans:\n  - id: p\n    concurrency: 0\n", 3, "from 1 to"),
    ("upstreams:\n  - id: u\n    is_active: yes\n", 3, "expected true or false"),
    ("sites:\n  - id: s\n    domains: s.localhost\n", 3, "expected a list"),
    ("sites:\n  - id: s\n    models: some\n", 3, "expected all, or a list"),
    ("models:\n  - id: m\n    routes: {}\n", 3, "routes: expected a list"),
    # values
    ("upstreams:\n  - id: Acme\n", 2, "lower-case letters"),
    ("upstreams:\n  - id: u\n    dialect: cobol\n", 3, "'cobol' is not one of openai"),
    ("upstreams:\n  - id: u\n    base_url: ftp://x\n", 3, "scheme must be http or https"),
    ("upstreams:\n  - id: u\n    base_url: http://a:b@x\n", 3, "no user info"),
    ("sites:\n  - id: s\n    domains: [S.localhost]\n", 3, "is not a host name"),
    ("sites:\n  - id: s\n    domains:\n      - a\n      - a:80\n", 5, "is not a host name"),
    ("sites:\n  - id: s\n    domains:\n      - a\n      - a\n", 5, "is there twice"),
    ("sites:\n  - id: s\n    currency: usd\n", 3, "currency code"),
    ("sites:\n  - id: s\n    language: fr\n", 3, "is not one of en, zh-hans, zh-hant"),
    ("sites:\n  - id: s\n    time_zone: Mars/Base\n", 3, "IANA time zone"),
    ("sites:\n  - id: s\n    time_zone: ../etc\n", 3, "IANA time zone"),
    ("sites:\n  - id: s\n    preset: nowhere\n", 3, "'nowhere' is not one of"),
    ("sites:\n  - id: s\n    preset: ../x\n", 3, "is not one of"),
    ("sites:\n  - id: s\n    no_credit_status: 418\n", 3, "expected 402, 403 or 429"),
    # money
    ("models:\n  - id: m\n    price: {input: 0.1, output: '1'}\n", 3, "expected text in quotes"),
    ("models:\n  - id: m\n    price: {input: '1e3', output: '1'}\n", 3, "not a decimal amount"),
    ("models:\n  - id: m\n    price: {input: '-1', output: '1'}\n", 3, "between 0 and"),
    ("models:\n  - id: m\n    price: {input: '9999999', output: '1'}\n", 3, "between 0 and"),
    ("models:\n  - id: m\n    price:\n      input: '1'\n", 4, 'output: missing (write "0"'),
    # structure
    ("models:\n  - name: M\n", 2, "models[0].id: missing"),
    ("models:\n  - id: m\n  - id: m\n", 3, "models.m: there twice"),
    ("models:\n  - id: m\n    name: a\n    name: b\n", 4, "models[0].name: given twice"),
    ("models:\n  - id: m\n    routes:\n      - {}\n", 4, "upstream: missing"),
    (
        "models:\n  - id: m\n    routes:\n      - {upstream: u}\n      - {upstream: u}\n",
        5,
        "a second route to u as m",
    ),
    ("models:\n  - id: 'm\n", 3, "not YAML"),
    ("models: []\n---\nplans: []\n", 2, "not YAML"),
    ("plans:\n  - &p {id: p}\n  - {<<: *p}\n", 3, "unknown field"),
]

SENSELESS = [
    ("models:\n  - id: m\n    routes:\n      - {upstream: gone}\n", 4, "no upstream 'gone'"),
    (SITE, 5, "no plan 'default'"),
    (PLAN + SITE + "    models:\n      - gone\n", 8, "no model 'gone'"),
    (
        PLAN + SITE + "    prices:\n      gone: {input: '1', output: '1'}\n",
        8,
        "no model 'gone'",
    ),
    ("upstreams:\n  - id: u\n", 2, "a new one needs base_url"),
    (PLAN + "sites:\n  - id: s\n    name: S\n", 3, "a new one needs domains"),
    (
        PLAN + SITE + SITE.removeprefix("sites:\n").replace("id: s", "id: t"),
        9,
        "already leads to site 's'",
    ),
]


@pytest.mark.parametrize(("text", "line", "message"), UNREADABLE)
def test_an_unreadable_file_names_the_line(text: str, line: int, message: str) -> None:
    with pytest.raises(CatalogRefused) as refused:
        reader.read_text(text, file="catalog.yaml", folder=Path())
    assert any(
        said.startswith(f"catalog.yaml:{line}: ") and message in said
        for said in str(refused.value).splitlines()
    ), refused.value


@pytest.mark.parametrize(("text", "line", "message"), SENSELESS)
def test_a_file_that_fits_nothing_names_the_line(
    apply: Apply, text: str, line: int, message: str
) -> None:
    with pytest.raises(CatalogRefused) as refused:
        apply(text)
    assert str(refused.value).startswith(f"catalog.yaml:{line}: ")
    assert message in str(refused.value)


def test_all_problems_show_in_one_run() -> None:
    text = "upstreams:\n  - id: u\n    dialect: cobol\n    port: 1\nmodels: 7\n"
    with pytest.raises(CatalogRefused) as refused:
        reader.read_text(text, file="c.yaml", folder=Path())
    lines = str(refused.value).splitlines()
    assert [line.split(": ")[0] for line in lines] == ["c.yaml:3", "c.yaml:4", "c.yaml:5"]


def test_a_hopeless_file_is_not_recited_in_full() -> None:
    text = "models:\n" + "  - id: 7\n" * 500
    with pytest.raises(CatalogRefused) as refused:
        reader.read_text(text, file="c.yaml", folder=Path())
    lines = str(refused.value).splitlines()
    assert len(lines) == PROBLEMS_MAX + 1
    assert lines[-1] == "… and 480 more"


def test_a_refused_file_changes_nothing(apply: Apply) -> None:
    with pytest.raises(CatalogRefused):
        apply(CATALOG.replace("plan: default", "plan: gone"))
    assert not Upstream.objects.exists()


def test_the_currency_of_a_site_with_customers_cannot_change(apply: Apply) -> None:
    apply(CATALOG)
    apply(CATALOG.replace("currency: USD", "currency: EUR"))
    Organization.objects.create(site_id="acme", name="Acme")
    with pytest.raises(CatalogRefused, match="balances are in EUR"):
        apply(CATALOG)


def test_a_domain_of_a_site_that_the_file_does_not_name_stays_there(apply: Apply) -> None:
    apply(CATALOG)
    with pytest.raises(CatalogRefused, match="already leads to site 'acme'"):
        apply("sites: [{id: b, name: B, domains: [acme.localhost], plan: default}]\n")


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_the_command_says_why_a_file_cannot_be_read(
    db: None, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "catalog.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("catalog", "apply", str(file))


def test_the_command_needs_a_file_to_apply(db: None) -> None:
    with pytest.raises(CommandError, match="needs a FILE"):
        call_command("catalog", "apply")
