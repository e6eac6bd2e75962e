//! The doors of the resolvers. One scenario runs through each of them.

use std::cell::Cell;

/// A door: the API by which clients reach the resolvers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Door {
    /// GraphQL of AppSync to begin, and Cognito itself for everything after.
    #[default]
    AppSync,
    /// The HTTP API alone.
    Http,
    /// The HTTP API in session mode: with a cookie instead of tokens, before a pool whose app client has
    /// a secret.
    Session,
}

thread_local! {
    /// The door of the test on this thread. Each test has a thread of its own, or runs after another.
    static CURRENT: Cell<Door> = const { Cell::new(Door::AppSync) };
}

impl Door {
    /// Returns true if every request is one of the HTTP API.
    pub(crate) fn is_http(self) -> bool {
        self != Self::AppSync
    }

    /// Returns the door of the test that runs on this thread.
    pub(crate) fn current() -> Self {
        CURRENT.get()
    }

    /// Runs a test through this door: the services that it starts are reached by it.
    pub fn run(self, test: fn()) {
        struct Back(Door);
        impl Drop for Back {
            fn drop(&mut self) {
                CURRENT.set(self.0);
            }
        }
        let _back = Back(CURRENT.replace(self));
        test();
    }
}

/// The reason why a scenario runs through one door.
#[derive(Clone, Copy, Debug)]
pub enum OneDoor {
    /// It calls Cognito itself, past any door: with a ticket or without one, with metadata of its own,
    /// by a username, or with a session that it reads or changes.
    Cognito,
    /// It presents a proof, or observes the pool between a right code and the account. At the HTTP door
    /// both are one call.
    Proof,
    /// It makes hundreds of requests for a property of Create, which no door changes.
    Create,
    /// It sends GraphQL, or reads what AppSync passes on. The HTTP door has scenarios of its own.
    GraphQl,
    /// It sends HTTP of its own, for a rule of the HTTP door.
    Http,
    /// It is about browser sessions, which session mode alone has.
    Session,
    /// It reads messages or the service's controls, and no answer of a door.
    NoDoor,
}

/// Says through which doors the tests of a file run. Each test of a file of scenarios must be listed.
///
/// `every` writes two more tests of the same name, into the modules `http` and `session`; the first runs
/// through AppSync and Cognito. `both` writes the one of `http` only: the scenario calls Cognito without
/// the client's secret, as no one can in session mode, or is about tokens in the hands of a client. Any
/// other list has a [`OneDoor`] for its name. `all` is the reason of a whole file.
#[macro_export]
macro_rules! doors {
    (all: $reason:ident) => {
        const _: $crate::OneDoor = $crate::OneDoor::$reason;
    };
    (every: [$($every:ident),+ $(,)?], both: [$($both:ident),+ $(,)?] $(, $($rest:tt)*)?) => {
        mod session {
            $(
                #[test]
                fn $every() {
                    $crate::Door::Session.run(super::$every);
                }
            )+
        }
        $crate::doors!(both: [$($every,)+ $($both),+] $(, $($rest)*)?);
    };
    (every: [$($every:ident),+ $(,)?] $(, $($rest:tt)*)?) => {
        mod session {
            $(
                #[test]
                fn $every() {
                    $crate::Door::Session.run(super::$every);
                }
            )+
        }
        $crate::doors!(both: [$($every),+] $(, $($rest)*)?);
    };
    (both: [$($both:ident),+ $(,)?] $(, $($rest:tt)*)?) => {
        mod http {
            $(
                #[test]
                fn $both() {
                    $crate::Door::Http.run(super::$both);
                }
            )+
        }
        $($crate::doors!($($rest)*);)?
    };
    ($($reason:ident: [$($one:ident),+ $(,)?]),* $(,)?) => {
        $($(const _: (fn(), $crate::OneDoor) = ($one, $crate::OneDoor::$reason);)+)*
    };
}
