"""A login, by e-mail. One person has one, whatever the number of organizations."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower


class UserManager(BaseUserManager["User"]):
    """Makes users; the e-mail is stored in lower case, so that look-ups are exact."""

    def create_user(self, email: str, password: str | None = None, **extra: Any) -> "User":
        user = self.model(email=email.strip().lower(), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser):
    """A person who can log in. What they may do comes from memberships, or from `is_operator`."""

    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=100, blank=True)
    language = models.CharField(max_length=10, blank=True, db_comment="blank: the site's")
    time_zone = models.CharField(
        max_length=64, blank=True, db_comment="IANA name; blank: the organization's"
    )
    theme = models.CharField(
        max_length=5, blank=True, db_comment="light, dark; blank: the device's"
    )
    is_active = models.BooleanField(default=True)
    is_operator = models.BooleanField(default=False, db_comment="staff of the whole deployment")
    date_joined = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_unique_any_case"),
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def is_staff(self) -> bool:
        """Django's word for an operator."""
        return self.is_operator
