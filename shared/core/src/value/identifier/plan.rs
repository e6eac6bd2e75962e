//! Numbering plans: the kinds of numbers, and the rules beyond the metadata of libphonenumber.
//!
//! One rule holds for every calling code. A number is accepted if the metadata calls it valid, or
//! if a range of [`RANGES`] or of the setting `PHONE_RANGES` contains it. Any other number is
//! replaced by its new form, if [`RENUMBERED`] or the setting has one and that form is accepted.
//! All others are refused. A number in use is therefore never read as another one.
//!
//! One exception: where the metadata calls both forms of a renumbered plan valid, the old one counts
//! as invalid ([`STILL_LISTED`]). Otherwise one subscriber would have several numbers.

use std::collections::BTreeSet;
use std::fmt;
use std::time::SystemTime;

use rlibphonenumber::PhoneNumberType;

use super::{Country, Identifier, IdentifierError, PhoneNumber};

/// The metadata that is compiled in.
pub const METADATA: Metadata = Metadata {
    version: "9.0.42",
    released: "2026-10-27",
};

/// A release of libphonenumber's metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// The version of libphonenumber that published it.
    pub version: &'static str,
    /// The day of the release, for instance 2026-10-27.
    pub released: &'static str,
}

impl Metadata {
    /// Returns the age in whole days at a time; zero before the release.
    pub fn days(&self, now: SystemTime) -> u64 {
        let released = humantime::parse_rfc3339(&format!("{}T00:00:00Z", self.released));
        let age = released
            .ok()
            .and_then(|released| now.duration_since(released).ok());
        age.unwrap_or_default().as_secs() / (24 * 3600)
    }
}

/// Ranges in use that the metadata does not have, with their country. `N` stands for a digit from 2
/// to 9, `X` for any digit.
///
/// Remove a range once the metadata has it: a test fails then.
const RANGES: [(&str, &str); 5] = [
    // Houston, since 23 January 2025: Public Utility Commission of Texas, "New 621 Houston area code
    // to take effect this month". Reported in python-phonenumbers#318.
    ("US", "+1621NXXXXXX"),
    // Cleveland's suburbs, since 1 March 2024: Public Utilities Commission of Ohio, case
    // 22-631-TP-COI. Reported in python-phonenumbers#318 and phonelib#351.
    ("US", "+1436NXXXXXX"),
    // Western Illinois, since 24 February 2023: Illinois Commerce Commission. Reported in
    // python-phonenumbers#318 and libphonenumber-js#445.
    ("US", "+1861NXXXXXX"),
    // Detroit, since 7 November 2025: Michigan Public Service Commission, case U-21337. Reported in
    // python-phonenumbers#318.
    ("US", "+1679NXXXXXX"),
    // Buffalo, since 11 September 2023: New York State Department of Public Service.
    ("US", "+1624NXXXXXX"),
];

/// Old forms of numbers, with their present form.
///
/// Only an old form that phones still hand out is read as the new one. A form that has not worked
/// for years is refused, and the error names the new form: see [`replaced`].
const RENUMBERED: [(&str, &str); 1] = [
    // Mobile numbers of Mexico lost the 1 after the country code on 3 August 2019; since 3 August
    // 2020 no call with it is connected (Instituto Federal de Telecomunicaciones). WhatsApp and
    // address books still hold it: chatwoot#14048.
    ("+521XXXXXXXXXX", "+52XXXXXXXXXX"),
];

/// Old forms that the metadata still calls valid, beside their new forms.
///
/// Gabon, since 15 November 2019: Autorité de Régulation des Communications Électroniques et des
/// Postes. Calls to the old forms were to end on 6 April 2024: Agence Nationale des Infrastructures
/// Numériques et des Fréquences, 29 February 2024. An old number has seven digits, or eight with the
/// 0 that is dialled at home. Reported in python-phonenumbers#289.
const STILL_LISTED: [&str; 2] = ["+241XXXXXXX", "+2410XXXXXXX"];

/// Returns whether a number has an old form that the metadata still calls valid.
pub(super) fn is_old_form(number: &str) -> bool {
    STILL_LISTED.iter().any(|old| matches(number, old))
}

