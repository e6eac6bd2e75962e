//! Inputs near to others: those of the tests, and half of libFuzzer's.
//!
//! Bytes changed at random are hardly ever JSON. So where an input holds JSON, the tree is changed
//! at any node: to another node's value, a text of the dictionary, or null.

use rand::rngs::ChaCha20Rng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Map, Value, json};

/// The maximum growth of a text or list.
const MAX_GROWTH: usize = 300;

/// Returns an input that differs from `input`, the same for the same seed.
pub fn mutated(input: &[u8], seed: u64, dictionary: &[&str]) -> Vec<u8> {
    let mut mutator = Mutator {
        random: ChaCha20Rng::seed_from_u64(seed),
        dictionary,
    };
    let text = String::from_utf8_lossy(input);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..mutator.random.random_range(1..=4) {
        mutator.change(&mut lines);
    }
    let mut output = lines.join("\n").into_bytes();
    // A few inputs are not valid UTF-8.
    if mutator.one_in(16) && !output.is_empty() {
        let at = mutator.random.random_range(0..output.len());
        output[at] = mutator.random.random();
    }
    output
}

struct Mutator<'a> {
    random: ChaCha20Rng,
    dictionary: &'a [&'a str],
}

impl Mutator<'_> {
    fn one_in(&mut self, many: u32) -> bool {
        self.random.random_ratio(1, many)
    }

    fn below(&mut self, end: usize) -> usize {
        self.random.random_range(0..end.max(1))
    }

    /// Changes the lines, or the contents of one.
    fn change(&mut self, lines: &mut Vec<String>) {
        // Later lines matter more.
        let at = self.below(lines.len()).max(self.below(lines.len()));
        match lines.get(at).cloned() {
            None => lines.push(self.word()),
            Some(line) if self.one_in(12) => lines.insert(at, line),
            Some(_) if lines.len() > 1 && self.one_in(12) => drop(lines.remove(at)),
            Some(line) => lines[at] = self.line(&line),
        }
    }

    fn line(&mut self, line: &str) -> String {
        let start = line.find('{').unwrap_or(line.len());
        let (head, tail) = line.split_at(start);
        match (serde_json::from_str::<Value>(tail), self.below(24)) {
            (Err(_), _) | (Ok(_), 0) => self.text(line),
            (Ok(_), 1..4) if start > 0 => format!("{}{tail}", self.text(head)),
            (Ok(mut tree), _) => {
                self.tree(&mut tree);
                format!("{head}{tree}")
            }
        }
    }

    /// Changes one node.
    fn tree(&mut self, tree: &mut Value) {
        let count = count(tree);
        let (at, other) = (self.below(count), self.below(count));
        let donor = node(tree, &mut { other }).map_or(Value::Null, |donor| donor.clone());
        // Invariant: `at` is below the number of nodes.
        let Some(node) = node(tree, &mut { at }) else {
            return;
        };
        *node = match (node.take(), self.below(10)) {
            (_, 0) => Value::Null,
            (_, 1) => donor,
            (_, 2) => self.word().into(),
            (Value::Object(object), _) => self.object(object, donor),
            (Value::Array(list), _) => self.list(list, donor),
            (Value::String(text), _) => self.text(&text).into(),
            (Value::Bool(truth), _) => (!truth).into(),
            (_, 3) => json!({}),
            (_, 4) => json!([]),
            (_, 5) => true.into(),
            (value, 6) => json!([value]),
            (Value::Number(number), _) => {
                let number = number.as_i64().unwrap_or_default();
                let by = *[1, -1, 60, 3600, i64::MAX, i64::MIN]
                    .choose(&mut self.random)
                    .unwrap_or(&1);
                number.wrapping_add(by).into()
            }
            (_, _) => self.random.random::<i64>().into(),
        };
    }

    fn object(&mut self, mut object: Map<String, Value>, donor: Value) -> Value {
        let names: Vec<_> = object.keys().cloned().collect();
        match names.choose(&mut self.random) {
            Some(name) if self.one_in(2) => drop(object.remove(name)),
            Some(name) if self.one_in(2) => {
                let value = object.remove(name).unwrap_or_default();
                object.insert(self.text(name), value);
            }
            _ => drop(object.insert(self.word(), donor)),
        }
        object.into()
    }

    fn list(&mut self, mut list: Vec<Value>, donor: Value) -> Value {
        let at = self.below(list.len());
        match (list.get(at).cloned(), self.below(4)) {
            (Some(_), 0) => drop(list.remove(at)),
            (Some(entry), 1) => list.insert(at, entry),
            (Some(entry), 2) => {
                let growth = self.below(MAX_GROWTH);
                list.extend(std::iter::repeat_n(entry, growth));
            }
            _ => list.push(donor),
        }
        list.into()
    }

    fn text(&mut self, text: &str) -> String {
        let mut characters: Vec<char> = text.chars().collect();
        let at = self.below(characters.len() + 1);
        match self.below(8) {
            0 => return self.word(),
            1 => {
                let word = self.word();
                characters.splice(at..at, word.chars());
            }
            2 => {
                let end = at + self.below(characters.len() + 1 - at);
                characters.drain(at..end);
            }
            3 => return text.to_uppercase(),
            4 => {
                let growth = self.below(MAX_GROWTH);
                let odd = self.character();
                characters.splice(at..at, std::iter::repeat_n(odd, growth));
            }
            _ => {
                let odd = self.character();
                match characters.get_mut(at) {
                    Some(character) if self.one_in(2) => *character = odd,
                    _ => characters.insert(at, odd),
                }
            }
        }
        characters.into_iter().collect()
    }

    fn word(&mut self) -> String {
        let word = self.dictionary.choose(&mut self.random);
        word.map_or_else(String::new, |word| (*word).to_owned())
    }

    fn character(&mut self) -> char {
        const UNUSUAL: &[char] = &[
            '\0',
            '\n',
            ' ',
            '"',
            '\\',
            '{',
            '<',
            '$',
            '%',
            '@',
            '.',
            '+',
            '-',
            '_',
            '=',
            '0',
            '9',
            'a',
            'Z',
            '\u{7f}',
            '\u{a0}',
            '\u{df}',
            '\u{130}',
            '\u{200b}',
            '\u{202e}',
            '\u{feff}',
            '\u{ff10}',
            '\u{ff21}',
            '\u{1f600}',
        ];
        if self.one_in(3) {
            self.random.random()
        } else {
            UNUSUAL.choose(&mut self.random).copied().unwrap_or(' ')
        }
    }
}

fn count(tree: &Value) -> usize {
    1 + match tree {
        Value::Array(list) => list.iter().map(count).sum(),
        Value::Object(object) => object.values().map(count).sum(),
        _ => 0,
    }
}

/// Returns the node at this position, counted from the root.
fn node<'a>(tree: &'a mut Value, left: &mut usize) -> Option<&'a mut Value> {
    if *left == 0 {
        return Some(tree);
    }
    *left -= 1;
    match tree {
        Value::Array(list) => list.iter_mut().find_map(|entry| node(entry, left)),
        Value::Object(object) => object.values_mut().find_map(|value| node(value, left)),
        _ => None,
    }
}
