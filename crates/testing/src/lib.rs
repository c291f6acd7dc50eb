//! For tests: a shop in few words, a fixed clock, an SMTP sink, a transport that crashes, a database
//! for each test.

pub mod clock;
pub mod memory;
pub mod postgres;
pub mod shop;
pub mod sink;
pub mod web;
