//! The languages that messages are written in.

/// Names the languages once: the type, the list of all, and the tags.
macro_rules! locales {
    ($($(#[$doc:meta])* $variant:ident = $byte:literal, $tag:literal;)*) => {
        /// A language that messages are written in. What a client or the user pool says about
        /// somebody's language is read by [`Locale::parse`].
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Locale {
            $($(#[$doc])* $variant = $byte,)*
        }

        impl Locale {
            /// Every language, the default first.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The language's BCP 47 tag, by which stores and mails name it.
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

/// No tag that means anything is longer; of a longer text nothing is read.
const MAX_TAG_BYTES: usize = 64;

impl Locale {
    /// The language of a tag such as `pt-BR`, or as phones and browsers also spell it (`ja_JP`,
    /// ` FR `, `en_US.UTF-8`). `None` for any other language and for what is no tag: whoever
    /// writes the message then takes the next best.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_TAG_BYTES {
            return None;
        }
        let language = text.trim().split(['-', '_', '.', '@']).next()?;
        Self::ALL
            .iter()
            .copied()
            .find(|locale| locale.tag().eq_ignore_ascii_case(language))
    }

    /// The direction of its script, as HTML names it.
    pub(crate) const fn direction(self) -> &'static str {
        match self {
            Self::En | Self::Fr | Self::De | Self::Es | Self::Pt | Self::Ja => "ltr",
        }
    }

    /// One byte for one language or none, so that a ticket's length says nothing.
    pub(crate) const fn to_byte(locale: Option<Self>) -> u8 {
        match locale {
            Some(locale) => locale as u8,
            None => 0,
        }
    }

    /// Reads [`Locale::to_byte`]. A language that only another version knows is none.
    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|locale| *locale as u8 == byte)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
            "fr;q=0.9",
            "en US",
            "\0en",
        ] {
            assert_eq!(Locale::parse(text), None, "{text:?}");
        }
        assert_eq!(Locale::parse(&format!("en{}", "-x".repeat(40))), None);
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
