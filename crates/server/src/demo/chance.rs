//! Where the sample shop's chance comes from: streams keyed by seed, purpose, customer and number.
//!
//! A draw depends on nothing but its key, so a run gives the same shop and the same answers in
//! whatever order it is asked. Only `+ - * /` touch the numbers: logarithms differ between machines.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a stream is for; streams of two purposes never meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Person = 1,
    /// One pair of numbers for each day: does the customer order, do they look around.
    Day = 2,
    Order = 3,
    Visit = 4,
    Guest = 5,
    Review = 6,
    Answer = 7,
    Coupon = 8,
}

/// The seed of a sample shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chance {
    pub seed: u64,
}

impl Chance {
    /// The stream for the `number`-th thing of its purpose that happens to `customer`.
    pub fn stream(self, purpose: Purpose, customer: usize, number: i64) -> Stream {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&self.seed.to_le_bytes());
        key[8..16].copy_from_slice(&(purpose as u64).to_le_bytes());
        key[16..24].copy_from_slice(&(customer as u64).to_le_bytes());
        key[24..].copy_from_slice(&number.to_le_bytes());
        Stream(ChaCha8Rng::from_seed(key))
    }
}

/// A stream of draws.
#[derive(Clone, Debug)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// At least 0, below 1.
    pub fn share(&mut self) -> f64 {
        // 53 bits: as many as a share can tell apart.
        (self.0.random::<u64>() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn is(&mut self, probability: f64) -> bool {
        self.share() < probability
    }

    /// At least `low`, at most `high`.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        self.0.random_range(low..=high)
    }

    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.0.random_range(0..of.len() as u64) as usize]
    }

    /// One of `of`, as likely as its weight says; `None` if nothing has weight.
    pub fn weighted<T: Copy>(&mut self, of: &[(T, u32)]) -> Option<T> {
        let sum: u64 = of.iter().map(|it| u64::from(it.1)).sum();
        if sum == 0 {
            return None;
        }
        let mut left = self.0.random_range(0..sum);
        for (value, weight) in of {
            if left < u64::from(*weight) {
                return Some(*value);
            }
            left -= u64::from(*weight);
        }
        unreachable!("what is left is below the sum of the weights")
    }

    /// A draw from the distribution whose evenly spaced quantiles are `quantiles`.
    pub fn quantile(&mut self, quantiles: &[f64]) -> f64 {
        let place = self.share() * (quantiles.len() - 1) as f64;
        let low = place as usize;
        quantiles[low] + (quantiles[low + 1] - quantiles[low]) * (place - low as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_depends_on_its_key_alone() {
        let chance = Chance { seed: 7 };
        let first = |purpose, customer, number| chance.stream(purpose, customer, number).share();
        assert_eq!(first(Purpose::Order, 3, 5), first(Purpose::Order, 3, 5));
        assert_ne!(first(Purpose::Order, 3, 5), first(Purpose::Visit, 3, 5), "another purpose");
        assert_ne!(first(Purpose::Order, 3, 5), first(Purpose::Order, 4, 5), "another customer");
        assert_ne!(first(Purpose::Order, 3, 5), first(Purpose::Order, 3, 6), "another number");
        assert_ne!(
            first(Purpose::Order, 3, 5),
            Chance { seed: 8 }.stream(Purpose::Order, 3, 5).share(),
            "another seed"
        );
    }

    #[test]
    fn weights_and_quantiles_hold() {
        let mut stream = Chance { seed: 1 }.stream(Purpose::Guest, 0, 0);
        let picks = (0..4_000).filter(|_| stream.weighted(&[('a', 1), ('b', 3)]) == Some('b'));
        assert!((2_850..3_150).contains(&picks.count()), "about three in four");
        assert_eq!(stream.weighted(&[('a', 0)]), None, "nothing has weight");
        let draws = (0..4_000).filter(|_| stream.quantile(&[0.0, 1.0, 10.0]) < 1.0);
        assert!((1_850..2_150).contains(&draws.count()), "half below the median");
    }
}
