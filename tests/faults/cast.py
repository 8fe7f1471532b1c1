"""Makes customers in one go, inside the deployment's own settings. Run by `Cluster.cast`."""

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


def main(orders: list[dict[str, Any]]) -> None:
    """Print one JSON list, a row for each order: organization, key_id, secret."""
    import django

    django.setup()
    print(json.dumps([_make(number, order) for number, order in enumerate(orders)]))  # noqa: T201


def _make(number: int, order: dict[str, Any]) -> dict[str, str]:
    from accounts.api_keys import mint
    from accounts.models import Organization
    from billing import plans
    from billing.credits import top_up
    from billing.models import Plan
    from billing.money import parse_nanos

    site = order.get("site", "default")
    organization = Organization.objects.create(site_id=site, name=f"Acme {number}")
    if nanos := parse_nanos(order["amount"]):
        external_id = f"cast-{organization.id}"
        top_up(organization, amount_nanos=nanos, reason="test", external_id=external_id)
    if "plan" in order:
        plans.choose(organization, Plan.objects.get(pk=order["plan"]))
    key, secret = mint(organization, name="cast", **order.get("key", {}))
    return {"organization": organization.id, "key_id": key.id, "secret": secret}


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
