//! `latchstring settings`

use std::process::ExitCode;

use clap::Args;
use latchstring_lambda::config::{SETTINGS, Takes};
use serde_json::{Value, json};

use super::output::{self, say};

/// Print every setting with its default, its values and its meaning.
#[derive(Args)]
pub(crate) struct Arguments {}

/// Prints the settings.
pub(crate) fn run(_: &Arguments) -> ExitCode {
    if output::is_json() {
        let settings: Vec<Value> = SETTINGS
            .iter()
            .map(|setting| {
                let mut row = json!({
                    "name": setting.name,
                    "default": setting.default,
                    "takes": setting.takes.to_string(),
                    "meaning": setting.meaning,
                });
                match setting.takes {
                    Takes::Whole(least, most, unit) => {
                        row["least"] = least.into();
                        row["most"] = most.into();
                        row["unit"] = unit.into();
                    }
                    Takes::Word(words) => row["words"] = words.into(),
                    Takes::Flag | Takes::Share | Takes::Text(_) => {}
                }
                row
            })
            .collect();
        output::set("settings", settings);
    } else {
        for setting in SETTINGS {
            let default = match setting.default {
                None => "must be set".to_owned(),
                Some("") => "not set".to_owned(),
                Some(default) => format!("default {default}"),
            };
            say!("{}: {}; {default}", setting.name, setting.takes);
            if !setting.meaning.is_empty() {
                say!("    {}", setting.meaning);
            }
        }
    }
    ExitCode::SUCCESS
}
