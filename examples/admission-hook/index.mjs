// A rule for new accounts, as a Lambda function: Node.js 22, handler `index.handler`, no dependency.
// It is invoked once the code was right and only where an account would be created. It has one second,
// and may be invoked twice for one account: decide, and change nothing.
//
//   event   {"contact": "ada@example.com", "method": "email", "client": "1example23456789",
//            "locale": "en", "invitation": {"attributes": {"custom:team": "blue"}, "groups": ["staff"]}}
//   answer  {"admit": false}, or {"admit": true, "attributes": {...}, "groups": [...]}
//
// `locale` is missing if the client sent none, `invitation` if the contact has none. The account gets what
// its invitation gives, and what the answer gives besides. Any other answer, or an error: no account.

/** The company's own domain. */
const STAFF = process.env.STAFF_DOMAIN ?? "example.com";

export async function handler({ contact, method, invitation }) {
  // An address has one form: lower case, and the domain in ASCII.
  const domain = method === "email" ? contact.slice(contact.lastIndexOf("@") + 1) : undefined;
  if (domain === STAFF) {
    return { admit: true, groups: ["staff"], attributes: { locale: "en" } };
  }
  // Guests need an invitation. Never log the contact: CloudWatch keeps it, and more people may read it there.
  return { admit: invitation !== undefined };
}
