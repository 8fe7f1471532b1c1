"""Who runs the deployment: make somebody an operator, or end it. One operator always stays."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.errors import AccountsError
from accounts.models import User


class OperatorError(AccountsError):
    """The operators stay as they were."""

    code = "operator_error"


class UnknownPerson(OperatorError):
    code = "unknown_person"


class AlreadyOperator(OperatorError):
    code = "already_operator"


class NotOperator(OperatorError):
    code = "not_operator"


class LastOperator(OperatorError):
    code = "last_operator"


@transaction.atomic
def make(email: str, *, by: audit.Actor) -> User:
    """Who has a login with this address is an operator from now on.

    Raises UnknownPerson, AlreadyOperator.
    """
    rows = User.objects.select_for_update(no_key=True)
    user = rows.filter(email=email.strip().lower(), is_active=True).first()
    if user is None:
        raise UnknownPerson(_("Nobody has a login with this address. They have to sign up first."))
    if user.is_operator:
        raise AlreadyOperator(_("This person is an operator already."))
    _set(user, is_operator=True, action="operator.make", by=by)
    return user


@transaction.atomic
def ensure(email: str, *, by: audit.Actor) -> tuple[User, bool]:
    """The same for a shell: whoever has no login yet gets one without a password. Answers the
    operator and whether the login is new; repeating it changes nothing."""
    address = email.strip().lower()
    rows = User.objects.select_for_update(no_key=True)
    user = rows.filter(email=address).first()
    is_new = user is None
    if user is None:
        user = User.objects.create_user(address)
    if not user.is_operator:
        _set(user, is_operator=True, action="operator.make", by=by)
    return user, is_new


@transaction.atomic
def unmake(user: User, *, by: audit.Actor) -> None:
    """They run the deployment no longer. Raises NotOperator, LastOperator."""
    # All of them, in one order: of two that end each other at once the second finds itself alone.
    rows = User.objects.select_for_update(no_key=True).filter(is_operator=True).order_by("pk")
    operators = {row.pk: row for row in rows}
    current = operators.pop(user.pk, None)
    if current is None:
        raise NotOperator(_("This person is no operator any more."))
    if not any(row.is_active for row in operators.values()):
        raise LastOperator(_("The last operator has to stay. Make another one first."))
    _set(current, is_operator=False, action="operator.unmake", by=by)


def _set(user: User, *, is_operator: bool, action: str, by: audit.Actor) -> None:
    before = {"is_operator": user.is_operator}
    user.is_operator = is_operator
    user.save(update_fields=["is_operator"])
    audit.record(by, action, user, before=before, after={"is_operator": is_operator})
