//! HTTP: the console, the API and the public pages; no rule of the business.
