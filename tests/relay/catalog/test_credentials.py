"""Credentials come from the environment, a file or the catalog itself, and are never shown."""

import json
from pathlib import Path

import pytest

from relay.catalog import reader
from relay.catalog.problems import CatalogRefused
from relay.models import Upstream
from tests.relay.catalog.conftest import Apply, Command

SECRET = "sk-vendor-12345678"


def catalog(credential: str) -> str:
    return (
        "upstreams:\n"
        "  - id: u\n"
        "    base_url: https://api.example.com/v1\n"
        f"    credential: {credential}\n"
    )


def test_from_the_environment(apply: Apply, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENDOR_KEY", SECRET)
    apply(catalog("env:VENDOR_KEY"))
    assert Upstream.objects.get().credential() == SECRET


def test_from_a_file_beside_the_catalog(apply: Apply, tmp_path: Path) -> None:
    (tmp_path / "vendor.key").write_text(SECRET + "\n", encoding="ascii")
    apply(catalog("file:vendor.key"))
    assert Upstream.objects.get().credential() == SECRET


@pytest.mark.parametrize("written", [SECRET, f'"{SECRET}"', f"[{SECRET}]"])
def test_as_it_stands_or_as_a_list_of_one(apply: Apply, written: str) -> None:
    apply(catalog(written))
    assert Upstream.objects.get().credential() == SECRET


def test_an_absent_credential_keeps_the_stored_one(apply: Apply) -> None:
    apply(catalog(SECRET))
    apply("upstreams: [{id: u, provider: vendor}]\n")
    assert Upstream.objects.get().credential() == SECRET


def test_a_new_credential_replaces_the_stored_one_and_neither_is_shown(command: Command) -> None:
    created = command("apply", catalog(SECRET))
    replaced = command("apply", catalog("sk-vendor-new"))
    assert Upstream.objects.get().credential() == "sk-vendor-new"
    (change,) = replaced["changes"]
    assert change["fields"] == {"credential": {"before": "stored", "after": "stored"}}
    for shown in (created, replaced):
        assert "sk-vendor" not in json.dumps(shown)


def test_the_same_credential_changes_nothing(apply: Apply) -> None:
    apply(catalog(SECRET))
    before = Upstream.objects.get().credentials
    assert apply(catalog(SECRET)) == []
    assert Upstream.objects.get().credentials == before


def test_several_take_turns_and_those_that_stay_keep_their_id(command: Command) -> None:
    command("apply", catalog(f"[{SECRET}-1, {SECRET}-2]"))
    upstream = Upstream.objects.get()
    first, second = upstream.held()
    assert [secret for _, secret in upstream.secrets()] == [f"{SECRET}-1", f"{SECRET}-2"]
    replaced = command("apply", catalog(f"[{SECRET}-3, {SECRET}-2]"))
    assert [held.id for held in Upstream.objects.get().held()][1] == second.id
    assert first.id not in [held.id for held in Upstream.objects.get().held()]
    (change,) = replaced["changes"]
    assert change["fields"] == {"credential": {"before": "2 stored", "after": "2 stored"}}
    assert SECRET not in json.dumps(replaced)


def test_a_document_and_its_changes_do_not_show_it_in_tracebacks(
    apply: Apply, tmp_path: Path
) -> None:
    document = reader.read_text(catalog(SECRET), file="c", folder=tmp_path)
    assert SECRET not in repr(document)
    assert SECRET not in repr(apply(catalog(SECRET)))


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("env:NOT_SET_ANYWHERE", "the environment has no NOT_SET_ANYWHERE"),
        ("file:gone.key", "cannot be read"),
        ('""', "empty"),
        (f'"{SECRET}\\n{SECRET}"', "one line of printable ASCII"),
        (f"[{SECRET}, {SECRET}]", "one is there twice"),
        (f"[{SECRET}, 7]", "expected text in quotes"),
        ("[]", "expected 1 to 50 credentials"),
    ],
)
def test_a_credential_that_is_no_good_is_refused_without_being_shown(
    tmp_path: Path, written: str, message: str
) -> None:
    with pytest.raises(CatalogRefused) as refused:
        reader.read_text(catalog(written), file="c.yaml", folder=tmp_path)
    assert str(refused.value).startswith("c.yaml:4: upstreams.u.credential: ")
    assert message in str(refused.value)
    assert SECRET not in str(refused.value)
