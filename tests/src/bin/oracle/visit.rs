//! The visitors, and their steps.

use serde_json::{Value, json};

use crate::Door;
use crate::deployment::{COURIER, Deployment, FUNCTIONS, Measured, SignedIn};

/// The kind of a contact. All contacts of a kind have the same length.
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

/// The account behind a contact.
///
/// An account that was just created is no class of its own: the functions see of it the events of
/// any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    NoAccount,
    /// No account, and the message of the measured step is delivered slowly.
    SlowCourier,
    /// No account, and events as long as those about a user.
    LongEvent,
    /// No account, and events as long as those about a user with a second contact.
    LongerEvent,
    Known,
    UnverifiedSecond,
    Disabled,
}

impl Class {
    pub(crate) const ALL: [Self; 7] = [
        Self::NoAccount,
        Self::SlowCourier,
        Self::LongEvent,
        Self::LongerEvent,
        Self::Known,
        Self::UnverifiedSecond,
        Self::Disabled,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::NoAccount => "no account",
            Self::SlowCourier => "slow courier",
            Self::LongEvent => "long event",
            Self::LongerEvent => "longer event",
            Self::Known => "known",
            Self::UnverifiedSecond => "unverified second",
            Self::Disabled => "disabled",
        }
    }

    const fn has_an_account(self) -> bool {
        matches!(self, Self::Known | Self::UnverifiedSecond | Self::Disabled)
    }

    pub(crate) const fn has_long_events(self) -> bool {
        matches!(self, Self::LongEvent | Self::LongerEvent)
    }

    /// The class without an account that has events of the same length.
    pub(crate) const fn baseline(self, step: Step) -> Self {
        match self {
            Self::Known if step.is_of_the_contact() => Self::LongEvent,
            Self::UnverifiedSecond if step.is_of_the_contact() => Self::LongerEvent,
            // Cognito refuses to open a session for a disabled user, and signIn opens one of a
            // random name.
            _ => Self::NoAccount,
        }
    }
}

/// A step, and the unit of comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    SignIn,
    Ticket,
    /// For an app client that is not served.
    UnknownClient,
    /// In slot mode, by mail.
    SlotSignIn,
    /// By SMS, which has no slots without a CAPTCHA.
    RefusedSignIn,
    ChangeContact,
    /// At the HTTP door: a wrong answer.
    Answer,
    /// At the HTTP door: a resend before its time, which sends nothing.
    Resend,
    Initiate,
    RedeemTicket,
    WrongAnswer,
}

impl Step {
    pub(crate) const ALL: [Self; 11] = [
        Self::SignIn,
        Self::Ticket,
        Self::UnknownClient,
        Self::SlotSignIn,
        Self::RefusedSignIn,
        Self::ChangeContact,
        Self::Answer,
        Self::Resend,
        Self::Initiate,
        Self::RedeemTicket,
        Self::WrongAnswer,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::SignIn => "signIn",
            Self::Ticket => "signInTicket",
            Self::UnknownClient => "signIn, for an unknown client",
            Self::SlotSignIn => "signIn, in slot mode",
            Self::RefusedSignIn => "signIn, refused",
            Self::ChangeContact => "changeContact",
            Self::Answer => "a wrong answer",
            Self::Resend => "a resend",
            Self::Initiate => "InitiateAuth",
            Self::RedeemTicket => "RespondToAuthChallenge with a ticket",
            Self::WrongAnswer => "RespondToAuthChallenge with a wrong answer",
        }
    }

    /// Returns true if Cognito itself answers: its answer names the account's username.
    pub(crate) const fn is_answered_by_cognito(self) -> bool {
        matches!(
            self,
            Self::Initiate | Self::RedeemTicket | Self::WrongAnswer
        )
    }

    /// Returns true if the answer waits for triggers in a session that is opened for the contact.
    const fn is_of_the_contact(self) -> bool {
        matches!(
            self,
            Self::SignIn | Self::SlotSignIn | Self::Answer | Self::Resend
        ) || self.is_answered_by_cognito()
    }

    /// Returns true if a code is sent.
    const fn sends(self) -> bool {
        matches!(
            self,
            Self::SignIn | Self::SlotSignIn | Self::ChangeContact | Self::RedeemTicket
        )
    }

    /// The number of [`FUNCTIONS`] that the answer waits for. A refused `signIn` does not wait for
    /// the session that it has begun to open.
    pub(crate) const fn awaits(self) -> usize {
        match self {
            Self::RefusedSignIn | Self::UnknownClient => 1,
            _ => FUNCTIONS.len(),
        }
    }
}

