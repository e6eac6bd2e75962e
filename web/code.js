// The page for a code, and the requests that bring one.

import { readCode } from "./codetext.js";
import { announce, h } from "./dom.js";
import { Complaint, clear, complain, explain, form, inTime, offer, perform, problemLine, quiet } from "./forms.js";
import { locale, t } from "./i18n.js";
import { LatchstringError } from "./latchstring.js";
import { go, onLeave, render, sameUser, service, tell } from "./router.js";
import { ENDS, after, device, draftOf, flow, isOfClient, owner, profile, userOf } from "./session.js";

const draft = draftOf("code");
/** Stops the browser's wait for a text message. */
let deaf = () => {};

const CALLS = {
  signIn: "signIn",
  again: "reauthenticate",
  signUp: "signUp",
  changeContact: "changeContact",
  undo: "undoContactChange",
};

/** Requests a code and goes to the code page. */
export async function begin(kind, input, signal, { replace = false } = {}) {
  await sameUser();
  signal.throwIfAborted();
  const ask = (more) => call(kind, { ...input, locale: locale(), ...more }, { signal });
  const challenge = await ask().catch(async (error) => {
    // An app with a CAPTCHA sets this function: it shows the CAPTCHA and returns the answer (docs/captcha.md).
    if (error.type !== "CaptchaRequired" || !window.solveCaptcha) throw error;
    const captcha = await solved(window.solveCaptcha);
    signal.throwIfAborted();
    return ask({ captcha }).catch((error) => {
      throw error.type === "CaptchaRequired" ? new Complaint("captcha.wrong") : error;
    });
  });
  draft.drop();
  flow.begin(kind, input, challenge);
  await go("code", { replace });
}

function call(kind, input, options) {
  const { latchstring, sessionMode } = service;
  // In session mode `arrived` compares the accounts.
  if (sessionMode && kind === "again") return latchstring.signIn({ ...input, existingOnly: true }, options);
  return latchstring[CALLS[kind]](input, options);
}

async function solved(solve) {
  try {
    const answer = await solve();
    if (answer) return answer;
  } catch (error) {
    console.error(error);
  }
  throw new Complaint("captcha.closed");
}

/** Does work that needs a recent sign-in. Without one the user reauthenticates and returns to `page`. */
export async function freshly(page, signal, work) {
  try {
    await work();
  } catch (error) {
    if (!isOfClient(error)) throw error;
    if (error.type === "ReauthRequired") {
      signal.throwIfAborted();
      after.set(page);
      return go("again");
    }
    // The sign-in has ended, or another tab signed in to another account: the page says which.
    if (error.type === "NotSignedIn") await sameUser();
    throw error;
  }
}

/** The page on which the contact of a flow was typed. */
const origin = ({ kind, challenge }) =>
  ({ signIn: "", signUp: "welcome", again: "again", undo: "undo" })[kind] ?? (challenge.method === "EMAIL" ? "email" : "phone");

