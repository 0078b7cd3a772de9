//! Comparison that does not tell by its time how much was right.

/// Whether two secrets are equal, in a time that depends on their lengths alone.
///
/// ```
/// assert!(keyhook_plugin::same_secret("tr0ub4dor", "tr0ub4dor"));
/// assert!(!keyhook_plugin::same_secret("tr0ub4dor", "tr0ub4d0r"));
/// ```
pub fn same_secret(left: impl AsRef<[u8]>, right: impl AsRef<[u8]>) -> bool {
    let (left, right) = (left.as_ref(), right.as_ref());
    let mut difference = u8::from(left.len() != right.len());
    for (a, b) in left.iter().zip(right) {
        // The barrier keeps the compiler from leaving the loop at the first difference.
        difference = std::hint::black_box(difference | (a ^ b));
    }
    difference == 0
}
