//! Nothing stands here: the package holds the whole-product tests in `tests/`.
