//! Plain technical English in comments, texts and documents.
//!
//! A doc comment opens with a noun phrase or a verb, and no text contains a word of [`WORDS`].
//! All tracked files but those of [`EXCEPT`] are checked.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot read the tree has failed"
)]

use std::fs;
use std::path::Path;
use std::process::Command;

use regex::Regex;

/// Paths that are not checked, files and folders with a slash at the end: texts for users, and this
/// list of words.
const EXCEPT: &[&str] = &["web/languages/", "xtask/tests/prose.rs"];

/// The maximum length of a test name.
const NAME_CHARS: usize = 60;

/// Words that a test name must not contain.
const NAMES: &str = r"(?:^|_)(?:ghosts?|nobodys?|(?:some|any|every)bodys?|whoever|mend(?:s|ed)?|riddles?|judge[sd]?|strangers?|afresh|anew|(?:is|are)_told|(?:is|are)_over|asked_for)(?:_|$)";

/// The largest share of doc comments that open with a question word, in thousandths.
const OPENINGS_PER_THOUSAND: usize = 5;

/// Question words that a doc comment must not open with.
const OPENING: &str = r"^(?:What|Who|Whom|Whose|Whether|Where|How|Which|The same)\b";

/// Words and phrases that must not occur, each with its replacement.
const WORDS: &[(&str, &str)] = &[
    (
        r"(?:nobody|somebody|anybody|everybody|whoever)(?:'s)?\b",
        "the role",
    ),
    (r"mend(?:s|ed|ing)?\b", "fix"),
    (r"what (?:became|becomes|came|comes) of\b", "the outcome of"),
    (r"(?:anew|afresh)\b", "again, from scratch"),
    (r"for want of\b", "missing"),
    (r"chores?\b", "task"),
    (r"(?:forgiv(?:e|es|en|able|eness|ing)|forgave)\b", "refund"),
    (r"judg(?:e|es|ed|ing)\b", "verify, record"),
    (r"outward calls?\b", "external call"),
    (r"riddles?\b", "CAPTCHA"),
    (r"not valid any ?more\b", "no longer valid"),
    (r"ask(?:s|ed|ing)? for\b", "request"),
    (
        r"(?:is|are|was|were|be|been) told\b",
        "is notified, returns, reveals",
    ),
    (r"tells\b", "returns, reveals"),
    (r"tries\b", "attempts"),
    (r"(?:by itself|by themselves)\b", "alone"),
    (r"is over(?:$|[.,;:)]| by\b)", "has expired, has ended"),
];

/// Returns the names of the tests of a file in Rust, each with its line number.
fn tests(source: &str) -> Vec<(usize, &str)> {
    let mut is_test = false;
    let mut tests = Vec::new();
    for (number, line) in (1..).zip(source.lines().map(str::trim)) {
        let declared = line.trim_start_matches("async ").strip_prefix("fn ");
        if let Some(declared) = declared.filter(|_| is_test) {
            tests.push((number, declared.split('(').next().unwrap_or_default()));
        }
        is_test = line.starts_with("#[test]")
            || line.starts_with("#[tokio::test")
            || is_test && declared.is_none();
    }
    tests
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask is a folder of the workspace")
}

/// Returns the tracked files with these endings.
fn tracked(endings: &[&str]) -> Vec<String> {
    let output = Command::new("git")
        .args(["ls-files", "--"])
        .args(endings)
        .current_dir(root())
        .output()
        .expect("git runs");
    assert!(output.status.success(), "git ls-files");
    let text = String::from_utf8(output.stdout).expect("paths are UTF-8");
    text.lines().map(str::to_owned).collect()
}

/// Returns the tracked files that are checked.
fn files() -> Vec<String> {
    let is_listed = |file: &String| {
        let is_in = |path: &&str| *path == *file || path.ends_with('/') && file.starts_with(path);
        !EXCEPT.iter().any(is_in) && !file.contains("snapshots/")
    };
    let mut files = tracked(&["*.rs", "*.ts", "*.js", "*.mjs", "*.md"]);
    files.retain(is_listed);
    files
}

