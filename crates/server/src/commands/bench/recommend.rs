//! How fast recommendations are learned and answered, and in how much memory.
//!
//! On generated orders, or on those of a folder that holds `history.csv` (`customer`, `ts`, `order`,
//! `product`) and `products.csv` (`product`, `name`). `scripts/recommend_beside.py` lets other
//! programs learn from the same history.

use std::{
    collections::HashMap,
    hint::black_box,
    path::Path,
    time::{Duration, Instant},
};

use aftercart_model::{CustomerId, Product, ProductId, Timestamp};
use aftercart_recommend::{Basket, Model, Rules, Taste, TrainOptions, recommend};
use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, civil::DateTime, tz::TimeZone};
use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::{NOW, RUNS, memory_bytes};
use crate::{
    cli::BenchArgs,
    output::{Output, Table, count},
};

/// Customers asked one by one.
const ASKED: usize = 1_000;
/// Beyond so many lines a training is timed once, since it is long.
const RUNS_LINES_MAX: usize = 2_000_000;
const PRODUCTS: u32 = 4_000;
/// Kinds of people among the generated customers, who each buy mostly products of their own.
const TASTES: u32 = 50;
/// A basket of more is left out of the count of pairs beside.
const PAIRED_MAX: usize = 100;

#[derive(Serialize)]
struct Measured {
    lines: usize,
    orders: usize,
    customers: usize,
    products: usize,
    training_seconds: f64,
    /// Each pair of products in each order counted in a table, and nothing else.
    counting_pairs_seconds: f64,
    /// The most that this process held, orders and model among it.
    memory_peak_bytes: Option<u64>,
    /// Before the first training: the orders themselves.
    memory_before_bytes: Option<u64>,
    refresh_seconds: f64,
    four_products_ms: f64,
    /// Of a hundred customers one waits longer.
    four_products_ms_of_99: f64,
}

struct History {
    products: Vec<Product>,
    orders: Vec<Basket>,
}

pub fn run(output: Output, args: &BenchArgs) -> Result<()> {
    let spinner = output.spinner("Reading orders");
    let history = match &args.history {
        Some(folder) => read(folder)?,
        None => generate(args.lines),
    };
    spinner.finish_and_clear();
    let spinner = output.spinner("Learning recommendations");
    let measured = measure(&history)?;
    spinner.finish_and_clear();
    output.result(&measured, || describe(&measured))
}

fn measure(History { products, orders }: &History) -> Result<Measured> {
    let now = orders.iter().map(|it| it.at).max().context("there are no orders to learn from")?;
    let lines = orders.iter().map(|it| it.products.len()).sum();
    let memory_before_bytes = memory_bytes("VmRSS");
    let runs = if lines > RUNS_LINES_MAX { 1 } else { RUNS };
    let (mut training, mut model) = (Duration::MAX, None);
    for _ in 0..runs {
        let learned_from = orders.clone();
        let begin = Instant::now();
        model = Some(Model::train(learned_from, products, now, &TrainOptions::default()));
        training = training.min(begin.elapsed());
    }
    let memory_peak_bytes = memory_bytes("VmHWM");
    let mut model = model.context("a model")?;
    let begin = Instant::now();
    model.refresh(orders, products, now);
    let refresh = begin.elapsed();
    let begin = Instant::now();
    black_box(count_pairs(orders));
    let counting_pairs = begin.elapsed();

    let tastes = tastes(orders);
    let mut each: Vec<f64> = Vec::with_capacity(ASKED);
    let every = (tastes.len() / ASKED).max(1);
    for taste in tastes.iter().step_by(every).take(ASKED) {
        let begin = Instant::now();
        let list = recommend(&model, products, taste, &Rules::default(), now);
        each.push(begin.elapsed().as_secs_f64() * 1_000.0);
        ensure!(list.len() <= 4, "a list of {} where four are asked for", list.len());
    }
    each.sort_unstable_by(f64::total_cmp);
    Ok(Measured {
        lines,
        orders: orders.len(),
        customers: tastes.len(),
        products: products.len(),
        training_seconds: training.as_secs_f64(),
        counting_pairs_seconds: counting_pairs.as_secs_f64(),
        memory_peak_bytes,
        memory_before_bytes,
        refresh_seconds: refresh.as_secs_f64(),
        four_products_ms: each.iter().sum::<f64>() / each.len().max(1) as f64,
        four_products_ms_of_99: each.get(each.len() * 99 / 100).copied().unwrap_or_default(),
    })
}

