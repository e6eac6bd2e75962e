//! Who comes, and what they do.

use serde_json::{Value, json};

use crate::deployment::{COURIER, Deployment, FUNCTIONS, Measured, SignedIn};

/// What is typed: of one length for all of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Channel {
    Mail,
    Sms,
}

impl Channel {
    pub(crate) const ALL: [Self; 2] = [Self::Mail, Self::Sms];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Sms => "SMS",
        }
    }
}

/// Who comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    Nobody,
    NobodySlowCourier,
    /// Cognito's events about nobody, made as long as those about a user: what of a difference is
    /// Cognito's event, and what is ours.
    NobodyLongEvent,
    /// The same, as long as those about a user with a second contact.
    NobodyLongerEvent,
    Known,
    JustCreated,
    UnverifiedSecond,
    Disabled,
}

impl Class {
    pub(crate) const ALL: [Self; 8] = [
        Self::Nobody,
        Self::NobodySlowCourier,
        Self::NobodyLongEvent,
        Self::NobodyLongerEvent,
        Self::Known,
        Self::JustCreated,
        Self::UnverifiedSecond,
        Self::Disabled,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::NobodySlowCourier => "nobody, slow courier",
            Self::NobodyLongEvent => "nobody, long event",
            Self::NobodyLongerEvent => "nobody, longer event",
            Self::Known => "known",
            Self::JustCreated => "just created",
            Self::UnverifiedSecond => "unverified second",
            Self::Disabled => "disabled",
        }
    }

    const fn has_an_account(self) -> bool {
        matches!(
            self,
            Self::Known | Self::JustCreated | Self::UnverifiedSecond | Self::Disabled
        )
    }

    const fn has_long_events(self) -> bool {
        matches!(self, Self::NobodyLongEvent | Self::NobodyLongerEvent)
    }

    /// The class with the same events, and no account.
    pub(crate) const fn baseline(self, step: Step) -> Self {
        match self {
            // The session is of the account that asks.
            _ if matches!(step, Step::ChangeContact) => Self::Nobody,
            Self::Known | Self::JustCreated => Self::NobodyLongEvent,
            Self::UnverifiedSecond => Self::NobodyLongerEvent,
            // Cognito refuses to open a session for a disabled user; signIn opens nobody's.
            _ => Self::Nobody,
        }
    }
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    SignIn,
    Ticket,
    RefusedSignIn,
    ChangeContact,
    Initiate,
    RedeemTicket,
    WrongAnswer,
}

impl Step {
    pub(crate) const ALL: [Self; 7] = [
        Self::SignIn,
        Self::Ticket,
        Self::RefusedSignIn,
        Self::ChangeContact,
        Self::Initiate,
        Self::RedeemTicket,
        Self::WrongAnswer,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::SignIn => "signIn",
            Self::Ticket => "signInTicket",
            Self::RefusedSignIn => "signIn, refused",
            Self::ChangeContact => "changeContact",
            Self::Initiate => "InitiateAuth",
            Self::RedeemTicket => "RespondToAuthChallenge with a ticket",
            Self::WrongAnswer => "RespondToAuthChallenge with a wrong answer",
        }
    }

    /// Whether it is Cognito itself that answers: it tells the account's username in words.
    pub(crate) const fn is_answered_by_cognito(self) -> bool {
        matches!(
            self,
            Self::Initiate | Self::RedeemTicket | Self::WrongAnswer
        )
    }

    /// Whether a code is sent.
    const fn sends(self) -> bool {
        matches!(
            self,
            Self::SignIn | Self::ChangeContact | Self::RedeemTicket
        )
    }

    /// How many of [`FUNCTIONS`] the answer waits for. A `signIn` that is refused does not wait for the
    /// session that it has begun to open.
    pub(crate) const fn awaits(self) -> usize {
        match self {
            Self::RefusedSignIn => 1,
            _ => FUNCTIONS.len(),
        }
    }

    /// The steps that bring a visitor to this one.
    const fn before(self) -> &'static [Self] {
        match self {
            Self::SignIn | Self::Ticket | Self::ChangeContact | Self::Initiate => &[],
            Self::RefusedSignIn | Self::WrongAnswer => &[Self::SignIn],
            Self::RedeemTicket => &[Self::Ticket, Self::Initiate],
        }
    }

    const fn is_open_to(self, class: Class) -> bool {
        match self {
            // Cognito refuses a disabled user.
            Self::Initiate | Self::RedeemTicket | Self::WrongAnswer => {
                !matches!(class, Class::Disabled)
            }
            Self::ChangeContact => !class.has_long_events(),
            Self::SignIn | Self::Ticket | Self::RefusedSignIn => true,
        }
    }
}

