// The use cases, against the real local service: its triggers and resolvers are the Lambdas' own.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { claims, Latchstring, LatchstringError, memoryStorage } from "@latchstring/client";
import { startService, wrong } from "./service.js";

/** A service, with the settings of the door that is tested. */
async function start(...options) {
  const { config, ...service } = await startService(...options);
  const { endpoint } = config;
  // The local service's tokens name AWS: its own address must be given.
  return { ...service, config: process.env.LATCHSTRING_DOOR === "http" ? { url: endpoint, endpoint } : config };
}

let service;
let rotating;
before(async () => {
  [service, rotating] = await Promise.all([start(), start("--rotate-refresh-tokens")]);
});
after(() => Promise.all([service?.stop(), rotating?.stop()]));

const ofType = (type) => (error) => {
  assert.ok(error instanceof LatchstringError, String(error));
  assert.equal(error.type, type, error.message);
  return true;
};

let addresses = 0;
/** An address without account. */
const newAddress = () => `person${++addresses}@example.com`;

async function signedIn(emailOrPhone, { at = service, storage } = {}) {
  const latchstring = new Latchstring({ ...at.config, storage });
  const challenge = await latchstring.signIn({ emailOrPhone });
  const answer = await latchstring.answer(challenge, await at.code(emailOrPhone));
  assert.equal(answer.done, true);
  return { latchstring, ...answer };
}

/** The name under which a client of the service stores an item. */
const keyOf = (item) => `latchstring.${service.config.clientId ?? service.config.url}.${item}`;

/** A client that holds these tokens, as an attacker who copied them would. */
function withTokens(tokens) {
  const storage = memoryStorage();
  storage.setItem(keyOf("tokens"), JSON.stringify(tokens));
  return new Latchstring({ ...service.config, storage });
}

test("a first sign-in makes the account, the next one finds it", async () => {
  const ada = newAddress();
  const first = await signedIn(ada);
  assert.equal(first.isNew, true);
  const next = await signedIn(ada);
  assert.equal(next.isNew, false);
  const subject = ({ tokens }) => claims(tokens.idToken).sub;
  assert.equal(subject(next), subject(first));
  assert.equal(claims(next.tokens.idToken).email, ada);
  assert.ok(next.tokens.expiresAt > Date.now() + 3_000_000);
});

test("what is typed sloppily is understood, a code pasted with spaces too", async () => {
  const latchstring = new Latchstring(service.config);
  const challenge = await latchstring.signIn({ emailOrPhone: "  Sloppy@Example.COM " });
  const code = await service.code("sloppy@example.com");
  const answer = await latchstring.answer(challenge, ` ${code.slice(0, 3)} ${code.slice(3)}-`);
  assert.equal(answer.done, true);
});

test("wrong codes cost attempts, each reply brings a new session, and the last one ends the flow", async () => {
  const ada = newAddress();
  const latchstring = new Latchstring(service.config);
  const first = await latchstring.signIn({ emailOrPhone: ada });
  const code = await service.code(ada);
  const second = (await latchstring.answer(first, wrong(code, 1))).challenge;
  const third = (await latchstring.answer(second, wrong(code, 2))).challenge;
  assert.deepEqual([second.attemptsLeft, third.attemptsLeft], [2, 1]);
  assert.equal(new Set([first, second, third].map(({ session }) => session)).size, 3);
  const alone = { ...first, resume: null };
  await assert.rejects(latchstring.answer(alone, code), ofType("FlowOver"), "a session is used once");
  await assert.rejects(latchstring.answer(third, wrong(code, 3)), ofType("AttemptsSpent"));
  await assert.rejects(latchstring.answer(third, code), ofType("AttemptsSpent"));
});

test("a right code after a wrong one signs in", async () => {
  const ada = newAddress();
  const latchstring = new Latchstring(service.config);
  const first = await latchstring.signIn({ emailOrPhone: ada });
  const code = await service.code(ada);
  const { challenge } = await latchstring.answer(first, wrong(code));
  assert.equal((await latchstring.answer(challenge, code)).done, true);
});

