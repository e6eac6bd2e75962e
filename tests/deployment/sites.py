"""The sites of the scenarios: the local service, or a stack deployed on an emulator."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

CREDENTIALS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
#: No call may hang, and none is repeated: a scenario counts what it sends.
CONFIG = Config(connect_timeout=5, read_timeout=30, retries={"max_attempts": 0})
CODE = re.compile(r"(?<![0-9])[0-9]{6,10}(?![0-9])")


def fetch(url: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
    """Sends and returns JSON; an error's body is an answer too."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"} | (headers or {}))
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        return json.load(error)


def reply(status: int, response: Any) -> Reply:
    text = response.read()
    body = json.loads(text) if text else {}
    return Reply(status, body, response.headers.get_all("set-cookie") or [])


@dataclass
class Message:
    """A message that a user received."""

    subject: str | None
    text: str

    @property
    def code(self) -> str | None:
        found = CODE.search(self.text)
        return found[0] if found else None


@dataclass
class Reply:
    """An answer of the HTTP API."""

    status: int
    body: dict[str, Any]
    cookies: list[str]


class Site:
    """Cognito and the APIs of one place."""

    name: str
    #: The server credential, in session mode.
    credential: str | None = None

    def __init__(self, endpoint: str, region: str, pool: str, client: str, http: str, graphql: str = "", key: str = ""):
        self.cognito = boto3.client(
            "cognito-idp", endpoint_url=endpoint, region_name=region, config=CONFIG, **CREDENTIALS
        )
        self.pool = pool
        self.client = client
        self._http = http
        self._graphql = graphql
        self._key = key

    def graphql(self, query: str, variables: dict[str, Any], token: str | None = None) -> Any:
        """With an access token, or as the public."""
        who = {"authorization": token} if token else {"x-api-key": self._key}
        return fetch(self._graphql, {"query": query, "variables": variables}, who)

    def http(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Reply:
        """Calls a route of the HTTP API below `/v1`. An empty body is no members."""
        data = None if body is None else json.dumps(body).encode()
        sent = ({} if body is None else {"content-type": "application/json"}) | (headers or {})
        request = urllib.request.Request(f"{self._http}/v1/{path}", data, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return reply(response.status, response)
        except urllib.error.HTTPError as error:
            return reply(error.code, error)

    def messages(self, to: str) -> list[Message]:
        """Returns the messages to a recipient, newest first."""
        raise NotImplementedError


class Local(Site):
    """The local service."""

    name = "local"

    def __init__(self, url: str):
        config = fetch(f"{url}/config.json")
        super().__init__(
            config["endpoint"],
            config["region"],
            config["userPoolId"],
            config["clientId"],
            config["endpoint"],
            config["graphqlUrl"],
            config["apiKey"],
        )
        self._inbox = f"{url}/inbox.json"

    def messages(self, to: str) -> list[Message]:
        return [Message(m["subject"], m["text"]) for m in fetch(self._inbox) if m["to"] == to]


class Ministack(Site):
    """The stack, deployed on ministack."""

    name = "ministack"

    def __init__(self, endpoint: str, region: str, outputs: dict[str, str]):
        # The ids of `https://<id>.appsync-api.<region>.amazonaws.com/graphql`, which is AWS's, and of
        # `http://<id>.execute-api.…`, a host that no resolver of names knows here.
        graphql = outputs.get("GraphqlUrl", "//").split("/")[2].split(".")[0]
        http = outputs["HttpUrl"].split("/")[2].split(".")[0]
        super().__init__(
            endpoint,
            region,
            outputs["UserPoolId"],
            outputs["ClientIds"],
            f"{endpoint}/_aws/execute-api/{http}/$default",
            f"{endpoint}/v1/apis/{graphql}/graphql",
            outputs.get("ApiKey1", ""),
        )
        self._endpoint = endpoint

    def messages(self, to: str) -> list[Message]:
        if to.startswith("+"):
            number = urllib.parse.quote(to)
            sent = fetch(f"{self._endpoint}/_ministack/sns/sms-messages?phoneNumber={number}")
            found = [Message(None, m["Message"]) for m in sent["sms_messages"].get(to, [])]
        else:
            sent = fetch(f"{self._endpoint}/_ministack/ses/messages")
            # By account, of which there is one.
            mails = [mail for mails in sent["messages"].values() for mail in mails]
            found = [Message(m["Subject"], m["BodyText"]) for m in mails if to in m["To"]]
        return found[::-1]
