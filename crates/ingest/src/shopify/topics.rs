//! Which topics are covered: what becomes of each, as a table that documents print.

/// A topic of Shopify's webhooks and what becomes of it here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicCovered {
    pub topic: &'static str,
    /// The events that come of it; empty if it is answered and not kept.
    pub becomes: &'static str,
    /// What to know of it, or why nothing is kept.
    pub note: &'static str,
}

const fn kept(topic: &'static str, becomes: &'static str, note: &'static str) -> TopicCovered {
    TopicCovered { topic, becomes, note }
}

const fn ignored(topic: &'static str, note: &'static str) -> TopicCovered {
    TopicCovered { topic, becomes: "", note }
}

const ORDER: &str = "order placed, order revised, order fulfilled, order cancelled, order refunded, identified, consent given";
const ORDER_NOTE: &str = "the whole order each time; what was told before is passed over";
const PRODUCT_NOTE: &str = "codes: the id, SKUs, variants, inventory items and the handle";
const CUSTOMER_NOTE: &str =
    "consent only where the state is `subscribed` or `unsubscribed`, with its own time";
const DRAFT: &str = "a draft is no order; the order that comes of it is told by `orders/create`";
const RETURN: &str = "a return is told by its refund, once money goes back";
const GROUPING: &str = "products are grouped by their category and tags";
const SEGMENT: &str = "segments are computed here from events";
const LISTING: &str = "the same product is told by `products/update`";
const DISCOUNT: &str = "the codes an order used are told with the order";
const VARIANT: &str = "units are told place by place by `inventory_levels/update`";