test("a resend before its time sends nothing, after it the same code, and both go on", async () => {
  const ada = newAddress();
  const latchstring = new Latchstring(service.config);
  let challenge = await latchstring.signIn({ emailOrPhone: ada });
  challenge = await latchstring.resend(challenge);
  assert.equal((await service.messages(ada)).length, 1);
  await service.control({ advanceSeconds: 31 });
  challenge = await latchstring.resend(challenge);
  const [again, before] = await service.messages(ada);
  assert.equal(again.code, before.code);
  assert.equal((await latchstring.answer(challenge, again.code)).done, true);
});

test("after the last resend none is offered", async () => {
  const ada = newAddress();
  const latchstring = new Latchstring(service.config);
  let challenge = await latchstring.signIn({ emailOrPhone: ada });
  let sends = 1;
  for (; challenge.resendAt !== null && sends < 10; sends++) {
    await service.control({ advanceSeconds: 31 });
    challenge = await latchstring.resend(challenge);
  }
  assert.equal((await service.messages(ada)).length, sends);
  assert.ok(sends > 1 && sends < 10);
});

test("a challenge that was kept goes on after a reload", async () => {
  const ada = newAddress();
  const kept = JSON.stringify(
    await new Latchstring(service.config).signIn({ emailOrPhone: ada }),
  );
  const reloaded = new Latchstring(service.config);
  const answer = await reloaded.answer(JSON.parse(kept), await service.code(ada));
  assert.equal(answer.isNew, true);
});

const run = promisify(execFile);

