//! One file for each use case: loads facts, asks the pure crates, stores outcome and effects.
