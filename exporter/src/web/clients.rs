//! Certificates of clients: which clients need one, and which certificates are valid.

use super::error::Wrong;
use super::file::Tls;
use super::pem::{Value, certificates, either, wrong};
use super::reload::Files;
use crate::certificates::{MOST_INTERMEDIATES, check_key};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use tokio_rustls::rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use tokio_rustls::rustls::pki_types::{CertificateDer, UnixTime};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use tokio_rustls::rustls::{self, CertificateError, DistinguishedName, Error, RootCertStore};
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// The required certificates, by Go's names (`crypto/tls`, `ClientAuthType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Policy {
    NoClientCert,
    RequestClientCert,
    RequireAnyClientCert,
    VerifyClientCertIfGiven,
    RequireAndVerifyClientCert,
}

impl Policy {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "" | "NoClientCert" => Self::NoClientCert,
            "RequestClientCert" => Self::RequestClientCert,
            // The second is an old spelling, which Prometheus accepts as well.
            "RequireAnyClientCert" | "RequireClientCert" => Self::RequireAnyClientCert,
            "VerifyClientCertIfGiven" => Self::VerifyClientCertIfGiven,
            "RequireAndVerifyClientCert" => Self::RequireAndVerifyClientCert,
            _ => return None,
        })
    }

    fn requires(self) -> bool {
        matches!(self, Self::RequireAnyClientCert | Self::RequireAndVerifyClientCert)
    }
}

/// The certificate that a client must have, the strictest last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shown {
    #[default]
    None,
    Any,
    Verified,
}

impl Shown {
    pub(super) fn by(section: &Tls) -> Self {
        match Policy::parse(section.client_auth_type.as_deref().unwrap_or_default()) {
            Some(Policy::RequireAndVerifyClientCert) => Self::Verified,
            Some(Policy::RequireAnyClientCert) => Self::Any,
            _ => Self::None,
        }
    }

    pub(super) fn what(self) -> &'static str {
        match self {
            Self::Verified => "verified certificates of clients",
            Self::Any | Self::None => "certificates of clients",
        }
    }
}

/// The check of clients' certificates.
pub(super) fn verifier(
    section: &Tls,
    files: &mut Files,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, Wrong> {
    let name = section.client_auth_type.as_deref().unwrap_or_default();
    let Some(policy) = Policy::parse(name) else {
        let reason = format!(
            "{name:?} is not a type of client authentication: give RequireAndVerifyClientCert, or \
             NoClientCert, RequestClientCert, RequireAnyClientCert or VerifyClientCertIfGiven"
        );
        return Err(wrong("client_auth_type", reason));
    };
    let Tls { client_ca, client_ca_file, .. } = section;
    let text = ("client_ca", client_ca.as_deref());
    let authorities = either(text, ("client_ca_file", client_ca_file.as_deref()), files)?;
    let at = authorities.as_ref().map_or("client_ca_file", |value| value.spelling);
    let roots = authorities.as_ref().map(roots).transpose()?;
    let usual = match (policy, roots) {
        (Policy::NoClientCert, Some(_)) => {
            return Err(wrong(
                "client_auth_type",
                format!(
                    "{at} is given, but no client is asked for a certificate: give \
                     RequireAndVerifyClientCert, or leave out {at}"
                ),
            ));
        }
        (Policy::NoClientCert | Policy::RequestClientCert | Policy::RequireAnyClientCert, _) => {
            None
        }
        (_, None) => {
            return Err(wrong(
                "client_ca_file",
                format!(
                    "it is missing, and {name} needs it: give the certificates of the authorities \
                     whose clients may connect. Those of the system are not taken, which would \
                     let anybody in who has a certificate for a web server"
                ),
            ));
        }
        (_, Some(roots)) => {
            let provider = Arc::clone(provider);
            let usual = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
            Some(usual.build().map_err(|error| wrong(at, error.to_string()))?)
        }
    };
    let names = match &section.client_allowed_sans {
        None => None,
        Some(_) if !policy.requires() => {
            return Err(wrong(
                "client_allowed_sans",
                "a client without a certificate would get in: give client_auth_type: \
                 RequireAndVerifyClientCert",
            ));
        }
        Some(names) if names.is_empty() => {
            return Err(wrong(
                "client_allowed_sans",
                "nobody could connect: give a name, or leave it out to let in all clients of the \
                 authority",
            ));
        }
        Some(names) => Some(names.iter().cloned().collect()),
    };
    let algorithms = provider.signature_verification_algorithms;
    Ok(Arc::new(Narrow { policy, usual, names, algorithms }))
}

fn roots(value: &Value) -> Result<RootCertStore, Wrong> {
    let mut roots = RootCertStore::empty();
    for (number, certificate) in certificates(value)?.into_iter().enumerate() {
        roots.add(certificate).map_err(|error| {
            let number = number + 1;
            value.wrong(format_args!(
                "certificate {number} is not that of an authority ({error}): leave it out"
            ))
        })?;
    }
    Ok(roots)
}

/// Accepts valid certificates that come with few others. If names are configured, the certificate
/// must have one of them.
#[derive(Debug)]
struct Narrow {
    policy: Policy,
    /// The check of authorities. Without it, any certificate is valid whose key the client has.
    usual: Option<Arc<dyn ClientCertVerifier>>,
    names: Option<BTreeSet<String>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Narrow {
    fn has_name(&self, certificate: &CertificateDer<'_>) -> bool {
        let Some(known) = &self.names else { return true };
        let Ok(certificate) = Certificate::from_der(certificate) else { return false };
        let names = certificate.tbs_certificate().get_extension::<SubjectAltName>();
        let Ok(Some((_, SubjectAltName(names)))) = names else { return false };
        names.iter().filter_map(text).any(|name| known.contains(&name))
    }
}

/// A name as it is listed: a DNS name, an IP or e-mail address, or a URI.
fn text(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name)
        | GeneralName::Rfc822Name(name)
        | GeneralName::UniformResourceIdentifier(name) => Some(name.to_string()),
        GeneralName::IpAddress(bytes) => {
            let bytes = bytes.as_bytes();
            let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
            let address = v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()?;
            Some(address.to_string())
        }
        _ => None,
    }
}

