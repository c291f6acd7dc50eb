//! Which column of a file is which field: guessed from the header, corrected by people, kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    fields::{Field, Kind, plain},
    formats::Format,
};

/// What a column's values become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Field(Field),
    /// A fact about the customer, under this name.
    Attribute(String),
    /// A detail of the event, under this name.
    Property(String),
}

/// One column of a file's header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    /// What it becomes, as [`Target`] is written; `None` is passed over.
    pub target: Option<String>,
}

/// The columns of one shape of file, each with what it becomes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping {
    pub kind: Kind,
    #[serde(default)]
    pub format: Option<Format>,
    pub columns: Vec<Column>,
}

/// Why a mapping cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    #[error("`{text}` maps nothing; write it as `Column=field`")]
    NoPair { text: String },
    #[error("there is no column `{column}`; the file has {}", listed(.columns))]
    NoColumn { column: String, columns: Vec<String> },
    #[error("{kind} have no field `{field}`; choose one of {}", listed(&names_of(*.kind)))]
    NoField { field: String, kind: Kind },
    #[error(
        "no column is {}; the file has {}; say which it is with --map 'Column={}'",
        listed(.any_of), listed(.columns), .any_of[0]
    )]
    Missing { any_of: Vec<String>, columns: Vec<String> },
    #[error(
        "the columns `{first}` and `{second}` are both `{field}`; say --map '{second}=-' to pass one over"
    )]
    Twice { first: String, second: String, field: String },
}

impl Target {
    pub fn parse(text: &str, kind: Kind) -> Result<Self, MappingError> {
        let text = text.trim();
        let no_field = || MappingError::NoField { field: text.to_owned(), kind };
        match text.split_once(':') {
            Some(("attribute", name)) if kind == Kind::Customers && !name.is_empty() => {
                Ok(Self::Attribute(name.to_owned()))
            }
            Some(("property", name)) if kind == Kind::Events && !name.is_empty() => {
                Ok(Self::Property(name.to_owned()))
            }
            Some(_) => Err(no_field()),
            None => {
                let is_of_kind = |it: &Field| kind.fields().iter().any(|(field, _)| field == it);
                Field::named(text).filter(is_of_kind).map(Self::Field).ok_or_else(no_field)
            }
        }
    }

    pub fn text(&self) -> String {
        match self {
            Self::Field(field) => field.name().to_owned(),
            Self::Attribute(name) => format!("attribute:{name}"),
            Self::Property(name) => format!("property:{name}"),
        }
    }
}

impl Mapping {
    /// What the names of the columns say.
    pub fn guess(kind: Kind, header: &[String]) -> Self {
        Self::guess_in(kind, header, Format::of_header(kind, header))
    }

    /// What the names of the columns say in a format that is known.
    pub fn guess_in(kind: Kind, header: &[String], format: Option<Format>) -> Self {
        let names: Vec<String> = header.iter().map(|it| plain(it)).collect();
        let mut targets: Vec<Option<Target>> = vec![None; header.len()];
        let mut take = |field: Field, synonyms: &[&str]| {
            for synonym in synonyms {
                let at = names.iter().position(|it| it == synonym);
                if let Some(at) = at.filter(|at| targets[*at].is_none()) {
                    targets[at] = Some(Target::Field(field));
                    return;
                }
            }
        };
        let own = format.map(Format::columns).unwrap_or_default();
        for (field, name) in own {
            take(*field, &[name]);
        }
        for (field, synonyms) in kind.fields() {
            if !own.iter().any(|(it, _)| it == field) {
                take(*field, synonyms);
            }
        }
        if kind == Kind::Events {
            // An event is whatever the shop says it is: its other columns are its details.
            for (at, name) in header.iter().enumerate() {
                let is_first = header[..at].iter().all(|it| it != name);
                if targets[at].is_none() && is_first && !name.trim().is_empty() {
                    targets[at] = Some(Target::Property(name.trim().to_owned()));
                }
            }
        }
        let columns = header.iter().zip(targets).map(|(name, target)| Column {
            name: name.clone(),
            target: target.map(|it| it.text()),
        });
        Self { kind, format, columns: columns.collect() }
    }

    /// Takes over a correction: `Column=field`, `Column=attribute:name`, or `Column=-` to pass it over.
    pub fn correct(&mut self, pair: &str) -> Result<(), MappingError> {
        let (column, target) =
            pair.rsplit_once('=').ok_or_else(|| MappingError::NoPair { text: pair.to_owned() })?;
        self.set(column.trim(), target)
    }

    /// Takes over several corrections, by column.
    pub fn correct_all(&mut self, pairs: &BTreeMap<String, String>) -> Result<(), MappingError> {
        pairs.iter().try_for_each(|(column, target)| self.set(column, target))
    }

