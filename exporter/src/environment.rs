//! Settings from the program's operator.

use crate::{ExporterBuilder, StartError};
use std::env;

const LISTEN: &str = "TICKMETRICS_LISTEN";
const LABELS: &str = "TICKMETRICS_LABELS";
const WEB_CONFIG: &str = "TICKMETRICS_WEB_CONFIG";

impl ExporterBuilder {
    /// Reads settings from the environment, so that they can be changed where the program runs. An
    /// empty or missing variable changes nothing.
    ///
    /// | variable | value | effect |
    /// |---|---|---|
    /// | `TICKMETRICS_LISTEN` | addresses separated by commas, as for [`listen`](Self::listen) | they replace all addresses so far |
    /// | `TICKMETRICS_LABELS` | `name=value` separated by commas | as [`label`](Self::label), in addition to other labels |
    /// | `TICKMETRICS_WEB_CONFIG` | a path | as [`web_config`](Self::web_config) |
    ///
    /// The program's user is trusted. A program with rights that its user lacks must not call this.
    ///
    /// ```
    /// use tickmetrics_exporter::Exporter;
    ///
    /// // TICKMETRICS_LISTEN=0.0.0.0:9464 TICKMETRICS_LABELS=host=ny4-17,desk=options ./gateway
    /// let exporter = Exporter::builder().listen("127.0.0.1:0").with_environment()?.start()?;
    /// # Ok::<(), tickmetrics_exporter::StartError>(())
    /// ```
    ///
    /// # Errors
    /// [`StartError::InvalidVariable`], and [`StartError::MissingFeature`] for
    /// `TICKMETRICS_WEB_CONFIG` without the feature `web-config`.
    pub fn with_environment(self) -> Result<Self, StartError> {
        self.with_variables(|name| match env::var(name) {
            Ok(value) => Ok(value),
            Err(env::VarError::NotPresent) => Ok(String::new()),
            Err(env::VarError::NotUnicode(_)) => {
                Err("its value is not UTF-8: give another one".into())
            }
        })
    }

    fn with_variables(
        mut self,
        value: impl Fn(&'static str) -> Result<String, String>,
    ) -> Result<Self, StartError> {
        let of = |variable| {
            value(variable).map_err(|reason| StartError::InvalidVariable { variable, reason })
        };
        let addresses = of(LISTEN)?;
        if !addresses.is_empty() {
            let addresses = addresses.split(',').map(str::trim).map(str::to_owned);
            self = self.listen_at(addresses.collect());
        }
        let labels = of(LABELS)?;
        for label in labels.split(',').filter(|_| !labels.is_empty()) {
            let Some((name, value)) = label.split_once('=') else {
                let reason = format!("{label:?} has no '=': write name=value,name=value");
                return Err(StartError::InvalidVariable { variable: LABELS, reason });
            };
            self = self.label(name.trim(), value.trim());
        }
        let path = of(WEB_CONFIG)?;
        if !path.is_empty() {
            if cfg!(not(feature = "web-config")) {
                // The variable's name, since the program need not call the method.
                let (setting, feature) = (WEB_CONFIG, "web-config");
                return Err(StartError::MissingFeature { setting, feature });
            }
            self = self.web_config(path);
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use crate::{Exporter, StartError};
    use std::io::{Read, Write};
    use std::net::TcpStream;

    fn started(variables: &[(&str, &str)]) -> Result<Exporter, StartError> {
        let value = |name| {
            let known = variables.iter().find(|(known, _)| *known == name);
            Ok(known.map_or_else(String::new, |(_, value)| (*value).to_owned()))
        };
        Exporter::builder().listen("127.0.0.1:1").with_variables(value)?.start()
    }

    #[test]
    fn variables_take_the_place_of_addresses_and_add_labels() {
        let variables = [
            ("TICKMETRICS_LISTEN", "127.0.0.1:0, 127.0.0.1:0"),
            ("TICKMETRICS_LABELS", "host=a=b, desk = options"),
        ];
        let exporter = started(&variables).unwrap();
        assert_eq!(exporter.local_addrs().len(), 2);
        for address in exporter.local_addrs() {
            let mut stream = TcpStream::connect(address.to_string()).unwrap();
            let request = "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            let series = r#"tickmetrics_exporter_scrapes_total{host="a=b",desk="options"}"#;
            assert!(answer.contains(series), "{answer}");
        }
    }

    #[test]
    fn a_value_that_can_not_be_used_names_its_variable() {
        for (variable, value, reason) in [
            ("TICKMETRICS_LABELS", "host", "\"host\" has no '='"),
            ("TICKMETRICS_LABELS", "a=b,", "\"\" has no '='"),
            #[cfg(not(feature = "web-config"))]
            (
                "TICKMETRICS_WEB_CONFIG",
                "web.yml",
                "the feature `web-config` of tickmetrics-exporter",
            ),
        ] {
            let Err(error) = started(&[(variable, value)]) else { panic!("{value}") };
            let told = error.to_string();
            assert!(told.starts_with(variable) && told.contains(reason), "{told}");
        }
    }
}
