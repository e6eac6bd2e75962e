import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { describe, it } from 'node:test';
import { Lazy } from 'aws-cdk-lib';
import { oddsOf } from '../lib/odds';
import { RULES, type Settings } from '../lib/settings';

/** Settings and their odds, as the functions compute them; a test of shared/lambda writes the file. */
const CASES: { settings: Record<string, string>; targeted: number; sprayed: number }[] = JSON.parse(
  fs.readFileSync(path.join(__dirname, 'odds.json'), 'utf8'),
);

function close(found: number | undefined, wanted: number, name: string): void {
  assert.ok(found !== undefined && Math.abs(found - wanted) <= 1e-9 * wanted, `${name}: ${found}, not ${wanted}`);
}

describe('the odds at synthesis', () => {
  for (const { settings, targeted, sprayed } of CASES) {
    it(`are those of the functions with ${JSON.stringify(settings)}`, () => {
      const given = Object.entries(RULES)
        .filter(([, { variable }]) => variable in settings)
        .map(([name, { variable }]) => [name, Number(settings[variable])]);
      assert.equal(given.length, Object.keys(settings).length);
      const found = oddsOf(Object.fromEntries(given) as Settings);
      close(found?.targeted, targeted, 'targeted');
      close(found?.sprayed, sprayed, 'sprayed');
    });
  }

  it('are unknown if a setting is known only at deployment', () => {
    assert.equal(oddsOf({ codesPerDay: Lazy.number({ produce: () => 10 }) }), undefined);
  });
});
