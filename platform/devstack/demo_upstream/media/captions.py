"""A transcript's text with times: SubRip, WebVTT and OpenAI's verbose JSON. Pure."""

from collections.abc import Callable
from typing import Any, Final


def verbose(text: str, seconds: float, *, task: str, with_words: bool) -> dict[str, Any]:
    """The verbose object, with one segment for all of it."""
    segment = {
        "id": 0,
        "seek": 0,
        "start": 0.0,
        "end": seconds,
        "text": text,
        "tokens": [50364, 50365],
        "temperature": 0.0,
        "avg_logprob": -0.25,
        "compression_ratio": 1.2,
        "no_speech_prob": 0.01,
    }
    body: dict[str, Any] = {"task": task, "language": "english", "duration": seconds, "text": text}
    body["segments"] = [segment]
    if with_words:
        body["words"] = _words(text, seconds)
    return body


def _words(text: str, seconds: float) -> list[dict[str, Any]]:
    words = text.split()
    each = seconds / max(1, len(words))
    return [
        {"word": word, "start": round(number * each, 3), "end": round((number + 1) * each, 3)}
        for number, word in enumerate(words)
    ]


def _plain(text: str, seconds: float) -> str:
    return f"{text}\n"


def _srt(text: str, seconds: float) -> str:
    return f"1\n{_clock(0, ',')} --> {_clock(seconds, ',')}\n{text}\n\n"


def _vtt(text: str, seconds: float) -> str:
    return f"WEBVTT\n\n{_clock(0, '.')} --> {_clock(seconds, '.')}\n{text}\n\n"


def _clock(seconds: float, point: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}{point}{rest % 1000:03}"


PLAIN: Final[dict[str, Callable[[str, float], str]]] = {"text": _plain, "srt": _srt, "vtt": _vtt}
