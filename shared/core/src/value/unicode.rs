//! Properties of characters: invisible ones, digits and dashes of all scripts, and those of domain
//! names.

use std::fmt;

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};

/// Returns whether a character is a control, or changes the look of a text but not its content:
/// zero-width and bidirectional marks, variation selectors, fillers, line separators.
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_control() || is_format(c)
}

/// Returns whether a character is invisible and not a control.
pub(crate) fn is_format(c: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{fff9}'..='\u{fffb}')
}

/// Returns whether a character is a dash, hyphen or minus, or the long-vowel mark that Japanese
/// keyboards type in place of one.
pub(crate) fn is_dash(c: char) -> bool {
    category(c) == GeneralCategory::DashPunctuation
        || matches!(c, '\u{2043}' | '\u{2212}' | '\u{30fc}' | '\u{ff70}')
}

/// Returns the ASCII letter for a letter of that alphabet, full-width ones included.
pub(crate) fn letter(c: char) -> Option<char> {
    let narrow = match c {
        'Ａ'..='Ｚ' | 'ａ'..='ｚ' => char::from_u32(u32::from(c) - 0xfee0)?,
        c => c,
    };
    narrow.is_ascii_alphabetic().then_some(narrow)
}

/// Returns the ASCII digit for a decimal digit of any script.
///
/// Unicode encodes the digits of a script as ten consecutive characters from zero to nine (Unicode
/// Standard, 4.6). A block of several such sets begins at a multiple of ten.
pub(crate) fn digit(c: char) -> Option<char> {
    if c.is_ascii_digit() {
        return Some(c);
    }
    if c.is_ascii() || category(c) != GeneralCategory::DecimalNumber {
        return None;
    }
    let before = (0..u32::from(c))
        .rev()
        .map_while(char::from_u32)
        .take_while(|c| category(*c) == GeneralCategory::DecimalNumber)
        .count();
    char::from_digit(u32::try_from(before % 10).ok()?, 10)
}

/// Returns whether IDNA2008 (RFC 5892) allows a character in a label that UTS 46 has mapped and
/// validated. UTS 46 alone also allows symbols and punctuation, which no registry accepts.
///
/// [`out_of_context`] checks the characters that are allowed in some contexts only.
pub(crate) fn is_of_a_label(c: char) -> bool {
    match c {
        'a'..='z' | '0'..='9' | '-' => true,
        _ if c.is_ascii() => false,
        // RFC 5892, 2.6: exceptions that are allowed, always or in some contexts. 2.8: zero-width
        // joiners, whose context UTS 46 has checked.
        'ß' | 'ς' | '\u{6fd}' | '\u{6fe}' | '\u{f0b}' | '\u{3007}' | '\u{b7}' | '\u{375}'
        | '\u{5f3}' | '\u{5f4}' | '\u{30fb}' | '\u{200c}' | '\u{200d}' => true,
        // 2.6: exceptions that are not allowed. 2.4: combining marks for symbols, musical notation.
        // 2.9: old Hangul letters.
        '\u{640}'
        | '\u{7fa}'
        | '\u{302e}'
        | '\u{302f}'
        | '\u{3031}'..='\u{3035}'
        | '\u{303b}'
        | '\u{20d0}'..='\u{20ff}'
        | '\u{1d100}'..='\u{1d24f}'
        | '\u{1100}'..='\u{11ff}'
        | '\u{a960}'..='\u{a97f}'
        | '\u{d7b0}'..='\u{d7ff}' => false,
        // UTS 46 maps capital letters to small ones, but in Cherokee small letters to capital ones.
        _ => matches!(
            category(c),
            GeneralCategory::LowercaseLetter
                | GeneralCategory::UppercaseLetter
                | GeneralCategory::OtherLetter
                | GeneralCategory::ModifierLetter
                | GeneralCategory::NonspacingMark
                | GeneralCategory::SpacingMark
                | GeneralCategory::DecimalNumber
        ),
    }
}

/// Returns the first character of a label outside the context in which IDNA2008 allows it (RFC
/// 5892, appendix A).
pub(crate) fn out_of_context(label: &str) -> Option<char> {
    let has_any = |wanted: fn(char) -> bool| label.chars().any(wanted);
    let is_japanese = |c| matches!(c, '\u{3041}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{323af}');
    let mut before = None;
    let mut characters = label.chars().peekable();
    while let Some(c) = characters.next() {
        let after = characters.peek().copied();
        let is_right = match c {
            '\u{b7}' => before == Some('l') && after == Some('l'),
            '\u{375}' => {
                after.is_some_and(|c| matches!(c, '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}'))
            }
            '\u{5f3}' | '\u{5f4}' => before.is_some_and(|c| matches!(c, '\u{591}'..='\u{5f4}')),
            '\u{30fb}' => has_any(is_japanese),
            '\u{660}'..='\u{669}' => !has_any(|c| matches!(c, '\u{6f0}'..='\u{6f9}')),
            '\u{6f0}'..='\u{6f9}' => !has_any(|c| matches!(c, '\u{660}'..='\u{669}')),
            _ => true,
        };
        if !is_right {
            return Some(c);
        }
        before = Some(c);
    }
    None
}

