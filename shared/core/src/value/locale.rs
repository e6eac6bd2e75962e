//! The languages that messages are written in.

/// Declares the languages once: the type, the list of all, and the tags.
macro_rules! locales {
    ($($(#[$doc:meta])* $variant:ident = $byte:literal, $tag:literal;)*) => {
        /// A language that messages are written in. [`Locale::parse`] reads a client's or the user
        /// pool's language.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Locale {
            $($(#[$doc])* $variant = $byte,)*
        }

        impl Locale {
            /// Every language, the default first.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The BCP 47 tag of the language, used by stores and mails.
            pub const fn tag(self) -> &'static str {
                match self {
                    $(Self::$variant => $tag,)*
                }
            }
        }
    };
}

locales! {
    /// English.
    #[default]
    En = 1, "en";
    /// French.
    Fr = 2, "fr";
    /// German.
    De = 3, "de";
    /// Spanish.
    Es = 4, "es";
    /// Portuguese.
    Pt = 5, "pt";
    /// Japanese.
    Ja = 6, "ja";
}

/// The maximum length of a parsed text in bytes. Browsers send up to about 100.
const MAX_BYTES: usize = 256;

impl Locale {
    /// Chooses a language from one tag or from a list of tags.
    ///
    /// A tag is `pt-BR`, or as phones also spell it (`ja_JP`, ` FR `, `en_US.UTF-8`). A list has
    /// the form of the header `Accept-Language` (`zh, de;q=0.8, en;q=0.9`). Of the languages that
    /// messages are written in, the one of the highest weight is chosen, the first of equals.
    /// Returns `None` if there is none, or if the text is not a list of tags.
    ///
    /// Only the language of a tag counts, by the lookup of RFC 4647 (3.4). Weights are those of RFC
    /// 9110 (12.4.2). A range is skipped if its weight is malformed or zero, and so is `*`, which
    /// names no language. The crates that read the header differ: fluent-langneg ignores weights;
    /// accept-language reads `q=NaN` as one and keeps `q=0`.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_BYTES {
            return None;
        }
        let mut best: Option<(u16, Self)> = None;
        for range in text.split(',') {
            let (tag, weight) = match range.split_once(';') {
                Some((tag, parameter)) => (tag, weight(parameter)),
                None => (range, Some(MAX_WEIGHT)),
            };
            let (Some(locale), Some(weight)) = (Self::of_tag(tag), weight) else {
                continue;
            };
            if best.is_none_or(|(highest, _)| highest < weight) {
                best = Some((weight, locale));
            }
        }
        best.map(|(_, locale)| locale)
    }

    /// Returns the language of one tag.
    fn of_tag(tag: &str) -> Option<Self> {
        let language = tag.trim().split(['-', '_', '.', '@']).next()?;
        Self::ALL
            .iter()
            .copied()
            .find(|locale| locale.tag().eq_ignore_ascii_case(language))
    }

    /// The direction of the script, as HTML names it.
    pub(crate) const fn direction(self) -> &'static str {
        match self {
            Self::En | Self::Fr | Self::De | Self::Es | Self::Pt | Self::Ja => "ltr",
        }
    }

    /// Encodes a language or none in one byte, so that a ticket's length reveals nothing.
    pub(crate) const fn to_byte(locale: Option<Self>) -> u8 {
        match locale {
            Some(locale) => locale as u8,
            None => 0,
        }
    }

    /// Decodes [`Locale::to_byte`]. A language that only another version knows is `None`.
    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|locale| *locale as u8 == byte)
    }
}

/// The weight of a range that names none, in thousandths.
const MAX_WEIGHT: u16 = 1000;

