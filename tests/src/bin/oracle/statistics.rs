//! Comparison of the means of two samples: Welch's t test, and Cohen's d as the size of the effect.
//!
//! Few lines, checked against figures of R below; a crate for them would bring distributions,
//! matrices and random numbers along.

/// Mean and spread of one sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Summary {
    /// The number of values.
    pub(crate) number: usize,
    /// The mean.
    pub(crate) mean: f64,
    /// The unbiased estimate of the variance.
    pub(crate) variance: f64,
}

impl Summary {
    /// Of at least two values.
    pub(crate) fn of(values: &[f64]) -> Self {
        let number = float(values.len());
        let mean = values.iter().sum::<f64>() / number;
        let squares = values.iter().map(|value| (value - mean).powi(2));
        Self {
            number: values.len(),
            mean,
            variance: squares.sum::<f64>() / (number - 1.0),
        }
    }

    /// The square of the standard error of the mean.
    fn error(&self) -> f64 {
        self.variance / float(self.number)
    }
}

/// The comparison of two samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Comparison {
    /// Welch's t.
    pub(crate) t: f64,
    /// Its degrees of freedom, by Welch and Satterthwaite.
    pub(crate) freedom: f64,
    /// Cohen's d: the difference of the means in pooled standard deviations.
    pub(crate) effect: f64,
}

impl Comparison {
    /// Compares one sample with another. Two that do not vary are equal, or differ beyond all
    /// bounds.
    pub(crate) fn of(one: &Summary, other: &Summary) -> Self {
        let difference = one.mean - other.mean;
        if one.variance + other.variance == 0.0 {
            let beyond = match difference {
                0.0 => 0.0,
                _ => f64::INFINITY.copysign(difference),
            };
            return Self {
                t: beyond,
                freedom: float(one.number + other.number) - 2.0,
                effect: beyond,
            };
        }
        let (a, b) = (one.error(), other.error());
        let (free_a, free_b) = (float(one.number) - 1.0, float(other.number) - 1.0);
        let pooled = free_a.mul_add(one.variance, free_b * other.variance) / (free_a + free_b);
        Self {
            t: difference / (a + b).sqrt(),
            freedom: (a + b).powi(2) / (a.powi(2) / free_a + b.powi(2) / free_b),
            effect: difference / pooled.sqrt(),
        }
    }

    /// Returns the probability that chance alone gives a |t| as large, by Wallace's approximation of
    /// Student's distribution.
    pub(crate) fn chance(&self) -> f64 {
        let Self { t, freedom, .. } = *self;
        if t.is_infinite() {
            return 0.0;
        }
        let scale = 8.0_f64.mul_add(freedom, 1.0) / 8.0_f64.mul_add(freedom, 3.0);
        2.0 * tail(scale * (freedom * (t * t / freedom).ln_1p()).sqrt())
    }
}

/// Returns the probability of a normal deviate above `z`, by Laplace's continued fraction: to four
/// digits where it is below a tenth.
fn tail(z: f64) -> f64 {
    let density = (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let fraction = (1..=100).rev().fold(z, |below, n| z + f64::from(n) / below);
    (density / fraction).min(0.5)
}

/// The ninetieth percentile of all these values.
pub(crate) fn ninetieth<'a>(all: impl Iterator<Item = &'a [f64]>) -> f64 {
    let mut sorted: Vec<f64> = all.flatten().copied().collect();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() * 9 / 10]
}

fn float(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(is: f64, wanted: f64) {
        assert!((is - wanted).abs() < 5e-4, "{is} is not {wanted}");
    }

    /// Student's own data, `sleep` of R: `t.test(extra ~ group, data = sleep)` prints t = -1.8608,
    /// df = 17.776, means 0.75 and 2.33.
    #[test]
    fn the_comparison_of_students_sleep_data_is_that_of_r() {
        let one = Summary::of(&[0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]);
        let other = Summary::of(&[1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]);
        near(one.mean, 0.75);
        near(other.mean, 2.33);
        let compared = Comparison::of(&one, &other);
        near(compared.t, -1.8608);
        near(compared.freedom, 17.7765);
        // -1.58 / sqrt((1.789010^2 + 2.002249^2) / 2)
        near(compared.effect, -0.8322);
    }

    /// The figures are integrals of Student's density.
    #[test]
    fn the_probability_of_a_t_is_that_of_students_distribution() {
        for (t, freedom, wanted) in [
            (1.96, 1e9, 0.049_996),
            (-4.5, 4000.0, 6.988e-6),
            (4.5, 38.0, 6.243e-5),
            (5.5, 1e9, 3.798e-8),
        ] {
            let effect = 0.0;
            let is = Comparison { t, freedom, effect }.chance();
            assert!((is / wanted - 1.0).abs() < 0.01, "{is} is not {wanted}");
        }
        let [t, effect] = [f64::INFINITY; 2];
        let freedom = 1.0;
        assert!(Comparison { t, freedom, effect }.chance() <= 0.0);
        let t = 0.0;
        assert!(Comparison { t, freedom, effect }.chance() >= 1.0);
    }

    #[test]
    fn samples_of_unequal_size_and_spread_compare_as_welch_says() {
        let one = Summary::of(&[1.0, 2.0, 3.0, 4.0, 5.0]);
        let other = Summary::of(&[2.0, 4.0, 6.0, 8.0]);
        near(one.variance, 2.5);
        near(other.variance, 6.6667);
        let compared = Comparison::of(&one, &other);
        // -2 / sqrt(0.5 + 1.666667), and 2.166667^2 / (0.5^2 / 4 + 1.666667^2 / 3).
        near(compared.t, -1.3587);
        near(compared.freedom, 4.7494);
        near(compared.effect, -0.9661);
    }

    #[test]
    fn samples_without_variance_are_equal_or_infinitely_apart() {
        let [five, six] = [5.0, 6.0].map(|value| Summary::of(&[value; 4]));
        let same = Comparison::of(&five, &five);
        assert_eq!((same.t, same.effect), (0.0, 0.0));
        let compared = Comparison::of(&five, &six);
        let infinity = f64::NEG_INFINITY;
        assert_eq!((compared.t, compared.effect), (infinity, infinity));
    }

    #[test]
    fn nine_in_ten_samples_are_below_the_ninetieth_percentile() {
        let low: Vec<f64> = (0..50).map(f64::from).collect();
        let high: Vec<f64> = (50..100).map(f64::from).collect();
        near(ninetieth([&low[..], &high[..]].into_iter()), 90.0);
    }
}
