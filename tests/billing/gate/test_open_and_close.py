"""A site's gate opens with balances from the books, and only when it was closed."""

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from billing.gate.errors import GateUnavailable
from billing.gate.steward import ORGANIZATIONS_PER_SCRIPT, Steward
from billing.gate.types import Balance
from tests.billing.gate.calls import SITE


def test_an_open_gate_cannot_be_opened_over(steward: Steward) -> None:
    assert not steward.open(SITE, "epoch-2", {"acme": 999_999})
    assert steward.read_epoch(SITE) == "epoch-1"
    assert steward.read_balance(SITE, "acme").available_nanos == 1_000


def test_a_closed_gate_opens_with_the_given_balances(steward: Steward) -> None:
    assert steward.close(SITE)
    assert steward.read_epoch(SITE) is None

    assert steward.open(SITE, "epoch-2", {"acme": 7})

    assert steward.read_epoch(SITE) == "epoch-2"
    assert steward.read_balance(SITE, "acme") == Balance(7, 0, 0, 0)


def test_many_organizations_are_loaded_in_pieces(redis: Redis) -> None:
    steward = Steward(redis)
    balances = {f"organization-{n}": n for n in range(ORGANIZATIONS_PER_SCRIPT * 2 + 1)}

    assert steward.open(SITE, "epoch-1", balances)

    read = steward.read_balances(SITE, balances)
    assert {name: balance.available_nanos for name, balance in read.items()} == balances


def test_balances_beyond_what_a_script_computes_with_are_loaded_exactly(steward: Steward) -> None:
    steward.close(SITE)
    assert steward.open(SITE, "epoch-2", {"acme": 2**60 + 1, "globex": -(2**60) - 1})

    assert steward.read_balance(SITE, "acme").available_nanos == 2**60 + 1
    assert steward.read_balance(SITE, "globex").available_nanos == -(2**60) - 1


def test_credits_that_the_books_contain_do_not_count_twice(steward: Steward) -> None:
    steward.close(SITE)
    steward.open(SITE, "epoch-2", {"acme": 150}, credited=["top-up-1"])

    assert steward.credit(SITE, "acme", 50, "top-up-1").is_replay
    assert steward.read_balance(SITE, "acme").available_nanos == 150


def test_sites_do_not_see_each_other(steward: Steward) -> None:
    assert steward.read_epoch("another") is None
    assert steward.read_balance("another", "acme") == Balance(0, 0, 0, 0)


@pytest.mark.parametrize("site", ["", "a{b", "a}b"])
def test_a_site_id_that_would_break_the_hash_tag_is_refused(steward: Steward, site: str) -> None:
    with pytest.raises(ValueError, match="site"):
        steward.read_epoch(site)


def test_a_steward_without_redis_says_so() -> None:
    nowhere = Redis(unix_socket_path="/nonexistent/valkey.sock", retry=Retry(NoBackoff(), 0))

    with pytest.raises(GateUnavailable):
        Steward(nowhere).read_epoch(SITE)