/// Returns the new form, in words, of a number that has been out of use for years.
pub(super) fn replaced(number: &str) -> Option<&'static str> {
    // The digit in front of the old seven names the network: 1 landlines, 6 and 7 mobile phones.
    if is_old_form(number) {
        return Some("+241, then 1, 6 or 7, then the seven digits without the 0");
    }
    // Benin, since 30 November 2024: Autorité de Régulation des Communications Électroniques et de la
    // Poste.
    if matches(number, "+229XXXXXXXX") {
        return Some("+229 01 and the eight digits");
    }
    // Côte d'Ivoire, since 31 January 2021: Autorité de Régulation des Télécommunications.
    if matches(number, "+225XXXXXXXX") {
        return Some("+225, the two digits of the operator and the eight digits");
    }
    // Brazil, mobile numbers, area by area from 29 July 2012 to 6 November 2016: Anatel, resolution
    // 553/2010.
    let first = number.as_bytes().get(5);
    if matches(number, "+55NXXXXXXXXX") || matches(number, "+551XXXXXXXXX") {
        return first
            .is_some_and(|digit| (b'6'..=b'9').contains(digit))
            .then_some("+55, the area code, 9 and the eight digits");
    }
    None
}

/// The kind of a number, as far as its country's numbering plan shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum NumberKind {
    /// A mobile phone.
    Mobile,
    /// A mobile phone or a landline, in countries where the number does not show the difference.
    FixedLineOrMobile,
    /// A landline.
    FixedLine,
    /// A number whose owner pays for calls to it.
    TollFree,
    /// A telephone over the internet.
    VoIp,
    /// A pager.
    Pager,
    /// A company's single number for all its sites (UAN).
    Company,
    /// Premium rate.
    PremiumRate,
    /// Shared cost.
    SharedCost,
    /// A number that is forwarded to its owner at the sender's cost.
    Personal,
    /// Access to voicemail.
    VoiceMail,
    /// A calling code of a service without a country: satellite, universal freephone.
    International,
}

impl NumberKind {
    /// The kinds that a setting can allow. No message goes to the others: it would earn the owner
    /// of the number money.
    pub const CHOICES: [Self; 7] = [
        Self::Mobile,
        Self::FixedLineOrMobile,
        Self::FixedLine,
        Self::TollFree,
        Self::VoIp,
        Self::Pager,
        Self::Company,
    ];

    /// The word in settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mobile => "mobile",
            Self::FixedLineOrMobile => "fixed_line_or_mobile",
            Self::FixedLine => "fixed_line",
            Self::TollFree => "toll_free",
            Self::VoIp => "voip",
            Self::Pager => "pager",
            Self::Company => "uan",
            Self::PremiumRate => "premium_rate",
            Self::SharedCost => "shared_cost",
            Self::Personal => "personal_number",
            Self::VoiceMail => "voicemail",
            Self::International => "international",
        }
    }

    /// Returns whether a setting can allow the kind.
    pub(super) fn is_a_subscriber(self) -> bool {
        Self::CHOICES.contains(&self)
    }

    pub(super) const fn of(kind: PhoneNumberType) -> Option<Self> {
        match kind {
            PhoneNumberType::FixedLine => Some(Self::FixedLine),
            PhoneNumberType::Mobile => Some(Self::Mobile),
            PhoneNumberType::FixedLineOrMobile => Some(Self::FixedLineOrMobile),
            PhoneNumberType::TollFree => Some(Self::TollFree),
            PhoneNumberType::PremiumRate => Some(Self::PremiumRate),
            PhoneNumberType::SharedCost => Some(Self::SharedCost),
            PhoneNumberType::VoIP => Some(Self::VoIp),
            PhoneNumberType::PersonalNumber => Some(Self::Personal),
            PhoneNumberType::Pager => Some(Self::Pager),
            PhoneNumberType::UAN => Some(Self::Company),
            PhoneNumberType::VoiceMail => Some(Self::VoiceMail),
            PhoneNumberType::Unknown => None,
        }
    }
}

