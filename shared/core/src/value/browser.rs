//! The family of a browser and its system, as a `User-Agent` claims them.
//!
//! Coarse on purpose: it shows an account owner which of their browsers a session is of, and does
//! not single a browser out. A client can claim any family, so nothing depends on it.

use strum::{Display, EnumString};

/// The family of a browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Display, EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum Family {
    /// Google Chrome, and Chromium.
    Chrome,
    /// Microsoft Edge.
    Edge,
    /// Mozilla Firefox.
    Firefox,
    /// Opera.
    Opera,
    /// Apple Safari.
    Safari,
    /// Samsung Internet.
    Samsung,
    /// Any other, or none.
    Other,
}

/// The system that a browser runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Display, EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum System {
    /// Android.
    Android,
    /// `ChromeOS`.
    ChromeOs,
    /// iOS or `iPadOS`.
    Ios,
    /// Linux.
    Linux,
    /// macOS.
    MacOs,
    /// Windows.
    Windows,
    /// Any other, or none.
    Other,
}

/// A browser family on a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Browser {
    /// The family.
    pub family: Family,
    /// The system.
    pub system: System,
}

/// The marks of the families, in an order in which a later one never claims a browser of an earlier
/// one: most browsers also claim to be Chrome and Safari.
const FAMILIES: [(&str, Family); 13] = [
    ("Edg/", Family::Edge),
    ("EdgA/", Family::Edge),
    ("EdgiOS/", Family::Edge),
    ("OPR/", Family::Opera),
    ("OPT/", Family::Opera),
    ("OPX/", Family::Opera),
    ("SamsungBrowser/", Family::Samsung),
    ("Firefox/", Family::Firefox),
    ("FxiOS/", Family::Firefox),
    ("Chrome/", Family::Chrome),
    ("CriOS/", Family::Chrome),
    ("Chromium/", Family::Chrome),
    ("Safari/", Family::Safari),
];

/// The marks of the systems, in an order as above: Android claims to be Linux, and iOS to be like
/// macOS.
const SYSTEMS: [(&str, System); 9] = [
    ("Android", System::Android),
    ("CrOS", System::ChromeOs),
    ("iPhone", System::Ios),
    ("iPad", System::Ios),
    ("iPod", System::Ios),
    ("Windows", System::Windows),
    ("Macintosh", System::MacOs),
    ("Mac OS X", System::MacOs),
    ("Linux", System::Linux),
];

/// The number of bytes of a `User-Agent` that are read.
const READ: usize = 512;

impl Browser {
    /// A browser that says nothing.
    pub const OTHER: Self = Self {
        family: Family::Other,
        system: System::Other,
    };

    /// Returns the browser that a `User-Agent` claims.
    pub fn of(user_agent: &str) -> Self {
        let end = user_agent.floor_char_boundary(READ);
        let read = &user_agent[..end];
        let family = FAMILIES.iter().find(|(mark, _)| read.contains(mark));
        let system = SYSTEMS.iter().find(|(mark, _)| read.contains(mark));
        Self {
            family: family.map_or(Family::Other, |(_, family)| *family),
            system: system.map_or(System::Other, |(_, system)| *system),
        }
    }

    /// Returns the text that the store keeps: `chrome/windows`.
    pub fn text(self) -> String {
        let Self { family, system } = self;
        format!("{family}/{system}")
    }

    /// Parses a stored text. A family or system of a later version is another one.
    pub fn stored(text: &str) -> Self {
        let (family, system) = text.split_once('/').unwrap_or_default();
        Self {
            family: family.parse().unwrap_or(Family::Other),
            system: system.parse().unwrap_or(System::Other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_agent_claims_one_family_and_system() {
        const WEBKIT: &str = "AppleWebKit/537.36 (KHTML, like Gecko)";
        for (user_agent, text) in [
            (
                format!(
                    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/150.0 Safari/537.36"
                ),
                "chrome/windows",
            ),
            (
                format!(
                    "Mozilla/5.0 (Windows NT 10.0) {WEBKIT} Chrome/150.0 Safari/537.36 Edg/150.0"
                ),
                "edge/windows",
            ),
            (
                format!(
                    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Version/26.0 Safari/605.1"
                ),
                "safari/mac_os",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0".to_owned(),
                "firefox/linux",
            ),
            (
                format!(
                    "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) {WEBKIT} CriOS/150.0 Mobile Safari/604.1"
                ),
                "chrome/ios",
            ),
            (
                format!(
                    "Mozilla/5.0 (Linux; Android 16; K) {WEBKIT} SamsungBrowser/29.0 Chrome/150.0 Mobile Safari/537.36"
                ),
                "samsung/android",
            ),
            (
                format!(
                    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/150.0 Safari/537.36 OPR/120.0"
                ),
                "opera/chrome_os",
            ),
            ("curl/8.5.0".to_owned(), "other/other"),
            (String::new(), "other/other"),
            (format!("{}Firefox/1", "é".repeat(300)), "other/other"),
        ] {
            let browser = Browser::of(&user_agent);
            assert_eq!(browser.text(), text, "{user_agent}");
            assert_eq!(Browser::stored(text), browser);
        }
        assert_eq!(Browser::stored("netscape"), Browser::OTHER);
    }
}
