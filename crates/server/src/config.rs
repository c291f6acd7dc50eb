//! Configuration: read once from a TOML file, checked whole, reported whole.
//!
//! Every field has a default, so that no file at all is a good configuration. Flags on the command
//! line win over the file. Secrets may stand in the environment instead of the file; nothing else
//! reads it.

use std::{
    fmt,
    net::SocketAddr,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::Duration,
};

use aftercart_model::{Currency, EmailAddress, Shop};
use aftercart_web::Limits;
use anyhow::{Context, Result, bail};
use serde::Deserialize;

pub const STORE_DEFAULT: &str = "./aftercart-data";
pub const LISTEN_DEFAULT: &str = "127.0.0.1:7878";

/// What stands in the file given by `--config`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the data is: a folder for the embedded store, or a `postgres://` address.
    /// Default `./aftercart-data`.
    pub store: Option<String>,
    /// A folder for the archive's files, which spare a start the reading of the whole log. Each server
    /// needs its own. Default: `archive` in the folder of an embedded store; none for PostgreSQL.
    pub archive: Option<PathBuf>,
    /// Address and port that `serve` and `demo` listen on. Default `127.0.0.1:7878`.
    pub listen: Option<SocketAddr>,
    pub shop: Option<ShopConfig>,
    pub api: ApiConfig,
    pub mail: MailConfig,
    pub shopify: PlatformConfig,
    pub woocommerce: PlatformConfig,
    pub metrics: MetricsConfig,
}

/// The shop. Written into the store when a command opens it with this file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShopConfig {
    /// As customers know it. Example: `Tarn & Ember`.
    pub name: String,
    /// The shop on the web. Example: `https://tarnandember.example`.
    pub url: String,
    /// ISO 4217. Example: `EUR`.
    pub currency: Currency,
    /// An IANA zone. Example: `Europe/Lisbon`.
    pub time_zone: String,
    /// A BCP 47 tag. Default `en`.
    #[serde(default = "english")]
    pub locale: String,
    /// Company and postal address, printed in every marketing email.
    pub postal_address: String,
    /// Who the mail is from. Example: `hello@tarnandember.example`.
    pub sender: EmailAddress,
    /// The name beside it. Default: the shop's name.
    #[serde(default)]
    pub sender_name: String,
    /// Where customers reach this server: base of the links in emails.
    /// Example: `https://mail.tarnandember.example`.
    pub public_url: String,
}

fn english() -> String {
    "en".to_owned()
}

/// Where events come in, and how much of them at a time. Beyond the rate a sender is answered with
/// 429, and where there is no turn in time with 503; both say when to come again.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApiConfig {
    /// The write key that event sources send as the user name of basic authentication.
    /// Default: drawn at the first start and printed by `serve`.
    pub write_key: Option<String>,
    /// Requests a second that the write key may make, 1 to 1000000. Default 20000.
    pub rate_per_second: Option<u32>,
    /// Requests at once after a rest, 1 to 2000000. Default: twice the rate.
    pub rate_burst: Option<u32>,
    /// Requests that may wait for the store, 1 to 65536. Default 1024.
    pub waiting_max: Option<usize>,
    /// How long a body may take to arrive, in milliseconds, 1000 to 120000. Default 20000.
    pub body_patience_ms: Option<u32>,
    /// How long an event may wait for its commit, in milliseconds, 100 to 60000. Default 8000:
    /// Segment's libraries give up after 10 seconds.
    pub event_patience_ms: Option<u32>,
    /// The same for a webhook, 100 to 4500. Default 900: Shopify gives up after 5 seconds, all told.
    pub webhook_patience_ms: Option<u32>,
}

const RATES: RangeInclusive<u32> = 1..=1_000_000;
const BURSTS: RangeInclusive<u32> = 1..=2_000_000;
const WAITING: RangeInclusive<usize> = 1..=65_536;
const BODY_PATIENCES_MS: RangeInclusive<u32> = 1_000..=120_000;
const EVENT_PATIENCES_MS: RangeInclusive<u32> = 100..=60_000;
const WEBHOOK_PATIENCES_MS: RangeInclusive<u32> = 100..=4_500;

impl ApiConfig {
    fn check(&self) -> Result<()> {
        in_bounds("api.rate_per_second", self.rate_per_second, RATES)?;
        in_bounds("api.rate_burst", self.rate_burst, BURSTS)?;
        in_bounds("api.waiting_max", self.waiting_max, WAITING)?;
        in_bounds("api.body_patience_ms", self.body_patience_ms, BODY_PATIENCES_MS)?;
        in_bounds("api.event_patience_ms", self.event_patience_ms, EVENT_PATIENCES_MS)?;
        in_bounds("api.webhook_patience_ms", self.webhook_patience_ms, WEBHOOK_PATIENCES_MS)
    }

