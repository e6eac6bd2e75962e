//! The figures for an operator, and the verdict on them.

use crate::deployment::FUNCTIONS;
use crate::statistics::{Comparison, Summary, ninetieth};
use crate::visit::{Channel, Class, Step};
use crate::{Figures, Samples};

/// The probability that a run without any difference fails. It is divided by the number of
/// comparisons (Bonferroni).
const CHANCE: f64 = 0.001;
/// The smallest difference that counts, in standard deviations: with a smaller one, an attacker needs
/// some 2,000 answers about one account, and the budgets give ten a day.
const LEAST_EFFECT: f64 = 0.1;
/// The names of the figures, in the order of [`Row::figures`].
const FIGURES: [&str; 3] = ["CPU", "wait", "calls"];

/// The name of a difference in status, headers or the shape of a body.
const SHAPE: &str = "its answer";

#[derive(Default)]
pub(crate) struct Found {
    /// The number of classes and steps that are distinguished, without the control.
    pub(crate) told: usize,
    /// True if the control is distinguished.
    pub(crate) control: bool,
}

/// One figure of two classes, by all values and by those below the ninetieth percentile.
struct Figure {
    mean: f64,
    difference: f64,
    comparisons: Vec<Comparison>,
}

impl Figure {
    /// Compares two samples twice: by all values, and by those below the ninetieth percentile of
    /// both, because the work of other programs shows above it.
    fn of(values: &[f64], with: &[f64]) -> Self {
        let most = ninetieth([values, with].into_iter());
        let compared = |trim: bool| {
            let [values, with] = [values, with].map(|values| {
                let kept = values.iter().filter(|value| !trim || **value < most);
                kept.copied().collect::<Vec<f64>>()
            });
            (values.len() > 1 && with.len() > 1)
                .then(|| Comparison::of(&Summary::of(&values), &Summary::of(&with)))
        };
        let mean = mean(values);
        Self {
            mean,
            difference: mean - self::mean(with),
            comparisons: [false, true].into_iter().filter_map(compared).collect(),
        }
    }

    /// The comparison with the larger t.
    fn further(&self) -> Comparison {
        let further = self
            .comparisons
            .iter()
            .max_by(|a, b| a.t.abs().total_cmp(&b.t.abs()));
        *further.expect("all values are compared")
    }

    /// Returns true if the difference is too large for chance, among so many comparisons.
    fn is_told(&self, comparisons: f64) -> bool {
        self.comparisons
            .iter()
            .any(|one| one.chance() * comparisons < CHANCE && one.effect.abs() > LEAST_EFFECT)
    }

    fn line(&self) -> String {
        let Comparison { t, effect, .. } = self.further();
        let Self {
            mean, difference, ..
        } = self;
        format!("{mean:6.0} {difference:+7.1} {t:7.2} {effect:6.3}")
    }
}

/// The reason why a comparison is shown and has no part in the verdict.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// Both classes are without an account, and their events differ.
    Event,
    /// The one more call for a disabled user (SECURITY.md), which must be seen.
    Control,
    /// Cognito itself answers, and names the account.
    Cognito,
}

impl Shown {
    const fn of(step: Step, class: Class) -> Option<Self> {
        match class {
            _ if step.is_answered_by_cognito() => Some(Self::Cognito),
            _ if class.has_long_events() => Some(Self::Event),
            Class::Disabled if matches!(step, Step::SignIn | Step::SlotSignIn) => {
                Some(Self::Control)
            }
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Event => "Cognito's event",
            Self::Control => "the control",
            Self::Cognito => "where Cognito itself answers",
        }
    }
}

/// A class at a step, compared with its baseline.
struct Row {
    step: Step,
    channel: Channel,
    class: Class,
    baseline: Class,
    number: usize,
    figures: [Figure; FIGURES.len()],
    by_function: String,
    shown: Option<Shown>,
    /// True if the answers have other shapes than those of the baseline.
    is_shaped: bool,
}

impl Row {
    fn of(samples: &Samples, step: Step, channel: Channel, class: Class) -> Option<Self> {
        let baseline = class.baseline(step);
        if class == baseline {
            return None;
        }
        let figures = samples.get(&(step, channel, class))?;
        let with = samples.get(&(step, channel, baseline))?;
        let by_function: Vec<String> = FUNCTIONS
            .iter()
            .zip(figures.cpu.iter().zip(&with.cpu))
            .take(step.awaits())
            .map(|(name, (of, with))| (name, mean(of), mean(with)))
            .filter(|(_, of, with)| of + with > 0.0)
            .map(|(name, of, with)| format!("{name} {:+.1}", of - with))
            .collect();
        Some(Self {
            step,
            channel,
            class,
            baseline,
            number: figures.wait.len(),
            figures: [
                Figure::of(&together(figures, step), &together(with, step)),
                Figure::of(&figures.wait, &with.wait),
                Figure::of(&figures.calls, &with.calls),
            ],
            by_function: by_function.join(", "),
            shown: Shown::of(step, class),
            is_shaped: figures.shapes != with.shapes,
        })
    }

    fn comparisons(&self) -> usize {
        self.figures.iter().map(|one| one.comparisons.len()).sum()
    }

    /// The figures that tell the class apart.
    fn told(&self, comparisons: f64) -> Vec<&'static str> {
        let told = FIGURES.iter().zip(&self.figures);
        let told = told.filter(|(_, figure)| figure.is_told(comparisons));
        told.map(|(name, _)| *name)
            .chain(self.is_shaped.then_some(SHAPE))
            .collect()
    }

    fn print(&self, told: &[&str]) {
        let [cpu, wait, calls] = &self.figures;
        let told = match (told, self.shown) {
            ([], _) => String::new(),
            (told, Some(shown)) => format!(" {}: {}", told.join(", "), shown.name()),
            (told, None) => format!(" TOLD APART by {}", told.join(", ")),
        };
        println!(
            "  {:17} {:12} {:6} | {} | {} | {:5.2}{told}",
            self.class.name(),
            self.baseline.name(),
            self.number,
            cpu.line(),
            wait.line(),
            calls.mean,
        );
        println!("  {:17} {}", "", self.by_function);
    }
}

