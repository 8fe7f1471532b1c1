"""What versions of prices and the like have in common: from when on, made when and by whom, and
whether they were taken back before."""

from typing import Any, TypeVar

from django.db import models

from accounts.models import User

V = TypeVar("V", bound="Version", covariant=True)


class Standing(models.Manager[V]):
    """The versions that count: those that were not taken back before they began."""

    def get_queryset(self) -> "models.QuerySet[V]":
        return super().get_queryset().filter(cancelled_at=None)


class Version(models.Model):
    """Never edited: a change is a new row with a later `effective_from`. `objects` leaves cancelled
    ones out."""

    effective_from = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    cancelled_at = models.DateTimeField(
        null=True, blank=True, db_comment="taken back before it began: it never charged anything"
    )

    objects = Standing()
    every = models.Manager[Any]()

    class Meta:
        abstract = True
