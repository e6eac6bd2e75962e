//! In which language a message speaks: the request's, else the receiver's own, else the
//! deployment's.

use latchstring_core::locale::Locale;

use crate::harness::{ADA, ADAS_NAME, BOB, World};

/// Ada, who reads that language, in a deployment that writes German.
fn world(adas: &str) -> World {
    let world = World::with_ada().reconfigured(|world| {
        world.deployment.policy.branding.default_locale = Locale::De;
    });
    world.put_ada(&[("locale", adas)]);
    world
}

/// The text that a session of that name, opened with a ticket for `to`, sends there.
fn says(world: &World, username: &str, locale: Option<Locale>, to: &str) -> String {
    let mut session = world.initiate(username);
    session.choose(&world.ticket_in(locale, to));
    world.texts().pop().unwrap()
}

const GERMAN: &str = "Anmeldecode";
const FRENCH: &str = "code de connexion";
const PORTUGUESE: &str = "código de acesso";

#[test]
fn the_language_is_the_requests_then_the_accounts_then_default() {
    for (adas, asked, speaks) in [
        ("pt-BR", Some(Locale::Fr), FRENCH),
        ("pt-BR", None, PORTUGUESE),
        ("pt_PT", None, PORTUGUESE),
        ("zh-Hant", None, GERMAN),
        ("", None, GERMAN),
        ("", Some(Locale::Fr), FRENCH),
    ] {
        let text = says(&world(adas), ADA, asked, ADA);
        assert!(text.contains(speaks), "{adas:?} {asked:?}: {text}");
    }
}

#[test]
fn without_an_account_the_language_is_requested_or_default() {
    for (asked, speaks) in [(Some(Locale::Fr), FRENCH), (None, GERMAN)] {
        let text = says(&world("pt"), BOB, asked, BOB);
        assert!(text.contains(speaks), "{asked:?}: {text}");
    }
}

/// Otherwise an own mailbox would reveal another user's language, and with it an account.
#[test]
fn an_own_mailbox_does_not_reveal_another_users_language() {
    let text = says(&world("pt"), ADAS_NAME, None, BOB);
    assert!(text.contains(GERMAN), "{text}");
}

#[test]
fn a_resend_speaks_as_the_first_message_did() {
    for (asked, speaks) in [(Some(Locale::Fr), FRENCH), (None, PORTUGUESE)] {
        for to in [ADA, BOB] {
            let world = world("pt");
            let mut session = world.initiate(to);
            session.choose(&world.ticket_in(asked, to));
            world.put_ada(&[("locale", "ja")]);
            world.after_secs(30);
            session.resend();
            let speaks = if to == BOB && asked.is_none() {
                GERMAN
            } else {
                speaks
            };
            let texts = world.texts();
            assert_eq!(texts.len(), 2);
            assert!(texts.iter().all(|text| text.contains(speaks)), "{texts:?}");
        }
    }
}

#[test]
fn a_resend_says_how_long_the_code_still_works() {
    let world = world("en");
    let mut session = world.at_otp(ADA);
    world.after_secs(61);
    session.resend();
    let texts = world.texts();
    assert!(texts[0].contains("5 minutes"), "{texts:?}");
    assert!(texts[1].contains("3 minutes"), "{texts:?}");
}

#[test]
fn a_language_changes_nothing_but_the_message() {
    let asked: Vec<_> = [None, Some(Locale::En), Some(Locale::Ja)]
        .into_iter()
        .flat_map(|locale| [(locale, ADA), (locale, BOB)])
        .map(|(locale, to)| {
            let world = world("pt");
            let mut session = world.initiate(to);
            let ticket = world.ticket_in(locale, to);
            session.choose(&ticket);
            (ticket.len(), session.asked.len(), session.public)
        })
        .collect();
    assert!(asked.windows(2).all(|pair| pair[0] == pair[1]), "{asked:?}");
}
