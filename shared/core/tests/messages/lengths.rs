//! The number of parts of an SMS, and the lines that phones recognize.

use latchstring_core::locale::Locale;
use latchstring_core::message::{
    AndroidHash, AppName, Branding, Kind, SmsDomain, SupportContact, parts,
};

use crate::{CODES, NOTICES, acme, all, code, mail_with, slot_code, sms, sms_with};

fn domain(text: &str) -> SmsDomain {
    SmsDomain::parse(text).unwrap()
}

#[test]
fn a_text_message_is_one_part_in_every_language() {
    for (locale, kind) in all() {
        for branding in [Branding::default(), acme()] {
            let text = sms(&branding, locale, kind);
            assert_eq!(parts(&text), 1, "{locale:?} {kind:?}: {text}");
        }
    }
}

#[test]
fn text_messages_are_one_part_whatever_is_configured() {
    let longest = format!("{}.example", "d".repeat(SmsDomain::MAX_CHARS - 8));
    let contact = format!("{}@x.example", "h".repeat(SupportContact::MAX_CHARS - 10));
    for name in ["N".repeat(30), "Ź".repeat(30), "€".repeat(30)] {
        let branding = Branding {
            app_name: Some(AppName::parse(&name).unwrap()),
            sms_domain: Some(domain(&longest)),
            support: Some(SupportContact::parse(&contact).unwrap()),
            ..acme()
        };
        for (locale, kind) in all() {
            let text = sms_with(&branding, locale, kind, code(10));
            let slot = sms_with(&branding, locale, kind, slot_code());
            // A notice is in no budget, and may need a second part for the support contact.
            let most = usize::from(locale == Locale::Ja && NOTICES.contains(&kind)) + 1;
            assert!(parts(&text) <= most, "{locale:?} {kind:?}: {text}");
            assert!(parts(&slot) <= most, "{locale:?} {kind:?}: {slot}");
        }
    }
}

/// A phone fills in the code as it is, so the last line has no hyphens.
#[test]
fn the_code_of_a_slot_is_shown_in_groups_and_bound_as_one() {
    for locale in Locale::ALL.iter().copied() {
        let text = sms_with(&acme(), locale, Kind::SignInCode, slot_code());
        let shown = slot_code().shown();
        assert!(text.starts_with(&shown), "{text}");
        let bound = format!("\n@example.com #{}", slot_code().digits());
        assert!(text.ends_with(&bound) && parts(&text) == 1, "{text}");
        let mail = mail_with(&acme(), locale, Kind::SignInCode, slot_code());
        assert!(mail.html.contains(&shown) && mail.text.contains(&shown));
        // The end of its slot, 09:10.
        assert!(mail.html.contains("09:10") && mail.text.contains("09:10"));
        assert!(!mail.subject.contains(&shown));
    }
}

#[test]
fn the_second_line_then_the_name_is_cut_to_save_a_part() {
    let branding = |name| Branding {
        app_name: Some(AppName::parse(name).unwrap()),
        ..acme()
    };
    let text = sms(&acme(), Locale::Fr, Kind::SignInCode);
    assert!(text.contains("Acme") && text.contains("Ignorez"), "{text}");
    let text = sms(
        &branding("La Maison des Abricots Secs"),
        Locale::Fr,
        Kind::SignInCode,
    );
    assert!(
        text.contains("Abricots Secs") && !text.contains("Ignorez"),
        "{text}"
    );
    // A character outside the GSM alphabet reduces the text to 70 characters.
    let text = sms(&branding("Żabka"), Locale::En, Kind::SignInCode);
    assert!(!text.contains("Żabka") && parts(&text) == 1, "{text}");
    let text = sms(&branding("Zażółć"), Locale::Ja, Kind::SignInCode);
    assert!(!text.contains("Za"), "{text}");
    let text = sms(&branding("Söhne & Co."), Locale::En, Kind::SignInCode);
    assert!(text.contains("Söhne & Co."), "{text}");
}

#[test]
fn the_code_comes_first_and_is_labelled_as_a_code() {
    for locale in Locale::ALL.iter().copied() {
        let called = match locale {
            Locale::En | Locale::Fr | Locale::De => "code",
            // Without the accent, which the GSM alphabet does not have.
            Locale::Es | Locale::Pt => "codigo",
            Locale::Ja => "コード",
        };
        for kind in CODES {
            let text = sms(&acme(), locale, kind);
            let (first, rest) = text.split_once(' ').unwrap();
            assert_eq!(first, code(6).digits());
            let rest = rest.to_lowercase();
            assert!(rest.contains(called), "{text}");
        }
    }
}

/// WICG, "Origin-bound one-time codes delivered via SMS": the last line is `@`, the host, one
/// space, `#` and the code, and nothing else.
#[test]
fn the_last_line_binds_the_code_to_the_domain() {
    for locale in Locale::ALL.iter().copied() {
        for kind in CODES {
            for sms_android_hash in [None, acme().sms_android_hash] {
                let branding = Branding {
                    sms_android_hash,
                    ..acme()
                };
                let text = sms(&branding, locale, kind);
                let expected = format!("\n@example.com #{}", code(6).digits());
                assert!(text.ends_with(&expected), "{text}");
                assert_eq!(text.matches('@').count(), 1, "{text}");
                assert_eq!(text.matches('#').count(), 1, "{text}");
            }
        }
    }
}

#[test]
fn the_app_hash_has_its_own_line_the_last_without_a_domain() {
    let hash = AndroidHash::parse("FA+9qCX9VSu").unwrap();
    for locale in Locale::ALL.iter().copied() {
        for kind in CODES {
            for sms_domain in [None, Some(domain("example.com"))] {
                let lines_after = usize::from(sms_domain.is_some());
                let branding = Branding {
                    sms_domain,
                    ..acme()
                };
                let text = sms(&branding, locale, kind);
                let place = text.lines().rev().position(|line| line == hash.as_str());
                assert_eq!(place, Some(lines_after), "{text}");
            }
        }
    }
}

#[test]
fn a_notice_has_no_line_with_a_code() {
    for locale in Locale::ALL.iter().copied() {
        for kind in NOTICES {
            let text = sms(&acme(), locale, kind);
            assert_eq!(text.lines().count(), 1, "{text}");
        }
    }
}
