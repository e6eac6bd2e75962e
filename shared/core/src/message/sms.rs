//! The length of SMS.
//!
//! One part has 140 bytes: 160 septets of the GSM 7-bit default alphabet (3GPP TS 23.038, 6.2.1),
//! or 70 units of UTF-16 if one character is not in that alphabet. A longer text is sent in parts
//! of 153 septets or 67 units, and each part is paid for.

/// The default alphabet, in the order of its table. The escape at 0x1b represents itself.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u{1b}ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
    ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Its extension: an escape and a character, two septets.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// Counts the septets of a text; `None` if a character is in neither table.
fn septets(text: &str) -> Option<usize> {
    text.chars()
        .map(|c| match c {
            '\u{1b}' => None,
            c if BASIC.contains(c) => Some(1),
            c if EXTENSION.contains(c) => Some(2),
            _ => None,
        })
        .sum()
}

/// Counts the parts in which a text is sent.
pub fn parts(text: &str) -> usize {
    let (length, alone, joined) = match septets(text) {
        Some(septets) => (septets, 160, 153),
        None => (text.encode_utf16().count(), 70, 67),
    };
    if length <= alone {
        1
    } else {
        length.div_ceil(joined)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_alphabet_has_128_places() {
        assert_eq!(BASIC.chars().count(), 128);
        assert_eq!(EXTENSION.chars().count(), 10);
        // A few places of the table, to check its order.
        for (place, c) in [
            (0x00, '@'),
            (0x09, 'Ç'),
            (0x10, 'Δ'),
            (0x1b, '\u{1b}'),
            (0x20, ' '),
            (0x24, '¤'),
            (0x40, '¡'),
            (0x5f, '§'),
            (0x60, '¿'),
            (0x7f, 'à'),
        ] {
            assert_eq!(BASIC.chars().nth(place), Some(c), "{place:#x}");
        }
    }

    #[test]
    fn extension_characters_count_two_and_others_leave_the_alphabet() {
        assert_eq!(septets("Ça coûte"), None, "û is not in it");
        assert_eq!(septets("ça"), None, "nor is the small ç");
        assert_eq!(septets("É à è ù ñ ¿"), Some(11));
        assert_eq!(septets("5 €"), Some(4));
        assert_eq!(septets("[x]"), Some(5));
        assert_eq!(septets("\u{1b}"), None);
    }

    #[test]
    fn a_part_has_160_septets_or_70_units() {
        for (text, expected) in [
            ("", 1),
            (&*"x".repeat(160), 1),
            (&*"x".repeat(161), 2),
            (&*"x".repeat(306), 2),
            (&*"x".repeat(307), 3),
            (&*"€".repeat(80), 1),
            (&*"€".repeat(81), 2),
            (&*"あ".repeat(70), 1),
            (&*"あ".repeat(71), 2),
            (&*"あ".repeat(135), 3),
            (&*"😀".repeat(35), 1),
            (&*"😀".repeat(36), 2),
        ] {
            assert_eq!(parts(text), expected, "{} bytes", text.len());
        }
    }
}
