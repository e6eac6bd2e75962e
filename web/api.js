// The page of the HTTP API: /openapi.json, to be read.

import { h } from "./dom.js";

const view = document.getElementById("document");

/** Returns a text whose parts between backticks are code. */
const inline = (text) => text.split("`").map((part, at) => (at % 2 ? h("code", {}, part) : part));

const paragraphs = (text) => (text ?? "").split("\n\n").filter(Boolean).map((part) => h("p", {}, inline(part)));

/** Returns what a reader needs of the document. */
function reader({ components, paths }) {
  /** Follows a reference. What is written beside it goes before. */
  const follow = ({ $ref, ...rest }) => ($ref ? { ...follow(components.schemas[$ref.split("/").pop()]), ...rest } : rest);

  /** Returns the alternatives of a schema without null, of which there is one where there are none. */
  const alternatives = (schema) => {
    const { oneOf, anyOf, ...rest } = follow(schema);
    const all = oneOf ?? anyOf;
    if (!all) return [rest];
    return all.map(follow).filter(({ type }) => type !== "null");
  };

  const values = ({ const: only, enum: any }) => (only === undefined ? any : [only]);

  /** Returns the type of a member in words. */
  const typed = (schema) => {
    const shapes = alternatives(schema);
    const allowed = shapes.flatMap((shape) => values(shape) ?? []);
    if (allowed.length) return allowed.map((value) => JSON.stringify(value)).join(" or ");
    return [...new Set(shapes.flatMap(({ type }) => type ?? []))].filter((type) => type !== "null").join(" or ");
  };

  const isNullable = (schema) => {
    const { type, oneOf = [], anyOf = [] } = follow(schema);
    return [type].flat().includes("null") || [...oneOf, ...anyOf].some(({ type }) => type === "null");
  };

  /** Puts required members first. */
  const byRequired = (required) => ([one], [other]) => required.includes(other) - required.includes(one);

  /** Returns the members of an object as a list. */
  const members = ({ properties = {}, required = [] }, isAnswer) =>
    h(
      "dl",
      {},
      Object.entries(properties).sort(byRequired(required)).map(([name, schema]) => {
        const isRequired = required.includes(name);
        const notes = [typed(schema), isAnswer ? isNullable(schema) && "or null" : !isRequired && "optional"];
        const nested = alternatives(schema).filter(({ properties }) => properties);
        const { description, examples: [example] = [] } = follow(schema);
        return h(
          "div",
          {},
          h("dt", {}, h("code", {}, name), h("span", {}, notes.filter(Boolean).join(", "))),
          h("dd", {}, inline(description ?? ""), typeof example === "string" && [" Such as ", h("code", {}, example), "."]),
          nested.map((object) => h("dd", {}, members(object, isAnswer))),
        );
      }),
    );

  /** Returns the smallest request of a schema. */
  const sample = (schema) => {
    const { properties = {}, required = [] } = follow(schema);
    const value = (name) => {
      const [{ examples, enum: any }] = alternatives(properties[name]);
      return follow(properties[name]).examples?.[0] ?? examples?.[0] ?? any?.[0] ?? "…";
    };
    return Object.fromEntries(required.map((name) => [name, value(name)]));
  };

  const command = (method, path, { requestBody, parameters = [], security }) => {
    const query = parameters.map(({ name, schema }) => `${name}=${alternatives(schema)[0].enum?.[0]}`).join("&");
    const url = `${location.origin}${path}${query && `?${query}`}`;
    const body = requestBody && sample(requestBody.content["application/json"].schema);
    const parts = [
      `curl ${query ? `'${url}'` : url}`,
      method === "post" && !body && "-X POST",
      security.length > 0 && "-H 'authorization: Bearer ACCESS_TOKEN'",
      body && "-H 'content-type: application/json'",
      body && `-d '${JSON.stringify(body)}'`,
    ];
    return h("pre", {}, parts.filter(Boolean).join(" \\\n  "));
  };

  const request = ({ requestBody, parameters }) => {
    if (requestBody) return [h("h4", {}, "Request"), members(follow(requestBody.content["application/json"].schema), false)];
    if (!parameters) return [];
    const properties = Object.fromEntries(parameters.map(({ name, schema, description }) => [name, { ...schema, description }]));
    const required = parameters.filter((parameter) => parameter.required).map(({ name }) => name);
    return [h("h4", {}, "Query"), members({ properties, required }, false)];
  };

  const answers = ({ responses }) =>
    Object.entries(responses)
      .filter(([status]) => status < 300)
      .flatMap(([status, { content }]) => {
        if (!content) return [h("h4", {}, `Answer ${status}`), h("p", { class: "soft" }, "No body.")];
        return alternatives(content["application/json"].schema).flatMap((shape) => [
          h("h4", {}, ["Answer", status, values(shape.properties.status ?? {})?.[0]].filter(Boolean).join(" ")),
          h("div", { class: "soft" }, paragraphs(shape.description)),
          members(shape, true),
        ]);
      });

  const problems = ({ responses }) => {
    const examples = Object.values(responses).flatMap(({ content }) =>
      Object.entries(content?.["application/problem+json"]?.examples ?? {}),
    );
    const list = examples.map(([name, { value }]) =>
      h("div", {}, h("dt", {}, h("code", {}, name), h("span", {}, value.status)), h("dd", {}, inline(value.detail))),
    );
    return h("details", {}, h("summary", {}, `${examples.length} errors`), h("dl", {}, list));
  };

  const operation = ([method, path, operation]) =>
    h(
      "section",
      { class: "operation", id: operation.operationId, "aria-labelledby": `${operation.operationId}-title` },
      h("h3", { id: `${operation.operationId}-title` }, h("span", { class: "verb" }, method.toUpperCase()), h("code", {}, path)),
      h("p", {}, h("strong", {}, `${operation.summary}.`), operation.security.length > 0 && " With an access token."),
      paragraphs(operation.description),
      command(method, path, operation),
      request(operation),
      answers(operation),
      problems(operation),
    );

  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => [method, path, operation]),
  );
  // The document is sorted by path; a reader begins with the sign-in.
  const isLater = ([, path]) => Number(!path.startsWith("/v1/sign-"));
  operations.sort((one, other) => isLater(one) - isLater(other));
  return { follow, members, operation, operations };
}

