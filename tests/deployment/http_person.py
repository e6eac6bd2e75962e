"""A user with an app that calls the HTTP API alone, with tokens or with the cookie of session mode."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sites import Message, Reply, Site

COOKIE = "__Host-latchstring"
#: The headers that a browser and the app's own page send.
OF_A_PAGE = {"x-latchstring": "1", "sec-fetch-site": "same-origin", "user-agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0"}


@dataclass
class Caller:
    """One user at one site."""

    site: Site
    tokens: dict[str, Any] = field(default_factory=dict)
    cookie: str | None = None
    is_page: bool = False

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """`headers` are added to those of the app; an underscore stands for a hyphen."""
        sent = dict(OF_A_PAGE) if self.is_page else {}
        if self.cookie:
            sent["cookie"] = f"{COOKIE}={self.cookie}"
        if self.tokens:
            sent["authorization"] = f"Bearer {self.tokens['accessToken']}"
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        reply = self.site.http(method, path, body, sent)
        for cookie in reply.cookies:
            name, value = cookie.split(";")[0].split("=", 1)
            if name == COOKIE:
                self.cookie = value or None
        return reply

    def begins(self, path: str, contact: str, **members: str) -> Prompt:
        """Has a code sent by a route that returns a prompt."""
        return Prompt(self, contact, self.call("POST", path, {"emailOrPhone": contact, **members}))

    def signs_in(self, contact: str) -> Reply:
        """Signs in, for the first time or again."""
        prompt = self.begins("sign-in", contact)
        return prompt.answers(prompt.code)


class Prompt:
    """A code that waits for its answer."""

    def __init__(self, caller: Caller, contact: str, reply: Reply):
        self.caller = caller
        self.contact = contact
        self.reply = reply
        self.continuation = reply.body.get("continuation")

    @property
    def message(self) -> Message:
        return self.caller.site.messages(self.contact)[0]

    @property
    def code(self) -> str:
        return self.message.code or "no code"

    def answers(self, answer: str) -> Reply:
        """Answers with a code. Keeps the tokens, if there are any."""
        given = {"continuation": self.continuation, "answer": answer}
        reply = self.caller.call("POST", "sign-in/answer", given)
        self.continuation = reply.body.get("continuation", self.continuation)
        if "tokens" in reply.body:
            self.caller.tokens = reply.body["tokens"]
        return reply
