//! Filling an email for one customer: the same way for a message that is sent, a preview in the
//! console and a file written by a command, so that what is previewed is what is sent.
//!
//! Links of a sent message are signed and tracked; a preview has the plain ones, so that looking at
//! it counts nothing and unsubscribes nobody.

use aftercart_deliver::{Letter, LetterParts, ListHeaders, Mailbox};
use aftercart_email::{
    CouponView, CustomerView, EmailData, Links, OrderView, PairView, ProductView, RatingView,
    Relation, Rendered, ReviewView, ShopView, StepView, StoryView, wording,
};
use aftercart_model::{
    Coupon, CouponOffer, CouponState, Customer, CustomerId, EmailAddress, EventBody, Message,
    MessageClass, MessageId, Order, Product, ProductId, TemplateId, Timestamp, Topic,
};
use aftercart_recommend::is_same_kind;
use aftercart_store::Tx;
use anyhow::{Context, Result, bail};
use serde::Serialize;

use crate::{
    Engine, Known, Pairing, Token,
    due_again::dues,
    plan_message::{PRODUCTS_IN_EMAIL, coupon_end},
    recommend_products::{Wanted, anchor_products},
};

/// Reviews an email chooses from.
const REVIEWS_OFFERED: usize = 12;
/// So many of a shop's best sellers an email may call its customers' favourites.
const FAVOURITES: usize = 12;
/// The days a coupon lives in a preview of an email that no flow plans.
const PREVIEW_COUPON_DAYS: u32 = 5;
const PREVIEW_COUPON_PERCENT: u8 = 10;

/// An email as a customer would get it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RenderedEmail {
    pub template: TemplateId,
    pub to: Option<EmailAddress>,
    pub subject: String,
    pub preheader: String,
    pub html: String,
    pub text: String,
    /// The products it speaks of, by the shop's codes.
    pub products: Vec<String>,
}

/// Whom and what an email is about.
struct Occasion<'a> {
    customer: &'a Customer,
    /// The order it follows up.
    order: Option<&'a Order>,
    products: &'a [ProductId],
    coupon: Option<&'a Coupon>,
    topic: Topic,
    /// What was due again when the enrolment began.
    due: Option<ProductId>,
    /// `None` for a preview.
    message: Option<MessageId>,
    now: Timestamp,
}

impl Engine {
    /// The email a customer would get now after the last order, as a preview.
    pub fn preview_email(
        &self,
        template: &TemplateId,
        customer: CustomerId,
        now: Timestamp,
    ) -> Result<RenderedEmail> {
        let known = self.known()?;
        self.store().read(|tx| {
            let customer = tx.customer(customer)?.context("there is no such customer")?;
            let orders = tx.orders_of(customer.id)?;
            let order = orders.iter().rfind(|it| it.is_purchase() && it.placed_at <= now);
            if order.is_none() {
                bail!("this customer has no order yet; every email follows one up");
            }
            let follows = order.map(|it| &it.id);
            let shown = self.shown_before(tx, &known, customer.id, follows, now)?;
            let wanted = Wanted {
                orders: &orders,
                anchor: order,
                count: PRODUCTS_IN_EMAIL,
                shown,
                ..Wanted::default()
            };
            let products = self.choose_story(&known, &wanted, now);
            let (_, program) = self.program(tx, template, None)?;
            let coupon = self.preview_coupon(tx, &customer, now)?;
            let topic = match template.as_str() {
                "feedback" => Topic::Feedback,
                _ => Topic::Marketing,
            };
            let occasion = Occasion {
                customer: &customer,
                order,
                products: &products,
                coupon: Some(&coupon),
                topic,
                message: None,
                due: None,
                now,
            };
            let rendered = program.render(&self.email_data(tx, &known, &occasion)?)?;
            Ok(self.rendered_email(&known, template, &customer, &products, rendered))
        })
    }

    /// A template as a file: the store's newest version, else the shipped one.
    pub fn template_document(&self, id: &TemplateId) -> Result<String> {
        match self.store().read(|tx| tx.template(id, None))? {
            Some((_, document)) => Ok(document),
            None => Ok(crate::shipped_template(id)?.to_owned()),
        }
    }

