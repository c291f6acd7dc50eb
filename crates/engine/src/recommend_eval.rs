//! How good the recommendations are on the shop's own past, and what they would have said in given
//! cases.

use std::collections::{BTreeSet, HashMap};

use aftercart_model::{CustomerId, Product, ProductId, Timestamp};
use aftercart_recommend::{
    ModelCheck,
    eval::{self, Case, LIST_LENGTH, Nightly, OfflineScore},
};
use aftercart_store::Tx;
use anyhow::{Context, Result, bail};
use jiff::SignedDuration;
use serde::Serialize;

use crate::{Engine, recommend_products::find_customer};

/// With fewer cases any difference is chance.
const CASES_MIN: usize = 30;

/// What a list is to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Predicted {
    /// What the customer adds next and has never bought.
    CrossSell,
    /// Better versions of what they just bought.
    Upsell,
    /// The next order, what they had before among it.
    NextOrder,
}

/// One case to predict: a customer as the shop calls them, and the last moment that may be known.
#[derive(Clone, Debug, PartialEq)]
pub struct CustomerCase {
    /// The case as its file names it.
    pub key: Vec<String>,
    pub customer: String,
    pub as_of: Timestamp,
}

/// How the ranking did beside plain yardsticks, on the same cases.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecommendEval {
    /// `None` before the first training.
    pub in_use: Option<ModelInUse>,
    pub start: Timestamp,
    pub end: Timestamp,
    pub cases: usize,
    pub rows: Vec<EvalRow>,
}

/// The model that answers now, and how it did before it was used.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelInUse {
    pub version: u32,
    pub trained_at: Timestamp,
    pub check: Option<ModelCheck>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EvalRow {
    pub name: &'static str,
    pub score: OfflineScore,
}

impl Engine {
    /// Replays the mornings from `start` to `end` with what was known on each. `None` for either stands
    /// for the last quarter of a year of orders; `progress` hears how many of how many cases are done.
    pub fn evaluate_recommendations(
        &self,
        start: Option<Timestamp>,
        end: Option<Timestamp>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<RecommendEval> {
        let past = self.past()?;
        let newest = past.orders.iter().map(|it| it.at).max();
        let newest = newest.context(
            "there are no orders to be judged by; import the shop's orders first, with \
             `aftercart import`",
        )?;
        let end = end.unwrap_or(newest + SignedDuration::from_secs(1));
        let start = start.unwrap_or(end - SignedDuration::from_hours(24 * 91));
        if start >= end {
            bail!("the days to judge by end before they begin; give an --until after --since");
        }
        let cases = eval::cases(&past.orders, start, end);
        if cases.len() < CASES_MIN {
            bail!(
                "only {} customers ordered between {} and {} and came back within {} days for \
                 something new; {CASES_MIN} are the least that say anything. Give a longer time \
                 with --since",
                cases.len(),
                start.strftime("%Y-%m-%d"),
                end.strftime("%Y-%m-%d"),
                eval::HORIZON_DAYS,
            );
        }
        let mut nightly = Nightly::new(&past.orders, &past.products, start);
        let (mut ranked, mut popular) = (Vec::new(), Vec::new());
        for (done, Case { customer, as_of, .. }) in (1..).zip(&cases) {
            ranked.push(nightly.answer(*customer, *as_of));
            popular.push(nightly.answer_popular(*customer, *as_of));
            progress(done, cases.len() as u64);
        }
        let before = past.orders.iter().filter(|it| it.at < start);
        let catalogue: BTreeSet<ProductId> =
            before.flat_map(|it| it.products.iter().copied()).collect();
        let row = |name, lists: &[Vec<ProductId>]| EvalRow {
            name,
            score: eval::score(&cases, lists, catalogue.len()),
        };
        let rows = vec![row("Aftercart", &ranked), row("what sells best", &popular)];
        let in_use = self.known()?.model.as_ref().map(|it| ModelInUse {
            version: it.version(),
            trained_at: it.trained_at(),
            check: it.next().check().copied(),
        });
        Ok(RecommendEval { in_use, start, end, cases: cases.len(), rows })
    }

    /// Per case the codes of up to ten products, the likeliest first, made with nothing but what was
    /// known: of everybody what was sold before the day of the case, of the customer what they had
    /// bought by `as_of`.
    pub fn predict_customers(
        &self,
        cases: &[CustomerCase],
        wanted: Predicted,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Vec<Vec<String>>> {
        let past = self.past()?;
        let codes = codes(&past.products);
        let customers = self.customers_named(cases)?;
        let mut order: Vec<usize> = (0..cases.len()).collect();
        order.sort_by_key(|it| cases[*it].as_of);
        let Some(first) = order.first() else { return Ok(Vec::new()) };
        let mut nightly = Nightly::new(&past.orders, &past.products, cases[*first].as_of);
        let mut lists = vec![Vec::new(); cases.len()];
        for (done, at) in (1..).zip(order) {
            let CustomerCase { customer, as_of, .. } = &cases[at];
            let customer = customers[customer];
            let found = match wanted {
                Predicted::CrossSell => nightly.answer(customer, *as_of),
                Predicted::Upsell => nightly.answer_upsell(customer, *as_of),
                Predicted::NextOrder => nightly.answer_next_order(customer, *as_of),
            };
            lists[at] = found.iter().map(|it| codes[it].to_owned()).collect();
            progress(done, cases.len() as u64);
        }
        Ok(lists)
    }

    /// Per basket of codes those of up to ten products that are most likely missing from it, as known
    /// before `before`.
    pub fn predict_baskets(
        &self,
        baskets: &[Vec<String>],
        before: Timestamp,
    ) -> Result<Vec<Vec<String>>> {
        let past = self.past()?;
        let codes = codes(&past.products);
        let ids: HashMap<&str, ProductId> = codes.iter().map(|it| (*it.1, *it.0)).collect();
        let mut nightly = Nightly::new(&past.orders, &past.products, before);
        let next = nightly.model_on(before).next();
        let complete = |basket: &Vec<String>| {
            let known: Vec<ProductId> =
                basket.iter().filter_map(|it| ids.get(it.as_str()).copied()).collect();
            let found = next.complete(&known).into_iter().take(LIST_LENGTH);
            found.map(|it| codes[&it.0].to_owned()).collect()
        };
        Ok(baskets.iter().map(complete).collect())
    }

    fn customers_named(&self, cases: &[CustomerCase]) -> Result<HashMap<String, CustomerId>> {
        let names: BTreeSet<&str> = cases.iter().map(|it| it.customer.as_str()).collect();
        let find = |tx: &mut Tx<'_>, name: &&str| {
            let found = find_customer(tx, name)?.with_context(|| {
                format!("there is no customer `{name}`; cases name customers by the shop's own ids")
            })?;
            Ok(((*name).to_owned(), found))
        };
        self.store().read(|tx| names.iter().map(|it| find(tx, it)).collect())
    }
}

/// What the shop calls its products.
fn codes(products: &[Product]) -> HashMap<ProductId, &str> {
    products.iter().map(|it| (it.id, it.code.as_str())).collect()
}