fn describe(it: &Measured) -> String {
    let mut table = Table::new(&["what", " figure", "", "wanted"]);
    let megabytes = |bytes: Option<u64>| match bytes {
        Some(bytes) => count(bytes / 1_000_000),
        None => "unknown here".to_owned(),
    };
    for (what, figure, unit, wanted) in [
        ("training", format!("{:.2}", it.training_seconds), "s", "Online Retail: under 5"),
        ("counting pairs alone", format!("{:.2}", it.counting_pairs_seconds), "s", ""),
        (
            "memory at most",
            megabytes(it.memory_peak_bytes),
            "MB",
            "Online Retail: under 1,000; 10 million lines: under 2,000",
        ),
        ("of it before, the orders", megabytes(it.memory_before_bytes), "MB", ""),
        ("what the last days say, anew", format!("{:.3}", it.refresh_seconds), "s", "under 1"),
        ("four products for a customer", format!("{:.2}", it.four_products_ms), "ms", "under 1"),
        ("the same, of 99 in 100", format!("{:.2}", it.four_products_ms_of_99), "ms", ""),
    ] {
        table.row([what.to_owned(), figure, unit.to_owned(), wanted.to_owned()]);
    }
    format!(
        "{table}\n{} lines in {} orders of {} customers, {} products\n",
        count(it.lines as u64),
        count(it.orders as u64),
        count(it.customers as u64),
        count(it.products as u64)
    )
}

/// The yardstick: what any learning from baskets must at least do.
fn count_pairs(orders: &[Basket]) -> usize {
    let mut pairs: HashMap<(u32, u32), u32> = HashMap::new();
    for order in orders.iter().filter(|it| it.products.len() <= PAIRED_MAX) {
        for (place, a) in order.products.iter().enumerate() {
            for b in &order.products[..place] {
                *pairs.entry((a.0.min(b.0), a.0.max(b.0))).or_default() += 1;
            }
        }
    }
    pairs.len()
}

/// Of each customer all that they bought; their last order is spoken about.
fn tastes(orders: &[Basket]) -> Vec<Taste> {
    let mut own: HashMap<CustomerId, Vec<&Basket>> = HashMap::new();
    for order in orders {
        if let Some(customer) = order.customer {
            own.entry(customer).or_default().push(order);
        }
    }
    let mut own: Vec<_> = own.into_iter().collect();
    own.sort_unstable_by_key(|it| it.0);
    let taste = |(_, orders): (CustomerId, Vec<&Basket>)| {
        let last = orders.iter().max_by_key(|it| it.at);
        let anchors = last.map_or_else(Vec::new, |it| it.products.clone());
        let lines = orders.iter().flat_map(|it| it.products.iter().map(|line| (*line, it.at)));
        Taste { bought: lines.collect(), anchors }
    };
    own.into_iter().map(taste).collect()
}

/// Orders of one to five lines over two years by people of many tastes, who come back.
fn generate(lines: u64) -> History {
    let mut draw = ChaCha8Rng::seed_from_u64(5);
    let product = |id| {
        let name = format!("Thing {} of kind {}", id, id % 200);
        Product::bare(ProductId(id), &format!("P{id}"), &name, 500 + i64::from(id % 97) * 50)
    };
    let products: Vec<Product> = (0..PRODUCTS).map(product).collect();
    let (two_years, customers) = (24 * 730 * 3_600_000_i64, (lines / 10).max(1));
    let (mut orders, mut written) = (Vec::new(), 0);
    while written < lines {
        let customer = draw.random_range(0..customers);
        let length = draw.random_range(1..6).min(lines - written);
        let line = |draw: &mut ChaCha8Rng| {
            // The square favours low numbers: some products sell much more than others.
            let any = (draw.random::<f64>().powi(2) * f64::from(PRODUCTS)) as u32;
            let is_own = draw.random::<f64>() < 0.7;
            ProductId(if is_own {
                any - any % TASTES + (customer % u64::from(TASTES)) as u32
            } else {
                any
            })
        };
        let ago = SignedDuration::from_millis(draw.random_range(0..two_years));
        orders.push(Basket {
            customer: i64::try_from(customer + 1).ok().map(CustomerId),
            at: NOW - ago,
            products: (0..length).map(|_| line(&mut draw)).collect(),
        });
        written += length;
    }
    History { products, orders }
}