    fn set(&mut self, column: &str, target: &str) -> Result<(), MappingError> {
        let names = || self.columns.iter().map(|it| it.name.clone()).collect::<Vec<_>>();
        let by_name = self.columns.iter().position(|it| it.name == column);
        let by_plain = || self.columns.iter().position(|it| plain(&it.name) == plain(column));
        let Some(at) = by_name.or_else(by_plain) else {
            return Err(MappingError::NoColumn { column: column.to_owned(), columns: names() });
        };
        let target = match target.trim() {
            "-" | "" => None,
            text => Some(Target::parse(text, self.kind)?.text()),
        };
        if target.is_some() {
            // The field moves from the column that was guessed to hold it.
            for column in &mut self.columns {
                if column.target == target {
                    column.target = None;
                }
            }
        }
        self.columns[at].target = target;
        // Who says what a column is wants it read so, and not as the format's maker meant it.
        self.format = self.format.filter(|it| !it.reads_itself());
        Ok(())
    }

    /// Checks that nothing is missing or stands twice, and finds each field's column.
    pub fn resolve(&self) -> Result<Places, MappingError> {
        let places = self.places()?;
        for any_of in self.kind.needed() {
            if any_of.iter().all(|it| places.of_field[*it as usize].is_none()) {
                return Err(MappingError::Missing {
                    any_of: any_of.iter().map(|it| it.name().to_owned()).collect(),
                    columns: places.names,
                });
            }
        }
        Ok(places)
    }

    /// Finds each field's column.
    pub fn places(&self) -> Result<Places, MappingError> {
        let mut places = Places {
            of_field: vec![None; Field::ALL.len()],
            names: self.columns.iter().map(|it| it.name.clone()).collect(),
            named: Vec::new(),
        };
        for (at, column) in self.columns.iter().enumerate() {
            let Some(text) = &column.target else { continue };
            match Target::parse(text, self.kind)? {
                Target::Field(field) => {
                    let place = &mut places.of_field[field as usize];
                    if let Some(first) = *place {
                        return Err(MappingError::Twice {
                            first: self.columns[first as usize].name.clone(),
                            second: column.name.clone(),
                            field: field.name().to_owned(),
                        });
                    }
                    *place = Some(u32::try_from(at).expect("bounded by the columns of a file"));
                }
                Target::Attribute(name) | Target::Property(name) => places.named.push((at, name)),
            }
        }
        Ok(places)
    }
}

/// Where each field stands in a row.
#[derive(Clone, Debug)]
pub struct Places {
    of_field: Vec<Option<u32>>,
    names: Vec<String>,
    /// Columns that become attributes or properties, with their names.
    pub named: Vec<(usize, String)>,
}

impl Places {
    pub fn of(&self, field: Field) -> Option<usize> {
        self.of_field[field as usize].map(|it| it as usize)
    }

    /// The name of a field's column, as the file has it.
    pub fn column(&self, field: Field) -> &str {
        self.of(field).map_or(field.name(), |it| &self.names[it])
    }

    /// How many columns a row has.
    pub fn width(&self) -> usize {
        self.names.len()
    }
}

fn names_of(kind: Kind) -> Vec<String> {
    kind.fields().iter().map(|(field, _)| field.name().to_owned()).collect()
}

