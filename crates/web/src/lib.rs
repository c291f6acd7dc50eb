//! HTTP: the console, the API and the public pages; no rule of the business.
//!
//! A page is a context struct that can make samples of itself and a function that renders it, so
//! every page is rendered in a test without a store. Handlers stand apart in [`routes`]: they read
//! their input into a form type, call one use case, and render a page or redirect.
//!
//! Pages are whole without script. No markup carries a style, a script or an event attribute: the
//! policy in [`security`] forbids them, and sizes that come from data are SVG attributes.

pub mod api;
mod api_routes;
pub mod app;
pub mod asset;
pub mod chart;
pub mod component;
pub mod console;
mod console_routes;
mod fill;
pub mod format;
pub mod icon;
pub mod layout;
mod metrics;
pub mod public;
mod public_routes;
mod request_id;
pub mod routes;
pub mod security;
mod serving;
pub mod token;

#[cfg(test)]
mod served;
#[cfg(test)]
mod testing;

pub use api_routes::{Doors, Limits, Space, openapi};
pub use app::{App, AskError, Mail, Turns, router};
pub use layout::{Layout, MailState, Place, Theme};
pub use metrics::{Metrics, router as metrics_router};
pub use serving::serve;
