"""The HTTP door by requests: no SDK, no key."""

import os
import uuid

import requests

url = os.environ.get("LATCHSTRING_URL", "http://127.0.0.1:4180")


# docs: http-door-python
class Problem(Exception):
    """A problem of the door: its name, and all of its members."""

    def __init__(self, members):
        super().__init__(members.get("detail"))
        self.name = members.get("type", "").rpartition(":")[2]
        self.members = members


def call(path, body, access_token=None):
    headers = {"authorization": f"Bearer {access_token}"} if access_token else {}
    response = requests.post(f"{url}/v1/{path}", json=body, headers=headers, timeout=30)
    reply = response.json() if response.content else {}
    if not response.ok:
        raise Problem(reply)
    return reply


def sign_in(email_or_phone):
    """Has a code sent. Keep the result until it is answered: it continues in a new process, too."""
    return {"emailOrPhone": email_or_phone, **call("sign-in", {"emailOrPhone": email_or_phone})}


def change_contact(access_token, email_or_phone):
    """Has a code sent to a new contact. It is answered like a sign-in."""
    given = {"emailOrPhone": email_or_phone}
    return {**given, **call("contacts/change", given, access_token)}


def proceed(path, pending, **body):
    """A call in a sign-in: each reply has the continuation for the next one, a problem perhaps."""
    try:
        pending.update(call(path, {"continuation": pending["continuation"], **body}))
    except Problem as problem:
        pending["continuation"] = problem.members.get("continuation", pending["continuation"])
        raise
    return pending


def answer(pending, code):
    """Answers with the code: `tokens` if it was right, which makes the account, too."""
    return proceed("sign-in/answer", pending, answer=code)


def resend(pending):
    """Has the same code sent once more, if `resendAfter` seconds have passed."""
    return proceed("sign-in/resend", pending)


def resume(pending):
    """Goes on with the same code after `InvalidContinuation`. Nothing is sent."""
    given = {name: pending[name] for name in ("emailOrPhone", "resume")}
    return {**given, **call("sign-in", given)}


# end


def read_code(to):
    inbox = requests.get(f"{url}/inbox.json", timeout=30).json()
    return next(message["code"] for message in inbox if message["to"] == to)


def refused(work, *given):
    try:
        work(*given)
    except Problem as problem:
        return problem.name
    return None


def main():
    address, other = (f"{uuid.uuid4()}@example.com" for _ in range(2))
    for is_new in [True, False]:
        pending = sign_in(address)
        code = read_code(address)
        wrong = ("2" if code[0] == "1" else "1") + code[1:]
        assert answer(pending, wrong)["attemptsLeft"] == 2
        resend(pending)
        resumed = resume(pending)
        used = dict(resumed)
        assert answer(resumed, code)["isNew"] is is_new
        assert refused(answer, used, code) == "InvalidContinuation"
    token = resumed["tokens"]["accessToken"]
    change = change_contact(token, other)
    assert answer(change, read_code(other))["status"] == "signed_in"
    assert refused(change_contact, token, "nonsense") == "InvalidIdentifier"


if __name__ == "__main__":
    main()
