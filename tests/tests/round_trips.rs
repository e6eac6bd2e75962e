//! The round trips of a user, counted through the real handlers, against what others make them wait.

use std::fs;

use latchstring_core::identifier::Method;
use latchstring_tests::trips::{
    ARTICLE, Column, Hop, Journey, Other, PEER, Who, columns, document, each_one, in_document,
    tables,
};

#[test]
fn a_known_user_waits_at_most_four_more_trips_than_the_article() {
    for method in Method::ALL {
        let legs = Journey::go(Who::Known, method, each_one);
        let article = Other::took(ARTICLE.sign_in, each_one);
        assert!(
            // The send is won before it is charged, the mailbox is charged before what others share,
            // and only then may the code be answered: see docs/adr/0019-charge-when-it-happens.md.
            legs[0].took <= article + 4,
            "signIn takes {} trips one after the other, the article's {article}",
            legs[0].took
        );
        assert!(legs[0].message_after.is_some(), "a message was sent");
    }
}

/// The trips of docs/adr/0027-a-write-returns-the-row.md.
#[test]
fn an_answer_waits_for_at_most_seven_or_eight_trips() {
    for method in Method::ALL {
        for (who, trips) in [(Who::Known, 7), (Who::New, 8)] {
            let legs = Journey::go(who, method, each_one);
            assert_eq!(legs[1].took, trips, "{who:?}");
        }
    }
}

/// Those of docs/adr/0028-a-proof-completes-a-sign-in.md too.
#[test]
fn a_first_sign_in_waits_for_at_most_38_trips() {
    for method in Method::ALL {
        let legs = Journey::go(Who::New, method, each_one);
        let trips: u64 = legs.iter().map(|leg| leg.took).sum();
        assert_eq!((legs.len(), trips), (3, 38));
    }
}

#[test]
fn a_known_user_gets_the_challenge_sooner_than_elsewhere() {
    for method in Method::ALL {
        let ours = Journey::go(Who::Known, method, Hop::assumed_ms)[0].took;
        for other in [ARTICLE, PEER] {
            let theirs = Other::took(other.sign_in, Hop::assumed_ms);
            assert!(ours < theirs, "{ours} ms, {}: {theirs} ms", other.name);
        }
    }
}

#[test]
fn no_caller_waits_for_the_message_service() {
    fn slow(hop: Hop) -> u64 {
        match hop {
            Hop::Message => 1_000_000,
            _ => 1,
        }
    }
    let legs = Journey::go(Who::Known, Method::Email, slow);
    assert!(legs[0].took < 1_000, "signIn waited for the message");
    assert!(
        legs[0]
            .message_after
            .is_some_and(|after| after >= 1_000_000)
    );
}

#[test]
fn the_budgets_are_read_while_the_session_opens() {
    fn only(wanted: Hop) -> fn(Hop) -> u64 {
        match wanted {
            Hop::DynamoDb => |hop| u64::from(hop == Hop::DynamoDb),
            _ => |hop| u64::from(hop == Hop::Cognito) * 1_000 + u64::from(hop == Hop::DynamoDb),
        }
    }
    let signs_in = |latencies| Journey::go(Who::Known, Method::PhoneNumber, latencies)[0].took;
    // The reading is hidden behind Cognito's answer, and what Create writes is not.
    let trips = signs_in(only(Hop::DynamoDb));
    assert_eq!(
        trips, 6,
        "a reading, a redemption, a new flow, two stages of charges, their record"
    );
    assert_eq!(signs_in(only(Hop::Cognito)), 2 * 1_000 + 5);
}

#[test]
fn a_sign_in_makes_as_many_requests_as_the_document_says() {
    let of = |column: &Column| {
        ["reads", "writes"].map(|operation| column.requests("DynamoDB", operation))
    };
    let [known_by_email, known_by_sms, ..] = &columns();
    assert_eq!(of(known_by_email), [1, 14]);
    assert_eq!(of(known_by_sms), [1, 15]);
    let text = fs::read_to_string(document()).expect("docs/scale.md");
    assert!(
        text == in_document(&text, &tables()),
        "docs/scale.md holds other figures: cargo xtask round-trips --write"
    );
}
