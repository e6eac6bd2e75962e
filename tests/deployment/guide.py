"""Runs the commands of the operator's pages on the emulator, as a reader does.

Each block of shell in a page is run in order, in one shell for each page, or has a comment above it:
`<!-- not run: the reason -->`. One whose last command has the status 1 has `<!-- ends with 1: the reason -->`.
The functions and variables of a page are those of its own blocks.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sites import Message

DOCS = Path(__file__).parents[2] / "docs"

#: The pages in the order in which they are run on one emulated account.
PAGES = [
    "first-day.md",
    "senders.md",
    "operations.md",
    "recovery.md",
    "stages.md",
    "one-user.md",
    "keys.md",
    "apis.md",
    "session-mode.md",
    "admission.md",
    "events.md",
    "existing-pools.md",
    "deploying.md",
]
#: The other pages with blocks of shell, and where these are tried.
ELSEWHERE = {
    "budgets.md": "cli/tests",
    "clients.md": "tests/examples",
    "doctor.md": "cli/tests, and the first page here",
    "http.md": "the routes by tests/tests/doors",
    "infrastructure.md": "infra/terraform/test, and its examples",
    "oracle.md": "a measurement",
    "tour.md": "tests/examples",
    "upgrading.md": "tests/deployment/upgrade.py",
    "unverified.md": "the step deploy, as a dry run",
}
#: The blocks of all pages: those that are run, and those that are not.
RUN, NOT_RUN = 37, 24
#: The Region of the pages. The emulator's AWS CLI is v1, which does not read AWS_REGION.
REGION = "eu-west-1"
#: The time limit of a block, in seconds.
LIMIT = 180
BLOCK = re.compile(
    r"(?:^ *<!-- (?:not run: (?P<why>[^\n]+)|(?P<one>ends with 1): [^\n]+) -->\n)?"
    r"^(?P<indent> *)```sh\n(?P<text>.*?)^ *```$",
    re.M | re.S,
)

#: A fenced block, which has neither headings nor links.
FENCED = re.compile(r"^ *```.*?^ *```$", re.M | re.S)

#: Commands of GNU or bash alone, by pattern: a reader may have BSD's tools, or zsh.
NOT_PORTABLE = {
    r"\bdate -d\b": "BSD's date has no -d: take node",
    r"\bsed -i\b": "BSD's sed -i demands a suffix",
    r"\breadlink -f\b": "older macOS has no readlink -f",
    r"\bbase64 -w": "BSD's base64 has no -w",
    r"\bgrep -\w*P": "BSD's grep has no -P",
    r"\bxargs -\w*r": "BSD's xargs has no -r",
    r"\bread -p\b": "zsh reads -p from a coprocess",
    r"\bmapfile\b|\breadarray\b": "zsh has neither",
    r"\bstat -c\b": "BSD's stat has no -c",
    r"(?:^|[\s;(])(?:status|path|argv)=": "a variable that zsh keeps for itself",
    r"\$\{!\w": "zsh has no ${!name}",
    r"--query [^'\"\s]*[\[?*]": "zsh expands [, ? and *: quote the query",
    r"=~": "differs between the shells",
}


@dataclass
class Block:
    page: str
    line: int
    text: str
    why_not: str | None

    @property
    def place(self) -> str:
        return f"docs/{self.page}:{self.line}"


def blocks(page: str) -> list[Block]:
    text = (DOCS / page).read_text()
    found = []
    for match in BLOCK.finditer(text):
        indent = len(match["indent"])
        lines = [line[indent:] for line in match["text"].splitlines()]
        line = text.count("\n", 0, match.start("text")) + 1
        ending = " || [ $? -eq 1 ]\n" if match["one"] else "\n"
        found.append(Block(page, line, "\n".join(lines) + ending, match["why"]))
    return found


def with_shell() -> list[str]:
    """The pages with a block of shell."""
    return sorted(it.name for it in DOCS.glob("*.md") if BLOCK.search(it.read_text()))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    found: list[str] = []
    for heading in re.findall(r"^#+ (.*)$", FENCED.sub("", page.read_text()), re.M):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        anchor = re.sub(r"[^\w\s-]", "", words).strip().replace(" ", "-")
        found.append(anchor)
        found.append(f"{anchor}-{found.count(anchor) - 1}")
    return set(found)


def broken_links() -> list[str]:
    """The links of the pages to files or headings that are not there."""
    broken = []
    for page in [*DOCS.rglob("*.md"), *DOCS.parent.glob("*.md")]:
        for link in re.findall(r"\]\(([^)\s]+)\)", FENCED.sub("", page.read_text())):
            file, _, anchor = link.partition("#")
            target = page.parent / file if file else page
            there = target.exists() and (not anchor or target.suffix != ".md" or anchor in anchors(target))
            if not link.startswith("http") and not there:
                broken.append(f"{page.relative_to(DOCS.parent)}: no {link}")
    return broken


def not_portable(block: Block) -> list[str]:
    """What a reader's shell or tools may not know."""
    found = [why for pattern, why in NOT_PORTABLE.items() if re.search(pattern, block.text, re.M)]
    checked = subprocess.run(["bash", "-n"], input=block.text, text=True, capture_output=True, check=False)
    return found + ([checked.stderr.strip()] if checked.returncode else [])


