//! Protects an API with keyhook's tokens: plain functions, and a tower layer (RFC 6750, RFC 9728).
