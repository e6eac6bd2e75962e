//! The import graph of a crate's modules, read from its sources.
//!
//! An import is a path that begins with `crate`, `super`, `self` or a child module, in a `use` or
//! in the code. A re-export (`pub use`) is followed to the module that defines the name. It is an
//! import of its own module only where that module uses the name. Code under `#[cfg(test)]` is left
//! out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use regex::Regex;

/// A crate's modules by path, `a::b`; the root is the empty path.
pub(crate) struct Modules {
    files: BTreeMap<String, Source>,
}

/// The imports of one module, by module.
pub(crate) type Graph = BTreeMap<String, BTreeSet<String>>;

struct Source {
    /// The absolute paths of its `use` declarations, and whether each is a re-export.
    uses: Vec<(Vec<String>, bool)>,
    /// The code without comments, literals, tests and declarations of `use` and `mod`.
    body: String,
}

impl Modules {
    /// Reads the crate whose sources are in this folder.
    pub(crate) fn read(folder: &Path) -> Self {
        let mut sources = BTreeMap::new();
        collect(folder, "", &mut sources);
        Self::of(sources)
    }

    /// Returns the modules of these sources, by module path.
    pub(crate) fn of(mut sources: BTreeMap<String, String>) -> Self {
        for source in sources.values_mut() {
            *source = without_tests(&without_texts(source));
        }
        // A file that is declared for tests only was declared by what is now left out.
        let declared = |module: &str, sources: &BTreeMap<String, String>| {
            let (parent, name) = module.rsplit_once("::").unwrap_or(("", module));
            let declaration = Regex::new(&format!(r"\bmod\s+{name}\s*;")).expect("a pattern");
            module.is_empty()
                || sources
                    .get(parent)
                    .is_some_and(|source| declaration.is_match(source))
        };
        let shipped: Vec<_> = sources
            .keys()
            .filter(|module| declared(module, &sources))
            .cloned()
            .collect();
        let names: BTreeSet<_> = shipped.iter().cloned().collect();
        let files = shipped.into_iter().map(|module| {
            let source = parse(&module, &sources[&module], &names);
            (module, source)
        });
        Self {
            files: files.collect(),
        }
    }

    /// Returns the imports among modules, where the first `depth` segments of a path are one
    /// module.
    pub(crate) fn graph(&self, depth: usize) -> Graph {
        let mut graph = Graph::new();
        for (module, source) in &self.files {
            let from = first(module, depth);
            let edges = graph.entry(from.clone()).or_default();
            let mut import = |path: &[String]| {
                let to = first(&self.home(path, 0), depth);
                if to != from {
                    edges.insert(to);
                }
            };
            for (path, is_export) in &source.uses {
                let name = path.last().map_or("", String::as_str);
                if !is_export || has_word(&source.body, name) {
                    import(path);
                }
            }
            for path in self.paths(module, &source.body) {
                import(&path);
            }
        }
        graph
    }

    /// Returns the module that defines an absolute path.
    fn home(&self, path: &[String], followed: usize) -> String {
        let known = (0..=path.len())
            .rev()
            .find(|length| self.files.contains_key(&path[..*length].join("::")))
            .unwrap_or_default();
        let module = path[..known].join("::");
        let Some(name) = path.get(known).filter(|_| followed < 8) else {
            return module;
        };
        let exported = self.files[&module]
            .uses
            .iter()
            .find(|(exported, is_export)| {
                *is_export && exported.last() == Some(name) && exported[..] != path[..]
            });
        match exported {
            Some((exported, _)) => {
                let path: Vec<_> = exported.iter().chain(&path[known + 1..]).cloned().collect();
                self.home(&path, followed + 1)
            }
            None => module,
        }
    }

    /// Returns the absolute paths in code.
    fn paths(&self, module: &str, body: &str) -> Vec<Vec<String>> {
        let path = Regex::new(r"(?:^|[^:\w])(\w+(?:::\w+)+)").expect("a pattern");
        let names = self.files.keys().cloned().collect();
        path.captures_iter(body)
            .filter_map(|found| absolute(module, &found[1], &names))
            .collect()
    }
}

/// Returns a cycle of imports, if there is one.
pub(crate) fn cycle(graph: &Graph) -> Option<Vec<String>> {
    graph.keys().find_map(|start| {
        // The way back to the start, breadth first.
        let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
        let mut next = std::collections::VecDeque::from([start.as_str()]);
        while let Some(module) = next.pop_front() {
            for to in graph.get(module).into_iter().flatten() {
                if to == start {
                    let mut cycle = vec![start.clone(), module.to_owned()];
                    let mut at = module;
                    while at != start {
                        at = came_from[at];
                        cycle.push(at.to_owned());
                    }
                    cycle.dedup();
                    cycle.reverse();
                    return Some(cycle);
                }
                if !came_from.contains_key(to.as_str()) {
                    came_from.insert(to, module);
                    next.push_back(to);
                }
            }
        }
        None
    })
}

