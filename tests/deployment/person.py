"""A user with an app: the calls of a client, by boto3 and GraphQL."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from sites import Message, Site

PAYLOAD = "{ session username codeLength expiresIn resendAfter }"
SIGN_IN = f"mutation ($input: SignInInput!) {{ signIn(input: $input) {PAYLOAD} }}"
TICKET = "mutation ($input: SignInInput!) { signInTicket(input: $input) { ticket username } }"
SIGN_UP = f"mutation ($input: SignUpInput!) {{ signUp(input: $input) {PAYLOAD} }}"
CHANGE = f"mutation ($input: ChangeContactInput!) {{ changeContact(input: $input) {PAYLOAD} }}"
PENDING = "query ($method: Method!) { pendingContact(method: $method) { state } }"


class Refused(Exception):
    """An error of the API or of Cognito, by its type."""

    def __init__(self, kind: str):
        super().__init__(kind)
        self.kind = kind


def method_of(contact: str) -> str:
    return "PHONE_NUMBER" if contact.startswith("+") else "EMAIL"


@dataclass
class Person:
    """One user at one site, with the tokens of their last sign-in."""

    site: Site
    tokens: dict[str, str] = field(default_factory=dict)

    def ask(self, query: str, variables: dict[str, Any]) -> Any:
        """Returns the one field of a query, or raises the refusal."""
        answer = self.site.graphql(query, variables, self.tokens.get("AccessToken"))
        if answer.get("errors"):
            raise Refused(answer["errors"][0].get("errorType") or "no errorType")
        return next(iter(answer["data"].values()))

    def asks_for_a_code(self, contact: str, proof: str | None = None) -> Question:
        given = {"emailOrPhone": contact, "method": method_of(contact), "proof": proof}
        return Question(self, contact, self.public().ask(SIGN_IN, {"input": given}))

    def asks_for_a_ticket(self, contact: str) -> dict[str, str]:
        given = {"emailOrPhone": contact, "method": method_of(contact)}
        return self.public().ask(TICKET, {"input": given})

    def adds(self, contact: str, given: str, family: str) -> Question:
        data = {"emailOrPhone": contact, "method": method_of(contact)}
        data |= {"givenName": given, "familyName": family}
        return Question(self, contact, self.ask(SIGN_UP, {"input": {"data": data}}))

    def changes_to(self, contact: str) -> Question:
        given = {"emailOrPhone": contact, "method": method_of(contact)}
        return Question(self, contact, self.ask(CHANGE, {"input": given}))

    def pending(self, method: str) -> str | None:
        pending = self.ask(PENDING, {"method": method})
        return pending and pending["state"]

    def public(self) -> Person:
        """Returns this user before signing in."""
        return Person(self.site)

    def signs_in(self, contact: str) -> None:
        """Signs in, for the first time or again."""
        question = self.asks_for_a_code(contact)
        if question.answers(question.code) == "claim":
            self.presents(contact, question.parameters["proof"])

    def presents(self, contact: str, proof: str) -> str:
        """Presents a proof: creates the account, and answers the session with the proof."""
        return self.asks_for_a_code(contact, proof).answers(proof)

    def account(self) -> dict[str, str]:
        """Returns the attributes of the account, as Cognito returns them to its owner."""
        user = self.site.cognito.get_user(AccessToken=self.tokens["AccessToken"])
        return {a["Name"]: a["Value"] for a in user["UserAttributes"]}


class Question:
    """A challenge that waits for an answer."""

    def __init__(self, person: Person, contact: str, payload: dict[str, Any]):
        self.person = person
        self.contact = contact
        self.session = payload["session"]
        self.username = payload["username"]
        self.parameters: dict[str, str] = {}

    @property
    def message(self) -> Message:
        return self.person.site.messages(self.contact)[0]

    @property
    def code(self) -> str:
        return self.message.code or "no code"

    def answers(self, answer: str, metadata: dict[str, str] | None = None) -> str:
        """Returns the outcome: `tokens`, the next step, or Cognito's error."""
        site = self.person.site
        try:
            reply = site.cognito.respond_to_auth_challenge(
                ClientId=site.client,
                ChallengeName="CUSTOM_CHALLENGE",
                Session=self.session,
                ChallengeResponses={"USERNAME": self.username, "ANSWER": answer},
                ClientMetadata=metadata or {},
            )
        except ClientError as error:
            return error.response["Error"]["Code"]
        if "AuthenticationResult" in reply:
            self.person.tokens |= reply["AuthenticationResult"]
            return "tokens"
        self.session = reply["Session"]
        self.parameters = reply["ChallengeParameters"]
        return self.parameters["step"]


def wrong(code: str) -> str:
    """Returns a different code of the same length."""
    return code[:-1] + str((int(code[-1]) + 1) % 10)
