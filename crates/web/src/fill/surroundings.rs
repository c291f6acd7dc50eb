//! What stands around every page: the shop, whether mail goes out, the look the operator chose.

use aftercart_engine::Engine;
use aftercart_model::Timestamp;
use anyhow::Result;
use axum::http::HeaderMap;

use super::zone_name;
use crate::{App, Layout, Mail, MailState, Place, format::Calendar, layout::Toast, routes};

/// Facts that every page shows.
pub struct Surroundings {
    pub now: Timestamp,
    pub sent_today: u64,
    pub live_flows: u64,
}

impl Surroundings {
    pub fn read(engine: &Engine, now: Timestamp) -> Result<Self> {
        let (_, live_flows) = engine.name_flows()?;
        Ok(Self { now, sent_today: engine.sent_today(now)?, live_flows })
    }

    /// What is shown where nothing can be read.
    pub fn unread(now: Timestamp) -> Self {
        Self { now, sent_today: 0, live_flows: 0 }
    }

    pub fn layout(&self, app: &App, headers: &HeaderMap, toast: Option<Toast>) -> Layout {
        let shop = app.engine.shop();
        let (theme, has_keys) = routes::look(headers);
        let today = self.sent_today;
        let flows = (self.live_flows > 0).then_some((Place::Flows, self.live_flows));
        Layout {
            shop_name: shop.name.clone(),
            shop_domain: shop.domain().to_owned(),
            currency: shop.currency,
            calendar: Calendar { zone: shop.zone(), now: self.now },
            zone_name: zone_name(&shop.time_zone),
            operator_name: None,
            theme,
            has_keys,
            mail: match app.mail {
                Mail::Leaves => MailState::Sending { today },
                Mail::IsCaught => MailState::Catching { today },
            },
            counts: flows.into_iter().collect(),
            toast,
            is_sample: app.is_sample,
        }
    }
}
