"""Makers of people who look at pages."""

import time

from allauth.account.internal.flows import login
from allauth.account.internal.userkit import user_id_to_str
from django.test import Client

from accounts.models import Membership, Organization, Role, User

PASSWORD = "correct-horse-battery"


def member_of(organization: Organization, email: str, role: str = Role.OWNER) -> User:
    """A user without a password: hashing one takes longer than most tests."""
    user = User.objects.create_user(email)
    Membership.objects.create(organization=organization, user=user, role=role)
    return user


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def confirmed(user: User, *, age_s: float = 0, method: str = "password") -> Client:
    """Logged in, and having proved who they are `age_s` ago: dangerous acts are open to them.

    `method` "mfa" is a second factor, as staff pages want it.
    """
    client = logged_in(user)
    session = client.session
    record = {"method": method, "at": time.time() - age_s, "reauthenticated": True}
    session[login.AUTHENTICATION_METHODS_SESSION_KEY] = [record]
    session[login._AUTHENTICATION_METHODS_USER_SESSION_KEY] = user_id_to_str(user)
    session.save()
    return client


def has_password(user: User) -> User:
    """With a password that counts as one, though nobody knows it: quicker than hashing."""
    user.password = "unknown"
    user.save(update_fields=["password"])
    return user
