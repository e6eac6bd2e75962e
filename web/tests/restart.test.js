// A restart of the service: it counts its messages from the beginning again.

import { test } from "node:test";
import { bench } from "./bench.js";

const { person, restart } = await bench();

test("after a restart, the inbox and the pane show new messages", async () => {
  const ada = await person();
  ada.allowed.push(/ERR_CONNECTION|ERR_EMPTY_RESPONSE|ERR_SOCKET/);
  const inbox = await ada.tab();
  await inbox.goto(`${ada.address}/inbox`);
  await ada.opens();
  await ada.asksForACode();
  await inbox.locator("#messages > li").getByText(ada.email).waitFor();
  await restart();
  await ada.opens();
  const other = `other.${ada.email}`;
  await ada.asksForACode(other);
  await inbox.locator("#messages > li").getByText(other, { exact: true }).waitFor();
  await inbox.locator("#messages > li").getByText(ada.email, { exact: true }).waitFor({ state: "detached" });
  await ada.page.locator(".pane").getByText(other, { exact: true }).waitFor();
});
