//! The shop's own rules for recommendations: kept, compared, changed, taken back.
//!
//! They are one document with versions. Whoever changes it, from a file or in the console, has it
//! checked against the catalogue in the transaction that stores it; what is refused changes nothing.

use std::{collections::BTreeSet, sync::Arc};

use aftercart_model::{Product, ProductId, Timestamp};
use aftercart_recommend::{BoundRules, Model, Neighbour, RuleRelation, ShopRule, ShopRules};
use aftercart_store::Tx;
use anyhow::{Context, Result, bail};
use serde::Serialize;

use crate::{Engine, Known};

/// Places beside a product that anybody sees; a change below them is none.
const PLACES_SEEN: usize = 4;
/// Versions that are listed.
const VERSIONS_LISTED: u32 = 50;

/// The rules as they hold.
pub struct KnownRules {
    /// 0 if there never were any.
    pub version: u32,
    pub document: ShopRules,
    pub bound: Arc<BoundRules>,
}

impl KnownRules {
    pub(crate) fn read(tx: &mut Tx<'_>, products: &[Product]) -> Result<Self> {
        let Some(stored) = tx.shop_rules(None)? else {
            return Ok(Self { version: 0, document: ShopRules::default(), bound: Arc::default() });
        };
        let document = ShopRules::parse(&stored.document).context("the stored rules")?;
        let bound = Arc::new(BoundRules::new(&document, products));
        Ok(Self { version: stored.version, document, bound })
    }
}

/// All rules, with what each does now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RulesView {
    /// The version that holds; `None` before the first.
    pub version: Option<RulesVersion>,
    pub rules: Vec<RuleShown>,
    pub of_products: usize,
    /// Whether recommendations were learned yet: before, no rule changes anything.
    pub is_trained: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RulesVersion {
    pub version: u32,
    pub at: Timestamp,
    pub changed_by: String,
    pub rules: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleShown {
    pub name: String,
    /// What it does, in words.
    pub told: String,
    pub rule: ShopRule,
    /// Products it is about as the catalogue is now.
    pub products: usize,
    /// Products beside which the first places look otherwise because of it.
    pub lists_changed: usize,
    /// What is to be known of it, such as that it matches nothing.
    pub notes: Vec<String>,
}

/// A rule in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleTold {
    pub name: String,
    pub told: String,
}

/// What a file would make of the rules.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RulesPlan {
    /// The version compared with: the one that held; 0 if there was none.
    pub compared_with: u32,
    pub added: Vec<RuleTold>,
    pub removed: Vec<RuleTold>,
    /// As they are, then as they would be.
    pub changed: Vec<(RuleTold, RuleTold)>,
    pub same: usize,
    /// Whether those that stay are asked in another order.
    pub is_reordered: bool,
    /// Products beside which the first places would look otherwise.
    pub lists_changed: usize,
    pub of_products: usize,
    pub notes: Vec<String>,
}

impl RulesPlan {
    /// The file says what holds already.
    pub fn is_nothing(&self) -> bool {
        self.added.is_empty()
            && self.removed.is_empty()
            && self.changed.is_empty()
            && !self.is_reordered
    }
}

/// Rules that were changed, and the version that holds since.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RulesChanged {
    pub version: u32,
    #[serde(flatten)]
    pub plan: RulesPlan,
}

impl Engine {
    pub fn view_shop_rules(&self) -> Result<RulesView> {
        let known = self.known()?;
        let stored = self.store().read(|tx| tx.shop_rules(None))?;
        let rules = &known.rules;
        let currency = self.shop().currency;
        let findings = rules.document.check(&known.products);
        let touched = rules.bound.touched();
        let lists = lists_changed_by(&known);
        let shown = rules.document.rules.iter().enumerate().map(|(index, rule)| RuleShown {
            name: rule.name.clone(),
            told: rule.in_words(currency),
            rule: rule.clone(),
            products: touched[index].unwrap_or(known.products.len()),
            lists_changed: lists[index],
            notes: findings
                .iter()
                .filter(|it| it.rule == rule.name)
                .map(|it| it.problem.to_string())
                .collect(),
        });
        let rules_count = rules.document.rules.len();
        Ok(RulesView {
            version: stored.map(|it| RulesVersion {
                version: it.version,
                at: it.at,
                changed_by: it.changed_by,
                rules: rules_count,
            }),
            rules: shown.collect(),
            of_products: known.products.len(),
            is_trained: known.model.is_some(),
        })
    }

