//! Hands messages over: MIME, SMTP with the last look, the catching inbox.
