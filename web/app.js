// The pages, and the ways between them:
//
//   (empty) ──▶ code ──▶ welcome ──▶ code ──▶ settings ──▶ email, phone ──▶ code
//   sign in             a new user              │   └──▶ name, delete
//      └──▶ undo ──▶ code                       └──▶ again: reauthentication
//
// The link of a message opens a page of its own: link.js.

import { begin, codePage, freshly } from "./code.js";
import { h } from "./dom.js";
import { Complaint, checkbox, contactField, form, isBusy, perform, problemLine, quiet, submit, suggest, textField, whenIdle } from "./forms.js";
import { chooser, t } from "./i18n.js";
import { likelyRegion, parse } from "./identifier.js";
import { LatchstringError, claims } from "./latchstring.js";
import { linkPage } from "./link.js";
import { go, render, sameUser, service, start, tell } from "./router.js";
import { after, device, draftOf, forget, profile, userOf } from "./session.js";
import { sessionList } from "./sessions.js";

const METHODS = { email: "EMAIL", phone: "PHONE_NUMBER" };
/** The most characters of a name. */
const NAME_CHARS = 100;

const autofocused = (field) => {
  field.querySelector("input").setAttribute("autofocus", "");
  return field;
};

const toSettings = () => go("settings", { replace: true });

/** The contact of a form; a complaint if the text cannot be one. */
function contactOf(draft, method) {
  const parsed = parse(draft.get("contact") ?? "", draft.get("region") ?? likelyRegion(), method);
  if (parsed.error) throw new Complaint(parsed.error, {}, "contact");
  return parsed;
}

/** The fields of a name in the order of the language. */
const nameOrder = () => (t("nameOrder") === "family" ? ["familyName", "givenName"] : ["givenName", "familyName"]);

/** The names of a form; a complaint about each that is missing or too long. */
function namesOf(draft) {
  const names = Object.fromEntries(nameOrder().map((field) => [field, (draft.get(field) ?? "").trim()]));
  const check = (key, isBad) => {
    const bad = nameOrder().filter((field) => isBad(names[field]));
    if (bad.length) throw new Complaint(key, {}, ...bad);
  };
  check("missingName", (name) => !name);
  check("longName", (name) => [...name].length > NAME_CHARS);
  return names;
}

/** The addresses for which another one has been offered. The next submission sends them unchanged. */
const insisted = new Set();

/** Offers another address, once for each; returns whether it did, and the form must wait. */
function offers(target) {
  const input = target.querySelector("#contact");
  if (insisted.has(input.value)) return false;
  insisted.add(input.value);
  return suggest(input);
}

function signInPage() {
  const draft = draftOf("");
  return {
    title: t("signIn.title"),
    body: [
      h("p", { class: "soft" }, t("signIn.what")),
      form(
        (target) => isBusy() || offers(target) || perform(target, (signal) => begin("signIn", contactOf(draft, null), signal)),
        autofocused(contactField(null, draft, "contact-problem")),
        problemLine("contact-problem"),
        checkbox("device", t("device"), t("device.what"), device.wanted(), device.want),
        submit(t("signIn.send")),
        quiet(t("undo.open"), () => go("undo")),
      ),
    ],
  };
}

/** Undoes the change of a contact, for the owner of the replaced one. */
function undoPage(user) {
  const draft = draftOf("undo");
  return {
    title: t("undo.title"),
    body: [
      h("p", { class: "soft" }, t("undo.what")),
      form(
        (target) => isBusy() || offers(target) || perform(target, (signal) => begin("undo", contactOf(draft, null), signal)),
        autofocused(contactField(null, draft, "contact-problem")),
        problemLine("contact-problem"),
        submit(t("send")),
        quiet(t("cancel"), () => go(user ? "settings" : "", { replace: true })),
      ),
    ],
  };
}

/** The fields of a name, in the order of the language, and the line for their problem. */
function nameFields(draft, user) {
  const claimOf = { givenName: "given_name", familyName: "family_name" };
  const fields = nameOrder().map((field, place) => {
    const claim = claimOf[field];
    if (draft.get(field) === undefined && user[claim]) draft.set(field, user[claim]);
    const autocomplete = claim.replace("_", "-");
    return textField(field, t(field), { autocomplete, autofocus: place === 0, "aria-describedby": "name-problem" }, draft);
  });
  return [h("div", { class: "pair" }, ...fields), problemLine("name-problem")];
}

