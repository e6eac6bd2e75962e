"""Deploys the packages on a third-party emulator, and signs in there.

The same scenarios are played at the local service. Started by `cargo xtask deploy-check`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3

from emulator import ministack
from guide import Guide
from http_scenarios import SESSION_MODE
from play import play
from sites import CONFIG, CREDENTIALS, Local, Ministack

REGION = "us-east-1"
#: The stacks, each of its template.
STACK = "latchstring"
SESSION_STACK = "latchstring-session-mode"
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


def prepare(emulated: Emulated, packages: Path) -> None:
    """Uploads the packages, and verifies the sender."""
    s3 = emulated.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    zips = sorted(packages.glob("*.zip"))
    for zipped in zips:
        s3.upload_file(str(zipped), BUCKET, PREFIX + zipped.name)
    step(f"{len(zips)} packages uploaded")
    emulated.client("ses").verify_email_identity(EmailAddress=SENDER)
    step("the sender verified")


def statements(resource: dict[str, Any]) -> list[dict[str, Any]]:
    """The statements of a role's own policy, or of one that is tied to roles, also those on a condition."""
    properties = resource["Properties"]
    found = []
    if resource["Type"] == "AWS::IAM::Role":
        found = [it for policy in properties.get("Policies", []) for it in policy["PolicyDocument"]["Statement"]]
    if resource["Type"] == "AWS::IAM::Policy":
        found = properties["PolicyDocument"]["Statement"]
    parts = [part for it in found for part in it.get("Fn::If", ["", it])[1:]]
    return [part for part in parts if "Action" in part]


def plain(alarm: dict[str, Any]) -> None:
    """Makes an alarm on an expression one on its first metric."""
    metrics = [it["MetricStat"] for it in alarm.pop("Metrics") if "MetricStat" in it]
    first = metrics[0]
    alarm |= first["Metric"] | {"Period": first["Period"]}
    alarm["Statistic" if first["Stat"][0].isupper() else "ExtendedStatistic"] = first["Stat"]


