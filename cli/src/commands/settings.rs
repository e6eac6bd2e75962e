//! `latchstring settings`

use std::process::ExitCode;

use clap::Args;
use latchstring_lambda::config::{SETTINGS, Takes};
use serde_json::{Value, json};

/// Print every setting with its default, its values and its meaning.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Print JSON, for tools that generate or check a deployment's settings
    #[arg(long)]
    json: bool,
}

/// Prints the settings.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    if arguments.json {
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
        println!("{:#}", Value::from(settings));
    } else {
        for setting in SETTINGS {
            let default = match setting.default {
                None => "must be set".to_owned(),
                Some("") => "not set".to_owned(),
                Some(default) => format!("default {default}"),
            };
            println!("{}: {}; {default}", setting.name, setting.takes);
            if !setting.meaning.is_empty() {
                println!("    {}", setting.meaning);
            }
        }
    }
    ExitCode::SUCCESS
}
