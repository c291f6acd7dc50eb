//! Attribution, rates, lift: what the mail did.
