//! Whether two classes of times differ: Welch's t over the times as they are and cropped at many places, as dudect does
//! (Reparaz, Balasch, Verbauwhede: "Dude, is my code constant time?", 2017).

/// The time of one run of each class, nanoseconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Times {
    /// Candidates that are almost the secret.
    pub(crate) near: Vec<u64>,
    /// Candidates that are nothing like it.
    pub(crate) far: Vec<u64>,
}

/// Below so many times in each class a cropped sample says nothing.
const ENOUGH: usize = 30;
/// How many places to crop at.
const CROPS: i32 = 50;

impl Times {
    /// The largest |t| of all croppings. Interrupts make long times, which hide a difference of the short ones.
    pub(crate) fn largest_t(&self) -> f64 {
        let mut all: Vec<u64> = self.near.iter().chain(&self.far).copied().collect();
        all.sort_unstable();
        let places = (1..=CROPS).map(|step| 1.0 - 0.5_f64.powf(10.0 * f64::from(step) / f64::from(CROPS)));
        let cropped = places.filter_map(|share| all.get(place(all.len(), share)).and_then(|&longest| self.t_below(longest)));
        cropped.chain(self.t_below(u64::MAX)).map(f64::abs).fold(0.0, f64::max)
    }

    fn t_below(&self, longest: u64) -> Option<f64> {
        let (near, far) = (Sample::of(&self.near, longest), Sample::of(&self.far, longest));
        (near.count >= ENOUGH && far.count >= ENOUGH).then(|| near.t(&far))
    }

    /// The difference of the medians, nanoseconds: what an attacker would have to see.
    pub(crate) fn difference(&self) -> f64 {
        median(&self.near) - median(&self.far)
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a sample")]
fn place(length: usize, share: f64) -> usize {
    (length as f64 * share) as usize
}

#[allow(clippy::cast_precision_loss, reason = "nanoseconds of one comparison")]
fn median(times: &[u64]) -> f64 {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.get(times.len() / 2).map_or(0.0, |&time| time as f64)
}

/// Size, mean and variance of what is left of one class.
struct Sample {
    count: usize,
    mean: f64,
    variance: f64,
}

impl Sample {
    /// By Welford's method, which loses no digits.
    #[allow(clippy::cast_precision_loss, reason = "nanoseconds of one comparison")]
    fn of(times: &[u64], longest: u64) -> Sample {
        let (mut count, mut mean, mut squares) = (0_usize, 0.0, 0.0);
        for &time in times.iter().filter(|time| **time <= longest) {
            count += 1;
            let before = time as f64 - mean;
            mean += before / count as f64;
            squares += before * (time as f64 - mean);
        }
        Sample { count, mean, variance: squares / (count.max(2) - 1) as f64 }
    }

    #[allow(clippy::cast_precision_loss, reason = "the size of a sample")]
    fn t(&self, other: &Sample) -> f64 {
        let error = (self.variance / self.count as f64 + other.variance / other.count as f64).sqrt();
        let difference = self.mean - other.mean;
        if error > 0.0 { difference / error } else { difference * f64::MAX }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_is_what_the_formula_says() {
        let (left, right) = (Sample::of(&[2, 4, 4, 4, 5, 5, 7, 9], 9), Sample::of(&[1, 2, 3, 4, 5], 9));
        assert!((left.mean - 5.0).abs() < 1e-12 && (left.variance - 32.0 / 7.0).abs() < 1e-12);
        assert!((left.t(&right) - 2.0 / (4.0 / 7.0 + 0.5_f64).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn a_difference_hides_behind_interrupts_until_they_are_cropped() {
        let times = |base: u64| (0..4000).map(|i| if i % 10 == 0 { 1_000_000 * (1 + i % 7) } else { base + i % 5 }).collect::<Vec<_>>();
        let times = Times { near: times(103), far: times(100) };
        let uncropped = times.t_below(u64::MAX).unwrap_or(f64::MAX);
        assert!(uncropped.abs() < 4.5 && times.largest_t() > 50.0, "{uncropped} {}", times.largest_t());
    }

    #[test]
    fn equal_classes_do_not_differ() {
        let times: Vec<u64> = (0..1000).map(|i| 100 + i * 7919 % 13).collect();
        let times = Times { near: times.clone(), far: times };
        assert!(times.largest_t() < 1e-9 && times.difference().abs() < 1e-9);
    }
}