fn read(folder: &Path) -> Result<History> {
    let mut ids: HashMap<String, ProductId> = HashMap::new();
    let mut products = Vec::new();
    each_row(&folder.join("products.csv"), ["product", "name"], |[code, name]| {
        let id = ProductId(u32::try_from(products.len())?);
        products.push(Product::bare(id, code, name, 0));
        ids.insert(code.to_owned(), id);
        Ok(())
    })?;
    let mut prices: Vec<Vec<i64>> = vec![Vec::new(); products.len()];
    let mut orders: HashMap<String, Basket> = HashMap::new();
    let mut customers: HashMap<String, CustomerId> = HashMap::new();
    let columns = ["customer", "ts", "order", "product", "unit_price"];
    each_row(&folder.join("history.csv"), columns, |[customer, at, order, product, price]| {
        let Some(&product) = ids.get(product) else { return Ok(()) };
        let price: f64 = price.parse().with_context(|| format!("`{price}` is not a price"))?;
        prices[product.index()].push((price * 100.0).round() as i64);
        let at: DateTime = at.parse().with_context(|| format!("`{at}` is not a time"))?;
        let next = CustomerId(i64::try_from(customers.len() + 1)?);
        let named =
            (!customer.is_empty()).then(|| *customers.entry(customer.to_owned()).or_insert(next));
        let at: Timestamp = at.to_zoned(TimeZone::UTC)?.timestamp();
        let basket = || Basket { customer: named, at, products: Vec::new() };
        orders.entry(order.to_owned()).or_insert_with(basket).products.push(product);
        Ok(())
    })?;
    for (product, prices) in products.iter_mut().zip(&mut prices) {
        prices.sort_unstable();
        product.price_minor = prices.get(prices.len() / 2).copied().unwrap_or_default();
    }
    let mut orders: Vec<(String, Basket)> = orders.into_iter().collect();
    orders.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    Ok(History { products, orders: orders.into_iter().map(|it| it.1).collect() })
}

/// The named columns of each row of a CSV file.
fn each_row<const N: usize>(
    path: &Path,
    columns: [&str; N],
    mut take: impl FnMut([&str; N]) -> Result<()>,
) -> Result<()> {
    let shown = path.display();
    let mut reader = csv::Reader::from_path(path).with_context(|| format!("reading {shown}"))?;
    let header = reader.headers()?.clone();
    let mut places = [0; N];
    for (place, column) in places.iter_mut().zip(columns) {
        let found = header.iter().position(|it| it == column);
        *place = found.with_context(|| format!("{shown} has no column `{column}`; give it one"))?;
    }
    for (line, row) in (2..).zip(reader.records()) {
        let row = row.with_context(|| format!("{shown}, line {line}"))?;
        let fields = places.map(|it| row.get(it).unwrap_or_default());
        take(fields).with_context(|| format!("{shown}, line {line}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_shop_is_learned_and_answers() {
        let history = generate(3_000);
        let measured = measure(&history).unwrap();
        assert_eq!((measured.lines, measured.products), (3_000, PRODUCTS as usize));
        assert!(measured.training_seconds > 0.0 && measured.four_products_ms > 0.0);
    }

    #[test]
    fn a_history_that_cannot_be_read_says_where() {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let error = || format!("{:#}", read(folder.path()).err().unwrap());
        assert!(error().contains("products.csv"), "{}", error());
        write("products.csv", "product,name\nA,Kettle\n");
        write("history.csv", "customer,ts,order,product\n");
        assert!(error().ends_with("history.csv has no column `unit_price`; give it one"));
        write("history.csv", "customer,ts,order,product,unit_price\n1,soon,7,A,2.50\n");
        assert!(error().contains("history.csv, line 2: `soon` is not a time"), "{}", error());
        write(
            "history.csv",
            "customer,ts,order,product,unit_price\n1,2026-01-01T10:00:00,7,A,2.5\n",
        );
        let History { products, orders } = read(folder.path()).unwrap();
        assert_eq!((products[0].price_minor, orders.len()), (250, 1));
    }
}
