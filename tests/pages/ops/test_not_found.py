"""What does not exist is not found, on the operators' pages too. Who may open them is in
`tests/pages/authorization`; that each is there and asks little in `tests/pages/everywhere`."""

import pytest
from django.test import Client
from django.urls import reverse

PAGES = ["ops_upstream", "ops_model", "ops_prices", "ops_site", "ops_organization", "ops_request"]


@pytest.mark.parametrize("page", PAGES)
def test_what_does_not_exist_is_not_found(operator: Client, page: str) -> None:
    assert operator.get(reverse(page, args=["gone"])).status_code == 404