def adapt(template: dict[str, Any]) -> None:
    """Changes what this emulator does otherwise than AWS."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]:
            # It computes no expression.
            plain(resource["Properties"])
        if resource["Type"] == "AWS::Cognito::UserPool":
            # AWS makes temporary passwords that its policy allows, the emulator 12 characters.
            resource["Properties"]["Policies"]["PasswordPolicy"]["MinimumLength"] = 12
        if resource["Type"] == "AWS::Cognito::UserPoolClient":
            # A parameter of the type Number is a text there, which no SDK reads as a number.
            life = resource["Properties"].get("RefreshTokenValidity")
            if isinstance(life, dict):
                resource["Properties"]["RefreshTokenValidity"] = int(template["Parameters"][life["Ref"]]["Default"])
        for statement in statements(resource):
            # It knows neither dynamodb:LeadingKeys nor ses:FromAddress, so that no condition holds.
            statement.pop("Condition", None)
            if statement["Action"] == "ses:SendEmail":
                # It does not find the identity of a mail.
                statement["Resource"] = "*"
            if statement["Action"] == "secretsmanager:GetSecretValue":
                # A reference to a secret is its name there.
                found = statement["Resource"]
                found = found if isinstance(found, list) else [found]
                statement["Resource"] = [{"Fn::GetAtt": [secret["Ref"], "Id"]} for secret in found]


def template_of_guide(packages: Path) -> str:
    """The template that the commands of the pages deploy. It has what `deploy` sets afterwards."""
    template = json.loads((packages / f"{STACK}.template.json").read_text())
    adapt(template)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            variables = resource["Properties"]["Environment"]["Variables"]
            variables["UNDO_HOURS"] = "0"
            if json.dumps(resource["Properties"]["FunctionName"]).endswith('-sign-in"]]}'):
                variables["LEGACY_POOL"] = "true"
    return json.dumps(template)


def deploy(emulated: Emulated, packages: Path, name: str, more: dict[str, str]) -> dict[str, str]:
    """Deploys a stack, by the template of its name and with these parameters too, and returns its outputs."""
    s3 = emulated.client("s3")
    file = f"{name}.template.json"
    template = json.loads((packages / file).read_text())
    adapt(template)
    s3.put_object(Bucket=BUCKET, Key=file, Body=json.dumps(template).encode())

    stacks = emulated.client("cloudformation")
    stacks.create_stack(
        StackName=name,
        TemplateURL=f"{emulated.endpoint}/{BUCKET}/{file}",
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value}
            for key, value in {
                "Bucket": BUCKET,
                "Prefix": PREFIX,
                "EmailFromAddress": SENDER,
                "SmsCountries": "US",
                **more,
            }.items()
        ],
    )
    stacks.get_waiter("stack_create_complete").wait(
        StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    stack = stacks.describe_stacks(StackName=name)["Stacks"][0]
    resources = stacks.describe_stack_resources(StackName=name)["StackResources"]
    step(f"the stack {name} created: {len(resources)} resources")

    # It reports missing users whatever the client says.
    functions = emulated.client("lambda")
    for resource in resources:
        function = resource["PhysicalResourceId"]
        if resource["ResourceType"] != "AWS::Lambda::Function" or not function.startswith(name):
            continue
        environment = functions.get_function_configuration(FunctionName=function)["Environment"]
        environment["Variables"]["UNDO_HOURS"] = "0"
        if function == f"{name}-sign-in":
            environment["Variables"]["LEGACY_POOL"] = "true"
        functions.update_function_configuration(FunctionName=function, Environment=environment)
    step("sign-in configured for a pool that reports missing users, as this emulator's does")
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def secret_of(emulated: Emulated, arn: str) -> str:
    return emulated.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]


def access(emulated: Emulated) -> dict[str, str]:
    """The variables by which the program reaches the emulator."""
    found = {"AWS_ENDPOINT_URL": emulated.endpoint, "AWS_REGION": REGION}
    return found | {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def diagnose(emulated: Emulated, doctor: Path, pool: str, client: str, *options: str) -> dict[str, str]:
    """The states that the doctor reports, by the check."""
    command = [doctor, "doctor", "--user-pool", pool, "--client", client, "--json", *options]
    report = json.loads(subprocess.run(command, env=access(emulated), capture_output=True, text=True).stdout)
    return {it["check"]: it["state"] for it in report["findings"]}


def findings(emulated: Emulated, doctor: Path, pool: str, client: str) -> dict[str, str]:
    """The states that the doctor reports of session mode and of the client's secret, by the check."""
    found = diagnose(emulated, doctor, pool, client)
    return {check: state for check, state in found.items() if check.startswith("session.") or check == "client.secret"}


