//! What the model learns from a real shop: Online Retail II, a British gift shop with many
//! wholesalers and guests.
//!
//! The data is not part of this repository. It is looked for where `AFTERCART_TEST_DATA` says, else
//! in `shared/data` beside the checkout; without it these tests say that they were skipped.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use aftercart_model::{CustomerId, Product, ProductId, Timestamp};
use aftercart_recommend::{
    Basket, Model, Relation, Replenishments, Rules, Taste, TrainOptions, UPGRADE_RATIO_MAX,
    UPGRADE_RATIO_MIN,
    eval::{self, LIST_LENGTH, Nightly},
    recommend,
};
use insta::assert_snapshot;

struct Shop {
    products: Vec<Product>,
    baskets: Vec<Basket>,
    now: Timestamp,
    model: Model,
}

static SHOP: LazyLock<Option<Shop>> = LazyLock::new(|| data().map(|dir| read_shop(&dir)));

/// The shop, or a line that says why the test called `name` does not run.
fn shop(name: &str) -> Option<&'static Shop> {
    let shop = SHOP.as_ref();
    if shop.is_none() {
        println!("SKIPPED {name}: no online-retail-ii in AFTERCART_TEST_DATA or ../shared/data");
    }
    shop
}

fn data() -> Option<PathBuf> {
    // Tests have no configuration to read this from, and where the data lies is the machine's.
    #[allow(clippy::disallowed_methods)]
    let given = std::env::var_os("AFTERCART_TEST_DATA").map(PathBuf::from);
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let dir = given.unwrap_or_else(beside).join("online-retail-ii");
    dir.is_dir().then_some(dir)
}

fn rows(path: &Path) -> Vec<csv::StringRecord> {
    let mut text = Vec::new();
    let file = File::open(path).expect("a file of the data");
    zstd::Decoder::new(file).expect("zstd").read_to_end(&mut text).expect("whole");
    csv::Reader::from_reader(text.as_slice()).records().map(|it| it.expect("a row")).collect()
}

/// Sales alone, as the data's README tells them apart; the two files overlap by nine days.
fn read_shop(dir: &Path) -> Shop {
    let mut ids: BTreeMap<String, ProductId> = BTreeMap::new();
    let (mut products, mut prices) = (Vec::new(), Vec::new());
    let mut baskets: BTreeMap<String, Basket> = BTreeMap::new();
    let older = rows(&dir.join("online_retail_ii_2009-2010.csv.zst"));
    let newer = rows(&dir.join("online_retail_2010-12_to_2011-05.csv.zst"));
    for row in older.iter().filter(|it| &it[4] < "2010-12-01").chain(&newer) {
        let code = row[1].trim().to_uppercase();
        let quantity: i64 = row[3].parse().expect("units");
        let price: f64 = row[5].parse().expect("a price");
        let is_product = code.len() >= 5 && code.as_bytes()[..5].iter().all(u8::is_ascii_digit);
        if row[0].starts_with(['C', 'A']) || quantity <= 0 || price <= 0.0 || !is_product {
            continue;
        }
        let next = ProductId(u32::try_from(products.len()).expect("few products"));
        let id = *ids.entry(code.clone()).or_insert(next);
        if id == next {
            products.push(Product::bare(id, &code, row[2].trim(), 0));
            prices.push(Vec::new());
        }
        prices[id.index()].push((price * 100.0).round() as i64);
        let at = format!("{}Z", &row[4]).parse().expect("a time");
        let customer = row[6].parse().ok().map(CustomerId);
        let basket = || Basket { customer, at, products: Vec::new() };
        baskets.entry(row[0].to_owned()).or_insert_with(basket).products.push(id);
    }
    for (product, prices) in products.iter_mut().zip(&mut prices) {
        prices.sort_unstable();
        product.price_minor = prices[prices.len() / 2];
    }
    let baskets: Vec<Basket> = baskets.into_values().collect();
    let now = "2011-06-01T00:00:00Z".parse().expect("a time");
    let model = Model::train(baskets.clone(), &products, now, &TrainOptions::default());
    Shop { products, baskets, now, model }
}