/// `a`, `b` or `c`.
fn listed(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().take(60).map(|it| format!("`{it}`")).collect();
    match quoted.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        Some((last, _)) => last.clone(),
        None => "nothing".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;

    use super::*;

    fn header(line: &str) -> Vec<String> {
        line.split(',').map(|it| it.trim().to_owned()).collect()
    }

    /// The guess as `Column → field`, one after the other.
    fn guess(kind: Kind, line: &str) -> String {
        let mapping = Mapping::guess(kind, &header(line));
        let shown = mapping
            .columns
            .iter()
            .map(|it| format!("{} → {}", it.name, it.target.as_deref().unwrap_or("·")));
        shown.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn customers_of_other_products_are_understood() {
        use Kind::Customers;
        let of = |line| guess(Customers, line);
        assert_snapshot!(of("Customer ID, First Name, Last Name, Email, Accepts Email Marketing, Default Address Country Code, Phone, Total Spent"), @"Customer ID → customer_id, First Name → given_name, Last Name → family_name, Email → email, Accepts Email Marketing → marketing, Default Address Country Code → country, Phone → ·, Total Spent → ·");
        assert_snapshot!(of("Email, First Name, Last Name, Country, Email Marketing Consent, Email Marketing Consent Timestamp, Date Added"), @"Email → email, First Name → given_name, Last Name → family_name, Country → country, Email Marketing Consent → marketing, Email Marketing Consent Timestamp → marketing_at, Date Added → created_at");
        assert_snapshot!(of("Email Address, First Name, Last Name, OPTIN_TIME, OPTIN_IP, CONFIRM_TIME, CONFIRM_IP, TIMEZONE, CC, LAST_CHANGED"), @"Email Address → email, First Name → given_name, Last Name → family_name, OPTIN_TIME → ·, OPTIN_IP → ·, CONFIRM_TIME → subscribed_at, CONFIRM_IP → consent_ip, TIMEZONE → time_zone, CC → country, LAST_CHANGED → updated_at");
        assert_snapshot!(of("Name, Username, Last Active, Date Registered, Email, Orders, Country / Region"), @"Name → full_name, Username → ·, Last Active → ·, Date Registered → created_at, Email → email, Orders → ·, Country / Region → country");
    }

    #[test]
    fn orders_of_other_products_are_understood() {
        let of = |line| guess(Kind::Orders, line);
        assert_snapshot!(of("order_id, created_at, email, sku, product_name, quantity, unit_price"), @"order_id → order_id, created_at → placed_at, email → email, sku → sku, product_name → product_name, quantity → quantity, unit_price → price");
        assert_snapshot!(of("Order Number, Order Date, Customer Email, Order Total, Item Name, Item Cost, Qty, Coupon Code"), @"Order Number → order_id, Order Date → placed_at, Customer Email → email, Order Total → total, Item Name → product_name, Item Cost → price, Qty → quantity, Coupon Code → coupon");
        assert_snapshot!(of("Invoice, StockCode, Description, Quantity, InvoiceDate, Price, Customer ID, Country"), @"Invoice → order_id, StockCode → sku, Description → product_name, Quantity → quantity, InvoiceDate → placed_at, Price → price, Customer ID → customer_id, Country → ·");
    }

    #[test]
    fn other_kinds_are_understood() {
        assert_snapshot!(guess(Kind::Products, "ID, SKU, Name, Categories, Regular price, Images, Stock"), @"ID → product_id, SKU → sku, Name → product_name, Categories → category, Regular price → price, Images → picture, Stock → stock");
        assert_snapshot!(guess(Kind::Events, "event, timestamp, user_id, colour, colour"), @"event → event, timestamp → at, user_id → customer_id, colour → property:colour, colour → ·");
        assert_snapshot!(guess(Kind::Reviews, "Rating, Review, Date, Name, Product"), @"Rating → rating, Review → text, Date → written_at, Name → author, Product → product_name");
    }

    #[test]
    fn a_correction_moves_a_field() {
        let mut mapping = Mapping::guess(Kind::Customers, &header("Email, Contact mail, Birthday"));
        mapping.correct("Contact mail=email").unwrap();
        mapping.correct("birthday=attribute:birthday").unwrap();
        let targets: Vec<_> = mapping.columns.iter().map(|it| it.target.as_deref()).collect();
        assert_eq!(targets, [None, Some("email"), Some("attribute:birthday")]);
        mapping.correct("Birthday=-").unwrap();
        assert_eq!(mapping.columns[2].target, None);
        assert_eq!(mapping.resolve().unwrap().of(Field::Email), Some(1));
    }

    #[test]
    fn errors_say_how_to_mend_the_mapping() {
        let mut mapping = Mapping::guess(Kind::Reviews, &header("Stars, When, Product"));
        let error =
            |mapping: &mut Mapping, pair: &str| mapping.correct(pair).unwrap_err().to_string();
        assert_snapshot!(error(&mut mapping, "When"), @"`When` maps nothing; write it as `Column=field`");
        assert_snapshot!(error(&mut mapping, "Then=rating"), @"there is no column `Then`; the file has `Stars`, `When` or `Product`");
        assert_snapshot!(error(&mut mapping, "When=total"), @"reviews have no field `total`; choose one of `review_id`, `rating`, `title`, `text`, `author`, `email`, `customer_id`, `written_at`, `product_id`, `sku`, `handle`, `product_name`, `url` or `is_published`");
        assert_snapshot!(error(&mut mapping, "When=attribute:x"), @"reviews have no field `attribute:x`; choose one of `review_id`, `rating`, `title`, `text`, `author`, `email`, `customer_id`, `written_at`, `product_id`, `sku`, `handle`, `product_name`, `url` or `is_published`");
        assert_snapshot!(mapping.resolve().unwrap_err(), @"no column is `written_at`; the file has `Stars`, `When` or `Product`; say which it is with --map 'Column=written_at'");
        mapping.columns[1].target = Some("rating".to_owned());
        assert_snapshot!(mapping.resolve().unwrap_err(), @"the columns `Stars` and `When` are both `rating`; say --map 'When=-' to pass one over");
    }

    proptest! {
        #[test]
        fn any_header_is_guessed_and_no_field_twice(
            names in prop::collection::vec("[a-zA-Z_ -]{0,12}|email|name|id|total|date|rating", 0..12),
        ) {
            for kind in Kind::ALL {
                let mapping = Mapping::guess(kind, &names);
                prop_assert_eq!(mapping.columns.len(), names.len());
                let resolved = mapping.resolve();
                let is_missing = matches!(resolved, Err(MappingError::Missing { .. }));
                prop_assert!(resolved.is_ok() || is_missing);
                let text = serde_json::to_string(&mapping).unwrap();
                prop_assert_eq!(serde_json::from_str::<Mapping>(&text).unwrap(), mapping);
            }
        }
    }
}