fn mean(values: &[f64]) -> f64 {
    Summary::of(values).mean
}

/// The CPU time of the functions that the answer waits for, visitor by visitor.
fn together(figures: &Figures, step: Step) -> Vec<f64> {
    let awaited = &figures.cpu[..step.awaits()];
    (0..figures.wait.len())
        .map(|visitor| awaited.iter().map(|all| all[visitor]).sum())
        .collect()
}

pub(crate) fn print(samples: &Samples) -> Found {
    let mut rows = Vec::new();
    for step in Step::ALL {
        for channel in Channel::ALL {
            let classes = Class::ALL.into_iter();
            rows.extend(classes.filter_map(|class| Row::of(samples, step, channel, class)));
        }
    }
    let judged = rows.iter().filter(|row| row.shown.is_none());
    let comparisons: usize = judged.map(Row::comparisons).sum();
    println!(
        "
How to read it: each class is compared with visitors without an account, whose Cognito events
are as long (\"against\"). CPU is the time inside the functions, in µs; wait is the caller's time
without the stand-ins' own, in µs; calls are those of the functions to Cognito and the table.
diff is the difference of the means; t is Welch's, d Cohen's, of all values or of those below
the ninetieth percentile, whichever t is larger. Told apart: |d| > {LEAST_EFFECT}, and a t that
chance gives with a probability below {CHANCE} / {comparisons}, the number of comparisons.
The second line of a class is its CPU difference by function."
    );
    #[expect(clippy::cast_precision_loss, reason = "some hundreds")]
    let comparisons = comparisons as f64;
    let mut found = Found::default();
    let mut last = None;
    for row in &rows {
        let at = (row.step, row.channel);
        if last != Some(at) {
            heading(samples, row.step, row.channel);
            last = Some(at);
        }
        let told = row.told(comparisons);
        row.print(&told);
        match row.shown {
            None => found.told += usize::from(!told.is_empty()),
            // An answer of our own has one shape, whatever Cognito's event or its one more call is.
            _ if row.is_shaped => found.told += 1,
            Some(Shown::Control) => found.control |= !told.is_empty(),
            Some(Shown::Event | Shown::Cognito) => {}
        }
    }
    largest(&rows);
    found
}

fn heading(samples: &Samples, step: Step, channel: Channel) {
    println!("\n{}, {}", step.name(), channel.name());
    println!(
        "  {:17} {:12}      n |    CPU    diff       t      d |   wait    diff       t      d | calls",
        "class", "against"
    );
    if let Some(figures) = samples.get(&(step, channel, Class::NoAccount)) {
        println!(
            "  {:17} {:12} {:6} | {:6.0} {:23}| {:6.0} {:23}| {:5.2}",
            Class::NoAccount.name(),
            "",
            figures.wait.len(),
            mean(&together(figures, step)),
            "",
            mean(&figures.wait),
            "",
            mean(&figures.calls),
        );
    }
}

/// Prints the largest t and d of each class, of the comparisons that the verdict depends on.
fn largest(rows: &[Row]) {
    println!("\nLargest |t| and |d| of each class");
    for class in Class::ALL {
        let of_class = rows
            .iter()
            .filter(|row| row.class == class && row.shown.is_none());
        let figures = of_class.flat_map(|row| {
            let named = FIGURES.iter().zip(&row.figures);
            named.flat_map(move |(name, figure)| {
                let comparisons = figure.comparisons.iter();
                comparisons.map(move |one| (one, row.step, row.channel, *name))
            })
        });
        let most = |of: fn(&Comparison) -> f64| {
            figures
                .clone()
                .max_by(|a, b| of(a.0).abs().total_cmp(&of(b.0).abs()))
        };
        for (name, of) in [
            ("t", (|one: &Comparison| one.t) as fn(&Comparison) -> f64),
            ("d", |one: &Comparison| one.effect),
        ] {
            if let Some((one, step, channel, figure)) = most(of) {
                println!(
                    "  {:17} {name} {:7.3}  {}, {}, by {figure}",
                    class.name(),
                    of(one),
                    step.name(),
                    channel.name()
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many values around a mean, one apart.
    fn around(mean: f64, number: u32) -> Vec<f64> {
        let offset = f64::from(number - 1) / 2.0;
        (0..number).map(|n| mean + f64::from(n) - offset).collect()
    }

    #[test]
    fn a_difference_counts_if_it_is_large_and_no_chance() {
        // Standard deviations of 289, so that 58 is an effect of 0.2, with a t of 4.5 or 1.4.
        let far = around(58.0, 1000);
        let near = around(20.0, 1000);
        let none = around(0.0, 1000);
        assert!(Figure::of(&far, &none).is_told(100.0));
        assert!(!Figure::of(&far, &none).is_told(1e9), "one in so many");
        assert!(!Figure::of(&near, &none).is_told(1.0), "small");
        assert!(!Figure::of(&none, &none).is_told(1.0));
    }

    #[test]
    fn another_number_of_calls_counts() {
        let [eight, nine] = [8.0, 9.0].map(|calls| vec![calls; 20]);
        assert!(Figure::of(&nine, &eight).is_told(1e6));
        assert!(!Figure::of(&eight, &eight).is_told(1e6));
    }
}