impl Shop {
    fn id(&self, code: &str) -> ProductId {
        self.products.iter().find(|it| it.code == code).expect("a product of the shop").id
    }

    fn name(&self, id: ProductId) -> &str {
        &self.products[id.index()].name
    }

    fn taste(&self, customer: CustomerId) -> Taste {
        let own = self.baskets.iter().filter(|it| it.customer == Some(customer));
        let last = own.clone().max_by_key(|it| it.at).expect("a customer with orders");
        let each = own.flat_map(|it| it.products.iter().map(move |product| (*product, it.at)));
        Taste { bought: each.collect(), anchors: last.products.clone() }
    }
}

#[test]
fn what_goes_with_the_heart_holder_hangs_or_holds_candles() {
    let Some(shop) = shop("what_goes_with_the_heart_holder_hangs_or_holds_candles") else { return };
    let complements = shop.model.complements(shop.id("85123A"));
    let line = |it: &aftercart_recommend::Complement| {
        format!("{}: {}", shop.name(it.product), it.evidence())
    };
    let lines: Vec<String> = complements.iter().take(8).map(line).collect();
    assert_snapshot!(lines.join("\n"), @r"
    RED HANGING HEART T-LIGHT HOLDER: bought together by 554 customers, 4.0 times more than by chance
    CANDLEHOLDER PINK HANGING HEART: bought together by 253 customers, 4.3 times more than by chance
    HEART OF WICKER LARGE: bought together by 413 customers, 2.8 times more than by chance
    CREAM HEART CARD HOLDER: bought together by 309 customers, 3.3 times more than by chance
    HEART OF WICKER SMALL: bought together by 412 customers, 2.8 times more than by chance
    HEART IVORY TRELLIS LARGE: bought together by 253 customers, 3.1 times more than by chance
    HANGING METAL HEART LANTERN: bought together by 232 customers, 3.4 times more than by chance
    ZINC METAL HEART DECORATION: bought together by 333 customers, 2.9 times more than by chance
    ");
    assert_eq!(complements.len(), 50);
}

#[test]
fn the_better_heart_holder_is_a_dearer_t_light_holder() {
    let Some(shop) = shop("the_better_heart_holder_is_a_dearer_t_light_holder") else { return };
    let upgrades = shop.model.upgrades(shop.id("85123A"));
    let line =
        |it: &aftercart_recommend::Upgrade| format!("{}: {}", shop.name(it.product), it.evidence());
    let lines: Vec<String> = upgrades.iter().take(4).map(line).collect();
    assert_snapshot!(lines.join("\n"), @r"
    GLASS STAR FROSTED T-LIGHT HOLDER: 51 customers moved up to it later, at 1.7 times the price
    COLOUR GLASS. STAR T-LIGHT HOLDER: 81 customers moved up to it later, at 1.1 times the price
    CREAM HEART CARD HOLDER: 109 customers moved up to it later, at 1.3 times the price
    BLACK HEART CARD HOLDER: 104 customers moved up to it later, at 1.3 times the price
    ");
}

#[test]
fn every_step_up_of_the_shop_is_on_the_ladder() {
    let Some(shop) = shop("every_step_up_of_the_shop_is_on_the_ladder") else { return };
    let mut with_upgrade = 0;
    for product in &shop.products {
        let upgrades = shop.model.upgrades(product.id);
        with_upgrade += usize::from(!upgrades.is_empty());
        for it in upgrades {
            let better = &shop.products[it.product.index()];
            let ratio = better.price_minor as f64 / product.price_minor as f64;
            assert!((UPGRADE_RATIO_MIN..=UPGRADE_RATIO_MAX).contains(&ratio), "{}", better.name);
        }
    }
    let of = shop.products.len();
    assert!(with_upgrade * 2 > of, "{with_upgrade} of {of} products have a better version");
}

#[test]
fn regular_customers_get_four_products_each_with_its_reason() {
    let Some(shop) = shop("regular_customers_get_four_products_each_with_its_reason") else {
        return;
    };
    let mut customers: Vec<CustomerId> = shop.baskets.iter().filter_map(|it| it.customer).collect();
    customers.sort_unstable();
    customers.dedup();
    for customer in customers.into_iter().step_by(97) {
        let taste = shop.taste(customer);
        let found = recommend(&shop.model, &shop.products, &taste, &Rules::default(), shop.now);
        assert_eq!(found.len(), 4, "customer {customer}");
        for it in found {
            let has_it = taste.bought.iter().any(|(id, _)| *id == it.product);
            assert_eq!(has_it, it.relation == Relation::DueAgain, "has it already");
            match it.relation {
                Relation::GoesWith { anchor } => {
                    let listed = shop.model.complements(anchor);
                    let same = listed.iter().find(|other| other.product == it.product);
                    assert_eq!(same.map(|other| other.evidence()), Some(it.evidence));
                }
                Relation::StepUp { anchor } => assert!(taste.anchors.contains(&anchor)),
                Relation::DueAgain => {
                    let own = taste.bought.iter().filter(|(id, _)| *id == it.product);
                    let own: Vec<Timestamp> = own.map(|(_, at)| *at).collect();
                    let due = shop.model.replenishments().due_again(it.product, &own);
                    assert!(due.is_some_and(|at| at <= shop.now));
                }
                Relation::BestSeller => assert!(it.evidence.customers() > 0),
            }
        }
    }
}

#[test]
fn paper_runs_out_and_holders_do_not() {
    let Some(shop) = shop("paper_runs_out_and_holders_do_not") else { return };
    let learned = shop.model.replenishments();
    let line = |name: &str| {
        let product =
            shop.products.iter().find(|it| it.name == name).expect("a product of the shop");
        let found = learned.get(product.id).map(|it| {
            let (quarter, most) = (it.days_quarter, it.days_three_quarters);
            format!("{quarter} to {most} days, {}", it.evidence())
        });
        format!("{name}: {}", found.as_deref().unwrap_or("no interval"))
    };
    // Nothing is bought again by more customers than the last two, one day as likely as another.
    let names = [
        "WRAP RED APPLES",
        "RED SPOTS  WRAP",
        "ROMANTIC PINKS RIBBONS",
        "WHITE HANGING HEART T-LIGHT HOLDER",
        "REGENCY CAKESTAND 3 TIER",
    ];
    assert_snapshot!(names.map(line).join("\n"), @r"
    WRAP RED APPLES: 86 to 198 days, bought again by 29 customers, after about 4 months
    RED SPOTS  WRAP: 74 to 210 days, bought again by 114 customers, after about 4 months
    ROMANTIC PINKS RIBBONS: 76 to 193 days, bought again by 60 customers, after about 4 months
    WHITE HANGING HEART T-LIGHT HOLDER: no interval
    REGENCY CAKESTAND 3 TIER: no interval
    ");
    let of = shop.products.len();
    assert_snapshot!(format!("{} of {of} products", learned.iter().count()), @"233 of 4274 products");
}

/// Learned from what was sold until March 2011, and asked of the 30 days after: by how many intervals
/// have passed since a customer bought a product, how many bought it again.
#[test]
fn who_is_long_past_due_hardly_comes_back() {
    let Some(shop) = shop("who_is_long_past_due_hardly_comes_back") else { return };
    let then: Timestamp = "2011-03-01T00:00:00Z".parse().expect("a time");
    let end: Timestamp = "2011-03-31T00:00:00Z".parse().expect("a time");
    let learned = Replenishments::learn(&shop.baskets, &shop.products, then);
    let mut bought: BTreeMap<(CustomerId, ProductId), Vec<Timestamp>> = BTreeMap::new();
    for basket in shop.baskets.iter().filter(|it| it.at < end) {
        for product in basket.customer.iter().flat_map(|_| &basket.products) {
            let customer = basket.customer.expect("a customer's");
            bought.entry((customer, *product)).or_default().push(basket.at);
        }
    }
    let mut by_age: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
    for ((_, product), times) in bought {
        let (before, after): (Vec<_>, Vec<_>) = times.into_iter().partition(|it| *it < then);
        let days = learned.interval_days(product, &before);
        let (Some(days), Some(last)) = (days, before.iter().max()) else { continue };
        let age_days = u32::try_from(then.duration_since(*last).as_hours() / 24).expect("past");
        let (pairs, again) = by_age.entry((age_days / days).min(3)).or_default();
        *pairs += 1;
        *again += u32::from(!after.is_empty());
    }
    let line = |(age, (pairs, again)): (&u32, &(u32, u32))| {
        format!("{age}: {again} of {pairs}, {:.1} %", 100.0 * f64::from(*again) / f64::from(*pairs))
    };
    assert_snapshot!(by_age.iter().map(line).collect::<Vec<_>>().join("\n"), @r"
    0: 246 of 4586, 5.4 %
    1: 193 of 4559, 4.2 %
    2: 106 of 3955, 2.7 %
    3: 98 of 11687, 0.8 %
    ");
}

/// As `aftercart recommend eval` asks: four weeks of mornings, each with what was known then.
#[test]
fn what_customers_add_is_ranked_far_above_what_sells_best() {
    let Some(shop) = shop("what_customers_add_is_ranked_far_above_what_sells_best") else { return };
    let start: Timestamp = "2011-03-01T00:00:00Z".parse().expect("a time");
    let asked_until: Timestamp = "2011-03-29T00:00:00Z".parse().expect("a time");
    let mut cases = eval::cases(&shop.baskets, start, shop.now);
    cases.retain(|it| it.as_of < asked_until);
    let mut nightly = Nightly::new(&shop.baskets, &shop.products, start);
    let (mut ranked, mut popular) = (Vec::new(), Vec::new());
    for it in &cases {
        let list = nightly.answer(it.customer, it.as_of);
        let taste = nightly.taste(it.customer, it.as_of);
        let has = |product: &ProductId| taste.bought.iter().any(|own| own.0 == *product);
        assert!(list.len() == LIST_LENGTH && !list.iter().any(has), "{it:?}");
        ranked.push(list);
        popular.push(nightly.answer_popular(it.customer, it.as_of));
        for step in nightly.answer_upsell(it.customer, it.as_of) {
            let price = |it: ProductId| shop.products[it.index()].price_minor as f64;
            let betters = |it: &&ProductId| {
                (UPGRADE_RATIO_MIN..=UPGRADE_RATIO_MAX).contains(&(price(step) / price(**it)))
            };
            assert!(taste.anchors.iter().any(|it| betters(&it)) && !has(&step), "{it:?}");
        }
    }
    let score = |lists: &[Vec<ProductId>]| eval::score(&cases, lists, shop.products.len());
    let (ranked, popular) = (score(&ranked), score(&popular));
    let line = format!(
        "{} cases, recall@10 {:.3}, of what sells best {:.3}, coverage {:.3}",
        ranked.cases, ranked.recall_at_10.mean, popular.recall_at_10.mean, ranked.coverage_at_10
    );
    // When this was written .066 beside .038, coverage .16: below these something was lost.
    assert!(ranked.recall_at_10.mean > 0.06, "{line}");
    assert!(ranked.recall_at_10.mean > 1.5 * popular.recall_at_10.mean, "{line}");
    assert!(ranked.coverage_at_10 > 0.1, "{line}");
}
