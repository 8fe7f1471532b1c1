"""Addresses of the resources of billing."""

from django.urls import URLPattern, path

from billing.api import customers, jobs, keys, money, plans, prices, staff_requests, usage

HERE = "organizations/<slug:organization_id>"
CUSTOMER = "site/customers/<slug:organization_id>"

urlpatterns: list[URLPattern] = [
    path(f"{HERE}/keys", keys.KeyList.as_view()),
    path(f"{HERE}/keys/<slug:key_id>", keys.KeyDetail.as_view()),
    path(f"{HERE}/keys/<slug:key_id>/rotate", keys.KeyRotate.as_view()),
    path(f"{HERE}/keys/<slug:key_id>/revoke", keys.KeyRevoke.as_view()),
    path(f"{HERE}/balance", money.BalanceDetail.as_view()),
    path(f"{HERE}/statement", money.StatementList.as_view()),
    path(f"{HERE}/usage", usage.UsageDetail.as_view()),
    path(f"{HERE}/requests", usage.CallList.as_view()),
    path(f"{HERE}/requests/<slug:request_id>", usage.CallDetail.as_view()),
    path(f"{HERE}/limits", usage.LimitDetail.as_view()),
    path(f"{HERE}/budgets", money.BudgetList.as_view()),
    path("site/customers", customers.CustomerList.as_view()),
    path(CUSTOMER, customers.CustomerDetail.as_view()),
    path(f"{CUSTOMER}/statement", customers.CustomerStatement.as_view()),
    path(f"{CUSTOMER}/credit", customers.CustomerCredit.as_view()),
    path(f"{CUSTOMER}/debit", customers.CustomerDebit.as_view()),
    path(f"{CUSTOMER}/suspend", customers.CustomerSuspend.as_view()),
    path(f"{CUSTOMER}/resume", customers.CustomerResume.as_view()),
    path(f"{CUSTOMER}/plan", customers.CustomerPlan.as_view()),
    path(f"{CUSTOMER}/prices", prices.ContractList.as_view()),
    path("site/requests", staff_requests.SiteCallList.as_view()),
    path("site/requests/<slug:request_id>", staff_requests.SiteCallDetail.as_view()),
    path("ops/jobs", jobs.JobList.as_view()),
    path("ops/jobs/failures", jobs.FailureList.as_view()),
    path("ops/requests", staff_requests.CallListOfAll.as_view()),
    path("ops/requests/<slug:request_id>", staff_requests.CallDetailOfAll.as_view()),
    path("site/prices", prices.SitePriceList.as_view()),
    path("site/prices/<int:version_id>", prices.SitePrice.as_view()),
    path("site/prices/<int:version_id>/revert", prices.SitePriceRevert.as_view()),
    path("ops/prices", prices.DefaultPriceList.as_view()),
    path("ops/prices/<int:version_id>", prices.AnyPrice.as_view()),
    path("ops/prices/<int:version_id>/revert", prices.AnyPriceRevert.as_view()),
    path("ops/plans", plans.PlanList.as_view()),
]
