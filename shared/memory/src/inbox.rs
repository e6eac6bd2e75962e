use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use latchstring_core::message::Message;
use latchstring_core::ports::{Clock, Courier, DeliveryError};
use latchstring_core::time::Timestamp;

use crate::lock;

/// The maximum number of messages that are kept; older ones are dropped.
const CAPACITY: usize = 10_000;

/// A courier that delivers to a list in memory. Clones share it.
#[derive(Clone, Debug)]
pub struct Inbox<C> {
    clock: C,
    messages: Arc<Mutex<Messages>>,
}

#[derive(Debug, Default)]
struct Messages {
    kept: VecDeque<Arc<Delivered>>,
    last_id: u64,
}

/// A message that arrived.
#[derive(Clone, Debug)]
pub struct Delivered {
    /// A number that counts up from 1.
    pub id: u64,
    /// The time of arrival.
    pub at: Timestamp,
    /// The message.
    pub message: Message,
}

impl<C: Clock> Inbox<C> {
    /// Makes an empty inbox.
    pub fn new(clock: C) -> Self {
        Self {
            clock,
            messages: Arc::default(),
        }
    }

    /// Returns at most `most` of the kept messages, newest first. With `to`, only those to that
    /// canonical address or number.
    pub fn messages(&self, to: Option<&str>, most: usize) -> Vec<Arc<Delivered>> {
        let messages = lock(&self.messages);
        let newest_first = messages.kept.iter().rev();
        newest_first
            .filter(|delivered| to.is_none_or(|to| delivered.message.to.as_str() == to))
            .take(most)
            .cloned()
            .collect()
    }
}

impl<C: Clock> Courier for Inbox<C> {
    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        let at = self.clock.now();
        let mut messages = lock(&self.messages);
        messages.last_id += 1;
        let id = messages.last_id;
        if messages.kept.len() == CAPACITY {
            messages.kept.pop_front();
        }
        messages.kept.push_back(Arc::new(Delivered {
            id,
            at,
            message: message.clone(),
        }));
        Ok(())
    }
}