/// Returns the first line of each doc comment in Rust, or JavaScript's doc comment, with its line number.
fn openings(source: &str) -> Vec<(usize, &str)> {
    let mut openings = Vec::new();
    let mut within = "";
    for (number, line) in source.lines().enumerate() {
        let line = line.trim();
        let doc = ["///", "//!"].into_iter().find(|doc| line.starts_with(doc));
        if let Some(doc) = doc.filter(|_| !line.starts_with("////")) {
            if within != doc {
                openings.push((number + 1, line[3..].trim()));
            }
            within = doc;
            continue;
        }
        if within == "/**" || line.starts_with("/**") {
            let text = line.trim_start_matches(['/', '*']).trim();
            let is_opening = !text.is_empty() && !text.starts_with('@');
            if is_opening {
                openings.push((number + 1, text));
            }
            within = if is_opening || line.ends_with("*/") {
                ""
            } else {
                "/**"
            };
            continue;
        }
        within = "";
    }
    openings
}

/// Returns the comment and the string literals of a line of code, whose quotes are these. A literal
/// that spans lines is read on the line that ends with its closing quote only.
fn texts(line: &str, quotes: &[char]) -> String {
    let trimmed = line.trim_start();
    if ["//", "/*", "* "]
        .iter()
        .any(|start| trimmed.starts_with(start))
    {
        return without_code(trimmed);
    }
    let mut texts = String::new();
    let mut rest = line.replace("\\\\", "");
    for quote in quotes {
        rest = rest.replace(&format!("'{quote}'"), "");
        rest = rest.replace(&format!("\\{quote}"), "");
    }
    while let Some(start) = rest.find(|c| c == '/' || quotes.contains(&c)) {
        let after = rest.split_off(start + 1);
        let text = rest.pop().filter(|opening| quotes.contains(opening));
        rest = if text.is_none() && after.starts_with('/') {
            texts.push_str(&without_code(&after));
            break;
        } else if let Some((text, after)) = text.and_then(|quote| after.split_once(quote)) {
            texts.push_str(text);
            texts.push('\n');
            after.to_owned()
        } else {
            after
        };
    }
    texts
}

/// Returns a text without its code spans.
fn without_code(text: &str) -> String {
    text.split('`').step_by(2).collect()
}

/// Returns the texts of a file by line number.
fn lines(file: &str, source: &str) -> Vec<(usize, String)> {
    let extension = Path::new(file).extension();
    let is_document = extension.is_some_and(|extension| extension == "md");
    let quotes: &[char] = match extension {
        Some(extension) if extension == "rs" => &['"'],
        _ => &['"', '\'', '`'],
    };
    let mut in_code = false;
    let text_of = |line: &str| {
        if !is_document {
            return texts(line, quotes);
        }
        let is_fence = line.trim_start().starts_with("```");
        in_code ^= is_fence;
        if in_code || is_fence {
            String::new()
        } else {
            without_code(line)
        }
    };
    (1..).zip(source.lines().map(text_of)).collect()
}

/// Returns the forbidden words of a file, each with its place and replacement.
fn words(file: &str, source: &str, patterns: &[(Regex, &str)]) -> Vec<String> {
    let mut found = Vec::new();
    for (number, text) in lines(file, source) {
        for (pattern, instead) in patterns {
            if let Some(word) = pattern.find(&text) {
                let word = word.as_str();
                found.push(format!("{file}:{number}: \"{word}\"; write: {instead}"));
            }
        }
    }
    found
}

fn patterns() -> Vec<(Regex, &'static str)> {
    let of = |(word, instead): &(&str, &'static str)| {
        let pattern = Regex::new(&format!(r"(?im)\b{word}"));
        (pattern.expect("a pattern of this file"), *instead)
    };
    WORDS.iter().map(of).collect()
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).expect("a tracked file")
}

#[test]
fn doc_comments_open_with_a_noun_or_a_verb() {
    let opening = Regex::new(OPENING).expect("a pattern of this file");
    let mut total = 0;
    let mut found = Vec::new();
    for file in files()
        .iter()
        .filter(|file| Path::new(file).extension().is_none_or(|ext| ext != "md"))
    {
        let source = read(file);
        for (number, text) in openings(&source) {
            total += 1;
            if opening.is_match(text) {
                found.push(format!("{file}:{number}: {text}"));
            }
        }
    }
    assert!(total > 500, "the doc comments are found: {total}");
    let allowed = total * OPENINGS_PER_THOUSAND / 1000;
    assert!(
        found.len() <= allowed,
        "at most {allowed} of {total}: {found:#?}"
    );
}

