"""Log probabilities that look the part: deterministic, falling, never above zero. Pure."""

import zlib
from typing import Any

TOP_MAX = 20  # the most alternatives that OpenAI's API offers


def entry(piece: str, top_count: int) -> dict[str, Any]:
    """One token's entry in `logprobs.content`, with the given number of alternatives."""
    raw = piece.encode(errors="replace")
    logprob = -(zlib.crc32(raw) % 1000 + 1) / 1000
    alternatives = [_alternative(piece, logprob, rank) for rank in range(min(top_count, TOP_MAX))]
    return {
        "token": piece,
        "logprob": logprob,
        "bytes": list(raw),
        "top_logprobs": alternatives,
    }


def _alternative(piece: str, logprob: float, rank: int) -> dict[str, Any]:
    token = piece if rank == 0 else f"{piece}~{rank}"
    return {
        "token": token,
        "logprob": logprob - rank,
        "bytes": list(token.encode(errors="replace")),
    }
