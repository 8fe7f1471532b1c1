"""Addresses of customers and their calls for staff, behind either door (`accounts.web.doors`)."""

from django.urls import URLPattern, path

from accounts.web.doors import Pair
from billing.web import (
    customer_acts,
    customer_money,
    customers,
    house_money,
    redeem_pages,
    staff_requests,
)

# Address below the list, name, view.
PAGES: list[tuple[str, str, Pair]] = [
    ("", "organizations", customers.customer_list),
    ("/id/<slug:organization_id>", "organization", customers.customer_detail),
    ("/id/<slug:organization_id>/switch", "organization_switch", customer_acts.switch),
    ("/id/<slug:organization_id>/budget", "organization_budget", customer_acts.set_budget),
    ("/id/<slug:organization_id>/plan", "organization_plan", customer_acts.choose_plan),
    ("/id/<slug:organization_id>/tags", "organization_tags", customer_acts.set_tags),
    ("/id/<slug:organization_id>/notes", "organization_note", customer_acts.add_note),
    ("/id/<slug:organization_id>/view-as", "view_as", customer_acts.start_view_as),
    (
        "/id/<slug:organization_id>/statement.csv",
        "organization_statement",
        house_money.customer_statement,
    ),
    ("/id/<slug:organization_id>/top-up", "top_up", customer_money.credit),
    ("/id/<slug:organization_id>/debit", "debit", customer_money.debit),
]
CODES: list[tuple[str, str, Pair]] = [
    ("codes", "codes", redeem_pages.code_batches),
    ("codes/<int:batch_id>/withdraw", "codes_withdraw", redeem_pages.withdraw),
]
REQUESTS: list[tuple[str, str, Pair]] = [
    ("requests", "requests", staff_requests.request_list),
    ("requests/<str:request_id>", "request", staff_requests.request_detail),
]
MONEY: list[tuple[str, str, Pair]] = [
    ("money", "money", house_money.overview),
    ("money/ledger.csv", "ledger_csv", house_money.ledger_csv),
]
BESIDE = CODES + REQUESTS + MONEY
ops_urls: list[URLPattern] = [
    *(path(below, pair.ops, name=f"ops_{name}") for below, name, pair in BESIDE),
    *(path(f"organizations{below}", pair.ops, name=f"ops_{name}") for below, name, pair in PAGES),
]
site_urls: list[URLPattern] = [
    *(path(below, pair.site, name=f"site_{name}") for below, name, pair in BESIDE),
    *(path(f"customers{below}", pair.site, name=f"site_{name}") for below, name, pair in PAGES),
]
