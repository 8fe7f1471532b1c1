"""The banner of every operators' page when no worker works."""

from datetime import datetime

from django import template

from billing import task_runs

register = template.Library()


@register.simple_tag
def worker_silent_since() -> datetime | None:
    """Since when no worker has ended a task; None while one works. One query of a short table."""
    return task_runs.silent_since()
