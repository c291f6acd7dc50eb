//! One file for each use case: loads facts, asks the pure crates, stores outcome and effects in one
//! transaction.
//!
//! An [`Engine`] stands on one store and is one shop. It holds no state of its own that the store
//! does not: what it keeps in memory (catalogue, model, compiled emails, parsed flows, the archive)
//! is read from there and can be dropped at any moment. It reads no clock: every use case takes
//! `now`.

mod advance_enrolments;
mod arrivals;
mod assistant_view;
mod backfill;
mod campaign;
mod catching_inbox;
mod check_promises;
mod clock;
mod consent;
mod customer_view;
mod customers_view;
mod deliver_messages;
mod due_again;
mod erase_customer;
mod everybody;
mod export_customer;
mod flow_view;
mod follow_customer;
mod home_view;
mod import_files;
mod import_history;
mod inbox_view;
mod keep_archive;
mod known;
mod merge_customers;
mod mime;
mod moderate_reviews;
mod pause_flow;
mod plan_message;
mod products_view;
mod public_view;
mod recommend_eval;
mod recommend_products;
mod record_delivery;
mod record_events;
mod redeem_coupon;
mod render_email;
mod replay_flow;
mod report_flow;
mod report_view;
#[cfg(test)]
mod scenarios;
mod segments;
mod shop_model;
mod shop_rules;
mod tokens;
mod total;
mod track;
mod work;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, RwLock, atomic::AtomicU64},
};

use aftercart_archive::Archive;
use aftercart_email::{Brand, Program};
use aftercart_flow::Flow;
use aftercart_model::{Currency, EmailAddress, FlowId, Shop, TemplateId, Timestamp};
use aftercart_policy::Rules;
use aftercart_segment::Condition;
use aftercart_store::{Store, Tx};
use anyhow::{Context, Result};

pub use aftercart_assist as assist;
pub use aftercart_flow as flow;
pub use aftercart_ingest::{
    Incoming, OWN_IDS, Taken, WEBHOOK_BYTES_MAX, agent, files, segment_api, shopify, woocommerce,
};
pub use aftercart_insight as insight;
pub use aftercart_policy as policy;
pub use aftercart_recommend as recommend;
pub use aftercart_recommend::eval::{Measured as OfflineMeasured, OfflineScore};
pub use aftercart_segment as segment;
pub use aftercart_store as store;
pub use arrivals::{
    ArrivalCounts, ArrivalLine, ArrivalPlace, ArrivalsBefore, ArrivalsBeforeError, ArrivalsPage,
    ArrivedAs, event_name, incoming_name, reason_without_value,
};
pub use assistant_view::{Planned, ProposedAudience, slot_name, slot_named};
pub use backfill::{BackfillProgress, Backfilled, RefusedItem};
pub use campaign::{Accepted, CampaignProposal};
pub use check_promises::BrokenPromise;
pub use clock::{Clock, StandingClock, SystemClock};
pub use customer_view::{
    CustomerAnswer, CustomerView, Gate, NextStep, NotEnrolled, TimelineEntry, TimelineOf, Why,
    is_for_a_pause, left_words,
};
pub use customers_view::{CustomerLine, CustomersView, LostCustomers};
pub use deliver_messages::DeliverySummary;
pub use erase_customer::{Erasure, ErasureShown, RequestLine};
pub use export_customer::{CustomerExport, Named};
pub use flow_view::{
    EnrolmentLine, EnrolmentsPage, FlowCounts, FlowListing, FlowView, StepAccount, StepTraffic,
    TreeRow, TreeSource,
};
pub use home_view::{HomeView, NeedsPerson, SetupFacts, WeekFigures};
pub use import_files::{
    ColumnShown, FileChoices, FileImported, FilePlan, FilePlanShown, FileProgress, KeptMapping,
    MappingOrigin, RefusedFor, RefusedRow,
};
pub use import_history::{ImportProgress, Imported, survey_online_retail};
pub use inbox_view::{InboxView, LetterCause, LetterLine, LetterView};
pub use known::{Known, Pairing, PairingStep, Story};
pub use moderate_reviews::{ReviewLine, ReviewsView};
pub use pause_flow::Overdue;
pub use products_view::{ProductLine, ProductRelation, ProductView, ProductsView};
pub use public_view::EmailAgain;
pub use recommend_eval::{CustomerCase, EvalRow, ModelInUse, Predicted, RecommendEval};
pub use recommend_products::{BoughtAgain, CustomerAdvice, ProductAdvice, RelatedProduct};
pub use record_delivery::{Delivered, Delivery};
pub use record_events::{Occasion, Recorded};
pub use render_email::RenderedEmail;
pub use replay_flow::ReplaySource;
pub use report_flow::{FlowReport, StepReport};
pub use report_view::{Finding, Grade, Suggestion};
pub use segments::{
    ClauseCount, ClauseWhy, ExportFormat, ExportedMember, ListChanged, ListListing, ListMember,
    OVERLAP_SEGMENTS_MAX, Overlap, SegmentAsked, SegmentChange, SegmentCount, SegmentListing,
    SegmentMember, SegmentUse, SegmentView, SegmentWhy, SizeOfDay, all_segments, id_of_name,
};
pub use shop_rules::{
    KnownRules, RuleShown, RuleTold, RulesChanged, RulesPlan, RulesVersion, RulesView,
};
pub use tokens::{Keys, Token, are_same_secrets};
pub use total::Total;
pub use track::{Preferences, Tracked};
pub use work::WorkDone;

