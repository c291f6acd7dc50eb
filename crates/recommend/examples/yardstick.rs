//! Answers the cases of the recommendation yardstick, for its own scorer to judge.
//!
//! `yardstick DIR SPLIT OUT [nightly] [plain]`: DIR holds what the yardstick's `make_cases.py`
//! wrote, SPLIT is its date such as `2011-03-01`, and OUT gets `a.csv`, `b.csv` and `c.csv`. The
//! model knows what came before SPLIT; with `nightly`, before the day of each case. With `plain`
//! lists are ranked by score alone, without the rules an email obeys.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::{Path, PathBuf},
};

use aftercart_model::{CustomerId, Product, ProductId, Timestamp};
use aftercart_recommend::{
    Basket, Model, Recommendation, Rules, Taste, TrainOptions, recommend, steps_up,
};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [dir, split, out, switches @ ..] = arguments.as_slice() else {
        return Err("usage: yardstick DIR SPLIT OUT [nightly] [plain]".into());
    };
    let history = History::read(Path::new(dir), split)?;
    let yardstick = Yardstick {
        dir: PathBuf::from(dir),
        out: PathBuf::from(out),
        history,
        split: split.clone(),
        is_nightly: switches.iter().any(|it| it == "nightly"),
        rules: if switches.iter().any(|it| it == "plain") {
            Rules { count: 10, steps_up_max: 0, same_kind_max: 10, ..Rules::default() }
        } else {
            Rules { count: 10, ..Rules::default() }
        },
    };
    fs::create_dir_all(out)?;
    yardstick.answer_customers("a_cases.csv", "a.csv", recommend)?;
    yardstick.answer_customers("c_cases.csv", "c.csv", steps_up)?;
    yardstick.answer_baskets()
}

struct Line {
    customer: Option<CustomerId>,
    at: String,
    order: String,
    product: ProductId,
}

struct History {
    lines: Vec<Line>,
    products: Vec<Product>,
    ids: HashMap<String, ProductId>,
}

fn read(path: &Path) -> Result<Vec<Vec<String>>> {
    let mut reader = csv::Reader::from_path(path)?;
    let row = |it: csv::Result<csv::StringRecord>| {
        it.map(|it| it.iter().map(str::to_owned).collect()).map_err(Into::into)
    };
    reader.records().map(row).collect()
}

fn timestamp(text: &str) -> Timestamp {
    format!("{text}Z").parse().expect("times of the form 2011-03-01T08:26:00")
}

impl History {
    fn read(dir: &Path, split: &str) -> Result<Self> {
        let (mut products, mut ids) = (Vec::new(), HashMap::new());
        for row in read(&dir.join("products.csv"))? {
            let id = ProductId(u32::try_from(products.len())?);
            products.push(Product::bare(id, &row[0], &row[1], 0));
            ids.insert(row[0].clone(), id);
        }
        let mut lines = Vec::new();
        let mut prices: Vec<Vec<i64>> = vec![Vec::new(); products.len()];
        for row in read(&dir.join("history.csv"))? {
            let Some(&product) = ids.get(&row[3]) else { continue };
            if row[1].as_str() < split {
                let price: f64 = row[5].parse()?;
                prices[product.index()].push((price * 100.0).round() as i64);
            }
            let customer = row[0].parse().ok().map(CustomerId);
            let (at, order) = (row[1].clone(), row[2].clone());
            lines.push(Line { customer, at, order, product });
        }
        for (product, prices) in products.iter_mut().zip(&mut prices) {
            prices.sort_unstable();
            product.price_minor = prices.get(prices.len() / 2).copied().unwrap_or(0);
        }
        Ok(Self { lines, products, ids })
    }

    fn train(&self, before: &str) -> Model {
        let mut orders: BTreeMap<&str, Basket> = BTreeMap::new();
        for line in self.lines.iter().take_while(|it| it.at.as_str() < before) {
            let (customer, at) = (line.customer, timestamp(&line.at));
            let basket = || Basket { customer, at, products: Vec::new() };
            orders.entry(&line.order).or_insert_with(basket).products.push(line.product);
        }
        let now = timestamp(&format!("{}T00:00:00", &before[..10]));
        Model::train(orders.into_values(), &self.products, now, &TrainOptions::default())
    }
}

struct Yardstick {
    dir: PathBuf,
    out: PathBuf,
    history: History,
    split: String,
    is_nightly: bool,
    rules: Rules,
}

impl Yardstick {
    fn answer_customers(
        &self,
        cases: &str,
        answers: &str,
        rank: fn(&Model, &[Product], &Taste, &Rules, Timestamp) -> Vec<Recommendation>,
    ) -> Result<()> {
        let mut own: HashMap<CustomerId, Vec<&Line>> = HashMap::new();
        for line in &self.history.lines {
            if let Some(customer) = line.customer {
                own.entry(customer).or_default().push(line);
            }
        }
        let mut writer = csv::Writer::from_path(self.out.join(answers))?;
        writer.write_record(["customer", "as_of", "rank", "product"])?;
        let mut trained_on = self.split.clone();
        let mut model = self.history.train(&trained_on);
        for case in read(&self.dir.join(cases))? {
            let (customer, as_of) = (CustomerId(case[0].parse()?), &case[1]);
            let day = &as_of[..10];
            if self.is_nightly && day != trained_on {
                trained_on = day.to_owned();
                model = self.history.train(day);
            }
            let known = own[&customer].iter().filter(|it| it.at <= *as_of);
            let mut taste = Taste::default();
            for line in known {
                taste.bought.push((line.product, timestamp(&line.at)));
                if line.at.starts_with(day) {
                    taste.anchors.push(line.product);
                }
            }
            let products = &self.history.products;
            let found = rank(&model, products, &taste, &self.rules, timestamp(as_of));
            for (rank, it) in (1..).zip(&found) {
                let code = &self.history.products[it.product.index()].code;
                writer.write_record([&case[0], as_of, &format!("{rank}"), code])?;
            }
        }
        Ok(writer.flush()?)
    }

    fn answer_baskets(&self) -> Result<()> {
        let model = self.history.train(&self.split);
        let mut baskets: BTreeMap<String, Vec<ProductId>> = BTreeMap::new();
        for row in read(&self.dir.join("b_input.csv"))? {
            let products = baskets.entry(row[0].clone()).or_default();
            products.extend(self.history.ids.get(&row[1]));
        }
        let mut writer = csv::Writer::from_path(self.out.join("b.csv"))?;
        writer.write_record(["basket", "rank", "product"])?;
        for (basket, anchors) in baskets {
            let taste = Taste { bought: Vec::new(), anchors };
            let now = model.trained_at();
            let found = recommend(&model, &self.history.products, &taste, &self.rules, now);
            for (rank, it) in (1..).zip(&found) {
                let code = &self.history.products[it.product.index()].code;
                writer.write_record([&basket, &format!("{rank}"), code])?;
            }
        }
        Ok(writer.flush()?)
    }
}
