"""Trial credit is given once for a customer and once for a person, however often they verify."""

from functools import partial

import pytest
from django.db import IntegrityError

from accounts import organizations
from accounts.models import Organization, Site, User
from billing import credits, ledger, trials
from billing.ledger import TransactionKind
from billing.models import LedgerTransaction, Plan, SiteTerms
from tests.factories import accounts
from tests.factories.threads import together

GIFT = 5_000_000_000


@pytest.fixture
def terms(site: Site) -> SiteTerms:
    plan = Plan.objects.create(pk="default")
    return SiteTerms.objects.create(site=site, plan=plan, trial_credit_nanos=GIFT)


def customer(name: str, site: Site, email: str) -> tuple[Organization, User]:
    owner = User.objects.create_user(email)
    return organizations.create(site, name=name, owner=owner), owner


def test_it_is_a_grant_in_the_books(terms: SiteTerms, site: Site) -> None:
    organization, owner = customer("New", site, "ann@new.example")
    assert trials.give(organization, owner)
    assert ledger.balance_nanos(organization.pk) == GIFT
    assert LedgerTransaction.objects.get().kind == TransactionKind.GRANT


def test_a_second_verification_gives_nothing(terms: SiteTerms, site: Site) -> None:
    organization, owner = customer("New", site, "ann@new.example")
    assert [trials.give(organization, owner) for _ in range(3)] == [True, False, False]
    assert ledger.balance_nanos(organization.pk) == GIFT


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("ann@new.example", "ann+2@new.example"),
        ("ann.lee@gmail.com", "annlee+x@googlemail.com"),
    ],
)
def test_one_person_is_given_it_once_under_many_spellings(
    terms: SiteTerms, site: Site, first: str, second: str
) -> None:
    assert trials.give(*customer("One", site, first))
    organization, owner = customer("Two", site, second)
    assert not trials.give(organization, owner)
    assert ledger.balance_nanos(organization.pk) == 0


def test_other_people_and_other_sites_have_their_own(terms: SiteTerms, site: Site) -> None:
    other = accounts.site("other")
    SiteTerms.objects.create(site=other, plan=terms.plan, trial_credit_nanos=1)
    organization, owner = customer("One", site, "ann@new.example")
    assert trials.give(organization, owner)
    assert trials.give(*customer("Two", site, "bob@new.example"))
    elsewhere = organizations.create(other, name="Three", owner=owner)
    assert trials.give(elsewhere, owner)
    assert ledger.balance_nanos(elsewhere.pk) == 1


def test_a_site_without_one_gives_nothing(terms: SiteTerms, site: Site) -> None:
    SiteTerms.objects.update(trial_credit_nanos=0)
    assert not trials.give(*customer("New", site, "ann@new.example"))


@pytest.mark.django_db(transaction=True)
def test_verifications_at_once_give_it_once(terms: SiteTerms, site: Site) -> None:
    one, ann = customer("One", site, "ann@new.example")
    two, also_ann = customer("Two", site, "ann+2@new.example")
    pairs = [(one, ann), (two, also_ann)] * 4
    given = together([partial(trials.give, *pair) for pair in pairs])
    assert sorted(given) == [False] * 7 + [True]
    assert ledger.balance_nanos(one.pk) + ledger.balance_nanos(two.pk) == GIFT


@pytest.mark.django_db(transaction=True)
def test_without_the_claim_the_same_race_would_give_it_more_than_once(
    terms: SiteTerms, site: Site
) -> None:
    """The negative control: it is the claim that keeps them apart, not luck."""
    one, _ann = customer("One", site, "ann@new.example")
    two, _also_ann = customer("Two", site, "ann+2@new.example")

    def careless(organization: Organization) -> bool:
        kind = TransactionKind.GRANT
        try:
            credit = credits.top_up(
                organization,
                amount_nanos=GIFT,
                reason="",
                external_id=f"trial:{organization.pk}",
                kind=kind,
            )
        except IntegrityError:
            return False
        return not credit.is_replay

    given = together([partial(careless, one), partial(careless, two)])
    assert given == [True, True]
