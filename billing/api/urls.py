"""Addresses of the resources of billing."""

from django.urls import URLPattern, path

from billing.api import keys, money

HERE = "organizations/<slug:organization_id>"

urlpatterns: list[URLPattern] = [
    path(f"{HERE}/keys", keys.KeyList.as_view()),
    path(f"{HERE}/keys/<slug:key_id>", keys.KeyDetail.as_view()),
    path(f"{HERE}/keys/<slug:key_id>/rotate", keys.KeyRotate.as_view()),
    path(f"{HERE}/keys/<slug:key_id>/revoke", keys.KeyRevoke.as_view()),
    path(f"{HERE}/balance", money.BalanceDetail.as_view()),
    path(f"{HERE}/statement", money.StatementList.as_view()),
    path(f"{HERE}/budgets", money.BudgetList.as_view()),
]
