//! `aftercart demo`: the sample shop, filled, lived through for 60 days, and shown.
//!
//! Everything goes the way it would for a real shop: the history comes in as events, the campaign is
//! drafted from a sentence, accepted and launched, and the engine works through the days at full
//! speed on a simulated clock. At the end the promises are asked of the whole store.

use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use aftercart_engine::{
    Engine, FlowReport, Pairing, PairingStep, StandingClock, Story, store::Store,
};
use aftercart_model::{FlowId, Review, Timestamp};
use anyhow::{Context, Result, bail, ensure};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::{
    cli::{Common, DemoArgs},
    commands::{report, serve},
    config::Config,
    demo::{
        SampleSettings, SampleShop, Truth, catalogue, pictures,
        simulation::{Simulation, consents, incoming},
    },
    output::{Output, count},
    shop::{self, Opened},
};

/// The first simulated moment, a midnight in Lisbon: 2026-01-16T00:00:00Z.
pub const STARTS_AT: Timestamp = Timestamp::constant(1_768_521_600, 0);
/// The sample store's keys. They are public, so that every run of the demo prints the same; a store
/// of a real shop draws its own.
const BUCKET_KEY: [u8; 16] = *b"aftercart sample";
const SECRET: &str = "the sample shop has no secrets";
const SENTENCE: &str = "Four emails over ten days to people who bought in the last 30 days and \
                        haven't come back: offer, 10% off, reviews, a last nudge.";
/// The report's horizon for second orders.
const HORIZON: SignedDuration = SignedDuration::from_hours(24 * 21);

/// What the demo keeps of itself in the store, to take it up again.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Note {
    seed: u64,
    days: u32,
    /// `None` until the last day is over: a run that was killed begins again.
    told: Option<Told>,
}

/// What happened, as it is printed.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Told {
    sentence: String,
    customers: u64,
    past_orders: u64,
    from: Timestamp,
    until: Timestamp,
    orders: u64,
    enrolled: u64,
    held_out: u64,
    sent: u64,
    bounced: u64,
    bought_and_left: u64,
    truth: ToldTruth,
    report: String,
}

/// What only the simulator knows.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct ToldTruth {
    mailed: u64,
    extra_orders: u64,
    extra_each_minor: f64,
    /// What the report measured, low and high; `None` while too few are past the horizon.
    measured: Option<(f64, f64, f64)>,
}

pub fn run(common: &Common, args: &DemoArgs) -> Result<()> {
    let output = Output::new(common);
    let config = Config::read(common.config.as_deref())?;
    let place = shop::place(common, &config);
    let listen = serve::listen_at(args.listen, &config)?;
    if !args.no_serve {
        // Better now than after the work.
        TcpListener::bind(listen).with_context(|| {
            format!("cannot listen on {listen}; choose another address with --listen")
        })?;
    }
    let (shop, told) = match take_up(&place, &config, args, output)? {
        Some(found) => found,
        None => make(&place, config, args, listen, output)?,
    };
    output.result(&told, || describe(&told, &shop, listen, args.no_serve))?;
    if args.no_serve {
        return Ok(());
    }
    serve::hint_of_old_links(output, &shop, listen);
    serve::serve(shop, listen, false)
}

/// The sample shop of an earlier run, whole; `None` if there is none or it is to begin again.
fn take_up(
    place: &str,
    config: &Config,
    args: &DemoArgs,
    output: Output,
) -> Result<Option<(Opened, Told)>> {
    if !Store::exists(place) {
        return Ok(None);
    }
    let store = Store::open(place)?;
    let engine = Arc::new(Engine::open(store, None)?);
    let Some(note) = engine.sample_note()? else {
        bail!(
            "the store at `{place}` is a shop's own and not the sample shop; name another place \
             with --store"
        );
    };
    let note: Note = serde_json::from_str(&note).context("the sample shop's note")?;
    let told = match note.told {
        Some(told) if !args.fresh => told,
        whole => {
            let why = if whole.is_some() {
                "Beginning again"
            } else {
                "The last run did not end; beginning again"
            };
            output.hint(format!("{why} at {place}"));
            drop(engine);
            empty(place)?;
            return Ok(None);
        }
    };
    if (note.seed, note.days) != (args.seed, args.days) {
        bail!(
            "the sample shop at `{place}` is of seed {} and {} days; add --fresh to begin again",
            note.seed,
            note.days
        );
    }
    output.hint(format!("Taking up the sample shop at {place}; --fresh begins again"));
    let clock = shop::clock_of(&engine)?;
    Ok(Some((Opened { engine, clock, config: config.clone(), place: place.to_owned() }, told)))
}

