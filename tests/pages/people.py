"""Makers of people who look at pages."""

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
