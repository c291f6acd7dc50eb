//! Email documents: blocks and merge tags to MJML, HTML and text.