/// The steps of one visitor, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    SignIn,
    Ticket,
    UnknownClient,
    ChangeContact,
    RedeemTicket,
    WrongAnswer,
    Answers,
}

impl Flow {
    /// The flows through a door. At the HTTP door no caller needs Cognito.
    const fn of(door: Door) -> &'static [Self] {
        match door {
            Door::Appsync => &[
                Self::SignIn,
                Self::Ticket,
                Self::UnknownClient,
                Self::ChangeContact,
                Self::RedeemTicket,
                Self::WrongAnswer,
            ],
            Door::Http => &[
                Self::SignIn,
                Self::Ticket,
                Self::UnknownClient,
                Self::ChangeContact,
                Self::Answers,
            ],
        }
    }

    const fn steps(self, class: Class, channel: Channel) -> &'static [Step] {
        match self {
            // The first call spends the budget, so the second one is in slot mode, or refused. No
            // delivery and no event shows in a refusal.
            Self::SignIn => match (channel, class) {
                (Channel::Mail, _) => &[Step::SignIn, Step::SlotSignIn],
                (_, Class::SlowCourier | Class::LongEvent | Class::LongerEvent) => &[Step::SignIn],
                (Channel::Sms, _) => &[Step::SignIn, Step::RefusedSignIn],
            },
            Self::Ticket => &[Step::Ticket],
            Self::UnknownClient => &[Step::UnknownClient],
            Self::ChangeContact => &[Step::ChangeContact],
            Self::RedeemTicket => &[Step::Ticket, Step::Initiate, Step::RedeemTicket],
            Self::WrongAnswer => &[Step::SignIn, Step::WrongAnswer],
            Self::Answers => &[Step::SignIn, Step::Answer, Step::Resend],
        }
    }

    /// Returns true if a step of this flow is measured. The others only lead to it.
    const fn measures(self, step: Step) -> bool {
        step.is_answered_by_cognito()
            || matches!(step, Step::Answer | Step::Resend | Step::UnknownClient)
            || matches!(self, Self::SignIn | Self::Ticket | Self::ChangeContact)
    }

    /// The visitors of a class in a block of so many. Steps that are only shown need few.
    const fn visitors(self, block: u32) -> u32 {
        match self {
            Self::SignIn
            | Self::Ticket
            | Self::UnknownClient
            | Self::ChangeContact
            | Self::Answers => block,
            Self::RedeemTicket | Self::WrongAnswer => block.div_ceil(10),
        }
    }

    const fn is_open_to(self, class: Class) -> bool {
        match self {
            Self::SignIn => true,
            // No message is sent, and no trigger is invoked.
            Self::Ticket | Self::UnknownClient => {
                !class.has_long_events() && !matches!(class, Class::SlowCourier)
            }
            // The session is of the account that calls.
            Self::ChangeContact => !class.has_long_events(),
            // Cognito refuses a disabled user.
            Self::RedeemTicket => !matches!(class, Class::Disabled),
            Self::WrongAnswer => !matches!(class, Class::Disabled | Class::SlowCourier),
            // Nothing is sent in the steps that are measured.
            Self::Answers => !matches!(class, Class::SlowCourier),
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
        let has_second = matches!(class, Class::UnverifiedSecond | Class::LongerEvent);
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

    /// The attributes in an event about a user who holds it.
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

/// A visitor of a class, with a contact of their own.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    class: Class,
    flow: Flow,
    contact: Contact,
    username: String,
    session: Value,
    ticket: Value,
    /// True if a function's call timed out, as happens on a busy machine. The visit ends.
    pub(crate) timed_out: bool,
}

impl Visit {
    /// The visits of a block: so many of every class in the flows that are compared. The contacts
    /// are counted from `first`.
    pub(crate) fn block(door: Door, size: u32, first: u32) -> Vec<Self> {
        let mut visits = Vec::new();
        let mut numbers = first..;
        for flow in Flow::of(door).iter().copied() {
            for class in Class::ALL
                .into_iter()
                .filter(|class| flow.is_open_to(*class))
            {
                for channel in Channel::ALL {
                    let numbers = numbers.by_ref().take(flow.visitors(size) as usize);
                    visits.extend(numbers.map(|number| Self::new(flow, class, channel, number)));
                }
            }
        }
        visits
    }

    fn new(flow: Flow, class: Class, channel: Channel, number: u32) -> Self {
        Self {
            class,
            flow,
            contact: Contact::new(channel, class, number),
            username: username(0, number),
            session: Value::Null,
            ticket: Value::Null,
            timed_out: false,
        }
    }

    /// The steps of the visit.
    pub(crate) const fn steps(&self) -> &'static [Step] {
        self.flow.steps(self.class, self.contact.channel)
    }

    /// The samples that a step belongs to, if it is measured.
    pub(crate) fn key(&self, step: Step) -> Option<(Step, Channel, Class)> {
        let is_measured = self.flow.measures(step);
        is_measured.then_some((step, self.contact.channel, self.class))
    }

    /// Creates the account that holds the contact.
    pub(crate) async fn set_up(&self, deployment: &Deployment) {
        if self.class.has_long_events() {
            deployment.lengthen_events(&self.contact);
        }
        if self.class.has_an_account() {
            deployment
                .create_account(&self.username, &self.contact)
                .await;
            if self.class == Class::Disabled {
                deployment.disable(&self.username).await;
            }
        }
    }

    /// Takes a step. Returns `None` if a call of it or of an earlier step timed out.
    pub(crate) async fn take(
        &mut self,
        step: Step,
        deployment: &Deployment,
        by: &SignedIn,
    ) -> Option<Measured> {
        if self.timed_out {
            return None;
        }
        let is_slow = self.class == Class::SlowCourier && step.sends();
        deployment
            .cloud
            .courier_takes(COURIER[usize::from(is_slow)]);
        let contact = &self.contact;
        let at_http = deployment.door == Door::Http;
        let session = if at_http {
            "/body/continuation"
        } else {
            "/data/session"
        };
        let refused = if at_http {
            "/body/detail"
        } else {
            "/error/message"
        };
        let (measured, place) = match step {
            Step::SignIn | Step::SlotSignIn => (deployment.sign_in(contact).await, session),
            Step::Ticket => (
                deployment.ticket(contact).await,
                if at_http {
                    "/body/ticket"
                } else {
                    "/data/ticket"
                },
            ),
            Step::UnknownClient => (deployment.unknown_client(contact).await, refused),
            Step::RefusedSignIn => (deployment.refused_sign_in(contact).await, refused),
            Step::ChangeContact => (deployment.change_contact(by, contact).await, session),
            Step::Answer => (deployment.answer(&self.session).await, session),
            Step::Resend => (deployment.resend(&self.session).await, session),
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
        let answer = &measured.answer;
        let is_unavailable = answer["error"]["type"] == "Unavailable"
            || answer["body"]["type"] == "urn:latchstring:error:Unavailable";
        let Some(found) = answer.pointer(place).filter(|_| !is_unavailable) else {
            let parameters = &answer["ChallengeParameters"];
            self.timed_out = is_unavailable || parameters["step"] == "select";
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

/// A username of the pool, in the form that the product's have.
pub(crate) fn username(kind: u32, number: u32) -> String {
    format!("{kind:08x}-0000-4000-8000-{number:012}")
}
