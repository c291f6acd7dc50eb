//! What is known of the shop's products, kept in memory: catalogue, model, relations, ratings.
//!
//! It is read from the store as a whole and replaced as a whole, so that one decision never mixes
//! two states. A few thousand products and their lists fit in a few megabytes.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use aftercart_insight::ShopModel;
use aftercart_model::{Product, ProductId, Rating, Review, ReviewState};
use aftercart_recommend::Model;
use aftercart_segment::{Catalogue, Relations, Segments, Shop};
use aftercart_store::Tx;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use tracing::warn;

use crate::{
    Engine, recommend_products::MODEL_BLOB, setting, shop_model::shop_model, shop_rules::KnownRules,
};

/// The shop's own words on how a product is used together with others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pairing {
    /// The product bought.
    pub anchor: String,
    /// The product it speaks for, or empty for any.
    #[serde(default)]
    pub with: String,
    /// Two lines at most: `Your dripper deserves a steady hand`.
    pub heading: String,
    /// One sentence on why they go together.
    pub lead: String,
    /// A fact for the inbox line: `The pour is half the cup`.
    #[serde(default)]
    pub fact: String,
    /// A wide picture of the scene, below the shop's own pictures; empty if none.
    #[serde(default)]
    pub scene: String,
    #[serde(default)]
    pub scene_text: String,
    /// The two side by side; empty if none.
    #[serde(default)]
    pub picture: String,
    #[serde(default)]
    pub picture_text: String,
    /// Three steps, or none.
    #[serde(default)]
    pub steps: Vec<PairingStep>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairingStep {
    /// The product shown.
    pub code: String,
    /// One word: `Pour`.
    pub verb: String,
    /// What to do: `in slow circles to 250 g`.
    pub text: String,
}

/// A short true story of a buyer who agreed to have it shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    /// The product it is about.
    pub code: String,
    pub heading: String,
    pub quote: String,
    /// Below the shop's own pictures, or absolute; empty if none.
    #[serde(default)]
    pub picture: String,
    #[serde(default)]
    pub picture_text: String,
}

pub struct Known {
    /// By id: the index is the id.
    pub products: Vec<Product>,
    pub model: Option<Model>,
    /// What the shop's orders say of its customers; `None` before the first night.
    pub shop_model: Option<ShopModel>,
    pub catalogue: Catalogue,
    pub relations: Relations,
    pub ratings: BTreeMap<ProductId, Rating>,
    /// Approved reviews with words, by product, newest first.
    pub reviews: BTreeMap<ProductId, Vec<Review>>,
    pub pairings: Vec<Pairing>,
    pub stories: Vec<Story>,
    pub rules: KnownRules,
    by_code: BTreeMap<String, ProductId>,
    buyers: OnceLock<BTreeMap<ProductId, u64>>,
}

impl Known {
    pub fn product(&self, id: ProductId) -> Option<&Product> {
        self.products.get(id.index())
    }

    /// What conditions ask of the shop, with the segments that they name.
    pub fn shop<'a>(&'a self, segments: &'a Segments) -> Shop<'a> {
        let model = self.shop_model.as_ref();
        Shop { segments, model, ..Shop::new(&self.catalogue, &self.relations) }
    }

    pub fn by_code(&self, code: &str) -> Option<&Product> {
        self.by_code.get(code).and_then(|id| self.product(*id))
    }

    pub fn rating(&self, id: ProductId) -> Rating {
        self.ratings.get(&id).copied().unwrap_or_default()
    }

    /// How many customers bought each product, as of the first time this was asked: `count` reads
    /// every order.
    pub(crate) fn buyers(
        &self,
        count: impl FnOnce() -> Result<Vec<(ProductId, u64)>>,
    ) -> Result<&BTreeMap<ProductId, u64>> {
        if let Some(buyers) = self.buyers.get() {
            return Ok(buyers);
        }
        let counted = count()?.into_iter().collect();
        Ok(self.buyers.get_or_init(|| counted))
    }