#[test]
fn texts_contain_no_forbidden_word() {
    let patterns = patterns();
    let files = files();
    assert!(files.len() > 100, "the files are found: {}", files.len());
    let found: Vec<_> = files
        .iter()
        .flat_map(|file| words(file, &read(file), &patterns))
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn test_names_are_short_and_plain() {
    let forbidden = Regex::new(NAMES).expect("a pattern of this file");
    let mut total = 0;
    let mut found = Vec::new();
    for file in tracked(&["*.rs"]) {
        for (number, name) in tests(&read(&file)) {
            total += 1;
            if name.len() > NAME_CHARS || forbidden.is_match(name) {
                found.push(format!(
                    "{file}:{number}: {name}, {} characters",
                    name.len()
                ));
            }
        }
    }
    assert!(total > 1000, "the tests are found: {total}");
    assert!(
        found.is_empty(),
        "at most {NAME_CHARS} characters: {found:#?}"
    );
}

#[test]
fn a_test_name_is_found_and_a_forbidden_word_in_it() {
    let source = "#[test]\n#[ignore]\nfn a_b() {}\nfn c() {}\n#[tokio::test]\nasync fn d() {}\n";
    assert_eq!(tests(source), [(3, "a_b"), (6, "d")]);
    let forbidden = Regex::new(NAMES).expect("a pattern of this file");
    for name in [
        "a_ghosts_proof",
        "nobody_waits",
        "it_is_told",
        "of_200_are_judged",
    ] {
        assert!(forbidden.is_match(name), "{name}");
    }
    assert!(!forbidden.is_match("the_judgement_of_a_manor"));
}

#[test]
fn every_excepted_path_exists() {
    for path in EXCEPT {
        assert!(root().join(path).exists(), "{path}");
    }
}

#[test]
fn an_opening_is_found_in_rust_and_in_typescript() {
    let rust = "//! Where.\n\n/// What\n/// it is.\n//// no doc\n// Who\nfn f() {}\n    /// How\n";
    let of_rust = openings(rust);
    assert_eq!(of_rust, [(1, "Where."), (3, "What"), (8, "How")]);
    let script = "/** Which. */\nlet a;\n/**\n * The same\n * again.\n */\n/* Who */\n";
    let of_script = openings(script);
    assert_eq!(of_script, [(1, "Which. */"), (4, "The same")]);
    let opening = Regex::new(OPENING).expect("a pattern of this file");
    let all = || of_rust.iter().chain(&of_script);
    assert!(all().all(|(_, text)| opening.is_match(text)));
    assert!(!opening.is_match("Whatever is left"));
}

#[test]
fn a_word_is_found_in_comments_texts_and_documents_only() {
    let patterns = patterns();
    let found = |file, source| words(file, source, &patterns).len();
    assert_eq!(found("a.rs", "/// Judges an answer."), 1);
    assert_eq!(found("a.rs", "let a = 1; // somebody's"), 1);
    assert_eq!(found("a.rs", "panic!(\"the flow is over\")"), 1);
    assert_eq!(found("a.rs", "say('\"', \"a\", \"what became of it\");"), 1);
    assert_eq!(found("a.rs", "store.judge(nobody, tries); // `judge`"), 0);
    assert_eq!(found("a.rs", "// Once it is over. Then"), 1);
    assert_eq!(found("a.rs", "/// A caller that is over its budget."), 0);
    assert_eq!(
        found("a.ts", "it('lets nobody in', () => `it\\'s ${a} mended`)"),
        2
    );
    assert_eq!(found("a.ts", "say(\"it's\", judge('a/b'), nobody);"), 0);
    assert_eq!(found("a.md", "The client is told, and tries again."), 2);
    assert_eq!(found("a.md", "```\nnobody\n```\n`nobody` and everyone"), 0);
}
