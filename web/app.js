// The pages: which one is shown, and what leads from one to the next.
//
//   (empty) ──▶ code ──▶ welcome ──▶ code ──▶ settings ──▶ email, phone ──▶ code
//   sign in             a new person           │   └──▶ delete
//                       says who they are      └──▶ again: sign in once more, where it must be fresh

import { announce, h } from "./dom.js";
import { checkbox, complain, contactField, explain, perform, problemLine, quiet, refusal, submit, textField } from "./forms.js";
import { chooser, language, locale, t } from "./i18n.js";
import { parse } from "./identifier.js";
import { LatchstringError, claims } from "./latchstring.js";
import { connect, device, flow } from "./session.js";
import { isBlocked, session } from "./storage.js";

const view = document.getElementById("view");
/** What was typed into forms, so that nothing is typed twice in this tab. */
const draft = {};
let latchstring;
/** What the next page says first. */
let notice = "";
/** Ends what the page that is shown has going: its clock. */
let leave = () => {};
/** Stops the browser's wait for a text message. */
let deaf = () => {};
let renders = 0;

const METHODS = { email: "EMAIL", phone: "PHONE_NUMBER" };
const PAGES = { "": signInPage, code: codePage, welcome: welcomePage, settings: settingsPage, again: againPage, email: () => contactPage("email"), phone: () => contactPage("phone"), delete: deletePage };

const here = () => location.hash.slice(1);
const isPage = (name) => Object.hasOwn(PAGES, name);

function go(page, { replace = false, say = "" } = {}) {
  notice = say;
  const url = page ? `#${page}` : location.pathname + location.search;
  if (page !== here()) history[replace ? "replaceState" : "pushState"](null, "", url);
  return render();
}

/** Shows the page that the address names, or the one that can be shown instead. */
async function render({ focus = true } = {}) {
  const mine = ++renders;
  leave();
  leave = () => {};
  deaf();
  let tokens;
  try {
    latchstring ??= await connect();
    tokens = await latchstring.tokens();
  } catch (error) {
    if (mine === renders) show({ title: t("unreachable"), body: retry(), focus });
    return;
  }
  if (mine !== renders) return;
  const page = allowed(isPage(here()) ? here() : "", Boolean(tokens));
  if (page !== here()) history.replaceState(null, "", page ? `#${page}` : location.pathname + location.search);
  const person = tokens && claims(tokens.idToken);
  show({ ...PAGES[page](person), focus });
}

function allowed(page, signedIn) {
  const waiting = flow.get();
  if (page === "code") {
    if (waiting && (waiting.kind === "signIn") === !signedIn) return page;
    return signedIn ? "settings" : "";
  }
  if (signedIn) return page || "settings";
  return "";
}

function show({ title, body, focus }) {
  const heading = h("h1", { tabindex: "-1" }, title);
  const said = notice && h("p", { class: "notice" }, notice);
  document.title = `${title} · Latchstring`;
  view.replaceChildren(...[said, heading, body].flat().filter(Boolean));
  if (!focus) return;
  announce(notice ? `${notice} ${title}` : title);
  notice = "";
  (view.querySelector("[autofocus]") ?? heading).focus();
}

function retry() {
  return [
    h("p", {}, t("error.Network")),
    h("button", { class: "primary", type: "button", autofocus: true, onclick: () => render() }, t("retry")),
  ];
}

/** Has a code sent and goes to the page for it. */
async function begin(kind, input, { replace = false } = {}) {
  const call = { signIn: "signIn", again: "signIn", signUp: "signUp", changeContact: "changeContact" }[kind];
  const spoken = kind === "changeContact" ? {} : { locale: locale() };
  const ask = (more) => latchstring[call]({ ...input, ...spoken, ...more });
  const challenge = await ask().catch(async (error) => {
    // An app with a captcha sets this: it shows the riddle, and gives the answer (docs/captcha.md).
    if (error.type !== "CaptchaRequired" || !window.solveCaptcha) throw error;
    return ask({ captcha: await window.solveCaptcha() });
  });
  draft.code = "";
  flow.set({ challenge, kind, input, ended: null, tried: [] });
  await go("code", { replace });
}

