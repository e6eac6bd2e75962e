//! The rule for new accounts. It never applies to an existing account.

use crate::value::identifier::{Email, Identifier};

/// The identifiers for which an account may be created.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admission {
    /// The rule.
    pub rule: AdmissionRule,
    /// For the rule of domains: those that are admitted. If there is none, each domain that is not
    /// refused is admitted, and so is a phone number.
    pub admitted: Vec<Domain>,
    /// For the rule of domains: those that are refused, admitted or not.
    pub refused: Vec<Domain>,
}

/// The rule for new accounts. Configuration refuses domains without the rule of domains, and that rule
/// without any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AdmissionRule {
    /// Every identifier may have an account.
    #[default]
    Open,
    /// An email address of certain domains may have one, and an identifier with an invitation.
    Domains,
    /// An identifier with an invitation may have one.
    Invited,
    /// A function of the deployment's own decides.
    Hook,
}

/// A domain of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Domain {
    /// The domain itself.
    Exact(String),
    /// Every domain below it.
    Below(String),
}

impl Domain {
    /// Parses `example.com`, which is that domain alone, or `*.example.com`, which is each of its
    /// subdomains. A domain may be in Unicode, and is read as that of an address.
    pub fn parse(text: &str) -> Option<Self> {
        let (text, kind): (_, fn(String) -> Self) = match text.strip_prefix("*.") {
            Some(parent) => (parent, Self::Below),
            None => (text, Self::Exact),
        };
        let is_domain = !text.contains(|c: char| c == '@' || c.is_whitespace());
        let address = Email::parse(&format!("postmaster@{text}")).ok()?;
        is_domain.then(|| kind(address.domain().to_owned()))
    }

    fn contains(&self, domain: &str) -> bool {
        match self {
            Self::Exact(exact) => domain == exact,
            Self::Below(parent) => domain
                .strip_suffix(parent.as_str())
                .is_some_and(|below| below.ends_with('.')),
        }
    }
}

impl Admission {
    /// Returns whether every identifier may have an account.
    pub fn is_open(&self) -> bool {
        self.rule == AdmissionRule::Open
    }

    /// Returns whether there are domains exactly if the rule reads them.
    pub fn is_consistent(&self) -> bool {
        let has_domains = !self.admitted.is_empty() || !self.refused.is_empty();
        has_domains == (self.rule == AdmissionRule::Domains)
    }

    /// Returns whether an account may be created for an identifier without an invitation and without
    /// the hook.
    pub(crate) fn admits(&self, identifier: &Identifier) -> bool {
        match self.rule {
            AdmissionRule::Open => return true,
            AdmissionRule::Invited | AdmissionRule::Hook => return false,
            AdmissionRule::Domains => {}
        }
        let lists = |domains: &[Domain], domain: &str| domains.iter().any(|it| it.contains(domain));
        match identifier {
            Identifier::Email(email) => {
                let domain = email.domain();
                let is_admitted = self.admitted.is_empty() || lists(&self.admitted, domain);
                is_admitted && !lists(&self.refused, domain)
            }
            Identifier::PhoneNumber(_) => self.admitted.is_empty(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::identifier::Method;

    fn rules(admitted: &[&str], refused: &[&str]) -> Admission {
        let parsed = |texts: &[&str]| {
            let domains = texts.iter().map(|text| Domain::parse(text).unwrap());
            domains.collect()
        };
        Admission {
            rule: AdmissionRule::Domains,
            admitted: parsed(admitted),
            refused: parsed(refused),
        }
    }

    fn admits(admission: &Admission, address: &str) -> bool {
        admission.admits(&Identifier::parse(Method::Email, address).unwrap())
    }

    #[test]
    fn a_domain_admits_itself_and_a_star_what_is_below() {
        let exact = rules(&["example.com"], &[]);
        let below = rules(&["*.example.com"], &[]);
        for (address, wanted) in [
            ("ada@example.com", [true, false]),
            ("ada@EXAMPLE.com", [true, false]),
            ("ada@mail.example.com", [false, true]),
            ("ada@a.b.example.com", [false, true]),
            ("ada@notexample.com", [false, false]),
            ("ada@example.com.evil.example", [false, false]),
            ("ada@example.org", [false, false]),
        ] {
            let found = [&exact, &below].map(|rule| admits(rule, address));
            assert_eq!(found, wanted, "{address}");
        }
    }

    #[test]
    fn a_refused_domain_is_refused_also_if_it_is_admitted() {
        let rule = rules(&["example.com", "*.example.com"], &["guests.example.com"]);
        assert!(admits(&rule, "ada@example.com"));
        assert!(admits(&rule, "ada@mail.example.com"));
        assert!(!admits(&rule, "ada@guests.example.com"));
        let rule = rules(&[], &["example.net"]);
        assert!(admits(&rule, "ada@example.com"));
        assert!(!admits(&rule, "ada@example.net"));
    }

    #[test]
    fn a_domain_is_the_same_in_unicode_and_in_ascii() {
        for text in ["bücher.example", "BÜCHER.example", "xn--bcher-kva.example"] {
            let rule = rules(&[text], &[]);
            assert!(admits(&rule, "ada@bücher.example"), "{text}");
            assert!(admits(&rule, "ada@xn--bcher-kva.example"), "{text}");
            assert!(!admits(&rule, "ada@bucher.example"), "{text}");
        }
    }

    #[test]
    fn a_phone_number_is_admitted_where_no_domain_is_required() {
        let number = Identifier::parse(Method::PhoneNumber, "+12065550142").unwrap();
        assert!(Admission::default().admits(&number));
        assert!(rules(&[], &["example.net"]).admits(&number));
        assert!(!rules(&["example.com"], &[]).admits(&number));
    }

    #[test]
    fn a_text_that_is_no_domain_is_no_rule() {
        for text in [
            "",
            "com",
            "*",
            "*.com",
            "*.*.example.com",
            "mail.*.com",
            "ada@example.com",
            "example.com evil.example",
            "example..com",
            " example.com",
            "https://example.com",
        ] {
            assert_eq!(Domain::parse(text), None, "{text}");
        }
    }
}