/// An address or number, with the attributes of the account that may hold it.
#[derive(Clone, Debug)]
pub(crate) struct Contact {
    pub(crate) channel: Channel,
    pub(crate) text: String,
    /// An unverified contact of the other kind.
    second: Option<String>,
}

impl Contact {
    fn new(channel: Channel, class: Class, number: u32) -> Self {
        let has_second = matches!(class, Class::UnverifiedSecond | Class::NobodyLongerEvent);
        let text = |channel| match channel {
            // As long as the pool's username, which Cognito returns for a user.
            Channel::Mail => format!("visitor-{number:016}@example.com"),
            // No exchange ends in 11.
            Channel::Sms => {
                let exchange = 200 + number / 10_000 % 800;
                let exchange = if exchange % 100 == 11 { 212 } else { exchange };
                let area =
                    [415, 212, 312, 213, 617, 206, 303, 404][(number / 8_000_000) as usize % 8];
                format!("+1{area}{exchange}{:04}", number % 10_000)
            }
        };
        let other = match channel {
            Channel::Mail => Channel::Sms,
            Channel::Sms => Channel::Mail,
        };
        Self {
            channel,
            text: text(channel),
            second: has_second.then(|| text(other)),
        }
    }

    /// An address of the account that calls `changeContact`.
    pub(crate) fn attackers(number: u32) -> Self {
        Self {
            channel: Channel::Mail,
            text: format!("attacker{number:016}@example.org"),
            second: None,
        }
    }

    pub(crate) fn attributes(&self) -> Vec<(&'static str, &str)> {
        let names = [
            ["email", "email_verified"],
            ["phone_number", "phone_number_verified"],
        ];
        let [own, other] = match self.channel {
            Channel::Mail => names,
            Channel::Sms => [names[1], names[0]],
        };
        let mut attributes = vec![(own[0], &*self.text), (own[1], "true")];
        if let Some(second) = &self.second {
            attributes.extend([(other[0], &**second), (other[1], "false")]);
        }
        attributes
    }

    /// What an event says of a user who holds it.
    pub(crate) fn attributes_of_a_user(&self) -> Value {
        let mut attributes = json!({
            "sub": "00000000-0000-4000-8000-000000000000",
            "cognito:user_status": "CONFIRMED",
        });
        for (name, value) in self.attributes() {
            attributes[name] = json!(value);
        }
        let alias = match self.channel {
            Channel::Mail => "cognito:email_alias",
            Channel::Sms => "cognito:phone_number_alias",
        };
        attributes[alias] = json!(self.text);
        attributes
    }
}

/// One measurement: a visitor of a class who does one step, and is measured at it alone.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    pub(crate) class: Class,
    pub(crate) step: Step,
    contact: Contact,
    username: String,
    /// What the earlier steps left.
    session: Value,
    ticket: Value,
    /// Whether a step found a function's call timed out, as happens on a machine that is too busy.
    timed_out: bool,
}

impl Visit {
    /// One visit of every class to every step. `number` counts visits.
    pub(crate) fn one_of_each(number: &mut u32) -> Vec<Self> {
        let mut visits = Vec::new();
        for step in Step::ALL {
            for class in Class::ALL {
                for channel in Channel::ALL {
                    if step.is_open_to(class) {
                        visits.push(Self::new(step, class, channel, *number));
                        *number += 1;
                    }
                }
            }
        }
        visits
    }

