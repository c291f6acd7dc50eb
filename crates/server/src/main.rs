//! The binary `aftercart`.

fn main() {}
