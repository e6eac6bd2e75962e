// A restart of the service: it counts its messages from the beginning again.

import { test } from "node:test";
import { bench } from "./bench.js";

const { person, restart } = await bench();

test("after a restart, the inbox and the pane show new messages", async () => {
  const ada = await person();
  ada.allowed.push(/ERR_CONNECTION|ERR_EMPTY_RESPONSE|ERR_SOCKET|ERR_FAILED/);
  const inbox = await ada.tab();
  await inbox.goto(`${ada.address}/inbox`);
  await ada.opens();
  await ada.asksForACode();
  await inbox.locator("#messages > li").getByText(ada.email).waitFor();
  await ada.page.locator(".pane").getByText(ada.email, { exact: true }).waitFor();
  // Neither page sees the empty inbox between the restart and the next message.
  await ada.context.route("**/inbox.json", (route) => route.abort());
  await restart();
  const other = `other.${ada.email}`;
  const tab = await ada.tab();
  await tab.goto(ada.address);
  await tab.getByRole("button", { name: "Use another address" }).first().click();
  await tab.locator("#contact").fill(other);
  await tab.getByRole("button", { name: "Send me a code" }).click();
  await ada.received(other);
  await ada.context.unroute("**/inbox.json");
  await inbox.locator("#messages > li").getByText(other, { exact: true }).waitFor();
  await inbox.locator("#messages > li").getByText(ada.email, { exact: true }).waitFor({ state: "detached" });
  await ada.page.locator(".pane").getByText(other, { exact: true }).waitFor();
});
