//! The store in memory keeps the contract of every store.

use std::sync::Arc;

use latchstring_core::time::Timestamp;
use latchstring_memory::{MemoryStore, SeededEntropy};
use latchstring_tests::store_contract::{Contract, run};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_store_in_memory_keeps_every_promise() {
    for seed in 0..20 {
        let contract = Contract {
            store: Arc::new(MemoryStore::default()),
            entropy: SeededEntropy::new(seed),
            now: Timestamp::from_secs(1_800_000_000),
        };
        run(&contract).await;
    }
}
