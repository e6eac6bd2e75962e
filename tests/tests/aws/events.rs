//! `EventBridge`, before the emulator.

use latchstring_aws::EventBridge;
use latchstring_core::account::Sub;
use latchstring_core::event::{Event, EventId, EventKind};
use latchstring_core::identifier::Method;
use latchstring_core::ports::EventBus as _;
use latchstring_core::time::Timestamp;
use latchstring_tests::Ministack;

fn event(number: u8) -> Event {
    Event {
        id: EventId::from_bytes([number; 16]),
        kind: EventKind::SignedIn,
        sub: Sub::new("5d4c3b2a-0000-4000-8000-000000000000"),
        client: "1example23456789".to_owned(),
        method: Some(Method::Email),
        at: Timestamp::from_millis(1_767_225_600_120),
    }
}

#[tokio::test]
async fn the_bus_takes_up_to_ten_events_in_one_call() {
    let ministack = Ministack::shared().await;
    let bus = EventBridge::new(&ministack.aws(), "default");
    for number in [1, 10] {
        let events: Vec<_> = (0..number).map(event).collect();
        let taken = bus.publish(&events).await;
        assert_eq!(taken, Ok(vec![true; events.len()]), "{number}");
    }
}
