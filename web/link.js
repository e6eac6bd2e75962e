// The page that the link of a message opens.
//
// In the browser that requested the message, it asks whether to go on. In any other it shows the
// code, to type where it was requested. Opening it calls nothing: a program that opens every link of a
// mail, and presses every button there, uses nothing up.

import { arrived, endOf } from "./code.js";
import { grouped } from "./codetext.js";
import { announce, h } from "./dom.js";
import { Complaint, form, perform, problemLine, quiet, submit } from "./forms.js";
import { t } from "./i18n.js";
import { go, sameUser, service } from "./router.js";
import { ENDS, flow, isOfClient, kindOf } from "./session.js";

/** The page for a link: `fragment` is the part of the address after its `#`. */
export async function linkPage(user, fragment) {
  const opened = await service.latchstring.openLink(fragment);
  if (opened?.place === "here") return confirmation(opened);
  const leave = quiet(t(user ? "link.account" : "link.start"), () => go(user ? "settings" : "", { replace: true }));
  if (!opened) return { title: t("link.bad"), body: [h("p", {}, t("link.bad.what")), leave] };
  const digits = h("strong", { class: opened.codeAlphabet === "BASE32" ? "digits long" : "digits" }, grouped(opened.code.replaceAll("-", ""), opened.codeAlphabet));
  return {
    title: t("link.title"),
    body: [
      h("p", {}, t("link.what")),
      h("p", { class: "shown-code" }, digits),
      copying(opened.code, digits),
      h("p", { class: "hint" }, t("link.careful")),
      leave,
    ],
  };
}

/** A button that copies the code. */
function copying(code, digits) {
  const button = h(
    "button",
    {
      class: "secondary",
      type: "button",
      autofocus: true,
      onclick: async () => {
        try {
          await navigator.clipboard.writeText(code);
          button.textContent = t("inbox.copied");
        } catch {
          // Blocked, or not a secure context: the code can be copied by hand.
          getSelection().selectAllChildren(digits);
          button.textContent = t("inbox.notCopied");
        }
        announce(button.textContent);
      },
    },
    t("inbox.copy"),
  );
  return button;
}

/** The page in the browser that requested the message. */
function confirmation({ challenge, confirm }) {
  const words = { signIn: "link.signIn", contact: "link.contact", undo: "link.undo" }[challenge.purpose];
  const [before, after] = t(`${words}.what`, { to: "\n" }).split("\n");
  const yes = submit(t(`${words}.yes`));
  yes.setAttribute("autofocus", "");
  const page = form(
    (target) =>
      perform(target, async (signal) => {
        await sameUser();
        signal.throwIfAborted();
        // A right link counts even if the page is left meanwhile.
        const answer = await confirm().catch(ended);
        if (answer.done) return arrived(answer, { kind: kindOf(challenge), challenge });
        // The link of an older message: the flow goes on.
        instead(t("link.code"), () => {
          flow.adopt(answer.challenge);
          return go("code", { replace: true });
        });
        throw new Complaint("link.wrong");
      }),
    h("p", {}, before, h("bdi", {}, challenge.emailOrPhone), after),
    problemLine("link-problem"),
    yes,
  );

  /** Shows that the flow has ended. */
  function ended(error) {
    if (!(isOfClient(error) && ENDS.includes(error.type))) throw error;
    instead(t("link.start"), () => go("", { replace: true }));
    throw new Complaint(endOf(kindOf(challenge), error.type));
  }

  /** Puts another button in the place of the confirmation, which cannot succeed any more. */
  function instead(text, onclick) {
    const button = quiet(text, onclick);
    yes.replaceWith(button);
    button.focus();
  }

  return { title: t(`${words}.title`), body: page };
}
