"""Refusals in the OpenAI shape, and the mark that no relay may ever show. Sends nothing itself."""

import msgspec

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

    def body(self) -> bytes:
        """The error as JSON."""
        return error_body(self.message, code=self.code, param=self.param)


def error_body(
    message: str,
    *,
    kind: str = "invalid_request_error",
    code: str | None = None,
    param: str | None = None,
) -> bytes:
    """An error in the shape of OpenAI's API: {"error": {message, type, param, code}}."""
    error = {"message": message, "type": kind, "param": param, "code": code}
    return msgspec.json.encode({"error": error})
