"""Rerank, in the shape that Cohere and Jina share; errors are OpenAI's, as resellers have them.

Sources: Cohere API v2 "Rerank" and Jina "Reranker API", read 2026-11.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from devstack.demo_upstream import directives, tokens
from devstack.demo_upstream.asked import Asked
from devstack.demo_upstream.counts import count
from devstack.demo_upstream.decoding import check_model, decode
from devstack.demo_upstream.directives import Fault
from devstack.demo_upstream.errors import Refusal
from devstack.demo_upstream.reply import Reply, Stamp, spoil

DOCUMENTS_MAX = 1000  # Cohere's own bound
DOCUMENTS_PER_SEARCH = 100  # Cohere bills a search for each hundred begun

_WORD = re.compile(r"\w+")


class RerankRequest(msgspec.Struct):
    model: str
    query: str
    documents: Annotated[
        list[str | dict[str, Any]], msgspec.Meta(min_length=1, max_length=DOCUMENTS_MAX)
    ]
    top_n: Annotated[int, msgspec.Meta(ge=1)] | None = None
    return_documents: bool = False


@dataclass(frozen=True, eq=False, kw_only=True)
class RerankReply(Reply):
    request: RerankRequest
    texts: list[str]

    def whole(self, stamp: Stamp, fault: Fault | None) -> bytes:
        searches = -(-len(self.texts) // DOCUMENTS_PER_SEARCH)
        body: dict[str, Any] = {
            "id": f"rerank-{stamp.suffix}",
            "object": "list",
            "model": self.model,
            "results": [] if fault is Fault.EMPTY else self._results(),
            "meta": {"api_version": {"version": "2"}, "billed_units": {"search_units": searches}},
        }
        prompt = self.usage.prompt_tokens
        honest = msgspec.json.encode({"prompt_tokens": prompt, "total_tokens": prompt})
        usage = spoil(honest, fault)
        if usage is not None:
            body["usage"] = msgspec.Raw(usage)
        return msgspec.json.encode(body)

    def _results(self) -> list[dict[str, Any]]:
        query = set(_WORD.findall(directives.strip(self.request.query).lower()))
        scored = [(relevance(query, text), -index) for index, text in enumerate(self.texts)]
        best = sorted(scored, reverse=True)[: self.request.top_n or len(scored)]
        results: list[dict[str, Any]] = []
        for score, negative in best:
            result: dict[str, Any] = {"index": -negative, "relevance_score": score}
            if self.request.return_documents:
                result["document"] = {"text": self.texts[-negative]}
            results.append(result)
        return results


_DECODER = msgspec.json.Decoder(RerankRequest)


def reply(asked: Asked) -> Reply:
    """Refusal when the request is wrong."""
    request = decode(_DECODER, asked.body)
    check_model(request.model)
    if not request.query:
        raise Refusal(400, "The query is empty.", param="query")
    texts = [_text(each, number) for number, each in enumerate(request.documents)]
    directive = directives.parse(request.model, request.query)
    # The query is read again with each document.
    prompt = tokens.count(request.query) * len(texts) + sum(tokens.count(text) for text in texts)
    usage = count(directive, prompt=prompt)
    return RerankReply(
        model=request.model, directive=directive, usage=usage, request=request, texts=texts
    )


def relevance(query: set[str], text: str) -> float:
    """The share of the query's words that the text has, between 0 and 1, never quite either."""
    shared = query & set(_WORD.findall(text.lower()))
    return round((len(shared) + 0.01) / (len(query) + 0.02), 6)


def _text(document: str | dict[str, Any], number: int) -> str:
    text = document if isinstance(document, str) else document.get("text")
    if not isinstance(text, str):
        raise Refusal(400, "A document is a string, or has a `text`.", param=f"documents[{number}]")
    return text
