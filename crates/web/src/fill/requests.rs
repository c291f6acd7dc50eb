//! What an operator was asked for.

use aftercart_engine::RequestLine;

use crate::console::{
    RequestsPage,
    requests::{RequestAsks, RequestRow},
};

pub fn page(open: &[RequestLine]) -> RequestsPage {
    RequestsPage { rows: open.iter().map(row).collect() }
}

fn row(it: &RequestLine) -> RequestRow {
    let asks = match it.customer {
        Some(customer) => RequestAsks::Export {
            customer: customer.to_string(),
            name: it.name.clone().unwrap_or_else(|| format!("Customer {customer}")),
        },
        None => RequestAsks::EraseShop,
    };
    RequestRow { number: it.number.to_string(), at: it.at, asks }
}
