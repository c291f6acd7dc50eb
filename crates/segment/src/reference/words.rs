//! What the customers of the examples did and what is known of them, in words.

use aftercart_model::{Agent, ConsentState, Event, EventBody, ProductId};

use super::sample::{NOW, Sample, catalogue};
use crate::print::topic_word;

/// What follows "a customer who".
pub(super) fn of(sample: &Sample) -> String {
    let mut told: Vec<String> = sample.events.iter().map(event).collect();
    told.extend(facts(sample));
    match told.as_slice() {
        [] => "has done nothing yet".to_owned(),
        [one] => one.clone(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}

fn event(event: &Event) -> String {
    let hours = (NOW.as_millisecond() - event.at.as_millisecond()) / 3_600_000;
    let ago = match hours {
        0 => "just now".to_owned(),
        1 => "1 hour ago".to_owned(),
        24 => "1 day ago".to_owned(),
        _ if hours % 24 == 0 => format!("{} days ago", hours / 24),
        _ => format!("{hours} hours ago"),
    };
    format!("{} {ago}", deed(&event.body))
}

fn deed(body: &EventBody) -> String {
    match body {
        EventBody::OrderPlaced { lines, total_minor, coupon, .. } => {
            let things: Vec<String> = lines
                .iter()
                .map(|it| match it.quantity {
                    1 => format!("a {}", name(it.product)),
                    count => format!("{count} of the {}", name(it.product)),
                })
                .collect();
            let coupon = coupon.as_ref().map(|it| format!(" with the coupon `{it}`"));
            let (euros, cents) = (total_minor / 100, total_minor % 100);
            let coupon = coupon.unwrap_or_default();
            format!("ordered {} for {euros}.{cents:02} EUR{coupon}", things.join(" and "))
        }
        EventBody::OrderCancelled { .. } => "cancelled it".to_owned(),
        EventBody::OrderRefunded { amount_minor, .. } => {
            format!("got {}.{:02} EUR back", amount_minor / 100, amount_minor % 100)
        }
        EventBody::ProductViewed { product } => format!("viewed the {}", name(*product)),
        EventBody::CartAdded { product, quantity } => {
            format!("put {quantity} of the {} into the cart", name(*product))
        }
        EventBody::CheckoutStarted { .. } => "started a checkout".to_owned(),
        EventBody::ProductReviewed { product, rating, .. } => {
            format!("gave the {} {rating} stars", name(*product))
        }
        EventBody::MessageSent { flow, step, .. } => {
            format!("was sent the email `{step}` of the flow `{flow}`")
        }
        EventBody::MessageDelivered { .. } => "received an email".to_owned(),
        EventBody::MessageBounced { .. } => "had an email refused by their server".to_owned(),
        EventBody::MessageComplained { .. } => "reported an email as spam".to_owned(),
        EventBody::MessageOpened { agent, email, .. } => {
            let which = email.as_ref().map_or("an email".to_owned(), |it| {
                format!("the email `{}` of the flow `{}`", it.step, it.flow)
            });
            match agent {
                Agent::Human => format!("opened {which}"),
                Agent::Machine => format!("had {which} opened by a machine"),
            }
        }
        EventBody::MessageClicked { agent, product, .. } => {
            let what = product.map_or("a link", name);
            match agent {
                Agent::Human => format!("clicked {what} in an email"),
                Agent::Machine => format!("had {what} in an email clicked by a scanner"),
            }
        }
        EventBody::Custom { name, properties } => {
            let told: Vec<String> =
                properties.iter().map(|(name, value)| format!("`{name}` {value}")).collect();
            match told.is_empty() {
                true => format!("did `{name}`"),
                false => format!("did `{name}` with {}", told.join(", ")),
            }
        }
        _ => String::new(),
    }
}

fn name(product: ProductId) -> &'static str {
    use std::sync::LazyLock;
    static SHOP: LazyLock<crate::Catalogue> = LazyLock::new(catalogue);
    SHOP.name(product).unwrap_or("thing")
}

fn facts(sample: &Sample) -> Vec<String> {
    let facts = &sample.facts;
    let mut told = Vec::new();
    let places = [
        ("is in the country", &facts.country),
        ("is in the region", &facts.region),
        ("lives in", &facts.city),
        ("has the postal code", &facts.postal_code),
        ("has the locale", &facts.locale),
    ];
    for (what, place) in places {
        told.extend(place.as_ref().map(|it| format!("{what} `{it}`")));
    }
    if sample.zone != jiff::tz::TimeZone::UTC {
        told.extend(sample.zone.iana_name().map(|it| format!("lives by the clock of `{it}`")));
    }
    for topic in [aftercart_model::Topic::Marketing, aftercart_model::Topic::Feedback] {
        let word = topic_word(topic);
        told.extend(facts.consents.on(topic).map(|(state, basis)| match state {
            ConsentState::Agreed => format!("agreed to {word} ({})", by(basis)),
            ConsentState::Withdrawn => format!("said no to {word}"),
        }));
    }
    let bars = facts.bars.iter();
    told.extend(bars.map(|it| format!("is barred by {}", crate::BarReason::from(*it))));
    told.extend(facts.has_email.then(|| "has an email address".to_owned()));
    for (name, value) in &facts.attributes {
        told.push(format!("has the attribute `{name}` {value}"));
    }
    for list in &facts.lists {
        told.push(format!("is on the list `{list}`"));
    }
    told.extend(sample.entered_hours.map(|it| format!("entered the flow {it} hours ago")));
    told
}

fn by(basis: aftercart_model::ConsentBasis) -> &'static str {
    use aftercart_model::ConsentBasis as Basis;
    match basis {
        Basis::Unstated => "nobody knows how",
        Basis::OptIn => "ticked the box",
        Basis::DoubleOptIn => "confirmed it by a link",
        Basis::SoftOptIn => "bought and did not object",
    }
}
