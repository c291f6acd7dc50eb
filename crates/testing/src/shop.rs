//! A shop in few words: `shop.customer("ana"); shop.order("ana", "1001", 3, &["kettle"])`.
//!
//! It makes the domain's own values and keeps no store: a test of a pure crate takes the events or
//! orders, a test of the store writes them. Times are given in days before [`NOW`], so that a test
//! reads as it would be told: "a kettle, three days ago".

use aftercart_model::{
    Bucket, Consent, ConsentState, Currency, Customer, CustomerId, CustomerName, EmailAddress,
    Event, EventBody, EventKey, Identifier, Order, OrderId, OrderLine, Product, ProductId, Shop,
    Timestamp, Topic,
};
use jiff::SignedDuration;

use crate::clock::NOW;

/// The instant `days` before [`NOW`].
pub fn days_ago(days: i64) -> Timestamp {
    NOW - SignedDuration::from_hours(24 * days)
}

/// A shop with what was put into it, in the order it was put there.
#[derive(Clone, Debug)]
pub struct ShopInABox {
    pub shop: Shop,
    pub products: Vec<Product>,
    pub customers: Vec<Customer>,
    pub orders: Vec<Order>,
    /// Every event of the shop, numbered as a log would.
    pub events: Vec<Event>,
}

impl Default for ShopInABox {
    fn default() -> Self {
        Self::new()
    }
}

impl ShopInABox {
    pub fn new() -> Self {
        let shop = Shop {
            name: "Box & Co.".to_owned(),
            url: "https://box.example".to_owned(),
            currency: Currency::EUR,
            time_zone: "Europe/Lisbon".to_owned(),
            locale: "en".to_owned(),
            postal_address: "Box & Co., Rua da Caixa 1, 1100-000 Lisboa, Portugal".to_owned(),
            sender: EmailAddress::new("hello@box.example").expect("an address"),
            sender_name: "Box & Co.".to_owned(),
            public_url: "https://mail.box.example".to_owned(),
        };
        Self { shop, products: vec![], customers: vec![], orders: vec![], events: vec![] }
    }

    /// A product; its code is its name.
    pub fn product(&mut self, code: &str, category: &str, price_minor: i64) -> ProductId {
        let id = ProductId(u32::try_from(self.products.len()).expect("a small shop"));
        let category = category.to_owned();
        self.products.push(Product { category, ..Product::bare(id, code, code, price_minor) });
        id
    }

    /// A customer by their given name, with an address and the consent to be mailed.
    pub fn customer(&mut self, given: &str) -> CustomerId {
        let id = self.customer_without_consent(given);
        for topic in [Topic::Marketing, Topic::Feedback] {
            let at = days_ago(400);
            let consent = Consent::new(topic, ConsentState::Agreed, at, "checkout");
            self.event(Some(id), at, EventBody::ConsentGiven { consent });
        }
        id
    }

    pub fn customer_without_consent(&mut self, given: &str) -> CustomerId {
        let serial = self.customers.len() as u64 + 1;
        let id = CustomerId::in_bucket(serial, Bucket((serial % 256) as u8));
        self.customers.push(Customer {
            id,
            email: Some(address_of(given)),
            name: CustomerName { given: given.to_owned(), family: String::new() },
            time_zone: None,
            country: None,
            locale: None,
            created_at: days_ago(400),
            attributes: Default::default(),
        });
        id
    }

    /// An order of one of each of `codes`, at their prices.
    pub fn order(&mut self, given: &str, order: &str, days: i64, codes: &[&str]) -> OrderId {
        let customer = Some(self.customer_named(given));
        self.place(customer, order, days_ago(days), codes)
    }

    /// The same by somebody nobody can name.
    pub fn guest_order(&mut self, order: &str, days: i64, codes: &[&str]) -> OrderId {
        self.place(None, order, days_ago(days), codes)
    }

    pub fn viewed(&mut self, given: &str, days: i64, code: &str) {
        let (customer, product) = (self.customer_named(given), self.product_named(code));
        self.event(Some(customer), days_ago(days), EventBody::ProductViewed { product });
    }

    pub fn event(&mut self, customer: Option<CustomerId>, at: Timestamp, body: EventBody) {
        let seq = self.events.len() as u64 + 1;
        let key = EventKey { source: "box".to_owned(), key: seq.to_string() };
        self.events.push(Event { seq, key, customer, at, received_at: at, body });
    }

    /// What leads to the customer.
    pub fn identifiers(&self, given: &str) -> Vec<Identifier> {
        vec![Identifier::Email(address_of(given))]
    }

    /// The customer of that given name; a name that is not there is a mistake of the test.
    pub fn customer_named(&self, given: &str) -> CustomerId {
        let found = self.customers.iter().find(|it| it.name.given == given);
        found.unwrap_or_else(|| panic!("no customer `{given}` in this shop")).id
    }

    pub fn product_named(&self, code: &str) -> ProductId {
        let found = self.products.iter().find(|it| it.code == code);
        found.unwrap_or_else(|| panic!("no product `{code}` in this shop")).id
    }

    fn place(
        &mut self,
        customer: Option<CustomerId>,
        order: &str,
        placed_at: Timestamp,
        codes: &[&str],
    ) -> OrderId {
        let id = OrderId::new(order).expect("a good id");
        let line = |code: &&str| {
            let product = self.product_named(code);
            let amount_minor = self.products[product.index()].price_minor;
            OrderLine { product, quantity: 1, amount_minor }
        };
        let lines: Vec<OrderLine> = codes.iter().map(line).collect();
        let total_minor = lines.iter().map(|it| it.amount_minor).sum();
        self.orders.push(Order {
            id: id.clone(),
            customer,
            placed_at,
            lines: lines.clone(),
            total_minor,
            coupon: None,
            refunded_minor: 0,
            cancelled_at: None,
        });
        let body = EventBody::OrderPlaced { order: id.clone(), lines, total_minor, coupon: None };
        self.event(customer, placed_at, body);
        id
    }
}

fn address_of(given: &str) -> EmailAddress {
    EmailAddress::new(&format!("{given}@mail.example")).expect("a given name makes an address")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shop_is_told_in_few_words() {
        let mut shop = ShopInABox::new();
        shop.product("kettle", "Kettles", 8_900);
        shop.product("beans", "Coffee", 1_450);
        shop.customer("ana");
        shop.order("ana", "1001", 3, &["kettle", "beans"]);
        shop.guest_order("1002", 1, &["beans"]);
        shop.viewed("ana", 2, "beans");

        assert_eq!(shop.orders[0].total_minor, 10_350);
        assert_eq!(shop.orders[1].customer, None);
        assert_eq!(shop.events.len(), 5, "two consents, two orders, a view");
        assert!(shop.events.iter().zip(1..).all(|(event, seq)| event.seq == seq));
        assert_eq!(shop.orders[0].placed_at.to_string(), "2026-02-26T12:00:00Z");
    }
}
