//! Phone numbers: every spelling is one account and one budget, and a refusal names its cause.

use latchstring_core::identifier::{Country, NumberKinds, PhoneRanges, PhoneRules};
use latchstring_core::rate_limit::{Countries, Price};
use latchstring_local::Options;
use latchstring_tests::{Latchstring, Person};

latchstring_tests::doors! {
    every: [
        every_spelling_of_a_number_is_one_account,
        every_spelling_of_a_number_spends_one_budget,
        a_refused_number_names_its_cause,
        settings_open_ranges_kinds_and_countries,
    ],
}

async fn reason(person: &Person) -> String {
    let refused = person.tries_to_request_a_code().await;
    let refused = refused.err().expect("it is refused");
    assert_eq!(refused.kind, "InvalidIdentifier");
    refused.message
}

#[tokio::test]
async fn every_spelling_of_a_number_is_one_account() {
    let latchstring = Latchstring::start().await;
    let spellings = [
        "+525512345678",
        "+52 1 55 1234 5678",
        "\u{202a}+52 (55) 1234\u{2011}5678\u{202c}",
        "＋５２ ５５ １２３４ ５６７８",
        "tel:+52-55-1234-5678",
    ];
    let first = latchstring.by_phone(spellings[0]);
    let sub = first.signs_in_for_the_first_time().await;
    for typed in &spellings[1..] {
        let again = latchstring.by_phone(typed).signs_in().await;
        assert!(again.sub() == sub.sub(), "{typed}");
    }
    assert_eq!(latchstring.accounts().await.len(), 1);
}

#[tokio::test]
async fn every_spelling_of_a_number_spends_one_budget() {
    let options = Options {
        strict: true,
        ..Options::default()
    };
    let latchstring = Latchstring::start_with(options).await;
    latchstring.advance_to_the_next(60).await;
    let mut spellings = [
        "+1 415 555 0132",
        "+1\u{a0}415\u{a0}555\u{a0}0132",
        "+1 415–555–0132",
        "+١ ٤١٥ ٥٥٥ ٠١٣٢",
        "\u{feff}tel:+14155550132",
    ]
    .map(|typed| latchstring.by_phone(typed))
    .into_iter()
    .cycle();
    let mut sent = 0;
    let refused = loop {
        let person = spellings.next().expect("they repeat");
        match person.tries_to_request_a_code().await {
            Ok(_) => sent += 1,
            Err(refused) => break refused,
        }
        assert!(sent < 20, "there is a limit");
    };
    assert_eq!(refused.kind, "TooManyRequests");
    // One spelling gets the same number of codes.
    let one = latchstring.by_phone("+1 415 555 0133");
    let mut of_one = 0;
    while one.tries_to_request_a_code().await.is_ok() {
        of_one += 1;
    }
    assert_eq!(sent, of_one);
}

#[tokio::test]
async fn a_refused_number_names_its_cause() {
    let latchstring = Latchstring::start().await;
    for (typed, part) in [
        ("+1 800 555 1234", "toll-free"),
        ("+44 20 7183 8750", "a landline"),
        ("+54 11 2345 6789", "write +54 9"),
        ("+229 96 12 34 56", "+229 01"),
        ("+852 4545 1234", "known to be in use"),
        ("+1 415 555 O132", "“O”"),
    ] {
        let message = reason(&latchstring.by_phone(typed)).await;
        assert!(message.contains(part), "{typed}: {message}");
    }
    assert!(latchstring.inbox().await.is_empty());
}

/// python-phonenumbers#318: one rule for all calling codes, and a setting for what it lacks.
#[tokio::test]
async fn settings_open_ranges_kinds_and_countries() {
    let price = Price::parse("0.05").expect("a price");
    let countries = ["HK", "GB"].map(|code| (Country::parse(code).expect("a country"), price));
    let options = Options {
        sms_countries: Some(Countries::Only(countries.into())),
        phones: PhoneRules {
            kinds: NumberKinds::parse("mobile,fixed_line_or_mobile,fixed_line").expect("kinds"),
            more: PhoneRanges::parse("HK:+8524545XXXX").expect("ranges"),
        },
        ..Options::default()
    };
    let latchstring = Latchstring::start_with(options).await;
    for typed in ["+44 20 7183 8750", "+447400123456"] {
        latchstring
            .by_phone(typed)
            .signs_in_for_the_first_time()
            .await;
    }
    let opened = latchstring.by_phone("+85245451234");
    opened.signs_in_for_the_first_time().await;
    opened.signs_in().await;
    // GB is not Jersey, whose numbers share its calling code.
    for typed in ["+44 7797 712345", "+1 415 555 0132"] {
        let message = reason(&latchstring.by_phone(typed)).await;
        assert!(message.contains("of this country"), "{typed}: {message}");
    }
}
