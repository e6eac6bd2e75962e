import { redirect } from "next/navigation";
import { getSession } from "../../latchstring";
import { Form } from "./form";

export default async function SignIn() {
  if (await getSession()) redirect("/account");
  return (
    <main>
      <h1>Sign in</h1>
      <Form />
    </main>
  );
}