    /// The letter of a message, signed links and all.
    pub(crate) fn letter(&self, tx: &mut Tx<'_>, id: MessageId, now: Timestamp) -> Result<Letter> {
        let known = self.known_in(tx)?;
        let message = tx.message(id)?.context("there is no such message")?;
        let (customer, rendered) = self.render_message(tx, &known, &message, now)?;
        let address = customer.email.clone().context("the customer has no email address")?;
        let shop = self.shop();
        let domain = shop.sender.domain().to_owned();
        let unsubscribe = self.unsubscribe_token(&message);
        let is_marketing = message.class == MessageClass::Marketing;
        let list = is_marketing.then(|| ListHeaders {
            unsubscribe_url: self.link('u', &unsubscribe),
            unsubscribe_address: None,
            list_name: shop.name.clone(),
            list_id: format!("{}.{domain}", topic_word(message.topic)),
            feedback_id: format!("{}:{}:{domain}", message.step, message.flow),
        });
        let name = format!("{} {}", customer.name.given, customer.name.family);
        let parts = LetterParts {
            message: Some(id),
            return_path: shop.sender.clone(),
            from: Mailbox { name: shop.sender_name.clone(), address: shop.sender.clone() },
            reply_to: None,
            to: Mailbox { name: name.trim().to_owned(), address },
            subject: rendered.subject,
            message_id: format!("{}@{domain}", self.keys().message_id(id)),
            date: message.planned_at,
            list,
            text: rendered.text,
            html: rendered.html,
        };
        aftercart_deliver::build(&parts).context("the letter cannot be built")
    }

    pub(crate) fn render_message(
        &self,
        tx: &mut Tx<'_>,
        known: &Known,
        message: &Message,
        now: Timestamp,
    ) -> Result<(Customer, Rendered)> {
        let customer = tx.customer(message.customer)?.context("a message to nobody")?;
        let enrolment = tx.enrolment(message.enrolment)?.context("a message of no enrolment")?;
        let due = enrolment.due_purchase();
        let order = match enrolment.trigger_order.as_ref().or(due.as_ref().map(|it| &it.order)) {
            Some(id) => tx.order(id)?,
            None => None,
        };
        let coupon = match &message.coupon {
            Some(code) => tx.coupon(code)?,
            None => None,
        };
        let (_, program) = self.program(tx, &message.template, Some(message.template_version))?;
        let occasion = Occasion {
            customer: &customer,
            order: order.as_ref(),
            products: &message.products,
            coupon: coupon.as_ref(),
            topic: message.topic,
            message: Some(message.id),
            due: due.map(|it| it.product),
            now,
        };
        let rendered = program.render(&self.email_data(tx, known, &occasion)?)?;
        Ok((customer, rendered))
    }

    fn email_data(&self, tx: &mut Tx<'_>, known: &Known, it: &Occasion<'_>) -> Result<EmailData> {
        let shop = self.shop();
        let zone = self.zone_of(it.customer);
        let anchors = it.order.map(anchor_products).unwrap_or_default();
        // The product bought that the main one was chosen for: the email names the two together.
        let due = self.due_products(tx, known, it)?;
        let main_due = it.products.first().filter(|main| due.contains(main));
        let belongs = |anchor: &&ProductId| {
            it.products.first().is_some_and(|main| relation(known, &[**anchor], *main).is_some())
        };
        let anchor = main_due.or_else(|| anchors.iter().find(belongs).or(anchors.first()));
        let named: Vec<ProductId> = anchor.copied().into_iter().collect();
        let anchor = anchor.and_then(|id| known.product(*id));
        let since = it.order.map_or(it.now, |order| order.placed_at);
        let viewed: Vec<ProductId> = tx
            .events_of(it.customer.id)?
            .iter()
            .filter(|event| since <= event.at && event.at <= it.now)
            .filter_map(|event| match event.body {
                EventBody::ProductViewed { product } => Some(product),
                _ => None,
            })
            .collect();
        let shown: Vec<&Product> = it.products.iter().filter_map(|id| known.product(*id)).collect();
        let coupon = it.coupon.and_then(|coupon| {
            let view = CouponView::new(coupon, shop.currency, &zone, it.now)?;
            Some((coupon, view))
        });
        let products = shown.iter().map(|product| {
            let mut view = ProductView::new(product, shop.currency);
            if let Some((coupon, _)) = &coupon {
                view = view.with_coupon(product, coupon, shop.currency);
            }
            view.url = self.product_link(product, it.message);
            view.picture = self.picture_url(&product.picture);
            view.rating = RatingView::new(&known.rating(product.id));
            view.relation = match due.contains(&product.id) {
                true => Relation::DueAgain,
                false => told_relation(known, &named, product.id),
            };
            view.was_viewed = viewed.contains(&product.id);
            view
        });
        let products: Vec<ProductView> = products.collect();
        let reviews = shown.iter().enumerate().flat_map(|(index, product)| {
            let of_product = known.reviews.get(&product.id).into_iter().flatten();
            of_product.map(move |review| (index, *product, review))
        });
        let mut reviews: Vec<_> = reviews.collect();
        reviews.sort_by_key(|(index, _, review)| {
            (*index, std::cmp::Reverse(review.rating), std::cmp::Reverse(review.at))
        });
        let reviews = reviews.into_iter().take(REVIEWS_OFFERED).map(|(index, product, review)| {
            let noun = wording::noun(&product.kind);
            ReviewView {
                product: index,
                rating: review.rating,
                text: review.text.clone(),
                author: review.author.clone(),
                bought: wording::bought_line(&noun, review.bought_at, &zone, it.now),
            }
        });
        let reviews = reviews.collect();
        let pairing = anchor
            .filter(|_| main_due.is_none())
            .and_then(|it| known.pairing(it, shown.first().copied()));
        let mut order = match (anchor, it.order) {
            (Some(anchor), Some(order)) => OrderView::new(anchor, order.placed_at, &zone),
            _ => OrderView::default(),
        };
        if let Some(it_was) = it.order {
            order.date = wording::past_date(it_was.placed_at, &zone, it.now);
        }
        order.picture = anchor.map(|it| self.picture_url(&it.picture)).unwrap_or_default();
        Ok(EmailData {
            customer: CustomerView { given_name: it.customer.name.given.clone() },
            order,
            products,
            pair: pairing.map(|it| self.pair_view(it)).unwrap_or_default(),
            steps: pairing
                .map(|it| self.step_views(known, it, shown.first().copied()))
                .unwrap_or_default(),
            coupon: coupon.map(|(_, view)| view),
            reviews,
            story: self.story_view(known, shown.first().copied()),
            shop: ShopView { name: shop.name.clone(), postal_address: shop.postal_address.clone() },
            links: self.links(it, anchor),
        })
    }

