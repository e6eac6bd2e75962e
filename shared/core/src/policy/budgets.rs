//! The numbers of the budgets, and their names.

use std::collections::BTreeMap;

use crate::value::identifier::Country;

/// The length of a "month", in seconds: 30 days. Windows begin at whole multiples of it.
pub(crate) const MONTH: u64 = 30 * 24 * 3600;

/// The budgets of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// Messages to one mailbox or number, resends included.
    pub mailbox: MessageBudget,
    /// Messages to one mailbox or number beyond those of `mailbox`. Their codes have ten digits.
    pub extended: MessageBudget,
    /// Guesses at short codes of one identifier in each 30 days, without those of flows that
    /// succeeded: 0 to 100000. Further codes are long.
    pub short_guesses_per_month: u32,
    /// The budgets of known devices, in addition.
    pub device: DeviceBudget,
    /// Codes for new contacts that one account, and accounts of one mailbox or number, may request
    /// in a day.
    pub contacts_per_day: u32,
    /// The budgets of all identifiers together.
    pub deployment: DeploymentBudget,
    /// The budget of one source.
    pub source: SourceBudget,
    /// Mail: its breakers and new accounts.
    pub mail: MailBudget,
    /// SMS: their countries, breakers and price.
    pub sms: SmsBudget,
}

impl Default for Budgets {
    /// Returns the defaults, with SMS to no country.
    fn default() -> Self {
        Self {
            mailbox: MessageBudget {
                per_minute: 2,
                per_hour: 5,
                per_day: 10,
            },
            extended: MessageBudget {
                per_minute: 4,
                per_hour: 30,
                per_day: 100,
            },
            short_guesses_per_month: 8,
            device: DeviceBudget {
                messages: MessageBudget {
                    per_minute: 2,
                    per_hour: 5,
                    per_day: 6,
                },
                per_token_and_day: 3,
                short_guesses_per_month: 3,
            },
            contacts_per_day: 10,
            deployment: DeploymentBudget {
                short_guesses_per_day: 150,
                long_guesses_per_day: 5_000,
                messages_per_day: 100_000,
            },
            source: SourceBudget {
                per_minute: 20,
                per_hour: 200,
                solved_per_hour: 1_000,
            },
            mail: MailBudget {
                unproved_per_domain: 100,
                unproved_per_hour: 1_000,
                accounts_per_domain: 50,
                shared_domains: Vec::new(),
            },
            sms: SmsBudget {
                countries: Countries::Only(BTreeMap::new()),
                unproved_per_prefix: 30,
                unproved_per_country: 200,
                spend_per_day: Price::hundredths(1_000),
                spend_per_month: Price::hundredths(10_000),
            },
        }
    }
}

/// Messages in windows that are aligned to the clock. Up to twice a window's messages may occur
/// around its edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageBudget {
    /// In each minute: 1 to 1000.
    pub per_minute: u32,
    /// In each hour: 1 to 10000.
    pub per_hour: u32,
    /// In each day: 1 to 100000.
    pub per_day: u32,
}

impl MessageBudget {
    /// Returns the number of messages that a day allows.
    pub(crate) fn in_a_day(&self) -> u32 {
        let by_minute = self.per_minute.saturating_mul(24 * 60);
        let by_hour = self.per_hour.saturating_mul(24);
        self.per_day.min(by_hour).min(by_minute)
    }
}

/// The budgets of the known devices of one identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceBudget {
    /// Messages to all of them together.
    pub messages: MessageBudget,
    /// Messages in a day at the request of the device tokens of one sign-in, so that a stolen token
    /// cannot spend the budget of the others.
    pub per_token_and_day: u32,
    /// Guesses at short codes in each 30 days. Further codes are long.
    pub short_guesses_per_month: u32,
}

/// The budgets of all identifiers together in a day. Known devices are not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeploymentBudget {
    /// Guesses at short codes, without those of flows that succeeded. Further codes are long.
    pub short_guesses_per_day: u32,
    /// Guesses at long codes, without those of flows that succeeded. Further codes have ten digits.
    pub long_guesses_per_day: u32,
    /// Messages. Further ones are refused.
    pub messages_per_day: u32,
}

