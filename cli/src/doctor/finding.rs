//! The result of a check.

/// The state of a checked item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// As the design needs it.
    Ok,
    /// Nothing is wrong, but the operator may want to know.
    Note,
    /// Reveals information to an attacker, or lets one in.
    Leaks,
    /// Some users cannot sign in.
    Fails,
    /// Could not be read: as bad as wrong.
    Unknown,
}

impl State {
    /// Its word, in the report.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Leaks => "leaks",
            Self::Fails => "fails",
            Self::Unknown => "unknown",
        }
    }

    /// Reports whether the operator has to act on it.
    pub const fn is_wrong(self) -> bool {
        matches!(self, Self::Leaks | Self::Fails | Self::Unknown)
    }
}

/// The way to fix a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fix {
    /// A change to what describes the pool, in jq. `UpdateUserPool` resets members that are left out, so
    /// it is read, changed and written back whole.
    Pool(&'static str),
    /// A change to an app client: its id, and the change in jq.
    Client(String, &'static str),
    /// A command to copy.
    Command(String),
    /// No command does it.
    Words(&'static str),
}

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The check's name; it never changes.
    pub check: &'static str,
    /// The state.
    pub state: State,
    /// The finding, in a sentence.
    pub says: String,
    /// The fix; none if there is nothing to do.
    pub fix: Option<Fix>,
}

impl Finding {
    pub(crate) fn new(check: &'static str, state: State, says: impl Into<String>) -> Self {
        Self {
            check,
            state,
            says: says.into(),
            fix: None,
        }
    }

    pub(crate) fn ok(check: &'static str, says: impl Into<String>) -> Self {
        Self::new(check, State::Ok, says)
    }

    pub(crate) fn note(check: &'static str, says: impl Into<String>) -> Self {
        Self::new(check, State::Note, says)
    }

    pub(crate) fn leaks(check: &'static str, says: impl Into<String>) -> Self {
        Self::new(check, State::Leaks, says)
    }

    pub(crate) fn fails(check: &'static str, says: impl Into<String>) -> Self {
        Self::new(check, State::Fails, says)
    }

    pub(crate) fn unknown(check: &'static str, says: impl Into<String>) -> Self {
        Self::new(check, State::Unknown, says)
    }

    pub(crate) fn with_fix(self, fix: Fix) -> Self {
        Self {
            fix: Some(fix),
            ..self
        }
    }
}
