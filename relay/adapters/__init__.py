"""The ports of `relay.proxy`, done with the ORM, Redis and billing."""