    /// The newest versions of the rules, the newest first.
    pub fn list_shop_rules_versions(&self) -> Result<Vec<RulesVersion>> {
        let versions = self.store().read(|tx| tx.shop_rules_versions(VERSIONS_LISTED))?;
        let told = versions.into_iter().map(|it| {
            let rules = ShopRules::parse(&it.document).context("a stored version of the rules")?;
            let (version, at, changed_by) = (it.version, it.at, it.changed_by);
            Ok(RulesVersion { version, at, changed_by, rules: rules.rules.len() })
        });
        told.collect()
    }

    /// The rules as a file: as it was applied, remarks and all, or as the console wrote it.
    pub fn shop_rules_document(&self, version: Option<u32>) -> Result<String> {
        match self.store().read(|tx| tx.shop_rules(version))? {
            Some(stored) => Ok(stored.document),
            None => match version {
                Some(version) => bail!(
                    "the rules have no version {version}; `aftercart recommend rules versions` \
                     lists them"
                ),
                None => Ok(ShopRules::default().to_yaml()),
            },
        }
    }

    /// What a file would change, and nothing is changed.
    pub fn plan_shop_rules(&self, yaml: &str) -> Result<RulesPlan> {
        let rules = ShopRules::parse(yaml)?;
        let known = self.known()?;
        self.compare_rules(&known, &rules)
    }

    /// Makes a file's rules the ones that hold.
    pub fn apply_shop_rules(
        &self,
        yaml: &str,
        changed_by: &str,
        now: Timestamp,
    ) -> Result<RulesChanged> {
        let rules = ShopRules::parse(yaml)?;
        let known = self.known()?;
        let plan = self.compare_rules(&known, &rules)?;
        let version = self.store().write(|tx| {
            refuse(&rules, &tx.products()?)?;
            tx.save_shop_rules(yaml, now, changed_by)
        })?;
        self.forget_known();
        Ok(RulesChanged { version, plan })
    }

    /// Adds a rule at the end, or does nothing if it stands there already. The version that holds.
    pub fn add_shop_rule(&self, rule: &ShopRule, changed_by: &str, now: Timestamp) -> Result<u32> {
        self.change_shop_rules(changed_by, now, |rules| {
            match rules.rule(&rule.name) {
                Some(known) if known == rule => {}
                Some(_) => bail!(
                    "there is a rule `{}` already, which says something else; rename one of them",
                    rule.name
                ),
                None => rules.rules.push(rule.clone()),
            }
            Ok(())
        })
    }

    /// Takes a rule out; one that is not there is as it was wished to be. The version that holds.
    pub fn remove_shop_rule(&self, name: &str, changed_by: &str, now: Timestamp) -> Result<u32> {
        self.change_shop_rules(changed_by, now, |rules| {
            rules.rules.retain(|it| it.name != name);
            Ok(())
        })
    }

    /// Takes `version` back, if nothing was changed since.
    pub fn undo_shop_rules(&self, version: u32, changed_by: &str, now: Timestamp) -> Result<u32> {
        let undone = self.store().write(|tx| {
            let newest = tx.shop_rules_version()?;
            if newest != version {
                bail!(
                    "the rules were changed again since (version {newest}); change them as they \
                     are now"
                );
            }
            let before = match version.checked_sub(1) {
                Some(before) => tx.shop_rules(Some(before))?,
                None => bail!("there are no rules yet; nothing is to be taken back"),
            };
            let document = before.map_or_else(|| ShopRules::default().to_yaml(), |it| it.document);
            tx.save_shop_rules(&document, now, changed_by)
        })?;
        self.forget_known();
        Ok(undone)
    }

    fn change_shop_rules(
        &self,
        changed_by: &str,
        now: Timestamp,
        change: impl FnOnce(&mut ShopRules) -> Result<()>,
    ) -> Result<u32> {
        let version = self.store().write(|tx| {
            let stored = tx.shop_rules(None)?;
            let document = stored.as_ref().map_or("", |it| &it.document);
            let before = ShopRules::parse(document).context("the stored rules")?;
            let mut rules = before.clone();
            change(&mut rules)?;
            if rules == before {
                return Ok(stored.map_or(0, |it| it.version));
            }
            refuse(&rules, &tx.products()?)?;
            tx.save_shop_rules(&rules.to_yaml(), now, changed_by)
        })?;
        self.forget_known();
        Ok(version)
    }

