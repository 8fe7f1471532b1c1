"""Finds a Chromium for the browser tests, or gets one: `python -m tests.chromium`.

In this order: one on the machine, Debian's packages when we are root, Playwright's own download.
Where none can be had it says so and exits with 0: the tests themselves decide what that means.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC_APPS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
PLAYWRIGHT_CACHES = ("~/.cache/ms-playwright", "~/Library/Caches/ms-playwright")
PLAYWRIGHT_NAMES = {"chrome", "headless_shell", "chrome-headless-shell", "Chromium"}

# The smaller of the two usual Chinese fonts (1.6 MB): without one, Chinese pages are boxes.
FONT_PACKAGE = "fonts-wqy-microhei"
VERSION_TIMEOUT_S = 20.0
INSTALL_TIMEOUT_S = 300.0  # some 100 MB; a mirror that is slower than that stops nobody's tests
# An unreachable mirror is noticed in seconds, not after apt's two minutes for each address.
APT = ("apt-get", "-q", "-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=20")


def find() -> Path | None:
    """The first browser on this machine that starts; `$CHROMIUM` is asked before all others."""
    return next((path for path in _candidates() if _starts(path)), None)


def install() -> Path | None:
    """Get one by the means that this account has; None when every one of them failed."""
    if _can_use_apt():
        print("No browser found: installing Debian's chromium ...", flush=True)
        _apt_install("chromium", FONT_PACKAGE)
        if path := find():
            return path
    print("No browser found: downloading Playwright's ...", flush=True)
    _run([sys.executable, "-m", "playwright", "install", "--only-shell", "chromium"])
    return find()


def _candidates() -> Iterator[Path]:
    if chosen := os.environ.get("CHROMIUM"):
        yield Path(chosen)
    for command in COMMANDS:
        if path := shutil.which(command):
            yield Path(path)
    yield from (Path(app) for app in MAC_APPS)
    caches = [os.environ.get("PLAYWRIGHT_BROWSERS_PATH", ""), *PLAYWRIGHT_CACHES]
    for cache in caches:
        if cache:
            found = Path(cache).expanduser().glob("chromium*/*/*")
            yield from sorted(path for path in found if path.name in PLAYWRIGHT_NAMES)


def _starts(path: Path) -> bool:
    """A file is not enough: Ubuntu's chromium-browser only tells one to install a snap."""
    if not path.exists():
        return False
    try:
        answer = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=VERSION_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0 and "chrom" in answer.stdout.lower()


def _can_use_apt() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def _has_chinese_font() -> bool:
    if shutil.which("fc-list") is None:
        return False
    answer = subprocess.run(["fc-list", ":lang=zh"], capture_output=True, timeout=VERSION_TIMEOUT_S)
    return bool(answer.stdout.strip())


def _apt_install(*packages: str) -> None:
    if _run([*APT, "update"]):
        _run([*APT, "install", "-y", "--no-install-recommends", *packages])


def _run(command: Sequence[str]) -> bool:
    """Whether it succeeded; if not, its last lines are shown."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=INSTALL_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"  {error}", flush=True)
        return False
    if done.returncode != 0:
        print("  " + "\n  ".join(done.stdout.splitlines()[-5:]), flush=True)
    return done.returncode == 0


def main() -> None:
    """Make sure of a browser, and of a font for Chinese where we may install one."""
    path = find() or install()
    if path is None:
        print("No browser can be had here: browser tests will be skipped (failed under CI=true).")
    elif _can_use_apt() and not _has_chinese_font():
        _apt_install(FONT_PACKAGE)


if __name__ == "__main__":
    main()
