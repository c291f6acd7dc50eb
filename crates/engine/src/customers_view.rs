//! The list of customers, and who is found by how a name, an address or an order begins.

use aftercart_model::{ConsentState, Customer, CustomerId, Order, Timestamp, Topic};
use aftercart_store::Tx;
use anyhow::Result;

use crate::{Engine, Total};

/// Customers a page shows.
pub const CUSTOMERS_PAGE: u32 = 50;
/// Customers a search shows; who is not among them asks for more of the name.
pub const CUSTOMERS_FOUND: u32 = 20;

#[derive(Clone, Debug)]
pub struct CustomersView {
    /// Of the whole shop.
    pub total: Total,
    /// Newest first, or as found.
    pub customers: Vec<CustomerLine>,
    /// Where the next page begins.
    pub older: Option<CustomerId>,
}

#[derive(Clone, Debug)]
pub struct CustomerLine {
    pub customer: Customer,
    pub orders: u64,
    pub spent_minor: i64,
    pub last_order_at: Option<Timestamp>,
    pub marketing: Option<ConsentState>,
    pub is_suppressed: bool,
    /// The flows they are in now, by name.
    pub flows: Vec<String>,
}

impl Engine {
    pub fn view_customers(
        &self,
        search: &str,
        before: Option<CustomerId>,
    ) -> Result<CustomersView> {
        self.store().read(|tx| {
            let (found, older) = if search.trim().is_empty() {
                let page = tx.newest_customers(before, CUSTOMERS_PAGE)?;
                let is_full = page.len() == CUSTOMERS_PAGE as usize;
                let older = page.last().filter(|_| is_full).map(|it| it.id);
                (page, older)
            } else {
                (tx.find_customers(search, CUSTOMERS_FOUND)?, None)
            };
            let lines = found.into_iter().map(|customer| self.customer_line(tx, customer));
            let customers = lines.collect::<Result<Vec<_>>>()?;
            let total = Total::counted(|max| tx.count_customers_to(max))?;
            Ok(CustomersView { total, customers, older })
        })
    }

    fn customer_line(&self, tx: &mut Tx<'_>, customer: Customer) -> Result<CustomerLine> {
        let orders = tx.orders_of(customer.id)?;
        let bought = orders.iter().filter(|it| it.is_purchase());
        let consents = tx.consents_of(customer.id)?;
        let is_suppressed = match &customer.email {
            Some(address) => tx.suppression_of(address)?.is_some(),
            None => false,
        };
        let mut flows = Vec::new();
        for enrolment in tx.active_enrolments_of(customer.id)? {
            let flow = self.flow_version(tx, &enrolment.flow, enrolment.flow_version)?;
            flows.push(flow.name().to_owned());
        }
        Ok(CustomerLine {
            orders: bought.clone().count() as u64,
            spent_minor: orders.iter().map(Order::net_minor).sum(),
            last_order_at: bought.map(|it| it.placed_at).max(),
            marketing: consents.iter().find(|it| it.topic == Topic::Marketing).map(|it| it.state),
            is_suppressed,
            flows,
            customer,
        })
    }
}
