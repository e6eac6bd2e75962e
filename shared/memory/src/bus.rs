use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use latchstring_core::event::Event;
use latchstring_core::ports::{EventBus, PortError};

use crate::lock;

/// The maximum number of events that are kept; older ones are dropped.
const CAPACITY: usize = 10_000;

/// A bus that keeps its events in memory. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct MemoryBus(Arc<Mutex<VecDeque<Event>>>);

impl MemoryBus {
    /// Returns at most `most` of the kept events, newest first.
    pub fn events(&self, most: usize) -> Vec<Event> {
        let events = lock(&self.0);
        events.iter().rev().take(most).cloned().collect()
    }
}

impl EventBus for MemoryBus {
    async fn publish(&self, events: &[Event]) -> Result<Vec<bool>, PortError> {
        let mut kept = lock(&self.0);
        for event in events {
            if kept.len() == CAPACITY {
                kept.pop_front();
            }
            kept.push_back(event.clone());
        }
        Ok(vec![true; events.len()])
    }
}
