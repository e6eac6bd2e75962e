//! Contracts as one test a promise, for each implementation.

/// Declares the promises of a contract: `check`, which verifies one by its name, and a macro that
/// writes a test for each of them.
///
/// The macro takes a function whose future returns the implementations under test, each with a guard
/// that is kept until the test ends. A promise that is not declared is dead code.
macro_rules! promises {
    (
        $d:tt $suite:ident, $tests:ident, [$($bounds:tt)*], $contract:ty;
        $($promise:ident,)+
    ) => {
        /// Verifies a promise.
        ///
        /// # Panics
        /// If the promise is not kept.
        pub async fn check<$($bounds)*>(promise: &str, contract: &$contract) {
            match promise {
                $(stringify!($promise) => $promise(contract).await,)+
                _ => panic!("{promise} is not a promise of this contract"),
            }
        }

        /// Writes a test for each promise of the contract.
        #[macro_export]
        macro_rules! $tests {
            ($d implementations:path) => {
                $(
                    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                    async fn $promise() {
                        for (_guard, contract) in $d implementations().await {
                            $crate::$suite::check(stringify!($promise), &contract).await;
                        }
                    }
                )+
            };
        }
    };
}
