"""Request ids: unique without asking anyone, and in order of time."""

import os
import time


def new_request_id(now_ms: int | None = None) -> str:
    """`req_` + 12 hex digits of Unix milliseconds + 80 random bits."""
    ms = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    return f"req_{ms:012x}{os.urandom(10).hex()}"
