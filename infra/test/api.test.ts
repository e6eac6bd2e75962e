import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { describe, it } from 'node:test';
import { FILE, reference } from '../bin/api';

describe('API.md', () => {
  const text = reference();

  it('is what the doc comments say', () => {
    if (process.env.UPDATE_GENERATED) {
      fs.writeFileSync(FILE, text);
    }
    assert.ok(fs.readFileSync(FILE, 'utf8') === text, 'run `npm run --prefix infra api`');
  });

  it('says something of every property and method', () => {
    const empty = text.split('\n').filter((line) => /^\|.*\|\s*\|$|^- `.*`: ?$/.test(line));
    assert.deepEqual(empty, []);
  });

  it('has a section for every type of the package that it names', () => {
    const sections = new Set([...text.matchAll(/^### (\w+)$/gm)].map(([, name]) => name));
    const types = [...text.matchAll(/^\| `\w+\??` \| `([^`]+)`/gm)].flatMap(([, type = '']) => type.match(/(?<![\w.'])[A-Z]\w+/g) ?? []);
    assert.deepEqual([...new Set(types)].filter((type) => !sections.has(type) && !['Duration', 'RemovalPolicy', 'Record', 'CfnResource', 'Architecture', 'FunctionName'].includes(type)), []);
  });
});
