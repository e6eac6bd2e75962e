//! Phone numbers.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use rlibphonenumber::{
    NumberLengthType, PHONE_NUMBER_UTIL, ParseError, PhoneNumber as Parsed, PhoneNumberFormat,
    Region, ValidationError,
};

use super::plan::{NumberKind, PhoneRules};
use super::{Country, IdentifierError, MAX_IDENTIFIER_BYTES, is_outside, strip_scheme};
use crate::value::unicode::{digit, is_dash, is_format};

/// The maximum count of digits of an E.164 number, country code included.
const MAX_E164_DIGITS: usize = 15;

/// A phone number in E.164 form: `+`, country code, subscriber number.
#[derive(Clone)]
pub struct PhoneNumber {
    text: String,
    /// Set when the number was parsed; `None` for a stored number.
    place: Option<Place>,
}

/// The place of a number in the numbering plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) country: Option<Country>,
    pub(super) kind: Option<NumberKind>,
    /// The number of digits of the prefix.
    prefix: usize,
}

impl PhoneNumber {
    /// Parses an international number by the built-in rules.
    ///
    /// # Errors
    /// If the text is not a number that can be in use.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        Self::parse_by(text, &PhoneRules::default())
    }

    /// Parses an international number: `+`, the country code and the subscriber's number. Decimal
    /// digits of every script, spaces, dashes, dots and brackets are read. Invisible characters and
    /// a leading `tel:` are dropped.
    ///
    /// # Errors
    /// If the text is not a number that can be in use.
    pub fn parse_by(text: &str, rules: &PhoneRules) -> Result<Self, IdentifierError> {
        let typed = read(text)?;
        let number = PHONE_NUMBER_UTIL.parse(&typed, None).map_err(not_parsed)?;
        // Calling codes without a country are services: satellite (870, 881), shared cost, premium.
        match PHONE_NUMBER_UTIL.get_region_for_country_code(number.country_code) {
            None => return Err(IdentifierError::UnknownCallingCode),
            Some(Region::World) => return Err(IdentifierError::Kind(NumberKind::International)),
            Some(_) => {}
        }
        let (text, place) = Self::in_use(&number, rules)
            .or_else(|| {
                let renewed = rules.renewed(&e164(&number))?;
                Self::in_use(&PHONE_NUMBER_UTIL.parse(&renewed, None).ok()?, rules)
            })
            .ok_or_else(|| not_in_use(&number))?;
        // Some countries use longer numbers for services. They reach no phone, and Cognito refuses
        // them.
        if text.len() > 1 + MAX_E164_DIGITS {
            return Err(IdentifierError::NumberTooLong);
        }
        if let Some(kind) = place.kind
            && !kind.is_a_subscriber()
        {
            return Err(IdentifierError::Kind(kind));
        }
        // A trunk zero is dropped. If another zero follows, each parse would give a different
        // number (+49 0000000).
        if typed != text
            && Self::in_use(
                &PHONE_NUMBER_UTIL.parse(&text, None).map_err(not_parsed)?,
                rules,
            )
            .is_none_or(|(again, _)| again != text)
        {
            return Err(IdentifierError::UnknownRange);
        }
        Ok(Self {
            text,
            place: Some(place),
        })
    }

    /// Returns the canonical text and the place of a number that the metadata or a rule lists as in
    /// use.
    fn in_use(number: &Parsed, rules: &PhoneRules) -> Option<(String, Place)> {
        let text = e164(number);
        Place::of(number, &text, rules).map(|place| (text, place))
    }

    /// Reads a number in E.164 form that was parsed before it was stored, or that Cognito stores.
    ///
    /// It does not consult the metadata: loading that takes longer than the rest of a trigger's
    /// cold start.
    pub(super) fn stored(text: &str) -> Result<Self, IdentifierError> {
        let digits = text.strip_prefix('+').unwrap_or_default();
        let is_number = (2..=MAX_E164_DIGITS).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number
            .then(|| Self {
                text: text.to_owned(),
                place: None,
            })
            .ok_or(IdentifierError::UnknownRange)
    }

    /// Returns texts in the shape of E.164 that may be read as this number: with a trunk zero, with
    /// Argentina's 15 in place of its 9, and in the forms that a rule replaces by this one.
    pub(super) fn other_forms(&self, rules: &PhoneRules) -> Vec<String> {
        let mut forms = rules.former(&self.text);
        if let Ok(number) = PHONE_NUMBER_UTIL.parse(&self.text, None) {
            let code = format!("+{}", number.country_code);
            if let Some(subscriber) = self.text.strip_prefix(&code) {
                forms.push(format!("{code}0{subscriber}"));
            }
        }
        if let Some(mobile) = self.text.strip_prefix("+549") {
            let areas = (2..=4).filter_map(|area| mobile.split_at_checked(area));
            forms.extend(areas.map(|(area, rest)| format!("+54{area}15{rest}")));
        }
        forms.retain(|form| form.len() <= 1 + MAX_E164_DIGITS);
        forms
    }

    /// The number in E.164 form.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the place: as parsed, or by these rules.
    pub(super) fn place(&self, rules: &PhoneRules) -> Place {
        self.place.unwrap_or_else(|| {
            let parsed = PHONE_NUMBER_UTIL.parse(&self.text, None).ok();
            parsed
                .as_ref()
                .and_then(|number| Place::of(number, &self.text, rules))
                .unwrap_or_else(|| Place::out_of_use(parsed.as_ref()))
        })
    }

    /// Sets the place by these rules, for a number that was stored.
    pub(super) fn placed(self, rules: &PhoneRules) -> Self {
        Self {
            place: Some(self.place(rules)),
            ..self
        }
    }

    /// Returns the country. Countries that share a calling code are distinguished by the number.
    /// `None` for a stored number that no plan has any longer and whose calling code several
    /// countries share.
    pub fn country(&self) -> Option<Country> {
        self.place(&PhoneRules::default()).country
    }

    /// Returns the country code and the next four digits: a block of numbers that one operator
    /// assigns.
    pub fn prefix(&self) -> &str {
        let digits = self.text.trim_start_matches('+');
        let length = self.place(&PhoneRules::default()).prefix;
        digits.get(..length).unwrap_or(digits)
    }
}

