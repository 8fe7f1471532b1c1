"""The demo upstream behind Azure's doors: deployments, api-version, the filter's findings."""

from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from devstack.demo_upstream.exchange import Options
from devstack.demo_upstream.server import Running, running
from devstack.demo_upstream.wording import NOTICE

KEY = "upstream-key"


@pytest.fixture(scope="module")
def upstream() -> Iterator[Running]:
    with running(Options(api_key=KEY)) as upstream:
        yield upstream


@pytest.fixture
def client(upstream: Running) -> Iterator[Any]:
    client = openai.AzureOpenAI(
        azure_endpoint=upstream.root_url, api_key=KEY, api_version="2024-10-21", max_retries=0
    )
    with client:
        yield client


def ask(client: Any, prompt: str = "Hello", model: str = "mine", **more: Any) -> Any:
    messages = [{"role": "user", "content": prompt}]
    return client.chat.completions.create(model=model, messages=messages, **more)


def test_deployment_answers_with_the_filters_findings(client: Any, upstream: Running) -> None:
    answer = ask(client).to_dict()
    assert answer["choices"][0]["message"]["content"].startswith(NOTICE)
    assert answer["choices"][0]["content_filter_results"]["hate"]["severity"] == "safe"
    assert answer["model"] == "mine"
    assert upstream.calls()[-1]["route"] == "azure/chat/completions"


def test_first_chunk_of_a_stream_has_no_choice(client: Any) -> None:
    chunks = list(ask(client, "[[demo: tokens=2]]", stream=True))
    assert (chunks[0].choices, chunks[0].id, chunks[0].model) == ([], "", "")
    assert [c.choices[0].delta.content for c in chunks[2:4]] == ["one", " two"]


def test_filtered_prompt_is_refused(client: Any) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        ask(client, "[[demo: finish=blocked]]")
    assert caught.value.code == "content_filter"


def test_embeddings_and_pictures_of_a_deployment(client: Any) -> None:
    assert len(client.embeddings.create(model="text-embedding-3-small", input="a").data) == 1
    assert client.images.generate(model="dall-e-3", prompt="a cat").data[0].url


def test_unknown_deployment_and_wrong_key(client: Any, upstream: Running) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        ask(client, model="missing-one")
    assert caught.value.code == "DeploymentNotFound"
    url = f"{upstream.root_url}/openai/deployments/m/chat/completions?api-version=1"
    response = httpx.post(url, json={}, headers={"api-key": "wrong"}, trust_env=False)
    assert (response.status_code, response.json()["error"]["code"]) == (401, "401")


def test_api_version_is_required(upstream: Running) -> None:
    url = f"{upstream.root_url}/openai/deployments/m/chat/completions"
    response = httpx.post(url, json={}, headers={"api-key": KEY}, trust_env=False)
    assert (response.status_code, response.json()["error"]["code"]) == (404, "404")


def test_newer_paths_take_the_model_in_the_body(upstream: Running) -> None:
    url = f"{upstream.root_url}/openai/v1/responses"
    body = {"model": "mine", "input": "Hello"}
    response = httpx.post(url, json=body, headers={"api-key": KEY}, trust_env=False)
    assert response.json()["status"] == "completed"


def test_faults_strike_here_too(client: Any) -> None:
    with pytest.raises(openai.RateLimitError):
        ask(client, "[[demo: fault=429]]")
    with pytest.raises(openai.APIError):
        list(ask(client, "[[demo: fault=error-event]]", stream=True))
