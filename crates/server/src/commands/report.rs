//! `aftercart report`: what a flow's emails did.

use std::fmt::Write as _;

use aftercart_engine::FlowReport;
use aftercart_insight::{Answer, Base, Figures};
use aftercart_model::{Currency, FlowId};
use anyhow::Result;

use crate::{
    cli::{Common, ReportArgs},
    output::{Output, Table, count, fine_percent, percent},
    shop,
};

pub fn run(common: &Common, args: &ReportArgs) -> Result<()> {
    let shop = shop::open(common)?;
    let id = FlowId::new(&*args.flow)?;
    let report = shop.engine.report_flow(&id, shop.now())?;
    Output::new(common).result(&report, || describe(&report))
}

pub fn describe(report: &FlowReport) -> String {
    let currency = report.currency;
    let mut text = format!("{} ({})\n{}\n\n", report.name, report.flow, answer(report));
    let heads = [
        "email",
        " sent",
        " delivered",
        " open",
        " click",
        " conversion",
        " per email",
        " gross",
        " unsub.",
    ];
    let mut table = Table::new(&heads);
    for step in &report.steps {
        table.row(row(&step.title, &step.figures, currency));
    }
    table.row(row("all", &report.total, currency));
    let _ = writeln!(text, "{table}");
    let total = &report.total;
    let _ = writeln!(
        text,
        "rates: unique customers of those delivered to ({} in all, each once in the last row). \
         Opened by machines apart: {} emails.",
        count(total.customers_delivered),
        count(total.machine_opened)
    );
    let _ = writeln!(
        text,
        "credited: {} for {} orders within {} days of a click, net of refunds and cancellations \
         ({} gross)",
        currency.format(total.net_minor),
        count(total.orders),
        report.attribution_days,
        currency.format(total.gross_minor),
    );
    let _ = writeln!(
        text,
        "enrolled: {}, {} of them mailed at least once, {} held out by lot",
        count(report.enrolled),
        count(report.mailed),
        count(report.held_out)
    );
    text
}

/// Whether it earned more than doing nothing, in two sentences.
fn answer(report: &FlowReport) -> String {
    if !report.was_live {
        return format!(
            "It has not been launched, so nothing was sent. See what it would have done: \
             aftercart flow replay {} --from DATE --to DATE",
            report.flow
        );
    }
    let (lift, days, currency) = (&report.lift, report.horizon_days, report.currency);
    let Some(spent) = lift.spent else {
        return match lift.answer {
            Answer::NoHoldout => {
                "Nobody is held out, so whether it earned anything cannot be told. \
                                  Set holdout_percent in the flow."
                    .to_owned()
            }
            _ => format!("Cannot be told yet: nobody's {days} days are over on one of the sides."),
        };
    };
    let amount = |minor: f64| currency.format(minor.round() as i64);
    let lead = match lift.answer {
        Answer::VeryLikelyYes => {
            format!("Very likely yes: about {} more per customer.", amount(spent.estimate))
        }
        Answer::VeryLikelyNot => "Very likely not.".to_owned(),
        Answer::ItCostYou => format!("It cost you: about {} per customer.", amount(spent.estimate)),
        Answer::CannotBeTold | Answer::NoHoldout => "Cannot be told yet.".to_owned(),
    };
    format!(
        "{lead} {} not held out ({} of them mailed) spent {} within {days} days,\n{} held out spent \
         {}: a difference of {}, with 95% confidence between {} and {}.\nAll who entered are \
         compared with those held out, mailed or not.",
        count(lift.offered.customers),
        count(lift.offered.mailed),
        amount(lift.offered.spent.mean),
        count(lift.held_out.customers),
        amount(lift.held_out.spent.mean),
        amount(spent.estimate),
        amount(spent.low),
        amount(spent.high),
    )
}

fn row(title: &str, it: &Figures, currency: Currency) -> Vec<String> {
    let amount = |minor: Option<f64>| {
        minor.map_or_else(|| "–".to_owned(), |it| currency.format(it.round() as i64))
    };
    let over = Base::Delivered;
    vec![
        title.to_owned(),
        count(it.sent),
        count(it.delivered),
        percent(it.open_rate(over)),
        percent(it.click_rate(over)),
        percent(it.conversion_rate(over)),
        amount(it.revenue_per_email(over)),
        amount(it.gross_per_email(over)),
        fine_percent(it.unsubscribe_rate(over)),
    ]
}