/// The kind in a sentence, for instance "a landline".
impl fmt::Display for NumberKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mobile => "a mobile number",
            Self::FixedLineOrMobile => "a number that may be a landline",
            Self::FixedLine => "a landline",
            Self::TollFree => "a toll-free number",
            Self::VoIp => "an internet telephone (VoIP) number",
            Self::Pager => "a pager",
            Self::Company => "a company's universal number",
            Self::PremiumRate => "a premium-rate number",
            Self::SharedCost => "a shared-cost number",
            Self::Personal => "a follow-me number",
            Self::VoiceMail => "a voicemail number",
            Self::International => "a satellite or international service number",
        })
    }
}

/// The kinds of numbers that receive codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberKinds(BTreeSet<NumberKind>);

impl NumberKinds {
    /// Parses words of [`NumberKind::CHOICES`], separated by commas.
    pub fn parse(text: &str) -> Option<Self> {
        let kind = |word: &str| {
            let word = word.trim();
            NumberKind::CHOICES
                .into_iter()
                .find(|kind| kind.as_str() == word)
        };
        text.split(',').map(kind).collect::<Option<_>>().map(Self)
    }

    /// Returns whether codes are sent to numbers of this kind.
    pub fn contains(&self, kind: NumberKind) -> bool {
        self.0.contains(&kind)
    }
}

/// Mobile numbers, and numbers that may be mobile. The other kinds rarely receive SMS and are cheap
/// to own in great number.
impl Default for NumberKinds {
    fn default() -> Self {
        Self([NumberKind::Mobile, NumberKind::FixedLineOrMobile].into())
    }
}

/// Ranges and renumberings beyond the metadata and the built-in ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PhoneRanges {
    ranges: Vec<(Country, String)>,
    renumbered: Vec<(String, String)>,
}

impl PhoneRanges {
    /// The maximum number of entries.
    pub const MAX: usize = 50;

    /// Parses entries separated by commas. `US:+1621NXXXXXX` opens a range of a country;
    /// `+521XXXXXXXXXX=+52XXXXXXXXXX` reads the old form of a number as the new one.
    ///
    /// `N` stands for a digit from 2 to 9, `X` for any digit. They end a pattern of 7 to 15 digits.
    /// A range fixes at least the first four digits, an old or new form the first two.
    pub fn parse(text: &str) -> Option<Self> {
        let mut all = Self::default();
        for entry in text.split(',').map(str::trim).filter(|_| !text.is_empty()) {
            if let Some((old, new)) = entry.split_once('=') {
                let [(old, open), (new, kept)] = [pattern(old, 2)?, pattern(new, 2)?];
                if open != kept || old == new {
                    return None;
                }
                all.renumbered.push((old, new));
            } else {
                let (country, range) = entry.split_once(':')?;
                all.ranges
                    .push((Country::parse(country.trim())?, pattern(range, 4)?.0));
            }
        }
        (all.ranges.len() + all.renumbered.len() <= Self::MAX).then_some(all)
    }
}

/// The phone number rules of a deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PhoneRules {
    /// The kinds of numbers that receive codes.
    pub kinds: NumberKinds,
    /// Ranges and renumberings beyond the built-in ones.
    pub more: PhoneRanges,
}

impl PhoneRules {
    /// Refuses a number of a kind that receives no codes.
    pub(crate) fn check_kind(&self, number: &PhoneNumber) -> Result<(), IdentifierError> {
        match number.place(self).kind {
            Some(kind) if !self.kinds.contains(kind) => {
                let is_argentine =
                    kind == NumberKind::FixedLine && number.as_str().starts_with("+54");
                Err(if is_argentine {
                    IdentifierError::ArgentineLandline
                } else {
                    IdentifierError::Kind(kind)
                })
            }
            _ => Ok(()),
        }
    }

    /// Returns the country of a number, with the configured ranges.
    pub(crate) fn country_of(&self, number: &PhoneNumber) -> Option<Country> {
        number.place(self).country
    }

    /// Returns a stored contact with the country that the configured ranges say.
    pub(crate) fn placed(&self, contact: Identifier) -> Identifier {
        match contact {
            Identifier::PhoneNumber(number) => Identifier::PhoneNumber(number.placed(self)),
            Identifier::Email(email) => Identifier::Email(email),
        }
    }

