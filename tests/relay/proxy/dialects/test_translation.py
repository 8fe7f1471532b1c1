"""Any dialect reaches any other: requests, answers and streams, and what the relay reads off."""

from itertools import product

import msgspec
import pytest

from relay.proxy.dialect import Dialect
from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects import translate
from relay.proxy.dialects.events import Reason
from relay.proxy.dialects.whole import Choice, Whole, gather, spread
from relay.proxy.errors import Framing
from relay.proxy.types import Usage
from tests.relay.proxy.dialects.streams import LABEL, written

PAIRS = list(product(translate.CODECS, repeat=2))
ANSWER = Whole(
    choices=[
        Choice(
            [cv.Text("Let me look."), cv.ToolUse("toolu_1", "weather", '{"city":"Bern"}')],
            Reason.TOOL_CALLS,
        )
    ],
    usage=Usage(input_tokens=20, cached_input_tokens=5, output_tokens=7),
)
ASKED = cv.Conversation(
    "public",
    (
        cv.Message(cv.Role.USER, (cv.Text("Weather in Bern?"),)),
        cv.Message(
            cv.Role.ASSISTANT,
            (cv.Text("Let me look."), cv.ToolUse("toolu_1", "weather", '{"city":"Bern"}')),
        ),
        cv.Message(cv.Role.USER, (cv.ToolResult("toolu_1", (cv.Text("sun"),)),)),
    ),
    system=(cv.Text("Be brief."),),
    tools=(cv.Tool("weather", "Tells it.", msgspec.Raw(b'{"type":"object"}')),),
    output_tokens_max=2_000,
    temperature=0.5,
)


def _said(whole: Whole) -> list[tuple[str, list[tuple[str, str]], Reason]]:
    """What an answer says in every dialect: ids may differ."""
    return [
        (choice.text, [(tool.name, tool.arguments) for tool in choice.tools], choice.reason)
        for choice in whole.choices
    ]


@pytest.mark.parametrize(("client", "upstream"), PAIRS)
def test_a_request_says_the_same_in_another_dialect(client: Dialect, upstream: Dialect) -> None:
    body = translate.request(ASKED, client, "public")
    read = translate.conversation(body, client)
    sent = translate.request(read, upstream, "their-model")
    there = translate.conversation(sent, upstream)
    assert [message.role for message in there.messages] == [m.role for m in ASKED.messages]
    texts = [part.text for part in there.parts() if isinstance(part, cv.Text)]
    assert texts == ["Weather in Bern?", "Let me look."]
    assert "".join([text.text for text in there.system]) == "Be brief."
    assert [tool.name for tool in there.tools] == ["weather"]
    assert (there.output_tokens_max, there.temperature) == (2_000, 0.5)
    (use,) = [part for part in there.parts() if isinstance(part, cv.ToolUse)]
    (result,) = [part for part in there.parts() if isinstance(part, cv.ToolResult)]
    assert (use.name, result.id) == ("weather", use.id)


@pytest.mark.parametrize(("client", "upstream"), PAIRS)
def test_a_whole_answer_says_the_same(client: Dialect, upstream: Dialect) -> None:
    theirs = translate.CODECS[upstream].render_answer(spread(ANSWER), LABEL)
    answer = translate.whole(theirs, upstream=upstream, client=client, label=LABEL)
    assert answer.usage == ANSWER.usage
    assert answer.output_text == b'Let me look.{"city":"Bern"}'
    shown = gather(translate.CODECS[client].parse_answer(answer.body))
    assert _said(shown) == _said(ANSWER)
    assert shown.usage == ANSWER.usage


@pytest.mark.parametrize(("client", "upstream"), PAIRS)
def test_a_stream_says_the_same_and_keeps_its_end_back(client: Dialect, upstream: Dialect) -> None:
    theirs = written(translate.CODECS[upstream].stream_renderer(LABEL), spread(ANSWER))
    reader = translate.reader(upstream=upstream, client=client, label=LABEL)
    pieces = [theirs[i : i + 7] for i in range(0, len(theirs), 7)]
    shown = b"".join([reader.feed(piece) for piece in (*pieces, b"")])
    assert reader.is_complete
    assert reader.is_done
    assert reader.has_output
    assert reader.usage == ANSWER.usage
    assert 5 <= reader.delivered_tokens <= 10
    parser = translate.CODECS[client].stream_parser()
    events = parser.feed(shown + reader.last) + parser.end()
    assert _said(gather(events)) == _said(ANSWER)


@pytest.mark.parametrize(("client", "upstream"), PAIRS)
def test_a_stream_that_breaks_off_is_not_complete(client: Dialect, upstream: Dialect) -> None:
    theirs = written(translate.CODECS[upstream].stream_renderer(LABEL), spread(ANSWER)[:4])
    reader = translate.reader(upstream=upstream, client=client, label=LABEL)
    reader.feed(theirs)
    reader.feed(b"")
    assert not reader.is_complete
    assert reader.last == b""


@pytest.mark.parametrize("dialect", translate.CODECS)
def test_what_is_no_answer_raises(dialect: Dialect) -> None:
    with pytest.raises(ValueError, match=r".+"):
        translate.whole(b'{"detail":"no"}', upstream=dialect, client=dialect, label=LABEL)


def test_an_error_in_the_stream_ends_it_without_the_upstreams_words() -> None:
    reader = translate.reader(upstream=Dialect.CHAT, client=Dialect.CHAT, label=LABEL)
    shown = reader.feed(b'data: {"error":{"message":"secret of theirs"}}\n\ndata: [DONE]\n\n')
    assert (shown, reader.last) == (b"", b"")
    assert reader.has_error
    assert not reader.is_complete


@pytest.mark.parametrize("upstream", translate.CODECS)
def test_a_stream_may_come_as_an_array(upstream: Dialect) -> None:
    theirs = written(translate.CODECS[upstream].stream_renderer(LABEL), spread(ANSWER))
    reader = translate.reader(
        upstream=upstream, client=Dialect.GEMINI, label=LABEL, framing=Framing.ARRAY_START
    )
    shown = reader.feed(theirs) + reader.feed(b"")
    assert reader.framing is Framing.ARRAY_GOES_ON
    items = msgspec.json.decode(shown + reader.last)
    assert items[0]["candidates"][0]["content"]["parts"] == [{"text": "Let me look."}]
    assert items[-1]["candidates"][0]["finishReason"] == "STOP"
