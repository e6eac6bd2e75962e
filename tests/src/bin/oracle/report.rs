//! The figures as an operator reads them, and what they show.

use crate::deployment::FUNCTIONS;
use crate::statistics::{Comparison, Summary, ninetieth};
use crate::visit::{Channel, Class, Step};
use crate::{Figures, Samples};

/// A difference is told if Welch's |t| is above this: chance alone does so once in 150,000
/// comparisons. Tests of chips for such leaks use the same number.
const MOST_T: f64 = 4.5;
/// And if it is above this in standard deviations: below, an attacker needs some 2,000 answers about
/// one account, and the budgets give ten a day.
const MOST_EFFECT: f64 = 0.1;

#[derive(Default)]
pub(crate) struct Found {
    /// Comparisons that tell an account apart, without the one that must.
    pub(crate) told: usize,
    /// Whether the one that must does.
    pub(crate) control: bool,
}

/// One figure of two classes.
struct Judged {
    mean: f64,
    difference: f64,
    /// Of all values, or of those below the ninetieth percentile: the further one.
    further: Comparison,
    is_told: bool,
}

/// Compares two samples twice: by all values, and by those below the ninetieth percentile of both,
/// for what other programs do shows above it.
fn judged(of: &[f64], with: &[f64]) -> Judged {
    let most = ninetieth([of, with].into_iter());
    let compared = |trim: bool| {
        let [of, with] = [of, with].map(|values| {
            let kept = values.iter().filter(|value| !trim || **value < most);
            kept.copied().collect::<Vec<f64>>()
        });
        (of.len() > 1 && with.len() > 1)
            .then(|| Comparison::of(&Summary::of(&of), &Summary::of(&with)))
    };
    let both: Vec<Comparison> = [false, true].into_iter().filter_map(compared).collect();
    let is_told = |one: &Comparison| one.t.abs() > MOST_T && one.effect.abs() > MOST_EFFECT;
    let further = both.iter().max_by(|a, b| a.t.abs().total_cmp(&b.t.abs()));
    let mean = Summary::of(of).mean;
    Judged {
        mean,
        difference: mean - Summary::of(with).mean,
        further: *further.expect("all values are compared"),
        is_told: both.iter().any(is_told),
    }
}

/// The CPU time of the functions that the answer waits for, visitor by visitor.
fn together(figures: &Figures, step: Step) -> Vec<f64> {
    let awaited = &figures.cpu[..step.awaits()];
    (0..figures.wait.len())
        .map(|visitor| awaited.iter().map(|all| all[visitor]).sum())
        .collect()
}

pub(crate) fn print(samples: &Samples) -> Found {
    println!("
How to read it: each class is compared with visitors without an account, whose Cognito events
are as long (\"against\"). CPU is the time inside the functions, in µs; wait is the caller's time
without the stand-ins' own, in µs; calls are those of the functions to Cognito and the table.
diff is the difference of the means; t is Welch's, d Cohen's, of all values or of those below
the ninetieth percentile, whichever t is further. Told apart: |t| > {MOST_T} and |d| > {MOST_EFFECT}.
The last line of a class is its CPU difference by function.");
    let mut found = Found::default();
    for step in Step::ALL {
        for channel in Channel::ALL {
            of_step(samples, step, channel, &mut found);
        }
    }
    found
}

fn of_step(samples: &Samples, step: Step, channel: Channel, found: &mut Found) {
    let of = |class| samples.get(&(step, channel, class));
    let Some(nobody) = of(Class::Nobody) else {
        return;
    };
    println!("\n{}, {}", step.name(), channel.name());
    println!(
        "  {:21} {:21}      n |    CPU    diff       t      d |   wait    diff       t      d | calls",
        "class", "against"
    );
    let mean = |values: &[f64]| Summary::of(values).mean;
    println!(
        "  {:21} {:21} {:6} | {:6.0} {:23}| {:6.0} {:23}| {:5.2}",
        Class::Nobody.name(),
        "",
        nobody.wait.len(),
        mean(&together(nobody, step)),
        "",
        mean(&nobody.wait),
        "",
        mean(&nobody.calls),
    );
    for class in Class::ALL {
        let baseline = class.baseline(step);
        let (Some(figures), Some(with)) = (of(class), of(baseline)) else {
            continue;
        };
        if class == Class::Nobody {
            continue;
        }
        let cpu = judged(&together(figures, step), &together(with, step));
        let wait = judged(&figures.wait, &with.wait);
        let calls = judged(&figures.calls, &with.calls);
        let shown = |judged: &Judged| {
            let Judged {
                mean,
                difference,
                further,
                ..
            } = judged;
            format!(
                "{mean:6.0} {difference:+7.1} {:7.2} {:6.3}",
                further.t, further.effect
            )
        };
        let told: Vec<&str> = [("CPU", &cpu), ("wait", &wait), ("calls", &calls)]
            .into_iter()
            .filter(|(_, judged)| judged.is_told)
            .map(|(name, _)| name)
            .collect();
        // SECURITY.md names both.
        let excuse = match class {
            Class::NobodyLongEvent | Class::NobodyLongerEvent => Some("Cognito's event"),
            Class::Disabled if step == Step::SignIn => Some("the one more call, as documented"),
            _ if step.is_answered_by_cognito() => Some("where Cognito itself answers"),
            _ => None,
        };
        let says = match (told.is_empty(), excuse) {
            (true, _) => String::new(),
            (false, Some(excuse)) => format!(" {}: {excuse}", told.join(", ")),
            (false, None) => format!(" TOLD APART by {}", told.join(", ")),
        };
        println!(
            "  {:21} {:21} {:6} | {} | {} | {:5.2}{says}",
            class.name(),
            baseline.name(),
            figures.wait.len(),
            shown(&cpu),
            shown(&wait),
            calls.mean,
        );
        let by_function: Vec<String> = FUNCTIONS
            .iter()
            .zip(figures.cpu.iter().zip(&with.cpu))
            .take(step.awaits())
            .map(|(name, (of, with))| (name, mean(of), mean(with)))
            .filter(|(_, of, with)| of + with > 0.0)
            .map(|(name, of, with)| format!("{name} {:+.1}", of - with))
            .collect();
        println!("  {:21} {}", "", by_function.join(", "));
        found.control |= !told.is_empty() && class == Class::Disabled && step == Step::SignIn;
        found.told += usize::from(!told.is_empty() && excuse.is_none());
    }
}