    /// What the customer bought before and is due to buy again: by now, or as the message has it.
    fn due_products(
        &self,
        tx: &mut Tx<'_>,
        known: &Known,
        it: &Occasion<'_>,
    ) -> Result<Vec<ProductId>> {
        let orders = tx.orders_of(it.customer.id)?;
        let dues = dues(known, &orders, it.now).into_iter().filter(|(at, _)| *at <= it.now);
        Ok(dues.map(|(_, due)| due.product).chain(it.due).collect())
    }

    fn links(&self, it: &Occasion<'_>, anchor: Option<&Product>) -> Links {
        let shop = self.shop();
        let Some(message) = it.message else {
            // A preview: the same shape, and no link that does anything.
            let nowhere = format!("{}/#preview", shop.public_url);
            return Links {
                unsubscribe: nowhere.clone(),
                preferences: nowhere.clone(),
                browser: nowhere.clone(),
                pixel: String::new(),
                shop: shop.url.clone(),
                ratings: vec![nowhere; 5],
            };
        };
        let customer = it.customer.id;
        let token = |token: Token| self.keys().sign(&token);
        let ratings = anchor.map(|product| {
            let feedback =
                Token::Feedback { customer, product: product.id, message: Some(message) };
            let page = self.link('r', &token(feedback));
            (1..=5).map(|stars| format!("{page}?rating={stars}")).collect()
        });
        let topic = it.topic;
        let unsubscribe = Token::Unsubscribe { customer, topic, message: Some(message) };
        Links {
            unsubscribe: self.link('u', &token(unsubscribe)),
            preferences: self.link('p', &token(Token::Preferences { customer })),
            browser: self.link('v', &token(Token::Browser { message })),
            pixel: self.link('o', &token(Token::Open { message })),
            shop: self.click_link(message, None, &shop.url),
            ratings: ratings.unwrap_or_default(),
        }
    }

    fn unsubscribe_token(&self, message: &Message) -> String {
        let (customer, topic) = (message.customer, message.topic);
        self.keys().sign(&Token::Unsubscribe { customer, topic, message: Some(message.id) })
    }

    fn product_link(&self, product: &Product, message: Option<MessageId>) -> String {
        let url = if product.url.is_empty() { &self.shop().url } else { &product.url };
        match message {
            Some(message) => self.click_link(message, Some(product.id), url),
            None => url.clone(),
        }
    }

    fn click_link(&self, message: MessageId, product: Option<ProductId>, url: &str) -> String {
        let token = Token::Click { message, product, url: url.to_owned() };
        self.link('c', &self.keys().sign(&token))
    }

    /// A public page of this server: `kind` is the first part of its path.
    fn link(&self, kind: char, token: &str) -> String {
        format!("{}/{kind}/{token}", self.shop().public_url)
    }

    /// Where a picture is fetched from: as it stands if absolute, else from the shop's own.
    pub(crate) fn picture_url(&self, picture: &str) -> String {
        if picture.is_empty() || picture.contains("://") {
            picture.to_owned()
        } else {
            format!("{}/pictures/{picture}", self.shop().public_url)
        }
    }

