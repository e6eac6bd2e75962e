//! The tables of docs/scale.md that are counted: `cargo xtask round-trips`. With `--write` it puts
//! them there.
#![expect(clippy::print_stdout, reason = "a program that speaks to a person")]

use std::{env, fs, io};

use latchstring_tests::trips::{document, in_document, tables};

fn main() -> io::Result<()> {
    let tables = tables();
    for table in &tables {
        println!("{}:\n\n{}", table.name, table.text);
    }
    if env::args().any(|argument| argument == "--write") {
        let text = fs::read_to_string(document())?;
        fs::write(document(), in_document(&text, &tables))?;
        println!("Written into docs/scale.md.");
    }
    Ok(())
}
