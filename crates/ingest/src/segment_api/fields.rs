//! Objects as Segment's libraries write them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::fields::{self, Sender};

pub struct Segment;

impl Sender for Segment {
    const KEEPS_EMPTY_TEXTS: bool = true;
}

pub type Fields<'a> = fields::Fields<'a, Segment>;

impl<'a> Fields<'a> {
    /// The first of `names` that is there, with its name.
    pub fn first<'n>(&self, names: &[&'n str]) -> Option<(&'n str, &'a Value)> {
        names.iter().find_map(|name| Some((*name, self.get(name)?)))
    }

    pub fn to_map(&self) -> BTreeMap<String, Value> {
        self.map.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// The object again as JSON, without some of its fields.
    pub fn to_text_without(&self, names: &[&str]) -> String {
        let mut map = self.map.clone();
        map.retain(|name, _| !names.contains(&name.as_str()));
        serde_json::to_string(&map).expect("JSON that was read can be written")
    }
}
