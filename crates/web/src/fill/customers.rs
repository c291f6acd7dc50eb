//! The list of customers.

use aftercart_engine::{CustomerLine, CustomersView};

use super::{full_name, total};
use crate::{
    component::Paging,
    console::{CustomersPage, customers::CustomerRow},
};

/// `is_first`: whether these are the newest.
pub fn page(view: &CustomersView, query: &str, is_first: bool) -> CustomersPage {
    CustomersPage {
        query: query.to_owned(),
        total: total(view.total),
        rows: view.customers.iter().map(row).collect(),
        paging: Paging {
            newer: (!is_first).then(|| "/customers".to_owned()),
            older: view.older.map(|it| format!("/customers?before={it}")),
        },
    }
}

pub(super) fn row(it: &CustomerLine) -> CustomerRow {
    let address = it.customer.email.as_ref();
    CustomerRow {
        href: format!("/customers/{}", it.customer.id),
        name: full_name(&it.customer),
        address: address.map_or_else(|| "no address".to_owned(), |it| it.as_str().to_owned()),
        orders: it.orders,
        spent_minor: it.spent_minor,
        last_order_at: it.last_order_at,
        marketing: it.marketing,
        is_suppressed: it.is_suppressed,
        flows: it.flows.clone(),
    }
}
