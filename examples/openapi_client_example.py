"""The HTTP door by a client that openapi-python-client generated from docs/openapi.json."""

import os
import uuid

import requests
from latchstring_client import AuthenticatedClient, Client
from latchstring_client.api.account import change_contact, get_pending_contact
from latchstring_client.api.sign_in import answer_code, resend_code, sign_in
from latchstring_client.models import (
    AnswerRequest,
    ContactChangeRequest,
    ContactMethod,
    Problem,
    ResendRequest,
    SignedIn,
    SignInRequest,
)

url = os.environ.get("LATCHSTRING_URL", "http://127.0.0.1:4180")


# docs: openapi-client
door = Client(base_url=url)


class Refused(Exception):
    """A problem of the door: the last part of its type is its name."""

    def __init__(self, problem):
        super().__init__(problem.detail)
        self.name = problem.type_.rpartition(":")[2]
        self.problem = problem


def done(reply):
    if isinstance(reply, Problem):
        raise Refused(reply)
    return reply


def begin(email_or_phone):
    """Has a code sent; the result has the continuation for the answer."""
    return done(sign_in.sync(client=door, body=SignInRequest(email_or_phone=email_or_phone)))


def resend(continuation):
    """Has the same code sent once more, if its time has come."""
    return done(resend_code.sync(client=door, body=ResendRequest(continuation=continuation)))


def answer(continuation, code):
    """Answers with the code: `SignedIn`, or `WrongAnswer` with the next continuation."""
    body = AnswerRequest(continuation=continuation, answer=code)
    return done(answer_code.sync(client=door, body=body))


def change(tokens, email_or_phone):
    """Has a code sent to a new contact. It is answered like a sign-in."""
    account = AuthenticatedClient(base_url=url, token=tokens.access_token)
    body = ContactChangeRequest(email_or_phone=email_or_phone)
    return done(change_contact.sync(client=account, body=body))


# end


def read_code(to):
    inbox = requests.get(f"{url}/inbox.json", timeout=30).json()
    return next(message["code"] for message in inbox if message["to"] == to)


def refused(work, *given):
    try:
        work(*given)
    except Refused as error:
        return error.name
    return None


def main():
    address, other = (f"{uuid.uuid4()}@example.com" for _ in range(2))
    for is_new in [True, False]:
        prompt = begin(address)
        code = read_code(address)
        assert len(code) == prompt.code_length
        wrong = answer(prompt.continuation, ("2" if code[0] == "1" else "1") + code[1:])
        assert wrong.attempts_left == 2
        prompt = resend(wrong.continuation)
        signed_in = answer(prompt.continuation, code)
        assert isinstance(signed_in, SignedIn)
        assert signed_in.is_new is is_new
        assert refused(answer, prompt.continuation, code) == "InvalidContinuation"

    prompt = change(signed_in.tokens, other)
    assert isinstance(answer(prompt.continuation, read_code(other)), SignedIn)
    account = AuthenticatedClient(base_url=url, token=signed_in.tokens.access_token)
    found = done(get_pending_contact.sync(client=account, method=ContactMethod.EMAIL))
    assert found.pending.state.value == "done"
    assert begin(other).continuation
    assert refused(begin, "nonsense") == "InvalidIdentifier"
    assert refused(change, signed_in.tokens, "nonsense") == "InvalidIdentifier"


if __name__ == "__main__":
    main()
