"""The scenarios of the HTTP API, in session mode and without, for the local service and a deployed stack."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from http_person import COOKIE, Caller
from person import wrong
from scenarios import Checks, Scenario
from sites import Reply, Site


def kind(reply: Reply) -> tuple[int, str]:
    """The status of a problem and its name. API Gateway has no name for its own."""
    return reply.status, reply.body.get("type", "").rpartition(":")[2]


def account(site: Site, username: str) -> dict[str, str]:
    """The attributes of an account, as an administrator reads them."""
    user = site.cognito.admin_get_user(UserPoolId=site.pool, Username=username)
    return {a["Name"]: a["Value"] for a in user["UserAttributes"]}


def owner(site: Site, caller: Caller) -> dict[str, str]:
    """The attributes of the account of tokens, as Cognito returns them to its owner."""
    user = site.cognito.get_user(AccessToken=caller.tokens["accessToken"])
    return {a["Name"]: a["Value"] for a in user["UserAttributes"]}


def first_sign_in(site: Site, check: Checks) -> None:
    caller = Caller(site)
    prompt = caller.begins("sign-in", " Margaret@Example.com")
    prompt.contact = "margaret@example.com"
    check("a prompt", (prompt.reply.status, prompt.reply.body.get("codeLength")), (200, 6))
    check("messages sent", len(site.messages(prompt.contact)), 1)
    mistyped = prompt.answers(wrong(prompt.code))
    check("a wrong code", (mistyped.body["status"], mistyped.body["attemptsLeft"]), ("wrong", 2))
    right = prompt.answers(prompt.code)
    check("the right one", (right.status, right.body["status"]), (200, "signed_in"))
    check("makes the account", right.body["isNew"], True, ministack=("ghosts", False))
    check("no cookie", right.cookies, [])
    found = owner(site, caller)
    check("with the address", (found["email"], found["email_verified"].lower()), ("margaret@example.com", "true"))
    again = Caller(site)
    check("a second sign-in", again.signs_in("margaret@example.com").body["isNew"], False)
    check("opens the same account", owner(site, again)["sub"], found["sub"])


def sign_up(site: Site, check: Checks) -> None:
    caller = Caller(site)
    caller.signs_in("+14155550143")
    prompt = caller.begins("sign-up", "radia@example.com", givenName="Radia", familyName="Perlman")
    check("a prompt", prompt.reply.status, 200)
    pending = caller.call("GET", "contacts/pending?method=email")
    check("waiting", pending.body["pending"], {"method": "email", "state": "waiting"})
    check("the right code", prompt.answers(prompt.code).body["status"], "signed_in")
    found = owner(site, caller)
    check("the address", (found.get("email"), found.get("email_verified", "").lower()), ("radia@example.com", "true"))
    check("the names", (found.get("given_name"), found.get("family_name")), ("Radia", "Perlman"))
    check("the number stays", found.get("phone_number"), "+14155550143")


def change_of_address(site: Site, check: Checks) -> None:
    caller = Caller(site)
    caller.signs_in("frances@example.com")
    prompt = caller.begins("contacts/change", "allen@example.org")
    check("a prompt", prompt.reply.status, 200)
    check("a wrong code", prompt.answers(wrong(prompt.code)).body["status"], "wrong")
    check("the old address still stands", owner(site, caller)["email"], "frances@example.com")
    check("the right code", prompt.answers(prompt.code).body["status"], "signed_in")
    check("the new address", owner(site, caller)["email"], "allen@example.org")
    check("the old address is notified", site.messages("frances@example.com")[0].code, None)


def refusals(site: Site, check: Checks) -> None:
    caller = Caller(site)
    check("no address", kind(caller.call("POST", "sign-in", {"emailOrPhone": "x"})), (400, "InvalidIdentifier"))
    # API Gateway's authorizer, before the function.
    check("a change without a token", caller.begins("contacts/change", "a@example.com").reply.status, 401)
    caller.tokens = {"accessToken": "not.a.token"}
    check("a forged token", caller.begins("contacts/change", "a@example.com").reply.status, 401)
    check("no browser sessions", Caller(site).call("GET", "session").status, 404)


def attributes(cookie: str) -> set[str]:
    return {part.strip() for part in cookie.split(";")[1:]}


def a_browser_signs_in(site: Site, check: Checks) -> None:
    page = Caller(site, is_page=True)
    check("no session yet", kind(page.call("GET", "session")), (401, "NotSignedIn"))
    opened = page.signs_in("hedy@example.com")
    check("the answer", (opened.status, opened.body["status"]), (200, "session_opened"))
    check("no token in it", "tokens" in opened.body or "accessToken" in str(opened.body), False)
    [cookie] = opened.cookies
    check("the cookie", cookie.split("=")[0], COOKIE)
    expected = {"Path=/", "Secure", "HttpOnly", "SameSite=Lax", f"Max-Age={opened.body['expiresIn']}"}
    check("its attributes", attributes(cookie), expected)
    session = page.call("GET", "session")
    check("the session", session.status, 200)
    found = account(site, session.body["username"])
    check("its account", (found["sub"], found["email"]), (session.body["sub"], "hedy@example.com"))


def a_page_of_another_site(site: Site, check: Checks) -> None:
    page = Caller(site, is_page=True)
    page.signs_in("joy@example.com")
    foreign = page.call("POST", "sign-out", {}, sec_fetch_site="cross-site")
    check("cannot sign a user out", kind(foreign), (403, "Forbidden"))
    plain = Caller(site, cookie=page.cookie)
    check("nor by a form, without the header", kind(plain.call("POST", "sign-out", {})), (403, "Forbidden"))
    check("the session stays", page.call("GET", "session").status, 200)


def the_apps_server(site: Site, check: Checks) -> None:
    page = Caller(site, is_page=True)
    page.signs_in("annie@example.com")
    check("a script gets no token", kind(page.call("GET", "session/token")), (403, "Forbidden"))
    guessed = page.call("GET", "session/token", x_latchstring_server="x" * 64)
    check("nor with a wrong credential", kind(guessed), (403, "Forbidden"))
    if site.credential is None:
        return
    given = page.call("GET", "session/token", x_latchstring_server=site.credential)
    check("the server gets one", given.status, 200)
    user = site.cognito.get_user(AccessToken=given.body["accessToken"])
    check("of the session", user["Username"], page.call("GET", "session").body["username"])
    check("and no session without a cookie", kind(Caller(site).call("GET", "session/token", x_latchstring_server=site.credential)), (401, "NotSignedIn"))


def a_session_signs_up_and_changes(site: Site, check: Checks) -> None:
    page = Caller(site, is_page=True)
    page.signs_in("+14155550144")
    username = page.call("GET", "session").body["username"]
    prompt = page.begins("sign-up", "shafi@example.com", givenName="Shafi", familyName="Goldwasser")
    check("a sign-up by the cookie", prompt.reply.status, 200)
    before = page.cookie
    check("the right code", prompt.answers(prompt.code).body["status"], "session_opened")
    check("opens another session", page.cookie == before, False)
    check("and ends the one before", kind(Caller(site, cookie=before).call("GET", "session")), (401, "NotSignedIn"))
    found = account(site, username)
    check("the address", (found.get("email"), found.get("given_name")), ("shafi@example.com", "Shafi"))
    prompt = page.begins("contacts/change", "goldwasser@example.org")
    check("a change by the cookie", prompt.reply.status, 200)
    check("its code", prompt.answers(prompt.code).body["status"], "session_opened")
    check("the new address", account(site, username)["email"], "goldwasser@example.org")


def the_list_and_sign_out(site: Site, check: Checks) -> None:
    first, second = Caller(site, is_page=True), Caller(site, is_page=True)
    first.signs_in("lynn@example.com")
    second.signs_in("lynn@example.com")
    sessions: list[dict[str, Any]] = second.call("GET", "sessions").body["sessions"]
    check("two sessions", sorted(it["isCurrent"] for it in sessions), [False, True])
    check("their browsers", sessions[0]["browsers"], [{"family": "firefox", "system": "linux"}])
    [other] = [it["handle"] for it in sessions if not it["isCurrent"]]
    check("one ends the other", second.call("POST", "sessions/revoke", {"handle": other}).status, 204)
    gone = first.call("GET", "session")
    check("which is gone", kind(gone), (401, "NotSignedIn"))
    check("and keeps its dead cookie", gone.cookies, [])
    kept = second.cookie
    check("a sign-out", second.call("POST", "sign-out", {}).status, 204)
    check("clears the cookie", second.cookie, None)
    check("which is of no use", kind(Caller(site, cookie=kept).call("GET", "session")), (401, "NotSignedIn"))
    first.signs_in("lynn@example.com")
    second.signs_in("lynn@example.com")
    check("a sign-out everywhere", first.call("POST", "sign-out", {"everywhere": True}).status, 204)
    check("ends the other too", kind(second.call("GET", "session")), (401, "NotSignedIn"))


def the_clients_secret(site: Site, check: Checks) -> None:
    """A call with the client's id alone."""
    Caller(site, is_page=True).signs_in("whitfield@example.com")
    try:
        site.cognito.initiate_auth(
            ClientId=site.client, AuthFlow="CUSTOM_AUTH", AuthParameters={"USERNAME": "whitfield@example.com"}
        )
        seen = "a challenge"
    except ClientError as error:
        seen = error.response["Error"]["Code"]
    check("starts no flow", seen, "NotAuthorizedException")


HTTP: list[tuple[str, Scenario]] = [
    ("by HTTP: a first sign-in and a second", first_sign_in),
    ("by HTTP: a sign-up", sign_up),
    ("by HTTP: a change of address", change_of_address),
    ("by HTTP: refusals", refusals),
]

SESSION_MODE: list[tuple[str, Scenario]] = [
    ("a browser signs in", a_browser_signs_in),
    ("a page of another site", a_page_of_another_site),
    ("the app's own server", the_apps_server),
    ("a session signs up and changes its address", a_session_signs_up_and_changes),
    ("the list of sessions, and sign-out", the_list_and_sign_out),
    ("Cognito without the client's secret", the_clients_secret),
]
