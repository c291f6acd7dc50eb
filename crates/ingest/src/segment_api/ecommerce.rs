//! What each event name of Segment's ecommerce specification becomes here, as one table: the reader
//! of `track` looks names up in it, and `docs/reference/segment-events.md` is written from it.
//!
//! Names are compared without regard to case and to `_` for a blank, since libraries differ. The
//! specification's first version had the words the other way round, and its names still lead to the
//! events of the second: <https://segment.com/docs/connections/spec/ecommerce/v2/>.

use std::fmt::Write as _;

/// What a `track` of a known name is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    OrderPlaced,
    OrderRevised,
    OrderFulfilled,
    OrderCancelled,
    OrderRefunded,
    ProductViewed,
    CartAdded,
    CartRemoved,
    CheckoutStarted,
    CouponApplied,
    ProductReviewed,
    /// A consent, with the topic where the name says it.
    Consent,
    /// Kept with all its properties under the name of the specification, however it was written.
    Kept,
}

/// A name of the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventName {
    pub name: &'static str,
    /// Other names for the same, in lower case.
    pub aliases: &'static [&'static str],
    pub meaning: Meaning,
    /// What has to be among the properties, as the reference says it.
    pub needs: &'static str,
    pub remark: &'static str,
}

const fn named(
    name: &'static str,
    aliases: &'static [&'static str],
    meaning: Meaning,
    needs: &'static str,
    remark: &'static str,
) -> EventName {
    EventName { name, aliases, meaning, needs, remark }
}

const PRODUCT: &str = "`product_id` or `sku`";

/// The events that mean something here, in the order of the specification; then our own additions.
#[rustfmt::skip]
pub const EVENTS: [EventName; 34] = [
    named("Products Searched", &["searched products"], Meaning::Kept, "", ""),
    named("Product List Viewed", &["viewed product category"], Meaning::Kept, "", "a list is no look at any one product of it"),
    named("Product List Filtered", &["filtered product list"], Meaning::Kept, "", ""),
    named("Promotion Viewed", &["viewed promotion"], Meaning::Kept, "", ""),
    named("Promotion Clicked", &["clicked promotion"], Meaning::Kept, "", ""),
    named("Product Clicked", &["clicked product"], Meaning::ProductViewed, PRODUCT, "a click on a product shows it"),
    named("Product Viewed", &["viewed product"], Meaning::ProductViewed, PRODUCT, ""),
    named("Product Added", &["added product"], Meaning::CartAdded, PRODUCT, "`quantity` is 1 where it is missing"),
    named("Product Removed", &["removed product"], Meaning::CartRemoved, PRODUCT, "`quantity` is 1 where it is missing"),
    named("Cart Viewed", &["viewed cart"], Meaning::Kept, "", ""),
    named("Checkout Started", &["started checkout"], Meaning::CheckoutStarted, "", "`products` and the amounts as of an order"),
    named("Checkout Step Viewed", &["viewed checkout step"], Meaning::Kept, "", ""),
    named("Checkout Step Completed", &["completed checkout step"], Meaning::Kept, "", ""),
    named("Payment Info Entered", &["entered payment info"], Meaning::Kept, "", ""),
    named("Order Completed", &["completed order"], Meaning::OrderPlaced, "`order_id`", "an order id is remembered for ever, whichever source tells of it"),
    named("Order Updated", &["updated order"], Meaning::OrderRevised, "`order_id`, `products`", "the order as it stands from then on, so it needs all its products; without `products` it is kept under its name and the order stays as it was"),
    named("Order Refunded", &["refunded order"], Meaning::OrderRefunded, "`order_id`, and `total` or `products`", "`total` is what is paid back"),
    named("Order Cancelled", &["order canceled", "cancelled order", "canceled order"], Meaning::OrderCancelled, "`order_id`", ""),
    named("Coupon Entered", &["entered coupon"], Meaning::Kept, "", "a code that was typed may yet be denied"),
    named("Coupon Applied", &["applied coupon"], Meaning::CouponApplied, "`coupon`, `coupon_id` or `coupon_name`", "only an order that names a code redeems it"),
    named("Coupon Denied", &["denied coupon"], Meaning::Kept, "", ""),
    named("Coupon Removed", &["removed coupon"], Meaning::Kept, "", ""),
    named("Product Added to Wishlist", &["added product to wishlist"], Meaning::Kept, "", ""),
    named("Product Removed from Wishlist", &["removed product from wishlist"], Meaning::Kept, "", ""),
    named("Wishlist Product Added to Cart", &[], Meaning::CartAdded, PRODUCT, ""),
    named("Product Shared", &["shared product"], Meaning::Kept, "", ""),
    named("Cart Shared", &["shared cart"], Meaning::Kept, "", ""),
    named("Product Reviewed", &["reviewed product"], Meaning::ProductReviewed, "`product_id` or `sku`, `rating`", "`rating` is 1 to 5; the text is `review_body`"),
    named("Email Opened", &[], Meaning::Kept, "", "of other senders' emails; our own are counted by their own links"),
    named("Email Link Clicked", &[], Meaning::Kept, "", "likewise"),
    named("Order Fulfilled", &["order shipped"], Meaning::OrderFulfilled, "`order_id`", "not of Segment's specification; all of the order was handed to the carrier"),
    named("Consent Given", &[], Meaning::Consent, "`topic`", "not of Segment's specification; `topic` is `marketing` or `feedback`"),
    named("Consent Withdrawn", &[], Meaning::Consent, "`topic`", "likewise"),
    named("Unsubscribed", &[], Meaning::Consent, "", "the topic is `marketing` where none is given"),
];

