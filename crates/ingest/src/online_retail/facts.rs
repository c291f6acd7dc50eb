//! What the rows say of products and customers beside what was bought: names, prices, countries.
//!
//! Of each the newest row's word holds. Two readings are put together by [`Facts::merge`], which takes
//! the greater of two words by one order of them all, so that it makes no difference in how many
//! readings, in what order, or how often the same rows were read.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use super::countries::zone_of;
use crate::ProductRef;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// By code, in capitals.
    pub products: BTreeMap<String, ProductFacts>,
    /// By the shop's id: the country a customer orders from.
    pub customers: BTreeMap<String, Word<String>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductFacts {
    pub name: Option<Word<String>>,
    pub price_minor: Option<Word<i64>>,
}

/// What a row says, and what it weighs. The greater word is the better one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Word<T> {
    /// Guests pay prices of a counter elsewhere; what customers pay says more about the shop's own.
    pub is_of_customer: bool,
    pub at: DateTime,
    /// Last, so that of two words of one minute one is the same each time.
    pub value: T,
}

impl Facts {
    /// Takes over what `other` knows better.
    pub fn merge(&mut self, other: &Self) {
        for (code, theirs) in &other.products {
            let ours = self.products.entry(code.clone()).or_default();
            // Nothing is less than any word.
            ours.name = ours.name.take().max(theirs.name.clone());
            ours.price_minor = ours.price_minor.max(theirs.price_minor);
        }
        for (customer, theirs) in &other.customers {
            let ours = self.customers.entry(customer.clone()).or_insert_with(|| theirs.clone());
            if *ours < *theirs {
                ours.clone_from(theirs);
            }
        }
    }

    /// The product under `code` as it is known here.
    pub fn product(&self, code: &str) -> ProductRef {
        let known = self.products.get(code);
        ProductRef {
            name: known.and_then(|it| Some(it.name.as_ref()?.value.clone())),
            price_minor: known.and_then(|it| Some(it.price_minor?.value)),
            ..ProductRef::of_code(code)
        }
    }

    /// A customer's country and time zone, if they are known here.
    pub fn home(&self, customer: &str) -> (Option<&str>, Option<&'static str>) {
        let country = self.customers.get(customer).map(|it| it.value.as_str());
        (country, country.and_then(zone_of))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn word<T>(is_of_customer: bool, day: i8, value: T) -> Word<T> {
        Word { is_of_customer, at: date(2010, 6, day).at(9, 0, 0, 0), value }
    }

    fn facts() -> impl Strategy<Value = Facts> {
        let row = ("[AB]", any::<bool>(), 1_i8..4, "[xy]", 1_i64..4, "[12]");
        prop::collection::vec(row, 0..6).prop_map(|rows| {
            let mut facts = Facts::default();
            for (code, is_of_customer, day, name, price, customer) in rows {
                let mut one = Facts::default();
                let product = ProductFacts {
                    name: Some(word(is_of_customer, day, name.clone())),
                    price_minor: Some(word(is_of_customer, day, price)),
                };
                one.products.insert(code, product);
                one.customers.insert(customer, word(true, day, name));
                facts.merge(&one);
            }
            facts
        })
    }

    #[test]
    fn the_newest_word_holds_and_a_customers_before_a_guests() {
        let mut facts = Facts::default();
        for (is_of_customer, day, price) in [(true, 2, 250), (true, 1, 240), (false, 3, 579)] {
            let price_minor = Some(word(is_of_customer, day, price));
            let product = ProductFacts { name: None, price_minor };
            facts.merge(&Facts {
                products: BTreeMap::from([("A".to_owned(), product)]),
                ..Facts::default()
            });
        }
        assert_eq!(facts.product("A").price_minor, Some(250));
        assert_eq!(facts.product("A").name, None);
        assert_eq!(facts.product("B"), ProductRef::of_code("B"));
    }

    proptest! {
        #[test]
        fn neither_order_nor_number_of_readings_matters(a in facts(), b in facts(), c in facts()) {
            let merged = |all: &[&Facts]| {
                let mut sum = Facts::default();
                all.iter().for_each(|it| sum.merge(it));
                sum
            };
            let one = merged(&[&a, &b, &c]);
            prop_assert_eq!(&one, &merged(&[&c, &b, &a]));
            prop_assert_eq!(&one, &merged(&[&b, &a, &b, &c, &a]));
        }
    }
}