/// Removes a sample shop's files, and nothing else in the folder.
fn empty(place: &str) -> Result<()> {
    ensure!(
        !place.starts_with("postgres://") && !place.starts_with("postgresql://"),
        "a sample shop on PostgreSQL is not removed from here; drop its database and run again"
    );
    for name in ["aftercart.db", "aftercart.db-wal", "aftercart.db-shm", "aftercart.waiting"] {
        let file = Path::new(place).join(name);
        if file.exists() {
            std::fs::remove_file(&file)
                .with_context(|| format!("cannot remove {}", file.display()))?;
        }
    }
    Ok(())
}

fn make(
    place: &str,
    config: Config,
    args: &DemoArgs,
    listen: SocketAddr,
    output: Output,
) -> Result<(Opened, Told)> {
    let begin = Instant::now();
    let public_url = format!("http://{listen}");
    let settings = SampleSettings {
        seed: args.seed,
        starts_at: STARTS_AT,
        days: args.days,
        public_url: &public_url,
    };
    let spinner = output.spinner("Drawing the sample shop");
    let sample = SampleShop::new(&settings);
    let store = Store::open_with_bucket_key(place, BUCKET_KEY)?;
    let mut note = Note { seed: args.seed, days: args.days, told: None };
    store.write(|tx| tx.set_setting("secret", SECRET))?;
    let engine = Arc::new(Engine::open(store, Some(sample.shop.clone()))?);
    engine.set_sample_note(&serde_json::to_string(&note)?)?;
    spinner.finish_and_clear();

    let bar = output.bar("Two years of history", sample.events.len() as u64);
    let past_orders = fill(&engine, &sample, &bar)?;
    bar.finish_and_clear();
    output.say(format!(
        "Filled {place} with {} customers and two years of orders ({} of them)",
        count(sample.customers.len() as u64),
        count(past_orders),
    ))?;

    let end = STARTS_AT + SignedDuration::from_hours(24 * i64::from(args.days));
    let flow = draft(&engine, output)?;
    let clock = Arc::new(StandingClock::at(STARTS_AT));
    let behaviour = sample.behaviour();
    let mut simulation = Simulation::new(&engine, &clock, &behaviour, &sample.customers);
    let bar = output.bar("Simulated days", u64::from(args.days));
    let days_begin = Instant::now();
    let lived = simulation.live(STARTS_AT, end, &mut |day| bar.set_position(day))?;
    bar.finish_and_clear();
    let days_took = days_begin.elapsed();
    let truth = simulation.truth(HORIZON, end)?;
    engine.set_standing_clock(end)?;

    let broken = engine.check_promises()?;
    ensure!(
        broken.is_empty(),
        "promises do not hold: {}",
        broken.iter().map(|it| it.what.clone()).collect::<Vec<_>>().join("; ")
    );
    let measured = engine.report_flow(&flow, end)?;
    let told = tell(&engine, &flow, &measured, &truth, past_orders, lived.bounced, end)?;
    note.told = Some(told.clone());
    engine.set_sample_note(&serde_json::to_string(&note)?)?;
    output.say(format!(
        "Lived through {} days in {}; promises 3, 4 and 7 hold over the whole store ({} in all)\n",
        args.days,
        seconds(days_took),
        seconds(begin.elapsed()),
    ))?;
    let place = place.to_owned();
    Ok((Opened { engine, clock, config, place }, told))
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

/// Catalogue, pictures, people, history, reviews, and the shop's own words.
pub fn fill(engine: &Engine, sample: &SampleShop, bar: &indicatif::ProgressBar) -> Result<u64> {
    engine.save_products(&sample.products)?;
    let drawn = pictures::pictures();
    engine.store().write(|tx| {
        drawn.iter().try_for_each(|it| tx.save_picture(&it.name, "image/png", &it.png))
    })?;
    let mut past_orders = 0;
    for chunk in sample.events.chunks(10_000) {
        let mut events = Vec::with_capacity(chunk.len());
        for event in chunk {
            events.push(incoming(&sample.customers, event)?);
            if let (crate::demo::SampleBody::Joined, Some(place)) = (&event.body, event.customer) {
                events.extend(consents(&sample.customers[place]));
            }
            past_orders += u64::from(matches!(event.body, crate::demo::SampleBody::Ordered { .. }));
        }
        engine.record_history(events, STARTS_AT)?;
        bar.inc(chunk.len() as u64);
    }
    let known = engine.known()?;
    let mut reviews = Vec::new();
    for review in &sample.reviews {
        let product = known.by_code(review.code).context("a review of no product")?.id;
        let customer = match review.customer {
            Some(place) => Some(engine.find_customer(&sample.customers[place].external_id)?),
            None => None,
        };
        reviews.push(Review {
            id: 0,
            product,
            customer,
            rating: review.rating,
            text: review.text.clone(),
            author: review.author.clone(),
            bought_at: Some(review.bought_at),
            at: review.at,
            state: review.state,
        });
    }
    engine.store().write(|tx| reviews.iter().try_for_each(|it| tx.add_review(it).map(drop)))?;
    engine.save_pairings(&pairings(sample))?;
    engine.save_stories(&stories(sample))?;
    engine.train_recommendations(STARTS_AT)?;
    Ok(past_orders)
}

/// The shop's words for every pair of kinds, spelled out for its products.
fn pairings(sample: &SampleShop) -> Vec<Pairing> {
    let mut pairings = Vec::new();
    for anchor in &sample.products {
        for main in &sample.products {
            let words = catalogue::together(&anchor.kind, &main.kind);
            if words.main_kind.is_empty() {
                continue;
            }
            pairings.push(pairing(
                &anchor.code,
                &main.code,
                words,
                pair_picture(&anchor.kind, &main.kind),
            ));
        }
        pairings.push(pairing(&anchor.code, "", catalogue::together(&anchor.kind, ""), None));
    }
    pairings
}

/// The picture of two kinds side by side, in whichever order they were bought.
fn pair_picture(one: &str, other: &str) -> Option<(&'static str, &'static str)> {
    const PICTURES: [([&str; 2], &str, &str); 4] = [
        (["kettle", "dripper"], "pair-kettle-dripper.png", "Gooseneck kettle beside a dripper"),
        (["grinder", "press"], "pair-grinder-press.png", "Hand grinder beside a French press"),
        (["machine", "grinder"], "pair-machine-grinder.png", "Espresso machine beside a grinder"),
        (["skillet", "board"], "pair-skillet-board.png", "Skillet beside a walnut board"),
    ];
    let is_of = |kind: &str, word: &str| kind.contains(word);
    let found = PICTURES.iter().find(|([a, b], _, _)| {
        (is_of(one, a) && is_of(other, b)) || (is_of(one, b) && is_of(other, a))
    });
    found.map(|(_, name, text)| (*name, *text))
}

fn pairing(
    anchor: &str,
    with: &str,
    words: &catalogue::Together,
    picture: Option<(&'static str, &'static str)>,
) -> Pairing {
    let steps = words.steps.iter().map(|it| PairingStep {
        code: it.code.to_owned(),
        verb: it.verb.to_owned(),
        text: it.text.to_owned(),
    });
    Pairing {
        anchor: anchor.to_owned(),
        with: with.to_owned(),
        heading: words.heading.to_owned(),
        lead: words.sentence.to_owned(),
        fact: String::new(),
        scene: words.scene.to_owned(),
        scene_text: words.scene_text.to_owned(),
        picture: picture.map(|it| it.0.to_owned()).unwrap_or_default(),
        picture_text: picture.map(|it| it.1.to_owned()).unwrap_or_default(),
        steps: steps.collect(),
    }
}

fn stories(sample: &SampleShop) -> Vec<Story> {
    let story = |it: &crate::demo::SampleStory| Story {
        code: it.code.to_owned(),
        heading: it.heading.to_owned(),
        quote: it.text.to_owned(),
        picture: it.picture.to_owned(),
        picture_text: it.picture_text.to_owned(),
    };
    sample.stories.iter().map(story).collect()
}

/// From the sentence to a live flow.
pub fn draft(engine: &Engine, output: Output) -> Result<FlowId> {
    output.say(format!("Asked: {SENTENCE}"))?;
    let proposed = engine.propose_campaign(SENTENCE, STARTS_AT)?;
    let proposal = &proposed.proposal;
    let chips = |chips: &[aftercart_assist::Chip]| {
        let words = chips.iter().map(|it| format!("{} {}", it.key, it.value));
        words.collect::<Vec<_>>().join(", ")
    };
    output.say(format!("  understood: {}", chips(&proposal.understood)))?;
    output.say(format!("  assumed:    {}", chips(&proposal.assumed)))?;
    ensure!(proposal.not_understood.is_empty(), "every word of the sentence is understood");
    let accepted = engine.accept_proposal(proposed.id, STARTS_AT)?;
    engine.launch_campaign(&accepted.flow, STARTS_AT)?;
    output.say(format!(
        "Accepted and launched: flow {}, segment {}, emails {}",
        accepted.flow,
        accepted.segment,
        accepted.templates.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    ))?;
    Ok(accepted.flow)
}

fn tell(
    engine: &Engine,
    flow: &FlowId,
    measured: &FlowReport,
    truth: &Truth,
    past_orders: u64,
    bounced: u64,
    end: Timestamp,
) -> Result<Told> {
    let view = engine.view_flow(flow, end)?.context("the flow that was launched")?;
    let (customers, orders) =
        engine.store().read(|tx| Ok((tx.count_customers()?, tx.count_orders()?)))?;
    Ok(Told {
        sentence: SENTENCE.to_owned(),
        customers,
        past_orders,
        from: STARTS_AT,
        until: end,
        orders: orders - past_orders,
        enrolled: view.counts.enrolled,
        held_out: view.counts.held_out,
        sent: measured.total.sent,
        bounced,
        bought_and_left: view.counts.bought,
        truth: ToldTruth {
            mailed: truth.mailed(),
            extra_orders: truth.extra_orders(),
            extra_each_minor: truth.extra_spend_each_minor(),
            measured: measured.lift.spent.map(|it| (it.estimate, it.low, it.high)),
        },
        report: report::describe(measured),
    })
}

fn describe(told: &Told, shop: &Opened, listen: SocketAddr, no_serve: bool) -> String {
    let (currency, zone) = (shop.engine.shop().currency, shop.engine.shop().zone());
    let day = |at: Timestamp| zone.to_datetime(at).date();
    let amount = |minor: f64| currency.format(minor.round() as i64);
    let truth = told.truth;
    let mut text = format!(
        "From {} to {}: {} orders, {} customers enrolled ({} held out by lot), {} emails sent, \
         {} bounced, {} left by ordering again.\n\n{}\n",
        day(told.from),
        day(told.until - SignedDuration::from_secs(1)),
        count(told.orders),
        count(told.enrolled),
        count(told.held_out),
        count(told.sent),
        count(told.bounced),
        count(told.bought_and_left),
        told.report,
    );
    text.push_str(&format!(
        "The truth, which only the simulator knows: the emails brought {} orders that would not \
         have come,\n{} per customer.",
        count(truth.extra_orders),
        amount(truth.extra_each_minor),
    ));
    if let Some((estimate, low, high)) = truth.measured {
        let (estimate, low, high) = (amount(estimate), amount(low), amount(high));
        text.push_str(&format!(" The report says {estimate} ({low} to {high})."));
    }
    text.push('\n');
    let store = if shop.place == crate::config::STORE_DEFAULT {
        String::new()
    } else {
        format!(" --store {}", shop.place)
    };
    if !no_serve {
        text.push_str(&format!(
            "\nConsole: http://{listen}/   (every email that was sent: http://{listen}/inbox)\n\
             Nothing leaves this machine. Ctrl-C ends it; the store stays.\n"
        ));
    }
    text.push_str(&format!(
        "\nTry next:\n  aftercart recommend product CM-02{store}\n  aftercart segment count upsell{store}\n  \
         aftercart report upsell-cross-sell{store}\n"
    ));
    text
}