/** An app on a phone, whose storage is a file. Each launch is a process, which the phone ends. */
async function phone(t) {
  const folder = await mkdtemp(path.join(tmpdir(), "latchstring-phone-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, "storage.json");
  return {
    async launch(script) {
      const app = [
        `import { readFileSync, writeFileSync } from "node:fs";`,
        `import { claims, Latchstring } from "@latchstring/client";`,
        `const file = ${JSON.stringify(file)};`,
        `const items = () => { try { return JSON.parse(readFileSync(file, "utf8")); } catch { return {}; } };`,
        `const change = (more) => writeFileSync(file, JSON.stringify({ ...items(), ...more }));`,
        `const storage = {`,
        `  getItem: (key) => items()[key] ?? null,`,
        `  setItem: (key, value) => change({ [key]: value }),`,
        `  removeItem: (key) => change({ [key]: undefined }),`,
        `};`,
        `const latchstring = new Latchstring({ ...${JSON.stringify(service.config)}, storage });`,
        `const shows = (value) => process.stdout.write(JSON.stringify(value));`,
        script,
        `process.kill(process.pid, "SIGKILL");`,
      ];
      const options = ["--input-type=module", "--eval", app.join("\n")];
      const { stdout, stderr, signal } = await run(process.execPath, options, { cwd: import.meta.dirname }).catch((e) => e);
      assert.equal(signal, "SIGKILL", stderr);
      return JSON.parse(stdout || "null");
    },
    stored: () => readFile(file, "utf8"),
  };
}

test("an app that the phone ended goes on with the same code", async (t) => {
  const ada = newAddress();
  const { launch, stored } = await phone(t);
  await launch(`await latchstring.signIn({ emailOrPhone: ${JSON.stringify(ada)} });`);
  const code = await service.code(ada);
  const left = await launch(`
    const { challenge } = await latchstring.answer(await latchstring.pending(), "${wrong(code)}");
    shows(challenge.attemptsLeft);`);
  assert.equal(left, 2);
  // Cognito's session is lost, too.
  const resumed = await launch(`shows(await latchstring.resume());`);
  assert.equal(resumed.attemptsLeft, 2);
  assert.doesNotMatch(await stored(), new RegExp(code), "the code is not stored");
  const answer = await launch(`shows(await latchstring.answer(await latchstring.pending(), "${code}"));`);
  assert.equal(claims(answer.tokens.idToken).email, ada);
  assert.equal((await service.messages(ada)).length, 1, "one message, by one charge");
  assert.equal(await launch(`shows(await latchstring.pending());`), null);
  assert.doesNotMatch(await stored(), /linkSecret|resume/);
});

test("a dead session is replaced, and an answer sent twice costs one attempt", async () => {
  const ada = newAddress();
  const latchstring = new Latchstring(service.config);
  const challenge = await latchstring.signIn({ emailOrPhone: ada });
  const code = await service.code(ada);
  const first = await latchstring.answer(challenge, wrong(code));
  assert.equal(first.challenge.attemptsLeft, 2);
  // As if its reply was lost: the session is used.
  const again = await latchstring.answer(challenge, wrong(code));
  assert.equal(again.challenge.attemptsLeft, 2);
  const ended = { ...again.challenge, session: "a session that Cognito does not know" };
  assert.equal((await latchstring.answer(ended, code)).done, true);
  assert.equal((await service.messages(ada)).length, 1);
});

test("a dead session does not keep a resend back", async () => {
  const ada = newAddress();
  const latchstring = new Latchstring(service.config);
  const challenge = await latchstring.signIn({ emailOrPhone: ada });
  await service.control({ advanceSeconds: 31 });
  const again = await latchstring.resend({ ...challenge, session: "a session that Cognito does not know" });
  assert.equal((await service.messages(ada)).length, 2);
  assert.equal((await latchstring.answer(again, await service.code(ada))).done, true);
});

test("a flow that was answered, spent or expired is not resumed", async () => {
  const begun = async () => {
    const ada = newAddress();
    const latchstring = new Latchstring(service.config);
    return { latchstring, ada, challenge: await latchstring.signIn({ emailOrPhone: ada }) };
  };
  const ended = ({ latchstring, challenge }) => assert.rejects(latchstring.resume(challenge), ofType("InvalidResume"));
  const answered = await begun();
  await answered.latchstring.answer(answered.challenge, await service.code(answered.ada));
  await ended(answered);
  const spent = await begun();
  const code = await service.code(spent.ada);
  let { challenge } = spent;
  for (const by of [1, 2]) challenge = (await spent.latchstring.answer(challenge, wrong(code, by))).challenge;
  await assert.rejects(spent.latchstring.answer(challenge, wrong(code, 3)), ofType("AttemptsSpent"));
  await ended(spent);
  const expired = await begun();
  await service.control({ advanceSeconds: 301 });
  await ended(expired);
  const other = await begun();
  await ended({ ...other, challenge: { ...other.challenge, emailOrPhone: newAddress() } });
});

test("a contact's code outlives its session", async () => {
  const { latchstring } = await signedIn(newAddress());
  const next = newAddress();
  const challenge = await latchstring.changeContact({ emailOrPhone: next });
  const ended = { ...challenge, session: "a session that Cognito does not know" };
  const first = await latchstring.answer(ended, wrong(await service.code(next)));
  assert.equal(first.challenge.attemptsLeft, 2);
  const { tokens } = await latchstring.answer(first.challenge, await service.code(next));
  assert.equal(claims(tokens.idToken).email, next);
  assert.equal((await service.messages(next)).filter(({ code }) => code).length, 1);
});

/** The link in the newest mail to an address. */
async function linkTo(address) {
  const [{ text }] = await service.messages(address);
  return new URL(text.match(/https?:\S+#[\w-]{13}\.[\w-]{22}/)[0]);
}

test("a link signs in where it was requested, and elsewhere is the code", async () => {
  const ada = newAddress();
  const storage = memoryStorage();
  await new Latchstring({ ...service.config, storage }).signIn({ emailOrPhone: ada });
  const { hash } = await linkTo(ada);
  const elsewhere = await new Latchstring({ ...service.config, storage: memoryStorage() }).openLink(hash);
  assert.deepEqual(elsewhere, { place: "elsewhere", code: await service.code(ada), codeAlphabet: "DIGITS" });
  const opened = await new Latchstring({ ...service.config, storage }).openLink(hash);
  assert.equal(opened.place, "here");
  assert.equal((await opened.confirm()).isNew, true);
  await assert.rejects(opened.confirm(), ofType("FlowOver"));
});

test("a wrong link costs no attempt, and a link of another flow is one", async () => {
  const ada = newAddress();
  const latchstring = new Latchstring({ ...service.config, storage: memoryStorage() });
  const challenge = await latchstring.signIn({ emailOrPhone: ada });
  const code = await service.code(ada);
  const { hash } = await linkTo(ada);
  const other = new Latchstring({ ...service.config, storage: memoryStorage() });
  await other.signIn({ emailOrPhone: ada });
  const forged = hash.replace(/\..*/, `.${(await linkTo(ada)).hash.split(".")[1]}`);
  const wrongOne = await (await latchstring.openLink(forged)).confirm();
  assert.equal(wrongOne.done, false);
  assert.equal(wrongOne.challenge.attemptsLeft, 3);
  assert.notEqual(wrongOne.challenge.session, challenge.session);
  assert.equal((await latchstring.answer(wrongOne.challenge, code)).done, true);
});

test("a link without the secret of its browser is wrong", async () => {
  const ada = newAddress();
  const storage = memoryStorage();
  const latchstring = new Latchstring({ ...service.config, storage });
  await latchstring.signIn({ emailOrPhone: ada });
  const { hash } = await linkTo(ada);
  const key = keyOf("flows");
  const stolen = JSON.parse(storage.getItem(key)).map((flow) => ({ ...flow, linkSecret: "A".repeat(43) }));
  const thief = memoryStorage();
  thief.setItem(key, JSON.stringify(stolen));
  const opened = await new Latchstring({ ...service.config, storage: thief }).openLink(hash);
  assert.equal((await opened.confirm()).done, false);
});

test("a link puts a contact on the account that requested it", async () => {
  const ada = newAddress();
  const { latchstring } = await signedIn(ada);
  const next = newAddress();
  await latchstring.changeContact({ emailOrPhone: next });
  const opened = await latchstring.openLink((await linkTo(next)).hash);
  assert.equal(opened.challenge.purpose, "contact");
  const { tokens } = await opened.confirm();
  assert.equal(claims(tokens.idToken).email, next);
});

test("an expired code fails as expired", async (t) => {
  const ada = newAddress();
  const latchstring = new Latchstring(service.config);
  const challenge = await latchstring.signIn({ emailOrPhone: ada });
  const code = await service.code(ada);
  await service.control({ advanceSeconds: 301 });
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() + 301_000 });
  await assert.rejects(latchstring.answer(challenge, code), ofType("CodeExpired"));
});

test("an unusable identifier is refused with a reason", async () => {
  const latchstring = new Latchstring(service.config);
  for (const emailOrPhone of ["", "ada@", "+1 23", "0171 1234567"]) {
    await assert.rejects(latchstring.signIn({ emailOrPhone }), ofType("InvalidIdentifier"));
  }
});

test("a spent budget fails with the time to try again", async () => {
  const strict = await start("--strict");
  try {
    const latchstring = new Latchstring(strict.config);
    // An address would be in slot mode, which a number is not without a CAPTCHA.
    const ask = () => latchstring.signIn({ emailOrPhone: "+14155550132" });
    // Two and, of ten digits, four in a minute; up to twice as many where a minute ends in between.
    const all = async () => {
      for (let codes = 0; codes < 13; codes += 1) await ask();
    };
    await assert.rejects(all(), (error) => {
      assert.match(error.message, /\d|minute|second/);
      return ofType("TooManyRequests")(error);
    });
  } finally {
    await strict.stop();
  }
});

test("a replaced contact leads to no account, and its owner undoes the change", async () => {
  const ada = newAddress();
  const owner = await signedIn(ada);
  const { latchstring: attacker } = await signedIn(ada);
  const next = newAddress();
  await attacker.answer(await attacker.changeContact({ emailOrPhone: next }), await service.code(next));
  const challenge = await owner.latchstring.reauthenticate({ emailOrPhone: ada });
  await assert.rejects(owner.latchstring.answer(challenge, await service.code(ada)), ofType("OtherAccount"));
  assert.notEqual(await owner.latchstring.tokens(), null, "the sign-in goes on");

  const undoing = async (emailOrPhone) => {
    const latchstring = new Latchstring(service.config);
    const challenge = await latchstring.undoContactChange({ emailOrPhone });
    const code = await service.code(emailOrPhone);
    const { challenge: again } = await latchstring.answer(challenge, wrong(code));
    return latchstring.answer(again, code);
  };
  const { tokens, isNew } = await undoing(ada);
  assert.equal(isNew, false);
  const [before, after] = [owner.tokens, tokens].map(({ idToken }) => claims(idToken));
  assert.deepEqual([after.sub, after.email], [before.sub, ada]);
  await assert.rejects(owner.latchstring.refresh(), ofType("NotSignedIn"), "every device is signed out");
  // It is on its account again.
  await assert.rejects(undoing(ada), ofType("ContactInUse"));
  await assert.rejects(undoing(newAddress()), ofType("NothingToUndo"));
});

test("forgotten devices are known no more, and the caller stays signed in", async () => {
  const { latchstring } = await signedIn(newAddress());
  await latchstring.rememberDevice();
  await latchstring.forgetDevices();
  assert.notEqual(await latchstring.tokens(), null);
  await latchstring.rememberDevice();
});

test("a phone and a name are added, and the tokens show them", async () => {
  const { latchstring, tokens } = await signedIn(newAddress());
  assert.equal(await latchstring.pendingContact("PHONE_NUMBER"), null);
  const challenge = await latchstring.signUp({
    emailOrPhone: "+1 415 555 0132",
    givenName: "Ada",
    familyName: "Lovelace",
  });
  assert.equal(await latchstring.pendingContact("PHONE_NUMBER"), "WAITING");
  const answer = await latchstring.answer(challenge, await service.code("+14155550132"));
  assert.equal(await latchstring.pendingContact("PHONE_NUMBER"), "DONE");
  const shown = claims(answer.tokens.idToken);
  assert.deepEqual(
    [shown.phone_number, shown.phone_number_verified, shown.given_name],
    ["+14155550132", true, "Ada"],
  );
  assert.equal(answer.tokens.refreshToken, tokens.refreshToken, "the sign-in goes on as it began");

  const byPhone = await signedIn("+14155550132");
  assert.equal(claims(byPhone.tokens.idToken).sub, shown.sub);
});

test("an address that another account has proved moves nowhere", async () => {
  const taken = newAddress();
  await signedIn(taken);
  const { latchstring } = await signedIn(newAddress());
  const challenge = await latchstring.changeContact({ emailOrPhone: taken });
  await assert.rejects(
    latchstring.answer(challenge, await service.code(taken)),
    ofType("ContactInUse"),
  );
  assert.equal(await latchstring.pendingContact("EMAIL"), "IN_USE");
});

test("an empty name, one's own address and an old sign-in are refused as such", async () => {
  const ada = newAddress();
  const { latchstring } = await signedIn(ada);
  const nameless = { emailOrPhone: "+14155550133", givenName: " ", familyName: "L" };
  await assert.rejects(latchstring.signUp(nameless), ofType("InvalidName"));
  await assert.rejects(latchstring.changeContact({ emailOrPhone: ada }), ofType("ContactInUse"));
  await service.control({ advanceSeconds: 11 * 60 });
  const change = latchstring.changeContact({ emailOrPhone: newAddress() });
  await assert.rejects(change, ofType("ReauthRequired"));
});

test("an access token that ended unnoticed is renewed and the call goes on", async () => {
  const { latchstring, tokens } = await signedIn(newAddress());
  await service.control({ advanceSeconds: 3601 });
  assert.equal(await latchstring.pendingContact("EMAIL"), null);
  assert.notEqual((await latchstring.tokens()).accessToken, tokens.accessToken);
});

test("signing out ends this sign-in and no other", async () => {
  const ada = newAddress();
  const here = await signedIn(ada);
  const there = await signedIn(ada);
  await here.latchstring.signOut();
  assert.equal(await here.latchstring.tokens(), null);
  await there.latchstring.refresh();

  await assert.rejects(withTokens(here.tokens).refresh(), ofType("NotSignedIn"));
});

test("a second sign-in ends the one that it replaces, and no other", async () => {
  const ada = newAddress();
  const other = await signedIn(ada);
  for (const start of ["reauthenticate", "signIn"]) {
    const { latchstring, tokens: former } = await signedIn(ada);
    const challenge = await latchstring[start]({ emailOrPhone: ada });
    await latchstring.answer(challenge, await service.code(ada));
    await assert.rejects(withTokens(former).refresh(), ofType("NotSignedIn"));
    await latchstring.refresh();
  }
  await other.latchstring.refresh();
});

test("signing out everywhere ends every sign-in of the account", async () => {
  const ada = newAddress();
  const here = await signedIn(ada);
  const there = await signedIn(ada);
  await here.latchstring.signOut({ everywhere: true });
  assert.equal(await here.latchstring.tokens(), null);
  await assert.rejects(there.latchstring.changeContact({ emailOrPhone: newAddress() }), ofType("NotSignedIn"));
  assert.equal(await there.latchstring.tokens(), null);
});

test("a deleted account is gone, and the address makes a new one", async () => {
  const ada = newAddress();
  const { latchstring, tokens } = await signedIn(ada);
  await latchstring.deleteAccount();
  assert.equal(await latchstring.tokens(), null);
  const again = await signedIn(ada);
  assert.equal(again.isNew, true);
  assert.notEqual(claims(again.tokens.idToken).sub, claims(tokens.idToken).sub);
});

test("two tabs answer one code at once: one account, two clear outcomes", async () => {
  const ada = newAddress();
  const challenge = await new Latchstring(service.config).signIn({ emailOrPhone: ada });
  const code = await service.code(ada);
  const storage = memoryStorage();
  const tabs = [1, 2].map(() => new Latchstring({ ...service.config, storage }));
  const answers = await Promise.allSettled(tabs.map((tab) => tab.answer(challenge, code)));
  const done = answers.filter(({ status }) => status === "fulfilled");
  assert.equal(done.length, 1);
  assert.ok(ofType("FlowOver")(answers.find(({ status }) => status === "rejected").reason));
  for (const tab of tabs) {
    assert.equal((await tab.tokens()).accessToken, done[0].value.tokens.accessToken);
  }
});

test("with rotation many calls at once use each refresh token once", async () => {
  const { latchstring, tokens } = await signedIn(newAddress(), { at: rotating });
  const renewed = await Promise.all(Array.from({ length: 10 }, () => latchstring.refresh()));
  assert.equal(new Set(renewed.map(({ refreshToken }) => refreshToken)).size, 1);
  assert.notEqual(renewed[0].refreshToken, tokens.refreshToken);
  assert.equal((await latchstring.refresh()).accessToken, (await latchstring.tokens()).accessToken);
});

test("with rotation two tabs that refresh at once take turns, and stay signed in", async (t) => {
  const storage = memoryStorage();
  const { latchstring, tokens } = await signedIn(newAddress(), { at: rotating, storage });
  const other = new Latchstring({ ...rotating.config, storage });
  asInABrowser(t);
  const [mine, its] = await Promise.all([latchstring.refresh(), other.refresh()]);
  assert.notEqual(mine.refreshToken, tokens.refreshToken);
  assert.deepEqual(its, mine, "the second tab takes what the first was given");
  assert.deepEqual(await other.tokens(), mine);
  await other.refresh();
  await latchstring.refresh();
});

/** The part of a page that the client uses: Web Locks. The browser test uses the real ones. */
function asInABrowser(t) {
  let last = Promise.resolve();
  const request = (_name, work) => {
    const run = last.then(work);
    last = run.catch(() => {});
    return run;
  };
  const given = { document: {}, navigator: { locks: { request } } };
  for (const [name, value] of Object.entries(given)) {
    const before = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { value, configurable: true });
    t.after(() =>
      before ? Object.defineProperty(globalThis, name, before) : delete globalThis[name],
    );
  }
}
