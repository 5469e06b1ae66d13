//! The common part of the checks of certificates, of servers and of clients.

/// The most certificates of authorities that the peer may send besides its own. If many have one
/// name, rustls tries all paths through them, at most 200,000 steps. That takes most of a second of
/// the exporter's thread for any peer that takes part in a handshake. With these there are 64
/// paths.
pub(crate) const MOST_INTERMEDIATES: usize = 4;

/// The methods of `ServerCertVerifier` and of `ClientCertVerifier` that check whether the peer has
/// the key of its certificate. They are the same in both, and use the field `algorithms`, a
/// `WebPkiSupportedAlgorithms`. The user of the macro imports `rustls` and `CertificateDer`.
macro_rules! check_key {
    () => {
        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signature: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            let known = &self.algorithms;
            rustls::crypto::verify_tls12_signature(message, certificate, signature, known)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signature: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            let known = &self.algorithms;
            rustls::crypto::verify_tls13_signature(message, certificate, signature, known)
        }

        fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
            self.algorithms.supported_schemes()
        }
    };
}
pub(crate) use check_key;
