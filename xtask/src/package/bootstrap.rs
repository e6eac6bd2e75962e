//! One Lambda's zip: a single executable named `bootstrap`.

use std::io::{Cursor, Write as _};
use std::path::PathBuf;

use regex::bytes::Regex;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::failure::Failure;

/// The version of the C library in `provided.al2023` (Amazon Linux 2023).
pub(crate) const GLIBC: (u32, u32) = (2, 34);

/// Refuses a program that would not start in Lambda, and one that names one of the folders `own`:
/// built in another folder it would have other bytes.
pub(crate) fn check(package: &str, program: &[u8], own: &[PathBuf]) -> Result<(), Failure> {
    for path in own {
        let name = path.display().to_string();
        let is_absent =
            Regex::new(&regex::escape(&name)).is_ok_and(|pattern| !pattern.is_match(program));
        if !is_absent {
            return Err(Failure::NamesPath {
                package: package.to_owned(),
                path: name,
            });
        }
    }
    let needs = glibc(program);
    if needs > GLIBC {
        return Err(Failure::NewerLibrary {
            package: package.to_owned(),
            needs,
            has: GLIBC,
        });
    }
    Ok(())
}

/// Returns the version of the C library that a program needs: the highest among the names in its
/// table of dynamic strings. A program that needs none gets version 0.
fn glibc(program: &[u8]) -> (u32, u32) {
    let names = Regex::new(r"GLIBC_([0-9]+)\.([0-9]+)")
        // Invariant: a constant, compiled by a test.
        .expect("a regular expression");
    let number = |digits: &[u8]| str::from_utf8(digits).ok()?.parse().ok();
    names
        .captures_iter(program)
        .filter_map(|found| Some((number(&found[1])?, number(&found[2])?)))
        .max()
        .unwrap_or_default()
}

/// Makes a zip that has the same bytes for the same program, at any time and on any machine: an
/// unchanged function is not deployed again.
pub(crate) fn zip(program: &[u8]) -> Result<Vec<u8>, Failure> {
    archive(&[("bootstrap", program)])
}

/// Puts programs into a zip, equal bytes for equal programs.
pub(crate) fn archive(programs: &[(&str, &[u8])]) -> Result<Vec<u8>, Failure> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9));
    zipped(programs, options.unix_permissions(0o755))
}

/// Puts files into a zip without compression, equal bytes for equal files.
pub(crate) fn stored(files: &[(String, Vec<u8>)]) -> Result<Vec<u8>, Failure> {
    let files: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(name, file)| (&**name, &**file))
        .collect();
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    zipped(&files, options.unix_permissions(0o644))
}

fn zipped(files: &[(&str, &[u8])], options: SimpleFileOptions) -> Result<Vec<u8>, Failure> {
    let options = options.last_modified_time(DateTime::default());
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer
            .start_file(*name, options)
            .map_err(|error| Failure::Zip(error.into()))?;
        writer.write_all(bytes).map_err(Failure::Zip)?;
    }
    let cursor = writer
        .finish()
        .map_err(|error| Failure::Zip(error.into()))?;
    Ok(cursor.into_inner())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn the_library_a_program_needs_is_the_newest_it_names() {
        let program = b"\x7fELF..GLIBC_2.2.5\0GLIBC_2.17\0GLIBC_2.34\0GLIBC_2.9\0..";
        assert_eq!(glibc(program), (2, 34));
        assert_eq!(glibc(b"\x7fELF, static"), (0, 0));
    }

    #[test]
    fn a_program_that_would_not_start_in_lambda_is_refused_by_name() {
        assert!(check("create", b"GLIBC_2.34", &[]).is_ok());
        let refused = check("create", b"GLIBC_2.34\0GLIBC_2.38\0", &[]).unwrap_err();
        let text = refused.to_string();
        assert!(text.contains("create") && text.contains("2.38"), "{text}");
    }

    #[test]
    fn a_program_that_names_the_checkout_is_refused() {
        let own = ["/home/ada/a+b", "/home/ada/.cargo"].map(PathBuf::from);
        let program = |path: &str| [b"\x7fELF\xff\0", path.as_bytes(), b"/src/main.rs\0"].concat();
        assert!(check("create", &program("/latchstring"), &own).is_ok());
        for path in ["/home/ada/a+b", "/home/ada/.cargo"] {
            let refused = check("create", &program(path), &own).unwrap_err();
            assert!(refused.to_string().contains(path), "{refused}");
        }
    }

    #[test]
    fn a_zip_holds_one_bootstrap_and_is_reproducible() {
        let bytes = zip(b"a program").unwrap();
        assert_eq!(bytes, zip(b"a program").unwrap());
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        assert_eq!(archive.len(), 1);
        let mut file = archive.by_index(0).unwrap();
        assert_eq!(file.name().unwrap(), "bootstrap");
        assert_eq!(file.unix_mode().map(|mode| mode & 0o777), Some(0o755));
        assert_eq!(file.last_modified(), Some(DateTime::default()), "no clock");
        let mut content = String::new();
        file.read_to_string(&mut content).unwrap();
        assert_eq!(content, "a program");
    }
}
