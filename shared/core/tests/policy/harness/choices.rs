//! Enumerates every order of several futures, and every point at which one of them can end.

use std::collections::{BTreeMap, BTreeSet};
use std::task::{Context, Poll, Waker};

use super::executor::Strand;

/// The choices of one run. Each later run differs in at least one, until all are explored.
#[derive(Debug, Default)]
pub(crate) struct Choices {
    script: Vec<Choice>,
    at: usize,
}

#[derive(Debug)]
struct Choice {
    took: usize,
    of: usize,
}

/// The result of an exploration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Explored {
    /// The number of runs, all different.
    pub(crate) runs: usize,
    /// The most choices in one run.
    pub(crate) depth: usize,
}

impl Choices {
    /// Makes all runs.
    pub(crate) fn explore(mut run: impl FnMut(&mut Self)) -> Explored {
        let mut choices = Self::default();
        let mut explored = Explored { runs: 0, depth: 0 };
        loop {
            choices.at = 0;
            run(&mut choices);
            assert_eq!(
                choices.at,
                choices.script.len(),
                "a run must be deterministic"
            );
            explored.runs += 1;
            explored.depth = explored.depth.max(choices.at);
            if !choices.advance() {
                return explored;
            }
        }
    }

    /// Chooses one of this many options; a later run chooses another.
    pub(crate) fn choose(&mut self, of: usize) -> usize {
        if self.at == self.script.len() {
            self.script.push(Choice { took: 0, of });
        }
        let choice = &self.script[self.at];
        assert_eq!(choice.of, of, "a run must be deterministic");
        self.at += 1;
        choice.took
    }

    fn advance(&mut self) -> bool {
        while let Some(last) = self.script.last_mut() {
            last.took += 1;
            if last.took < last.of {
                return true;
            }
            self.script.pop();
        }
        false
    }

    /// Runs several futures within these bounds. After each port call any other future may
    /// continue. Returns the result of each future, or `None` if it died.
    pub(crate) fn run<T>(&mut self, strands: Vec<Strand<'_, T>>, bounds: Bounds) -> Vec<Option<T>> {
        let mut context = Context::from_waker(Waker::noop());
        let Bounds {
            mut deaths,
            mut switches,
        } = bounds;
        let mut ended: Vec<Option<T>> = strands.iter().map(|_| None).collect();
        let mut running: BTreeMap<usize, Strand<'_, T>> = strands.into_iter().enumerate().collect();
        // A future that dies before its first step equals one that never existed, so it is not
        // explored.
        let mut begun = BTreeSet::new();
        let mut last = None;
        while !running.is_empty() {
            let held = last.filter(|last| running.contains_key(last));
            let may_run = running
                .keys()
                .copied()
                .filter(|place| switches > 0 || held.is_none_or(|held| held == *place));
            let may_die = running
                .keys()
                .copied()
                .filter(|place| deaths > 0 && begun.contains(place));
            let options: Vec<_> = may_run
                .map(|place| (place, Event::Runs))
                .chain(may_die.map(|place| (place, Event::Dies)))
                .collect();
            let (place, outcome) = options[self.choose(options.len())];
            if outcome == Event::Dies {
                drop(running.remove(&place));
                deaths -= 1;
                continue;
            }
            if held.is_some_and(|held| held != place) {
                switches -= 1;
            }
            begun.insert(place);
            last = Some(place);
            if let Some(strand) = running.get_mut(&place)
                && let Poll::Ready(value) = strand.as_mut().poll(&mut context)
            {
                running.remove(&place);
                ended[place] = Some(value);
            }
        }
        ended
    }
}

/// The limits of an exploration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// The number of futures that may end between two of their calls, as when Lambda kills a
    /// process.
    pub(crate) deaths: usize,
    /// The number of times that another future may run while the present one could. Faults between
    /// parallel calls rarely need more than two such switches (Musuvathi and Qadeer 2007).
    pub(crate) switches: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Event {
    Runs,
    Dies,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes its name before each of its calls.
    async fn writer(name: char, calls: usize, wrote: &std::cell::RefCell<String>) {
        for _ in 0..calls {
            wrote.borrow_mut().push(name);
            let mut waits = true;
            std::future::poll_fn(|_| {
                if std::mem::take(&mut waits) {
                    Poll::Pending
                } else {
                    Poll::Ready(())
                }
            })
            .await;
        }
    }

    fn orders(calls: &[(char, usize)], bounds: Bounds) -> (Explored, BTreeSet<String>) {
        let mut seen = BTreeSet::new();
        let explored = Choices::explore(|choices| {
            let wrote = std::cell::RefCell::default();
            let strands = calls
                .iter()
                .map(|(name, calls)| Box::pin(writer(*name, *calls, &wrote)) as Strand<'_, ()>)
                .collect();
            choices.run(strands, bounds);
            seen.insert(wrote.take());
        });
        (explored, seen)
    }

    const NO_DEATH: Bounds = Bounds {
        deaths: 0,
        switches: usize::MAX,
    };

    #[test]
    fn every_order_of_two_futures_is_run_once() {
        // Two calls are three steps: 6! / (3! 3!) orders of steps.
        let (explored, seen) = orders(&[('a', 2), ('b', 2)], NO_DEATH);
        assert_eq!(explored, Explored { runs: 20, depth: 6 });
        let wanted = ["aabb", "abab", "abba", "baab", "baba", "bbaa"];
        assert_eq!(seen, wanted.map(str::to_owned).into());
    }

    #[test]
    fn every_point_of_death_is_explored() {
        let bounds = Bounds {
            deaths: 1,
            ..NO_DEATH
        };
        let (_, seen) = orders(&[('a', 3)], bounds);
        assert_eq!(seen, ["a", "aa", "aaa"].map(str::to_owned).into());
    }

    #[test]
    fn switches_stay_within_their_bound() {
        let bounds = Bounds {
            switches: 1,
            ..NO_DEATH
        };
        let (_, seen) = orders(&[('a', 2), ('b', 2)], bounds);
        assert_eq!(
            seen,
            ["aabb", "abba", "baab", "bbaa"].map(str::to_owned).into()
        );
    }
}
