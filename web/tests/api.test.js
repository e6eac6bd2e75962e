// The page of the HTTP API.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PHONE, bench } from "./bench.js";

const { person, address } = await bench();
const api = await (await fetch(`${address}/openapi.json`)).json();
const operations = Object.entries(api.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ method: method.toUpperCase(), path, ...operation })),
);

test("the document names this service as its server", () => {
  assert.deepEqual(
    api.servers.map(({ url }) => url),
    [address],
  );
});

for (const [name, options] of [["a desktop", {}], ["a phone", PHONE]]) {
  test(`the page of the HTTP API is read on ${name}`, async () => {
    const ada = await person(options);
    await ada.opens();
    await ada.page.getByRole("link", { name: "HTTP API" }).click();
    await ada.heading("HTTP API").waitFor();
    await ada.page.locator(".operation").first().waitFor();
    assert.equal(await ada.page.locator(".routes a").count(), operations.length);
    for (const { method, path, operationId, summary, responses } of operations) {
      const section = ada.page.locator(`#${operationId}`);
      const shown = await section.evaluate((section) => section.textContent);
      for (const text of [method, path, summary]) assert.ok(shown.includes(text), `${operationId} shows ${text}`);
      const { content } = responses[200] ?? {};
      const reference = content?.["application/json"].schema.$ref.split("/").pop();
      const members = Object.keys(api.components.schemas[reference]?.properties ?? {});
      const errors = Object.values(responses).flatMap(({ content }) =>
        Object.keys(content?.["application/problem+json"]?.examples ?? {}),
      );
      assert.ok(errors.length > 0);
      for (const text of [...members, ...errors]) assert.ok(shown.includes(text), `${operationId} shows ${text}`);
    }
    const answer = ada.page.locator("#answerCode");
    for (const text of ["signed_in", "wrong", "accessToken", "attemptsLeft", "InvalidContinuation"]) {
      assert.ok((await answer.evaluate((section) => section.textContent)).includes(text), text);
    }
    await answer.getByText("errors").click();
    await answer.getByText("This sign-in has ended. Start again.").waitFor();
    await ada.isAccessible();
    const over = await ada.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(over <= 0, "it fits the screen");
  });
}

test("a command of the page works when it is pasted", async () => {
  const ada = await person();
  await ada.opens("/api");
  const command = await ada.page.locator("#signIn pre").textContent();
  const [, url] = command.match(/^curl (\S+) /);
  const [, body] = command.match(/ -d '(.*)'$/s);
  const headers = Object.fromEntries([...command.matchAll(/ -H '([^:]+): ([^']+)'/g)].map(([, name, value]) => [name, value]));
  const answered = await fetch(url, { method: "POST", headers, body });
  assert.equal(answered.status, 200);
  assert.equal((await answered.json()).codeLength, 6);
});

test("an address with a route opens the page there", async () => {
  const ada = await person();
  await ada.opens("/api#changeContact");
  const section = ada.page.locator("#changeContact");
  await section.waitFor();
  const top = () => section.evaluate((section) => section.getBoundingClientRect().top);
  assert.ok(Math.abs(await top()) < 200, "the route is at the top");
});

test("without the service the page says so", async () => {
  const ada = await person();
  ada.allowed.push(/Failed to load resource/);
  await ada.page.route("**/openapi.json", (route) => route.abort());
  await ada.opens("/api");
  await ada.page.getByText("The service does not answer.").waitFor();
});