    /// Whether rules that another process changed hold here; asked every second.
    pub(crate) fn follow_shop_rules(&self) -> Result<()> {
        let held =
            self.known.read().expect("no panic while held").as_ref().map(|it| it.rules.version);
        let Some(held) = held else { return Ok(()) };
        if self.store().read(|tx| tx.shop_rules_version())? != held {
            self.forget_known();
        }
        Ok(())
    }

    fn compare_rules(&self, known: &Known, rules: &ShopRules) -> Result<RulesPlan> {
        refuse(rules, &known.products)?;
        let before = &known.rules.document;
        let told = |it: &ShopRule| RuleTold {
            name: it.name.clone(),
            told: it.in_words(self.shop().currency),
        };
        let mut plan = RulesPlan {
            compared_with: known.rules.version,
            added: Vec::new(),
            removed: Vec::new(),
            changed: Vec::new(),
            same: 0,
            is_reordered: false,
            lists_changed: lists_changed(known, rules),
            of_products: known.products.len(),
            notes: rules.check(&known.products).iter().map(ToString::to_string).collect(),
        };
        for rule in &rules.rules {
            match before.rule(&rule.name) {
                None => plan.added.push(told(rule)),
                Some(known) if known == rule => plan.same += 1,
                Some(known) => plan.changed.push((told(known), told(rule))),
            }
        }
        let gone = before.rules.iter().filter(|it| rules.rule(&it.name).is_none());
        plan.removed = gone.map(told).collect();
        let order = |of: &ShopRules, other: &ShopRules| -> Vec<String> {
            let both = of.rules.iter().filter(|it| other.rule(&it.name).is_some());
            both.map(|it| it.name.clone()).collect()
        };
        plan.is_reordered = order(before, rules) != order(rules, before);
        Ok(plan)
    }
}

/// Refuses rules that cannot be meant, with everything that is wrong.
fn refuse(rules: &ShopRules, products: &[Product]) -> Result<()> {
    let found = rules.check(products);
    let refused: Vec<String> =
        found.iter().filter(|it| it.problem.is_refusal()).map(ToString::to_string).collect();
    match refused.as_slice() {
        [] => Ok(()),
        [only] => bail!("cannot use the rules: {only}"),
        several => bail!("cannot use the rules:\n  {}", several.join("\n  ")),
    }
}

const RELATIONS: [RuleRelation; 2] = [RuleRelation::CrossSell, RuleRelation::Upsell];

/// Beside how many products each rule changes the first places.
fn lists_changed_by(known: &Known) -> Vec<usize> {
    let names: Vec<&str> = known.rules.document.rules.iter().map(|it| it.name.as_str()).collect();
    let mut counts = vec![0; names.len()];
    let Some(model) = &known.model else { return counts };
    for product in &known.products {
        let mut at_work: BTreeSet<String> = BTreeSet::new();
        for relation in RELATIONS {
            let beside = known.rules.bound.neighbours(model, product.id, relation, PLACES_SEEN);
            let seen =
                beside.shown.iter().chain(beside.held_back.iter().filter(|it: &&Neighbour| {
                    it.learned_place.is_some_and(|place| place < PLACES_SEEN)
                }));
            at_work.extend(seen.flat_map(|it| &it.changes).map(|it| it.rule.clone()));
        }
        for (count, name) in counts.iter_mut().zip(&names) {
            *count += usize::from(at_work.contains(*name));
        }
    }
    counts
}

/// Beside how many products the first places would look otherwise with `rules`.
fn lists_changed(known: &Known, rules: &ShopRules) -> usize {
    let Some(model) = &known.model else { return 0 };
    let new = BoundRules::new(rules, &known.products);
    let looks = |bound: &BoundRules, id| RELATIONS.map(|it| first_places(bound, model, id, it));
    let is_changed = |it: &&Product| looks(&known.rules.bound, it.id) != looks(&new, it.id);
    known.products.iter().filter(is_changed).count()
}

fn first_places(
    bound: &BoundRules,
    model: &Model,
    id: ProductId,
    relation: RuleRelation,
) -> Vec<ProductId> {
    let beside = bound.neighbours(model, id, relation, PLACES_SEEN);
    beside.shown.iter().map(|it| it.recommendation.product).collect()
}
