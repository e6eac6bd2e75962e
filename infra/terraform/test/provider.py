"""A stand-in for the AWS provider, with which Terraform plans the module without AWS.

It serves the schema of schema.json by the plugin protocol 5, accepts what fits it, and gives each computed
attribute a value that names it: `aws_dynamodb_table:acme:arn`. It prints the value of TF_REATTACH_PROVIDERS, by
which Terraform finds it, and ends when its standard input does.
"""

import json
import pathlib
import sys
from concurrent import futures

import grpc
import msgpack
from tf.gen import tfplugin_pb2 as pb

SCHEMA = json.loads((pathlib.Path(__file__).parent / "schema.json").read_text())
NESTING = {"single": 1, "list": 2, "set": 3}
KNOWN = {
    "aws_partition": {"id": "aws", "partition": "aws", "dns_suffix": "amazonaws.com", "reverse_dns_prefix": "com.amazonaws"},
    "aws_region": {"id": "eu-west-1", "region": "eu-west-1", "name": "eu-west-1", "endpoint": "", "description": ""},
    "aws_caller_identity": {"id": "111111111111", "account_id": "111111111111", "arn": "", "user_id": ""},
}
# What the resources are named by, the first that is there.
NAMES = ("function_name", "alarm_name", "layer_name", "name_prefix", "name", "route_key", "secret_id", "description")


def block(described, kind):
    found = pb.Schema.Block()
    for name, attribute in described.get("attributes", {}).items():
        computed = attribute.get("computed", False) or name == "id" or (kind == "data" and not attribute.get("required"))
        optional = name == "id" or not (attribute.get("required") or attribute.get("computed"))
        found.attributes.add(
            name=name,
            type=json.dumps(attribute["type"]).encode(),
            required=attribute.get("required", False),
            optional=optional,
            computed=computed,
        )
    for name, nested in described.get("blocks", {}).items():
        found.block_types.add(
            type_name=name,
            block=block(nested, kind),
            nesting=NESTING[nested["nesting"]],
            min_items=1 if nested.get("required") else 0,
            max_items=nested.get("max", 0) if nested["nesting"] != "single" else 0,
        )
    return found


def schema(described, kind):
    return pb.Schema(version=0, block=block(described, kind))


def decode(value):
    return msgpack.unpackb(value.msgpack, raw=False, strict_map_key=False)


def encode(value):
    return pb.DynamicValue(msgpack=msgpack.packb(value, use_bin_type=True))


def fill(value, described, path):
    """Gives the computed attributes of a planned value values."""
    if not isinstance(value, dict):
        return value
    for name, attribute in described.get("attributes", {}).items():
        if value.get(name) is None and (attribute.get("computed") or name == "id"):
            kind = attribute["type"]
            text = f"{path}:{name}"
            value[name] = {"string": text, "number": 0, "bool": False}.get(kind if isinstance(kind, str) else "")
            if kind == ["map", "string"]:
                value[name] = {key: f"{text}:{key}" for key in ("GRAPHQL", "REALTIME")}
            elif isinstance(kind, list):
                value[name] = []
    for name, nested in described.get("blocks", {}).items():
        for item in value.get(name) or [] if nested["nesting"] != "single" else []:
            fill(item, nested, f"{path}:{name}")
    return value


def get_schema(request, context):
    return pb.GetProviderSchema.Response(
        provider=schema({"attributes": {"region": {"type": "string"}}}, "provider"),
        resource_schemas={name: schema(it, "resource") for name, it in SCHEMA["resources"].items()},
        data_source_schemas={
            name: schema(it, "data") for name, it in {**SCHEMA["ephemeral"], **SCHEMA["data"]}.items()
        },
    )


def prepare(request, context):
    # Protocol 5 returns the configuration, which the messages of protocol 6 lack.
    config = pb.ValidateProviderConfig.Request.FromString(request).config.SerializeToString()
    return b"\x0a" + varint(len(config)) + config


def varint(number):
    found = b""
    while number > 127:
        found += bytes([number & 127 | 128])
        number >>= 7
    return found + bytes([number])


def plan(request, context):
    proposed = decode(request.proposed_new_state)
    name = next((str(proposed[it]) for it in NAMES if isinstance(proposed, dict) and proposed.get(it)), "")
    planned = fill(proposed, SCHEMA["resources"][request.type_name], f"{request.type_name}:{name}")
    return pb.PlanResourceChange.Response(planned_state=encode(planned))


def read_data(request, context):
    config = decode(request.config)
    known = KNOWN.get(request.type_name, {"random_password": "0" * 64})
    state = {**config, **{name: value for name, value in known.items() if config.get(name) is None}}
    return pb.ReadDataSource.Response(state=encode(state))


def handler(respond, request=None, response=None):
    return grpc.unary_unary_rpc_method_handler(
        respond,
        request_deserializer=request.FromString if request else None,
        response_serializer=response.SerializeToString if response else None,
    )


def empty(request, context):
    return b""


HANDLERS = {
    "GetSchema": handler(get_schema, pb.GetProviderSchema.Request, pb.GetProviderSchema.Response),
    "PrepareProviderConfig": handler(prepare),
    "ValidateResourceTypeConfig": handler(empty),
    "ValidateDataSourceConfig": handler(empty),
    "Configure": handler(empty),
    "PlanResourceChange": handler(plan, pb.PlanResourceChange.Request, pb.PlanResourceChange.Response),
    "ReadDataSource": handler(read_data, pb.ReadDataSource.Request, pb.ReadDataSource.Response),
    "Stop": handler(empty),
}


def main():
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("tfplugin5.Provider", HANDLERS),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    address = {"Network": "tcp", "String": f"127.0.0.1:{port}"}
    provider = {"Protocol": "grpc", "ProtocolVersion": 5, "Pid": 1, "Test": True, "Addr": address}
    print(json.dumps({"registry.terraform.io/hashicorp/aws": provider}), flush=True)
    sys.stdin.read()
    server.stop(0)


main()