impl Country {
    /// Returns the calling code, which other countries may share.
    pub(super) fn calling_code(self) -> Option<i32> {
        let region = Region::from_code(self.as_str()).ok()?;
        PHONE_NUMBER_UTIL.get_country_code_for_region(region)
    }
}

impl Place {
    fn of(number: &Parsed, text: &str, rules: &PhoneRules) -> Option<Self> {
        let known = Self::unknown(Some(number));
        if PHONE_NUMBER_UTIL.is_valid_number(number) && !super::plan::is_old_form(text) {
            return Some(Self {
                country: PHONE_NUMBER_UTIL
                    .get_region_for_number(number)
                    .and_then(Country::of),
                kind: NumberKind::of(PHONE_NUMBER_UTIL.get_number_type(number)),
                ..known
            });
        }
        let country = rules
            .country(text)
            .filter(|country| country.calling_code() == Some(number.country_code))?;
        Some(Self {
            country: Some(country),
            kind: Some(NumberKind::FixedLineOrMobile),
            ..known
        })
    }

    /// Returns the place of a stored number that no plan has any longer: its country, if one
    /// country alone has the calling code.
    fn out_of_use(number: Option<&Parsed>) -> Self {
        let country = number.and_then(|number| {
            let mut regions =
                PHONE_NUMBER_UTIL.get_regions_for_country_calling_code(number.country_code)?;
            regions.next().filter(|_| regions.next().is_none())
        });
        Self {
            country: country.and_then(Country::of),
            ..Self::unknown(number)
        }
    }

    fn unknown(number: Option<&Parsed>) -> Self {
        Self {
            country: None,
            kind: None,
            prefix: number.map_or(5, |number| number.country_code.to_string().len() + 4),
        }
    }
}

fn e164(number: &Parsed) -> String {
    PHONE_NUMBER_UTIL
        .format(number, PhoneNumberFormat::E164)
        .into_owned()
}