    fn new(step: Step, class: Class, channel: Channel, number: u32) -> Self {
        Self {
            class,
            step,
            contact: Contact::new(channel, class, number),
            username: username(0, number),
            session: Value::Null,
            ticket: Value::Null,
            timed_out: false,
        }
    }

    pub(crate) const fn channel(&self) -> Channel {
        self.contact.channel
    }

    /// Whether the account is made after those of all others, just before the first step.
    pub(crate) const fn is_made_last(&self) -> bool {
        matches!(self.class, Class::JustCreated)
    }

    /// Makes the account that holds the contact.
    pub(crate) async fn set_up(&self, deployment: &Deployment) {
        if self.class.has_long_events() {
            deployment.lengthen_events(&self.contact);
        }
        if self.class.has_an_account() {
            self.create(deployment).await;
        }
    }

    async fn create(&self, deployment: &Deployment) {
        deployment
            .create_account(&self.username, &self.contact)
            .await;
        if self.class == Class::Disabled {
            deployment.disable(&self.username).await;
        }
    }

    /// How many steps lead to the one that is measured.
    pub(crate) const fn depth(&self) -> usize {
        self.step.before().len()
    }

    /// Does one of the steps that lead to the one that is measured.
    pub(crate) async fn prepare(&mut self, nth: usize, deployment: &Deployment, by: &SignedIn) {
        let step = self.step.before()[nth];
        deployment.cloud.courier_takes(COURIER[0]);
        self.take(step, deployment, by).await;
    }

    /// The measured step; `None` if a call of it or of an earlier step timed out.
    pub(crate) async fn measure(
        &mut self,
        deployment: &Deployment,
        by: &SignedIn,
    ) -> Option<Measured> {
        let is_slow = self.class == Class::NobodySlowCourier && self.step.sends();
        deployment
            .cloud
            .courier_takes(COURIER[usize::from(is_slow)]);
        self.take(self.step, deployment, by).await
    }

    async fn take(
        &mut self,
        step: Step,
        deployment: &Deployment,
        by: &SignedIn,
    ) -> Option<Measured> {
        if self.timed_out {
            return None;
        }
        let contact = &self.contact;
        let (measured, place) = match step {
            Step::SignIn => (deployment.resolve("signIn", contact).await, "/data/session"),
            Step::Ticket => (
                deployment.resolve("signInTicket", contact).await,
                "/data/ticket",
            ),
            Step::RefusedSignIn => (
                deployment.resolve("signIn", contact).await,
                "/error/message",
            ),
            Step::ChangeContact => (
                deployment.change_contact(by, contact).await,
                "/data/session",
            ),
            Step::Initiate => (deployment.initiate(contact).await, "/Session"),
            Step::RedeemTicket => {
                let method = match contact.channel {
                    Channel::Mail => "email",
                    Channel::Sms => "phone_number",
                };
                let metadata = json!({"method": method, "ticket": self.ticket});
                (
                    deployment.respond(&self.session, contact, metadata).await,
                    "/ChallengeParameters/codeLength",
                )
            }
            Step::WrongAnswer => (
                deployment.respond(&self.session, contact, json!({})).await,
                "/Session",
            ),
        };
        let Some(found) = measured.answer.pointer(place) else {
            let answer = &measured.answer;
            let parameters = &answer["ChallengeParameters"];
            self.timed_out =
                answer["error"]["type"] == "Unavailable" || parameters["step"] == "select";
            assert!(
                self.timed_out,
                "{} of {}: {answer}",
                step.name(),
                self.class.name()
            );
            return None;
        };
        match step {
            Step::Ticket => self.ticket = found.clone(),
            _ => self.session = found.clone(),
        }
        Some(measured)
    }

    /// Deletes the account.
    pub(crate) async fn clean_up(&self, deployment: &Deployment) {
        if self.class.has_an_account() {
            deployment.delete(&self.username).await;
        }
    }
}

/// A username of the pool, in the form that ours have.
pub(crate) fn username(kind: u32, number: u32) -> String {
    format!("{kind:08x}-0000-4000-8000-{number:012}")
}
