use tickmetrics::{Description, Gauge, RegisterError, Registry};

/// The sources and tools that a program was built from, for a gauge that is always 1 and has them
/// as labels: made by [`build_info!`](crate::build_info).
///
/// Unknown values are `unknown`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BuildInfo {
    /// The package that uses the macro.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The revision of its sources.
    pub revision: String,
    /// The compiler's version.
    pub rustc: String,
    /// The compilation target, such as `x86_64-unknown-linux-gnu`.
    pub target: String,
    /// `release` or `debug`, which other profiles inherit from.
    pub profile: String,
}

/// The [`BuildInfo`] of the calling crate, to be [registered](BuildInfo::register).
///
/// The revision is the value of the environment variable `BUILD_REVISION`, or else
/// `VERGEN_GIT_SHA`, when the crate is compiled. The build system sets the first, or the crate's
/// build script (`println!("cargo::rustc-env=BUILD_REVISION=…")`), and the crate `vergen` sets the
/// second. It can also be [given](BuildInfo::revision).
///
/// ```
/// use tickmetrics::Registry;
///
/// tickmetrics_exporter::build_info!().register(Registry::global())?;
/// # Ok::<(), tickmetrics::RegisterError>(())
/// ```
#[macro_export]
macro_rules! build_info {
    () => {
        $crate::BuildInfo::__new(
            ::core::option_env!("CARGO_PKG_NAME"),
            ::core::option_env!("CARGO_PKG_VERSION"),
            ::core::option_env!("BUILD_REVISION").or(::core::option_env!("VERGEN_GIT_SHA")),
        )
    };
}

const UNKNOWN: &str = "unknown";
/// The value of `vergen` for an unknown revision.
const VERGEN_UNKNOWN: &str = "VERGEN_IDEMPOTENT_OUTPUT";

impl BuildInfo {
    /// For the macro.
    #[doc(hidden)]
    pub fn __new(
        name: Option<&'static str>,
        version: Option<&'static str>,
        revision: Option<&'static str>,
    ) -> Self {
        let known = |value: Option<&str>| value.unwrap_or(UNKNOWN).to_owned();
        let revision = revision.filter(|revision| !["", VERGEN_UNKNOWN].contains(revision));
        Self {
            name: known(name),
            version: known(version),
            revision: known(revision),
            rustc: env!("TICKMETRICS_BUILD_RUSTC").into(),
            target: env!("TICKMETRICS_BUILD_TARGET").into(),
            profile: env!("TICKMETRICS_BUILD_PROFILE").into(),
        }
    }

    /// Sets the revision.
    #[must_use]
    pub fn revision(mut self, revision: impl Into<String>) -> Self {
        self.revision = revision.into();
        self
    }

    /// Registers the gauge `build_info` with the labels `name`, `version`, `revision`, `rustc`,
    /// `target` and `profile`. Its value is 1, so a multiplication by it gives a series these
    /// labels: `up * on (instance) group_left (version) build_info`. Several crates of a program
    /// may register theirs.
    ///
    /// # Errors
    /// As [`Registry::register`].
    pub fn register(&self, registry: &Registry) -> Result<(), RegisterError> {
        let Self { name, version, revision, rustc, target, profile } = self;
        let description = Description::new("build_info", "What the program was built from.")
            .constant("name", name)
            .constant("version", version)
            .constant("revision", revision)
            .constant("rustc", rustc)
            .constant("target", target)
            .constant("profile", profile);
        registry.register::<Gauge>(&description)?.set(1.0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::BuildInfo;

    #[test]
    fn unknown_values_are_named_unknown() {
        for revision in [None, Some(""), Some("VERGEN_IDEMPOTENT_OUTPUT")] {
            let info = BuildInfo::__new(None, Some("1.2.3"), revision);
            assert_eq!(
                [&*info.name, &info.version, &info.revision],
                ["unknown", "1.2.3", "unknown"]
            );
        }
        let info = BuildInfo::__new(None, None, Some("abc"));
        assert_eq!((&*info.revision, &*info.clone().revision("def").revision), ("abc", "def"));
    }
}
