//! What a check comes to.

/// How a thing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// As the design needs it.
    Ok,
    /// Nothing is wrong, but a person may want to know.
    Note,
    /// Tells a stranger something, or gives one a way in.
    Leaks,
    /// Somebody will not be able to sign in.
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

    /// Whether somebody has to act on it.
    pub const fn is_wrong(self) -> bool {
        matches!(self, Self::Leaks | Self::Fails | Self::Unknown)
    }
}

/// How a thing is put right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fix {
    /// A change to what describes the pool, in jq. `UpdateUserPool` resets whatever it is not told, so
    /// it is read, changed and written back whole.
    Pool(&'static str),
    /// The same for an app client: its id, and the change.
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
    /// How it stands.
    pub state: State,
    /// What was found, in a sentence.
    pub says: String,
    /// How it is put right.
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
