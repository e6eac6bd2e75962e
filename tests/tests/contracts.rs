//! The contracts of the ports, on the implementations in memory and on Cognito's adapters before the
//! local stand-in. `aws` holds the adapters to the same contracts on a third-party emulator.

use std::future::{Ready, ready};
use std::sync::Arc;

use latchstring_aws::{CognitoChallengeApi, CognitoDirectory};
use latchstring_core::time::Timestamp;
use latchstring_lambda::OsEntropy;
use latchstring_local::Options;
use latchstring_memory::{MemoryDirectory, MemoryStore, SeededEntropy};
use latchstring_tests::directory_contract::{ATTRIBUTE, GROUP, Members};
use latchstring_tests::{
    Latchstring, aws_at, challenge_contract, challenge_contract_tests, directory_contract,
    directory_contract_tests, store_contract, store_contract_tests,
};

mod store_in_memory {
    use super::*;

    type Contract = store_contract::Contract<MemoryStore, SeededEntropy>;

    /// Returns a new store for each of 20 seeds.
    fn stores() -> Ready<Vec<((), Contract)>> {
        let contract = |seed| store_contract::Contract {
            store: Arc::new(MemoryStore::with_outbox()),
            entropy: SeededEntropy::new(seed),
            now: Timestamp::from_secs(1_800_000_000),
        };
        ready((0..20).map(|seed| ((), contract(seed))).collect())
    }

    store_contract_tests!(stores);
}

mod directory_in_memory {
    use super::*;

    type Contract = directory_contract::Contract<MemoryDirectory, OsEntropy>;

    /// Returns a directory with aliases, and one whose contacts are usernames.
    fn directories() -> Ready<[((), Contract); 2]> {
        ready([false, true].map(|by_contact| ((), contract(by_contact))))
    }

    fn contract(contacts_are_usernames: bool) -> Contract {
        let directory = if contacts_are_usernames {
            MemoryDirectory::of_contacts()
        } else {
            MemoryDirectory::default()
        };
        let accounts = directory.clone();
        let read = move |name: String| ready((accounts.attributes(&name), accounts.groups(&name)));
        directory_contract::Contract {
            directory,
            entropy: OsEntropy,
            says_taken: true,
            has_groups: false,
            has_schema: false,
            contacts_are_usernames,
            members: Members::new(read),
        }
    }

    directory_contract_tests!(directories);
}

mod directory_of_the_stand_in {
    use super::*;

    type Contract = directory_contract::Contract<CognitoDirectory, OsEntropy>;

    /// Returns a pool with aliases, and one with username attributes.
    async fn directories() -> [(Latchstring, Contract); 2] {
        [contract(false).await, contract(true).await]
    }

    async fn contract(contacts_are_usernames: bool) -> (Latchstring, Contract) {
        let latchstring = Latchstring::start_with(Options {
            username_attributes: contacts_are_usernames,
            inviters: Some(GROUP.to_owned()),
            custom_attributes: [ATTRIBUTE.to_owned()].into(),
            ..Options::default()
        })
        .await;
        let settings = latchstring.settings();
        let aws = aws_at(&settings.endpoint).with_slack(20);
        let contract = directory_contract::Contract {
            directory: CognitoDirectory::new(&aws, &settings.user_pool_id),
            entropy: OsEntropy,
            says_taken: true,
            has_groups: true,
            has_schema: true,
            contacts_are_usernames,
            members: Members::of_cognito(&settings.endpoint, &settings.user_pool_id),
        };
        (latchstring, contract)
    }

    directory_contract_tests!(directories);
}

mod challenges_of_the_stand_in {
    use super::*;

    type Contract = challenge_contract::Contract<CognitoChallengeApi>;

    /// Returns a pool whose client hides missing accounts, and one whose client reports them.
    async fn pools() -> [(Latchstring, Contract); 2] {
        [pool(true).await, pool(false).await]
    }

    async fn pool(hides_missing_users: bool) -> (Latchstring, Contract) {
        let latchstring = Latchstring::start().await;
        let mut usernames = Vec::new();
        for address in ["ada@example.com", "bob@example.com"] {
            let person = latchstring.by_email(address);
            let signed_in = person.signs_in_for_the_first_time().await;
            usernames.push(signed_in.username().to_owned());
        }
        let [known, disabled] = usernames.try_into().expect("two of them");
        latchstring.disable(&disabled).await;
        latchstring.report_missing_users(!hides_missing_users).await;
        let settings = latchstring.settings();
        let aws = aws_at(&settings.endpoint).with_slack(20);
        let (pool, client) = (&settings.user_pool_id, &settings.client_id);
        let contract = challenge_contract::Contract {
            public: CognitoChallengeApi::new(&aws, client),
            signed: CognitoChallengeApi::signed(&aws, pool, client),
            app_client: latchstring_core::flow::AppClient::new(pool, client),
            known,
            disabled,
            hides_missing_users,
        };
        (latchstring, contract)
    }

    challenge_contract_tests!(pools);
}
