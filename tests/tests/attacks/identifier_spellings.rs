//! Another spelling of an address or number counts as another identifier, in a budget or in the
//! pool. Each spelling then gives the attacker new guesses. (amplify-js#3949, identity-js#524,
//! glific#4815, chatwoot#14048.)

use crate::production;
use latchstring_tests::{Latchstring, Person};

latchstring_tests::doors! {
    every: [
        every_spelling_spends_one_message_budget,
        every_tag_of_a_mailbox_spends_its_message_budget,
        every_spelling_spends_one_guess_budget,
        every_spelling_opens_one_account,
    ],
}

/// Spellings of an address or number, each after its canonical form.
const SPELLINGS: [(&str, &[&str]); 5] = [
    (
        "victim@example.com",
        &[
            "Victim@Example.COM",
            " victim@example.com ",
            "mailto:VICTIM@EXAMPLE.COM",
            "\u{202a}victim@example.com\u{202c}",
            "victim@ｅｘａｍｐｌｅ．ｃｏｍ",
            "victim@example。com",
        ],
    ),
    (
        "victim@xn--bcher-kva.example",
        &[
            "victim@bücher.example",
            "VICTIM@BÜCHER.EXAMPLE",
            "victim@bu\u{308}cher.example",
            "victim@XN--BCHER-KVA.example",
            "\u{feff}victim@ｂüｃｈｅｒ.example",
        ],
    ),
    (
        "+14155550166",
        &[
            "\u{202a}+1 (415) 555\u{2011}0166\u{202c}",
            "+1\u{a0}415\u{a0}555\u{a0}0166",
            "+1 415–555–0166",
            "＋１４１５５５５０１６６",
            "+١٤١٥٥٥٥٠١٦٦",
            "tel:+1-415-555-0166",
        ],
    ),
    (
        "+525512345678",
        &[
            "+5215512345678",
            "+52 1 55 1234 5678",
            "tel:+521-55-1234-5678",
            "＋５２１５５１２３４５６７８",
        ],
    ),
    (
        "+5491123456789",
        &[
            "+54 9 11 2345 6789",
            "+54 9 (11) 2345–6789",
            "+54 11 15 2345 6789",
            "+٥٤٩١١٢٣٤٥٦٧٨٩",
        ],
    ),
];

fn of(latchstring: &Latchstring, typed: &str) -> Person {
    if typed.contains('@') {
        latchstring.by_email(typed)
    } else {
        latchstring.by_phone(typed)
    }
}

#[tokio::test]
async fn every_spelling_spends_one_message_budget() {
    for (canonical, others) in SPELLINGS {
        let latchstring = production().await;
        let all = others.iter().chain([&canonical]);
        for typed in all.clone().cycle().take(6) {
            of(&latchstring, typed).requests_a_code().await;
        }
        // The budget of a minute and the extended budget are spent.
        for typed in all {
            assert!(!of(&latchstring, typed).has_a_code_left().await, "{typed}");
        }
        let inbox = latchstring.inbox().await;
        // Mail has one message in a slot, whatever its spelling.
        let slot = usize::from(canonical.contains('@'));
        assert_eq!(inbox.len(), 6 + slot, "{canonical}");
        assert!(inbox.iter().all(|message| message.to == canonical));
    }
}

/// Tags are folded for messages only: a tag may belong to another user, who has a separate guess budget.
#[tokio::test]
async fn every_tag_of_a_mailbox_spends_its_message_budget() {
    let latchstring = production().await;
    let tags = [
        "victim@example.com",
        "victim+1@example.com",
        "Victim+Other@example.com",
        "victim++@ｅxample.com",
    ];
    for typed in tags.into_iter().cycle().take(6) {
        of(&latchstring, typed).requests_a_code().await;
    }
    for typed in tags {
        assert!(!of(&latchstring, typed).has_a_code_left().await, "{typed}");
    }
    // In a slot, one without a tag and two with one.
    assert_eq!(latchstring.inbox().await.len(), 6 + 3);
}

#[tokio::test]
async fn every_spelling_spends_one_guess_budget() {
    for (canonical, others) in SPELLINGS {
        let latchstring = production().await;
        let mut spellings = others.iter().chain([&canonical]).cycle();
        // Eight guesses in 30 days, at codes of six digits.
        for _ in 0..3 {
            let typed = spellings.next().expect("a cycle does not end");
            let mut question = of(&latchstring, typed).requests_a_code().await;
            assert_eq!(question.number("codeLength"), 6, "{typed}");
            for guess in ["wrong 1", "wrong 2"] {
                question = question.answer(guess).await.challenge("otp");
            }
            question.answer("wrong 3").await.failed();
            latchstring.advance(60).await;
        }
        for typed in others.iter().chain([&canonical]) {
            latchstring.advance(3600).await;
            let question = of(&latchstring, typed).requests_a_code().await;
            assert_eq!(question.number("codeLength"), 8, "{typed}");
        }
    }
}

#[tokio::test]
async fn every_spelling_opens_one_account() {
    for (canonical, others) in SPELLINGS {
        let latchstring = Latchstring::start().await;
        let first = of(&latchstring, canonical)
            .signs_in_for_the_first_time()
            .await;
        for typed in others {
            let signed_in = of(&latchstring, typed).signs_in().await;
            assert!(signed_in.sub() == first.sub(), "{typed}");
        }
        assert_eq!(latchstring.accounts().await.len(), 1);
    }
}
