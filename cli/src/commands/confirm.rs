//! Questions on the terminal.

use std::io::{BufRead, IsTerminal, stdin};

/// Goes on only if the terminal answers with this word. `yes` answers it.
///
/// # Errors
/// If it does not, or if there is no terminal.
pub(crate) fn confirm(question: &str, word: &str, yes: bool) -> Result<(), String> {
    if yes {
        return Ok(());
    }
    if !stdin().is_terminal() {
        return Err(format!(
            "{question} There is no terminal to confirm it on: pass --yes."
        ));
    }
    eprintln!("{question} Type {word} to go on:");
    if is_confirmed(stdin().lock(), word) {
        Ok(())
    } else {
        Err("not confirmed".to_owned())
    }
}

fn is_confirmed(mut input: impl BufRead, word: &str) -> bool {
    let mut line = String::new();
    input.read_line(&mut line).is_ok() && line.trim() == word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_word_confirms() {
        assert!(is_confirmed(&b"replace\n"[..], "replace"));
        for other in [&b""[..], b"\n", b"yes\n", b"repl\nreplace\n", b"\xff\n"] {
            assert!(!is_confirmed(other, "replace"));
        }
    }
}
