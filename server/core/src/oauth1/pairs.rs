//! Names and values of a request in the one encoding, sorted: the normalized parameters (RFC 5849 §3.4.1.3.2).

use std::ops::Range;

use zeroize::Zeroizing;

use super::encoding::{self, Plus};

/// A request with more parameters is refused.
const MOST: usize = 1000;

/// Why parameters could not be taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refused {
    /// A `%` without two hexadecimal digits.
    Encoding,
    /// More than [`MOST`].
    TooMany,
}

/// Encoded names and values, one after the other in one buffer, which is wiped when dropped: verifiers pass through it.
#[derive(Clone, Default)]
pub(crate) struct Pairs {
    encoded: Zeroizing<Vec<u8>>,
    spans: Vec<Span>,
}

/// Where a name starts, where its value starts, where it ends.
#[derive(Clone, Copy)]
struct Span {
    name: usize,
    value: usize,
    end: usize,
}

impl Pairs {
    /// Room for the parameters of `bytes` bytes of raw text.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        // Most names and values come as they stay. Growing would leave copies behind that nobody wipes.
        Self { encoded: Zeroizing::new(Vec::with_capacity(bytes + bytes / 2 + 64)), spans: Vec::with_capacity(16) }
    }

    /// Adds the pairs of a query or a form (RFC 5849 §3.4.1.3.1): `a`, `a=` and `=` are pairs, nothing between two `&` is none.
    pub(crate) fn form(&mut self, raw: &[u8]) -> Result<(), Refused> {
        for (name, value) in form_pairs(raw) {
            self.push(name, value, Plus::Space)?;
        }
        Ok(())
    }

    /// Adds one pair as it came.
    pub(crate) fn push(&mut self, name: &[u8], value: &[u8], plus: Plus) -> Result<(), Refused> {
        if self.spans.len() == MOST {
            return Err(Refused::TooMany);
        }
        let start = self.encoded.len();
        encoding::recode(name, plus, &mut self.encoded).map_err(|_| Refused::Encoding)?;
        let middle = self.encoded.len();
        encoding::recode(value, plus, &mut self.encoded).map_err(|_| Refused::Encoding)?;
        self.spans.push(Span { name: start, value: middle, end: self.encoded.len() });
        Ok(())
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.spans.len()
    }

    /// Takes the first pair of this name out; says where its encoded value stands.
    pub(crate) fn remove(&mut self, name: &[u8]) -> Option<Range<usize>> {
        let found = self.spans.iter().position(|span| self.name(*span) == name)?;
        let span = self.spans.remove(found);
        Some(span.value..span.end)
    }

    /// Where the encoded value of the first pair of this name stands.
    pub(crate) fn find(&self, name: &[u8]) -> Option<Range<usize>> {
        let span = self.spans.iter().find(|span| self.name(**span) == name)?;
        Some(span.value..span.end)
    }

    /// What stands there.
    pub(crate) fn at(&self, place: Range<usize>) -> &[u8] {
        &self.encoded[place]
    }

    /// Sorts by name, then by value, as bytes (RFC 5849 §3.4.1.3.2, item 2).
    pub(crate) fn sort(&mut self) {
        let encoded = &self.encoded;
        let key = |span: &Span| (&encoded[span.name..span.value], &encoded[span.value..span.end]);
        self.spans.sort_unstable_by(|left, right| key(left).cmp(&key(right)));
    }

    /// All pairs in their order, encoded.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.spans.iter().map(|span| (self.name(*span), &self.encoded[span.value..span.end]))
    }

    /// How many bytes [`Pairs::push_normalized`] writes.
    pub(crate) fn normalized_len(&self) -> usize {
        let percent_signs: usize = self.encoded.iter().map(|byte| usize::from(*byte == b'%')).sum();
        self.encoded.len() + 2 * percent_signs + 6 * self.spans.len()
    }

    /// Appends the normalized parameters, encoded once more, as the base string has them (RFC 5849 §3.4.1.1). Of what is encoded only
    /// `%` changes; `=` and `&` are those that join.
    pub(crate) fn push_normalized(&self, out: &mut Vec<u8>) {
        for (index, (name, value)) in self.iter().enumerate() {
            if index > 0 {
                out.extend_from_slice(b"%26");
            }
            encode_again(name, out);
            out.extend_from_slice(b"%3D");
            encode_again(value, out);
        }
    }

    fn name(&self, span: Span) -> &[u8] {
        &self.encoded[span.name..span.value]
    }
}

/// The pairs of a form as they came.
pub(crate) fn form_pairs(raw: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    raw.split(|byte| *byte == b'&').filter(|segment| !segment.is_empty()).map(|segment| {
        let equals = segment.iter().position(|byte| *byte == b'=');
        equals.map_or((segment, &segment[..0]), |at| (&segment[..at], &segment[at + 1..]))
    })
}

fn encode_again(encoded: &[u8], out: &mut Vec<u8>) {
    for (index, run) in encoded.split(|byte| *byte == b'%').enumerate() {
        if index > 0 {
            out.extend_from_slice(b"%25");
        }
        out.extend_from_slice(run);
    }
}