/// The budget of one source, if the deployment distinguishes sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceBudget {
    /// Messages in each minute.
    pub per_minute: u32,
    /// Messages in each hour.
    pub per_hour: u32,
    /// CAPTCHA responses that are verified in each hour; each admits one code and its resends.
    pub solved_per_hour: u32,
}

/// The breakers of mail to addresses that do not prove it, and the new accounts of mail domains.
///
/// A breaker refuses if more messages of the hour are unproved than its number here, and more than
/// half of those sent in this hour and the one before. The ratio admits large providers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailBudget {
    /// Unproved messages in each hour to one domain that is not shared.
    pub unproved_per_domain: u32,
    /// Unproved messages in each hour to all domains, and to one shared domain.
    pub unproved_per_hour: u32,
    /// New accounts in a day of one domain that is not shared.
    pub accounts_per_domain: u32,
    /// Domains whose addresses belong to users that are independent of each other, in addition to
    /// the built-in large providers: the operator's own, for instance.
    pub shared_domains: Vec<String>,
}

impl MailBudget {
    /// Returns whether the domain's addresses belong to users that are independent of each other.
    pub(crate) fn is_shared(&self, domain: &str) -> bool {
        PROVIDERS.contains(&domain) || self.shared_domains.iter().any(|shared| shared == domain)
    }

    /// Returns the number of unproved messages in each hour to this domain.
    pub(crate) fn unproved_at(&self, domain: &str) -> u32 {
        if self.is_shared(domain) {
            self.unproved_per_hour
        } else {
            self.unproved_per_domain
        }
    }
}

