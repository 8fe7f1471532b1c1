"""What an object's owner asks is asked with the credential that made it, while there is one."""

import pytest

from relay.adapters import links
from relay.models import Upstream
from relay.proxy.errors import ApiError, Cause

pytestmark = pytest.mark.django_db
SECRETS = ("sk-first", "sk-second")


@pytest.fixture
def vendor() -> Upstream:
    made = Upstream(id="vendor", base_url="https://api.example.com/v1")
    made.set_credentials(SECRETS)
    made.save()
    return made


def asked_with(credential_id: str) -> bytes:
    return bytes(links.link("vendor", credential_id).wire.bare_head)


@pytest.mark.parametrize("turn", [0, 1])
def test_the_credential_that_made_it_is_used(vendor: Upstream, turn: int) -> None:
    head = asked_with(vendor.held()[turn].id)
    assert SECRETS[turn].encode() in head
    assert SECRETS[1 - turn].encode() not in head


def test_one_that_was_replaced_is_stood_in_for_by_another(vendor: Upstream) -> None:
    first, second = vendor.held()
    vendor.remove_credential(first.id)
    vendor.save()
    assert b"sk-second" in asked_with(first.id)
    assert asked_with("") == asked_with(second.id)


def test_an_upstream_that_sells_nothing_now_is_still_asked(vendor: Upstream) -> None:
    vendor.is_active = False
    vendor.save()
    assert b"sk-first" in asked_with("")


def test_without_its_upstream_nobody_can_tell(vendor: Upstream) -> None:
    vendor.delete()
    with pytest.raises(ApiError) as refused:
        links.link("vendor", "")
    assert refused.value.cause is Cause.NO_UPSTREAM_AVAILABLE
