//! Whether a message may go now.
