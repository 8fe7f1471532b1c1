"""Streams taken apart, for tests of every dialect."""

from collections.abc import Callable, Iterable, Iterator

from relay.proxy.dialects import events as ev
from relay.proxy.dialects.conversation import Conversation, Message, Role, Text
from relay.proxy.dialects.events import (
    Event,
    Label,
    PartKind,
    Reason,
    StreamParser,
    StreamRenderer,
)
from relay.proxy.types import Usage

ASKED = Conversation("public", (Message(Role.USER, (Text("Hi"),)),), wants_usage=True)
LABEL = Label(id="42", model="public", created=1_700_000_000, conversation=ASKED)
# What the examples of OpenAI's two dialects tell alike.
AFTER_A_THOUGHT: list[Event] = [
    ev.PartStarted(0, 1, PartKind.TEXT),
    ev.TextDelta(0, 1, "Hé"),
    ev.TextDelta(0, 1, "llo"),
    ev.PartEnded(0, 1),
    ev.PartStarted(0, 2, PartKind.TOOL, id="t1", name="f"),
    ev.ArgumentsDelta(0, 2, '{"a":'),
    ev.ArgumentsDelta(0, 2, "1}"),
    ev.PartEnded(0, 2),
    ev.Finished(0, Reason.TOOL_CALLS),
    ev.UsageSeen(Usage(input_tokens=9, output_tokens=2)),
    ev.Ended(),
]


def read(parser: StreamParser, chunks: Iterable[bytes]) -> list[Event]:
    """All events of a stream that comes in these chunks."""
    events = [event for chunk in chunks for event in parser.feed(chunk)]
    return events + parser.end()


def written(renderer: StreamRenderer, events: Iterable[Event]) -> bytes:
    """The whole stream for these events."""
    return b"".join([renderer.render(event) for event in events])


def split_everywhere(stream: bytes, new: Callable[[], StreamParser]) -> Iterator[list[Event]]:
    """The events of the stream cut in two at every byte, and cut into single bytes."""
    for cut in range(len(stream)):
        yield read(new(), [stream[:cut], stream[cut:]])
    yield read(new(), [stream[i : i + 1] for i in range(len(stream))])


def line_ends(stream: bytes) -> Iterator[bytes]:
    """The same stream with the other line ends that the standard allows."""
    yield stream.replace(b"\n", b"\r\n")
    yield stream.replace(b"\n", b"\r")
