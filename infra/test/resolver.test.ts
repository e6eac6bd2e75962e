// Runs resolvers/invoke.js as AppSync does, but for AppSync's own restrictions of JavaScript, which
// eslint knows (`npm run check`).
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { describe, it } from 'node:test';

class Raised extends Error {
  constructor(
    message: string,
    readonly errorType: string,
  ) {
    super(message);
  }
}

const added: [string, string][] = [];
const util = {
  http: {
    addResponseHeader(name: string, value: string): void {
      added.push([name, value]);
    },
  },
  error(message: string, errorType: string): never {
    throw new Raised(message, errorType);
  },
};

const source = fs
  .readFileSync(path.join(__dirname, '../resolvers/invoke.js'), 'utf8')
  .replace("import { util } from '@aws-appsync/utils';", '')
  .replaceAll('export function', 'function');
const { request, response } = new Function('util', `${source}\nreturn { request, response };`)(util) as {
  request(ctx: unknown): unknown;
  response(ctx: unknown): unknown;
};

const INTERNAL = { message: 'Something went wrong.', errorType: 'Internal' };

function raised(ctx: unknown): { message: string; errorType: string } {
  try {
    response(ctx);
  } catch (error) {
    assert.ok(error instanceof Raised);
    return { message: error.message, errorType: error.errorType };
  }
  assert.fail('nothing was raised');
}

describe('the request', () => {
  it('hands on what the function reads and nothing else', () => {
    const ctx = {
      args: { input: {} },
      arguments: { input: {} },
      identity: { sub: 's' },
      info: { fieldName: 'signIn', selectionSetList: ['session'], variables: {} },
      request: { headers: { authorization: 'token' }, domainName: null },
      source: null,
      stash: {},
      prev: null,
    };
    assert.deepEqual(request(ctx), {
      operation: 'Invoke',
      payload: {
        arguments: { input: {} },
        identity: { sub: 's' },
        info: { fieldName: 'signIn' },
        request: { headers: { authorization: 'token' } },
      },
    });
  });
});

describe('the header of a probe', () => {
  const answered = (headers: Record<string, string>) => {
    added.length = 0;
    response({ request: { headers }, result: { data: null } });
    return [...added];
  };
  const forwarded = '203.0.113.7, 64.252.186.150';

  it('returns x-forwarded-for to the request that it came with', () => {
    const headers = { 'x-latchstring-probe': 'source', 'x-forwarded-for': forwarded, 'x-api-key': 'secret' };
    assert.deepEqual(answered(headers), [['x-latchstring-forwarded-for', forwarded]]);
    assert.deepEqual(answered({ 'x-latchstring-probe': 'source' }), [['x-latchstring-forwarded-for', 'none']]);
  });

  it('is left out of every other response', () => {
    assert.deepEqual(answered({ 'x-forwarded-for': forwarded }), []);
    assert.deepEqual(answered({ 'x-forwarded-for': forwarded, 'x-latchstring-probe': 'x-api-key' }), []);
  });
});

describe('the response', () => {
  it('is the data of the answer', () => {
    assert.deepEqual(response({ result: { data: { session: 's' } } }), { session: 's' });
  });

  it('may be null', () => {
    assert.equal(response({ result: { data: null } }), null);
  });

  it("is the answer's error, with its type", () => {
    const error = { type: 'InvalidIdentifier', message: 'That is no address.' };
    assert.deepEqual(raised({ result: { error } }), {
      message: 'That is no address.',
      errorType: 'InvalidIdentifier',
    });
  });

  it('says nothing of a function that threw', () => {
    const error = { type: 'Lambda:Unhandled', message: 'ada@example.com is not a number' };
    assert.deepEqual(raised({ error, result: null }), INTERNAL);
    assert.deepEqual(raised({ error, result: { data: 'left over' } }), INTERNAL);
  });

  it('says nothing of an answer of another shape', () => {
    for (const result of [
      null,
      undefined,
      'session',
      7,
      [],
      {},
      { session: 's' },
      { data: {}, error: { type: 'T', message: 'm' } },
      { error: null },
      { error: 'secret' },
      { error: { type: 'T' } },
      { error: { type: 1, message: 'secret' } },
      { error: { type: 'T', message: null } },
    ]) {
      assert.deepEqual(raised({ result }), INTERNAL, JSON.stringify(result));
    }
  });
});