    /// Returns the count of configured ranges whose calling code is not their country's. No number
    /// is in such a range.
    pub fn without_effect(&self) -> usize {
        let is_idle = |(country, range): &&(Country, String)| {
            let code = country.calling_code().map(|code| format!("+{code}"));
            !code.is_some_and(|code| range.starts_with(&code))
        };
        self.more.ranges.iter().filter(is_idle).count()
    }

    /// Returns the country whose range contains a number.
    pub(super) fn country(&self, number: &str) -> Option<Country> {
        let built_in = RANGES.iter().find(|(_, range)| matches(number, range));
        match built_in {
            Some((country, _)) => Country::parse(country),
            None => self
                .more
                .ranges
                .iter()
                .find(|(_, range)| matches(number, range))
                .map(|(country, _)| *country),
        }
    }

    /// Returns the new form of a number in an old form.
    pub(super) fn renewed(&self, number: &str) -> Option<String> {
        let more = self.more.renumbered.iter();
        RENUMBERED
            .into_iter()
            .chain(more.map(|(old, new)| (old.as_str(), new.as_str())))
            .find(|(old, _)| matches(number, old))
            .and_then(|(_, new)| {
                let fixed = new.trim_end_matches(['N', 'X']);
                let kept = number.len().checked_sub(new.len() - fixed.len())?;
                Some(format!("{fixed}{}", number.get(kept..)?))
            })
    }

    /// Returns the old forms that a rule may replace by this number.
    pub(super) fn former(&self, number: &str) -> Vec<String> {
        let more = self.more.renumbered.iter();
        RENUMBERED
            .into_iter()
            .chain(more.map(|(old, new)| (old.as_str(), new.as_str())))
            .filter(|(_, new)| matches(number, new))
            .filter_map(|(old, new)| {
                let fixed = old.trim_end_matches(['N', 'X']);
                let kept = new.trim_end_matches(['N', 'X']).len();
                Some(format!("{fixed}{}", number.get(kept..)?))
            })
            .collect()
    }
}

/// Parses a pattern with at least this many fixed digits. Returns it with the count of open digits.
fn pattern(text: &str, fixed: usize) -> Option<(String, usize)> {
    let text = text.trim().to_ascii_uppercase();
    let digits = text.strip_prefix('+')?;
    let head = digits.trim_end_matches(['N', 'X']);
    let is_pattern = (7..=15).contains(&digits.len())
        && head.len() >= fixed
        && !head.starts_with('0')
        && head.bytes().all(|byte| byte.is_ascii_digit());
    let open = digits.len() - head.len();
    is_pattern.then_some((text, open))
}

fn matches(number: &str, pattern: &str) -> bool {
    number.len() == pattern.len()
        && number
            .bytes()
            .zip(pattern.bytes())
            .all(|(byte, of)| match of {
                b'X' => byte.is_ascii_digit(),
                b'N' => (b'2'..=b'9').contains(&byte),
                _ => byte == of,
            })
}

#[cfg(test)]
mod tests {
    use rlibphonenumber::PHONE_NUMBER_UTIL;

    use super::*;

    /// Once the metadata has a range, its entry is obsolete, and its country may differ.
    #[test]
    fn the_metadata_knows_none_of_the_built_in_ranges() {
        for (country, range) in RANGES {
            let number = range.replace(['N', 'X'], "5");
            let parsed = PHONE_NUMBER_UTIL.parse(&number, None).unwrap();
            assert!(!PHONE_NUMBER_UTIL.is_valid_number(&parsed), "{range}");
            let number = PhoneNumber::parse(&number).unwrap();
            assert_eq!(number.country(), Country::parse(country), "{range}");
        }
    }

    /// python-phonenumbers#318: metadata that ages lacks ranges that have opened.
    #[test]
    fn the_age_of_the_metadata_is_counted_in_days() {
        let at = |text| METADATA.days(humantime::parse_rfc3339(text).unwrap());
        assert_eq!(at("2026-10-27T23:59:59Z"), 0);
        assert_eq!(at("2026-11-28T00:00:00Z"), 32);
        assert_eq!(at("2020-01-01T00:00:00Z"), 0, "a clock that is wrong");
    }