/// The line of the table for the name of an event; `None` for a name of the shop's own.
pub fn find(event: &str) -> Option<&'static EventName> {
    let plain = plain(event);
    EVENTS.iter().find(|it| plain == it.name.to_lowercase() || it.aliases.contains(&&*plain))
}

/// A name as names are compared.
pub fn plain(event: &str) -> String {
    event.to_lowercase().replace('_', " ")
}

/// The page `docs/reference/segment-events.md`.
pub fn reference() -> String {
    let mut page = String::from(
        "# Segment events\n\n\
         What becomes of each `track` by its name. Written from the table in \
         `crates/ingest/src/segment_api/ecommerce.rs` by \
         `cargo run -p aftercart-ingest --example segment_events`; a test holds this page to it.\n\n\
         Names are those of [Segment's ecommerce specification](https://segment.com/docs/connections/spec/ecommerce/v2/), \
         compared without regard to case and to `_` for a blank. Any other name is a custom event, \
         kept under the name it came with. Custom events keep their properties whole, and of \
         `context` what says where they came from: `ip`, `locale`, `timezone`, `campaign`.\n\n\
         | event | also | becomes | needs | remark |\n\
         | --- | --- | --- | --- | --- |\n",
    );
    for EventName { name, aliases, meaning, needs, remark } in EVENTS {
        let aliases = aliases.iter().map(|it| title(it)).collect::<Vec<_>>().join(", ");
        let becomes = meaning.becomes();
        let _ = writeln!(page, "| {name} | {aliases} | {becomes} | {needs} | {remark} |");
    }
    page.push_str(
        "\n## Who\n\n\
         `userId`, an address in `traits.email`, `context.traits.email` or `properties.email`, \
         `anonymousId`, and in a `track` the token of a cart or checkout: `checkout_id`, `cart_id`, \
         `checkout_token`, `cart_token`, and `token` in the events above. One of them has to be \
         there. Who shares a token is the same customer, so a guest's order counts for whoever \
         filled the cart. An `alias` says that `previousId` and `userId` are one person.\n\n\
         ## When\n\n\
         `originalTimestamp`, else `timestamp`, else the moment of arrival; corrected by how far \
         `sentAt` lies from the arrival where that is more than 5 seconds.\n\n\
         ## Once\n\n\
         `messageId` makes an event the same event when it is sent again; another body under the \
         same id is refused with 409. Without one, an event that names its own time stands for \
         itself, whatever `sentAt` and `writeKey` say.\n",
    );
    page
}

impl Meaning {
    /// As the reference says it.
    fn becomes(self) -> &'static str {
        match self {
            Self::OrderPlaced => "order placed",
            Self::OrderRevised => "order revised",
            Self::OrderFulfilled => "order fulfilled",
            Self::OrderCancelled => "order cancelled",
            Self::OrderRefunded => "order refunded",
            Self::ProductViewed => "product viewed",
            Self::CartAdded => "added to the cart",
            Self::CartRemoved => "taken out of the cart",
            Self::CheckoutStarted => "checkout started",
            Self::CouponApplied => "coupon applied",
            Self::ProductReviewed => "review",
            Self::Consent => "consent",
            Self::Kept => "custom event of this name",
        }
    }
}

/// `viewed product` as `Viewed Product`.
fn title(text: &str) -> String {
    let word = |word: &str| match word.split_at_checked(1) {
        Some((first, rest)) if word != "to" && word != "from" => first.to_uppercase() + rest,
        _ => word.to_owned(),
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_reference_is_the_written_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/segment-events.md");
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == reference(),
            "write it again: cargo run -q -p aftercart-ingest --example segment_events > \
             docs/reference/segment-events.md"
        );
    }

    #[test]
    fn a_name_leads_to_one_event_however_it_is_written() {
        for name in ["Order Completed", "order_completed", "ORDER COMPLETED", "Completed Order"] {
            assert_eq!(find(name).unwrap().meaning, Meaning::OrderPlaced, "{name}");
        }
        assert_eq!(find("Order Completed Twice"), None);
        let mut names: Vec<String> = EVENTS
            .iter()
            .flat_map(|it| it.aliases.iter().map(|it| (*it).to_owned()).chain([plain(it.name)]))
            .collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count, "no name leads to two");
        assert!(names.iter().all(|it| *it == plain(it)), "aliases are in lower case");
    }
}
