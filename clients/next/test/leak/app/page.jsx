"use client";

// A mistake: the connection, and with it the server credential, in a component of the browser's.
import { getSession } from "../../../example/latchstring";

export default function Page() {
  return <p>{String(getSession)}</p>;
}
