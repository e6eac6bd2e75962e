"""The work of Create: the key ring once, the conditional writes of a charge and a flow, one mail."""

import base64
import hashlib
import hmac
import json
import os

import boto3

dynamodb = boto3.client("dynamodb")
secrets = boto3.client("secretsmanager")
ses = boto3.client("ses")
table = os.environ.get("TABLE_NAME", "latchstring")
updates = int(os.environ["UPDATES"])
key = None


def count(pk):
    dynamodb.update_item(
        TableName=table,
        Key={"pk": {"S": pk}},
        UpdateExpression="ADD #count :one",
        ConditionExpression="attribute_not_exists(#count) OR #count < :limit",
        ExpressionAttributeNames={"#count": "count"},
        ExpressionAttributeValues={":one": {"N": "1"}, ":limit": {"N": "5"}},
    )


def write(pk):
    dynamodb.put_item(
        TableName=table,
        Item={"pk": {"S": pk}, "ttl": {"N": "2000000000"}},
        ConditionExpression="attribute_not_exists(pk)",
    )


def handler(event, _context):
    global key
    if key is None:
        secret = secrets.get_secret_value(SecretId="ring")["SecretString"]
        key = base64.b64decode(json.loads(secret)["current"]["secret"])
    flow = os.urandom(16).hex()
    ticket = event["request"]["clientMetadata"]["ticket"].encode()
    counter = hmac.new(key, ticket, hashlib.sha256).hexdigest()
    for update in range(updates):
        count(f"{update}#{counter}")
    write("flow#" + flow)
    digest = hmac.new(key, flow.encode(), hashlib.sha256).digest()
    code = f"{int.from_bytes(digest[:4], 'big') % 1_000_000:06}"
    ses.send_email(
        Source="codes@example.org",
        Destination={"ToAddresses": [event["request"]["userAttributes"]["email"]]},
        Message={
            "Subject": {"Charset": "UTF-8", "Data": "Your sign-in code"},
            "Body": {
                "Text": {"Charset": "UTF-8", "Data": f"Your code is {code}."},
                "Html": {"Charset": "UTF-8", "Data": f"<p>Your code is <b>{code}</b>.</p>"},
            },
        },
    )
    event["response"] = {
        "publicChallengeParameters": {"step": "otp"},
        "privateChallengeParameters": {"challenge": flow},
        "challengeMetadata": flow,
    }
    return event
