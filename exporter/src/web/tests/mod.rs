//! Configuration files, loaded and checked for changes without a server.

mod accepted;
mod refused;
mod reload;

use super::*;
use std::fs;
use tickmetrics::Registry;

/// A folder with certificates, gone at the end.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Folder {
    fn new(name: &str) -> Self {
        let folder = format!("tickmetrics-web-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        fs::create_dir_all(&folder).unwrap();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let other = rcgen::KeyPair::generate().unwrap();
        let encrypted =
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n";
        for (file, text) in [
            ("cert.pem", made.cert.pem()),
            ("key.pem", made.signing_key.serialize_pem()),
            ("other.pem", other.serialize_pem()),
            ("encrypted.pem", encrypted.into()),
            ("empty.pem", String::new()),
            ("damaged.pem", made.cert.pem().replacen("MII", "MI!", 1)),
            (
                "no-cert.pem",
                "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n".into(),
            ),
            ("token", "0123456789abcdef\n".into()),
            ("short-token", "0123456789abcde\n".into()),
            ("two-tokens", "0123456789abcdef\n0123456789abcdef\n".into()),
        ] {
            fs::write(folder.join(file), text).unwrap();
        }
        Self(folder)
    }

    fn load(&self, text: &str) -> Result<Web, WebConfigError> {
        let path = self.0.join("web.yml");
        fs::write(&path, text).unwrap();
        load(&path)
    }

    /// And the registry that it counts in.
    fn observed(&self, text: &str) -> (Web, Registry) {
        let registry = Registry::new();
        let path = self.0.join("web.yml");
        fs::write(&path, text).unwrap();
        (Web::load(&path, WebMetrics::register(&registry).unwrap(), 2).unwrap(), registry)
    }
}

fn load(path: &Path) -> Result<Web, WebConfigError> {
    Web::load(path, WebMetrics::register(&Registry::new()).unwrap(), 0)
}

fn unprotected(registry: &Registry) -> f64 {
    registry.snapshot().gauge("tickmetrics_exporter_unprotected_listeners", &[]).unwrap()
}

/// The number of reloads, the number of failed ones, and whether the configuration in force is out
/// of date.
fn reloads(registry: &Registry) -> (u64, u64, bool) {
    let snapshot = registry.snapshot();
    let counter = |name| snapshot.counter(name, &[]).unwrap();
    let stale = snapshot.gauge("tickmetrics_exporter_web_config_stale", &[]).unwrap();
    (
        counter("tickmetrics_exporter_web_config_reloads_total"),
        counter("tickmetrics_exporter_web_config_failed_reloads_total"),
        stale == 1.0,
    )
}

const TLS: &str = "cert_file: cert.pem, key_file: key.pem";
const HASH: &str = "$2y$04$Vg83avL5xTT.4jua0n0zKeG2alFGI66ZMZ4PGo4vxtBWxHVvGPfvW";

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap().block_on(future)
}

/// The configuration in force, checked every second of a clock that this moves.
struct Looks {
    web: Web,
    registry: Registry,
    now: Instant,
}

impl Looks {
    fn new((web, registry): (Web, Registry)) -> Self {
        Self { web, registry, now: Instant::now() }
    }

    fn look(&mut self) -> Arc<Config> {
        self.now += LOOK_EVERY;
        self.web.look(self.now);
        self.web.current().0
    }

    /// After a change: not in force at the first look.
    fn settle(&mut self) -> Arc<Config> {
        let before = self.web.current().0;
        assert!(Arc::ptr_eq(&self.look(), &before), "one look was enough");
        self.look()
    }

    fn reloads(&self) -> (u64, u64, bool) {
        reloads(&self.registry)
    }
}