/** A form; `sent` is done when it is sent. */
const form = (sent, ...children) =>
  h("form", { novalidate: true, onsubmit: (event) => (event.preventDefault(), sent(event.target)) }, ...children);

/** Sends a form with a contact in it, unless what was typed cannot be one. */
function sendContact(target, method, work) {
  for (const field of target.querySelectorAll("input:not(#contact)")) {
    if (!field.value.trim()) return complain(target, t("missingName"), field);
  }
  const contact = target.querySelector("#contact");
  const parsed = parse(contact.value, draft.region, method);
  if (parsed.error) return complain(target, t(parsed.error), contact);
  return perform(target, () => work(parsed));
}

function signInPage() {
  return {
    title: t("signIn.title"),
    body: [
      h("p", { class: "soft" }, t("signIn.what")),
      form(
        (target) => sendContact(target, null, (contact) => begin("signIn", contact)),
        autofocused(contactField(null, draft, "contact-problem")),
        problemLine("contact-problem"),
        checkbox("device", t("device"), t("device.what"), device.wanted(), device.want),
        submit(t("signIn.send")),
      ),
    ],
  };
}

function autofocused(field) {
  field.querySelector("input").setAttribute("autofocus", "");
  return field;
}

/** Says again what a signed-in person must do first. */
async function freshly(page, work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof LatchstringError)) throw error;
    if (error.type === "ReauthRequired") {
      session.setItem("latchstring.after", page);
      return go("again");
    }
    if (error.type === "NotSignedIn") return go("", { replace: true, say: explain(error) });
    throw error;
  }
}

function welcomePage(person) {
  // The contact that is missing; if none is, another phone number.
  const method = person.email ? "PHONE_NUMBER" : "EMAIL";
  draft.givenName ??= person.given_name;
  draft.familyName ??= person.family_name;
  return {
    title: t("welcome.title"),
    body: [
      h("p", { class: "soft" }, t(method === "EMAIL" ? "welcome.email" : "welcome.phone")),
      form(
        (target) =>
          sendContact(target, method, (contact) => {
            const names = { givenName: draft.givenName.trim(), familyName: draft.familyName.trim() };
            return freshly("welcome", () => begin("signUp", { ...contact, ...names }));
          }),
        h(
          "div",
          { class: "pair" },
          textField("givenName", t("givenName"), { autocomplete: "given-name", autofocus: true }, draft),
          textField("familyName", t("familyName"), { autocomplete: "family-name" }, draft),
        ),
        contactField(method, draft, "contact-problem"),
        problemLine("contact-problem"),
        submit(t("send")),
        quiet(t("later"), () => go("settings", { replace: true })),
      ),
    ],
  };
}

function contactPage(kind) {
  const method = METHODS[kind];
  return {
    title: t(`${kind}.title`),
    body: [
      h("p", { class: "soft" }, t(`${kind}.what`)),
      form(
        (target) =>
          sendContact(target, method, (contact) => freshly(kind, () => begin("changeContact", contact))),
        autofocused(contactField(method, draft, "contact-problem")),
        problemLine("contact-problem"),
        submit(t("send")),
        quiet(t("cancel"), () => go("settings", { replace: true })),
      ),
    ],
  };
}

function againPage(person) {
  const contacts = [
    ["EMAIL", person.email],
    ["PHONE_NUMBER", person.phone_number],
  ].filter(([, contact]) => contact);
  return {
    title: t("again.title"),
    body: [
      h("p", { class: "soft" }, t("again.what")),
      ...contacts.map(([method, emailOrPhone], place) =>
        form(
          (target) => perform(target, () => begin("again", { method, emailOrPhone }, { replace: true })),
          h("button", { class: "primary", type: "submit", autofocus: place === 0 }, t("again.send", { to: emailOrPhone })),
          problemLine(`again-problem-${method}`),
        ),
      ),
      quiet(t("cancel"), () => go("settings", { replace: true })),
    ],
  };
}

