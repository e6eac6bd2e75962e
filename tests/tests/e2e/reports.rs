//! The values of public reports, typed as they were reported. docs/reports.md lists the reports.

use latchstring_core::identifier::{NumberKinds, PhoneRules};
use latchstring_local::Options;
use latchstring_tests::{Latchstring, Person};

latchstring_tests::doors! {
    every: [
        a_pasted_number_is_read_by_its_digits,
        a_number_of_a_changed_plan_is_read_as_the_one_in_use,
        a_number_that_is_not_in_use_is_refused_with_its_cause,
        a_number_of_another_kind_is_refused_unless_the_kind_is_set,
        an_address_that_is_refused_names_its_cause,
        an_address_is_read_without_what_surrounds_it,
        a_code_in_other_characters_costs_no_attempt,
    ],
}

fn of(latchstring: &Latchstring, typed: &str) -> Person {
    if typed.contains('@') {
        latchstring.by_email(typed)
    } else {
        latchstring.by_phone(typed)
    }
}

/// Returns the destination of the code for a typed identifier.
async fn sent_to(latchstring: &Latchstring, typed: &str) -> String {
    of(latchstring, typed).requests_a_code().await;
    latchstring.inbox().await.remove(0).to
}

/// Returns the text of the error.
async fn reason(latchstring: &Latchstring, typed: &str) -> String {
    let refused = of(latchstring, typed).tries_to_request_a_code().await;
    let refused = refused
        .err()
        .unwrap_or_else(|| panic!("{typed} is sent to"));
    assert_eq!(refused.kind, "InvalidIdentifier", "{typed}");
    refused.message
}

async fn are_refused(latchstring: &Latchstring, cases: &[(&str, &str)]) {
    for (typed, expected) in cases {
        assert_eq!(reason(latchstring, typed).await, *expected, "{typed}");
    }
    assert!(latchstring.inbox().await.is_empty(), "nothing was sent");
}

/// glific#4815, woocommerce#58000: numbers pasted from contacts, a chat or a PDF.
#[tokio::test]
async fn a_pasted_number_is_read_by_its_digits() {
    let latchstring = Latchstring::start().await;
    for (typed, canonical) in [
        ("\u{202a}+1 (415) 555\u{2011}0166\u{202c}", "+14155550166"),
        ("+1\u{a0}415\u{a0}555\u{a0}0132", "+14155550132"),
        ("+1 415–555–0132", "+14155550132"),
        ("＋１４１５５５５０１３２", "+14155550132"),
        ("+١٤١٥٥٥٥٠١٣٢", "+14155550132"),
        ("+1\u{fe0f}4155550132\u{fe0f}", "+14155550132"),
        ("tel:+1-415-555-0132", "+14155550132"),
    ] {
        assert_eq!(sent_to(&latchstring, typed).await, canonical, "{typed}");
    }
}

/// chatwoot#14048: Mexico's 1. python-phonenumbers#318: area codes that the metadata lacks.
/// libphonenumber#684: Argentina's 9.
#[tokio::test]
async fn a_number_of_a_changed_plan_is_read_as_the_one_in_use() {
    let latchstring = Latchstring::start().await;
    for (typed, canonical) in [
        ("+5215512345678", "+525512345678"),
        ("+16215550132", "+16215550132"),
        ("+14365550132", "+14365550132"),
        ("+18615550132", "+18615550132"),
        ("+16795550132", "+16795550132"),
        ("+54 9 11 2345 6789", "+5491123456789"),
    ] {
        assert_eq!(sent_to(&latchstring, typed).await, canonical, "{typed}");
    }
}

/// Numbers that libphonenumber's metadata calls invalid (checked by the Python package `phonenumbers`);
/// libphonenumber#684 for Argentina's landlines.
#[tokio::test]
async fn a_number_that_is_not_in_use_is_refused_with_its_cause() {
    const UNKNOWN: &str =
        "No phone number that begins like this is known to be in use. Check its digits.";
    let latchstring = Latchstring::start().await;
    are_refused(
        &latchstring,
        &[
            (
                "+551187654321",
                "This is an old form of the number. Enter the new one: +55, the area code, 9 and the \
                 eight digits.",
            ),
            (
                "+22996123456",
                "This is an old form of the number. Enter the new one: +229 01 and the eight digits.",
            ),
            ("+33712345678", UNKNOWN),
            (
                "+378612345",
                "This phone number is too short. Check that no digit is missing.",
            ),
            ("+852 4545 1234", UNKNOWN),
            (
                "+54 11 2345 6789",
                "Codes are not sent to a landline. If this is a mobile number, write +54 9 before the \
                 area code.",
            ),
        ],
    )
    .await;
}

