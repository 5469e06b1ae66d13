//! The exact destination of a push: the settings, checked and in the form for a request.

use super::settings::Push;
use crate::encode::negotiate::Format;
use crate::http_client::HttpClient;
#[cfg(feature = "web-config")]
use crate::http_client::{Tls, Trust};
use crate::url::{Shown, Url, WrongUrl};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hyper::Uri;
use std::fmt;

pub(crate) struct Target {
    pub(super) client: HttpClient,
    pub(super) path: Uri,
    pub(super) is_https: bool,
    pub(super) url: String,
}

/// The URL with the group.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

impl Target {
    /// Checks all settings.
    ///
    /// # Errors
    /// The fault of a setting.
    pub(crate) fn new(push: &Push) -> Result<Self, String> {
        let Push { url, interval, timeout, format, .. } = push;
        if interval.is_some_and(|interval| interval < Push::MIN_INTERVAL) {
            return Err(format!("its interval must be {:?} or more", Push::MIN_INTERVAL));
        }
        if timeout.is_zero() {
            return Err("its timeout must be more than 0".into());
        }
        if !matches!(format, Format::Text | Format::Text1 | Format::Protobuf) {
            let error = format!("a Pushgateway does not read {format:?}: give text or protobuf");
            return Err(error);
        }
        let wrong =
            |reason: &str| format!("{:?} is not a URL of a Pushgateway: {reason}", Shown(url));
        let schemes = if cfg!(feature = "web-config") { "http:// or https://" } else { "http://" };
        let url = Url::new(url).map_err(|error| match error {
            WrongUrl::Scheme => wrong(&format!("it must begin with {schemes}")),
            WrongUrl::Credentials => {
                "a password in the URL is not read: give .basic_auth(..)".into()
            }
            WrongUrl::Other(reason) => wrong(&reason),
        })?;
        #[cfg(not(feature = "web-config"))]
        {
            let needs = |setting| crate::feature::missing(setting, "web-config");
            if url.is_https {
                return Err(wrong(&needs("https")));
            }
            if push.ca_file.is_some() {
                return Err(needs(".ca_file(..)"));
            }
        }
        if url.uri.query().is_some() {
            return Err(wrong("it has a query"));
        }
        let path = format!("{}{}", url.uri.path().trim_end_matches('/'), group(push)?);
        let scheme = if url.is_https { "https" } else { "http" };
        let mut client = HttpClient::new(&url).map_err(|reason| wrong(&reason))?;
        #[cfg(feature = "web-config")]
        if url.is_https {
            let trust = push.ca_file.as_deref().map_or(Trust::System, Trust::File);
            client = client.with_tls(Tls::new(&url.host, trust)?);
        }
        if let Some(authorization) = &push.authorization {
            client.authorize(authorization)?;
        }
        Ok(Self {
            client,
            path: path.parse().map_err(|error| wrong(&format!("{error}")))?,
            is_https: url.is_https,
            url: format!("{scheme}://{}{path}", url.authority()),
        })
    }
}

/// The grouping key as a path
/// (<https://github.com/prometheus/pushgateway/blob/v1.11.1/README.md#url>).
fn group(push: &Push) -> Result<String, String> {
    if push.job.is_empty() {
        return Err("the job needs a name".into());
    }
    let mut path = String::from("/metrics");
    push_label(&mut path, "job", &push.job);
    for (at, (label, value)) in push.grouping.iter().enumerate() {
        let first = |c: char| c.is_ascii_alphabetic() || c == '_';
        let is_name = |c: char| first(c) || c.is_ascii_digit();
        let reason = if !(label.starts_with(first) && label.chars().all(is_name)) {
            "it must be of ASCII letters, digits and '_', and begin with no digit"
        } else if label.starts_with("__") {
            "names that start with '__' are reserved"
        } else if label == "job" || push.grouping[..at].iter().any(|(other, _)| other == label) {
            "it appears twice"
        } else {
            push_label(&mut path, label, value);
            continue;
        };
        return Err(format!("{label:?} can't be a label of the grouping key: {reason}"));
    }
    Ok(path)
}

/// Appends a label. An ambiguous value is encoded in base64: above all a slash, an empty value, and
/// dots.
fn push_label(path: &mut String, label: &str, value: &str) {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    path.push('/');
    path.push_str(label);
    if !value.is_empty() && value.chars().all(is_plain) && !value.chars().all(|c| c == '.') {
        path.push('/');
        path.push_str(value);
        return;
    }
    path.push_str("@base64/");
    // Without it the segment would be empty, and no segment.
    path.push_str(if value.is_empty() { "=" } else { "" });
    BASE64_URL_SAFE_NO_PAD.encode_string(value, path);
}

