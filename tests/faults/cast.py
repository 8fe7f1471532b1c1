"""Makes customers in one go, inside the deployment's own settings. Run by `cluster.customers`."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


def main(order: dict[str, object]) -> None:
    """Print one JSON list: organization, key_id, secret."""
    import django

    django.setup()
    from accounts.api_keys import mint
    from accounts.models import Organization
    from billing.credits import top_up
    from billing.money import parse_nanos

    nanos = parse_nanos(str(order["amount"]))
    rows = []
    for number in range(int(str(order["count"]))):
        organization = Organization.objects.create(site_id=order["site"], name=f"Acme {number}")
        if nanos:
            top_up(
                organization,
                amount_nanos=nanos,
                reason="test",
                actor=None,
                external_id=f"cast-{organization.id}",
            )
        key, secret = mint(organization, name="cast", **order["key"])  # type: ignore[arg-type]
        rows.append({"organization": organization.id, "key_id": key.id, "secret": secret})
    print(json.dumps(rows))  # noqa: T201


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