/// Large public mailbox providers, where one user has few mailboxes.
const PROVIDERS: [&str; 220] = [
    "126.com",
    "139.com",
    "163.com",
    "189.cn",
    "alice.it",
    "aol.com",
    "aol.de",
    "aol.fr",
    "att.net",
    "au.com",
    "bellsouth.net",
    "bigpond.com",
    "bk.ru",
    "bluewin.ch",
    "bol.com.br",
    "btinternet.com",
    "centrum.cz",
    "charter.net",
    "comcast.net",
    "cox.net",
    "daum.net",
    "docomo.ne.jp",
    "earthlink.net",
    "email.com",
    "ezweb.ne.jp",
    "fastmail.com",
    "foxmail.com",
    "free.fr",
    "freenet.de",
    "globo.com",
    "gmail.com",
    "gmx.at",
    "gmx.ch",
    "gmx.co.uk",
    "gmx.com",
    "gmx.de",
    "gmx.es",
    "gmx.fr",
    "gmx.net",
    "gmx.us",
    "googlemail.com",
    "hanmail.net",
    "hey.com",
    "hotmail.be",
    "hotmail.ca",
    "hotmail.ch",
    "hotmail.co.jp",
    "hotmail.co.nz",
    "hotmail.co.uk",
    "hotmail.com",
    "hotmail.com.ar",
    "hotmail.com.au",
    "hotmail.com.br",
    "hotmail.com.mx",
    "hotmail.de",
    "hotmail.dk",
    "hotmail.es",
    "hotmail.fr",
    "hotmail.gr",
    "hotmail.it",
    "hotmail.nl",
    "hotmail.no",
    "hotmail.se",
    "hushmail.com",
    "i.softbank.jp",
    "i.ua",
    "icloud.com",
    "ig.com.br",
    "inbox.ru",
    "interia.pl",
    "juno.com",
    "kakao.com",
    "kpnmail.nl",
    "laposte.net",
    "libero.it",
    "list.ru",
    "live.at",
    "live.be",
    "live.ca",
    "live.ch",
    "live.cn",
    "live.co.uk",
    "live.co.za",
    "live.com",
    "live.com.ar",
    "live.com.au",
    "live.com.mx",
    "live.com.pt",
    "live.de",
    "live.dk",
    "live.fr",
    "live.ie",
    "live.in",
    "live.it",
    "live.jp",
    "live.nl",
    "live.no",
    "live.se",
    "mac.com",
    "mail.com",
    "mail.de",
    "mail.ru",
    "mailbox.org",
    "me.com",
    "msn.com",
    "naver.com",
    "neuf.fr",
    "nifty.com",
    "ntlworld.com",
    "o2.pl",
    "onet.pl",
    "online.no",
    "optonline.net",
    "optusnet.com.au",
    "orange.fr",
    "outlook.at",
    "outlook.be",
    "outlook.cl",
    "outlook.co.id",
    "outlook.co.th",
    "outlook.com",
    "outlook.com.ar",
    "outlook.com.au",
    "outlook.com.br",
    "outlook.cz",
    "outlook.de",
    "outlook.dk",
    "outlook.es",
    "outlook.fr",
    "outlook.ie",
    "outlook.in",
    "outlook.it",
    "outlook.jp",
    "outlook.kr",
    "outlook.pt",
    "outlook.sa",
    "outlook.sk",
    "planet.nl",
    "pm.me",
    "posteo.de",
    "proton.me",
    "protonmail.ch",
    "protonmail.com",
    "qq.com",
    "rambler.ru",
    "rediffmail.com",
    "rocketmail.com",
    "rogers.com",
    "sapo.pt",
    "sbcglobal.net",
    "seznam.cz",
    "sfr.fr",
    "shaw.ca",
    "sina.com",
    "sky.com",
    "skynet.be",
    "softbank.ne.jp",
    "sohu.com",
    "sympatico.ca",
    "t-online.de",
    "talktalk.net",
    "telefonica.net",
    "telenet.be",
    "telia.com",
    "telus.net",
    "terra.com.br",
    "terra.es",
    "tin.it",
    "tiscali.it",
    "tuta.io",
    "tutanota.com",
    "ukr.net",
    "uol.com.br",
    "verizon.net",
    "virgilio.it",
    "virginmedia.com",
    "wanadoo.fr",
    "web.de",
    "wp.pl",
    "xs4all.nl",
    "xtra.co.nz",
    "ya.ru",
    "yahoo.ca",
    "yahoo.co.id",
    "yahoo.co.in",
    "yahoo.co.jp",
    "yahoo.co.nz",
    "yahoo.co.uk",
    "yahoo.com",
    "yahoo.com.ar",
    "yahoo.com.au",
    "yahoo.com.br",
    "yahoo.com.hk",
    "yahoo.com.mx",
    "yahoo.com.ph",
    "yahoo.com.sg",
    "yahoo.com.tw",
    "yahoo.com.vn",
    "yahoo.de",
    "yahoo.dk",
    "yahoo.es",
    "yahoo.fr",
    "yahoo.gr",
    "yahoo.ie",
    "yahoo.in",
    "yahoo.it",
    "yahoo.no",
    "yahoo.pl",
    "yahoo.ro",
    "yahoo.se",
    "yandex.by",
    "yandex.com",
    "yandex.kz",
    "yandex.ru",
    "yeah.net",
    "ymail.com",
    "ymobile.ne.jp",
    "ziggo.nl",
    "zoho.com",
    "zohomail.com",
];

/// The countries, breakers and price of SMS. Known devices have budgets of the same size in
/// addition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmsBudget {
    /// The countries that receive SMS.
    pub countries: Countries,
    /// Unproved messages in each hour to numbers with one calling code and the same next four
    /// digits. Further ones are refused.
    pub unproved_per_prefix: u32,
    /// Unproved messages in each hour to one country. Further ones are refused.
    pub unproved_per_country: u32,
    /// The cost of SMS in a day.
    pub spend_per_day: Price,
    /// The cost of SMS in 30 days.
    pub spend_per_month: Price,
}

/// The countries that receive SMS, with their prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Countries {
    /// Every country, at this price each; for a deployment that sends no real SMS.
    All(Price),
    /// These countries, at these prices.
    Only(BTreeMap<Country, Price>),
}

impl Countries {
    /// Returns whether no country receives SMS.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Only(countries) if countries.is_empty())
    }

    /// Returns the highest price of an SMS; `None` if no country receives SMS.
    pub(crate) fn highest_price(&self) -> Option<Price> {
        match self {
            Self::All(price) => Some(*price),
            Self::Only(prices) => prices.values().max().copied(),
        }
    }
}

/// The cost of an SMS, in hundred-thousandths of the deployment's currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Price(pub(crate) u32);

impl Price {
    /// Returns the price in the deployment's currency.
    pub fn amount(self) -> f64 {
        f64::from(self.0) / 100_000.0
    }

