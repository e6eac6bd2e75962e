"""Deploys the packages on a third-party emulator, and signs in there.

The same scenarios are played at the local service. Started by `cargo xtask deploy-check`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3

from emulator import ministack
from play import play
from sites import CONFIG, CREDENTIALS, Local, Ministack

REGION = "us-east-1"
STACK = "latchstring"
TEMPLATE = "latchstring.template.json"
BUCKET = "latchstring-packages"
PREFIX = "v1/"
SENDER = "codes@example.com"


def step(text: str) -> None:
    print(f"  {text}", flush=True)


class Emulated:
    """The clients of one emulator."""

    def __init__(self, endpoint: str):
        self.endpoint = endpoint

    def client(self, service: str) -> Any:
        return boto3.client(
            service, endpoint_url=self.endpoint, region_name=REGION, config=CONFIG, **CREDENTIALS
        )


def deploy(emulated: Emulated, packages: Path) -> dict[str, str]:
    """Deploys the stack and returns its outputs."""
    s3 = emulated.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    zips = sorted(packages.glob("*.zip"))
    for zipped in zips:
        s3.upload_file(str(zipped), BUCKET, PREFIX + zipped.name)
    template = json.loads((packages / TEMPLATE).read_text())
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Cognito::UserPool":
            # AWS makes temporary passwords that its policy allows, the emulator 12 characters.
            resource["Properties"]["Policies"]["PasswordPolicy"]["MinimumLength"] = 12
    s3.put_object(Bucket=BUCKET, Key=TEMPLATE, Body=json.dumps(template).encode())
    step(f"{len(zips)} packages and the template uploaded")

    emulated.client("ses").verify_email_identity(EmailAddress=SENDER)
    step("the sender verified")

    stacks = emulated.client("cloudformation")
    stacks.create_stack(
        StackName=STACK,
        TemplateURL=f"{emulated.endpoint}/{BUCKET}/{TEMPLATE}",
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value}
            for name, value in {
                "Bucket": BUCKET,
                "Prefix": PREFIX,
                "ApiKeyExpires": str(int(time.time()) + 30 * 86400),
                "EmailFromAddress": SENDER,
                "SmsCountries": "US",
            }.items()
        ],
    )
    stacks.get_waiter("stack_create_complete").wait(
        StackName=STACK, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    stack = stacks.describe_stacks(StackName=STACK)["Stacks"][0]
    resources = stacks.describe_stack_resources(StackName=STACK)["StackResources"]
    step(f"the stack created: {len(resources)} resources")

    # It reports missing users whatever the client says.
    functions = emulated.client("lambda")
    sign_in = f"{STACK}-sign-in"
    for resource in resources:
        name = resource["PhysicalResourceId"]
        if resource["ResourceType"] != "AWS::Lambda::Function" or not name.startswith(STACK):
            continue
        environment = functions.get_function_configuration(FunctionName=name)["Environment"]
        environment["Variables"]["UNDO_HOURS"] = "0"
        if name == sign_in:
            environment["Variables"]["LEGACY_POOL"] = "true"
        functions.update_function_configuration(FunctionName=name, Environment=environment)
    step("sign-in configured for a pool that reports missing users, as this emulator's does")
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


@contextlib.contextmanager
def local_service(binary: Path, log: Path) -> Iterator[str]:
    """Runs the local service and yields its address."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [binary, "--port", "0"], stdout=subprocess.PIPE, stderr=output, text=True
        )
        assert process.stdout
        try:
            line = next(line for line in process.stdout if "http://" in line)
            yield "http://" + line.split("http://")[1].split()[0]
        finally:
            process.terminate()
            process.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages", type=Path, required=True)
    parser.add_argument("--local", type=Path, required=True, help="the local service's binary")
    parser.add_argument("--logs", type=Path, required=True, help="a folder")
    arguments = parser.parse_args()
    arguments.logs.mkdir(parents=True, exist_ok=True)

    print("ministack, an emulator of AWS:")
    with ministack(arguments.logs / "ministack.txt") as endpoint:
        step(f"started on {endpoint}")
        emulated = Emulated(endpoint)
        outputs = deploy(emulated, arguments.packages)
        deployed = play(Ministack(endpoint, REGION, outputs))
    print("the local service:")
    with local_service(arguments.local, arguments.logs / "local.txt") as url:
        step(f"started on {url}")
        local = play(Local(url))
    return 0 if deployed and local else 1


if __name__ == "__main__":
    sys.exit(main())
