//! Configuration: read once from a TOML file, checked whole, reported whole.
//!
//! Every field has a default, so that no file at all is a good configuration. Flags on the command
//! line win over the file. Secrets may stand in the environment instead of the file; nothing else
//! reads it.

use std::{net::SocketAddr, path::Path};

use aftercart_model::{Currency, EmailAddress, Shop};
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

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApiConfig {
    /// The write key that event sources send as the user name of basic authentication.
    /// Default: drawn at the first start and printed by `serve`.
    pub write_key: Option<String>,
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
    fn errors_say_what_where_and_how_to_mend() {
        let zone = SHOP.replace("Europe/Lisbon", "Lisbon");
        assert_snapshot!(refused(&zone), @"`shop.time_zone` is `Lisbon`, not an IANA zone; write one such as Europe/Lisbon");
        let url = SHOP.replace("https://mail.tarnandember.example", "mail.tarnandember.example/");
        assert_snapshot!(refused(&url), @"`shop.public_url` is `mail.tarnandember.example/`; write it as https://host, without a slash at the end");
        assert!(refused("shops = 1").contains("unknown field `shops`"));
        assert_snapshot!(refused("[shopify]\nwebhook_secrets = [\"a\", \" \"]"), @"`shopify.webhook_secrets` has an empty secret, by which anybody could sign; leave it out");
        assert!(refused("[mail.smtp]\nhost = \"x\"\nport = \"587 \"").contains("port"));
    }
}