def examine_deployment(emulated: Emulated, doctor: Path, outputs: dict[str, str]) -> bool:
    """Has the doctor examine all that is behind the functions, as it is and with faults."""
    pool, client = outputs["UserPoolId"], outputs["ClientIds"].split(",")[0]
    expected = {
        "functions.agree": "ok",
        "functions.version": "ok",
        "table.schema": "ok",
        "table.ttl": "ok",
        "table.backup": "note",
        "keys.ring": "ok",
        "keys.age": "ok",
        "api.resolvers": "ok",
        "api.routes": "ok",
        "iam.needed": "ok",
        # The emulator knows no dynamodb:LeadingKeys, and the conditions were removed for it.
        "iam.excess": "leaks",
        # The stack was given no topic.
        "alarms.actions": "fails",
        "waf.pool": "ok",
        "lambda.concurrency": "ok",
        "email.suppressed": "ok",
        "email.mail-from": "note",
        # No resolver listens there.
        "email.dmarc": "unknown",
        "source": "note",
    }
    options = ["--dns", "127.0.0.1:1", "--metric", "DeployCheck"]
    table, ring = outputs["TableName"], outputs["KeyRingSecret"]
    dynamodb, functions = emulated.client("dynamodb"), emulated.client("lambda")
    secrets = emulated.client("secretsmanager")
    # The emulator's CloudFormation leaves the time to live off.
    live = {"AttributeName": "ttl", "Enabled": True}
    dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=live)

    def seen() -> dict[str, str]:
        found = diagnose(emulated, doctor, pool, client, *options)
        return {check: found.get(check, "missing") for check in expected}

    first = seen()
    metrics = emulated.client("cloudwatch").list_metrics(Namespace="DeployCheck")["Metrics"]
    name = f"{STACK}-create-auth-challenge"
    environment = functions.get_function_configuration(FunctionName=name)["Environment"]
    other = {"Variables": environment["Variables"] | {"TABLE_NAME": "another"}}
    functions.update_function_configuration(FunctionName=name, Environment=other)
    stored = secret_of(emulated, ring)
    secrets.put_secret_value(SecretId=ring, SecretString="no ring")
    dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=live | {"Enabled": False})
    broken = seen()
    secrets.put_secret_value(SecretId=ring, SecretString=stored)
    functions.update_function_configuration(FunctionName=name, Environment=environment)
    faults = {"functions.agree": "fails", "keys.ring": "fails", "keys.age": "missing", "table.ttl": "fails"}
    wanted = expected | faults
    differ = [(it, first[it], expected[it]) for it in expected if first[it] != expected[it]]
    differ += [(it, broken[it], wanted[it]) for it in wanted if broken[it] != wanted[it]]
    if differ or len(metrics) != 3:
        step(f"FAILED: the doctor reports (check, seen, expected) {differ}, and {len(metrics)} metrics")
        return False
    step(f"the doctor examines what is behind the functions: {len(expected)} checks, and {len(faults)} of them with faults")
    return True


def left(emulated: Emulated, prefix: str) -> list[str]:
    """The names of resources that begin so."""
    stacks = emulated.client("cloudformation").describe_stacks()["Stacks"]
    found = [it["StackName"] for it in stacks if it["StackStatus"] != "DELETE_COMPLETE"]
    found += [it["Name"] for it in emulated.client("s3").list_buckets()["Buckets"]]
    found += [it["FunctionName"] for it in emulated.client("lambda").list_functions()["Functions"]]
    found += [it["Name"] for it in emulated.client("secretsmanager").list_secrets()["SecretList"]]
    return [name for name in found if name.startswith(prefix)]


def live_check(emulated: Emulated, packages: Path, program: Path) -> bool:
    """Interrupts live-check and resumes it to its end, and interrupts another run. Nothing is left."""
    name, record = "live-check", "latchstring-live-check.json"
    common = [program.absolute(), name, "--dry-run", "--yes"]
    begun = [*common, "--packages", packages.absolute(), "--stack", name]
    with tempfile.TemporaryDirectory() as folder:
        options: dict[str, Any] = {"cwd": folder, "env": access(emulated), "text": True, "stdout": subprocess.PIPE}

        def interrupted(*more: str) -> int:
            with subprocess.Popen([*begun, *more], **options) as process:
                assert process.stdout
                next(line for line in process.stdout if "packages uploaded" in line)
                process.send_signal(signal.SIGINT)
                process.stdout.read()
            return process.returncode

        kept = interrupted("--keep") == 1 and (Path(folder) / record).exists() and left(emulated, name)
        whole = subprocess.run([*common, "--resume", record], **options)
        transcript = (Path(folder) / "latchstring-live-check.md").read_text()
        settled = sum(line.startswith("| U-") for line in transcript.splitlines())
        if not kept or whole.returncode != 0 or settled < 18 or left(emulated, name):
            step(f"FAILED: live-check settles {settled} assumptions and leaves {left(emulated, name)}:\n{whole.stdout}")
            return False
        if interrupted() != 1 or (Path(folder) / record).exists() or left(emulated, name):
            step(f"FAILED: an interrupted live-check leaves {left(emulated, name)}")
            return False
    step(f"live-check settles {settled} assumptions, resumed, and deletes all that it made, also if it is interrupted")
    return True


