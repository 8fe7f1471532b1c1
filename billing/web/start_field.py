"""The form field of when a version takes force."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class StartField(forms.DateTimeField):
    """An instant to come; left empty: now. The past was charged by what was in force then."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label=gettext_lazy("In force from"),
            required=False,
            help_text=gettext_lazy("Left empty: from now on. In this page's time zone."),
            widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
            **kwargs,
        )

    def clean(self, value: Any) -> datetime | None:
        """Refuses what has passed."""
        start: datetime | None = super().clean(value)
        if start is not None and start < timezone.now():
            raise forms.ValidationError(_("That has passed. Leave it empty for now."))
        return start
