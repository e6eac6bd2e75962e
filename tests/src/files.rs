//! The files that a run leaves for the search for leaks: logs in `target/test-output`, and the
//! secrets of the tests in `target/test-secrets`.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Mutex, PoisonError};

/// The checkout.
pub(crate) fn root() -> PathBuf {
    // Cargo sets it for `cargo test`. The path of compile time would name another checkout if two
    // of them share a target folder.
    let package = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    package
        .parent()
        .expect("the tests are a folder of the workspace")
        .to_owned()
}

fn append(path: &Path) -> File {
    let folder = path.parent().expect("a file is in a folder");
    fs::create_dir_all(folder).expect("the folder for what tests leave can be made");
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .expect("a file that tests leave can be opened")
}

/// Keeps logged or printed text. The name contains the process id, since two runs may overlap.
pub(crate) fn keep_output(name: &str, text: &[u8]) {
    // An empty file would look like a capture that broke.
    if text.is_empty() {
        return;
    }
    let file = format!("target/test-output/{name}.{}.log", process::id());
    append(&root().join(file))
        .write_all(text)
        .expect("what was logged can be kept");
}

static NOTED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Notes a secret, for the search for leaks.
pub fn note(secret: &str) {
    let secret = secret.trim();
    if secret.is_empty() {
        return;
    }
    let mut noted = NOTED.lock().unwrap_or_else(PoisonError::into_inner);
    if noted.insert(secret.to_owned()) {
        let file = format!("target/test-secrets/{}.txt", process::id());
        append(&root().join(file))
            .write_all(format!("{secret}\n").as_bytes())
            .expect("a secret can be noted");
    }
}

/// Returns true if a text holds none of the secrets noted so far. Secrets shorter than a code are
/// ignored.
pub fn holds_no_secret(text: &str) -> bool {
    let noted = NOTED.lock().unwrap_or_else(PoisonError::into_inner);
    !noted
        .iter()
        .any(|secret| secret.len() >= 6 && text.contains(secret.as_str()))
}
