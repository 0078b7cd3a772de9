//! Kinds of calls: which parts each offers, what it decides, what nobody changes in it.

use keyhook_plugin::abi::{PROTECTED_MEMBERS, PROTECTED_OAUTH1_MEMBERS, part};

/// Which kind of call it is: what it offers follows from that.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Authorization,
    ClientAssertion,
    TokenGrant,
    Token,
    TokenResponse,
    Oauth1Consumer,
    Oauth1Signature,
    Oauth1Request,
    Oauth1Response,
    Custom,
    Route,
}

impl Kind {
    /// Whether the call has this part.
    pub(crate) fn offers(self, wanted: u32) -> bool {
        match wanted {
            part::RESPONSE => matches!(self, Self::TokenResponse | Self::Oauth1Response),
            part::SESSION => self == Self::Authorization,
            part::OUTCOME => !self.decisions().is_empty(),
            part::DATA => matches!(self, Self::Authorization | Self::TokenGrant | Self::Token | Self::TokenResponse | Self::Oauth1Response),
            part::PAYLOAD => self == Self::Custom,
            part::PATH => self == Self::Route,
            _ => true,
        }
    }

    /// Whether data that is written is kept.
    pub(crate) fn keeps_data(self) -> bool {
        self != Self::Oauth1Response
    }

    /// What such a call decides.
    pub(crate) fn decisions(self) -> &'static [&'static str] {
        match self {
            Self::Authorization => &["subject", "auth_time", "acr", "amr", "approve", "scope"],
            Self::TokenGrant => &["subject", "scope", "refresh", "auth_time", "acr", "amr"],
            Self::ClientAssertion | Self::Oauth1Consumer => &["client_id"],
            Self::Oauth1Signature => &["signature"],
            _ => &[],
        }
    }

    /// Whether one plugin is asked, and has to decide.
    pub(crate) fn decides_alone(self) -> bool {
        matches!(self, Self::ClientAssertion | Self::TokenGrant | Self::Oauth1Signature)
    }

    /// Whether no plugin changes or removes this member of the response.
    pub(crate) fn protects(self, member: &str) -> bool {
        if self == Self::Oauth1Response {
            return PROTECTED_OAUTH1_MEMBERS.contains(&member) || member.starts_with("oauth_problem");
        }
        PROTECTED_MEMBERS.contains(&member) || member.starts_with("error")
    }
}
