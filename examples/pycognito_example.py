"""pycognito: the tokens of a sign-in by boto3, verified, read and renewed."""

import uuid

import requests
from boto3_example import answer, config, read_code, sign_in
from botocore import UNSIGNED
from botocore.config import Config
from pycognito import Cognito


# docs: pycognito
def signed_in(tokens):
    """The user whose tokens these are."""
    user = Cognito(
        config["userPoolId"],
        config["clientId"],
        user_pool_region=config["region"],
        id_token=tokens["IdToken"],
        access_token=tokens["AccessToken"],
        refresh_token=tokens["RefreshToken"],
        botocore_config=Config(signature_version=UNSIGNED),  # no AWS credentials are needed
        boto3_client_kwargs={"endpoint_url": config["endpoint"]},  # for the local service only
    )
    # For the local service only: its tokens name AWS as their issuer, and it has the keys.
    user.pool_domain_url = None
    keys = f"{config['endpoint']}/{config['userPoolId']}/.well-known/jwks.json"
    user.pool_jwk = requests.get(keys, timeout=15).json()
    user.verify_tokens()
    return user


# end


def main():
    given = {"emailOrPhone": f"{uuid.uuid4()}@example.com", "method": "EMAIL"}
    tokens, _ = answer(given, sign_in(**given), read_code(given["emailOrPhone"]))
    user = signed_in(tokens)
    assert user.id_claims["email"] == given["emailOrPhone"]
    assert user.get_user().email == given["emailOrPhone"]
    # By REFRESH_TOKEN_AUTH, which a client with rotation does not have.
    user.renew_access_token()
    assert user.access_token != tokens["AccessToken"]
    user.verify_tokens()
    user.logout()


if __name__ == "__main__":
    main()
