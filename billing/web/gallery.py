"""Every component of the pages in every state, for designers, screenshots and accessibility checks.

Shows invented figures only; reads nothing.
"""

from datetime import date, timedelta

from django import forms
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.web.access import operator_page
from accounts.web.pages import render_page
from billing.charts import chart_of
from billing.reports.blocks import Banner

MODELS = ("model-a-large", "model-b-small", "model-c-vision")
CENT_NANOS = 10_000_000
DAYS = 30


class SampleForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(help_text="A hint below the field.")
    amount = forms.CharField()
    choice = forms.ChoiceField(choices=[("a", "First"), ("b", "Second")])
    agree = forms.BooleanField(label="A box to tick", required=False)
    wrong = forms.EmailField()


@require_safe
@operator_page
def gallery(request: HttpRequest) -> HttpResponse:
    """Operators only."""
    first = date(2026, 1, 1)
    span = [first + timedelta(days=n) for n in range(DAYS)]
    amounts = {
        (day, model): (n * 37 % 11 + place * 3 + 1) * CENT_NANOS * 10
        for n, day in enumerate(span)
        for place, model in enumerate(MODELS)
    }
    form = SampleForm({"name": "prod-web", "amount": "25", "choice": "a", "wrong": "not a mail"})
    context = {
        "form": form,
        "chart": chart_of(span, amounts),
        "empty_chart": chart_of(span, {}),
        "statuses": (200, 400, 402, 404, 429, 502, 0),
        "levels": ("bad", "warn", "info", "ok", "plain"),
        "banners": [Banner("bad", "Blocked", "since 12:03.", "Top up", "#")],
        "snippets": {"curl": "curl https://api.example/v1/models", "Python": "print('hello')"},
    }
    return render_page(request, "ui/gallery.html", context)
