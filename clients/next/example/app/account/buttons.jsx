"use client";

import { useActionState } from "react";
import { createSessionClient } from "@latchstring/client/session";

const client = createSessionClient({ url: "/api/latchstring" });

export function Api({ action }) {
  const [answer, ask, isPending] = useActionState(action, "");
  return (
    <form action={ask}>
      <button disabled={isPending}>Ask the API</button> <output>{answer}</output>
    </form>
  );
}

export function SignOut() {
  async function signOut() {
    await client.signOut();
    // A new document: nothing of the account stays in the page.
    location.assign("/");
  }
  return <button onClick={signOut}>Sign out</button>;
}
