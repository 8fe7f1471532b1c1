"""What a refusal's error code says about its cause: whose it is, and how it ends. One table.

The codes are the relay's canonical ones (design.md, section 7), never a site preset's.
"""

from dataclasses import dataclass

# A minute's limit that nobody ran into for a quarter of an hour is no news any more.
PASSING_S = 15 * 60
# A program that still uses a dead key says so at least once a day, or has been stopped.
ABANDONED_S = 24 * 3600

NO_CREDIT = "credit_balance_exhausted"


@dataclass(frozen=True, slots=True)
class Cause:
    """Refusals with one cause make one BlockEpisode.

    `by_key`, `by_model`: the cause is one key's or one model's; else the organization's.
    `ends_with_call`: a Call that passes after the last refusal shows that the cause is cured.
    `silent_s`: it also ends when it is not met for so long; None: only by its cure.
    """

    by_key: bool = False
    by_model: bool = False
    ends_with_call: bool = True
    silent_s: int | None = None


CAUSES = {
    NO_CREDIT: Cause(),
    "organization_budget_exceeded": Cause(),
    "organization_suspended": Cause(),
    "organization_frozen": Cause(),
    "site_suspended": Cause(),
    "key_budget_exceeded": Cause(by_key=True),
    "api_key_disabled": Cause(by_key=True, silent_s=ABANDONED_S),
    "invalid_api_key": Cause(by_key=True, silent_s=ABANDONED_S),
    "ip_not_allowed": Cause(by_key=True, silent_s=ABANDONED_S),
    "endpoint_not_allowed": Cause(by_key=True, silent_s=ABANDONED_S),
    "model_not_allowed": Cause(by_key=True, by_model=True, silent_s=ABANDONED_S),
    # Calls pass between refusals as long as the limit is hit: only silence ends it.
    "rate_limit_exceeded": Cause(by_key=True, ends_with_call=False, silent_s=PASSING_S),
    "upstream_error": Cause(by_model=True, silent_s=PASSING_S),
    "upstream_timeout": Cause(by_model=True, silent_s=PASSING_S),
    "no_upstream_available": Cause(by_model=True, silent_s=PASSING_S),
    "gate_unavailable": Cause(silent_s=PASSING_S),
    "internal_error": Cause(silent_s=PASSING_S),
}

ENDING_WITH_CALL = [code for code, cause in CAUSES.items() if cause.ends_with_call]


def find_cause(code: str) -> Cause | None:
    """The cause behind a code; None where the caller's own request was at fault (400, 404, 413):
    such refusals are logged one by one and block nobody."""
    return CAUSES.get(code)