export function codePage() {
  const { challenge, kind, ended } = flow.get();
  const { codeLength, codeAlphabet, emailOrPhone, method, attemptsLeft } = challenge;
  const long = codeAlphabet === "BASE32";
  const read = (text) => readCode(text, codeLength, codeAlphabet);
  const sms = method === "PHONE_NUMBER";
  // A new code would end the same way.
  const taken = ["ContactInUse", "NothingToUndo", "NotAdmitted"].includes(ended);
  // No contact can be changed for now, this one neither.
  const held = ended === "ChangeHeld";
  // The code takes no more answers, but a resend brings another.
  const dead = !ended && attemptsLeft === 0;
  const other = t(sms ? "code.otherNumber" : "code.otherAddress");
  const input = h("input", {
    id: "code",
    name: "code",
    type: "text",
    inputmode: long ? "text" : "numeric",
    autocapitalize: long && "characters",
    autocorrect: "off",
    spellcheck: "false",
    class: long && "long",
    autocomplete: "one-time-code",
    required: true,
    disabled: Boolean(ended) || dead,
    autofocus: !ended && !dead,
    value: draft.get("code") ?? "",
    "aria-describedby": "code-sent code-problem",
    oninput: (event) => event.isComposing || typed(),
    oncompositionend: typed,
  });
  const change = () => {
    const page = origin(flow.get());
    if (page !== "again" && !draftOf(page).get("contact")) draftOf(page).set("contact", emailOrPhone);
    return go(page);
  };
  const cancel = () => {
    const page = origin(flow.get());
    flow.clear();
    return go("settings", { replace: true, from: page === "again" ? after.get() : page });
  };
  const again = quiet("", resend, { id: "resend" });
  const until = h("span", { class: "soft" });
  const primary = h(
    "button",
    { class: "primary", type: "submit", autofocus: Boolean(ended) || dead, "aria-describedby": (ended || dead) && "code-problem" },
    taken && kind === "undo" ? t("signIn.title") : taken ? other : t(held ? "link.account" : ended || dead ? "code.new" : "continue"),
  );
  const page = form(
    (target) => (held || (taken && kind === "undo") ? cancel() : taken ? change() : ended ? perform(target, restart) : dead ? resend() : answer()),
    h(
      "p",
      { id: "code-sent", class: "soft" },
      ...(ended || dead
        ? [h("bdi", {}, emailOrPhone)]
        : around(t(long ? "code.sentLong" : "code.sent", { n: codeLength, to: "\n" }), h("bdi", {}, emailOrPhone))),
      " ",
      !taken && !held && quiet(other, change),
    ),
    h("label", { class: "field", for: "code" }, h("span", {}, t("code.label")), input),
    problemLine("code-problem"),
    primary,
    h("p", { class: "resend", hidden: Boolean(ended) || dead }, again, until),
    !ended && !dead && h(
      "details",
      {},
      h("summary", {}, t("help.title")),
      h("ul", {}, ...[sms ? "help.number" : "help.spam", sms ? "help.signal" : "help.address", "help.wait"].map((tip) => h("li", {}, t(tip)))),
      quiet(other, change),
    ),
    kind !== "signIn" && !held && quiet(t("cancel"), cancel, { class: "quiet cancel" }),
  );
  if (ended || dead) page.querySelector(".problem").textContent = t(ended ? endOf(kind, ended) : "code.dead");

  function typed() {
    const { text } = read(input.value);
    draft.set("code", text);
    if (input.value !== text) show(text);
    if (input.hasAttribute("aria-invalid")) clear(page);
    submitOnce();
  }

  /** Shows another text than the typed one, with the caret after the same character. */
  function show(text) {
    const count = (part) => part.replace(/[\s-]/g, "").length;
    const rest = count(input.value.slice(input.selectionStart));
    input.value = text;
    let caret = text.length;
    while (caret > 0 && count(text.slice(caret)) < rest) caret -= 1;
    if (long) input.setSelectionRange(caret, caret);
  }

  /** Sends the code as soon as it is complete, and each code once. */
  function submitOnce() {
    const { code } = read(input.value);
    if (code && !input.disabled && input.isConnected && !flow.get()?.tried.includes(code)) page.requestSubmit();
  }

  function tick() {
    const waiting = flow.get();
    if (!waiting || waiting.ended) return;
    const lasts = flow.lasts(waiting);
    if (lasts === 0) return end("CodeExpired");
    const waits = flow.waits(waiting);
    const seconds = Math.ceil((waits ?? 0) / 1000);
    const time = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    const text = seconds ? t("code.againIn", { time }) : t(waits === null || dead ? "code.new" : "code.again");
    const button = dead ? primary : again;
    if (button.textContent !== text) button.textContent = text;
    button.toggleAttribute("disabled", seconds > 0);
    if (!until.textContent) until.textContent = goodUntil(lasts);
  }

  function goodUntil(lasts) {
    return t("code.until", { time: new Intl.DateTimeFormat(locale(), { timeStyle: "short" }).format(Date.now() + lasts) });
  }

  async function resend() {
    const waiting = flow.get();
    if (flow.waits(waiting) === null) return perform(page, restart);
    await perform(page, async (signal) => {
      await sameUser();
      signal.throwIfAborted();
      let next;
      try {
        // The next session is kept even if the page is left meanwhile.
        next = await service.latchstring.resend(waiting.challenge);
      } catch (error) {
        return failed(error, signal);
      }
      flow.next(waiting, next);
      signal.throwIfAborted();
      const refused = next.refused && explain(refusal(next.refused));
      if (next.codeLength !== codeLength || next.codeAlphabet !== codeAlphabet || dead !== (next.attemptsLeft === 0)) {
        if (next.codeLength !== codeLength) draft.drop();
        await go("code", { say: refused ? refused.text : t("code.sentAgain") });
        return;
      }
      tick();
      if (refused) return complain(page, refused);
      if (sms) listen(input);
      announce(t("code.sentAgain"));
      until.textContent = `${t("code.sentAgain")} ${goodUntil(flow.lasts(flow.get()))}`;
      input.focus();
    });
    // The code may have been typed meanwhile.
    submitOnce();
  }

  function answer() {
    const waiting = flow.get();
    const { code } = read(input.value);
    if (!code) return complain(page, { text: t(long ? "code.lengthLong" : "code.length", { n: codeLength }), fields: ["code"] });
    deaf();
    return perform(page, async (signal) => {
      // A link may have signed in meanwhile, in another tab.
      await sameUser();
      signal.throwIfAborted();
      let answer;
      try {
        answer = await service.latchstring.answer(waiting.challenge, code);
      } catch (error) {
        return failed(error, signal);
      }
      // A right code counts even if the page was left meanwhile.
      if (answer.done) return arrived(answer, waiting);
      const { challenge } = answer;
      flow.next(waiting, challenge, [...waiting.tried, code]);
      signal.throwIfAborted();
      if (challenge.attemptsLeft === 0 || challenge.codeLength !== codeLength || challenge.codeAlphabet !== codeAlphabet) {
        return render();
      }
      input.select();
      tick();
      if (sms) listen(input);
      if (challenge.refused) throw refusal(challenge.refused);
      throw new Complaint("code.wrong", { n: challenge.attemptsLeft }, "code");
    });
  }

  async function restart(signal) {
    const { kind, input } = flow.get();
    await freshly(origin(flow.get()), signal, () => begin(kind, input, signal, { replace: true }));
  }

  onLeave(start(tick));
  onLeave(() => deaf());
  if (sms && !ended && !dead) listen(input);
  // Another tab signed in, by the link or the code: the field stays, and the way on is offered.
  const signedIn = () => offer(page, t("code.signedIn"), t("link.account"), () => render());
  return { signedIn: kind === "signIn" && signedIn, title: t(ended === "NotAdmitted" ? "code.notAdmitted" : taken && kind !== "undo" ? "code.taken" : taken ? "undo.over" : held ? "code.held" : ended || dead ? "code.over" : "code.title"), body: page };
}

