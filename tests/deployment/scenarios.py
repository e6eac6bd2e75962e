"""The scenarios that the local service and a deployed stack must both play alike.

Where the emulator is known to differ from AWS, the expectation names the difference and its value.
The emulator must then show it, so that a release without the difference is noticed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from person import Person, Question, Refused, wrong
from sites import Site

#: The differences of ministack 1.5.33 from AWS, by the name that docs/stand-in.md gives them.
DIFFERENCES = {
    "ghosts": "a missing user is reported, whatever the client says; no trigger runs",
    "replay": "an ended session is an invalid parameter, not an invalid session",
    "directives": "the schema's auth directives are not enforced",
    "secret": "the secret of an app client is not demanded, unless it enforces IAM too",
}


class Mismatch(Exception):
    """An observed value differs from the expected one."""


class Checks:
    """Compares observed with expected values, and records the differences that were met."""

    def __init__(self, site: Site):
        self._site = site.name
        self.made = 0
        self.met: set[str] = set()

    def __call__(self, what: str, seen: Any, wanted: Any, **differs: tuple[str, Any]) -> None:
        """`differs` names a site, the difference, and what is seen there instead."""
        self.made += 1
        if self._site in differs:
            difference, wanted = differs[self._site]
            self.met.add(difference)
        if seen != wanted:
            raise Mismatch(f"{what}: {seen!r} instead of {wanted!r}")


Scenario = Callable[[Site, Checks], None]


def kind_of(act: Callable[[], Any]) -> str:
    """The type of the error that something is refused with."""
    try:
        act()
    except Refused as refused:
        return refused.kind
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "no error"


def first_sign_in_by_email(site: Site, check: Checks) -> None:
    person = Person(site)
    address = "ada@example.com"
    question = person.asks_for_a_code(" Ada@Example.com")
    question.contact = address
    check("messages sent", len(site.messages(address)), 1)
    check("the code's length", len(question.code), 6)
    check("a subject", bool(question.message.subject), True)
    step = question.answers(question.code)
    check("a new user must claim", step, "claim", ministack=("ghosts", "tokens"))
    if step == "claim":
        check("the proof makes the account", person.presents(address, question.parameters["proof"]), "tokens")
    account = person.account()
    check("the address is the account's", account["email"], address)
    check("and verified", account["email_verified"].lower(), "true")
    check("no number", "phone_number" in account, False)


def sign_in_again(site: Site, check: Checks) -> None:
    person = Person(site)
    person.signs_in("grace@example.com")
    first = person.account()["sub"]
    again = Person(site)
    question = again.asks_for_a_code("grace@example.com")
    check("the right code", question.answers(question.code), "tokens")
    check("the same account", again.account()["sub"], first)


def a_mistyped_code(site: Site, check: Checks) -> None:
    person = Person(site)
    person.signs_in("joan@example.com")
    question = person.asks_for_a_code("joan@example.com")
    code = question.code
    check("a wrong code", question.answers(wrong(code)), "otp")
    check("answers left", question.parameters["attemptsLeft"], "2")
    check("the right one", question.answers(code), "tokens")
    check("messages: one for each sign-in", len(site.messages("joan@example.com")), 2)


def a_code_works_once(site: Site, check: Checks) -> None:
    person = Person(site)
    person.signs_in("kay@example.com")
    question = person.asks_for_a_code("kay@example.com")
    session, code = question.session, question.code
    check("the right code", question.answers(code), "tokens")
    question.session = session
    seen = question.answers(wrong(code))
    check("the same session again", seen, "NotAuthorizedException", ministack=("replay", "InvalidParameterException"))


def sign_up(site: Site, check: Checks) -> None:
    person = Person(site)
    person.signs_in("+14155550132")
    sub = person.account()["sub"]
    question = person.adds("edsger@example.com", "Edsger", "Dijkstra")
    check("waiting", person.pending("EMAIL"), "WAITING")
    check("not yet on the account", "email" in person.account(), False)
    check("the right code", question.answers(question.code), "tokens")
    check("done", person.pending("EMAIL"), "DONE")
    account = person.account()
    check("the address", account.get("email"), "edsger@example.com")
    check("verified", account.get("email_verified", "").lower(), "true")
    check("the names", (account.get("given_name"), account.get("family_name")), ("Edsger", "Dijkstra"))
    other = Person(site)
    other.signs_in("edsger@example.com")
    check("either contact opens the one account", other.account()["sub"], sub)


def change_of_address(site: Site, check: Checks) -> None:
    person = Person(site)
    person.signs_in("barbara@example.com")
    sub = person.account()["sub"]
    before = len(site.messages("barbara@example.com"))
    question = person.changes_to("liskov@example.org")
    check("a wrong code", question.answers(wrong(question.code)), "otp")
    check("the old address still stands", person.account()["email"], "barbara@example.com")
    check("the right code", question.answers(question.code), "tokens")
    check("the new address", person.account()["email"], "liskov@example.org")
    told = site.messages("barbara@example.com")
    check("the old address is notified", len(told) - before, 1)
    check("and is sent no code", told[0].code, None)
    again = Person(site)
    again.signs_in("liskov@example.org")
    check("the new address opens the account", again.account()["sub"], sub)
    stranger = Person(site)
    stranger.signs_in("barbara@example.com")
    check("the old one opens another", stranger.account()["sub"] == sub, False)


def a_contact_of_another_account(site: Site, check: Checks) -> None:
    owner, person = Person(site), Person(site)
    owner.signs_in("alan@example.com")
    person.signs_in("alonzo@example.com")
    question = person.changes_to("alan@example.com")
    check("the right code", question.answers(question.code), "NotAuthorizedException")
    check("in use", person.pending("EMAIL"), "IN_USE")
    check("nothing moved", owner.account()["email"], "alan@example.com")
    check("for either", person.account()["email"], "alonzo@example.com")


def by_ticket(site: Site, check: Checks) -> None:
    """Signs in as an SDK does that owns the whole exchange."""
    Person(site).signs_in("tony@example.com")
    person = Person(site)
    ticket = person.asks_for_a_ticket("tony@example.com")
    before = len(site.messages("tony@example.com"))
    opened = site.cognito.initiate_auth(
        ClientId=site.client, AuthFlow="CUSTOM_AUTH", AuthParameters={"USERNAME": ticket["username"]}
    )
    check("step select", opened["ChallengeParameters"]["step"], "select")
    check("which sends nothing", len(site.messages("tony@example.com")), before)
    question = question_of(person, "tony@example.com", opened, ticket["username"])
    chosen = {"method": "email", "ticket": ticket["ticket"]}
    check("the ticket", question.answers("-", chosen), "otp")
    check("sends once", len(site.messages("tony@example.com")), before + 1)
    check("the right code", question.answers(question.code), "tokens")


def without_a_ticket(site: Site, check: Checks) -> None:
    Person(site).signs_in("niklaus@example.com")
    before = len(site.messages("niklaus@example.com"))
    opened = site.cognito.initiate_auth(
        ClientId=site.client, AuthFlow="CUSTOM_AUTH", AuthParameters={"USERNAME": "niklaus@example.com"}
    )
    question = question_of(Person(site), "niklaus@example.com", opened, "niklaus@example.com")
    check("looks the same", question.answers("-", {"method": "email"}), "otp")
    check("sends nothing", len(site.messages("niklaus@example.com")), before)
    check("and takes no code", question.answers("000000"), "otp")


def question_of(person: Person, contact: str, opened: dict[str, Any], username: str) -> Question:
    return Question(person, contact, {"session": opened["Session"], "username": username})


def refusals(site: Site, check: Checks) -> None:
    person = Person(site)
    check("no address", kind_of(lambda: person.asks_for_a_code("not an address")), "InvalidIdentifier")
    check("a made-up proof", kind_of(lambda: person.asks_for_a_code("a@example.com", "made up")), "InvalidProof")
    check(
        "a change without a token",
        kind_of(lambda: person.changes_to("a@example.com")),
        "Unauthorized",
        ministack=("directives", "NotSignedIn"),
    )
    person.tokens = {"AccessToken": "not.a.token"}
    refused = kind_of(lambda: person.changes_to("a@example.com"))
    check("a forged token", refused in ("UnauthorizedException", "NotSignedIn"), True)


def refresh_and_sign_out(site: Site, check: Checks) -> None:
    person = Person(site)
    person.signs_in("donald@example.com")
    renewed = site.cognito.initiate_auth(
        ClientId=site.client,
        AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={"REFRESH_TOKEN": person.tokens["RefreshToken"]},
    )
    check("new tokens", "AccessToken" in renewed["AuthenticationResult"], True)
    site.cognito.revoke_token(ClientId=site.client, Token=person.tokens["RefreshToken"])
    check(
        "a revoked refresh token",
        kind_of(
            lambda: site.cognito.initiate_auth(
                ClientId=site.client,
                AuthFlow="REFRESH_TOKEN_AUTH",
                AuthParameters={"REFRESH_TOKEN": person.tokens["RefreshToken"]},
            )
        ),
        "NotAuthorizedException",
    )


SCENARIOS: list[tuple[str, Scenario]] = [
    ("a first sign-in by email", first_sign_in_by_email),
    ("a second sign-in", sign_in_again),
    ("a mistyped code", a_mistyped_code),
    ("a code works once", a_code_works_once),
    ("a sign-up: by phone, then name and email", sign_up),
    ("a change of address", change_of_address),
    ("a contact of another account", a_contact_of_another_account),
    ("a sign-in by ticket", by_ticket),
    ("a sign-in without a ticket", without_a_ticket),
    ("refusals", refusals),
    ("refresh and revocation", refresh_and_sign_out),
]
