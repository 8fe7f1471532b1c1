"""`make run SEED=none` begins with nothing, stays so, and keeps the address of its upstream."""

import socket

import pytest

from devstack.state import StateFolder
from devstack.upstream import demo_offer
from devstack.vacancy import Vacancy
from tests.stack import new_state_dir


@pytest.fixture
def offer() -> Vacancy:
    return Vacancy(8000, "the-token", demo_offer(9000, "demo-key"))


def test_it_tells_a_person_and_a_script_the_same(offer: Vacancy) -> None:
    told = offer.banner(developer_file="dev.json")
    document = offer.document()
    upstream = document["upstream"]
    for fact in (
        *(document["setup_url"], document["setup_token"]),
        *(upstream["base_url"], upstream["credential"], *upstream["models"]),
    ):
        assert fact in told


def test_one_that_somebody_runs_already_leads_to_its_dashboard() -> None:
    told = Vacancy(8000, "", demo_offer(9000, "demo-key")).banner(developer_file="dev.json")
    assert "Dashboard  http://127.0.0.1:8000/" in told
    assert "/setup" not in told


def test_a_folder_that_was_started_empty_is_not_seeded_by_a_later_start() -> None:
    with new_state_dir() as folder:
        state = StateFolder(folder)
        assert not state.starts_empty(None)
        assert state.starts_empty("none")
        assert state.starts_empty(None)
        assert not state.starts_empty("demo")
        assert not state.starts_empty(None)
        state.close()


def test_a_port_is_kept_while_nobody_else_has_it() -> None:
    with new_state_dir() as folder:
        state = StateFolder(folder)
        port = state.kept_port("demo-upstream")
        assert state.kept_port("demo-upstream") == port
        with socket.create_server(("127.0.0.1", port)):
            other = state.kept_port("demo-upstream")
        assert other != port
        assert state.kept_port("demo-upstream") == other
        state.close()