    /// The maximum: more than any deployment spends.
    pub const MAX: Self = Self(u32::MAX);

    /// Creates a price from hundredths: 0 to 65535.
    pub const fn hundredths(hundredths: u16) -> Self {
        Self(hundredths as u32 * 1_000)
    }

    /// Parses a number with up to five decimals, up to 10000.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || decimals.len() > 5 || !digits(whole) || !digits(decimals) {
            return None;
        }
        let whole: u32 = whole.parse().ok().filter(|whole| *whole <= 10_000)?;
        let decimals: u32 = format!("{decimals:0<5}").parse().ok()?;
        Some(Self(whole * 100_000 + decimals))
    }
}

/// A budget that refuses. Private: the caller gets the time of the next attempt, the log the
/// budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(test, derive(strum::EnumIter))]
pub enum Budget {
    /// Messages to a mailbox or number, and guesses at the codes sent there, of an unknown requester.
    Mailbox,
    /// Messages to known devices of an identifier.
    Device,
    /// New contacts that a signed-in account requests.
    Contacts,
    /// Messages of a source.
    Source,
    /// The breaker of numbers with one prefix.
    Prefix,
    /// The breaker of a country.
    Country,
    /// The breaker of a mail domain.
    Domain,
    /// The breaker of all mail.
    Mail,
    /// New accounts of a mail domain.
    NewAccounts,
    /// The cost of SMS in a day.
    Spend,
    /// The cost of SMS in a month.
    MonthlySpend,
    /// All messages, or all guesses, of the deployment.
    Deployment,
}

impl Budget {
    /// Returns whether this is a breaker or price of SMS, which is charged only for countries that
    /// are served.
    pub const fn is_of_a_country(self) -> bool {
        matches!(
            self,
            Self::Prefix | Self::Country | Self::Spend | Self::MonthlySpend
        )
    }

    /// The word for logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mailbox => "mailbox",
            Self::Device => "device",
            Self::Contacts => "contacts",
            Self::Source => "source",
            Self::Prefix => "prefix",
            Self::Country => "country",
            Self::Domain => "domain",
            Self::Mail => "mail",
            Self::NewAccounts => "new_accounts",
            Self::Spend => "spend",
            Self::MonthlySpend => "monthly_spend",
            Self::Deployment => "deployment",
        }
    }
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::*;

    /// The pages suggest these domains for mistyped ones, because their users are independent of
    /// each other.
    #[test]
    fn domains_that_the_pages_suggest_are_shared() {
        let page = include_str!("../../../../web/identifier.js");
        let (_, list) = page.split_once("const DOMAINS = `").unwrap();
        let (list, _) = list.split_once('`').unwrap();
        let mail = Budgets::default().mail;
        let unknown: Vec<_> = list
            .split_whitespace()
            .filter(|domain| !mail.is_shared(domain))
            .collect();
        assert!(list.split_whitespace().count() > 80);
        assert_eq!(unknown, [""; 0], "add them to PROVIDERS");
        assert!(PROVIDERS.is_sorted_by(|a, b| a < b));
    }

    /// The words of logs and metrics, for which operators search.
    #[test]
    fn words_of_budgets_are_those_of_the_documentation() {
        let words: Vec<_> = Budget::iter().map(Budget::as_str).collect();
        let (last, others) = words.split_last().unwrap();
        let quoted = format!("`{}` or `{last}`", others.join("`, `"));
        let metrics = include_str!("../../../../docs/metrics.md");
        assert!(metrics.contains(&quoted), "{quoted}");
        let listed = format!("{} or {last}", others.join(", "));
        let budgets = include_str!("../../../../docs/budgets.md");
        assert!(budgets.contains(&listed), "{listed}");
    }

    #[test]
    fn a_price_has_up_to_five_decimals() {
        for (text, price) in [
            ("0", Some(0)),
            ("0.00645", Some(645)),
            ("0.1", Some(10_000)),
            ("10000", Some(1_000_000_000)),
            ("10001", None),
            ("0.000001", None),
            (".5", None),
            ("+1", None),
            ("-1", None),
            ("1e3", None),
            ("", None),
        ] {
            assert_eq!(Price::parse(text), price.map(Price), "{text:?}");
        }
    }
}