    /// The shop's words for `anchor` shown with `main`: the pair's own, else the anchor's general.
    pub fn pairing(&self, anchor: &Product, main: Option<&Product>) -> Option<&Pairing> {
        let main = main.map_or("", |it| it.code.as_str());
        let of_anchor = || self.pairings.iter().filter(|it| it.anchor == anchor.code);
        of_anchor().find(|it| it.with == main).or_else(|| of_anchor().find(|it| it.with.is_empty()))
    }

    pub(crate) fn read(tx: &mut Tx<'_>) -> Result<Self> {
        let products = tx.products()?;
        let model = tx.blob(MODEL_BLOB)?.and_then(|(_, _, bytes)| read_model(&bytes));
        let relations = model.as_ref().map(relations).unwrap_or_default();
        let mut reviews: BTreeMap<ProductId, Vec<Review>> = BTreeMap::new();
        tx.scan_reviews(&mut |review| {
            if review.state == ReviewState::Approved && !review.text.is_empty() {
                reviews.entry(review.product).or_default().push(review);
            }
            Ok(())
        })?;
        for of_product in reviews.values_mut() {
            of_product.sort_by_key(|it| (std::cmp::Reverse(it.at), it.id));
        }
        let pairings = match tx.setting(setting::PAIRINGS)? {
            Some(text) => serde_json::from_str(&text).context("the pairings")?,
            None => Vec::new(),
        };
        let stories = match tx.setting(setting::STORIES)? {
            Some(text) => serde_json::from_str(&text).context("the stories")?,
            None => Vec::new(),
        };
        let rules = KnownRules::read(tx, &products)?;
        Ok(Self {
            catalogue: Catalogue::new(&products),
            relations,
            shop_model: shop_model(tx)?,
            ratings: tx.ratings()?.into_iter().collect(),
            by_code: products.iter().map(|it| (it.code.clone(), it.id)).collect(),
            products,
            buyers: OnceLock::new(),
            model,
            reviews,
            pairings,
            stories,
            rules,
        })
    }
}

/// `None` of a model that another version of the program stored, which the next round of work learns
/// anew.
fn read_model(bytes: &[u8]) -> Option<Model> {
    let model = postcard::from_bytes(bytes);
    model
        .inspect_err(|err| warn!("the recommendations cannot be read and are learned anew: {err}"))
        .ok()
}

/// What conditions ask of the model.
fn relations(model: &Model) -> Relations {
    let (complements, upgrades) = model.relations();
    let replenishments = model.replenishments();
    let days = replenishments.days_by_product();
    Relations::new(complements, upgrades).with_intervals(days, replenishments.learned_at())
}

impl Engine {
    /// What is known now; read from the store at first use and after [`Engine::forget_known`].
    pub fn known(&self) -> Result<Arc<Known>> {
        if let Some(known) = self.known.read().expect("no panic while held").as_ref() {
            return Ok(Arc::clone(known));
        }
        let known = Arc::new(self.store().read(Known::read)?);
        *self.known.write().expect("no panic while held") = Some(Arc::clone(&known));
        Ok(known)
    }

    /// The same within a transaction of the caller, which must not open a second one.
    pub(crate) fn known_in(&self, tx: &mut Tx<'_>) -> Result<Arc<Known>> {
        if let Some(known) = self.known.read().expect("no panic while held").as_ref() {
            return Ok(Arc::clone(known));
        }
        let known = Arc::new(Known::read(tx)?);
        *self.known.write().expect("no panic while held") = Some(Arc::clone(&known));
        Ok(known)
    }

    /// Reads catalogue, model, ratings and reviews anew at their next use.
    pub fn forget_known(&self) {
        *self.known.write().expect("no panic while held") = None;
    }

    /// Keeps the shop's own words on what goes together.
    pub fn save_pairings(&self, pairings: &[Pairing]) -> Result<()> {
        let text = serde_json::to_string(pairings)?;
        self.store().write(|tx| tx.set_setting(setting::PAIRINGS, &text))?;
        self.forget_known();
        Ok(())
    }

    /// Keeps stories of buyers who agreed to have them shown.
    pub fn save_stories(&self, stories: &[Story]) -> Result<()> {
        let text = serde_json::to_string(stories)?;
        self.store().write(|tx| tx.set_setting(setting::STORIES, &text))?;
        self.forget_known();
        Ok(())
    }
}
