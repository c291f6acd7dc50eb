//! One file for each command: reads its arguments, calls the engine, prints.

pub mod assist;
pub mod backfill;
pub mod bench;
pub mod customer;
pub mod demo;
pub mod email;
pub mod events;
pub mod flow;
pub mod import;
pub mod import_files;
pub mod list;
pub mod recommend;
pub mod recommend_eval;
pub mod recommend_rules;
pub mod report;
pub mod segment;
pub mod serve;
