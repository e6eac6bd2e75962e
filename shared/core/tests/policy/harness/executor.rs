//! Minimal executors: one future to its end, or several in a given order.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

/// The maximum number of steps of a future in these tests.
const MAX_STEPS: usize = 10_000;

/// Runs a future to its end.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..MAX_STEPS {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
    panic!("the future never completes");
}

/// A future among several.
pub(crate) type Strand<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Runs several futures. After each port call another one continues, in an order that the seed
/// determines.
pub(crate) fn interleaved<T>(seed: u64, strands: Vec<Strand<'_, T>>) -> Vec<T> {
    let mut order = seed;
    in_order(strands, |running| {
        // Knuth's MMIX generator. Any order is suitable if it is reproducible.
        order = order
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(order >> 33).unwrap() % running
    })
}

/// Runs several futures, each one step in turn.
pub(crate) fn in_turn<T>(strands: Vec<Strand<'_, T>>) -> Vec<T> {
    let mut step = 0;
    in_order(strands, |running| {
        step += 1;
        step % running
    })
}

fn in_order<T>(strands: Vec<Strand<'_, T>>, mut next: impl FnMut(usize) -> usize) -> Vec<T> {
    let mut context = Context::from_waker(Waker::noop());
    let mut ended = Vec::new();
    let mut running: Vec<_> = strands.into_iter().enumerate().collect();
    for _ in 0..MAX_STEPS {
        if running.is_empty() {
            break;
        }
        let at = next(running.len());
        if let Poll::Ready(value) = running[at].1.as_mut().poll(&mut context) {
            ended.push((running.remove(at).0, value));
        }
    }
    assert!(running.is_empty(), "a future never completes");
    ended.sort_by_key(|(place, _)| *place);
    ended.into_iter().map(|(_, value)| value).collect()
}
