//! The language of a message: the request's, else the recipient's, else the deployment's.

use latchstring_core::locale::Locale;

use crate::harness::{ADA, ADAS_NAME, BOB, World};

/// Returns a world with Ada, who has that language, in a deployment with German messages.
fn world(language: &str) -> World {
    let world = World::with_ada().reconfigured(|world| {
        world.deployment.policy.branding.default_locale = Locale::De;
    });
    world.put_ada(&[("locale", language)]);
    world
}

/// Returns the message to `to` in a session of that name, opened with a ticket for `to`.
fn message_text(world: &World, username: &str, locale: Option<Locale>, to: &str) -> String {
    let mut session = world.initiate(username);
    session.choose(&world.ticket_in(locale, to));
    world.texts().pop().unwrap()
}

const GERMAN: &str = "Anmeldecode";
const FRENCH: &str = "code de connexion";
const PORTUGUESE: &str = "código de acesso";

#[test]
fn the_language_is_the_requests_then_the_accounts_then_default() {
    for (language, requested, text_in) in [
        ("pt-BR", Some(Locale::Fr), FRENCH),
        ("pt-BR", None, PORTUGUESE),
        ("pt_PT", None, PORTUGUESE),
        ("zh-Hant", None, GERMAN),
        ("", None, GERMAN),
        ("", Some(Locale::Fr), FRENCH),
    ] {
        let text = message_text(&world(language), ADA, requested, ADA);
        assert!(text.contains(text_in), "{language:?} {requested:?}: {text}");
    }
}

#[test]
fn without_an_account_the_language_is_requested_or_default() {
    for (requested, text_in) in [(Some(Locale::Fr), FRENCH), (None, GERMAN)] {
        let text = message_text(&world("pt"), BOB, requested, BOB);
        assert!(text.contains(text_in), "{requested:?}: {text}");
    }
}

/// A caller could otherwise learn another user's language, and with it that an account exists.
#[test]
fn a_callers_mailbox_does_not_reveal_a_users_language() {
    let text = message_text(&world("pt"), ADAS_NAME, None, BOB);
    assert!(text.contains(GERMAN), "{text}");
}

#[test]
fn a_resend_has_the_language_of_the_first_message() {
    for (requested, text_in) in [(Some(Locale::Fr), FRENCH), (None, PORTUGUESE)] {
        for to in [ADA, BOB] {
            let world = world("pt");
            let mut session = world.initiate(to);
            session.choose(&world.ticket_in(requested, to));
            world.put_ada(&[("locale", "ja")]);
            world.after_secs(30);
            session.resend();
            let text_in = if to == BOB && requested.is_none() {
                GERMAN
            } else {
                text_in
            };
            let texts = world.texts();
            assert_eq!(texts.len(), 2);
            assert!(texts.iter().all(|text| text.contains(text_in)), "{texts:?}");
        }
    }
}

#[test]
fn a_resend_states_the_remaining_time_of_the_code() {
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
    let requested: Vec<_> = [None, Some(Locale::En), Some(Locale::Ja)]
        .into_iter()
        .flat_map(|locale| [(locale, ADA), (locale, BOB)])
        .map(|(locale, to)| {
            let world = world("pt");
            let mut session = world.initiate(to);
            let ticket = world.ticket_in(locale, to);
            session.choose(&ticket);
            (ticket.len(), session.metadata.len(), session.public)
        })
        .collect();
    assert!(
        requested.windows(2).all(|pair| pair[0] == pair[1]),
        "{requested:?}"
    );
}
