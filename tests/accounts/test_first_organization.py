"""Who comes by themselves founds one organization on a site, however often they send the form."""

import pytest

from accounts import audit, organizations
from accounts.models import Membership, Organization, Site, User, Via
from tests.factories.threads import together

THREADS = 4


@pytest.mark.django_db(transaction=True)
def test_of_several_at_once_one_is_founded(site: Site) -> None:
    newcomer = User.objects.create_user("new@person.example")
    by = audit.Actor(Via.PAGE, newcomer.email, newcomer)

    def found() -> Organization | None:
        try:
            return organizations.found(site, name="Newcomers", owner=newcomer, by=by)
        except organizations.AlreadyCustomer:
            return None

    made = together([found] * THREADS)
    assert sum(each is not None for each in made) == 1
    assert Membership.objects.filter(user=newcomer).count() == 1
