//! Tables and laws of the verdict.