function welcomePage(user) {
  const isUnknown = service.sessionMode && !user.email && !user.phone_number;
  if (isUnknown || (user.email && user.phone_number)) return namePage(user);
  const method = user.email ? "PHONE_NUMBER" : "EMAIL";
  const draft = draftOf("welcome");
  return {
    title: t("welcome.title"),
    body: [
      h("p", { class: "soft" }, t(method === "EMAIL" ? "welcome.email" : "welcome.phone")),
      form(
        (target) => {
          if (isBusy() || (method === "EMAIL" && offers(target))) return;
          perform(target, (signal) => {
            const input = { ...namesOf(draft), ...contactOf(draft, method) };
            return freshly("welcome", signal, () => begin("signUp", input, signal));
          });
        },
        ...nameFields(draft, user),
        contactField(method, draft, "contact-problem"),
        problemLine("contact-problem"),
        submit(t("send")),
        quiet(t("later"), toSettings),
      ),
    ],
  };
}

function namePage(user) {
  const draft = draftOf("name");
  return {
    title: t("name.title"),
    body: [
      form(
        (target) =>
          perform(target, (signal) =>
            freshly("name", signal, async () => {
              const names = namesOf(draft);
              await sameUser();
              signal.throwIfAborted();
              await service.latchstring.updateName(names);
              draft.drop();
              // The name is on the account, even if the tokens show it only later.
              if (service.sessionMode) profile.learn({ given_name: names.givenName, family_name: names.familyName });
              else await service.latchstring.refresh().catch(() => {});
              tell(user);
              signal.throwIfAborted();
              await go("settings", { replace: true, say: t("done.name") });
            }),
          ),
        ...nameFields(draft, user),
        submit(t("save")),
        quiet(t("cancel"), toSettings),
      ),
    ],
  };
}

function contactPage(kind) {
  const method = METHODS[kind];
  const draft = draftOf(kind);
  return {
    title: t(`${kind}.title`),
    body: [
      h("p", { class: "soft" }, t(`${kind}.what`)),
      form(
        (target) => {
          if (isBusy() || (method === "EMAIL" && offers(target))) return;
          perform(target, (signal) => {
            const contact = contactOf(draft, method);
            return freshly(kind, signal, () => begin("changeContact", contact, signal));
          });
        },
        autofocused(contactField(method, draft, "contact-problem")),
        problemLine("contact-problem"),
        submit(t("send")),
        quiet(t("cancel"), toSettings),
      ),
    ],
  };
}

/** In session mode the contacts are not known: one that was proved in this tab is in the field. */
function askedAgainPage(user) {
  const draft = draftOf("again");
  const known = user.email ?? user.phone_number;
  if (known && draft.get("contact") === undefined) draft.set("contact", known);
  return {
    title: t("again.title"),
    body: [
      h("p", { class: "soft" }, t("again.what")),
      form(
        (target) => isBusy() || offers(target) || perform(target, (signal) => begin("again", contactOf(draft, null), signal, { replace: true })),
        autofocused(contactField(null, draft, "contact-problem")),
        problemLine("contact-problem"),
        submit(t("send")),
        quiet(t("cancel"), () => go("settings", { replace: true, from: after.get() })),
      ),
    ],
  };
}

/** Lists the contacts that the account has now, which another device may have changed. */
async function againPage(present) {
  if (service.sessionMode) return askedAgainPage(present);
  const user = userOf(await service.latchstring.refresh());
  const contacts = [
    ["EMAIL", user.email],
    ["PHONE_NUMBER", user.phone_number],
  ].filter(([, contact]) => contact);
  return {
    title: t("again.title"),
    body: [
      h("p", { class: "soft" }, t("again.what")),
      ...contacts.map(([method, emailOrPhone], place) =>
        form(
          (target) => perform(target, (signal) => begin("again", { method, emailOrPhone }, signal, { replace: true })),
          h("button", { class: "primary", type: "submit", autofocus: place === 0 }, t("again.send", { to: emailOrPhone })),
          problemLine(`again-problem-${method}`),
        ),
      ),
      quiet(t("cancel"), () => go("settings", { replace: true, from: after.get() })),
    ],
  };
}

