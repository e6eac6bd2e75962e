//! Snapshots of every message in `snapshots/<language>/<kind>/`: the three parts of a mail and the
//! SMS of a deployment with a value for every setting. `slot.txt` and `slot.html` have the code of a
//! slot, and a link. `link.txt` and `link.html` are the two parts of a mail with a link. `bare.txt` has the texts
//! of a deployment without any.
//!
//! `UPDATE_GOLDEN=1 cargo test --workspace --test messages` writes them from the present texts.
#![expect(clippy::disallowed_methods, reason = "snapshots are files")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use latchstring_core::message::{Branding, Kind};

use crate::{CODES, Mail, acme, all, linking, mail, mail_with, slot_code, sms, sms_with};

/// Returns every file with its expected content.
fn expected() -> BTreeMap<PathBuf, String> {
    let mut files = BTreeMap::new();
    for (locale, kind) in all() {
        let folder = Path::new(locale.tag()).join(kind.name());
        let Mail {
            subject,
            text,
            html,
        } = mail(&acme(), locale, kind);
        let bare = mail(&Branding::default(), locale, kind);
        let bare = format!(
            "{}\n\n{}\n{}\n",
            bare.subject,
            bare.text,
            sms(&Branding::default(), locale, kind)
        );
        if CODES.contains(&kind) {
            let Mail { text, html, .. } = mail(&linking(), locale, kind);
            files.insert(folder.join("link.txt"), text);
            files.insert(folder.join("link.html"), html);
        }
        for (name, content) in [
            ("subject.txt", subject + "\n"),
            ("text.txt", text),
            ("mail.html", html),
            ("sms.txt", sms(&acme(), locale, kind) + "\n"),
            ("bare.txt", bare),
        ] {
            files.insert(folder.join(name), content);
        }
        if kind == Kind::SignInCode {
            let Mail {
                subject,
                text,
                html,
            } = mail_with(&linking(), locale, kind, slot_code());
            let sms = sms_with(&acme(), locale, kind, slot_code());
            let texts = format!("{subject}\n\n{text}\n{sms}\n");
            files.insert(folder.join("slot.txt"), texts);
            files.insert(folder.join("slot.html"), html);
        }
    }
    files
}

fn found(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let content = fs::read_to_string(&path).expect("a text");
                let name = path
                    .strip_prefix(folder)
                    .expect("the file is in the folder");
                files.insert(name.to_owned(), content);
            }
        }
    }
    files
}

#[test]
fn messages_match_their_snapshots() {
    let folder = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from)
        .join("tests/messages/snapshots");
    let expected = expected();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let _ = fs::remove_dir_all(&folder);
        for (name, content) in &expected {
            let file = folder.join(name);
            fs::create_dir_all(file.parent().expect("a file has a folder"))
                .expect("the folder can be created");
            fs::write(file, content).expect("the file can be written");
        }
    }
    let found = found(&folder);
    for (name, content) in &expected {
        let found = found.get(name);
        let found = found.unwrap_or_else(|| panic!("no snapshot {}", name.display()));
        assert_eq!(found, content, "{}", name.display());
    }
    for name in found.keys() {
        let known = expected.contains_key(name);
        assert!(
            known,
            "{} is not the snapshot of any message",
            name.display()
        );
    }
}
