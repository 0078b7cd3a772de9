//! keyhook-plugin-test
