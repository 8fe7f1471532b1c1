"""Forms as clients send them: every part in its order, anything wrong refused at once."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import pytest

from relay.proxy.client import Client
from relay.proxy.errors import ApiError, Cause
from relay.proxy.forms import receiving
from relay.proxy.forms.form import File, Form, Text
from relay.proxy.forms.receiving import FIELD_BYTES_MAX, PARTS_MAX, receive
from relay.proxy.forms.sending import upload
from tests.relay.proxy.forms.multipart import BOUNDARY, content_type, form, part

BYTES_MAX = 10_000_000
FILE = ("file", "a.wav", b"RIFF\r\n--frontie\r\n\x00\xff" * 100)


async def take(pieces: Sequence[bytes], *, kind: str | None = None, **headers: str) -> Form:
    """What is made of a body that arrives in these pieces."""
    waiting = list(pieces)

    async def next_message() -> dict[str, Any]:
        piece = waiting.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(waiting)}

    async def send(message: Any) -> None:
        raise AssertionError("nothing is answered here")

    given = {"content-type": content_type() if kind is None else kind, **headers}
    raw = [(name.encode(), value.encode()) for name, value in given.items()]
    scope = {"type": "http", "method": "POST", "headers": raw}
    return await receive(Client(scope, next_message, send), bytes_max=BYTES_MAX)


async def refusal(body: bytes, **given: str) -> ApiError:
    started = time.monotonic()
    with pytest.raises(ApiError) as raised:
        await take([body], **given)
    assert time.monotonic() - started < 1.0
    return raised.value


async def content(form: Form, file: File) -> bytes:
    return await form.read(file, 0, file.size_bytes + 10)


@pytest.mark.parametrize("step", [1, 2, 7, 64, 100_000])
async def test_a_form_is_read_whatever_way_it_is_cut(step: int) -> None:
    body = form({"model": "small", "prompt": "你好 \r\n-- hi", "tags[]": ["a", "b"]}, [FILE])
    taken = await take([body[at : at + step] for at in range(0, len(body), step)])
    assert taken.texts() == {"model": "small", "prompt": "你好 \r\n-- hi", "tags": ["a", "b"]}
    (file,) = taken.files("file")
    assert (file.filename, file.content_type) == ("a.wav", "application/x-test")
    assert await content(taken, file) == FILE[2]
    taken.close()


async def test_files_of_one_form_share_a_spool_in_their_order() -> None:
    files = [("image[]", f"{n}.png", bytes([n]) * 100_000) for n in range(5)]
    taken = await take([form({"model": "small"}, files)])
    found = taken.files("image")
    assert [file.filename for file in found] == [f"{n}.png" for n in range(5)]
    assert [await content(taken, file) for file in found] == [each[2] for each in files]
    assert taken.spool.is_on_disk
    taken.close()


async def test_what_is_sent_on_is_the_same_form_under_another_model() -> None:
    fields = {"model": "small", "tags[]": ["a", "b"], "prompt": "x"}
    taken = await take([form(fields, [FILE, ("mask", "a%22b.png", b"")])])
    sent = upload(taken, model="vendor/model", renames={"prompt": "hint"})
    body = b"".join([piece async for piece in sent.pieces()])
    again = b"".join([piece async for piece in sent.pieces()])
    assert body == again
    assert len(body) == sent.size_bytes
    arrived = await take([body], kind=sent.content_type.decode())
    assert arrived.texts() == {"model": "vendor/model", "tags": ["a", "b"], "hint": "x"}
    assert [each.filename for each in arrived.files("file", "mask")] == ["a.wav", 'a"b.png']
    assert await content(arrived, arrived.files("file")[0]) == FILE[2]
    taken.close()
    arrived.close()


async def test_a_file_name_cannot_begin_a_header_of_its_own() -> None:
    name = "a%0D%0AX-Evil: 1%22"  # what a browser makes of line breaks and quotes
    body = part(f'form-data; name="file"; filename="{name}"', b"x") + f"--{BOUNDARY}--".encode()
    assert (await refusal(body)).cause is Cause.BAD_REQUEST


GOOD = part('form-data; name="a"', b"1")
END = f"--{BOUNDARY}--\r\n".encode()
BROKEN = {
    "empty": b"",
    "no boundary in it": b"model=small&file=x" * 10,
    "much without a boundary": b"a" * 5_000_000,
    "truncated": (GOOD + END)[:-6],
    "truncated in a head": GOOD[:20],
    "nothing after a part": GOOD,
    "no name": part("form-data", b"1") + END,
    "empty name": part('form-data; name=""', b"1") + END,
    "NUL in a name": part('form-data; name="a\x00b"', b"1") + END,
    "NUL in a file name": part('form-data; name="a"; filename="a\x00"', b"1") + END,
    "long name": part(f'form-data; name="{"a" * 101}"', b"1") + END,
    "long head": part(f'form-data; name="{"a" * 10_000}"', b"1") + END,
    "another disposition": part('attachment; name="a"', b"1") + END,
    "10,000 parts": GOOD * 10_000 + END,
    "one part too many": GOOD * (PARTS_MAX + 1) + END,
    "a field too long": part('form-data; name="a"', b"1" * (FIELD_BYTES_MAX + 1)) + END,
    "fields too long together": part('form-data; name="a"', b"1" * FIELD_BYTES_MAX) * 3 + END,
    "no UTF-8": part('form-data; name="a"', b"\xff") + END,
    "line feeds": (GOOD + END).replace(b"\r\n", b"\n"),
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
async def test_a_broken_form_is_refused_at_once(body: bytes) -> None:
    assert (await refusal(body)).cause is Cause.BAD_REQUEST


async def test_what_follows_the_end_is_ignored() -> None:
    for rest in ([b"\r\n"], [b"more", b"\r\n"]):  # an epilogue (RFC 2046, 5.1.1)
        taken = await take([GOOD + END, *rest])
        assert taken.texts() == {"a": "1"}


KINDS = ["application/json", "", "multipart/form-data", "multipart/mixed; boundary=frontier"]


@pytest.mark.parametrize("kind", [*KINDS, "multipart/form-data; boundary=" + "a" * 500])
async def test_another_kind_of_body_is_refused(kind: str) -> None:
    assert (await refusal(GOOD + END, kind=kind)).cause is Cause.BAD_REQUEST


async def test_a_compressed_form_is_refused() -> None:
    error = await refusal(GOOD + END, **{"content-encoding": "gzip"})
    assert error.cause is Cause.ENCODING


async def test_more_than_may_be_uploaded_is_refused_before_it_came() -> None:
    error = await refusal(GOOD, **{"content-length": str(BYTES_MAX + 1)})
    assert error.cause is Cause.TOO_LARGE


async def test_more_than_was_announced_is_refused_on_the_way() -> None:
    big = form({}, [("file", "a", b"x" * 3_000_000)])
    with pytest.raises(ApiError) as raised:
        await take([big[:-20], *[b"y" * 1_000_000] * 100])
    assert raised.value.cause is Cause.TOO_LARGE


async def test_a_client_that_stalls_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "STALL_S", 0.05)

    async def never() -> Any:
        await asyncio.Event().wait()

    raw = [(b"content-type", content_type().encode())]
    scope = {"type": "http", "method": "POST", "headers": raw}
    with pytest.raises(ApiError) as raised:
        await receive(Client(scope, never, never), bytes_max=100)  # type: ignore[arg-type]
    assert raised.value.cause is Cause.CLIENT_TIMEOUT


async def test_a_client_that_leaves_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[Form] = []
    monkeypatch.setattr(Form, "close", lambda self: closed.append(self))
    messages = [
        {"type": "http.request", "body": GOOD, "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def next_message() -> Any:
        return messages.pop(0)

    raw = [(b"content-type", content_type().encode())]
    scope = {"type": "http", "method": "POST", "headers": raw}
    with pytest.raises(ConnectionError):
        await receive(Client(scope, next_message, next_message), bytes_max=10_000)
    assert len(closed) == 1


def test_texts_of_one_name_keep_the_last_and_lists_keep_all() -> None:
    parts = [Text("a", "1"), Text("a", "2"), Text("b[]", "3"), Text("b[]", "4")]
    made = Form(list(parts))
    assert made.texts() == {"a": "2", "b": ["3", "4"]}
