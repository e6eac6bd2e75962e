//! An attacker with a stolen access token replaces the owner's contact by their own, and shuts the
//! owner out. The owner of the replaced contact undoes that for 72 hours. (An account owner who is
//! only told cannot get the account back; adversarial review of this project.)

use latchstring_tests::{Latchstring, Person, SignedIn};

use crate::{production, refused};

latchstring_tests::doors! {
    every: [
        the_owner_undoes_the_change_and_the_thief_is_out,
        a_known_device_of_the_owner_gets_the_code_for_the_undo,
        the_new_contact_changes_nothing_while_it_can_be_undone,
        a_prepared_request_does_not_outlive_the_change,
        a_contact_that_signs_in_elsewhere_is_not_taken_back,
        after_73_hours_there_is_nothing_to_undo,
        an_attackers_earlier_contact_undoes_nothing_for_them,
    ],
    // In session mode, the later of the two ends the session of the other.
    both: [
        of_two_undoes_at_once_each_leaves_one_owner,
    ],
    Proof: [
        another_contacts_proof_undoes_nothing,
    ],
}

/// An account that a thief has taken over: its owner, the thief, and the thief's sign-in.
struct Taken {
    owner: Person,
    sub: String,
    thief: Person,
    thiefs: SignedIn,
}

async fn taken(latchstring: &Latchstring) -> Taken {
    let owner = latchstring.by_email("victim@example.com");
    let stolen = owner.signs_in_for_the_first_time().await;
    let sub = stolen.sub().to_owned();
    let thief = latchstring.by_email("thief@example.org");
    let question = stolen.changes_to(&thief).await.expect("it is fresh");
    question.answer(&thief.code().await).await.signed_in();
    latchstring.advance(60).await;
    let thiefs = thief.signs_in().await;
    assert!(thiefs.sub() == sub);
    Taken {
        owner,
        sub,
        thief,
        thiefs,
    }
}

#[tokio::test]
async fn the_owner_undoes_the_change_and_the_thief_is_out() {
    let latchstring = production().await;
    let Taken {
        owner,
        sub,
        thief,
        thiefs,
    } = taken(&latchstring).await;
    let device = thiefs.remembers_the_device().await.expect("signed in");
    let notice = owner.messages().await.remove(0);
    assert!(notice.text.contains("Within 72 hours, you can undo"));

    let owners = owner.undoes(&owner.begins_to_undo().await).await;
    let owners = owners.expect("it can be undone");
    assert!(owners.sub() == sub && owners.id["email"] == owner.contact());
    assert!(owners.id["email_verified"] == true);
    assert!(owners.who_am_i().await.is_ok(), "the tokens are valid");
    assert_eq!(
        thiefs.who_am_i().await.unwrap_err().kind,
        "NotAuthorizedException"
    );
    assert!(thiefs.tries_to_refresh().await.is_err());
    let other = latchstring.by_email("other@example.org");
    assert_eq!(refused(thiefs.changes_to(&other).await).kind, "NotSignedIn");
    latchstring.advance(60).await;
    // The thief's contact belongs to no account, and undoes nothing.
    let undo = thief.clone().on_device(&device).begins_to_undo().await;
    assert_eq!(refused(thief.undoes(&undo).await).kind, "NothingToUndo");
    assert!(owner.signs_in().await.sub() == sub);
}

/// The thief also spends the codes of the replaced contact. Its owner has a device that was known
/// before.
#[tokio::test]
async fn a_known_device_of_the_owner_gets_the_code_for_the_undo() {
    let latchstring = production().await;
    let owner = latchstring.by_email("victim@example.com");
    let first = owner.signs_in_for_the_first_time().await;
    let device = first.remembers_the_device().await.expect("signed in");
    latchstring.advance(60).await;
    let stolen = owner.signs_in().await;
    let thief = latchstring.by_email("thief@example.org");
    let question = stolen.changes_to(&thief).await.expect("it is fresh");
    question.answer(&thief.code().await).await.signed_in();
    latchstring.advance(60).await;
    while owner.has_a_code_left().await {}
    let known = owner.clone().on_device(&device);
    let owners = owner.undoes(&known.begins_to_undo().await).await;
    assert!(owners.expect("it can be undone").sub() == first.sub());
    latchstring.advance(60).await;
    while owner.has_a_code_left().await {}
    assert!(!known.has_a_code_left().await, "the undo forgets devices");
}

#[tokio::test]
async fn the_new_contact_changes_nothing_while_it_can_be_undone() {
    let latchstring = production().await;
    let Taken {
        owner,
        sub,
        thiefs,
        thief,
    } = taken(&latchstring).await;
    let number = latchstring.by_phone("+4915123456789");
    let other = latchstring.by_email("other@example.org");
    assert_eq!(refused(thiefs.changes_to(&number).await).kind, "ChangeHeld");
    assert_eq!(refused(thiefs.changes_to(&other).await).kind, "ChangeHeld");
    let name = ("Thief", "Thief");
    assert_eq!(
        refused(thiefs.signs_up(name, &number).await).kind,
        "ChangeHeld"
    );
    assert!(number.messages().await.is_empty() && other.messages().await.is_empty());
    latchstring.advance(71 * 3600).await;
    let again = thief.signs_in().await;
    assert_eq!(refused(again.changes_to(&number).await).kind, "ChangeHeld");
    let owners = owner.undoes(&owner.begins_to_undo().await).await;
    assert!(owners.expect("it can be undone").sub() == sub);
}