/// Parses a weight such as `q=0.8` into thousandths. `None` if it is malformed or zero.
fn weight(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.trim().split_once('=')?;
    let (whole, decimals) = value.split_once('.').unwrap_or((value, ""));
    let is_weight = name.eq_ignore_ascii_case("q")
        && ["0", "1"].contains(&whole)
        && decimals.len() <= 3
        && decimals.bytes().all(|b| b.is_ascii_digit());
    let thousandths = format!("{whole}{decimals:0<3}").parse().ok()?;
    (is_weight && (1..=MAX_WEIGHT).contains(&thousandths)).then_some(thousandths)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 4647, 3.4: lookup by language. `pt-PT` and `pt-BR` share one Portuguese.
    #[test]
    fn a_tag_is_read_by_its_language_however_it_is_spelled() {
        for (text, locale) in [
            ("en", Locale::En),
            ("en-US", Locale::En),
            ("en_US.UTF-8", Locale::En),
            ("fr-CA", Locale::Fr),
            ("DE", Locale::De),
            ("de-CH-1996", Locale::De),
            ("es-419", Locale::Es),
            ("pt-BR", Locale::Pt),
            (" pt_PT ", Locale::Pt),
            ("ja_JP", Locale::Ja),
            ("ja-JP-u-ca-japanese", Locale::Ja),
        ] {
            assert_eq!(Locale::parse(text), Some(locale), "{text}");
        }
    }

    #[test]
    fn another_language_or_no_tag_is_none() {
        for text in [
            "",
            " ",
            "-",
            "_US",
            "zh-Hant",
            "eng",
            "e",
            "C",
            "POSIX",
            "*",
            "日本語",
            "en US",
            "\0en",
            ",",
            ";q=1",
            "zh, it;q=0.9",
            "*;q=0.5",
        ] {
            assert_eq!(Locale::parse(text), None, "{text:?}");
        }
        let long = |bytes: usize| format!("en{}", "-".repeat(bytes - 2));
        assert_eq!(Locale::parse(&long(256)), Some(Locale::En));
        assert_eq!(Locale::parse(&long(257)), None);
    }

    /// Clients pass the header `Accept-Language` on unchanged. Before, `fr-FR,fr;q=0.9` gave
    /// French, and `de;q=0.9,en;q=0.8` silently gave English.
    #[test]
    fn of_a_list_the_highest_weight_that_has_messages_is_chosen() {
        for (text, locale) in [
            ("fr-FR,fr;q=0.9", Locale::Fr),
            ("de;q=0.9,en;q=0.8", Locale::De),
            ("en;q=0.8,de;q=0.9", Locale::De),
            ("fr;q=0.9", Locale::Fr),
            ("de-CH, fr-CH;q=0.9, en;q=0.8", Locale::De),
            ("zh-Hant-TW, ja;q=0.7, en;q=0.3", Locale::Ja),
            ("da, pt-PT;q=0.8", Locale::Pt),
            ("es;q=0.5, fr;q=0.5", Locale::Es),
            ("en;q=0.001, fr;q=0.01", Locale::Fr),
            ("*, ja;q=0.1", Locale::Ja),
            ("en; q=0.2 ,\tfr ; Q=0.3", Locale::Fr),
            ("en;q=1.000, de", Locale::En),
            (",,en,", Locale::En),
            ("de,en,fr", Locale::De),
        ] {
            assert_eq!(Locale::parse(text), Some(locale), "{text}");
        }
    }

    /// RFC 9110, 12.4.2: a weight is 0 to 1 with at most three decimals.
    #[test]
    fn a_range_without_a_valid_weight_above_zero_is_passed_over() {
        for weight in [
            "q=0",
            "q=0.000",
            "q=NaN",
            "q=inf",
            "q=-1",
            "q=1.001",
            "q=2",
            "q=0.1234",
            "q=.5",
            "q=",
            "q",
            "",
            "level=1",
            "q=0.5;x=1",
            "q=1e0",
            "q=+1",
        ] {
            let text = format!("de;{weight}, en;q=0.1");
            assert_eq!(Locale::parse(&text), Some(Locale::En), "{text}");
        }
    }

    #[test]
    fn one_byte_stands_for_one_language_or_none() {
        for locale in Locale::ALL.iter().copied() {
            let byte = Locale::to_byte(Some(locale));
            assert_eq!(Locale::from_byte(byte), Some(locale));
            assert_eq!(Locale::parse(locale.tag()), Some(locale));
        }
        assert_eq!(Locale::from_byte(Locale::to_byte(None)), None);
        assert_eq!(Locale::from_byte(255), None);
    }

    proptest! {
        #[test]
        fn no_text_is_an_error(text in "\\PC{0,80}") {
            let _ = Locale::parse(&text);
        }
    }
}
