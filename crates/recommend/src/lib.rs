//! Learns from orders what goes with what and what is the better version of what, and ranks
//! products for one customer.
//!
//! It reads no store and no clock: the caller brings the baskets, the catalogue and the present
//! moment, and the same input gives the same model and the same list, ties included. A score
//! orders products and means nothing to a person; what a person is shown is the [`Evidence`],
//! which is plain counts of customers.
//!
//! The shop's own rules ([`ShopRules`]) change what is shown within the limits that hold for every
//! list; which of them changed what can be asked of [`RulesInForce`].

mod bound_rules;
pub mod eval;
mod evidence;
mod kind;
mod model;
mod next;
mod rank;
mod replenish;
mod shop_rules;

pub use bound_rules::{BoundRules, Neighbour, Neighbours, RuleChange, RulesInForce};
pub use evidence::{Evidence, about};
pub use kind::{ProductKind, head_noun, is_same_kind};
pub use model::{
    Basket, BestSeller, Complement, Model, TrainOptions, UPGRADE_RATIO_MAX, UPGRADE_RATIO_MIN,
    Upgrade,
};
pub use next::{BesideBefore, Chosen, ModelCheck, Next};
pub use rank::{
    Recommendation, Relation, Rules, Taste, put_story_first, recommend, steps_up, still_shown,
};
pub use replenish::{RepeatSource, Replenishment, Replenishments};
pub use shop_rules::{
    BOOST_MAX, BOOST_MIN, QUIET_DAYS_MAX, RULE_NAME_CHARS_MAX, RULES_MAX, RuleEffect, RuleFinding,
    RuleProblem, RuleRelation, RulesUnreadable, Selector, ShopRule, ShopRules,
};