#[cfg(test)]
mod tests {
    use super::{Push, Target};
    use crate::encode::negotiate::Format;
    use std::time::Duration;

    /// With the feature, another one works.
    const SCHEMES: &str = if cfg!(feature = "web-config") {
        "it must begin with http:// or https://"
    } else {
        "it must begin with http://"
    };

    fn path(push: &Push) -> String {
        Target::new(push).unwrap().path.to_string()
    }

    #[test]
    fn a_group_is_a_path() {
        let push = |job: &str| Push::new("http://localhost", job);
        assert_eq!(path(&push("batch")), "/metrics/job/batch");
        // The first four are the examples of the Pushgateway's README.
        for (value, expected) in [
            ("/var/tmp", "@base64/L3Zhci90bXA"),
            ("", "@base64/="),
            ("Προμηθεύς", "@base64/zqDPgc6_zrzOt864zrXPjc-C"),
            ("foobar", "/foobar"),
            ("..", "@base64/Li4"),
            ("a.b-c_1", "/a.b-c_1"),
            ("100%", "@base64/MTAwJQ"),
            ("a b", "@base64/YSBi"),
            ("?x#y", "@base64/P3gjeQ"),
        ] {
            let group = push("a/b").grouping("first", value).grouping("second", "2");
            assert_eq!(path(&group), format!("/metrics/job@base64/YS9i/first{expected}/second/2"));
        }
    }

    #[test]
    fn a_url_is_taken_apart() {
        for (url, shown, path) in [
            ("http://gateway:9091", "http://gateway:9091/metrics/job/a", "/metrics/job/a"),
            ("http://gateway/", "http://gateway/metrics/job/a", "/metrics/job/a"),
            ("http://[::1]:1/push/", "http://[::1]:1/push/metrics/job/a", "/push/metrics/job/a"),
        ] {
            let target = Target::new(&Push::new(url, "a")).unwrap();
            assert_eq!((&*target.to_string(), &*target.path.to_string()), (shown, path));
        }
    }

    #[test]
    fn errors_are_reported() {
        let good = || Push::new("http://a", "job");
        let bad = |push: Push| Target::new(&push).err().unwrap();
        for (url, reason) in [
            ("gateway:9091", "it must begin with http://"),
            ("ftp://a", SCHEMES),
            ("http://a:99999", "from 1 to 65535"),
            ("http://a:", "from 1 to 65535"),
            ("http://a:0/path", "from 1 to 65535"),
            ("", "it must begin with http://"),
            ("http://", ""),
            ("http://a?b=c", "it has a query"),
        ] {
            let told = bad(Push::new(url, "job"));
            assert!(told.contains(reason) && told.contains(&format!("{url:?}")), "{told}");
        }
        for (url, reason) in [
            ("http://me:secret@a", ".basic_auth(..)"),
            ("http://me:secret /@a", "URL"),
            ("ftp:me:secret/@a", SCHEMES),
        ] {
            let push = Push::new(url, "job");
            assert!(!format!("{push:?}").contains("secret"), "{push:?}");
            let told = bad(push);
            assert!(told.contains(reason) && !told.contains("secret"), "{told}");
        }
        for (push, reason) in [
            (Push::new("http://a", ""), "needs a name"),
            (good().grouping("job", "b"), "twice"),
            (good().grouping("a", "").grouping("a", ""), "twice"),
            (good().grouping("__a", ""), "reserved"),
            (good().grouping("a/b", ""), "letters"),
            (good().grouping("", ""), "letters"),
            (good().interval(Duration::from_millis(99)), "100ms"),
            (good().timeout(Duration::ZERO), "more than 0"),
            (good().format(Format::OpenMetrics), "OpenMetrics"),
            (good().basic_auth("a:b", ""), "colon"),
            (good().bearer_token("a\nb"), "line feed"),
        ] {
            let told = bad(push);
            assert!(told.contains(reason), "{told}");
        }
    }

    #[test]
    #[cfg(not(feature = "web-config"))]
    fn encryption_takes_a_feature() {
        for (push, setting) in [
            (Push::new("https://a", "job"), "https"),
            (Push::new("http://a", "job").ca_file("ca.pem"), ".ca_file(..)"),
        ] {
            let told = Target::new(&push).err().unwrap();
            let reason =
                format!("{setting} takes the feature `web-config` of tickmetrics-exporter");
            assert!(told.contains(&reason), "{told}");
        }
    }

    #[test]
    fn passwords_are_in_no_log() {
        let push = Push::new("http://a", "job").basic_auth("me", "secret");
        assert!(!format!("{push:?}").contains("secret"));
        let target = Target::new(&push).unwrap();
        let header = target.client.authorization().unwrap();
        assert_eq!((header.to_str().unwrap(), header.is_sensitive()), ("Basic bWU6c2VjcmV0", true));
    }
}
