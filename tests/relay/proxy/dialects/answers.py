"""Arbitrary answers for hypothesis: what every dialect can say, and what chat can."""

from hypothesis import strategies as st

from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects.events import Reason, TokenLogprob
from relay.proxy.dialects.whole import Choice, Whole
from relay.proxy.types import Usage
from tests.relay.proxy.dialects.conversations import ARGUMENTS, NAMES, TEXTS

COUNTS = st.integers(0, 10**6)
usages = st.builds(Usage, input_tokens=COUNTS, cached_input_tokens=COUNTS, output_tokens=COUNTS)
logprobs = st.lists(
    st.builds(TokenLogprob, TEXTS, st.floats(-20, 0), st.just((1, 2))), min_size=1, max_size=3
).map(tuple)


@st.composite
def choices(draw: st.DrawFn, *, signed_by: str = "messages") -> Choice:
    """Perhaps a thought, perhaps a text, perhaps tool calls."""
    parts: list[cv.Thinking | cv.Text | cv.ToolUse] = []
    if draw(st.booleans()):
        parts.append(cv.Thinking(draw(TEXTS), "c2ln", signed_by))
    if draw(st.booleans()):
        parts.append(cv.Text(draw(TEXTS)))
    ids = draw(st.lists(NAMES, max_size=2, unique=True))
    parts += [cv.ToolUse(id_, draw(NAMES), draw(ARGUMENTS)) for id_ in ids]
    reason = Reason.TOOL_CALLS if ids else draw(st.sampled_from([Reason.STOP, Reason.LENGTH]))
    return Choice(list(parts), reason)


def answers(choice: st.SearchStrategy[Choice]) -> st.SearchStrategy[Whole]:
    """Answers of one to three such choices."""
    several = st.lists(choice, min_size=1, max_size=3)
    return st.builds(Whole, choices=several, usage=usages)