    #[test]
    fn a_renumbering_keeps_every_open_digit() {
        for (old, new) in RENUMBERED {
            let [(old, open), (new, kept)] = [pattern(old, 2), pattern(new, 2)].map(Option::unwrap);
            assert_eq!((open, old != new), (kept, true));
        }
        let rules = PhoneRules::default();
        assert_eq!(
            rules.renewed("+5215512345678").as_deref(),
            Some("+525512345678")
        );
        assert_eq!(rules.renewed("+525512345678"), None);
    }

    #[test]
    fn ranges_and_kinds_are_read_from_settings() {
        assert_eq!(PhoneRanges::parse(""), Some(PhoneRanges::default()));
        let read = PhoneRanges::parse(" hk:".to_uppercase().as_str());
        assert_eq!(read, None);
        let read = PhoneRanges::parse("HK:+8524545xxxx, +229XXXXXXXX=+22901XXXXXXXX").unwrap();
        assert_eq!(read.ranges[0].1, "+8524545XXXX");
        assert_eq!(read.renumbered[0].0, "+229XXXXXXXX");
        for text in [
            ",",
            "+8524545XXXX",
            "HK",
            "HK:",
            "HK:8524545XXXX",
            "HK:+852XXXXXXXX",
            "HK:+8524545XX4X",
            "HK:+8524545XXXXXXXXXXXX",
            "XX:+8524545XXXX",
            "hk:+8524545XXXX",
            "+521XXXXXXXXXX=+52XXXXXXXXX",
            "+52XXXXXXXXXX=+52XXXXXXXXXX",
            "+5XXXXXXXXXX=+52XXXXXXXXXX",
            "+521XXXXXXXXXX=",
        ] {
            assert_eq!(PhoneRanges::parse(text), None, "{text:?}");
        }
        let entries = |count| vec!["HK:+8524545XXXX"; count].join(",");
        assert!(PhoneRanges::parse(&entries(50)).is_some());
        assert!(PhoneRanges::parse(&entries(51)).is_none());

        let kinds = NumberKinds::parse("mobile, fixed_line").unwrap();
        assert!(kinds.contains(NumberKind::FixedLine) && !kinds.contains(NumberKind::VoIp));
        for text in ["", "mobile,", "Mobile", "premium_rate", "landline"] {
            assert_eq!(NumberKinds::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_configured_range_is_of_its_own_calling_code_only() {
        let rules = |text| PhoneRules {
            more: PhoneRanges::parse(text).unwrap(),
            ..PhoneRules::default()
        };
        let number = "+852 4545 1234";
        assert_eq!(
            PhoneNumber::parse(number),
            Err(IdentifierError::UnknownRange)
        );
        let opened = rules("HK:+8524545XXXX");
        let parsed = PhoneNumber::parse_by(number, &opened).unwrap();
        assert_eq!(parsed.as_str(), "+85245451234");
        assert_eq!(parsed.country(), Country::parse("HK"));
        let stored = PhoneNumber::stored(parsed.as_str()).unwrap();
        assert_eq!(opened.country_of(&stored), Country::parse("HK"));
        let elsewhere = rules("US:+8524545XXXX");
        assert_eq!(
            [opened, elsewhere.clone()].map(|it| it.without_effect()),
            [0, 1]
        );
        assert_eq!(
            PhoneNumber::parse_by(number, &elsewhere),
            Err(IdentifierError::UnknownRange)
        );
    }

    /// A number in use is unchanged, and the new form must be in use.
    #[test]
    fn a_configured_renumbering_applies_to_numbers_out_of_use_only() {
        let rules = PhoneRules {
            more: PhoneRanges::parse(
                "+229XXXXXXXX=+22901XXXXXXXX,+141555501XX=+141555502XX,+4990XXXXXX=+331XXXXXX",
            )
            .unwrap(),
            ..PhoneRules::default()
        };
        let parsed =
            |text| PhoneNumber::parse_by(text, &rules).map(|number| number.as_str().to_owned());
        assert_eq!(parsed("+229 96 12 34 56").unwrap(), "+2290196123456");
        assert_eq!(parsed("+14155550132").unwrap(), "+14155550132");
        assert!(parsed("+4990123456").is_err());
    }
}
