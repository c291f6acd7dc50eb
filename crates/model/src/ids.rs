//! Ids: numbers for what we create, text for what the shop or an operator names.
//!
//! A customer's number carries the customer's bucket in its low eight bits, and so do the numbers
//! of the customer's enrolments and messages. Every table of customers' things leads with the
//! bucket, so from any of these ids alone its row is found in its partition.

use std::{fmt, hash::Hasher};

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher24;

/// One of 256 shares of the customers, fixed when a customer is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bucket(pub u8);

macro_rules! bucketed_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl $name {
            /// The `serial`-th id of its kind in `bucket`.
            pub fn in_bucket(serial: u64, bucket: Bucket) -> Self {
                let serial = i64::try_from(serial).expect("serials count up from 1");
                Self((serial << 8) | i64::from(bucket.0))
            }

            pub fn bucket(self) -> Bucket {
                Bucket((self.0 & 0xff) as u8)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::num::ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

bucketed_id! {
    /// A person the shop can name by an identifier.
    CustomerId
}
bucketed_id! {
    /// One customer's passage through one version of a flow; in the customer's bucket.
    EnrolmentId
}
bucketed_id! {
    /// One email to one customer; in the customer's bucket.
    MessageId
}

impl CustomerId {
    /// The id of the `serial`-th customer. The bucket is a keyed hash of the serial, so that nobody
    /// outside can choose to crowd one bucket.
    pub fn new(serial: u64, bucket_key: &[u8; 16]) -> Self {
        let mut hasher = SipHasher24::new_with_key(bucket_key);
        hasher.write_u64(serial);
        Self::in_bucket(serial, Bucket((hasher.finish() & 0xff) as u8))
    }
}

/// A product, numbered densely from 0 in the order the store first saw them, so that arrays can be
/// indexed by it. The shop's own code is [`crate::Product::code`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProductId(pub u32);

impl ProductId {
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Why a text cannot be an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    #[error("the {kind} is empty; give it 1 to {max} characters")]
    Empty { kind: &'static str, max: usize },
    #[error("{kind} `{text}` is longer than {max} characters; shorten it")]
    TooLong { kind: &'static str, text: String, max: usize },
    #[error("{kind} `{text}` has a character other than a to z, 0 to 9 and `-`; rename it")]
    NotASlug { kind: &'static str, text: String },
}

fn check_length(kind: &'static str, text: &str, max: usize) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty { kind, max });
    }
    if text.chars().count() > max {
        let text = text.chars().take(max).collect();
        return Err(IdError::TooLong { kind, text, max });
    }
    Ok(())
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $max:literal, $is_slug:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                check_length($kind, &text, $max)?;
                let is_plain =
                    |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
                if $is_slug && !text.chars().all(is_plain) {
                    return Err(IdError::NotASlug { kind: $kind, text });
                }
                Ok(Self(text))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id! {
    /// An order, as the shop's platform names it. Never forgotten: it makes orders idempotent
    /// across sources.
    OrderId, "order id", 200, false
}
text_id! {
    /// A flow's name in files and addresses, such as `upsell-cross-sell`.
    FlowId, "flow id", 64, true
}
text_id! {
    /// A step's name within its flow, such as `discount`.
    StepId, "step id", 64, true
}
text_id! {
    /// A segment's name in files and addresses.
    SegmentId, "segment id", 64, true
}
text_id! {
    /// A list's name in files and addresses.
    ListId, "list id", 64, true
}
text_id! {
    /// An email template's name in files and addresses, such as `offer`.
    TemplateId, "template id", 64, true
}
text_id! {
    /// A coupon pool's name, such as `next10`.
    PoolId, "pool id", 64, true
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn errors_say_how_to_mend_the_id() {
        let refused = |text: &str| FlowId::new(text).unwrap_err().to_string();
        assert_snapshot!(refused(""), @"the flow id is empty; give it 1 to 64 characters");
        assert_snapshot!(
            refused("Up sell"),
            @"flow id `Up sell` has a character other than a to z, 0 to 9 and `-`; rename it"
        );
        assert!(OrderId::new("#1001/a").is_ok(), "the shop's own order names are kept as they are");
        assert!(OrderId::new("x".repeat(201)).is_err(), "but not without end");
    }

    proptest! {
        #[test]
        fn an_id_knows_its_bucket(serial in 1_u64..1 << 50, key: [u8; 16]) {
            let customer = CustomerId::new(serial, &key);
            let enrolment = EnrolmentId::in_bucket(serial, customer.bucket());
            prop_assert_eq!(enrolment.bucket(), customer.bucket());
            prop_assert_eq!(customer.0 >> 8, serial as i64);
        }
    }

    #[test]
    fn buckets_are_filled_evenly() {
        let mut counts = [0_u32; 256];
        for serial in 1..=25_600 {
            counts[usize::from(CustomerId::new(serial, &[7; 16]).bucket().0)] += 1;
        }
        assert!(counts.iter().all(|&it| (50..200).contains(&it)), "about 100 each");
    }
}