    /// What the doors keep to.
    pub fn limits(&self) -> Limits {
        let usual = Limits::default();
        let patience = |given: Option<u32>, usual: Duration| {
            given.map_or(usual, |ms| Duration::from_millis(ms.into()))
        };
        let rate_per_second = self.rate_per_second.unwrap_or(usual.rate_per_second);
        Limits {
            rate_per_second,
            rate_burst: self.rate_burst.unwrap_or(rate_per_second * 2),
            body_patience: patience(self.body_patience_ms, usual.body_patience),
            event_patience: patience(self.event_patience_ms, usual.event_patience),
            webhook_patience: patience(self.webhook_patience_ms, usual.webhook_patience),
        }
    }
}

fn in_bounds<T: PartialOrd + fmt::Display>(
    name: &str,
    given: Option<T>,
    bounds: RangeInclusive<T>,
) -> Result<()> {
    match given {
        Some(it) if !bounds.contains(&it) => {
            let (least, most) = (bounds.start(), bounds.end());
            bail!("`{name}` is {it}; choose {least} to {most}, or leave it out for the default")
        }
        _ => Ok(()),
    }
}

/// Figures for those who run the server, at `/metrics`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsConfig {
    /// Address and port of their own, which only your monitoring should reach.
    /// Default: none, and they are not served. Example: `127.0.0.1:9464`.
    pub listen: Option<SocketAddr>,
}

/// A platform whose webhooks are taken, at `/webhooks/shopify` and `/webhooks/woocommerce`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlatformConfig {
    /// The secrets it signs with: Shopify's client secret of the app, WooCommerce's secret of each
    /// webhook. Several, so that one can be exchanged for the next. Beside these counts the one in
    /// the environment: `AFTERCART_SHOPIFY_WEBHOOK_SECRET`, `AFTERCART_WOOCOMMERCE_WEBHOOK_SECRET`.
    /// Default: none, and its webhooks are not taken.
    pub webhook_secrets: Vec<String>,
}

/// Environment variables with a secret of a platform.
const SHOPIFY_SECRET: &str = "AFTERCART_SHOPIFY_WEBHOOK_SECRET";
const WOOCOMMERCE_SECRET: &str = "AFTERCART_WOOCOMMERCE_WEBHOOK_SECRET";

/// What carries the mail.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailConfig {
    /// The relay to hand mail to. Default: none, so that every email is caught in the built-in
    /// inbox and nothing leaves this machine.
    pub smtp: Option<SmtpConfig>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpConfig {
    /// Example: `127.0.0.1`.
    pub host: String,
    /// 1 to 65535. Default 587.
    #[serde(default = "submission_port")]
    pub port: u16,
    #[serde(default)]
    pub username: Option<String>,
    #[serde(default)]
    pub password: Option<String>,
}

fn submission_port() -> u16 {
    587
}

impl Config {
    pub fn read(path: Option<&Path>) -> Result<Self> {
        let mut config = Self::read_file(path)?;
        config.shopify.webhook_secrets.extend(of_environment(SHOPIFY_SECRET)?);
        config.woocommerce.webhook_secrets.extend(of_environment(WOOCOMMERCE_SECRET)?);
        Ok(config)
    }

