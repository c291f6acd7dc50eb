//! The words the other crates share: ids, customers, events, orders, products, consent, money.
//!
//! Types only, with the checks that keep them true. It decides nothing: whether a customer is in a
//! segment, what a flow does next and whether a message may go are questions for other crates.

mod coupon;
mod customer;
mod enrolment;
mod event;
pub mod identity;
mod ids;
mod message;
mod money;
mod nearest;
mod order;
mod product;
mod review;
mod shop;
mod stored;
pub mod told;

pub use coupon::{Coupon, CouponOffer, CouponState};
pub use customer::{
    Consent, ConsentBasis, ConsentState, Customer, CustomerName, EmailAddress, EmailAddressError,
    ExternalId, Identifier, Suppression, SuppressionReason, Topic,
};
pub use enrolment::{DuePurchase, Enrolment, ExitReason, NewEnrolment, Position};
pub use event::{Agent, BounceClass, EmailName, Event, EventBody, EventKey, EventKind};
pub use ids::{
    Bucket, CustomerId, EnrolmentId, FlowId, IdError, ListId, MessageId, OrderId, PoolId,
    ProductId, SegmentId, StepId, TemplateId,
};
pub use message::{Message, MessageClass, MessageState, Touches};
pub use money::{Currency, CurrencyError};
pub use nearest::{distance, nearest};
pub use order::{Order, OrderLine};
pub use product::{Product, ProductFacts};
pub use review::{Rating, Review, ReviewDetails, ReviewState};
pub use shop::Shop;

pub use jiff::Timestamp;