fn collect(folder: &Path, module: &str, into: &mut BTreeMap<String, String>) {
    let entries = fs::read_dir(folder).expect("a folder of sources");
    for entry in entries {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().and_then(|stem| stem.to_str());
        let name = name.expect("a name in UTF-8");
        let inner = match (module, name) {
            (outer, "mod" | "lib") => outer.to_owned(),
            ("", name) => name.to_owned(),
            (outer, name) => format!("{outer}::{name}"),
        };
        if path.is_dir() {
            collect(&path, &inner, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.insert(inner, fs::read_to_string(&path).expect("a source"));
        }
    }
}

fn first(module: &str, depth: usize) -> String {
    let segments: Vec<_> = module.split("::").take(depth).collect();
    segments.join("::")
}

fn has_word(text: &str, word: &str) -> bool {
    Regex::new(&format!(r"\b{word}\b"))
        .expect("a name is a pattern")
        .is_match(text)
}

/// Replaces comments and literals by spaces.
fn without_texts(source: &str) -> String {
    let text = Regex::new(
        r##"(?s)//[^\n]*|/\*.*?\*/|\bb?r#".*?"#|b?"(?:\\.|[^"\\])*"|'(?:\\[^']+|[^'\\])'"##,
    );
    text.expect("a pattern")
        .replace_all(source, " ")
        .into_owned()
}

/// Removes what is compiled for tests only: an attribute and the item after it.
fn without_tests(code: &str) -> String {
    let attribute = Regex::new(r"#\[cfg\((?:all\(\s*)?test\b[^\]]*\]").expect("a pattern");
    let mut kept = String::new();
    let mut rest = code;
    while let Some(found) = attribute.find(rest) {
        let item = &rest[found.end()..];
        kept.push_str(&rest[..found.start()]);
        let mut depth = 0_usize;
        let end = item.char_indices().find_map(|(at, c)| {
            match c {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            (depth == 0 && matches!(c, ';' | '}')).then_some(at + 1)
        });
        rest = &item[end.unwrap_or(item.len())..];
    }
    kept + rest
}

fn parse(module: &str, code: &str, names: &BTreeSet<String>) -> Source {
    let declaration = Regex::new(r"(pub(?:\([^)]*\))?\s+)?\buse\s+([^;]+);").expect("a pattern");
    let apart = Regex::new(r"\buse\s+[^;]+;|\bmod\s+\w+\s*;").expect("a pattern");
    let mut uses = Vec::new();
    for found in declaration.captures_iter(code) {
        let mut paths = Vec::new();
        expand("", &found[2], &mut paths);
        let paths = paths
            .iter()
            .filter_map(|path| absolute(module, path, names));
        uses.extend(paths.map(|path| (path, found.get(1).is_some())));
    }
    Source {
        uses,
        body: apart.replace_all(code, " ").into_owned(),
    }
}

/// Expands a tree of `use`: `a::{b, c::{d, e as f}}`.
fn expand(prefix: &str, tree: &str, into: &mut Vec<String>) {
    let tree = tree.trim();
    let Some((outer, inner)) = tree.split_once('{') else {
        let name = tree.split_whitespace().next().unwrap_or_default();
        let path = format!("{prefix}{name}");
        into.push(path.trim_end_matches("::self").to_owned());
        return;
    };
    // The last brace closes this tree.
    let inner = inner.rsplit_once('}').map_or(inner, |(inner, _)| inner);
    let prefix = format!("{prefix}{outer}");
    let (mut depth, mut start) = (0_usize, 0);
    for (at, c) in inner.char_indices().chain([(inner.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let part = inner[start..at].trim();
                if !part.is_empty() {
                    expand(&prefix, part, into);
                }
                start = at + 1;
            }
            _ => {}
        }
    }
}

/// Returns the path from the root of the crate; `None` for a path of another crate.
fn absolute(module: &str, path: &str, names: &BTreeSet<String>) -> Option<Vec<String>> {
    let mut base: Vec<String> = match module {
        "" => Vec::new(),
        module => module.split("::").map(str::to_owned).collect(),
    };
    let mut segments = path.split("::").peekable();
    match *segments.peek()? {
        "crate" => {
            segments.next();
            base.clear();
        }
        "self" => {
            segments.next();
        }
        "super" => {
            while segments.next_if_eq(&"super").is_some() {
                base.pop();
            }
        }
        child => {
            let mut inner = base.clone();
            inner.push(child.to_owned());
            if !names.contains(&inner.join("::")) {
                return None;
            }
        }
    }
    base.extend(segments.map(str::to_owned));
    Some(base)
}
