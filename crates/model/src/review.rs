//! A review: what a customer wrote about a product, with its rating.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{CustomerId, ProductId};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewState {
    /// Waits for an operator; appears nowhere.
    Pending,
    Approved,
    Declined,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// The store's number; 0 before it is stored.
    pub id: i64,
    pub product: ProductId,
    pub customer: Option<CustomerId>,
    /// 1 to 5.
    pub rating: u8,
    /// Verbatim. May be empty: a rating alone.
    pub text: String,
    /// Given name and initial, as shown: `Tomás R.`
    pub author: String,
    /// When they bought it, if that is known.
    pub bought_at: Option<Timestamp>,
    pub at: Timestamp,
    pub state: ReviewState,
}

/// What a source says of a review beside its stars and its text.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReviewDetails {
    /// The source's own id of it.
    pub id: Option<String>,
    pub title: Option<String>,
    /// The name under which it stands; a customer's own name where the source is silent.
    pub author: Option<String>,
    /// Whether the source shows it. Where it does not say, an operator decides.
    pub is_published: Option<bool>,
}

impl ReviewDetails {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The state of a review that comes in with these.
    pub fn state(&self) -> ReviewState {
        match self.is_published {
            Some(true) => ReviewState::Approved,
            Some(false) => ReviewState::Declined,
            None => ReviewState::Pending,
        }
    }
}

/// The author is a person: no name in logs.
impl fmt::Debug for ReviewDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, is_published, .. } = self;
        write!(f, "ReviewDetails {{ id: {id:?}, is_published: {is_published:?}, .. }}")
    }
}

/// How a product is rated by those who bought it; approved or not, every rating counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rating {
    /// How many gave 1, 2, 3, 4, 5.
    pub counts: [u32; 5],
}

impl Rating {
    pub fn add(&mut self, stars: u8) {
        if let 1..=5 = stars {
            self.counts[usize::from(stars) - 1] += 1;
        }
    }

    pub fn count(&self) -> u32 {
        self.counts.iter().sum()
    }

    /// The mean in tenths: 48 is 4.8. `None` without ratings.
    pub fn mean_tenths(&self) -> Option<u32> {
        let count = self.count();
        let sum: u32 = self.counts.iter().zip(1..).map(|(n, stars)| n * stars).sum();
        (count > 0).then(|| (sum * 10 + count / 2) / count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_rounded_to_a_tenth() {
        assert_eq!(Rating { counts: [0, 1, 2, 7, 54] }.mean_tenths(), Some(48));
        assert_eq!(Rating::default().mean_tenths(), None, "nobody rated it");
    }
}
