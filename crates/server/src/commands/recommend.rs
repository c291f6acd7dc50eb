//! `aftercart recommend`: what goes with a product, and what a customer would be shown.

use aftercart_engine::{CustomerAdvice, ProductAdvice, RelatedProduct};
use aftercart_model::Currency;
use anyhow::Result;

use super::{recommend_eval, recommend_rules};
use crate::{
    cli::{Common, RecommendCommand, RecommendCustomerArgs, RecommendProductArgs},
    output::{Output, Table},
    shop,
};

pub fn run(common: &Common, command: &RecommendCommand) -> Result<()> {
    match command {
        RecommendCommand::Product(args) => product(common, args),
        RecommendCommand::Customer(args) => customer(common, args),
        RecommendCommand::Rules(command) => recommend_rules::run(common, command),
        RecommendCommand::Eval(args) => recommend_eval::eval(common, args),
        RecommendCommand::Predict(args) => recommend_eval::predict(common, args),
    }
}

fn product(common: &Common, args: &RecommendProductArgs) -> Result<()> {
    let shop = shop::open(common)?;
    let advice = shop.engine.advise_on_product(&args.code, usize::from(args.limit))?;
    let currency = shop.engine.shop().currency;
    Output::new(common).result(&advice, || describe(&advice, currency))
}

fn describe(advice: &ProductAdvice, currency: Currency) -> String {
    let price = currency.format(advice.price_minor);
    let mut text = format!("{}  {}  {price}\n\n", advice.code, advice.name);
    if let Some(again) = &advice.bought_again {
        let learned_on = again.learned_at.to_string();
        let learned_on = learned_on.split('T').next().unwrap_or_default();
        text.push_str(&format!("{}. Learned on {learned_on}.\n\n", again.in_words()));
    }
    if advice.goes_with.is_empty() {
        text.push_str("Nothing goes with it yet: too few customers bought it with anything.\n");
    } else {
        let mut table = Table::new(&["goes with it", "", " price", "evidence", "rules"]);
        for it in &advice.goes_with {
            let price = currency.format(it.price_minor);
            let (name, evidence) = (it.name.clone(), it.evidence.clone());
            table.row([it.code.clone(), name, price, evidence, rules(it)]);
        }
        text.push_str(&table.to_string());
    }
    text.push('\n');
    if advice.better_versions.is_empty() {
        text.push_str("There is no better version of it between 1.1 and 2.5 times its price.\n");
    } else {
        let heads = ["better version", "", " price", " times", "evidence", "rules"];
        let mut table = Table::new(&heads);
        for it in &advice.better_versions {
            table.row([
                it.code.clone(),
                it.name.clone(),
                currency.format(it.price_minor),
                it.price_ratio.map(|ratio| format!("{ratio:.1}x")).unwrap_or_default(),
                it.evidence.clone(),
                rules(it),
            ]);
        }
        text.push_str(&table.to_string());
    }
    if !advice.never_shown.is_empty() {
        let mut table = Table::new(&["never shown", "", " price", "evidence", "rules"]);
        for it in &advice.never_shown {
            let price = currency.format(it.price_minor);
            let (name, evidence) = (it.name.clone(), it.evidence.clone());
            table.row([it.code.clone(), name, price, evidence, rules(it)]);
        }
        text.push_str(&format!("\n{table}"));
    }
    text
}

/// Which rules changed where a product stands: `pin (Kettles first)`.
fn rules(it: &RelatedProduct) -> String {
    let told = it.changed_by.iter().map(|it| format!("{} ({})", it.effect, it.rule));
    told.collect::<Vec<_>>().join("; ")
}

fn customer(common: &Common, args: &RecommendCustomerArgs) -> Result<()> {
    let shop = shop::open(common)?;
    let customer = shop.engine.find_customer(&args.customer)?;
    let limit = usize::from(args.limit);
    let advice = shop.engine.advise_on_customer(customer, limit, shop.now())?;
    let currency = shop.engine.shop().currency;
    Output::new(common).result(&advice, || describe_customer(&advice, currency))
}

fn describe_customer(advice: &CustomerAdvice, currency: Currency) -> String {
    let mut text = match &advice.order {
        Some(order) => format!("after order {order}: {}\n\n", advice.bought.join(", ")),
        None => "has not ordered yet; what sells best:\n\n".to_owned(),
    };
    if advice.products.is_empty() {
        text.push_str("There is nothing to recommend yet: no other product of the shop sells.\n");
        return text;
    }
    let mut table = Table::new(&["product", "", " price", "why", "rules"]);
    for it in &advice.products {
        let price = currency.format(it.price_minor);
        let (name, evidence) = (it.name.clone(), it.evidence.clone());
        table.row([it.code.clone(), name, price, evidence, rules(it)]);
    }
    text.push_str(&table.to_string());
    text
}
