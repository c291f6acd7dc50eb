//! From a sentence to a proposal: typed, checked, and inert until accepted.
