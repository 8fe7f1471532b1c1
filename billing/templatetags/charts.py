"""Draws a `billing.charts.Chart` as SVG with its legend and the same numbers as a table."""

from typing import Any

from django import template

from billing.charts import Chart

register = template.Library()


@register.inclusion_tag("ui/bars.html")
def bars(chart: Chart, chart_id: str, label: str, currency: str) -> dict[str, Any]:
    """`label` is the chart's name for those who do not see it; `chart_id` keeps the table open."""
    return {"chart": chart, "chart_id": chart_id, "label": label, "currency": currency}