/// Every topic that is known, in the order of their names.
pub const TOPICS: &[TopicCovered] = &[
    ignored("app/uninstalled", "nothing happened to a customer; `shop/redact` follows in two days"),
    ignored("app_subscriptions/approaching_capped_amount", "billing of apps"),
    ignored("app_subscriptions/update", "billing of apps"),
    ignored("bulk_operations/finish", "a backfill asks for its status by itself"),
    kept("carts/create", "product added to cart", "once for each product of a cart, by its token"),
    kept("carts/update", "product added to cart", "once for each product of a cart, by its token"),
    kept("checkouts/create", "checkout started", "with the tokens of checkout and cart"),
    ignored("checkouts/delete", "that a checkout began stays true"),
    kept("checkouts/update", "checkout started", "with the tokens of checkout and cart"),
    ignored("collection_listings/add", GROUPING),
    ignored("collection_listings/remove", GROUPING),
    ignored("collection_listings/update", GROUPING),
    ignored("collections/create", GROUPING),
    ignored("collections/delete", GROUPING),
    ignored("collections/update", GROUPING),
    ignored("customer.joined_segment", SEGMENT),
    ignored("customer.left_segment", SEGMENT),
    ignored("customer.tags_added", "`customers/update` tells all tags"),
    ignored("customer.tags_removed", "`customers/update` tells all tags"),
    ignored("customer_groups/create", SEGMENT),
    ignored("customer_groups/delete", SEGMENT),
    ignored("customer_groups/update", SEGMENT),
    kept("customers/create", "identified, consent given", CUSTOMER_NOTE),
    kept("customers/data_request", "export asked", "due within 30 days"),
    kept(
        "customers/delete",
        "consent withdrawn",
        "for all topics; nothing is erased, for that is asked by `customers/redact`",
    ),
    kept("customers/disable", "identified, consent given", CUSTOMER_NOTE),
    kept("customers/enable", "identified, consent given", CUSTOMER_NOTE),
    kept("customers/merge", "same person", "once the status is `completed`"),
    ignored("customers/purchasing_summary", "it is computed here from orders"),
    kept("customers/redact", "the customer erased", "refused where it names nobody"),
    kept("customers/update", "identified, consent given", CUSTOMER_NOTE),
    kept("customers_email_marketing_consent/update", "consent given", CUSTOMER_NOTE),
    ignored("customers_marketing_consent/update", "it is about text messages"),
    ignored("discounts/create", DISCOUNT),
    ignored("discounts/delete", DISCOUNT),
    ignored("discounts/redeemcode_added", DISCOUNT),
    ignored("discounts/redeemcode_removed", DISCOUNT),
    ignored("discounts/update", DISCOUNT),
    ignored("draft_orders/create", DRAFT),
    ignored("draft_orders/delete", DRAFT),
    ignored("draft_orders/update", DRAFT),
    ignored("fulfillment_events/create", "where a parcel is on its way is not kept"),
    ignored("fulfillment_events/delete", "where a parcel is on its way is not kept"),
    ignored(
        "fulfillments/create",
        "one parcel, which may not be all of the order; `orders/fulfilled` tells that",
    ),
    ignored(
        "fulfillments/update",
        "one parcel, which may not be all of the order; `orders/fulfilled` tells that",
    ),
    kept("inventory_items/create", "product saved", "what it costs; nothing else is kept"),
    ignored("inventory_items/delete", "`products/update` or `products/delete` tells it"),
    kept("inventory_items/update", "product saved", "what it costs; nothing else is kept"),
    kept("inventory_levels/connect", "stock counted", "refused where it names no item or location"),
    kept("inventory_levels/disconnect", "stock counted", "none are left at that location"),
    kept("inventory_levels/update", "stock counted", "refused where it names no item or location"),
    ignored("order_transactions/create", "what an order cost and what went back is told with it"),
    kept("orders/cancelled", ORDER, ORDER_NOTE),
    kept("orders/create", ORDER, ORDER_NOTE),
    ignored("orders/delete", "that it was placed stays true"),
    ignored("orders/edited", "only what changed; `orders/updated` tells the order as it is now"),
    kept("orders/fulfilled", ORDER, ORDER_NOTE),
    kept("orders/paid", ORDER, ORDER_NOTE),
    kept("orders/partially_fulfilled", ORDER, ORDER_NOTE),
    ignored("orders/risk_assessment_changed", "risks of payments are not kept"),
    ignored("orders/shopify_protect_eligibility_changed", "risks of payments are not kept"),
    kept("orders/updated", ORDER, ORDER_NOTE),
    ignored("product_listings/add", LISTING),
    ignored("product_listings/remove", LISTING),
    ignored("product_listings/update", LISTING),
    kept("products/create", "product saved", PRODUCT_NOTE),
    kept("products/delete", "product removed", ""),
    kept("products/update", "product saved", PRODUCT_NOTE),
    kept("refunds/create", "order refunded", "once the money has moved"),
    ignored("returns/approve", RETURN),
    ignored("returns/cancel", RETURN),
    ignored("returns/close", RETURN),
    ignored("returns/decline", RETURN),
    ignored("returns/process", RETURN),
    ignored("returns/reopen", RETURN),
    ignored("returns/request", RETURN),
    ignored("returns/update", RETURN),
    ignored("segments/create", SEGMENT),
    ignored("segments/delete", SEGMENT),
    ignored("segments/update", SEGMENT),
    kept("shop/redact", "erasure of the shop asked", "of an operator; nothing is erased by it"),
    ignored("shop/update", "the settings of the shop are kept here"),
    ignored("variants/in_stock", VARIANT),
    ignored("variants/out_of_stock", VARIANT),
];

/// Why nothing is kept of `topic`.
pub fn why_ignored(topic: &str) -> &'static str {
    match TOPICS.iter().find(|it| it.topic == topic && it.becomes.is_empty()) {
        Some(known) => known.note,
        None => "the topic is not one that is kept; end the subscription",
    }
}

/// The table as a page in Markdown, as it stands in `docs/reference/shopify-topics.md`.
pub fn topics_page() -> String {
    let mut page = String::from(
        "# Shopify webhook topics\n\n\
         Written by `aftercart_ingest::shopify::topics_page`; change it there. What of each topic is \
         kept, as the events of the log. Every topic that is not here is answered and not kept.\n\n\
         ## Kept\n\n| Topic | Becomes | Note |\n| --- | --- | --- |\n",
    );
    for it in TOPICS.iter().filter(|it| !it.becomes.is_empty()) {
        page.push_str(&format!("| `{}` | {} | {} |\n", it.topic, it.becomes, it.note));
    }
    page.push_str("\n## Answered and not kept\n\n| Topic | Why |\n| --- | --- |\n");
    for it in TOPICS.iter().filter(|it| it.becomes.is_empty()) {
        page.push_str(&format!("| `{}` | {} |\n", it.topic, it.note));
    }
    page
}