function codePage() {
  const { challenge, kind, ended } = flow.get();
  const { codeLength, emailOrPhone, expiresAt, method } = challenge;
  const sms = method === "PHONE_NUMBER";
  // A new code would come to the same end.
  const taken = ended === "ContactInUse";
  const other = t(sms ? "code.otherNumber" : "code.otherAddress");
  const until = new Intl.DateTimeFormat(language, { timeStyle: "short" }).format(expiresAt);
  const input = h("input", {
    id: "code",
    name: "code",
    type: "text",
    inputmode: "numeric",
    autocomplete: "one-time-code",
    required: true,
    disabled: Boolean(ended),
    autofocus: !ended,
    value: draft.code ?? "",
    "aria-describedby": "code-sent code-problem",
    // A composition (an IME's, with full-width digits) is half a code until it ends.
    oninput: (event) => event.isComposing || typed(),
    oncompositionend: () => typed(),
  });
  const typed = () => {
    const { code, certain } = codeIn(input.value, codeLength);
    draft.code = code;
    if (input.value !== code) input.value = code;
    if (input.hasAttribute("aria-invalid")) complain(page, "");
    if (certain && !flow.get().tried.includes(code)) page.requestSubmit();
  };
  const change = () => {
    draft.contact = draft.contact || emailOrPhone;
    if (kind === "signIn") return go("");
    return go({ signUp: "welcome", again: "again" }[kind] ?? (sms ? "phone" : "email"));
  };
  const again = quiet("", resend, { id: "resend" });
  const page = form(
    (target) => (taken ? change() : ended ? perform(target, restart) : answer(target, input)),
    h(
      "p",
      { id: "code-sent", class: "soft" },
      ...(ended
        ? [h("bdi", {}, emailOrPhone)]
        : around(t("code.sent", { n: codeLength, to: "\n" }), h("bdi", {}, emailOrPhone))),
      " ",
      !taken && quiet(other, change),
    ),
    h("label", { class: "field", for: "code" }, h("span", {}, t("code.label")), input),
    problemLine("code-problem"),
    h(
      "button",
      { class: "primary", type: "submit", autofocus: Boolean(ended), "aria-describedby": ended && "code-problem" },
      taken ? other : t(ended ? "code.new" : "continue"),
    ),
    h("p", { class: "resend", hidden: Boolean(ended) }, again, h("span", { class: "soft" }, t("code.until", { time: until }))),
    !ended && h(
      "details",
      {},
      h("summary", {}, t("help.title")),
      h("ul", {}, ...[sms ? "help.number" : "help.spam", sms ? "help.signal" : "help.address", "help.wait"].map((tip) => h("li", {}, t(tip)))),
      quiet(other, change),
    ),
  );
  if (ended) page.querySelector(".problem").textContent = t(`error.${ended}`);

  function tick() {
    const { challenge, ended } = flow.get() ?? {};
    if (!challenge || ended) return;
    if (Date.now() >= challenge.expiresAt) return end("CodeExpired");
    const left = challenge.resendAt === null ? 0 : Math.max(0, Math.ceil((challenge.resendAt - Date.now()) / 1000));
    const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    const text = left ? t("code.againIn", { time: clock }) : t(challenge.resendAt === null ? "code.new" : "code.again");
    if (again.textContent !== text) again.textContent = text;
    again.toggleAttribute("disabled", left > 0);
  }

  function resend() {
    const waiting = flow.get();
    if (waiting.challenge.resendAt === null) return perform(page, restart);
    return perform(page, async () => {
      try {
        const challenge = await latchstring.resend(waiting.challenge);
        flow.set({ ...waiting, challenge });
        if (challenge.refused) return complain(page, refusal(challenge.refused), input);
        // A longer one: the page is of the shorter.
        if (challenge.codeLength !== codeLength) {
          draft.code = "";
          return go("code", { replace: true, say: t("code.sentAgain") });
        }
      } catch (error) {
        return failed(error);
      }
      tick();
      if (sms) listen(input);
      announce(t("code.sentAgain"));
      const sent = page.querySelector(".resend");
      sent.lastChild.textContent = t("code.sentAgain");
      input.focus();
    });
  }

  function answer(target, input) {
    const waiting = flow.get();
    const code = input.value;
    if (code.length !== codeLength) return complain(target, t("code.length", { n: codeLength }), input);
    deaf();
    return perform(target, async () => {
      try {
        const answer = await latchstring.answer(waiting.challenge, code);
        if (answer.done) return await arrived(answer);
        flow.set({ ...waiting, challenge: answer.challenge, tried: [...waiting.tried, code] });
        const left = answer.challenge.attemptsLeft;
        complain(target, left === 0 ? t("code.spent") : t("code.wrong", { n: left }), input);
        input.select();
        tick();
        if (sms) listen(input);
      } catch (error) {
        failed(error);
      }
    });
  }

  async function restart() {
    const { kind, input } = flow.get();
    await freshly(here(), () => begin(kind, input, { replace: true }));
  }

  leave = start(tick);
  if (sms && !ended) listen(input);
  return { title: t(taken ? "code.taken" : ended ? "code.over" : "code.title"), body: page };
}

