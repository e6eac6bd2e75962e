import { redirect } from "next/navigation";
import { getSession } from "../../latchstring";
import { askApi } from "./actions";
import { Api, SignOut } from "./buttons";

export default async function Account() {
  // The proxy saw a cookie. Whether it is a session, the service knows.
  const session = await getSession();
  if (!session) redirect("/sign-in");
  return (
    <main>
      <h1>Account</h1>
      <Who />
      <Api action={askApi} />
      <SignOut />
    </main>
  );
}

/** Asks for itself: within one request the service is asked once. */
async function Who() {
  const session = await getSession();
  return (
    <p>
      Signed in as <code>{session.sub}</code>
    </p>
  );
}
