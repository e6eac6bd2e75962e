"""A user without an account in Cognito's exchange.

Cognito runs the triggers for missing users too, and ministack does not. Here the exchange for such a user is
played as Cognito plays it: with the functions of the pool, by the events that Cognito sends.
"""

from __future__ import annotations

import json
from typing import Any

from person import Person, method_of


class Exchange:
    """One session of a contact that no account holds. Its username is any text of the caller."""

    def __init__(self, person: Person, functions: Any, contact: str, ticket: dict[str, str]):
        self.person = person
        self.contact = contact
        self._functions = functions
        self._username = ticket["username"]
        self._session: list[dict[str, Any]] = []
        self._challenge: dict[str, Any] = {}
        self.parameters: dict[str, str] = {}
        assert self._next({}) == "select"
        chosen = {"method": method_of(contact).lower(), "ticket": ticket["ticket"]}
        assert self.answers("-", chosen) == "otp"

    @property
    def code(self) -> str:
        return self.person.site.messages(self.contact)[0].code or "no code"

    def answers(self, answer: str, metadata: dict[str, str] | None = None) -> str:
        """Returns the next step, or Cognito's error."""
        request = {"privateChallengeParameters": self._challenge["privateChallengeParameters"]}
        request |= {"challengeAnswer": answer, "clientMetadata": metadata or {}}
        verdict = self._invoke("VerifyAuthChallengeResponse", request)
        self._session.append(
            {
                "challengeName": "CUSTOM_CHALLENGE",
                "challengeResult": verdict["answerCorrect"],
                "challengeMetadata": self._challenge["challengeMetadata"],
            }
        )
        return self._next(metadata or {})

    def _next(self, metadata: dict[str, str]) -> str:
        request = {"session": self._session} | ({"clientMetadata": metadata} if metadata else {})
        decided = self._invoke("DefineAuthChallenge", request)
        assert not decided["issueTokens"], "tokens for a user without an account"
        if decided["failAuthentication"]:
            return "NotAuthorizedException"
        self._challenge = self._invoke("CreateAuthChallenge", request | {"challengeName": "CUSTOM_CHALLENGE"})
        self.parameters = self._challenge["publicChallengeParameters"]
        return self.parameters["step"]

    def _invoke(self, trigger: str, request: dict[str, Any]) -> dict[str, Any]:
        event = {
            "version": "1",
            "region": "us-east-1",
            "userPoolId": self.person.site.pool,
            "userName": self._username,
            "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": self.person.site.client},
            "triggerSource": f"{trigger}_Authentication",
            "request": {"userAttributes": {}, "userNotFound": True} | request,
            "response": {},
        }
        # An update may change what the pool names.
        pool = self.person.site.cognito.describe_user_pool(UserPoolId=self.person.site.pool)["UserPool"]
        function = pool["LambdaConfig"][trigger]
        reply = self._functions.invoke(FunctionName=function, Payload=json.dumps(event))
        answer = json.load(reply["Payload"])
        if "FunctionError" in reply:
            raise RuntimeError(f"{trigger} failed")
        return answer["response"]