async function settingsPage(user) {
  const { sessionMode } = service;
  const name = [user.given_name, user.family_name].filter(Boolean).join(" ");
  const row = (kind, value) =>
    h(
      "div",
      {},
      h("dt", {}, t(kind)),
      h("dd", {}, value ? h("bdi", {}, value) : h("span", { class: "soft" }, t(sessionMode ? "unseen" : "none"))),
      h("dd", {}, changes(kind, value || sessionMode)),
    );
  const changes = (kind, isThere) =>
    quiet(t(isThere ? "change" : "add"), () => open(kind), {
      "aria-label": t(isThere ? `${kind}.change` : `${kind}.add`),
      "data-opens": kind,
    });
  const open = (kind) => {
    draftOf(kind).drop();
    return go(kind);
  };
  const leave = (say) => {
    forget();
    tell(null);
    return go("", { replace: true, say: t(say) });
  };
  const out = (everywhere) => (target) =>
    perform(target, async (signal) => {
      // Without a sign-in here other devices cannot be signed out.
      if (everywhere && !(await service.user())) return leave("notOutEverywhere");
      await sameUser();
      signal.throwIfAborted();
      try {
        // A device that stays known would keep its own message budget.
        if (everywhere) {
          await service.latchstring.forgetDevices();
          await sameUser();
          signal.throwIfAborted();
        }
        await service.latchstring.signOut({ everywhere });
      } catch (error) {
        // Without `everywhere` the tokens are removed here whatever the error is. The cookie is not.
        if ((everywhere || sessionMode) && error.type !== "NotSignedIn") throw error;
        if (everywhere) {
          if (await service.user()) {
            await sameUser();
            signal.throwIfAborted();
          }
          return leave("notOutEverywhere");
        }
      }
      return leave(everywhere ? "done.outEverywhere" : "done.out");
    });
  return {
    title: name ? t("settings.hello", { name }) : t("settings.title"),
    body: [
      name || sessionMode
        ? quiet(t("name.change"), () => open("name"), { "data-opens": "name" })
        : h("p", { class: "hint" }, t("settings.incomplete"), " ", quiet(t("settings.complete"), () => go("welcome"), { "data-opens": "welcome" })),
      h("h2", {}, t("settings.contacts")),
      h("dl", {}, row("email", user.email), row("phone", user.phone_number)),
      sessionMode && [h("h2", {}, t("sessions.title")), await sessionList()],
      h("h2", {}, t("settings.session")),
      form(out(false), h("button", { class: "secondary", type: "submit" }, t("settings.out")), problemLine("out-problem")),
      form(
        out(true),
        h("button", { class: "secondary", type: "submit" }, t("settings.outEverywhere")),
        problemLine("out-everywhere-problem"),
      ),
      !sessionMode && quiet(t("settings.delete"), () => go("delete"), { class: "quiet danger", "data-opens": "delete" }),
    ],
  };
}

/** Refuses a deletion without a recent sign-in. Cognito would accept any valid token. */
async function requireRecentSignIn() {
  // Both times are the service's: the clock of this device does not matter.
  const { iat, auth_time } = claims((await service.latchstring.refresh()).accessToken);
  if (!(iat - auth_time <= service.freshSeconds)) throw new LatchstringError("ReauthRequired");
}

function deletePage() {
  return {
    title: t("delete.title"),
    body: [
      h("p", {}, t("delete.what")),
      form(
        (target) =>
          perform(target, (signal) =>
            freshly("delete", signal, async () => {
              await requireRecentSignIn();
              await sameUser();
              signal.throwIfAborted();
              await service.latchstring.deleteAccount();
              // Also if the page was left meanwhile: the account no longer exists.
              forget();
              await go("", { replace: true, say: t("done.deleted") });
            }),
          ),
        problemLine("delete-problem"),
        h("button", { class: "primary dangerous", type: "submit" }, t("delete.yes")),
        h("button", { class: "secondary", type: "button", autofocus: true, onclick: toSettings }, t("delete.no")),
      ),
    ],
  };
}

function connection() {
  document.getElementById("connection").textContent = navigator.onLine ? "" : t("offline");
}

chooser(document.getElementById("language"), () => {
  connection();
  whenIdle(() => render({ focus: false }));
});
addEventListener("online", connection);
addEventListener("offline", connection);
connection();
start({
  "": signInPage,
  code: codePage,
  link: linkPage,
  undo: undoPage,
  welcome: welcomePage,
  name: namePage,
  settings: settingsPage,
  again: againPage,
  email: () => contactPage("email"),
  phone: () => contactPage("phone"),
  delete: deletePage,
});