/// Normalises a typed number to `+` and ASCII digits. The library does not get the typed text,
/// because it reads letters as the digits of a keypad.
fn read(text: &str) -> Result<String, IdentifierError> {
    let text = strip_scheme(text.trim_matches(is_outside), "tel:").trim_matches(is_outside);
    if text.len() > 4 * MAX_IDENTIFIER_BYTES {
        return Err(IdentifierError::TooLong);
    }
    if text.is_empty() {
        return Err(IdentifierError::Empty);
    }
    let mut read = String::new();
    let mut is_international = false;
    for c in text.chars() {
        if is_format(c) || is_separator(c) {
            continue;
        }
        if c.is_control() {
            return Err(IdentifierError::InvisibleCharacter(c));
        }
        if matches!(c, '+' | '\u{ff0b}' | '\u{fe62}') && !is_international && read.is_empty() {
            is_international = true;
        } else {
            read.push(digit(c).ok_or(IdentifierError::NumberCharacter(c))?);
        }
    }
    if !is_international || read.is_empty() {
        return Err(IdentifierError::NoCountryCode);
    }
    Ok(format!("+{read}"))
}

fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || is_dash(c)
        || matches!(
            c,
            '(' | ')'
                | '.'
                | '\u{ff08}'
                | '\u{ff09}'
                | '\u{ff0e}'
                | '\u{b7}'
                | '\u{30fb}'
                | '\u{ff65}'
        )
}

#[expect(clippy::needless_pass_by_value, reason = "the signature of map_err")]
fn not_parsed(error: ParseError) -> IdentifierError {
    match error {
        ParseError::InvalidCountryCode => IdentifierError::UnknownCallingCode,
        ParseError::TooLongNsn => IdentifierError::NumberTooLong,
        _ => IdentifierError::NumberTooShort,
    }
}

/// Returns the reason that a number is not in use.
fn not_in_use(number: &Parsed) -> IdentifierError {
    let text = e164(number);
    if let Some(now) = super::plan::replaced(&text) {
        return IdentifierError::OldForm(now);
    }
    if text.len() > 1 + MAX_E164_DIGITS {
        return IdentifierError::NumberTooLong;
    }
    match PHONE_NUMBER_UTIL.is_possible_number_with_reason(number) {
        Ok(NumberLengthType::IsPossible) => IdentifierError::UnknownRange,
        Ok(NumberLengthType::IsPossibleLocalOnly) | Err(ValidationError::TooShort) => {
            IdentifierError::NumberTooShort
        }
        Err(ValidationError::TooLong) => IdentifierError::NumberTooLong,
        Err(ValidationError::InvalidCountryCode) => IdentifierError::UnknownCallingCode,
        Err(ValidationError::InvalidLength) => IdentifierError::NumberLength,
    }
}

// Two numbers are equal if their texts are equal, parsed or stored.

impl PartialEq for PhoneNumber {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for PhoneNumber {}

impl PartialOrd for PhoneNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PhoneNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}

impl Hash for PhoneNumber {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use rlibphonenumber::PhoneNumberType;

    use super::super::plan::{METADATA, is_old_form};
    use super::*;

    fn number(text: &str) -> Result<String, IdentifierError> {
        PhoneNumber::parse(text).map(|number| number.as_str().to_owned())
    }

    #[test]
    fn spellings_of_one_number_become_one() {
        for text in [
            "+14155550132",
            " +1 (415) 555-0132 ",
            "+1.415.555.0132",
            "+1-415-555-0132",
            "(+1) 415 555 0132",
            // glific#4815, woocommerce#58000: pasted from contacts, a PDF or a web page.
            "\u{202a}+1 (415) 555\u{2011}0132\u{202c}",
            "+1\u{a0}415\u{a0}555\u{a0}0132",
            "+1\u{202f}415\u{2009}555\u{3000}0132",
            "+1 415–555—0132",
            "+1 415\u{2212}555－0132",
            "\u{feff}+1\u{200b}415\u{ad}5550132\u{fe0f}",
            "＋１４１５５５５０１３２",
            "+１（４１５）５５５ー０１３２",
            "\u{200f}+١٤١٥٥٥٥٠١٣٢",
            "+۱ ۴۱۵ ۵۵۵ ۰۱۳۲",
            "tel:+1-415-555-0132",
            " TEL: +14155550132.",
        ] {
            assert_eq!(number(text).unwrap(), "+14155550132", "{text}");
        }
        // A trunk zero, often written in brackets, is not part of the number.
        assert_eq!(number("+44 (0)20 7183 8750").unwrap(), "+442071838750");
    }