    fn pair_view(&self, pairing: &Pairing) -> PairView {
        PairView {
            heading: pairing.heading.clone(),
            lead: pairing.lead.clone(),
            fact: pairing.fact.clone(),
            scene: self.picture_url(&pairing.scene),
            scene_text: pairing.scene_text.clone(),
            picture: self.picture_url(&pairing.picture),
            picture_text: pairing.picture_text.clone(),
        }
    }

    fn story_view(&self, known: &Known, main: Option<&Product>) -> Option<StoryView> {
        let story = known.stories.iter().find(|it| Some(&it.code) == main.map(|it| &it.code))?;
        Some(StoryView {
            heading: story.heading.clone(),
            quote: story.quote.clone(),
            picture: self.picture_url(&story.picture),
            picture_text: story.picture_text.clone(),
        })
    }

    fn step_views(
        &self,
        known: &Known,
        pairing: &Pairing,
        main: Option<&Product>,
    ) -> Vec<StepView> {
        // Steps that have nothing to do with the product shown would be a riddle.
        let main = main.map_or("", |it| it.code.as_str());
        if pairing.with != main && !pairing.steps.iter().any(|it| it.code == main) {
            return Vec::new();
        }
        let view = |step: &crate::PairingStep| {
            let product = known.by_code(&step.code)?;
            Some(StepView {
                picture: self.picture_url(&product.picture),
                picture_text: product.picture_text.clone(),
                verb: step.verb.clone(),
                what: step.text.clone(),
            })
        };
        pairing.steps.iter().filter_map(view).collect()
    }

    /// What a preview shows where a flow would have reserved a code.
    fn preview_coupon(
        &self,
        tx: &mut Tx<'_>,
        customer: &Customer,
        now: Timestamp,
    ) -> Result<Coupon> {
        let upsell = aftercart_model::FlowId::new("upsell-cross-sell").expect("a slug");
        let terms = match self.definition(tx, &upsell) {
            Ok((_, flow, _)) => flow.coupon().cloned(),
            Err(_) => None,
        };
        let days = terms.as_ref().map_or(PREVIEW_COUPON_DAYS, |it| it.lives_days);
        let percent = CouponOffer::Percent(PREVIEW_COUPON_PERCENT);
        Ok(Coupon {
            pool: terms.as_ref().map_or_else(
                || aftercart_model::PoolId::new("preview").expect("a slug"),
                |it| it.pool.clone(),
            ),
            code: "YOUR-CODE".to_owned(),
            offer: terms.as_ref().map_or(percent, |it| it.offer),
            order_minor_min: terms.as_ref().map_or(0, |it| it.order_minor_min),
            state: CouponState::Reserved,
            customer: Some(customer.id),
            expires_at: Some(coupon_end(now, days, &self.zone_of(customer))),
        })
    }

    fn rendered_email(
        &self,
        known: &Known,
        template: &TemplateId,
        customer: &Customer,
        products: &[ProductId],
        rendered: Rendered,
    ) -> RenderedEmail {
        let code = |id: &ProductId| known.product(*id).map(|it| it.code.clone());
        RenderedEmail {
            template: template.clone(),
            to: customer.email.clone(),
            subject: rendered.subject,
            preheader: rendered.preheader,
            html: rendered.html,
            text: rendered.text,
            products: products.iter().filter_map(code).collect(),
        }
    }
}

/// How a product relates to what was bought, as the model has it now; `None` if it does not.
///
/// What goes with a thing and is the better version of it too is told as the better version where
/// the shop calls the two one kind: "good company for your dripper" is no dripper.
fn relation(known: &Known, anchors: &[ProductId], product: ProductId) -> Option<Relation> {
    let goes_with = anchors.iter().any(|anchor| known.relations.goes_with(product, *anchor));
    let betters = anchors.iter().any(|anchor| known.relations.betters(product, *anchor));
    let is_one_kind = |anchor: &ProductId| match (known.product(*anchor), known.product(product)) {
        (Some(anchor), Some(product)) => is_same_kind(anchor, product),
        _ => false,
    };
    match (goes_with, betters) {
        (true, true) if anchors.iter().any(is_one_kind) => Some(Relation::StepUp),
        (true, _) => Some(Relation::GoesWith),
        (false, true) => Some(Relation::StepUp),
        (false, false) => None,
    }
}

/// The same as an email says it: only what sells most is called a favourite.
fn told_relation(known: &Known, anchors: &[ProductId], product: ProductId) -> Relation {
    let sells_most = || {
        let best = known.model.as_ref().map_or(&[][..], |it| it.best_sellers());
        best.iter().take(FAVOURITES).any(|it| it.product == product)
    };
    relation(known, anchors, product)
        .unwrap_or_else(|| if sells_most() { Relation::BestSeller } else { Relation::Picked })
}

fn topic_word(topic: Topic) -> &'static str {
    match topic {
        Topic::Marketing => "marketing",
        Topic::Feedback => "feedback",
    }
}