/**
 * The code in what was typed or pasted, and whether it can be nothing else: then it is sent without a
 * click. All of a message may have been pasted, which holds other numbers too.
 */
function codeIn(text, codeLength) {
  const plain = text.normalize("NFKC");
  const numbers = [...plain.matchAll(/\d+(?:[\s\p{Pd}]+\d+)*/gu)].map(([number]) => number.replace(/\D/g, ""));
  const codes = numbers.filter((number) => number.length === codeLength);
  if (codes.length === 1) return { code: codes[0], certain: true };
  const digits = plain.replace(/\D/g, "");
  // A sentence in which no code is found stays as it is, to be corrected by hand.
  return { code: /[^\d\s\p{P}]/u.test(plain) && digits ? plain.trim() : digits.slice(0, codeLength), certain: false };
}

/** What stands before and after the one place of a text, with an element in it. */
function around(text, element) {
  const [before, after] = text.split("\n");
  return [before, element, after];
}

/** Has the clock of a page go on; returns what stops it. */
function start(tick) {
  const timer = setInterval(tick, 500);
  queueMicrotask(tick);
  return () => clearInterval(timer);
}

/** Where the browser can read the text message by itself, has it do so (WebOTP). */
function listen(input) {
  if (!("OTPCredential" in window)) return;
  deaf();
  const stop = new AbortController();
  deaf = () => stop.abort();
  navigator.credentials
    .get({ otp: { transport: ["sms"] }, signal: stop.signal })
    .then((credential) => {
      if (stop.signal.aborted) return;
      input.value = credential.code;
      input.dispatchEvent(new Event("input"));
    })
    // The person declined, or left the page: the code can be typed.
    .catch(() => {});
}

/** The code is over: says why, and offers a new one. */
function end(type) {
  flow.set({ ...flow.get(), ended: type });
  draft.code = "";
  return render();
}

function failed(error) {
  const over = ["CodeExpired", "AttemptsSpent", "FlowOver", "InvalidProof", "ContactInUse"];
  if (error instanceof LatchstringError && over.includes(error.type)) return end(error.type);
  throw error;
}