/// Guides on SMS pumping and the number types of libphonenumber: codes to toll-free numbers, landlines
/// and internet telephones.
#[tokio::test]
async fn a_number_of_another_kind_is_refused_unless_the_kind_is_set() {
    const OF_OTHER_KINDS: [&str; 3] = ["+18005551234", "+390612345678", "+908501234567"];
    let latchstring = Latchstring::start().await;
    let texts = [
        "a toll-free number",
        "a landline",
        "an internet telephone (VoIP) number",
    ];
    for (typed, kind) in OF_OTHER_KINDS.into_iter().zip(texts) {
        let expected = format!("Codes are not sent to {kind}. Use a mobile number.");
        are_refused(&latchstring, &[(typed, &expected)]).await;
    }
    let kinds = NumberKinds::parse("mobile,toll_free,fixed_line,voip").expect("kinds");
    let options = Options {
        phones: PhoneRules {
            kinds,
            ..PhoneRules::default()
        },
        ..Options::default()
    };
    let latchstring = Latchstring::start_with(options).await;
    for typed in OF_OTHER_KINDS {
        assert_eq!(sent_to(&latchstring, typed).await, typed);
    }
}

/// tchap-ios#258: punctuation that a keyboard inserted. EC-CUBE#1325: consecutive dots. RFC 5321,
/// 4.5.3.1.1: 64 bytes before the `@`. RFC 5322, 3.4: an address with a name.
#[tokio::test]
async fn an_address_that_is_refused_names_its_cause() {
    let latchstring = Latchstring::start().await;
    let long = format!("{}@example.com", "a".repeat(65));
    are_refused(
        &latchstring,
        &[
            (
                "user@my–site.example",
                "The part after the @ contains “–” (U+2013), which a domain name cannot have there.",
            ),
            (
                "user@my\u{2011}site.example",
                "The part after the @ contains “\u{2011}” (U+2011), which a domain name cannot have \
                 there.",
            ),
            (
                "user@exam’ple.com",
                "The part after the @ contains “’” (U+2019), which a domain name cannot have there.",
            ),
            (
                "o’user@example.com",
                "The part before the @ cannot contain “’” (U+2019). It may contain letters a-z, \
                 digits and some punctuation.",
            ),
            (
                "Name <user@example.com>",
                "Enter the email address alone, without a name and without < and >.",
            ),
            (
                &long,
                "The part before the @ is longer than 64 characters.",
            ),
            (
                "user..name@docomo.example",
                "The part before the @ cannot begin or end with a dot or have two dots in a row.",
            ),
            (
                "us\u{200b}er@example.com",
                "This contains an invisible character (U+200B). Delete it, or type the text by hand.",
            ),
        ],
    )
    .await;
}

/// tchap-ios#258, amplify-js#13567: addresses as links, chats and other alphabets have them.
#[tokio::test]
async fn an_address_is_read_without_what_surrounds_it() {
    let latchstring = Latchstring::start().await;
    for (typed, canonical) in [
        ("mailto:user@example.com", "user@example.com"),
        ("\u{200b}user@example.com\u{2060}", "user@example.com"),
        ("user@bücher.example", "user@xn--bcher-kva.example"),
    ] {
        assert_eq!(sent_to(&latchstring, typed).await, canonical, "{typed}");
    }
}

/// glific#4815: a code as keyboards and pastes have it. A wrong answer costs an attempt, a right one
/// in other characters does not.
#[tokio::test]
async fn a_code_in_other_characters_costs_no_attempt() {
    let latchstring = Latchstring::start().await;
    let ada = latchstring.by_email("ada@example.com");
    let of_script = |code: &str, zero: u32| -> String {
        let shifted = code.bytes().map(|digit| zero + u32::from(digit - b'0'));
        shifted.filter_map(char::from_u32).collect()
    };
    for form in [
        "a\u{2011}b",
        "a\u{200b}b",
        "ab.",
        "a-b",
        "arabic",
        "full width",
    ] {
        let question = ada.requests_a_code().await;
        let code = ada.code().await;
        let typed = match form {
            "arabic" => of_script(&code, 0x660),
            "full width" => of_script(&code, 0xff10),
            form => form.replace('b', &code[3..]).replace('a', &code[..3]),
        };
        question.answer(&typed).await.right();
    }
}