    #[test]
    fn a_refused_number_names_its_cause() {
        use IdentifierError as E;
        use NumberKind as K;
        for (text, reason) in [
            ("", E::Empty),
            ("\u{202a}\u{202c}", E::Empty),
            ("4155550132", E::NoCountryCode),
            ("0014155550132", E::NoCountryCode),
            ("+", E::NoCountryCode),
            ("+()", E::NoCountryCode),
            // Both candidate libraries read letters as digits.
            ("+1415555CALL", E::NumberCharacter('C')),
            ("+1415555O132", E::NumberCharacter('O')),
            ("+14155550132 ext 7", E::NumberCharacter('e')),
            ("+14155550132;ext=7", E::NumberCharacter(';')),
            ("++14155550132", E::NumberCharacter('+')),
            ("+14155550132 +14155550133", E::NumberCharacter('+')),
            ("+1415555\u{0}0132", E::InvisibleCharacter('\0')),
            ("+999123456789", E::UnknownCallingCode),
            ("+1415", E::NumberTooShort),
            ("+15550132", E::NumberTooShort),
            ("+141555501321234", E::NumberTooLong),
            // Possible in Japan, but longer than any E.164 number.
            ("+8192392345492392344", E::NumberTooLong),
            // Longer than E.164 and than any text that is read.
            ("+14155550132141555501321415555", E::NumberTooLong),
            // More zeros than one trunk zero: each parse gives a different number.
            ("+49000000", E::UnknownRange),
            // Numbers that are no longer, or not yet, in use.
            ("+33712345678", E::UnknownRange),
            ("+85245451234", E::UnknownRange),
            ("+12115550132", E::UnknownRange),
            ("+378612345", E::NumberTooShort),
            ("+22996123456", E::OldForm("+229 01 and the eight digits")),
            (
                "+22507123456",
                E::OldForm("+225, the two digits of the operator and the eight digits"),
            ),
            (
                "+2416031277",
                E::OldForm("+241, then 1, 6 or 7, then the seven digits without the 0"),
            ),
            (
                "+241 06 03 12 77",
                E::OldForm("+241, then 1, 6 or 7, then the seven digits without the 0"),
            ),
            (
                "+24101441234",
                E::OldForm("+241, then 1, 6 or 7, then the seven digits without the 0"),
            ),
            (
                "+551187654321",
                E::OldForm("+55, the area code, 9 and the eight digits"),
            ),
            ("+19005550132", E::Kind(K::PremiumRate)),
            ("+870773111632", E::Kind(K::International)),
            ("+881612345678", E::Kind(K::International)),
            ("+971700012345", E::Kind(K::SharedCost)),
            ("+447012345678", E::Kind(K::Personal)),
        ] {
            assert_eq!(number(text), Err(reason), "{text:?}");
        }
    }

    /// chatwoot#14048: contacts and chat exports still have `+521`.
    #[test]
    fn the_old_form_of_a_mexican_number_is_read_as_the_new_one() {
        for text in ["+5215512345678", "+52 1 55 1234 5678", "+525512345678"] {
            assert_eq!(number(text).unwrap(), "+525512345678", "{text}");
        }
    }

    /// python-phonenumbers#318, libphonenumber-js#445, phonelib#351.
    #[test]
    fn new_area_codes_of_the_united_states_are_known() {
        for area in [621, 436, 861, 679, 624] {
            let text = format!("+1{area}5550132");
            let parsed = PhoneNumber::parse(&text).unwrap();
            assert_eq!(parsed.as_str(), text);
            assert_eq!(parsed.country(), Country::parse("US"));
            assert_eq!(parsed.prefix(), &text[1..6]);
            // A central office code begins with 2 to 9.
            assert_eq!(
                number(&format!("+1{area}1550132")),
                Err(IdentifierError::UnknownRange)
            );
        }
    }

    /// libphonenumber#684, AfterShip/phone#253: the 9 marks a mobile phone. Numbers with and without
    /// it have the same length in every area, and the metadata treats each form as a number of its
    /// own kind. The two may be two subscribers, so neither is read as the other. The 15 of domestic
    /// calls is the 9 of international ones.
    #[test]
    fn a_mobile_number_of_argentina_has_its_9() {
        let rules = PhoneRules::default();
        let mobile = PhoneNumber::parse("+54 9 11 2345 6789").unwrap();
        assert_eq!(mobile.as_str(), "+5491123456789");
        assert_eq!(rules.check_kind(&mobile), Ok(()));
        let domestic = PhoneNumber::parse("+54 11 15 2345 6789").unwrap();
        assert_eq!(domestic, mobile);
        let landline = PhoneNumber::parse("+54 11 2345 6789").unwrap();
        assert_eq!(landline.as_str(), "+541123456789");
        assert_eq!(
            rules.check_kind(&landline),
            Err(IdentifierError::ArgentineLandline)
        );
    }