def examine(emulated: Emulated, doctor: Path, pool: str, client: str) -> bool:
    """Has the doctor examine the stack, as it is and with a client that lets anyone start a flow."""
    expected = {
        "client.secret": "ok",
        "session.functions": "ok",
        "session.credential": "ok",
        "session.cors": "ok",
        "session.lifetime": "ok",
        # The emulator drops the rotation of an app client, so refresh tokens never rotate there.
        "session.rotation": "note",
        "session.direct": "ok",
    }
    seen = findings(emulated, doctor, pool, client)
    cognito = emulated.client("cognito-idp")
    other = {"UserPoolId": pool, "ClientName": "other", "ExplicitAuthFlows": ["ALLOW_CUSTOM_AUTH"]}
    made = cognito.create_user_pool_client(**other)["UserPoolClient"]["ClientId"]
    with_another = findings(emulated, doctor, pool, client)
    cognito.delete_user_pool_client(UserPoolId=pool, ClientId=made)
    if seen != expected or with_another != expected | {"session.direct": "leaks"}:
        step(f"FAILED: the doctor reports {seen}, and with another client {with_another}")
        return False
    step(f"the doctor finds session mode in order: {len(seen)} checks")
    return True


def session_mode(emulated: Emulated, packages: Path, doctor: Path) -> bool:
    """Deploys session mode, has the doctor examine it, and plays its scenarios."""
    outputs = deploy(emulated, packages, SESSION_STACK, {})
    pool, client = outputs["UserPoolId"], outputs["ClientIds"]
    described = emulated.client("cognito-idp").describe_user_pool_client(UserPoolId=pool, ClientId=client)
    stored = secret_of(emulated, outputs["ClientSecretSecret"])
    if not stored or stored != described["UserPoolClient"]["ClientSecret"]:
        step("FAILED: the stack did not store the secret of the app client")
        return False
    step("the secret of the app client stored")
    if not examine(emulated, doctor, pool, client):
        return False
    site = Ministack(emulated.endpoint, REGION, outputs)
    site.credential = secret_of(emulated, outputs["ServerCredentialSecret"])
    return play(site, SESSION_MODE)


def has_session_mode(binary: Path) -> bool:
    """Whether this build of the local service has session mode."""
    return "--session-mode" in subprocess.run([binary, "--help"], capture_output=True, text=True, check=True).stdout


@contextlib.contextmanager
def local_service(binary: Path, log: Path, *options: str) -> Iterator[str]:
    """Runs the local service and yields its address."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [binary, "--port", "0", *options], stdout=subprocess.PIPE, stderr=output, text=True
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
    parser.add_argument("--doctor", type=Path, required=True, help="the binary latchstring")
    parser.add_argument("--logs", type=Path, required=True, help="a folder")
    arguments = parser.parse_args()
    arguments.logs.mkdir(parents=True, exist_ok=True)

    print("ministack, an emulator of AWS:")
    with ministack(arguments.logs / "ministack.txt") as endpoint:
        step(f"started on {endpoint}")
        emulated = Emulated(endpoint)
        prepare(emulated, arguments.packages)
        expires = str(int(time.time()) + 30 * 86400)
        outputs = deploy(emulated, arguments.packages, STACK, {"Api": "both", "ApiKeyExpires": expires})
        site = Ministack(endpoint, REGION, outputs)
        deployed = play(site)
        deployed = examine_deployment(emulated, arguments.doctor, outputs) and deployed
        print("ministack, the commands of the docs:")
        template = template_of_guide(arguments.packages)
        guide = Guide(endpoint, arguments.doctor, arguments.packages, template, site.messages, arguments.logs)
        deployed = guide.play() and deployed
        deployed = live_check(emulated, arguments.packages, arguments.doctor) and deployed
        print("ministack, session mode:")
        deployed = session_mode(emulated, arguments.packages, arguments.doctor) and deployed
    print("the local service:")
    with local_service(arguments.local, arguments.logs / "local.txt") as url:
        step(f"started on {url}")
        local = play(Local(url))
    if has_session_mode(arguments.local):
        print("the local service, session mode:")
        with local_service(arguments.local, arguments.logs / "local-session-mode.txt", "--session-mode") as url:
            step(f"started on {url}")
            local = play(Local(url), SESSION_MODE) and local
    return 0 if deployed and local else 1


if __name__ == "__main__":
    sys.exit(main())