#: The program `aws` of a page: has the server below run the command, with its own input and output.
CLIENT = """
import json, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect({socket!r})
asked = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
socket.send_fds(server, [len(asked).to_bytes(4, "big")], [0, 1, 2])
server.sendall(asked)
sys.exit(int.from_bytes(server.recv(1) or b"\\xff", "big"))
"""


def serve_aws_cli(listener: socket.socket) -> None:
    """Runs the AWS CLI for each connection, in a process of its own. To import it takes half a second,
    and each of the commands would do it."""
    import awscli.clidriver
    import botocore.session  # noqa: F401

    # It waits up to half a minute between two looks at a stack.
    sleep = time.sleep
    time.sleep = lambda seconds: sleep(min(seconds, 0.3))
    # Where the CLI has its descriptions of commands, which the import sets.
    own = {"AWS_DATA_PATH": os.environ["AWS_DATA_PATH"]}
    while True:
        connection, _ = listener.accept()
        size, descriptors, _, _ = socket.recv_fds(connection, 4, 3)
        with connection.makefile("rb") as sent:
            arguments, folder, environment = json.loads(sent.read(int.from_bytes(size, "big")))
        child = os.fork()
        if child == 0:
            status = 255
            try:
                for at, descriptor in enumerate(descriptors):
                    os.dup2(descriptor, at)
                os.chdir(folder)
                os.environ.clear()
                os.environ.update(environment | own)
                status = awscli.clidriver.create_clidriver().main(arguments)
                sys.stdout.flush()
            except Exception:  # noqa: BLE001  as the status says
                traceback.print_exc()
            except SystemExit as exit:
                status = exit.code if isinstance(exit.code, int) else 1
            finally:
                os._exit(status)
        for descriptor in descriptors:
            os.close(descriptor)
        threading.Thread(target=reply, args=(connection, child), daemon=True).start()


def reply(connection: socket.socket, child: int) -> None:
    """Sends the status of a command once it has ended."""
    _, status = os.waitpid(child, 0)
    with connection:
        connection.sendall(os.waitstatus_to_exitcode(status).to_bytes(1, "big"))


@contextlib.contextmanager
def aws_cli() -> Iterator[Path]:
    """Runs the server of the AWS CLI, and yields its socket."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        path = Path(folder) / "aws"
        listener.bind(str(path))
        listener.listen()
        server = os.fork()
        if server == 0:
            try:
                serve_aws_cli(listener)
            finally:
                os._exit(1)
        try:
            yield path
        finally:
            os.kill(server, signal.SIGTERM)
            os.waitpid(server, 0)


#: Reads the names of files, runs each in this shell, and reports its status. An error ends a block.
DRIVER = """
while read -r file <&3; do
    set -eu -o pipefail
    . "$file"
    set +eu +o pipefail
    echo "::end"