    /// Guides on SMS pumping: toll-free, landline, internet and pager numbers.
    #[test]
    fn codes_go_to_the_kinds_of_numbers_that_are_allowed() {
        let default = PhoneRules::default();
        let all = PhoneRules {
            kinds: super::super::NumberKinds::parse(
                "mobile,fixed_line_or_mobile,fixed_line,toll_free,voip,pager,uan",
            )
            .unwrap(),
            ..PhoneRules::default()
        };
        for (text, kind) in [
            ("+18005551234", NumberKind::TollFree),
            ("+390612345678", NumberKind::FixedLine),
            ("+908501234567", NumberKind::VoIp),
            ("+443331234567", NumberKind::Company),
            ("+445612345678", NumberKind::VoIp),
            ("+447640123456", NumberKind::Pager),
        ] {
            let number = PhoneNumber::parse(text).unwrap();
            let refused = Err(IdentifierError::Kind(kind));
            assert_eq!(default.check_kind(&number), refused, "{text}");
            assert_eq!(all.check_kind(&number), Ok(()), "{text}");
            let kept = PhoneNumber::stored(text).unwrap();
            assert_eq!(default.check_kind(&kept), refused, "{text}");
        }
        assert_eq!(
            IdentifierError::Kind(NumberKind::TollFree).to_string(),
            "Codes are not sent to a toll-free number. Use a mobile number."
        );
    }

    #[test]
    fn countries_are_those_of_the_metadata() {
        let known: std::collections::BTreeSet<_> = PHONE_NUMBER_UTIL
            .get_supported_regions()
            .filter_map(Country::of)
            .collect();
        let listed = super::super::COUNTRIES.split(' ').map(Country::parse);
        assert!(listed.eq(known.into_iter().map(Some)));
        for code in ["UK", "XX", "us", "U", "USA", "", "US ", "001"] {
            assert_eq!(Country::parse(code), None, "{code}");
        }
    }

    /// A territory that shares a calling code with a larger country is not part of that country.
    #[test]
    fn territories_are_countries_of_their_own() {
        for (text, country) in [
            ("+447400123456", "GB"),
            ("+447781123456", "GG"),
            ("+447797712345", "JE"),
            ("+447624123456", "IM"),
            ("+14155550132", "US"),
            ("+17872345678", "PR"),
            ("+14165550132", "CA"),
        ] {
            let number = PhoneNumber::parse(text).unwrap();
            assert_eq!(number.country(), Country::parse(country), "{text}");
        }
    }

    #[test]
    fn a_kept_number_has_the_form_that_it_was_kept_in() {
        let stored = PhoneNumber::stored;
        for text in [
            "+14155550132",
            "+4915123456789",
            "+39061234567",
            "+16215550132",
        ] {
            let [kept, parsed] = [stored(text), PhoneNumber::parse(text)].map(Result::unwrap);
            assert_eq!(kept, parsed);
            assert_eq!(kept.country(), parsed.country());
            assert_eq!(kept.prefix(), parsed.prefix());
        }
        for text in [
            "",
            "+",
            "+1",
            "14155550132",
            "+1 4155550132",
            "+0123456789",
            "+1234567890123456",
            "+1415555x132",
        ] {
            assert!(stored(text).is_err(), "{text}");
        }
    }

    /// Since 2019 a mobile number of Gabon has one more digit in front. The metadata calls the old
    /// forms valid too, and the budgets of one subscriber would count three numbers.
    #[test]
    fn a_mobile_number_of_gabon_has_one_form() {
        for text in ["+24166031277", "+241 66 03 12 77", "+241 066 03 12 77"] {
            assert_eq!(number(text).unwrap(), "+24166031277", "{text}");
        }
        let stored = PhoneNumber::stored("+24106031277").unwrap();
        assert_eq!(stored.country(), Country::parse("GA"));
    }

