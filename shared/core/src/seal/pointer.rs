//! Pointers: by one, a client finds the flow of a link among those that it keeps.
//!
//! A pointer is public. It is computed by a keyed MAC, so it reveals neither the flow id nor who
//! has an account, and it permits nothing.

use data_encoding::BASE64URL_NOPAD;

use super::keys::{KeyRing, Use};
use crate::value::code_length::CodeLength;
use crate::value::id::FlowId;
use crate::value::slot::Slot;

/// The first 72 bits of an HMAC-SHA256 under the ring's lasting key. So a pointer stays the same
/// when the other keys rotate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pointer([u8; 9]);

impl Pointer {
    /// Returns the pointer of a flow.
    pub(crate) fn of_flow(ring: &KeyRing, flow: FlowId) -> Self {
        Self::of(ring, b"flow", flow.as_bytes())
    }

    /// Returns the pointer of all flows of a slot.
    pub(crate) fn of_slot(ring: &KeyRing, slot: Slot) -> Self {
        Self::of(ring, b"slot", &slot.to_bytes())
    }

    fn of(ring: &KeyRing, kind: &[u8], bytes: &[u8]) -> Self {
        let mac = ring.lasting().mac(Use::Pointer, &[kind, bytes]);
        let mut pointer = [0; 9];
        pointer.copy_from_slice(&mac[..9]);
        Self(pointer)
    }

    /// Formats the pointer with the shape of the code: its number of characters, as one hexadecimal
    /// digit.
    pub(crate) fn text(self, code_length: CodeLength) -> String {
        let shape = code_length.digits();
        format!("{shape:x}{}", BASE64URL_NOPAD.encode(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::keys;

    #[test]
    fn a_pointer_is_the_shape_and_twelve_characters_of_the_flow() {
        let text = |flow, digits| {
            let pointer = Pointer::of_flow(&keys(), FlowId::from_bytes([flow; 16]));
            pointer.text(CodeLength::new(digits).unwrap())
        };
        let six = text(1, 6);
        assert_eq!((six.len(), &six[..1]), (13, "6"));
        assert_eq!(&text(1, 10)[..1], "a");
        assert_eq!(text(1, 10)[1..], six[1..]);
        assert_ne!(text(2, 6)[1..], six[1..]);
    }
}