/// The thief requests a number first, and keeps the request open until the address is changed, or
/// the change undone.
#[tokio::test]
async fn a_prepared_request_does_not_outlive_the_change() {
    for undone_first in [false, true] {
        let latchstring = production().await;
        let owner = latchstring.by_email("victim@example.com");
        let stolen = owner.signs_in_for_the_first_time().await;
        let number = latchstring.by_phone("+4915123456789");
        let prepared = stolen.changes_to(&number).await.expect("it is fresh");
        let code = number.code().await;
        let thief = latchstring.by_email("thief@example.org");
        let question = stolen.changes_to(&thief).await.expect("it is fresh");
        question.answer(&thief.code().await).await.signed_in();
        latchstring.advance(60).await;
        if undone_first {
            let undo = owner.begins_to_undo().await;
            owner.undoes(&undo).await.expect("it can be undone");
            latchstring.advance(61).await;
        }
        prepared.answer(&code).await.failed();
        latchstring.advance(60).await;
        number.has_no_account().await;
    }
}

#[tokio::test]
async fn another_contacts_proof_undoes_nothing() {
    let latchstring = production().await;
    let Taken { owner, thief, .. } = taken(&latchstring).await;
    let stranger = latchstring.by_email("stranger@example.net");
    let undo = stranger.begins_to_undo().await;
    assert_eq!(refused(stranger.undoes(&undo).await).kind, "NothingToUndo");
    assert_eq!(refused(owner.undoes(&undo).await).kind, "InvalidProof");
    assert_eq!(refused(thief.undoes(&undo).await).kind, "InvalidProof");
    thief.signs_in().await;
}

#[tokio::test]
async fn of_two_undoes_at_once_each_leaves_one_owner() {
    let latchstring = production().await;
    let Taken { owner, sub, .. } = taken(&latchstring).await;
    let one = owner.begins_to_undo().await;
    latchstring.advance(60).await;
    let other = owner.begins_to_undo().await;
    let (one, other) = tokio::join!(owner.undoes(&one), owner.undoes(&other));
    let signed_in: Vec<_> = [one, other].into_iter().flatten().collect();
    assert!(!signed_in.is_empty());
    assert!(signed_in.iter().all(|it| it.sub() == sub));
    latchstring.advance(60).await;
    assert!(owner.signs_in().await.sub() == sub);
    assert_eq!(latchstring.accounts().await.len(), 1);
}

#[tokio::test]
async fn a_contact_that_signs_in_elsewhere_is_not_taken_back() {
    let latchstring = production().await;
    let Taken {
        owner, sub, thief, ..
    } = taken(&latchstring).await;
    let undo = owner.begins_to_undo().await;
    latchstring.advance(60).await;
    let heir = owner.signs_in_for_the_first_time().await;
    assert!(heir.sub() != sub);
    assert_eq!(refused(owner.undoes(&undo).await).kind, "ContactInUse");
    assert!(owner.signs_in().await.sub() == heir.sub());
    latchstring.advance(60).await;
    assert!(thief.signs_in().await.sub() == sub);
}

#[tokio::test]
async fn after_73_hours_there_is_nothing_to_undo() {
    let latchstring = production().await;
    let Taken {
        owner, sub, thief, ..
    } = taken(&latchstring).await;
    latchstring.advance(73 * 3600).await;
    let undo = owner.begins_to_undo().await;
    assert_eq!(refused(owner.undoes(&undo).await).kind, "NothingToUndo");
    let thiefs = thief.signs_in().await;
    assert!(thiefs.sub() == sub);
    let number = latchstring.by_phone("+4915123456789");
    thiefs.changes_to(&number).await.expect("it is free again");
}

/// The attacker of "unexpired email change" and of the trojan identifier keeps a way in, which an
/// undo must not become.
#[tokio::test]
async fn an_attackers_earlier_contact_undoes_nothing_for_them() {
    let latchstring = production().await;
    // The attacker owned the address and lost it: its account has another one since.
    let attacker = latchstring.by_email("attacker@example.com");
    let attackers = attacker.signs_in_for_the_first_time().await;
    let victim = latchstring.by_email("victim@example.com");
    let open = attackers.changes_to(&victim).await.expect("a code is sent");
    let victims = victim.signs_in_for_the_first_time().await;
    assert!(victims.sub() != attackers.sub());
    open.answer(&victim.messages().await.remove(1).code)
        .await
        .failed();
    // No record was written for a change that was not made.
    latchstring.advance(60).await;
    let trojan = latchstring.by_phone("+4915123456789");
    let undo = trojan.begins_to_undo().await;
    assert_eq!(refused(trojan.undoes(&undo).await).kind, "NothingToUndo");
    assert!(victim.signs_in().await.sub() == victims.sub());
    assert!(attacker.signs_in().await.sub() == attackers.sub());
}
