"""Staff look at a customer's dashboard: as somebody there who may only look, noted at both ends."""

import time

import pytest
from django.test import Client
from django.urls import reverse

from accounts.api_keys import mint
from accounts.models import ApiKey, AuditRecord, Organization, Site, SiteStaff, StaffRole
from accounts.web import view_as
from tests.factories import accounts, calls
from tests.pages.authorization.addresses import PATTERNS
from tests.pages.people import logged_in, member_of
from tests.pages.site.conftest import OTHER_HOST, staff_of

BEGIN = "/site/customers/id/org_acme/view-as"
END = "/app/view-as/end"
REASON = {"reason": "ticket 7"}
PAGES = ("overview", "keys", "usage", "requests", "balance", "team", "settings")


@pytest.fixture
def looking(keeper: Client, acme: Organization) -> Client:
    """The site's owner, looking as acme."""
    response = keeper.post(BEGIN, REASON)
    assert response.headers["Location"] == "/app/"
    return keeper


def trail() -> list[tuple[str, str, str]]:
    rows = AuditRecord.objects.filter(action__startswith="view_as").order_by("pk")
    return list(rows.values_list("action", "organization", "reason"))


def test_every_page_of_the_customer_is_seen_under_a_banner(
    looking: Client, acme: Organization, acme_key: ApiKey
) -> None:
    row = calls.record(acme)
    pages = [reverse(name) for name in PAGES]
    pages += [f"/app/keys/{acme_key.pk}", f"/app/requests/{row.pk}", "/site/"]
    for address in pages:
        page = looking.get(address)
        assert page.status_code == 200, address
        assert "You see this as Acme does." in page.content.decode(), address
    assert looking.get("/app/audit").status_code == 403  # a viewer's


def test_nothing_can_be_sent_anywhere(looking: Client, acme: Organization) -> None:
    key = mint(acme, name="theirs").key
    before = AuditRecord.objects.count()
    for address in (
        f"/app/keys/{key.pk}/switch",
        "/app/keys/new",
        "/app/balance/redeem",
        "/app/settings",
        "/site/customers/id/org_acme/top-up",
        "/site/customers/id/org_acme/switch",
        "/site/staff",
        "/api/v1/site/announcements",
    ):
        response = looking.post(address, {"active": "0", "reason": "x"})
        assert response.status_code == 403, address
        assert "Not while you look as a customer" in response.content.decode(), address
    for method in ("put", "patch", "delete"):
        assert getattr(looking, method)("/api/v1/site").status_code == 403
    assert AuditRecord.objects.count() == before


def test_no_page_of_a_form_shows_a_secret_or_ones_own_settings(
    looking: Client, acme: Organization
) -> None:
    assert looking.get("/app/keys/new").status_code == 403
    for name in ("profile", "tokens", "mfa_index"):
        assert PATTERNS[name]
        assert looking.get(reverse(name)).status_code == 403


def test_beginning_and_end_are_noted_with_the_reason(looking: Client, acme: Organization) -> None:
    response = looking.post(END)
    assert response.headers["Location"] == "/site/customers/id/org_acme"
    assert trail() == [("view_as.start", acme.pk, "ticket 7"), ("view_as.end", acme.pk, "")]
    assert looking.get("/app/").status_code == 302  # nobody's customer again
    owner = logged_in(member_of(acme, "owner@acme.example"))
    assert "view_as.start" in owner.get("/app/audit").content.decode()


def test_it_ends_with_the_hour(looking: Client, acme: Organization) -> None:
    session = looking.session
    left_s = session[view_as.SESSION_KEY]["until_s"] - time.time()
    assert 0 < left_s <= view_as.LASTS_S == 3600
    session[view_as.SESSION_KEY]["until_s"] -= left_s
    session.save()
    assert looking.get("/app/").status_code == 302
    assert trail()[-1] == ("view_as.end", acme.pk, view_as.TIME_IS_UP)


def test_it_ends_with_the_right_to(looking: Client, acme: Organization) -> None:
    SiteStaff.objects.update(role=StaffRole.VIEWER)
    assert looking.get("/app/").status_code == 302
    assert trail()[-1] == ("view_as.end", acme.pk, view_as.NO_RIGHT)


def test_it_ends_with_the_log_out(looking: Client, acme: Organization) -> None:
    looking.post("/accounts/logout/")
    assert trail()[-1] == ("view_as.end", acme.pk, view_as.LOGGED_OUT)


def test_another_customer_takes_the_place(
    looking: Client, acme: Organization, globex: Organization
) -> None:
    looking.post(END)
    looking.post(BEGIN.replace("org_acme", "org_globex"), REASON)
    page = looking.get("/app/").content.decode()
    assert "You see this as Globex does." in page
    assert [each[1] for each in trail()] == [acme.pk, acme.pk, globex.pk]


def test_it_needs_a_reason(keeper: Client, acme: Organization) -> None:
    page = keeper.post(BEGIN, {"reason": " "}, follow=True).content.decode()
    assert "Please give a reason." in page
    assert trail() == []


@pytest.mark.parametrize("role", [StaffRole.VIEWER, StaffRole.FINANCE])
def test_not_every_role_may(home: Site, acme: Organization, role: str) -> None:
    client = logged_in(staff_of(home, "other@acme.example", role))
    assert client.post(BEGIN, REASON).status_code == 403
    assert trail() == []


def test_never_into_another_site(
    keeper: Client, operator: Client, other_site: Site, acme: Organization
) -> None:
    abroad = accounts.organization("Abroad", on=other_site)
    assert keeper.post(BEGIN.replace("org_acme", abroad.pk), REASON).status_code == 404
    begin = f"/ops/organizations/id/{abroad.pk}/view-as"
    page = operator.post(begin, REASON, follow=True).content.decode()
    assert "on its own site" in page
    assert trail() == []
    there = operator.post(begin, REASON, headers={"host": OTHER_HOST})
    assert there.headers["Location"] == "/app/"
    # The session's cookie is one host's; carried to another, it opens nothing of the customer's.
    assert operator.get("/app/").status_code == 302
    assert trail()[-1] == ("view_as.end", abroad.pk, view_as.NO_RIGHT)


def test_an_operator_looks_with_a_viewers_eyes(operator: Client, acme: Organization) -> None:
    operator.post("/ops/organizations/id/org_acme/view-as", REASON)
    assert operator.get("/app/").status_code == 200
    assert operator.get("/app/team/transfer").status_code == 403
    assert operator.post("/ops/plans").status_code == 403
    assert operator.post(END).headers["Location"] == "/ops/organizations/id/org_acme"