/// Beside an embedded store.
const ARCHIVE_FOLDER: &str = "archive";

/// One shop at work.
pub struct Engine {
    store: Store,
    shop: Shop,
    brand: Brand,
    keys: Keys,
    rules: Rules,
    known: RwLock<Option<Arc<Known>>>,
    archive: Mutex<Archive>,
    archive_files: Mutex<keep_archive::ArchiveFiles>,
    flows: RwLock<BTreeMap<(FlowId, u32), Arc<Flow>>>,
    programs: RwLock<BTreeMap<(TemplateId, u32), Arc<Program>>>,
    /// Stored conditions by their written form.
    conditions: RwLock<BTreeMap<String, Arc<Condition>>>,
    kept_index: RwLock<Option<segments::KeptIndex>>,
    everybody: Mutex<Option<Arc<everybody::Everybody>>>,
    arrivals: Mutex<arrivals::WaitingArrivals>,
    /// How many customers had been erased when what is kept in memory was last brought in line.
    erasures_followed: AtomicU64,
}

/// Names of settings in the store.
mod setting {
    pub const SHOP: &str = "shop";
    pub const BRAND: &str = "brand";
    pub const SECRET: &str = "secret";
    pub const WRITE_KEY: &str = "write-key";
    pub const PAIRINGS: &str = "pairings";
    pub const STORIES: &str = "stories";
    pub const CLOCK: &str = "clock";
    pub const SAMPLE: &str = "sample";
}