function show(document) {
  const { info, tags, components } = document;
  const { members, operation, operations } = reader(document);
  const groups = tags.map((tag) => [tag, operations.filter(([, , { tags }]) => tags.includes(tag.name))]);
  const link = ([method, path, { operationId, summary }]) =>
    h(
      "li",
      {},
      h("a", { href: `#${operationId}` }, h("b", { class: "verb" }, method.toUpperCase()), h("code", {}, path), h("span", {}, summary)),
    );
  view.replaceChildren(
    ...paragraphs(info.description),
    h("p", {}, "For programs: ", h("a", { href: "/openapi.json" }, "the OpenAPI document"), "."),
    h("nav", { "aria-label": "Routes" }, h("ul", { class: "routes" }, groups.flatMap(([, own]) => own.map(link)))),
    ...groups.flatMap(([tag, own]) => [
      h("h2", {}, tag.description ?? tag.name),
      ...own.map(operation),
    ]),
    h("h2", { id: "errors" }, "Errors"),
    h(
      "section",
      { class: "operation" },
      ...paragraphs(components.schemas.Problem.description),
      members(components.schemas.Problem, true),
    ),
  );
  view.removeAttribute("aria-busy");
  // The browser looked for the address's part before it was there.
  const target = location.hash.length > 1 && window.document.getElementById(location.hash.slice(1));
  if (target) location.replace(location.hash);
}

try {
  const answered = await fetch("/openapi.json");
  show(await answered.json());
} catch {
  view.replaceChildren();
  document.getElementById("connection").textContent = "The service does not answer. Reload the page when it runs again.";
}
