"""Upgrades a deployment on a third-party emulator and goes back, each time with sign-ins and changes begun.

Each kind of state is begun with one version and finished with the other. Started by `cargo xtask upgrade`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy_check import BUCKET, SENDER, Emulated, adapt, secret_of, step
from emulator import ministack
from http_person import Caller
from person import Person, Question, Refused, wrong
from scenarios import kind_of
from sites import Ministack, Site
from stranger import Exchange

REGION = "us-east-1"
STACK = "upgrade"
SESSION_STACK = "upgrade-session-mode"
UNDO = "mutation ($input: UndoContactChangeInput!) { undoContactChange(input: $input) { username } }"
RESUMABLE = "mutation ($input: SignInInput!) { signIn(input: $input) { session username resume } }"
REMEMBER = "mutation { rememberDevice { device expiresIn } }"


class Lost(Exception):
    """Something that was begun with one version cannot be finished with the other."""


def expect(what: str, seen: Any, wanted: Any) -> None:
    if seen != wanted:
        raise Lost(f"{what}: {seen!r} instead of {wanted!r}")


@dataclass
class Version:
    """The packages and templates of a version."""

    name: str
    folder: Path

    def template(self, stack: str) -> dict[str, Any]:
        return json.loads((self.folder / f"{stack}.template.json").read_text())

    @property
    def features(self) -> set[str]:
        """The features that its templates show."""
        template = self.template(STACK)
        resources = template["Resources"].values()
        types = [(it["Type"], json.dumps(it.get("Properties", {}))) for it in resources]
        found = {
            "undo": any("undoContactChange" in text for kind, text in types if kind.endswith("GraphQLSchema")),
            "resume": any("resume: String" in text for kind, text in types if kind.endswith("GraphQLSchema")),
            "http": any(kind == "AWS::ApiGatewayV2::Api" for kind, _ in types),
            "invitations": "SignUp" in template["Outputs"],
            "events": any("-publish-events" in text for kind, text in types if kind == "AWS::Lambda::Function"),
            "aliases": any(kind == "AWS::Lambda::Alias" for kind, _ in types),
            "sessions": "ServerCredentialSecret" in self.template(SESSION_STACK)["Outputs"],
        }
        return {feature for feature, has in found.items() if has}


def prepare(template: dict[str, Any], name: str) -> None:
    """Lets no sweep run but by a test, and has session mode serve a pool that reports missing users."""
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Events::Rule" and "ScheduleExpression" in properties:
            properties["State"] = "DISABLED"
        if resource["Type"] == "AWS::Lambda::Function" and name == SESSION_STACK:
            variables = properties["Environment"]["Variables"]
            variables["UNDO_HOURS"] = "0"
            if json.dumps(properties["FunctionName"]).endswith('-sign-in"]]}') or str(properties["FunctionName"]).endswith("-sign-in"):
                variables["LEGACY_POOL"] = "true"


class Deployment:
    """The stacks of one run, with what is begun in them."""

    def __init__(self, emulated: Emulated, operator: Path):
        self.emulated = emulated
        self.operator = operator
        self.functions = emulated.client("lambda")
        self.stacks: dict[str, dict[str, str]] = {}
        self._people = 0

    def install(self, version: Version, *names: str) -> None:
        """Creates the stacks, or updates those that are there."""
        for name in names:
            template = version.template(name)
            adapt(template)
            prepare(template, name)
            key = f"{version.name}/{name}.template.json"
            self.emulated.client("s3").put_object(Bucket=BUCKET, Key=key, Body=json.dumps(template).encode())
            self._deploy(name, f"{self.emulated.endpoint}/{BUCKET}/{key}")

    def _deploy(self, name: str, template: str) -> None:
        cloudformation = self.emulated.client("cloudformation")
        act = cloudformation.update_stack if name in self.stacks else cloudformation.create_stack
        waiter = "stack_update_complete" if name in self.stacks else "stack_create_complete"
        act(StackName=name, TemplateURL=template, Capabilities=["CAPABILITY_IAM"])
        cloudformation.get_waiter(waiter).wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 120})
        stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        self.stacks[name] = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def roll_back(self, names: list[str]) -> None:
        """Lets the operator's program move the aliases back, and expects a second call to change nothing.

        The construct of another version may set other variables.
        """
        for name in names:
            self._operate("rollback", "--stack", name, "--despite-differences")
            again = json.loads(self._operate("rollback", "--stack", name, "--json"))
            expect("a second way back", again["functions"], [])

    def _operate(self, *arguments: str) -> str:
        access = {"AWS_ENDPOINT_URL": self.emulated.endpoint, "AWS_REGION": REGION}
        access |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        ran = subprocess.run([self.operator, *arguments], env=access, capture_output=True, text=True)
        if ran.returncode:
            raise Lost(f"latchstring {arguments[0]}: {ran.stderr.strip()}")
        return ran.stdout

    def self_tests(self, version: Version) -> None:
        """Has every function that a version deploys examine itself, and compares the answers."""
        if "aliases" not in version.features:
            return
        found = []
        for name in ("define-auth-challenge", "create-auth-challenge", "verify-auth-challenge-response", "sign-in", "sign-up"):
            reply = self.functions.invoke(FunctionName=f"{STACK}-{name}:live", Payload=b'{"selfTest": {}}')
            answer = json.load(reply["Payload"]).get("selfTest", {})
            expect(f"the self-test of {name}", (answer.get("ok"), answer.get("faults")), (True, []))
            found.append({key: answer[key] for key in ("version", "table", "keyRing", "clients", "settings")})
        expect("the functions agree", all(it == found[0] for it in found), True)
        step(f"the functions of {version.name} examined themselves, and agree")

    def site(self, name: str = STACK) -> Site:
        site = Ministack(self.emulated.endpoint, REGION, self.stacks[name])
        if "ServerCredentialSecret" in self.stacks[name]:
            site.credential = secret_of(self.emulated, self.stacks[name]["ServerCredentialSecret"])
        return site

    def invite(self, contact: str) -> None:
        """Invites a contact where only invited ones get an account."""
        function = self.stacks[STACK].get("SignUp")
        if function:
            event = json.dumps({"invite": {"emailOrPhone": contact}})
            reply = self.functions.invoke(FunctionName=function, Payload=event)
            expect("an invitation", json.load(reply["Payload"]), {})

    def contact(self, about: str) -> str:
        """A new address."""
        self._people += 1
        return f"{about}-{self._people}@example.com"

    def prove(self, contact: str) -> str:
        """Has a contact without an account earn a proof."""
        exchange = self.stranger(contact)
        expect("the right code", exchange.answers(exchange.code), "claim")
        return exchange.parameters["proof"]

    def stranger(self, contact: str) -> Exchange:
        person = Person(self.site())
        return Exchange(person, self.functions, contact, person.asks_for_a_ticket(contact))

    def account(self, about: str) -> tuple[Person, str]:
        """Signs a new user in, and returns them with their contact."""
        contact = self.contact(about)
        self.invite(contact)
        person = Person(self.site())
        expect("the proof makes the account", person.presents(contact, self.prove(contact)), "tokens")
        return person, contact


#: Begins something and returns what finishes it. A kind needs features of both versions.
Begin = Callable[[Deployment], Callable[[], None]]


def a_code_that_waits(deployment: Deployment) -> Callable[[], None]:
    _, contact = deployment.account("code")
    question = Person(deployment.site()).asks_for_a_code(contact)
    code, sent = question.code, len(deployment.site().messages(contact))
    expect("a wrong code", question.answers(wrong(code)), "otp")

    def finish() -> None:
        expect("the right code", question.answers(code), "tokens")
        expect("messages", len(deployment.site().messages(contact)), sent)

    return finish


def a_code_without_an_account(deployment: Deployment) -> Callable[[], None]:
    contact = deployment.contact("stranger")
    deployment.invite(contact)
    exchange = deployment.stranger(contact)
    mistyped = wrong(exchange.code)
    expect("a wrong code", exchange.answers(mistyped), "otp")

    def finish() -> None:
        expect("another wrong code", exchange.answers(wrong(mistyped)), "otp")
        expect("attempts left", exchange.parameters["attemptsLeft"], "1")
        expect("the right code", exchange.answers(exchange.code), "claim")
        proof = exchange.parameters["proof"]
        expect("the proof makes the account", Person(deployment.site()).presents(contact, proof), "tokens")
        expect("messages", len(deployment.site().messages(contact)), 1)

    return finish


def a_proof(deployment: Deployment) -> Callable[[], None]:
    contact = deployment.contact("proof")
    deployment.invite(contact)
    proof = deployment.prove(contact)

    def finish() -> None:
        person = Person(deployment.site())
        expect("the proof makes the account", person.presents(contact, proof), "tokens")
        expect("the address", person.account()["email"], contact)
        expect("the proof again", kind_of(lambda: person.presents(contact, proof)), "InvalidProof")

    return finish


def a_proof_in_its_session(deployment: Deployment) -> Callable[[], None]:
    contact = deployment.contact("claim")
    deployment.invite(contact)
    proof = deployment.prove(contact)
    question = Person(deployment.site()).asks_for_a_code(contact, proof)
    return lambda: expect("the proof", question.answers(proof), "tokens")


def a_ticket(deployment: Deployment) -> Callable[[], None]:
    contact = deployment.contact("ticket")
    person = Person(deployment.site())
    ticket = person.asks_for_a_ticket(contact)

    def finish() -> None:
        exchange = Exchange(person, deployment.functions, contact, ticket)
        expect("the right code", exchange.answers(exchange.code), "claim")

    return finish


def a_sign_in_to_resume(deployment: Deployment) -> Callable[[], None]:
    _, contact = deployment.account("resume")
    given = {"emailOrPhone": contact, "method": "EMAIL"}
    begun = Person(deployment.site()).ask(RESUMABLE, {"input": given})

    def finish() -> None:
        person = Person(deployment.site())
        resumed = person.ask(RESUMABLE, {"input": given | {"resume": begun["resume"]}})
        question = Question(person, contact, resumed)
        expect("the right code", question.answers(question.code), "tokens")

    return finish


def a_change_that_waits(deployment: Deployment) -> Callable[[], None]:
    person, old = deployment.account("pending")
    new = deployment.contact("pending-new")
    question = person.changes_to(new)

    def finish() -> None:
        expect("waiting", person.pending("EMAIL"), "WAITING")
        expect("the right code", question.answers(question.code), "tokens")
        expect("done", person.pending("EMAIL"), "DONE")
        expect("the address", person.account()["email"], new)
        expect("the old one is notified", deployment.site().messages(old)[0].code, None)

    return finish


def changed(deployment: Deployment, about: str) -> tuple[Person, str, str]:
    """Changes the contact of a new account, and returns the old and the new one."""
    person, old = deployment.account(about)
    new = deployment.contact(f"{about}-new")
    question = person.changes_to(new)
    expect("the right code", question.answers(question.code), "tokens")
    return person, old, new


def undo(deployment: Deployment, username: str, old: str, proof: str) -> None:
    given = {"emailOrPhone": old, "method": "EMAIL", "proof": proof}
    Person(deployment.site()).ask(UNDO, {"input": given})
    site = deployment.site()
    user = site.cognito.admin_get_user(UserPoolId=site.pool, Username=username)
    attributes = {it["Name"]: it["Value"] for it in user["UserAttributes"]}
    expect("the old address is back", (attributes["email"], attributes["email_verified"]), (old, "true"))


def username_of(person: Person) -> str:
    return person.site.cognito.get_user(AccessToken=person.tokens["AccessToken"])["Username"]


def a_change_to_undo(deployment: Deployment) -> Callable[[], None]:
    person, old, _ = changed(deployment, "undo")
    username = username_of(person)

    def finish() -> None:
        third = deployment.contact("third")
        expect("another change is held", kind_of(lambda: person.changes_to(third)), "ChangeHeld")
        undo(deployment, username, old, deployment.prove(old))

    return finish


def a_proof_to_undo_with(deployment: Deployment) -> Callable[[], None]:
    person, old, _ = changed(deployment, "undo-proof")
    username, proof = username_of(person), deployment.prove(old)
    return lambda: undo(deployment, username, old, proof)


def length_of_code(deployment: Deployment, contact: str, **more: str) -> int | str:
    """The number of digits of a code that is requested now, or the refusal."""
    given = {"emailOrPhone": contact, "method": "EMAIL", **more}
    query = "mutation ($input: SignInInput!) { signIn(input: $input) { session username codeLength } }"
    try:
        return Person(deployment.site()).ask(query, {"input": given})["codeLength"]
    except Refused as refused:
        return refused.kind


def a_spent_budget_and_a_device(deployment: Deployment) -> Callable[[], None]:
    person, contact = deployment.account("device")
    device = person.ask(REMEMBER, {})["device"]
    spent: int | str = 6
    for _ in range(20):
        spent = length_of_code(deployment, contact)
        if spent != 6:
            break
    expect("codes get longer", spent == 6, False)

    def finish() -> None:
        expect("an unknown device", length_of_code(deployment, contact), spent)
        expect("the remembered device", length_of_code(deployment, contact, device=device), 6)

    return finish


def a_continuation(deployment: Deployment) -> Callable[[], None]:
    _, contact = deployment.account("http")
    prompt = Caller(deployment.site()).begins("sign-in", contact)
    expect("a prompt", prompt.reply.status, 200)
    code = prompt.code

    def finish() -> None:
        expect("the right code", prompt.answers(code).body.get("status"), "signed_in")

    return finish


def an_invitation(deployment: Deployment) -> Callable[[], None]:
    invited, other = deployment.contact("invited"), deployment.contact("not-invited")
    deployment.invite(invited)

    def finish() -> None:
        expect("the invited contact", Person(deployment.site()).presents(invited, deployment.prove(invited)), "tokens")
        proof = deployment.prove(other)
        refused = kind_of(lambda: Person(deployment.site()).presents(other, proof))
        expect("another contact", refused, "NotAdmitted")

    return finish


def outbox(deployment: Deployment) -> set[str]:
    """The keys of the items that wait for their publication."""
    table = deployment.stacks[STACK]["TableName"]
    items = deployment.emulated.client("dynamodb").scan(TableName=table)["Items"]
    return {it["pk"]["S"] for it in items if "outbox" in it}


def overdue(deployment: Deployment, keys: Iterable[str]) -> None:
    """Lets the time pass after which a sweep publishes these items."""
    table = deployment.stacks[STACK]["TableName"]
    for key in keys:
        deployment.emulated.client("dynamodb").update_item(
            TableName=table,
            Key={"pk": {"S": key}},
            UpdateExpression="SET due = :past",
            ConditionExpression="attribute_exists(due)",
            ExpressionAttributeValues={":past": {"N": "1"}},
        )


def subscribe(deployment: Deployment) -> None:
    """Has the default bus put events into a queue."""
    arn = f"arn:aws:sqs:{REGION}:000000000000:{STACK}"
    deployment.emulated.client("sqs").create_queue(QueueName=STACK)
    events = deployment.emulated.client("events")
    events.put_rule(Name=STACK, EventPattern=json.dumps({"source": ["latchstring"]}))
    events.put_targets(Rule=STACK, Targets=[{"Id": "queue", "Arn": arn}])


def published(deployment: Deployment) -> list[dict[str, Any]]:
    """The events that were published since the last call."""
    sqs = deployment.emulated.client("sqs")
    queue = sqs.get_queue_url(QueueName=STACK)["QueueUrl"]
    found: list[dict[str, Any]] = []
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            found.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return found


def sweep(deployment: Deployment) -> None:
    reply = deployment.functions.invoke(FunctionName=f"{STACK}-publish-events", Payload=b"{}")
    expect("the sweep", "FunctionError" in reply, False)


def an_event_that_waits(deployment: Deployment) -> Callable[[], None]:
    """Only a sweep publishes a refusal. The schedule is off, so only this sweeps."""
    person, contact = deployment.account("event")
    sub = person.account()["sub"]
    before = outbox(deployment)
    given = {"emailOrPhone": contact, "method": "EMAIL"}
    begun = person.ask(RESUMABLE, {"input": given})
    question = Question(person, contact, begun)
    mistyped = wrong(question.code)
    expect("a wrong code", question.answers(mistyped), "otp")
    # In a session of its own, since the emulator ends one after two wrong codes.
    question = Question(person, contact, person.ask(RESUMABLE, {"input": given | {"resume": begun["resume"]}}))
    for outcome in ("otp", "NotAuthorizedException"):
        mistyped = wrong(mistyped)
        expect("another wrong code", question.answers(mistyped), outcome)
    waiting = outbox(deployment) - before
    expect("events that wait", len(waiting), 1)

    def finish() -> None:
        overdue(deployment, waiting)
        sweep(deployment)
        expect("events of the other version that are left", len(outbox(deployment) & waiting), 0)
        found = [it for it in published(deployment) if it["detail"].get("sub") == sub]
        expect("published", "SignInRefused" in {it["detail-type"] for it in found}, True)

    return finish


def a_session(deployment: Deployment) -> Callable[[], None]:
    page = Caller(deployment.site(SESSION_STACK), is_page=True)
    contact = deployment.contact("session")
    expect("a session", page.signs_in(contact).body["status"], "session_opened")
    username = page.call("GET", "session").body["username"]
    other = deployment.contact("session-begun")
    begun = Caller(deployment.site(SESSION_STACK), is_page=True).begins("sign-in", other)

    def finish() -> None:
        page.site = begun.caller.site = deployment.site(SESSION_STACK)
        session = page.call("GET", "session")
        expect("the session", (session.status, session.body.get("username")), (200, username))
        token = page.call("GET", "session/token", x_latchstring_server=page.site.credential)
        expect("its token", token.status, 200)
        expect("the code", begun.answers(begun.code).body["status"], "session_opened")
        expect("a sign-out", page.call("POST", "sign-out", {}).status, 204)

    return finish


KINDS: list[tuple[str, set[str], Begin]] = [
    ("a sign-in between code and answer", set(), a_code_that_waits),
    ("the same without an account", set(), a_code_without_an_account),
    ("a proof between the two steps", set(), a_proof),
    ("a session that waits for its proof", set(), a_proof_in_its_session),
    ("a sign-in to be resumed", {"resume"}, a_sign_in_to_resume),
    ("a change of contact that waits for its code", set(), a_change_that_waits),
    ("a change of contact that can be undone", {"undo"}, a_change_to_undo),
    ("the proof for an undo", {"undo"}, a_proof_to_undo_with),
    ("a spent budget, and a remembered device", set(), a_spent_budget_and_a_device),
    ("a continuation of the HTTP API", {"http"}, a_continuation),
    ("an invitation", {"invitations"}, an_invitation),
    ("an event in the outbox", {"events", "resume"}, an_event_that_waits),
    ("a browser session, and a sign-in for one", {"sessions"}, a_session),
    # Last: a ticket is valid for a minute.
    ("a ticket", set(), a_ticket),
]


def round_trip(
    deployment: Deployment, one: Version, other: Version, move: Callable[[], None], only: str
) -> int:
    """Begins each kind with one version and finishes it with the other. Returns the number of failures."""
    features = one.features & other.features
    begun: list[tuple[str, Callable[[], None] | None]] = []
    failed = 0
    for name, needs, begin in KINDS:
        if only not in name:
            continue
        if not needs <= features:
            print(f"    {name}: not in both versions", flush=True)
            continue
        try:
            begun.append((name, begin(deployment)))
        except Exception as error:  # noqa: BLE001  the other kinds are still tried
            failed += 1
            print(f"    {name}: FAILED with {one.name}, {type(error).__name__}: {error}", flush=True)
    step(f"{len(begun)} begun with {one.name}")
    started = time.monotonic()
    move()
    step(f"moved to {other.name} in {time.monotonic() - started:.1f} s")
    # The ticket first: it is valid for a minute.
    for name, finish in reversed(begun):
        try:
            finish()
        except Exception as error:  # noqa: BLE001
            failed += 1
            print(f"    {name}: FAILED with {other.name}, {type(error).__name__}: {error}", flush=True)
            continue
        print(f"    {name}: finished with {other.name}", flush=True)
    return failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--older", type=Path, required=True, help="the folder of the older version")
    parser.add_argument("--newer", type=Path, required=True, help="the folder of the newer version")
    parser.add_argument("--operator", type=Path, required=True, help="the binary latchstring")
    parser.add_argument("--only", default="", help="the kinds whose names contain this")
    parser.add_argument("--logs", type=Path, required=True, help="a folder")
    arguments = parser.parse_args()
    arguments.logs.mkdir(parents=True, exist_ok=True)
    older, newer = Version("older", arguments.older), Version("newer", arguments.newer)

    with ministack(arguments.logs / "upgrade.txt") as endpoint:
        emulated = Emulated(endpoint)
        s3 = emulated.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        for version in (older, newer):
            for zipped in sorted(version.folder.glob("*.zip")):
                s3.upload_file(str(zipped), BUCKET, f"{version.name}/{zipped.name}")
        emulated.client("ses").verify_email_identity(EmailAddress=SENDER)
        deployment = Deployment(emulated, arguments.operator)
        names = [STACK, SESSION_STACK] if "sessions" in older.features else [STACK]
        deployment.install(older, *names)
        step(f"the older version deployed: {', '.join(sorted(older.features))}")
        if "events" in older.features:
            subscribe(deployment)
        print("the upgrade:")
        failed = round_trip(deployment, older, newer, lambda: deployment.install(newer, *names), arguments.only)
        deployment.self_tests(newer)
        print("the way back:")
        if {"aliases"} <= older.features & newer.features:
            back = lambda: deployment.roll_back(names)  # noqa: E731
        else:
            back = lambda: deployment.install(older, *names)  # noqa: E731
        failed += round_trip(deployment, newer, older, back, arguments.only)
    print(f"{failed} failed" if failed else "nothing was lost")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
