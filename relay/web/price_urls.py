"""Addresses of the pages of prices, behind either door. Model ids hold slashes, so that they stand
last in a path."""

from django.urls import URLPattern, path

from accounts.web.doors import Pair
from relay.web import bulk_prices, price_pages

# Address, name, view.
PAGES: list[tuple[str, str, Pair]] = [
    ("prices", "price_list", bulk_prices.prices),
    ("prices/<int:version_id>/cancel", "price_cancel", price_pages.cancel),
]
OF_MODEL, OF_CUSTOMER = price_pages.model_prices, price_pages.contract
CONTRACT = "id/<slug:organization_id>/contract"
ops_urls: list[URLPattern] = [
    *(path(below, pair.ops, name=f"ops_{name}") for below, name, pair in PAGES),
    path("models/prices/<path:model_id>", OF_MODEL.ops, name="ops_prices"),
    path(f"organizations/{CONTRACT}", OF_CUSTOMER.ops, name="ops_contract"),
]
site_urls: list[URLPattern] = [
    *(path(below, pair.site, name=f"site_{name}") for below, name, pair in PAGES),
    path("prices/id/<path:model_id>", OF_MODEL.site, name="site_prices"),
    path(f"customers/{CONTRACT}", OF_CUSTOMER.site, name="site_contract"),
]
