//! The ports in memory keep the contract of every such port, and so does Cognito's adapter on the
//! stand-in. `aws` holds the adapters to it on an emulator that others wrote.

use std::sync::Arc;

use latchstring_aws::{CognitoChallengeApi, CognitoDirectory};
use latchstring_core::time::Timestamp;
use latchstring_lambda::OsEntropy;
use latchstring_memory::{MemoryDirectory, MemoryStore, SeededEntropy};
use latchstring_tests::{
    Latchstring, aws_at, challenge_contract, directory_contract, store_contract,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_store_in_memory_keeps_every_promise() {
    for seed in 0..20 {
        let contract = store_contract::Contract {
            store: Arc::new(MemoryStore::default()),
            entropy: SeededEntropy::new(seed),
            now: Timestamp::from_secs(1_800_000_000),
        };
        store_contract::run(&contract).await;
    }
}

#[tokio::test]
async fn the_directory_in_memory_keeps_every_promise() {
    let contract = directory_contract::Contract {
        directory: MemoryDirectory::default(),
        entropy: OsEntropy,
        says_taken: true,
    };
    directory_contract::run(&contract).await;
}

#[tokio::test]
async fn cognitos_directory_on_the_stand_in_keeps_every_promise() {
    let latchstring = Latchstring::start().await;
    let settings = latchstring.settings();
    let aws = aws_at(&settings.endpoint).with_slack(20);
    let contract = directory_contract::Contract {
        directory: CognitoDirectory::new(&aws, &settings.user_pool_id),
        entropy: OsEntropy,
        says_taken: true,
    };
    directory_contract::run(&contract).await;
}

#[tokio::test]
async fn both_kinds_of_calls_on_the_stand_in_keep_every_promise() {
    for legacy in [false, true] {
        let latchstring = Latchstring::start().await;
        let mut usernames = Vec::new();
        for address in ["ada@example.com", "bob@example.com"] {
            let person = latchstring.by_email(address);
            let signed_in = person.signs_in_for_the_first_time().await;
            usernames.push(signed_in.username().to_owned());
        }
        let [known, disabled] = usernames.try_into().expect("two of them");
        latchstring.disable(&disabled).await;
        latchstring.report_missing_users(legacy).await;
        let settings = latchstring.settings();
        let aws = aws_at(&settings.endpoint).with_slack(20);
        let (pool, client) = (&settings.user_pool_id, &settings.client_id);
        let contract = challenge_contract::Contract {
            public: CognitoChallengeApi::new(&aws, client),
            signed: CognitoChallengeApi::signed(&aws, pool, client),
            known,
            disabled,
            hides_missing_users: !legacy,
        };
        challenge_contract::run(&contract).await;
    }
}