impl Engine {
    /// The engine of `store`. A store without a shop gets `shop`, and one that has one takes over
    /// what `shop` says now; without either it stands for a nameless shop until one is set up.
    pub fn open(store: Store, shop: Option<Shop>) -> Result<Self> {
        let (shop, brand, secret) = store.write(|tx| {
            if let Some(shop) = &shop {
                tx.set_setting(setting::SHOP, &serde_json::to_string(shop)?)?;
            }
            let shop = match tx.setting(setting::SHOP)? {
                Some(text) => serde_json::from_str(&text).context("the shop's settings")?,
                None => nameless_shop(),
            };
            let brand = match tx.setting(setting::BRAND)? {
                Some(text) => serde_json::from_str(&text).context("the brand")?,
                None => Brand::named(&shop.name),
            };
            Ok((shop, brand, own_setting(tx, setting::SECRET)?))
        })?;
        let archive_folder = store.folder().map(|it| it.join(ARCHIVE_FOLDER));
        Ok(Self {
            store,
            shop,
            brand,
            keys: Keys::derive(&secret),
            rules: Rules::default(),
            known: RwLock::new(None),
            archive: Mutex::new(Archive::new()),
            archive_files: Mutex::new(keep_archive::ArchiveFiles::in_folder(archive_folder)),
            flows: RwLock::default(),
            programs: RwLock::default(),
            conditions: RwLock::default(),
            kept_index: RwLock::default(),
            everybody: Mutex::default(),
            arrivals: Mutex::default(),
            erasures_followed: AtomicU64::new(0),
        })
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    pub fn shop(&self) -> &Shop {
        &self.shop
    }

    /// Whether somebody has said who the mail is from. Nothing may leave before.
    pub fn is_set_up(&self) -> bool {
        self.shop.sender != nameless_shop().sender
    }

    pub fn brand(&self) -> &Brand {
        &self.brand
    }

    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The write key of the event API: `given` if there is one, else the one drawn at first use.
    pub fn write_key(&self, given: Option<&str>) -> Result<String> {
        match given {
            Some(key) => Ok(key.to_owned()),
            None => self.store.write(|tx| own_setting(tx, setting::WRITE_KEY)),
        }
    }

    /// The moment this store's clock stands at, if it stands: a sample shop's.
    pub fn standing_clock(&self) -> Result<Option<Timestamp>> {
        let text = self.store.read(|tx| tx.setting(setting::CLOCK))?;
        text.map(|it| it.parse().context("the store's clock")).transpose()
    }

    pub fn set_standing_clock(&self, now: Timestamp) -> Result<()> {
        self.store.write(|tx| tx.set_setting(setting::CLOCK, &now.to_string()))
    }

    /// What the demo notes of the sample shop it filled this store with.
    pub fn sample_note(&self) -> Result<Option<String>> {
        self.store.read(|tx| tx.setting(setting::SAMPLE))
    }

    pub fn set_sample_note(&self, note: &str) -> Result<()> {
        self.store.write(|tx| tx.set_setting(setting::SAMPLE, note))
    }

    /// A version of a flow, parsed once.
    pub(crate) fn flow_version(
        &self,
        tx: &mut Tx<'_>,
        id: &FlowId,
        version: u32,
    ) -> Result<Arc<Flow>> {
        let key = (id.clone(), version);
        if let Some(flow) = self.flows.read().expect("no panic while held").get(&key) {
            return Ok(Arc::clone(flow));
        }
        let stored = tx
            .flow_version(id, version)?
            .with_context(|| format!("flow `{id}` has no version {version}"))?;
        let flow = Arc::new(Flow::parse(&stored.document)?);
        self.flows.write().expect("no panic while held").insert(key, Arc::clone(&flow));
        Ok(flow)
    }

    /// A version of a template, or its newest, compiled once.
    pub(crate) fn program(
        &self,
        tx: &mut Tx<'_>,
        id: &TemplateId,
        version: Option<u32>,
    ) -> Result<(u32, Arc<Program>)> {
        let (version, document) = match tx.template(id, version)? {
            Some(stored) => stored,
            None => (0, shipped_template(id)?.to_owned()),
        };
        let key = (id.clone(), version);
        if let Some(program) = self.programs.read().expect("no panic while held").get(&key) {
            return Ok((version, Arc::clone(program)));
        }
        let document = aftercart_email::Document::parse(&document)?;
        let program = Arc::new(aftercart_email::compile(&document, &self.brand)?);
        self.programs.write().expect("no panic while held").insert(key, Arc::clone(&program));
        Ok((version, program))
    }
}

fn own_setting(tx: &mut Tx<'_>, name: &str) -> Result<String> {
    if let Some(value) = tx.setting(name)? {
        return Ok(value);
    }
    let drawn = Keys::draw_secret();
    tx.set_setting(name, &drawn)?;
    Ok(drawn)
}

fn shipped_template(id: &TemplateId) -> Result<&'static str> {
    let shipped = aftercart_email::shipped();
    let known = || shipped.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    shipped
        .iter()
        .find(|(name, _)| *name == id.as_str())
        .map(|(_, document)| *document)
        .with_context(|| format!("there is no template `{id}`; choose one of {}", known()))
}

/// Stands in until the shop is set up. Its addresses cannot be delivered to (RFC 2606).
pub fn nameless_shop() -> Shop {
    Shop {
        name: "Your shop".to_owned(),
        url: "https://shop.example".to_owned(),
        currency: Currency::EUR,
        time_zone: "UTC".to_owned(),
        locale: "en".to_owned(),
        postal_address: "Your company, street, town and country".to_owned(),
        sender: EmailAddress::new("hello@shop.example").expect("a plain address"),
        sender_name: "Your shop".to_owned(),
        public_url: "http://127.0.0.1:7878".to_owned(),
    }
}
