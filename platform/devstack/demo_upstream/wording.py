"""What the demo upstream says. Pure text from the prompt; the same input says the same thing."""

import zlib
from typing import Any

import msgspec

from devstack.demo_upstream import tokens
from devstack.demo_upstream.schema import Filler

QUOTED_WORDS = 12
QUOTED_CHARACTERS = 80
RESULT_CHARACTERS = 300

NOTICE = "This is Tollgate's demo upstream, not a real model."
NOTICE_ZH = "这是 Tollgate 的演示上游，不是真正的模型。"

_BODY = (
    "{notice} You asked {model} with {words} words{quote}. I cannot reason, look anything up or "
    "remember you; I answer at once, with made-up sentences, so that everything around a model can "
    "be tried without paying for one. What you can rely on is the accounting: every piece of this "
    "text is one token by my own rule, a stream sends each piece in its own chunk, and the usage I "
    "report is what I counted. Ask the same thing with the same seed and you get the same words. "
    "Your maximum of tokens, stop strings, tools, JSON mode and log probabilities are honoured. "
    "A directive in double square brackets makes me slow, long, wrong or silent; they are "
    "described in the page on the demo upstream. {closing}"
)
_CLOSINGS = (
    "When you are ready for a real model, add an upstream and point a route at it.",
    "Nothing you send here leaves this machine.",
    "Watch the usage page: this call is on it by now.",
    "Try a longer prompt next, and compare the two charges.",
)
_BODY_ZH = (
    "{notice}你用 {words} 个字询问了 {model}{quote}。我不会推理，不会查资料，也不会记住你；"
    "我只是立刻用现成的句子回答，好让你不花钱就能试用模型周围的一切。可以相信的是计量："
    "这段话的每一小段都按我自己的规则算作一个 token，流式输出时每段单独发送，"
    "我报告的用量就是我数出来的。相同的问题和相同的 seed 得到相同的回答。{closing}"
)
_CLOSINGS_ZH = (
    "准备好使用真正的模型时，请添加一个上游并为它设置路由。",
    "你在这里发送的内容不会离开这台机器。",
    "看看用量页面：这次调用已经在上面了。",
)


def answer(prompt: str, model: str, *, seed: int, index: int) -> str:
    """The text of choice `index`: about a kilobyte, in Chinese when the prompt is."""
    draw = zlib.crc32(f"{seed}|{index}|{model}|{prompt}".encode(errors="replace"))
    if tokens.has_cjk(prompt):
        quote = f"，开头是“{prompt[:QUOTED_WORDS]}”" if prompt else ""
        closing = _CLOSINGS_ZH[draw % len(_CLOSINGS_ZH)]
        body, notice, words = _BODY_ZH, NOTICE_ZH, tokens.count(prompt)
    else:
        split = prompt.split()
        opening = " ".join(split[:QUOTED_WORDS])[:QUOTED_CHARACTERS]
        quote = f', beginning with "{opening}"' if opening else ""
        closing = _CLOSINGS[draw % len(_CLOSINGS)]
        body, notice, words = _BODY, NOTICE, len(split)
    return body.format(notice=notice, model=model, words=words, quote=quote, closing=closing)


def tool_answer(result: str) -> str:
    """The text after a tool has answered `result`."""
    return f"{NOTICE} The tool answered: {result[:RESULT_CHARACTERS]}"


def json_answer(prompt: str, model: str, schema: dict[str, Any] | None) -> str:
    """The content that JSON mode asks for: an object, or what the schema wants."""
    value: Any = {"notice": NOTICE, "model": model, "prompt_words": len(prompt.split())}
    if schema:
        value = Filler(schema, prompt).value()
    return msgspec.json.encode(value).decode()
