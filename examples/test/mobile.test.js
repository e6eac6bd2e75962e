// The Swift, Kotlin and Dart examples. No compiler of these languages runs here: tree-sitter's
// grammars parse them, and each name and call is compared with mobile-names.json, the declarations
// that were read in the sources of the libraries.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Language, Parser } from "web-tree-sitter";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const NAMES = JSON.parse(await readFile(here("mobile-names.json"), "utf8"));

const IDENTIFIERS = ["simple_identifier", "identifier", "type_identifier"];
const IMPORTS = ["import_declaration", "import_header", "import_or_export"];
const CLASSES = ["class_declaration", "class_definition"];
// Nodes of the three grammars whose own identifiers are declared by them.
const DECLARATIONS = [
  "class_parameter",
  "constructor_signature",
  "formal_parameter",
  "function_declaration",
  "function_signature",
  "getter_signature",
  "initialized_identifier",
  "parameter",
  "pattern",
  "static_final_declaration",
  "variable_declaration",
];
const ARGUMENTS = ["value_arguments", "arguments"];

const parsers = new Map();
before(async () => {
  await Parser.init();
  for (const { grammar } of Object.values(NAMES)) {
    const file = here(`../node_modules/tree-sitter-wasms/out/tree-sitter-${grammar}.wasm`);
    const parser = new Parser();
    parser.setLanguage(await Language.load(file));
    parsers.set(grammar, parser);
  }
});

function* nodes(node) {
  yield node;
  for (const child of node.children) yield* nodes(child);
}

/** The line and the column of the first syntax error. */
function syntaxError(root) {
  if (!root.hasError) return undefined;
  const place = [...nodes(root)].find((node) => node.isError || node.isMissing).startPosition;
  return `syntax error at ${place.row + 1}:${place.column + 1}`;
}

const isIdentifier = ({ type, childCount }) => childCount === 0 && IDENTIFIERS.includes(type);

/** True for an identifier that its parent declares: a function, a parameter or a variable. */
function isDeclared(node) {
  const { parent, previousNamedSibling: before } = node;
  if (CLASSES.includes(parent.type)) return node.type === "type_identifier";
  if (before?.type === "value_binding_pattern" || before?.type === "final_builtin") return true;
  return node.type !== "type_identifier" && DECLARATIONS.includes(parent.type);
}

/** The imports, the declared and the used names, and the calls with their arguments' labels. */
function contents(root) {
  const imports = [];
  const declared = new Set();
  const used = new Set();
  const calls = [];
  let last; // the identifier before
  const visit = (node) => {
    if (IMPORTS.includes(node.type)) {
      imports.push(node.text.match(/^import\s+['"]?([\w.:/]+)/)[1]);
      return;
    }
    if (ARGUMENTS.includes(node.type)) {
      const labels = node.namedChildren.map((argument) => {
        const label = argument.children.find(({ type }) => type === "value_argument_label" || type === "label");
        return label?.text.replace(/:$/, "");
      });
      calls.push({ name: last, labels });
    }
    if (isIdentifier(node)) {
      last = node.text;
      (isDeclared(node) ? declared : used).add(node.text);
    }
    node.children.forEach(visit);
  };
  visit(root);
  return { imports, declared, used, calls };
}

/** True if a call with these labels fits the parameters, of which `name?` may be left out. */
function fits(labels, parameters) {
  const left = parameters.split(" ").filter(Boolean);
  for (const label of labels) {
    const place = label === undefined ? 0 : left.findIndex((name) => name.replace("?", "") === label);
    if (place < 0 || place >= left.length) return false;
    // In order, as Swift requires; those that are passed over must be optional.
    if (left.splice(0, place + 1).slice(0, -1).some((name) => !name.endsWith("?"))) return false;
  }
  return left.every((name) => name.endsWith("?"));
}

/** Throws unless the source parses and uses the names of the library as they are declared. */
function check(source, { grammar, imports, library, language }) {
  const root = parsers.get(grammar).parse(source).rootNode;
  assert.equal(syntaxError(root), undefined);
  const found = contents(root);
  assert.deepEqual(found.imports.sort(), Object.keys(imports).sort());
  const known = new Set([...Object.keys(library), ...language]);
  const labels = new Set(found.calls.flatMap((call) => call.labels));
  const unknown = [...found.used].filter(
    (name) => name !== "_" && !known.has(name) && !found.declared.has(name) && !labels.has(name),
  );
  assert.deepEqual(unknown, [], "names that neither the library nor the example declares");
  assert.deepEqual([...known].filter((name) => !found.used.has(name)), [], "names that are not used");
  for (const { name, labels } of found.calls) {
    const parameters = library[name]?.[1];
    const call = `${name}(${labels.join(", ")})`;
    if (parameters !== undefined) assert.ok(fits(labels, parameters), `${call}: declared (${parameters})`);
  }
  const declarations = Object.entries(library).filter(([, [, parameters]]) => parameters !== undefined);
  for (const [name] of declarations) assert.ok(found.calls.some((call) => call.name === name), name);
}

for (const [file, names] of Object.entries(NAMES)) {
  const source = await readFile(here(`../${file}`), "utf8");

  test(`${file} parses, and its names are those of the library`, () => check(source, names));

  test(`${file}: a misspelled name of the library is found`, () => {
    assert.ok(Object.keys(names.library).length > 10);
    for (const name of Object.keys(names.library)) {
      const wrong = source.replace(new RegExp(`\\b${name}\\b`, "g"), `${name}Wrong`);
      assert.notEqual(wrong, source);
      assert.throws(() => check(wrong, names), undefined, name);
    }
  });

  test(`${file}: a missing bracket and a wrong label are found`, () => {
    const code = source.replace(/^ *\/.*$/gm, (comment) => " ".repeat(comment.length));
    for (const { index } of code.matchAll(/[()[\]{}]/g)) {
      const wrong = code.slice(0, index) + code.slice(index + 1);
      assert.throws(() => check(wrong, names), undefined, code.slice(index - 30, index + 1));
    }
    if (!names.label) return; // all its arguments are without labels
    const label = new RegExp(`\\b${names.label}:`, "g");
    assert.throws(() => check(source.replace(label, "wrong:"), names), /declared \(/);
  });
}
