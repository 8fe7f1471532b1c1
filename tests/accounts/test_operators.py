"""Operators are made and unmade; one always stays, also when two end each other at once."""

import threading

import pytest
from django.db import connection

from accounts import audit, operators
from accounts.models import AuditRecord, User, Via

BY = audit.Actor(Via.PAGE, "op@example.com")
pytestmark = pytest.mark.django_db


def test_who_has_a_login_is_made_one() -> None:
    user = User.objects.create_user("ann@acme.example")
    operators.make(" Ann@acme.example", by=BY)
    user.refresh_from_db()
    assert user.is_operator
    assert AuditRecord.objects.get().action == "operator.make"
    with pytest.raises(operators.AlreadyOperator):
        operators.make(user.email, by=BY)
    with pytest.raises(operators.UnknownPerson):
        operators.make("nobody@acme.example", by=BY)


def test_the_last_one_stays() -> None:
    ann, bob = (User.objects.create_user(f"{n}@x.example", is_operator=True) for n in "ab")
    operators.unmake(bob, by=BY)
    with pytest.raises(operators.LastOperator):
        operators.unmake(ann, by=BY)
    with pytest.raises(operators.NotOperator):
        operators.unmake(bob, by=BY)


@pytest.mark.django_db(transaction=True)
def test_two_who_end_each_other_at_once_leave_one() -> None:
    people = [User.objects.create_user(f"{n}@x.example", is_operator=True) for n in "ab"]
    together = threading.Barrier(len(people))
    refused: list[str] = []

    def go(user: User) -> None:
        together.wait()
        try:
            operators.unmake(user, by=BY)
        except operators.LastOperator as error:
            refused.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=go, args=[user]) for user in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["last_operator"]
    assert User.objects.filter(is_operator=True).count() == 1
