//! Where a user goes after deciding: a registered callback, or nowhere, and the verifier is shown (RFC 5849 §2.1, §2.2).

use super::error::Oauth1Error;
use crate::claim::ValidatedRedirectUri;
use crate::client::Client;
use crate::kh;

const OUT_OF_BAND: &str = "oob";

/// The callback of temporary credentials.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Callback {
    /// `oob`: the user takes the verifier to the consumer by hand.
    OutOfBand,
    /// The user is sent there.
    Redirect(ValidatedRedirectUri),
}

impl Callback {
    /// Reads `oauth_callback`: `oob`, case-sensitive, or an absolute URI that is registered for the client.
    ///
    /// # Errors
    /// `parameter_absent` or `parameter_rejected`. Only whoever has signed may hear the difference.
    pub fn claim(client: &Client, sent: Option<&str>) -> Result<Self, Oauth1Error> {
        match sent {
            None => Err(Oauth1Error::absent("oauth_callback")),
            Some(OUT_OF_BAND) => Ok(Self::OutOfBand),
            Some(uri) => Self::registered(client, Some(uri)),
        }
    }

    /// The same with the rule of wsgioauth and cycloauth: `oob`, or none at all, means the only callback that is registered. A client
    /// without one is told the verifier.
    ///
    /// # Errors
    /// As [`Callback::claim`].
    pub fn claim_or_registered(client: &Client, sent: Option<&str>) -> Result<Self, Oauth1Error> {
        match sent {
            None | Some(OUT_OF_BAND) if !client.redirect_uris.is_empty() => Self::registered(client, None),
            sent => Self::claim(client, sent),
        }
    }

    fn registered(client: &Client, sent: Option<&str>) -> Result<Self, Oauth1Error> {
        client.claim(sent).map(Self::Redirect).map_err(|error| {
            Oauth1Error::rejected("oauth_callback", "oauth_callback is neither oob nor registered for this consumer")
                .with_kh(kh::OAUTH1_CALLBACK)
                .with_cause(error.to_string())
        })
    }

    /// The text to keep with the temporary credentials; [`Callback::claim`] reads it again.
    pub fn as_str(&self) -> &str {
        match self {
            Self::OutOfBand => OUT_OF_BAND,
            Self::Redirect(uri) => uri.as_str(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
    use super::*;
    use crate::oauth1::Problem;
    use crate::redirect::RedirectUri;

    fn client(uris: &[&str]) -> Client {
        let mut client = Client::public("printer", "Printer");
        client.redirect_uris = uris.iter().map(|uri| RedirectUri::parse(uri).unwrap()).collect();
        client
    }

    /// RFC 5849 §2.1: the value MUST be `oob` (case sensitive) where there is no callback.
    #[test]
    fn a_callback_is_registered_or_oob_and_never_anything_else() {
        let client = client(&["https://printer.example.com/ready", "https://printer.example.com/other"]);
        assert_eq!(Callback::claim(&client, Some("oob")).unwrap(), Callback::OutOfBand);
        assert_eq!(
            Callback::claim(&client, Some("https://printer.example.com/ready")).unwrap().as_str(),
            "https://printer.example.com/ready"
        );
        for wrong in ["OOB", "", "https://printer.example.com/ready?x", "https://evil.test/", "/ready", "javascript:alert(1)"] {
            let error = Callback::claim(&client, Some(wrong)).unwrap_err();
            assert_eq!((error.problem, error.parameter), (Problem::ParameterRejected, Some("oauth_callback")), "{wrong}");
        }
        assert_eq!(Callback::claim(&client, None).unwrap_err().problem, Problem::ParameterAbsent);
    }

    /// The earlier system compared a constant with `oob`, and took a missing callback for one.
    #[test]
    fn the_older_rule_takes_the_only_registered_callback_for_oob_and_for_none() {
        let one = client(&["https://printer.example.com/ready"]);
        for sent in [None, Some("oob"), Some("https://printer.example.com/ready")] {
            assert_eq!(Callback::claim_or_registered(&one, sent).unwrap().as_str(), "https://printer.example.com/ready");
        }
        let none = client(&[]);
        assert_eq!(Callback::claim_or_registered(&none, Some("oob")).unwrap(), Callback::OutOfBand);
        assert_eq!(Callback::claim_or_registered(&none, None).unwrap_err().problem, Problem::ParameterAbsent);
        let two = client(&["https://a.test/", "https://b.test/"]);
        assert!(Callback::claim_or_registered(&two, None).is_err(), "which of the two is not a guess");
        assert!(Callback::claim_or_registered(&one, Some("https://evil.test/")).is_err());
    }
}