/// A character as an error names it: itself if it is visible ASCII, otherwise with its code point.
pub(crate) struct Named(pub(crate) char);

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(c) = self;
        match c {
            ' ' => f.write_str("a space"),
            '!'..='~' => write!(f, "“{c}”"),
            c if is_invisible(*c) || c.is_whitespace() => write!(f, "U+{:04X}", u32::from(*c)),
            c => write!(f, "“{c}” (U+{:04X})", u32::from(*c)),
        }
    }
}

fn category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Returns the characters that the Python package `idna` allows; see `tests/data/generate.py`.
    fn reference() -> BTreeSet<char> {
        include_str!("../../tests/data/idna2008.txt")
            .lines()
            .filter(|line| line.starts_with("PVALID") || line.starts_with("CONTEXTO"))
            .flat_map(|line| {
                let bounds: Vec<_> = line
                    .split('\t')
                    .skip(1)
                    .map(|hex| u32::from_str_radix(hex, 16).unwrap())
                    .collect();
                (bounds[0]..=bounds[1]).filter_map(char::from_u32)
            })
            .collect()
    }

    /// The character data that `idna` links precedes Unicode 17. Later additions are refused as
    /// unassigned until it has them.
    #[test]
    fn labels_hold_the_characters_that_idna2008_allows() {
        let reference = reference();
        assert!(reference.len() > 100_000);
        for c in '\u{80}'..=char::MAX {
            let is_unassigned = category(c) == GeneralCategory::Unassigned;
            if reference.contains(&c) {
                assert!(is_of_a_label(c) || is_unassigned, "U+{:04X}", u32::from(c));
            } else if is_of_a_label(c) && !matches!(c, '\u{200c}' | '\u{200d}') {
                // UTS 46 maps or refuses these first.
                for label in [
                    format!("a{c}"),
                    format!("\u{5d0}{c}"),
                    format!("\u{627}{c}"),
                ] {
                    let (mapped, outcome) = idna::domain_to_unicode(&label);
                    assert!(
                        outcome.is_err() || !mapped.contains(c),
                        "U+{:04X}",
                        u32::from(c)
                    );
                }
            }
        }
    }

    /// woocommerce#58000: numbers in full-width or Arabic-Indic digits.
    #[test]
    fn digits_of_every_script_are_read() {
        for digits in [
            "0123456789",
            "０１２３４５６７８９",
            "٠١٢٣٤٥٦٧٨٩",
            "۰۱۲۳۴۵۶۷۸۹",
            "०१२३४५६७८९",
            "𝟢𝟣𝟤𝟥𝟦𝟧𝟨𝟩𝟪𝟫",
            "𞥐𞥑𞥒𞥓𞥔𞥕𞥖𞥗𞥘𞥙",
        ] {
            let read: String = digits.chars().filter_map(digit).collect();
            assert_eq!(read, "0123456789");
        }
        for c in "aOl²①Ⅷ一½-+٪".chars() {
            assert_eq!(digit(c), None, "{c}");
        }
        // Each digit occurs equally often, so no run begins elsewhere than at zero.
        let mut counts = [0; 10];
        for c in ('\0'..=char::MAX).filter_map(digit) {
            counts[c.to_digit(10).unwrap() as usize] += 1;
        }
        assert!(counts[0] > 60 && counts.iter().all(|count| *count == counts[0]));
    }

    #[test]
    fn invisible_characters_and_dashes_are_known() {
        for c in "\u{ad}\u{34f}\u{61c}\u{115f}\u{180e}\u{200b}\u{200e}\u{2028}\u{202a}\u{202c}\u{2060}\u{2066}\u{2069}\u{3164}\u{fe0f}\u{feff}\u{fff9}\u{e0041}".chars() {
            assert!(is_invisible(c) && is_format(c), "U+{:04X}", u32::from(c));
        }
        assert!(is_invisible('\0') && !is_format('\0'));
        for c in "a1 \u{a0}é日".chars() {
            assert!(!is_invisible(c), "{c}");
        }
        for c in "-\u{2010}\u{2011}\u{2012}–—\u{2212}－﹣ー〜".chars() {
            assert!(is_dash(c), "{c}");
        }
        assert!(!is_dash('_') && !is_dash('~') && !is_dash('/'));
    }

    #[test]
    fn an_error_names_what_can_be_seen() {
        for (c, name) in [
            (' ', "a space"),
            ('<', "“<”"),
            ('’', "“’” (U+2019)"),
            ('\u{200b}', "U+200B"),
            ('\u{a0}', "U+00A0"),
            ('\0', "U+0000"),
        ] {
            assert_eq!(Named(c).to_string(), name);
        }
    }
}
