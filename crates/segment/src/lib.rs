//! The condition language: parse, print, check, evaluate, explain.
