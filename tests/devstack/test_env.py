"""Readers of the environment take what makes sense and name what does not."""

import json
from pathlib import Path

import pytest

from config import env


@pytest.fixture(autouse=True)
def _no_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STATE_DIR", str(tmp_path))
    monkeypatch.delenv("THING", raising=False)
    env.load_state.cache_clear()


def _write_state(folder: Path, content: object) -> None:
    (folder / "servers.json").write_text(json.dumps(content))


def test_a_missing_value_without_default_is_named() -> None:
    with pytest.raises(env.SettingError, match="THING is not set"):
        env.text("THING")


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THING", "")
    assert env.text("THING", "default") == "default"


@pytest.mark.parametrize(("word", "expected"), [("1", True), ("Yes", True), ("off", False)])
def test_flag_reads_the_usual_words(
    monkeypatch: pytest.MonkeyPatch, word: str, expected: bool
) -> None:
    monkeypatch.setenv("THING", word)
    assert env.flag("THING") is expected


def test_flag_refuses_other_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THING", "enabled")
    with pytest.raises(env.SettingError, match="THING"):
        env.flag("THING", False)


@pytest.mark.parametrize("word", ["1.5", "1_000", "0x10", "ten", "٣", "9" * 30])
def test_integer_refuses_what_is_no_plain_number(
    monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    monkeypatch.setenv("THING", word)
    with pytest.raises(env.SettingError, match="whole number"):
        env.integer("THING", 1)


@pytest.mark.parametrize("number", ["0", "11"])
def test_integer_keeps_its_bounds(monkeypatch: pytest.MonkeyPatch, number: str) -> None:
    monkeypatch.setenv("THING", number)
    with pytest.raises(env.SettingError, match="must be at"):
        env.integer("THING", 5, minimum=1, maximum=10)


def test_choice_lists_the_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THING", "c")
    with pytest.raises(env.SettingError, match="use one of a, b"):
        env.choice("THING", ("a", "b"), "a")


def test_words_drop_white_space_and_empty_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THING", " a, ,b ,")
    assert env.words("THING") == ["a", "b"]


@pytest.mark.parametrize("value", ["nonsense", "http://", "http://:80/", "http://h:99999/", "//h"])
def test_url_refuses_what_is_none(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("THING", value)
    with pytest.raises(env.SettingError, match="THING"):
        env.url("THING")


def test_url_refuses_another_scheme_without_showing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THING", "mysql://user:hunter2@host/db")
    with pytest.raises(env.SettingError) as refusal:
        env.url("THING", schemes=("postgresql",))
    assert "hunter2" not in str(refusal.value)


def test_url_may_be_absent() -> None:
    assert env.url("THING", "") == ""


def test_url_does_not_mix_a_given_server_with_that_of_a_running_stack(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _write_state(tmp_path, {"thing": "postgresql://owner@stack/db"})
    assert env.url("THING", "none", beside="OTHER") == "postgresql://owner@stack/db"
    monkeypatch.setenv("OTHER", "postgresql://app@elsewhere/db")
    assert env.url("THING", "none", beside="OTHER") == "none"
    monkeypatch.setenv("THING", "postgresql://owner@elsewhere/db")
    assert env.url("THING", "none", beside="OTHER") == "postgresql://owner@elsewhere/db"


def test_secret_comes_from_a_file_without_its_newline(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("hunter2\n")
    monkeypatch.setenv("THING_FILE", str(tmp_path / "secret"))
    assert env.secret("THING") == "hunter2"


def test_secret_refuses_two_sources(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2")
    monkeypatch.setenv("THING_FILE", str(tmp_path / "secret"))
    monkeypatch.setenv("THING", "other")
    with pytest.raises(env.SettingError, match="keep one"):
        env.secret("THING")


@pytest.mark.parametrize("content", [None, b"", b"\xff", b"x" * (env.SECRET_FILE_BYTES_MAX + 1)])
def test_secret_refuses_an_unusable_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "secret").write_bytes(content)
    monkeypatch.setenv("THING_FILE", str(tmp_path / "secret"))
    with pytest.raises(env.SettingError, match="THING_FILE"):
        env.secret("THING", "a default must not hide the mistake")


def test_the_running_stack_is_the_last_source_before_the_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _write_state(tmp_path, {"thing": "of the stack", "list": ["a", "b"], "port": 1, "on": True})
    assert env.text("THING", "default") == "of the stack"
    assert env.words("LIST") == ["a", "b"]
    assert env.integer("PORT") == 1
    assert env.flag("ON") is True
    monkeypatch.setenv("THING", "of the shell")
    assert env.text("THING") == "of the shell"


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_broken_state_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "servers.json").write_text(content)
    with pytest.raises(env.SettingError, match=r"servers\.json"):
        env.text("THING", "default")
