//! What a consumer signs with is sealed in its record (RFC 5849 §3.4).

use keyhook_component::hooks::Verdict;
use keyhook_component::records::SharedSecret;
use keyhook_core::client::Consumer;
use keyhook_core::secret::Secret;
use keyhook_core::{AuthMethod, Client};

use crate::oauth1::*;
use crate::support::*;

/// A lost master key must not take a client along that has a new secret already.
#[tokio::test]
async fn a_secret_that_does_not_open_leaves_the_other_one_good() {
    let (world, _) = signing(&[], |_, call| (call, Verdict::Continue)).await;
    let lost = || vec![1, 2, 3];
    for (id, places, answer) in [("first", [true, false], 200), ("second", [false, true], 200), ("neither", [false, false], 500)] {
        let good =
            || SharedSecret::Client(id).seal(&Secret::new(SHARED.to_owned()), &world.context.sealer, &*world.context.random).unwrap();
        let secrets = places.map(|is_good| if is_good { good() } else { lost() }).to_vec();
        let oauth1 = Some(Consumer { secrets, ..Consumer::default() });
        world.register(Client { oauth1, secrets: Vec::new(), auth_method: AuthMethod::Signature, ..confidential(id) }).await;
        assert_eq!(asked(&world, by(id)).await.0, answer, "{id}");
    }
    assert_eq!(problem(&world, By { secret: "a guess", nonce: "n2", ..by("first") }).await.1, "signature_invalid");
}
