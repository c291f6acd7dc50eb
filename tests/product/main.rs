//! Whole-product tests: the binary as people run it, on a real embedded store.
//!
//! Each test has a folder of its own and asks what a user would ask. Real data is used where it is
//! at hand and skipped by name where it is not; small data of our own covers the same commands.

mod ready_shop;
mod serving;
mod support;

mod bad_input;
mod browser;
mod contract;
mod customer_rights;
mod demo;
mod file_import;
mod http_api;
mod intake;
mod last_look;
mod online_retail;
mod sdk;
mod small_shop;