    /// Two accepted numbers that are dialled with the same digits within their country are one
    /// subscriber. Reads all first two digits of mobile numbers of each region, in the lengths of its
    /// plan, with the prefixes that an old or a new form may have.
    #[test]
    fn no_mobile_number_is_accepted_in_two_forms() {
        let mut numbers = 0;
        for region in PHONE_NUMBER_UTIL.get_supported_regions() {
            let example = PHONE_NUMBER_UTIL
                .get_example_number_for_type_and_region(region, PhoneNumberType::Mobile);
            let Ok(example) = example else { continue };
            let code = format!("+{}", example.country_code);
            let example = e164(&example);
            let tail = &example[code.len() + 2..];
            let mut forms = std::collections::BTreeMap::new();
            for head in 0..100 {
                for text in [
                    format!("{code}{head:02}{tail}"),
                    format!("{code}{head:02}{}", &tail[1..]),
                    format!("{code}0{head:02}{tail}"),
                ] {
                    let Ok(number) = PhoneNumber::parse(&text) else {
                        continue;
                    };
                    numbers += 1;
                    let parsed = PHONE_NUMBER_UTIL.parse(number.as_str(), None).unwrap();
                    let dialled: String = PHONE_NUMBER_UTIL
                        .format(&parsed, PhoneNumberFormat::National)
                        .chars()
                        .filter(char::is_ascii_digit)
                        .collect();
                    let other = forms.entry(dialled).or_insert_with(|| number.clone());
                    assert_eq!(*other, number, "{region:?}");
                }
            }
        }
        assert!(numbers > 5_000, "{numbers}");
    }

    /// Only the crate's README names the release of its metadata.
    #[test]
    fn the_metadata_is_of_the_release_that_is_locked() {
        let lock = include_str!("../../../../../Cargo.lock");
        let release = "name = \"rlibphonenumber\"\nversion = \"2.2.15\"\n";
        assert!(
            lock.contains(release),
            "set METADATA, the release here, and run tests/data/generate.py"
        );
    }

    /// A few numbers of every region and every calling code, as the Python package `phonenumbers`
    /// reads them: see `tests/data/generate.py`.
    #[test]
    fn numbers_of_every_region_are_read_as_by_libphonenumber() {
        let data = include_str!("../../../tests/data/phone_numbers.txt");
        let (head, rows) = data.split_once('\n').unwrap();
        assert_eq!(head, format!("# phonenumbers {}", METADATA.version));
        let rules = PhoneRules::default();
        let mut regions = std::collections::BTreeSet::new();
        for row in rows.lines() {
            let columns: Vec<_> = row.split('\t').collect();
            let parsed = PhoneNumber::parse(columns[0]);
            let [typed, canonical, region, kind] = columns[..] else {
                let digits = read(columns[0]).unwrap();
                let is_supplied =
                    rules.country(&digits).is_some() || rules.renewed(&digits).is_some();
                assert!(parsed.is_err() || is_supplied, "{row}");
                continue;
            };
            if region != "001" {
                regions.insert(region);
            }
            let Ok(parsed) = parsed else {
                if is_old_form(canonical) {
                    assert!(matches!(parsed, Err(IdentifierError::OldForm(_))), "{row}");
                    continue;
                }
                let refused = [
                    "premium_rate",
                    "shared_cost",
                    "personal_number",
                    "voicemail",
                ];
                assert!(
                    refused.contains(&kind) || region == "001",
                    "{row}: {parsed:?}"
                );
                let IdentifierError::Kind(found) = parsed.unwrap_err() else {
                    panic!("{row}")
                };
                assert!(found.as_str() == kind || region == "001", "{row}");
                continue;
            };
            assert_eq!(parsed.as_str(), canonical, "{row}");
            assert_eq!(parsed.country(), Country::parse(region), "{row}");
            assert_eq!(
                rules.check_kind(&parsed).is_ok(),
                kind.ends_with("mobile"),
                "{row}"
            );
            assert_eq!(
                PhoneNumber::parse(canonical).as_ref(),
                Ok(&parsed),
                "{typed}"
            );
        }
        assert!(regions.len() > 240);
        for region in regions {
            assert!(Country::parse(region).is_some(), "{region}");
        }
    }
}