/** The code was right. */
async function arrived({ tokens }) {
  const { kind } = flow.get();
  // Nobody waits for it: without it, strangers are a little more of a nuisance.
  device.keep(latchstring).catch(() => {});
  flow.clear();
  for (const name of ["contact", "code"]) delete draft[name];
  if (kind === "signUp" || kind === "changeContact") {
    delete draft.givenName;
    delete draft.familyName;
    return go("settings", { replace: true, say: t(kind === "signUp" ? "done.signUp" : "done.change") });
  }
  if (kind === "again") {
    const after = session.getItem("latchstring.after") ?? "settings";
    return go(after, { replace: true, say: t("done.again") });
  }
  const complete = claims(tokens.idToken).given_name;
  return go(complete ? "settings" : "welcome", { replace: true });
}

function settingsPage(person) {
  const name = [person.given_name, person.family_name].filter(Boolean).join(" ");
  const row = (kind, value) =>
    h(
      "div",
      {},
      h("dt", {}, t(kind)),
      h("dd", {}, value ? h("bdi", {}, value) : h("span", { class: "soft" }, t("none"))),
      h("dd", {}, quiet(t(value ? "change" : "add"), () => open(kind), { "aria-label": t(value ? `${kind}.change` : `${kind}.add`) })),
    );
  const open = (kind) => {
    delete draft.contact;
    return go(kind);
  };
  const out = (everywhere) => (target) =>
    perform(target, async () => {
      let say = t(everywhere ? "done.outEverywhere" : "done.out");
      try {
        // Devices that stay known would go on after it.
        if (everywhere) await latchstring.forgetDevices();
        await latchstring.signOut({ everywhere });
      } catch (error) {
        // Without `everywhere` the tokens are gone from here whatever happens.
        if (everywhere && error.type !== "NotSignedIn") throw error;
        if (everywhere) say = t("out.ended");
      }
      forget();
      await go("", { replace: true, say });
    });
  return {
    title: name ? t("settings.hello", { name }) : t("settings.title"),
    body: [
      !name &&
        h("p", { class: "hint" }, t("settings.incomplete"), " ", quiet(t("settings.complete"), () => go("welcome"))),
      h("h2", {}, t("settings.contacts")),
      h("dl", {}, row("email", person.email), row("phone", person.phone_number)),
      h("h2", {}, t("settings.session")),
      form(out(false), h("button", { class: "secondary", type: "submit" }, t("settings.out")), problemLine("out-problem")),
      form(
        out(true),
        h("button", { class: "secondary", type: "submit" }, t("settings.outEverywhere")),
        problemLine("out-everywhere-problem"),
      ),
      quiet(t("settings.delete"), () => go("delete"), { class: "quiet danger" }),
    ],
  };
}

function deletePage() {
  return {
    title: t("delete.title"),
    body: [
      h("p", {}, t("delete.what")),
      form(
        (target) =>
          perform(target, () =>
            freshly("delete", async () => {
              await latchstring.deleteAccount();
              forget();
              await go("", { replace: true, say: t("done.deleted") });
            }),
          ),
        problemLine("delete-problem"),
        h("button", { class: "primary dangerous", type: "submit" }, t("delete.yes")),
        h("button", { class: "secondary", type: "button", autofocus: true, onclick: () => go("settings", { replace: true }) }, t("delete.no")),
      ),
    ],
  };
}

/** Nothing of a person stays in this tab. */
function forget() {
  flow.clear();
  session.removeItem("latchstring.after");
  for (const name of Object.keys(draft)) delete draft[name];
}

chooser(document.getElementById("language"), () => (connection(), render({ focus: false })));
function connection() {
  document.getElementById("connection").textContent = !navigator.onLine ? t("offline") : isBlocked() ? t("storage.blocked") : "";
}
addEventListener("online", connection);
addEventListener("offline", connection);
addEventListener("popstate", () => render());
// Another tab signed in or out.
addEventListener("storage", ({ key, oldValue, newValue }) => {
  const changed = key === null || (key.endsWith(".tokens") && Boolean(oldValue) !== Boolean(newValue));
  if (changed) render();
});
document.querySelector(".brand").addEventListener("click", (event) => (event.preventDefault(), go("")));
connection();
render();
