//! What arrives from outside becomes events: files, API payloads; one file for each platform.
