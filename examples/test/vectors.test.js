// Every recorded exchange is sent again, as plain HTTP, and must be answered as before. So are the
// requests of Amplify Swift and Amplify Android, which were derived from their sources.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { startService, wrong } from "../../clients/typescript/test/service.js";
import { Names, outcomeOf, request } from "./exchange.js";

const FOLDER = new URL("vectors/", import.meta.url);

let service;
before(async () => (service = await startService()));
after(() => service?.stop());

/** The exchange by phone; the recorded one is by mail. */
const byPhone = (text) =>
  text
    .replaceAll('"method":"EMAIL"', '"method":"PHONE_NUMBER"')
    .replaceAll('"method":"email"', '"method":"phone_number"');
const files = await readdir(FOLDER);
const numbers = files.map((_, place) => [2000, 3000].map((first) => `+1415555${first + place}`));
const addresses = () => [1, 2].map(() => `${crypto.randomUUID()}@example.com`);
const kinds = files.flatMap((file, place) => [
  [file, "by mail", (text) => text, addresses()],
  [file, "by phone", byPhone, numbers[place]],
]);

for (const [file, kind, changed, identifiers] of kinds) {
  test(`the exchange in ${file} still works ${kind}`, async () => {
    const exchanges = JSON.parse(changed(await readFile(new URL(file, FOLDER), "utf8")));
    const names = new Names();
    // The last one is refused.
    for (const identifier of [...identifiers, "nonsense"]) names.add("identifier", identifier);
    let to = identifiers[0];
    for (const secret of ["one", "two"]) names.add("link challenge", challengeOf(secret));
    const sessions = [];
    for (const exchange of exchanges) {
      const { emailOrPhone } = exchange.body.input ?? exchange.body;
      if (emailOrPhone) to = names.fill(emailOrPhone);
      const { path, headers, content } = request(await knowing(names, exchange, to), exchange);
      const answer = await fetch(service.config.endpoint + path, {
        method: "POST",
        headers,
        body: JSON.stringify(content),
      });
      const text = await answer.text();
      const reply = text ? JSON.parse(text) : {};
      const outcome = outcomeOf(answer.status, reply);
      assert.equal(outcome, exchange.reply, `${exchange.operation} ${JSON.stringify(exchange.body)}`);
      assert.equal(reply.errors, undefined);
      names.learn(reply);
      const session = reply.Session ?? reply.data?.signIn?.session ?? reply.continuation;
      if (session) sessions.push(session);
    }
    assert.equal(new Set(sessions).size, sessions.length, "every reply brings a new session");
  });
}

/** The link challenge of a link secret: RFC 7636, S256. */
const challengeOf = (secret) => createHash("sha256").update(secret).digest("base64url");

/** The names, and the codes if an exchange is about to answer with one. */
async function knowing(names, exchange, identifier) {
  const answer = exchange.body.ChallengeResponses?.ANSWER ?? exchange.body.answer ?? "";
  if (/code/.test(answer)) {
    const code = await service.code(identifier);
    names.add("code", code);
    names.set("<wrong code>", wrong(code));
  }
  return names;
}
