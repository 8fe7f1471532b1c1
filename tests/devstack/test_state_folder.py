"""A state folder belongs to one stack at a time, and keeps its secrets to itself."""

import json
import stat
from pathlib import Path

import pytest

from devstack.state import StateBusy, StateFolder, write_private


def test_a_second_owner_is_refused_and_told_why(tmp_path: Path) -> None:
    first = StateFolder(tmp_path / "state")
    with pytest.raises(StateBusy, match="STATE_DIR="):
        StateFolder(tmp_path / "state")
    first.close()
    StateFolder(tmp_path / "state").close()


def test_secrets_are_made_once(tmp_path: Path) -> None:
    first = StateFolder(tmp_path)
    secrets = first.secrets()
    first.close()
    second = StateFolder(tmp_path)
    assert second.secrets() == secrets
    second.close()


def test_a_secret_that_a_newer_version_needs_is_added_to_the_known_ones(tmp_path: Path) -> None:
    write_private(tmp_path / "secrets.json", json.dumps({"secret_key": "known", "gone": "x"}))
    state = StateFolder(tmp_path)
    secrets = state.secrets()
    state.close()
    assert secrets.secret_key == "known"
    assert secrets.api_key_pepper
    assert "gone" not in json.loads((tmp_path / "secrets.json").read_text())


def test_secret_files_are_private_whatever_was_there(tmp_path: Path) -> None:
    path = tmp_path / "servers.json"
    path.touch(mode=0o644)
    write_private(path, "{}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_closing_forgets_the_servers(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    write_private(state.servers_file, "{}")
    state.close()
    assert not state.servers_file.exists()
