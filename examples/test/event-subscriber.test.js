// The sample subscriber keeps one row for each account, whatever the order and number of events.
import assert from "node:assert/strict";
import { test } from "node:test";
import { subscriber } from "../event-subscriber/index.mjs";

/** A table in memory with the conditions of the real one. */
const inMemory = () => {
  const rows = new Map();
  const row = (sub) => rows.get(sub) ?? rows.set(sub, {}).get(sub);
  return {
    rows,
    create: async (sub, time) => {
      row(sub).createdAt ??= time;
    },
    signedIn: async (sub, time) => {
      if (!(row(sub).lastSignIn >= time)) {
        row(sub).lastSignIn = time;
      }
    },
  };
};

const event = (type, sub, time, source = "latchstring") => ({
  source,
  "detail-type": type,
  detail: { version: 1, id: `${type} ${sub} ${time}`, sub, client: "1example23456789", method: "email", time },
});

const permutations = (list) =>
  list.length < 2
    ? [list]
    : list.flatMap((first, n) => permutations(list.toSpliced(n, 1)).map((rest) => [first, ...rest]));

test("every order of events, each of them twice, leaves the same row", async () => {
  const events = [
    event("AccountCreated", "ada", "2026-01-01T00:00:00.000Z"),
    event("SignedIn", "ada", "2026-01-01T00:00:00.500Z"),
    event("SignedIn", "ada", "2026-01-02T00:00:00.000Z"),
  ];
  for (const order of permutations(events)) {
    const table = inMemory();
    const handler = subscriber(async () => table);
    for (const each of [...order, ...order]) {
      await handler(each);
    }
    const row = { createdAt: "2026-01-01T00:00:00.000Z", lastSignIn: "2026-01-02T00:00:00.000Z" };
    assert.deepEqual([...table.rows], [["ada", row]]);
  }
});

test("other events and other sources write nothing", async () => {
  const table = inMemory();
  const handler = subscriber(async () => table);
  await handler(event("ContactChanged", "ada", "2026-01-01T00:00:00.000Z"));
  await handler(event("SignedIn", "ada", "2026-01-01T00:00:00.000Z", "another"));
  assert.equal(table.rows.size, 0);
});

test("an error of the table is thrown, so that the event is repeated", async () => {
  const failing = { signedIn: () => Promise.reject(new Error("throttled")) };
  const handler = subscriber(async () => failing);
  await assert.rejects(handler(event("SignedIn", "ada", "2026-01-01T00:00:00.000Z")), /throttled/);
});
