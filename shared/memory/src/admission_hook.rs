use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use latchstring_core::identifier::Identifier;
use latchstring_core::invite::Membership;
use latchstring_core::locale::Locale;
use latchstring_core::ports::{AdmissionDecision, AdmissionHook, AdmissionQuestion, PortError};

use crate::lock;

/// A rule for new accounts that admits a fixed list of contacts. Clones share it.
#[derive(Clone, Debug)]
pub struct FixedAdmissionHook {
    admitted: Arc<BTreeMap<String, Membership>>,
    asked: Arc<Mutex<Vec<AskedQuestion>>>,
}

/// A question, as the rule was asked it.
#[derive(Clone, Debug)]
pub struct AskedQuestion {
    /// The contact.
    pub contact: String,
    /// The app client.
    pub client: String,
    /// The language of the messages.
    pub locale: Option<Locale>,
    /// The membership of the contact's invitation.
    pub invitation: Option<Membership>,
}

impl FixedAdmissionHook {
    /// Makes a rule that admits these contacts, each with its membership.
    pub fn new(admitted: impl IntoIterator<Item = (Identifier, Membership)>) -> Self {
        let admitted = admitted.into_iter();
        let by_text = admitted.map(|(contact, it)| (contact.as_str().to_owned(), it));
        Self {
            admitted: Arc::new(by_text.collect()),
            asked: Arc::default(),
        }
    }

    /// Returns the number of questions.
    pub fn asked(&self) -> usize {
        lock(&self.asked).len()
    }

    /// Returns the questions, in their order.
    pub fn questions(&self) -> Vec<AskedQuestion> {
        lock(&self.asked).clone()
    }
}

impl AdmissionHook for FixedAdmissionHook {
    async fn decide(
        &self,
        question: &AdmissionQuestion<'_>,
    ) -> Result<AdmissionDecision, PortError> {
        lock(&self.asked).push(AskedQuestion {
            contact: question.contact.as_str().to_owned(),
            client: question.client.to_owned(),
            locale: question.locale,
            invitation: question.invitation.cloned(),
        });
        let admitted = self.admitted.get(question.contact.as_str());
        Ok(match admitted {
            Some(membership) => AdmissionDecision::Admit(membership.clone()),
            None => AdmissionDecision::Refuse,
        })
    }
}
