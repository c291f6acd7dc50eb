//! Stock codes that are no products: postage, discounts, entries of the books.
//!
//! This is the list, so that a reader can argue with it. A code that is not on it is a product.

/// What an amount under a service's code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// The customer pays it or is given it: it counts in the order's total.
    OfCustomer,
    /// An entry of the shop's own books, which the customer never sees.
    OfBooks,
    /// A line made while trying out the till.
    Test,
}

/// Codes, the beginnings of codes where a `*` ends them, and what they are.
pub const SERVICES: [(&str, Service, &str); 16] = [
    ("POST", Service::OfCustomer, "postage"),
    ("DOT", Service::OfCustomer, "postage of the web shop"),
    ("C2", Service::OfCustomer, "carriage"),
    ("C3", Service::OfCustomer, "carriage"),
    ("M", Service::OfCustomer, "typed in by hand"),
    ("D", Service::OfCustomer, "discount"),
    ("PADS", Service::OfCustomer, "pads put into cushions, at a token price"),
    ("GIFT", Service::OfCustomer, "gift card"),
    ("GIFT_*", Service::OfCustomer, "gift card of a certain value"),
    ("BANK CHARGES", Service::OfBooks, "what the bank took"),
    ("AMAZONFEE", Service::OfBooks, "what the marketplace took"),
    ("CRUK", Service::OfBooks, "commission given to a charity"),
    ("ADJUST*", Service::OfBooks, "adjustment of an account"),
    ("B", Service::OfBooks, "bad debt"),
    ("S", Service::OfBooks, "samples given away"),
    ("TEST*", Service::Test, "test product"),
];

/// The service under `code` (in capitals), or `None` if it is a product's.
pub fn service(code: &str) -> Option<Service> {
    let is_meant = |pattern: &str| match pattern.strip_suffix('*') {
        Some(beginning) => code.starts_with(beginning),
        None => code == pattern,
    };
    SERVICES.iter().find(|it| is_meant(it.0)).map(|it| it.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_told_from_products() {
        assert_eq!(service("POST"), Some(Service::OfCustomer));
        assert_eq!(service("GIFT_0001_30"), Some(Service::OfCustomer), "by its beginning");
        assert_eq!(service("ADJUST2"), Some(Service::OfBooks));
        assert_eq!(service("TEST001"), Some(Service::Test));
        assert_eq!(service("85123A"), None);
        assert_eq!(service("DCGS0003"), None, "letters alone make no service");
        assert_eq!(service("SP1002"), None);
        assert_eq!(service("BOX"), None, "only the whole code `B`");
    }
}