impl ClientCertVerifier for Narrow {
    fn offer_client_auth(&self) -> bool {
        self.policy != Policy::NoClientCert
    }

    fn client_auth_mandatory(&self) -> bool {
        self.policy.requires()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.usual.as_ref().map_or(&[], |usual| usual.root_hint_subjects())
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let refused = Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure);
        if intermediates.len() > MOST_INTERMEDIATES {
            return Err(refused);
        }
        if let Some(usual) = &self.usual {
            usual.verify_client_cert(certificate, intermediates, now)?;
        }
        if self.has_name(certificate) { Ok(ClientCertVerified::assertion()) } else { Err(refused) }
    }

    check_key!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{
        BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose,
        IsCa, KeyPair, KeyUsagePurpose,
    };
    use std::path::Path;
    use tokio_rustls::rustls::crypto::ring;

    type Issuer = CertifiedIssuer<'static, KeyPair>;

    fn params(name: &str, is_ca: bool) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        if is_ca {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        } else {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        }
        params
    }

    fn authority(name: &str) -> Issuer {
        Issuer::self_signed(params(name, true), KeyPair::generate().unwrap()).unwrap()
    }

    fn issued(by: &Issuer, name: &str) -> CertificateDer<'static> {
        let key = KeyPair::generate().unwrap();
        params(name, false).signed_by(&key, by).unwrap().der().clone()
    }

    /// Clients of this authority may connect.
    fn verifier(authority: &Issuer) -> Arc<dyn ClientCertVerifier> {
        let section = Tls {
            client_ca: Some(authority.pem()),
            client_auth_type: Some("RequireAndVerifyClientCert".into()),
            ..Tls::default()
        };
        let provider = Arc::new(ring::default_provider());
        super::verifier(&section, &mut Files::new(Path::new("")), &provider).unwrap()
    }

    #[test]
    fn a_client_shows_few_certificates_of_authorities() {
        let root = authority("root");
        let (verifier, client) = (verifier(&root), issued(&root, "client"));
        // Useless certificates are harmless, as long as there are few.
        let others: Vec<_> =
            (0..=MOST_INTERMEDIATES).map(|_| authority("other").der().clone()).collect();
        let shows = |others: &[CertificateDer<'static>]| {
            verifier.verify_client_cert(&client, others, UnixTime::now())
        };
        shows(&[]).unwrap();
        shows(&others[1..]).unwrap();
        let error = shows(&others).unwrap_err();
        assert!(matches!(error, Error::InvalidCertificate(_)), "{error:?}");
    }
}