done
"""


class Reader:
    """A shell in which the blocks of one page run."""

    def __init__(self, folder: Path, environment: dict[str, str], log: Path):
        self.folder = folder
        names, self._names = os.pipe()
        self._output = log
        self._log = log.open("w")
        self._process = subprocess.Popen(
            ["bash", "-c", f"exec 3<&{names}; {DRIVER}"],
            cwd=folder,
            env=environment,
            pass_fds=[names],
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            text=True,
        )
        os.close(names)
        self._ended = 0

    @property
    def _typed(self) -> IO[str]:
        assert self._process.stdin
        return self._process.stdin

    def run(self, block: Block, typed: str | None) -> str | None:
        """Runs a block, and returns what went wrong."""
        file = self.folder / "block.sh"
        file.write_text(block.text)
        if typed is not None:
            self._typed.write(typed + "\n")
            self._typed.flush()
        os.write(self._names, f"{file}\n".encode())
        until = time.monotonic() + LIMIT
        while time.monotonic() < until:
            output = self._output.read_text()
            if output.count("::end\n") > self._ended:
                self._ended += 1
                return None
            if self._process.poll() is not None:
                return output.split("::end\n")[-1].strip() or f"status {self._process.returncode}"
            time.sleep(0.02)
        return f"no end within {LIMIT} s"

    def close(self) -> None:
        os.close(self._names)
        self._process.terminate()
        self._process.wait()
        self._log.close()


def environment(endpoint: str, folder: Path, latchstring: Path, cli: Path) -> dict[str, str]:
    """That of a reader who is signed in to the emulated account."""
    port = endpoint.rsplit(":", 1)[1]
    programs = folder / "bin"
    programs.mkdir()
    (programs / "latchstring").symlink_to(latchstring.resolve())
    aws = programs / "aws"
    aws.write_text(f"#!{sys.executable} -IS\n{CLIENT.format(socket=str(cli))}")
    aws.chmod(0o755)
    # The hosts of the APIs are the emulator.
    (folder / ".curlrc").write_text(f'connect-to = "::127.0.0.1:{port}"\n')
    return {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "HOME": str(folder),
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }


def packages_of(folder: Path, packages: Path, template: str) -> None:
    """Puts the packages where the pages have them, with a template that the emulator takes."""
    there = folder / "target/package/arm64"
    there.mkdir(parents=True)
    for zipped in packages.glob("*.zip"):
        (there / zipped.name).symlink_to(zipped.resolve())
    (there / "latchstring.template.json").write_text(template)


def code_to(messages: Callable[[str], list[Message]], address: str) -> str:
    """The code of the newest message. It is sent after the response."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        codes = [it.code for it in messages(address) if it.code]
        if codes:
            return codes[0]
        time.sleep(0.05)
    raise RuntimeError(f"no code to {address}")


@dataclass
class Guide:
    """The pages on one emulator."""

    endpoint: str
    latchstring: Path
    packages: Path
    #: The template of the packages, adapted to the emulator.
    template: str
    messages: Callable[[str], list[Message]]
    #: The folder of the outputs.
    logs: Path

    def play(self) -> bool:
        """Runs every block of every page, and returns true if each did what it should."""
        with aws_cli() as cli:
            return self._play(cli)

    def _play(self, cli: Path) -> bool:
        pages = [(page, blocks(page)) for page in PAGES]
        everything = [block for _, found in pages for block in found]
        known = {*PAGES, *ELSEWHERE}
        failed = [f"docs/{it}: to be a page of guide.py" for it in with_shell() if it not in known]
        failed += broken_links()
        failed += [f"{it.place}: {why}" for it in everything for why in not_portable(it)]
        for page, found in pages:
            begun = time.monotonic()
            failed += self._page(page, [block for block in found if block.why_not is None], cli)
            if found:
                ran = sum(block.why_not is None for block in found)
                print(f"  {page}: {ran} of {len(found)} blocks run, {time.monotonic() - begun:.1f} s", flush=True)
        ran = sum(block.why_not is None for block in everything)
        if (ran, len(everything) - ran) != (RUN, NOT_RUN):
            failed.append(f"{ran} blocks are run and {len(everything) - ran} are not: RUN and NOT_RUN of guide.py are to be these")
        for line in failed:
            print(f"  FAILED: {line}", flush=True)
        return not failed

    def _page(self, page: str, found: list[Block], cli: Path) -> list[str]:
        if not found:
            return []
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            packages_of(folder, self.packages, self.template)
            reader = Reader(folder, environment(self.endpoint, folder, self.latchstring, cli), self.logs / f"guide-{page}.txt")
            try:
                for block in found:
                    typed = code_to(self.messages, "you@example.net") if "read -r code" in block.text else None
                    wrong = reader.run(block, typed)
                    if wrong is not None:
                        return [f"{block.place}: {wrong}"]
            finally:
                reader.close()
        return []
