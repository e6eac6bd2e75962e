//! The manual page and the reference, generated from the arguments.

use std::fmt::Write as _;
use std::io;

use clap::{Arg, Command};

/// Returns the manual page of the program, with a section for each command.
pub(crate) fn page(program: Command) -> io::Result<String> {
    let mut page = Vec::new();
    let mut program = program;
    program.build();
    let commands: Vec<Command> = program.get_subcommands().cloned().collect();
    clap_mangen::Man::new(program).render(&mut page)?;
    for command in commands.into_iter().filter(|it| it.get_name() != "help") {
        let name = command.get_name().to_uppercase();
        let man = clap_mangen::Man::new(command.disable_help_subcommand(true));
        let mut section = Vec::new();
        man.render_description_section(&mut section)?;
        man.render_options_section(&mut section)?;
        man.render_extra_section(&mut section)?;
        let section = String::from_utf8_lossy(&section).into_owned();
        let section = section.replace(".SH DESCRIPTION", &format!(".SH {name}"));
        let section = section.replace(".SH OPTIONS", ".SS Options");
        page.extend(section.replace(".SH EXTRA", ".SS More").into_bytes());
    }
    Ok(String::from_utf8_lossy(&page).into_owned())
}

/// Returns the reference in Markdown.
pub(crate) fn markdown(program: &Command) -> String {
    let mut program = program.clone();
    program.build();
    let mut text = String::new();
    for command in program.get_subcommands() {
        if command.get_name() != "help" {
            section(&mut text, command, "latchstring", "##");
        }
    }
    text
}

fn section(text: &mut String, command: &Command, above: &str, level: &str) {
    let name = format!("{above} {}", command.get_name());
    // Writing to a String does not fail.
    let _ = writeln!(text, "{level} `{name}`\n");
    let about = command.get_long_about().or_else(|| command.get_about());
    if let Some(about) = about {
        let _ = writeln!(text, "{}\n", escaped(&about.to_string()));
    }
    let mut usage = command.clone().bin_name(&*name).render_usage().to_string();
    usage = usage.trim_start_matches("Usage: ").to_owned();
    let lines: Vec<&str> = usage.lines().map(str::trim).collect();
    let _ = writeln!(text, "```text\n{}\n```\n", lines.join("\n"));
    let is_shown = |argument: &&Arg| {
        !argument.is_hide_set()
            && !["help", "json", "version"].contains(&argument.get_id().as_str())
    };
    let arguments: Vec<&Arg> = command.get_arguments().filter(is_shown).collect();
    if !arguments.is_empty() {
        let _ = writeln!(text, "| argument | meaning |\n|---|---|");
        for argument in arguments {
            let _ = writeln!(text, "| `{}` | {} |", written(argument), meaning(argument));
        }
        let _ = writeln!(text);
    }
    if let Some(help) = command.get_after_help() {
        let help = without_credentials(&help.to_string());
        let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
        let _ = writeln!(text, "```text\n{}\n```\n", lines.join("\n"));
    }
    for below in command.get_subcommands() {
        if below.get_name() != "help" {
            section(text, below, &name, "###");
        }
    }
}

/// Returns the help of a command with its example, without the text about region and credentials, which is
/// the same in each.
fn without_credentials(help: &str) -> String {
    const BEGINS: &str = "Region and credentials come from";
    const ENDS: &str = "AWS_ENDPOINT_URL names an emulator instead.";
    let (Some((before, rest)), Some((_, after))) = (help.split_once(BEGINS), help.split_once(ENDS))
    else {
        return help.to_owned();
    };
    let mut lines = rest.lines().map(str::trim);
    let example = lines.find(|line| line.starts_with("latchstring "));
    format!("{before}{}{after}", example.unwrap_or_default())
}

fn written(argument: &Arg) -> String {
    let values = argument.get_value_names().unwrap_or_default();
    let value = values.first().map(|it| it.as_str().to_owned());
    let takes_value = argument.get_action().takes_values();
    match (argument.get_long(), value.filter(|_| takes_value)) {
        (Some(long), Some(value)) => format!("--{long} {value}"),
        (Some(long), None) => format!("--{long}"),
        (None, value) => value.unwrap_or_else(|| argument.get_id().as_str().to_uppercase()),
    }
}

fn meaning(argument: &Arg) -> String {
    let help = argument.get_long_help().or_else(|| argument.get_help());
    let mut meaning = help.map(|it| escaped(&it.to_string())).unwrap_or_default();
    meaning = meaning.replace("\n\n", " ").replace('\n', " ");
    let values: Vec<String> = argument
        .get_possible_values()
        .iter()
        .filter(|_| argument.get_action().takes_values())
        .map(|it| format!("`{}`", it.get_name()))
        .collect();
    if !values.is_empty() {
        meaning = format!("{meaning}: {}", values.join(", "));
    }
    let defaults = argument.get_default_values().iter();
    let defaults: Vec<String> = defaults
        .map(|it| format!("`{}`", it.to_string_lossy()))
        .collect();
    let is_shown = argument.get_action().takes_values() && !argument.is_hide_default_value_set();
    if !defaults.is_empty() && is_shown {
        meaning = format!("{meaning}; by default {}", defaults.join(", "));
    }
    meaning.replace('|', "\\|")
}

/// Returns a text whose angle brackets Markdown shows.
fn escaped(text: &str) -> String {
    text.replace('<', "\\<")
}
