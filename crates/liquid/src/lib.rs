//! The Liquid template language, whole and safe; knows nothing of email.