    fn read_file(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else { return Ok(Self::default()) };
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("config: cannot read `{}`", path.display()))?;
        Self::parse(&text).with_context(|| format!("config `{}`", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let config: Self = toml::from_str(text)?;
        if let Some(shop) = &config.shop {
            shop.check()?;
        }
        config.api.check()?;
        for (name, platform) in [("shopify", &config.shopify), ("woocommerce", &config.woocommerce)]
        {
            if platform.webhook_secrets.iter().any(|it| it.trim().is_empty()) {
                bail!(
                    "`{name}.webhook_secrets` has an empty secret, by which anybody could sign; \
                       leave it out"
                );
            }
        }
        Ok(config)
    }
}

/// A secret from the environment; an empty one is none.
#[expect(clippy::disallowed_methods, reason = "this is where configuration is read")]
pub fn of_environment(name: &str) -> Result<Option<String>> {
    match std::env::var(name) {
        Ok(secret) => Ok(Some(secret).filter(|it| !it.trim().is_empty())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => {
            bail!("the environment variable `{name}` is not UTF-8; write it anew")
        }
    }
}

impl ShopConfig {
    fn check(&self) -> Result<()> {
        if jiff::tz::TimeZone::get(&self.time_zone).is_err() {
            let zone = &self.time_zone;
            bail!(
                "`shop.time_zone` is `{zone}`, not an IANA zone; write one such as Europe/Lisbon"
            );
        }
        for (name, url) in [("shop.url", &self.url), ("shop.public_url", &self.public_url)] {
            if !(url.starts_with("https://") || url.starts_with("http://")) || url.ends_with('/') {
                bail!("`{name}` is `{url}`; write it as https://host, without a slash at the end");
            }
        }
        if self.postal_address.trim().is_empty() {
            bail!("`shop.postal_address` is empty; marketing email without one is against the law");
        }
        Ok(())
    }

    pub fn shop(&self) -> Shop {
        let sender_name =
            if self.sender_name.is_empty() { self.name.clone() } else { self.sender_name.clone() };
        Shop {
            name: self.name.clone(),
            url: self.url.clone(),
            currency: self.currency,
            time_zone: self.time_zone.clone(),
            locale: self.locale.clone(),
            postal_address: self.postal_address.clone(),
            sender: self.sender.clone(),
            sender_name,
            public_url: self.public_url.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    const SHOP: &str = r#"
        [shop]
        name = "Tarn & Ember"
        url = "https://tarnandember.example"
        currency = "EUR"
        time_zone = "Europe/Lisbon"
        postal_address = "Rua do Moinho 14, Lisboa"
        sender = "hello@tarnandember.example"
        public_url = "https://mail.tarnandember.example"
    "#;

    fn refused(text: &str) -> String {
        format!("{:#}", Config::parse(text).unwrap_err())
    }

    #[test]
    fn nothing_at_all_is_a_good_configuration() {
        assert!(Config::parse("").unwrap().mail.smtp.is_none(), "mail is caught, nothing leaves");
    }

    #[test]
    fn a_shop_is_read() {
        let shop = Config::parse(SHOP).unwrap().shop.unwrap().shop();
        assert_eq!(shop.currency, Currency::EUR);
        assert_eq!(shop.sender_name, "Tarn & Ember", "the shop's name where none is given");
    }

    #[test]
    fn the_intake_keeps_to_what_is_configured() {
        assert_eq!(Config::parse("").unwrap().api.limits(), Limits::default());
        let given = Config::parse("[api]\nrate_per_second = 50\nwebhook_patience_ms = 2000");
        let limits = given.unwrap().api.limits();
        assert_eq!((limits.rate_per_second, limits.rate_burst), (50, 100), "twice the rate");
        assert_eq!(limits.webhook_patience, Duration::from_secs(2));
        assert_eq!(limits.event_patience, Limits::default().event_patience);
        assert!(Config::parse("[api]\nrate_per_second = 1000000").is_ok(), "the most");
        for (given, bounds) in [
            ("rate_per_second = 0", "1 to 1000000"),
            ("rate_burst = 0", "1 to 2000000"),
            ("waiting_max = 0", "1 to 65536"),
            ("body_patience_ms = 999", "1000 to 120000"),
            ("event_patience_ms = 60001", "100 to 60000"),
            ("webhook_patience_ms = 4501", "100 to 4500"),
        ] {
            let refused = refused(&format!("[api]\n{given}"));
            assert!(refused.contains(bounds), "{given}: {refused}");
        }
    }

    #[test]
    fn errors_say_what_where_and_how_to_mend() {
        let zone = SHOP.replace("Europe/Lisbon", "Lisbon");
        assert_snapshot!(refused(&zone), @"`shop.time_zone` is `Lisbon`, not an IANA zone; write one such as Europe/Lisbon");
        let url = SHOP.replace("https://mail.tarnandember.example", "mail.tarnandember.example/");
        assert_snapshot!(refused(&url), @"`shop.public_url` is `mail.tarnandember.example/`; write it as https://host, without a slash at the end");
        assert!(refused("shops = 1").contains("unknown field `shops`"));
        assert_snapshot!(refused("[shopify]\nwebhook_secrets = [\"a\", \" \"]"), @"`shopify.webhook_secrets` has an empty secret, by which anybody could sign; leave it out");
        assert_snapshot!(refused("[api]\nrate_per_second = 0"), @"`api.rate_per_second` is 0; choose 1 to 1000000, or leave it out for the default");
        assert!(refused("[mail.smtp]\nhost = \"x\"\nport = \"587 \"").contains("port"));
    }
}
