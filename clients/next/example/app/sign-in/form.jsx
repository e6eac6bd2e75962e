"use client";

import { useState } from "react";
import { createSessionClient, LatchstringError } from "@latchstring/client/session";

const client = createSessionClient({ url: "/api/latchstring" });

export function Form() {
  const [challenge, setChallenge] = useState(null);
  const [problem, setProblem] = useState("");

  async function submit(event) {
    event.preventDefault();
    const data = new FormData(event.target);
    setProblem("");
    try {
      if (!challenge) return setChallenge(await client.signIn({ emailOrPhone: data.get("emailOrPhone") }));
      const answer = await client.answer(challenge, data.get("code"));
      // A new document: nothing that was rendered without a session stays.
      if (answer.done) return location.assign("/account");
      setChallenge(answer.challenge);
      setProblem(`This is not the code. Attempts left: ${answer.challenge.attemptsLeft}`);
    } catch (error) {
      if (!(error instanceof LatchstringError)) throw error;
      setProblem(error.message);
    }
  }

  return (
    <form onSubmit={submit}>
      {challenge ? (
        <label key="code">
          Code <input name="code" autoComplete="one-time-code" inputMode="numeric" required autoFocus />
        </label>
      ) : (
        <label key="contact">
          Email address or phone number <input name="emailOrPhone" autoComplete="username" required />
        </label>
      )}
      <button>{challenge ? "Sign in" : "Send a code"}</button>
      <p role="alert">{problem}</p>
    </form>
  );
}
