"""boto3: signIn gives a session, and boto3 answers it."""

import json
import os
import urllib.request
import uuid

import boto3
from botocore import UNSIGNED
from botocore.config import Config

SERVICE = os.environ.get("LATCHSTRING_URL", "http://127.0.0.1:4180")


def get(path):
    with urllib.request.urlopen(SERVICE + path, timeout=20) as response:
        return json.load(response)


# In production these are your stack's outputs.
config = get("/config.json")

# docs: boto3
cognito = boto3.client(
    "cognito-idp",
    region_name=config["region"],
    endpoint_url=config["endpoint"],  # for the local service only
    config=Config(signature_version=UNSIGNED),  # no AWS credentials are needed
)


def sign_in(**given):
    """Has a code sent; with `proof` it makes the account instead."""
    query = "mutation ($input: SignInInput!) { signIn(input: $input) { session username } }"
    body = json.dumps({"query": query, "variables": {"input": given}}).encode()
    headers = {"content-type": "application/json", "x-api-key": config["apiKey"]}
    request = urllib.request.Request(config["graphqlUrl"], body, headers)
    with urllib.request.urlopen(request, timeout=20) as response:
        reply = json.load(response)
    if reply.get("errors"):
        raise RuntimeError(reply["errors"][0]["errorType"])
    return reply["data"]["signIn"]


def respond(challenge, answer, **metadata):
    return cognito.respond_to_auth_challenge(
        ClientId=config["clientId"],
        ChallengeName="CUSTOM_CHALLENGE",
        Session=challenge["session"],  # each reply brings a new one
        ChallengeResponses={"USERNAME": challenge["username"], "ANSWER": answer},
        ClientMetadata=metadata,
    )


def answer(given, challenge, code):
    """Answers with the code: tokens, or the challenge to go on with."""
    reply = respond(challenge, code)
    if "AuthenticationResult" in reply:
        return reply["AuthenticationResult"], None
    if reply["ChallengeParameters"]["step"] != "claim":
        return None, {**challenge, "session": reply["Session"]}
    proof = reply["ChallengeParameters"]["proof"]
    claimed = respond(sign_in(**given, proof=proof), proof)
    return claimed["AuthenticationResult"], None


# end


def read_code(to):
    return next(message["code"] for message in get("/inbox.json") if message["to"] == to)


def refused(call):
    try:
        call()
    except cognito.exceptions.NotAuthorizedException:
        return True
    return False


def main():
    given = {"emailOrPhone": f"{uuid.uuid4()}@example.com", "method": "EMAIL"}
    for time in ["first", "second"]:
        asked = sign_in(**given)
        code = read_code(given["emailOrPhone"])
        wrong = ("2" if code[0] == "1" else "1") + code[1:]
        tokens, again = answer(given, asked, wrong)
        assert tokens is None, "a wrong code gives no tokens"
        assert refused(lambda: respond(asked, code)), "a session is used once"
        resent = respond(again, "resend", action="resend")
        assert resent["ChallengeParameters"]["attemptsLeft"] == "2", "a resend costs no attempt"
        tokens, _ = answer(given, {**asked, "session": resent["Session"]}, code)

        person = cognito.get_user(AccessToken=tokens["AccessToken"])
        attributes = {item["Name"]: item["Value"] for item in person["UserAttributes"]}
        assert attributes["email"] == given["emailOrPhone"], f"the {time} sign-in"
        assert attributes["email_verified"] == "true"

        def renew():
            return cognito.get_tokens_from_refresh_token(
                ClientId=config["clientId"], RefreshToken=tokens["RefreshToken"]
            )

        assert renew()["AuthenticationResult"]["AccessToken"] != tokens["AccessToken"]
        by_flow = cognito.initiate_auth(
            ClientId=config["clientId"],
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"]},
        )
        assert "AuthenticationResult" in by_flow

        if time == "first":
            cognito.revoke_token(ClientId=config["clientId"], Token=tokens["RefreshToken"])
        else:
            cognito.global_sign_out(AccessToken=tokens["AccessToken"])
        assert refused(renew), "signed out"


if __name__ == "__main__":
    main()
