"""ministack, started for one run on a free loopback port and ended by its id."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

#: The time limit for the emulator to be ready, in seconds.
PATIENCE = 60


def free_port() -> int:
    """A port below those that a system chooses itself, so that no test beside this takes it meanwhile."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port


@contextlib.contextmanager
def ministack(log: Path) -> Iterator[str]:
    """Runs the emulator and yields its address."""
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as state, log.open("wb") as output:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": state,
            "TMPDIR": state,
            "STATE_DIR": state,
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "IOT_MTLS_ENABLED": "0",
            # Functions have the rights of their roles only, and Cognito demands the secrets of app clients.
            "AUTH": "true",
            # The functions' SDK finds the emulator by it.
            "AWS_ENDPOINT_URL": endpoint,
        }
        program = Path(sys.executable).with_name("ministack")
        process = subprocess.Popen([program], env=environment, stdout=output, stderr=output)
        try:
            wait(endpoint, process)
            yield endpoint
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait(endpoint: str, process: subprocess.Popen[bytes]) -> None:
    """Waits until it answers."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError("the emulator did not start; its log says why")
