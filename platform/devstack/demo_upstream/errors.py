"""Refusals, and the mark that no relay may ever show. Knows no dialect; `shapes` spells them."""

# Stands in every error body that a fault produces. A relay that passes upstream text on to its
# customers would leak it, and a test that looks for it would notice.
LEAK_MARK = "sk-demo-upstream-LEAKED-0000"


class Refusal(Exception):
    """A request that the demo upstream will not answer."""

    def __init__(
        self, status: int, message: str, *, code: str | None = None, param: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param