/** The text for the end of a flow. */
export const endOf = (kind, ended) => (kind === "undo" && ended === "ContactInUse" ? "undo.inUse" : `error.${ended}`);

/** A refused resend, as the error that the API would give for it. */
function refusal({ type, retryAfter }) {
  if (type !== "TooManyRequests" || !retryAfter) return new LatchstringError(type);
  return new Complaint("error.TooManyRequestsUntil", { time: inTime(retryAfter) });
}

/** The text before and after the one place of a text, with an element in it. */
function around(text, element) {
  const [before, after] = text.split("\n");
  return [before, element, after];
}

/** Updates the times of the page regularly; returns the function that stops it. */
function start(tick) {
  const timer = setInterval(tick, 500);
  queueMicrotask(tick);
  return () => clearInterval(timer);
}

/** Lets the browser read the text message where it can (WebOTP). */
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
    // The user declined, or left the page: the code can be typed.
    .catch(() => {});
}

/** Ends the code, shows the reason and offers a new one. */
function end(type) {
  flow.end(type);
  draft.drop();
  return render();
}

async function failed(error, signal) {
  signal.throwIfAborted();
  if (isOfClient(error)) {
    if (ENDS.includes(error.type)) return end(error.type);
    if (error.type === "OtherAccount") {
      flow.clear();
      return go("again", { replace: true, say: explain(error).text });
    }
  }
  throw error;
}

/** Goes on after a right code or link. */
export async function arrived({ tokens, isNew }, waiting) {
  const { kind } = waiting;
  // Signed in all the same, if the question fails: the next page asks again.
  const user = tokens ? userOf(tokens) : await service.user().catch(() => null);
  // A new contact ends older tokens of devices. The page does not wait: without a known device the
  // account owner only shares the message budget with attackers.
  device.keep(service.latchstring).catch(() => {});
  flow.clear();
  draft.drop();
  if (service.sessionMode) {
    const isOther = kind === "again" && user && user.sub !== owner.get();
    learn(user, waiting);
    if (isOther) return go("settings", { replace: true, say: t("again.other") });
  }
  if (kind === "again") return go(after.get(), { replace: true, say: t("done.again") });
  if (kind === "undo") {
    owner.become(user?.sub ?? null);
    draftOf("undo").drop();
    return go("settings", { replace: true, say: t("done.undo") });
  }
  if (kind === "signIn") {
    owner.become(user?.sub ?? null);
    const isComplete = service.sessionMode ? !isNew : user?.given_name;
    return go(isComplete ? "settings" : "welcome", { replace: true });
  }
  draftOf(origin(waiting)).drop();
  return go("settings", { replace: true, say: t(kind === "signUp" ? "done.signUp" : "done.change") });
}

/** Keeps what the answer proved of the account, and informs the other tabs. */
function learn(user, { kind, challenge, input = {} }) {
  tell(user);
  // The page of another account says so, and forgets what it knew.
  if (!["signIn", "undo", "again"].includes(kind) && user?.sub !== owner.get()) return;
  owner.become(user?.sub ?? null);
  if (!user) return;
  const contact = challenge.method === "EMAIL" ? "email" : "phone_number";
  profile.learn({ [contact]: challenge.emailOrPhone, given_name: input.givenName, family_name: input.familyName });
}
