import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { describe, it } from 'node:test';
import { parse } from '@cdktn/hcl2json';
import { generate } from '../bin/terraform';

/* eslint-disable @typescript-eslint/no-explicit-any */
const MODULE = path.join(__dirname, '../terraform');
const FILES = fs.readdirSync(MODULE).filter((file) => file.endsWith('.tf'));
const TEXT = FILES.map((file) => fs.readFileSync(path.join(MODULE, file), 'utf8')).join('\n');
const GENERATED = generate();
const SCHEMA = JSON.parse(fs.readFileSync(path.join(MODULE, 'test/schema.json'), 'utf8'));

/** What Terraform itself takes in a resource. */
const META = ['count', 'depends_on', 'for_each', 'lifecycle', 'provider'];

interface Block {
  readonly attributes: Record<string, { readonly required?: boolean; readonly computed?: boolean; readonly optional?: boolean }>;
  readonly blocks: Record<string, Block & { readonly required?: boolean }>;
}

/** Yields the arguments that a block has and its schema has not, and those that it lacks. */
function* faults(at: string, block: Record<string, any>, schema: Block, own: readonly string[] = []): Generator<string> {
  const { dynamic = {}, ...plain } = block;
  const nested: [string, any][] = Object.entries(dynamic as Record<string, any[]>).flatMap(([name, all]) =>
    all.map(({ content: [content] }: any) => [name, content] as [string, any]),
  );
  for (const [name, value] of Object.entries(plain)) {
    if (name in schema.blocks) {
      nested.push(...[value].flat().map((item) => [name, item] as [string, any]));
    } else if (!(name in schema.attributes) && !own.includes(name)) {
      yield `${at}.${name}: unknown`;
    } else if (schema.attributes[name]?.computed && !schema.attributes[name]?.optional) {
      yield `${at}.${name}: cannot be set`;
    }
  }
  for (const [name, content] of nested) {
    const found = schema.blocks[name];
    yield* found ? faults(`${at}.${name}`, content, found) : [`${at}.${name}: unknown`];
  }
  const given = [...Object.keys(plain), ...nested.map(([name]) => name)];
  const all = [...Object.entries(schema.attributes), ...Object.entries(schema.blocks)];
  for (const [name] of all.filter(([, { required }]) => required)) {
    if (!given.includes(name)) {
      yield `${at}.${name}: missing`;
    }
  }
}

async function parsed(): Promise<any[]> {
  return Promise.all(FILES.map((file) => parse(file, fs.readFileSync(path.join(MODULE, file), 'utf8'))));
}

describe('the Terraform module', () => {
  it('has the permissions, alarms and routes of the construct', () => {
    for (const [file, wanted] of Object.entries(GENERATED)) {
      const place = path.join(MODULE, 'generated', file);
      if (process.env.UPDATE_GENERATED !== undefined) {
        fs.writeFileSync(place, wanted);
      }
      assert.ok(fs.readFileSync(place, 'utf8') === wanted, `${file} differs from the construct: npm run terraform`);
    }
  });

  it('has only resources and arguments of the provider, and all that it requires', async () => {
    const found: string[] = [];
    let resources = 0;
    for (const { resource, data, ephemeral } of await parsed()) {
      const kinds = { resources: resource, data, ephemeral } as Record<string, Record<string, Record<string, any[]>> | undefined>;
      for (const [kind, types] of Object.entries(kinds)) {
        for (const [type, all] of Object.entries(types ?? {}).filter(([name]) => name !== 'terraform_data')) {
          for (const [name, [block]] of Object.entries(all)) {
            resources += 1;
            const schema = SCHEMA[kind][type];
            found.push(...(schema ? faults(`${type}.${name}`, block, schema, META) : [`${type}: not in the schema`]));
          }
        }
      }
    }
    assert.deepEqual(found, []);
    assert.ok(resources > 30, String(resources));
  });

  it('reads only attributes that the provider has', () => {
    const read = [...TEXT.matchAll(/(data\.|ephemeral\.)?\b(aws_\w+)\.\w+(?:\[[^\]]*\](?!\.\w+\[))?\.(\w+)/g)];
    const unknown = read.filter(([, kind, type, attribute]) => {
      const schema: Block | undefined = SCHEMA[{ 'data.': 'data', 'ephemeral.': 'ephemeral' }[kind ?? ''] ?? 'resources'][type as string];
      return !(schema && ((attribute as string) in schema.attributes || (attribute as string) in schema.blocks));
    });
    assert.deepEqual(unknown.map(([text]) => text), []);
    assert.ok(read.length > 40, String(read.length));
  });

  it('sets each variable that a function of the construct has', () => {
    const functions = JSON.parse(GENERATED['functions.json'] as string) as Record<string, { variables: string[] }>;
    const variables = new Set(Object.values(functions).flatMap((it) => it.variables));
    const missing = [...variables].filter((name) => !new RegExp(`^    ${name} +=`, 'm').test(TEXT));
    assert.deepEqual(missing, []);
  });

  it('knows when it grants each statement, and each word that it replaces', () => {
    const files = GENERATED;
    const permissions = JSON.parse(files['permissions.json.tftpl'] as string);
    const ids = Object.values(permissions.functions as Record<string, any>).flatMap((it) => [...Object.keys(it.statements), ...Object.keys(it.session_mode)]);
    const always = ['Drop', 'KeyRing', 'Outbox', 'Pending', 'Pool', 'Settle', 'Table'];
    const conditional = /  granted = \{\n([\s\S]*?)\n  \}/.exec(TEXT)?.[1] ?? '';
    const known = [...always, ...[...conditional.matchAll(/^    (\w+)/gm)].map(([, id]) => id)];
    assert.deepEqual([...new Set(ids)].sort(), known.sort());

    const filled = /permissions\.json\.tftpl", \{\n([\s\S]*?)\n  \}/.exec(TEXT)?.[1] ?? '';
    const words = new Set([...(files['permissions.json.tftpl'] as string).matchAll(/\$\{(\w+)\}/g)].map(([, word]) => word));
    assert.deepEqual([...words].sort(), [...filled.matchAll(/^    (\w+) +=/gm)].map(([, word]) => word).sort());

    const alarms = new Set([...(files['alarms.json'] as string).matchAll(/\$\{(\w+)\}/g)].map(([, word]) => word as string));
    const unknown = [...alarms].filter((word) => word !== 'name' && !TEXT.includes(`"$\${${word}}"`));
    assert.deepEqual(unknown, []);
  });
});
