//! From what was asked to a campaign: chips for what was said and chosen, and the documents.
//!
//! Everything drafted is the shipped sequence with the wishes applied; where a wish is not what
//! this version drafts, it is left out and said so in [`Unmet`].

use std::ops::Range;

use aftercart_email::{Document, Role, shipped};
use aftercart_flow::{
    CouponTerms, Flow, FlowDraft, ReEntry, Send, StepAction, Trigger, TriggerEvent,
    UPSELL_CROSS_SELL, Wait,
};
use aftercart_model::{CouponOffer, FlowId, PoolId, SegmentId, TemplateId};
use aftercart_segment::{
    Act, Amount, AmountBound, Condition, Count, Deed, Owned, ProductTest, Span as TimeSpan,
    UPSELL_SEGMENT, Window, Words, parse,
};

use crate::{
    CampaignDraft, Chip, EmailDraft, Place, Plan, PlannedEmail, Proposal, SegmentDraft, ShopFacts,
    Slot, Span, Tone, Unmet,
    entities::{Entities, Entity, likeness, trigrams},
    intent::{AS_ORDERED, Intent, OrderCount, Said, SendTime, Since, offer_words, re_entry_words},
    phrases::{self, SEQUENCE},
    read::{Reading, is_passed_over},
    timing,
    words::Token,
};

const EMAILS: u32 = 4;
const WINDOW_DAYS: u32 = 30;
const HOLDOUT_PERCENT: u32 = 10;
const HOLDOUT_PERCENT_MAX: u32 = 50;
const DISCOUNT: CouponOffer = CouponOffer::Percent(10);
const DISCOUNT_PERCENT_MAX: u8 = 90;
const AGAIN: ReEntry = ReEntry::AfterDays(30);
const WATCH_DAYS: u32 = 5;
const SEND_AT: SendTime = SendTime::At(jiff::civil::time(10, 0, 0, 0));
const DAYS_MAX: u32 = 365;

/// How alike a suggestion must be to what was not understood.
const NEAR_MIN: f64 = 0.3;
const NEAR_COUNT: usize = 2;
/// An id is cut to this, so that a template's name fits behind it.
const SLUG_CHARS_MAX: usize = 40;

pub(crate) fn draft(
    sentence: &str,
    tokens: &[Token],
    reading: &Reading,
    intent: &Intent,
    entities: &Entities,
    shop: &ShopFacts,
) -> Proposal {
    let mut drafting = Drafting {
        tokens,
        intent,
        shop,
        understood: Vec::new(),
        assumed: Vec::new(),
        open: Vec::new(),
        unmet: Vec::new(),
    };
    let campaign = drafting.campaign();
    let mut understood = drafting.understood;
    understood.sort_by_key(|it| it.places.first().copied());
    Proposal {
        sentence: sentence.to_owned(),
        understood,
        assumed: drafting.assumed,
        open: drafting.open,
        unmet: drafting.unmet,
        not_understood: not_understood(sentence, tokens, reading, entities),
        campaign,
    }
}

struct Drafting<'a> {
    tokens: &'a [Token],
    intent: &'a Intent,
    shop: &'a ShopFacts,
    understood: Vec<Chip>,
    assumed: Vec<Chip>,
    open: Vec<Chip>,
    unmet: Vec<Unmet>,
}

/// What the documents are written from, once every wish is settled.
struct Settled {
    waits: [u32; 4],
    offer: CouponOffer,
    coupon_days: u32,
    send_at: SendTime,
    again: ReEntry,
    hold_out: u8,
    tone: Tone,
    audience: Audience,
}

/// Whom the emails go to.
struct Audience {
    condition: Condition,
    /// Names the segment.
    name: String,
    /// Of what was bought, if the sentence named it: names the campaign.
    thing: Option<String>,
    /// What an order must meet to enrol; `Err` if no order can say, and only membership enrols.
    order_filter: Result<Option<Condition>, ()>,
    is_shipped: bool,
}

impl Drafting<'_> {
    fn campaign(&mut self) -> CampaignDraft {
        self.stated();
        let settled = self.settle();
        let name = match &settled.audience.thing {
            Some(thing) => format!("{thing}, what comes next"),
            None if settled.audience.order_filter == Ok(None) || settled.audience.is_shipped => {
                "Upsell after an order".to_owned()
            }
            None => format!("Upsell: {}", lower_first(&settled.audience.name)),
        };
        let id = match name.as_str() {
            "Upsell after an order" => "upsell-cross-sell".to_owned(),
            _ => slug(&name),
        };
        let segment = self.segment(&settled.audience);
        let emails = emails(&id, &settled);
        let flow = flow(&id, &name, &segment, &emails, &settled);
        CampaignDraft {
            plan: self.plan(&settled),
            recommend_categories: self.recommended(),
            id,
            name,
            segment,
            emails,
            flow,
        }
    }

    /// Chips for wishes that need no settling, and for what every draft has anyway.
    fn stated(&mut self) {
        let intent = self.intent;
        if !intent.request.is_empty() {
            let value = "a campaign for your shop".to_owned();
            self.said(Slot::Request, "Asks for", value, &intent.request, vec![]);
        }
        if let Some(goal) = &intent.goal {
            self.said(Slot::Goal, "Goal", goal.value.to_owned(), &goal.tokens, vec![]);
        }
        if let Some(include) = &intent.include {
            self.said(Slot::Include, "Include", include.value.join(", "), &include.tokens, vec![]);
        }
        if let Some(starts) = &intent.starts {
            self.said(Slot::Starts, "Starts", "after an order".to_owned(), &starts.tokens, vec![]);
        }
        let count = EMAILS.to_string();
        match &intent.emails {
            Some(said) if said.value == EMAILS => {
                self.said(Slot::Emails, "Emails", count, &said.tokens, vec![]);
            }
            Some(said) => {
                let asked = said.value;
                self.unmet(&said.tokens, format!(
                    "asked for {asked} emails; this version drafts four: offer, discount, social \
                     proof and nudge"
                ));
                self.assume(Slot::Emails, "Emails", count, vec![]);
            }
            None => self.assume(Slot::Emails, "Emails", count, vec![]),
        }
        self.sequence();
        let leaves = "any order".to_owned();
        match &intent.leaves {
            Some(said) => self.said(Slot::Leaves, "Leaves on", leaves, &said.tokens, vec![]),
            None => self.assume(Slot::Leaves, "Leaves on", leaves, vec![]),
        }
        for (tokens, stands) in &intent.conflicts {
            self.unmet(
                std::slice::from_ref(tokens),
                format!("says otherwise than before; `{stands}` stands"),
            );
        }
    }

    /// The order of the emails, where it was named.
    fn sequence(&mut self) {
        let Some(said) = &self.intent.sequence else { return };
        let mut reached = 0;
        for (number, (role, place)) in said.value.iter().enumerate() {
            let Some(standard) = SEQUENCE.iter().position(|it| it == role) else { continue };
            let standard = standard as u32 + 1;
            let title = phrases::title(*role).to_lowercase();
            let is_elsewhere = place.is_some_and(|it| it != standard);
            if is_elsewhere || (place.is_none() && standard <= reached) {
                let text = format!("the {title} is email {standard} in this version");
                let tokens = said.tokens.get(number).map_or(&[][..], std::slice::from_ref);
                self.unmet(tokens, text);
            }
            if place.is_none() {
                reached = reached.max(standard);
            }
        }
        let is_discount_alone = said.value.iter().all(|it| it.0 == Role::Discount);
        if !is_discount_alone || self.intent.discount.is_none() {
            let roles: Vec<&str> = SEQUENCE.iter().map(|it| phrases::title(*it)).collect();
            let value = roles.join(", ").to_lowercase();
            self.said(Slot::Sequence, "Sequence", value, &said.tokens, vec![]);
        }
    }

    fn settle(&mut self) -> Settled {
        let audience = self.audience();
        self.recommend_chips();
        let waits = self.waits();
        let send_at = self.settle_one(
            Slot::At,
            "At",
            &self.intent.at,
            SEND_AT,
            |it| it.in_words(),
            &["10:00 their time", "18:00 their time", AS_ORDERED],
        );
        let offer = self.offer();
        let coupon_days = self.coupon_days(waits);
        let again = match &self.intent.again {
            Some(Said { value: ReEntry::AfterDays(days), tokens })
                if !(1..=DAYS_MAX).contains(days) =>
            {
                let text = format!("again after {days} days is out of reach; 30 days are drafted");
                self.unmet(tokens, text);
                None
            }
            again => again.clone(),
        };
        let again = self.settle_one(
            Slot::Again,
            "Again",
            &again,
            AGAIN,
            |it| re_entry_words(*it),
            &["after 30 days", "after 60 days", "after 90 days", "never"],
        );
        let hold_out = match &self.intent.hold_out {
            Some(said) if said.value > HOLDOUT_PERCENT_MAX => {
                let text = format!("holding out {}% is out of reach; 10% are drafted", said.value);
                self.unmet(&said.tokens, text);
                None
            }
            said => said.clone(),
        };
        let hold_out = self.settle_one(
            Slot::HoldOut,
            "Hold out",
            &hold_out,
            HOLDOUT_PERCENT,
            |it| format!("{it}%"),
            &["10%", "5%", "20%", "0%"],
        );
        let tone = match &self.intent.tone {
            None => Tone::Friendly,
            said => self.settle_one(
                Slot::Tone,
                "Tone",
                said,
                Tone::Friendly,
                |it| it.name().to_owned(),
                &["friendly", "brief", "elegant"],
            ),
        };
        let hold_out = u8::try_from(hold_out).expect("at most 50");
        Settled { waits, offer, coupon_days, send_at, again, hold_out, tone, audience }
    }

    /// A wish, or the default with its alternatives; a chip either way.
    fn settle_one<T: Clone>(
        &mut self,
        slot: Slot,
        key: &str,
        said: &Option<Said<T>>,
        default: T,
        in_words: impl Fn(&T) -> String,
        choices: &[&str],
    ) -> T {
        let value = said.as_ref().map_or(default, |it| it.value.clone());
        let words = in_words(&value);
        let others = choices.iter().filter(|it| **it != words).map(|it| (*it).to_owned()).collect();
        let tokens = said.as_ref().map_or(&[][..], |it| &it.tokens);
        self.said(slot, key, words, tokens, others);
        value
    }

    fn waits(&mut self) -> [u32; 4] {
        let within = self.intent.within.as_ref();
        let fitted = within.and_then(|it| timing::waits_within(it.value));
        if let Some(said) = within {
            let value = Wait::Days(said.value).in_words();
            self.said(Slot::Within, "Within", value, &said.tokens, vec![]);
            if fitted.is_none() {
                let text = format!(
                    "four emails do not fit within {}; {} days are drafted",
                    Wait::Days(said.value),
                    timing::WAITS.iter().sum::<u32>(),
                );
                self.unmet(&said.tokens, text);
            }
        }
        let fallback = fitted.unwrap_or(timing::WAITS);
        let asked = self.intent.waits.as_ref();
        let is_good = |waits: &[u32]| {
            waits.len() == 4 && waits.iter().all(|it| (1..=timing::WAIT_DAYS_MAX).contains(it))
        };
        let waits = match asked {
            Some(said) if is_good(&said.value) => {
                <[u32; 4]>::try_from(&said.value[..]).expect("four of them")
            }
            Some(said) => {
                let text = format!(
                    "waits of {} are not one for each of four emails, 1 to {} days long; {} are \
                     drafted",
                    timing::in_words(&said.value),
                    timing::WAIT_DAYS_MAX,
                    timing::in_words(&fallback),
                );
                self.unmet(&said.tokens, text);
                fallback
            }
            None => fallback,
        };
        let sum: u32 = waits.iter().sum();
        if let (Some(within), Some(asked)) = (within, asked)
            && sum > within.value
        {
            let text =
                format!("the waits come to {sum} days, more than {}", Wait::Days(within.value));
            self.unmet(&asked.tokens, text);
        }
        let value = timing::in_words(&waits);
        let mut others = vec!["2, 3, 3, 2 days", "3, 4, 4, 3 days", "3, 3, 3, 3 days"];
        others.retain(|it| *it != value);
        let others = others.into_iter().map(str::to_owned).collect();
        let said = asked.filter(|it| is_good(&it.value)).map_or(&[][..], |it| &it.tokens);
        self.said(Slot::Waits, "Waits", value, said, others);
        waits
    }

    /// What the coupon takes off. Nobody but the shop can say, so unsaid it stays open.
    fn offer(&mut self) -> CouponOffer {
        if let Some(said) = &self.intent.no_discount {
            let text = "this version always drafts the discount as email 2; take the email out by \
                        hand to go without";
            self.unmet(&said.tokens, text.to_owned());
        }
        let is_good = |offer: &CouponOffer| match offer {
            CouponOffer::Percent(percent) => (1..=DISCOUNT_PERCENT_MAX).contains(percent),
            CouponOffer::AmountMinor(minor) => *minor > 0,
        };
        let others = |value: &str| -> Vec<String> {
            ["5%", "10%", "15%", "20%"]
                .into_iter()
                .filter(|it| *it != value)
                .map(str::to_owned)
                .collect()
        };
        if let Some(said) = &self.intent.discount {
            let value = offer_words(said.value, self.shop.currency);
            if is_good(&said.value) {
                let others = others(&value);
                self.said(Slot::Discount, "Email 2", format!("{value} off"), &said.tokens, others);
                return said.value;
            }
            let text = format!("{value} off is out of reach; choose 1% to {DISCOUNT_PERCENT_MAX}%");
            self.unmet(&said.tokens, text);
        }
        let value = offer_words(DISCOUNT, self.shop.currency);
        self.open.push(Chip {
            slot: Slot::Discount,
            key: "Discount".to_owned(),
            alternatives: others(&value),
            value,
            places: vec![],
        });
        DISCOUNT
    }

    fn coupon_days(&mut self, waits: [u32; 4]) -> u32 {
        let least = timing::coupon_days_min(waits);
        let (days, tokens) = match &self.intent.coupon_days {
            Some(said) if (least..=DAYS_MAX).contains(&said.value) => {
                (said.value, &said.tokens[..])
            }
            Some(said) => {
                let text = format!(
                    "a coupon valid for {} would not be alive in the last email, or for ever; {} \
                     are drafted",
                    Wait::Days(said.value),
                    Wait::Days(least),
                );
                self.unmet(&said.tokens, text);
                (least, &[][..])
            }
            None => (least, &[][..]),
        };
        let others =
            [least, least + 2, 14, 30].into_iter().filter(|it| *it != days && *it >= least);
        let mut others: Vec<String> = others.map(|it| Wait::Days(it).in_words()).collect();
        others.dedup();
        let value = Wait::Days(days).in_words();
        self.said(Slot::CouponValid, "Coupon valid", value, tokens, others);
        days
    }

    fn audience(&mut self) -> Audience {
        let intent = self.intent;
        if !intent.names_audience() {
            let value = "bought in the last 30 days, looked at related or better products since, \
                         has not ordered again";
            self.assume(Slot::Audience, "Audience", value.to_owned(), vec![]);
            return Audience {
                condition: parse(UPSELL_SEGMENT).expect("the shipped segment parses"),
                name: "Bought, looking again".to_owned(),
                thing: None,
                order_filter: Ok(None),
                is_shipped: true,
            };
        }
        let mut parts = Vec::new();
        let mut names: Vec<String> = Vec::new();
        let mut asks_views = false;
        let what = intent.bought.as_ref().map_or(&[][..], |it| &it.value);
        let since = self.since(!what.is_empty());
        let window = match since {
            Since::Ever => Window::Ever,
            Since::Days(days) => Window::Last(span(days)),
        };
        let within = match since {
            Since::Ever => String::new(),
            Since::Days(days) => format!(" in the last {}", Wait::Days(days)),
        };
        let asks_bought = intent.bought.is_some() || intent.in_the_last.is_some();
        let thing = (!what.is_empty()).then(|| list_of(what));
        if let Some(said) = &intent.bought {
            let mut value = "anything".to_owned();
            if !what.is_empty() {
                parts.push(any_product(what, Act::Bought, window.clone()));
                value = in_words_of(what);
            }
            self.said(Slot::Bought, "Bought", value, &said.tokens, vec![]);
        }
        if asks_bought {
            let thing =
                thing.as_ref().map_or(String::new(), |it| format!(" {}", it.to_lowercase()));
            names.push(format!("Bought{thing}{within}"));
            if what.is_empty() && intent.not_since.is_none() {
                parts.push(did(Deed::ordered(), Count::at_least(1), window.clone()));
            }
        }
        if let Some(said) = &intent.not_since {
            parts.push(did(Deed::ordered(), Count::Exactly(1), window));
            names.push("not since".to_owned());
            self.said(
                Slot::NotSince,
                "Not since",
                "ordered again".to_owned(),
                &said.tokens,
                vec![],
            );
        }
        if let Some(said) = &intent.not_for {
            let days = said.value.min(aftercart_segment::SPAN_DAYS_MAX);
            parts.push(did(Deed::ordered(), Count::at_least(1), Window::Ever));
            parts.push(did(Deed::ordered(), Count::Exactly(0), Window::Last(span(days))));
            let value = Wait::Days(days).in_words();
            names.push(format!("no order for {value}"));
            self.said(Slot::NotFor, "No order for", value, &said.tokens, vec![]);
        }
        if let Some(said) = &intent.orders {
            let count = match said.value {
                OrderCount::AtLeast(count) => Count::at_least(count),
                OrderCount::OnlyOne => Count::Exactly(1),
            };
            parts.push(did(Deed::ordered(), count, Window::Ever));
            names.push(match said.value {
                OrderCount::AtLeast(count) => format!("ordered {count} times or more"),
                OrderCount::OnlyOne => "ordered once".to_owned(),
            });
            self.said(Slot::Orders, "Orders", said.value.in_words(), &said.tokens, vec![]);
        }
        if let Some(said) = &intent.spent {
            let amount = Amount::new(said.value, self.shop.currency).expect("at most 9 digits");
            parts.push(Condition::Spent {
                bound: AmountBound::AtLeast(amount),
                window: Window::Ever,
            });
            let value = format!("{} or more", self.shop.currency.format(said.value));
            let whole = self.shop.currency.format_whole(said.value);
            names.push(format!("spent {whole} or more"));
            self.said(Slot::Spent, "Spent", value, &said.tokens, vec![]);
        }
        if let Some(said) = &intent.viewed_related {
            asks_views = true;
            let tests = [
                (said.value.related, ProductTest::Related(Owned::LastOrder)),
                (said.value.better, ProductTest::Better(Owned::LastOrder)),
            ];
            let looked = tests
                .into_iter()
                .filter(|it| it.0)
                .flat_map(|(_, test)| [Act::Viewed(vec![test.clone()]), Act::Clicked(vec![test])]);
            let looked =
                looked.map(|it| did(it.into(), Count::at_least(1), Window::since_last_order()));
            parts.push(Condition::Any(looked.collect()));
            names.push(format!("looked at {}", said.value.in_words()));
            let value = said.value.in_words().to_owned();
            self.said(Slot::Viewed, "Viewed", value, &said.tokens, vec![]);
        }
        if let Some(said) = &intent.viewed {
            asks_views = true;
            parts.push(any_product(&said.value, Act::Viewed, Window::since_last_order()));
            names.push(format!("looked at {}", list_of(&said.value).to_lowercase()));
            self.said(Slot::Viewed, "Viewed", in_words_of(&said.value), &said.tokens, vec![]);
        }
        let condition = match parts.len() {
            1 => parts.pop().expect("one"),
            _ => Condition::All(parts),
        };
        let is_plain = thing.is_none() && intent.orders.is_none() && intent.spent.is_none();
        let order_filter = match () {
            () if asks_views || intent.not_for.is_some() => Err(()),
            // The flow itself sees to it that whoever orders again leaves and is not let in again.
            () if is_plain => Ok(None),
            () => Ok(Some(condition.clone())),
        };
        let name = capitalised(&names.join(", "));
        Audience { condition, name, thing, order_filter, is_shipped: false }
    }

    /// Since when something was bought; a chip if it matters.
    fn since(&mut self, names_thing: bool) -> Since {
        let intent = self.intent;
        let matters =
            intent.bought.is_some() || intent.in_the_last.is_some() || intent.not_since.is_some();
        let bound = |since: &Since| match since {
            Since::Days(days) if *days > aftercart_segment::SPAN_DAYS_MAX => Since::Ever,
            since => *since,
        };
        let said = intent.in_the_last.as_ref();
        if !matters {
            return Since::Days(WINDOW_DAYS);
        }
        let said = said.map(|it| Said { value: bound(&it.value), tokens: it.tokens.clone() });
        let mut choices = vec!["14 days", "30 days", "60 days", "90 days"];
        if names_thing {
            choices.push("ever");
        }
        self.settle_one(
            Slot::InTheLast,
            "In the last",
            &said,
            Since::Days(WINDOW_DAYS),
            |it| it.in_words(),
            &choices,
        )
    }

    fn recommend_chips(&mut self) {
        let intent = self.intent;
        if let Some(said) = &intent.recommend {
            let (categories, others): (Vec<&Entity>, Vec<&Entity>) =
                said.value.iter().partition(|it| matches!(it, Entity::Category(_)));
            if !categories.is_empty() {
                let names: Vec<&str> = categories.iter().map(|it| it.name()).collect();
                self.said(Slot::Recommend, "Recommend", names.join(", "), &said.tokens, vec![]);
            }
            for other in others {
                let text = format!(
                    "recommends whole categories; {} is left to what goes with each order",
                    other.in_words()
                );
                self.unmet(&said.tokens, text);
            }
        }
        if let Some(said) = &intent.recommend_related {
            let value = said.value.in_words().to_owned();
            self.said(Slot::Recommend, "Recommend", value, &said.tokens, vec![]);
        }
    }

    fn recommended(&self) -> Vec<String> {
        let said = self.intent.recommend.as_ref().map_or(&[][..], |it| &it.value);
        let category = |it: &Entity| match it {
            Entity::Category(name) => Some(name.clone()),
            _ => None,
        };
        said.iter().filter_map(category).collect()
    }

    fn segment(&self, audience: &Audience) -> SegmentDraft {
        let id = if audience.is_shipped { "upsell".to_owned() } else { slug(&audience.name) };
        SegmentDraft {
            id: SegmentId::new(id).expect("a slug"),
            name: audience.name.clone(),
            condition: audience.condition.clone(),
        }
    }

    fn plan(&self, settled: &Settled) -> Plan {
        let mut day = 0;
        let emails = SEQUENCE.iter().zip(settled.waits).zip(1..).map(|((role, wait), number)| {
            day += wait;
            PlannedEmail {
                number,
                role: *role,
                title: phrases::title(*role).to_owned(),
                wait_days: wait,
                day,
                theme: phrases::theme(*role).to_owned(),
                call_to_action: phrases::call_to_action(*role).to_owned(),
                needs: phrases::needs(*role).to_owned(),
            }
        });
        let emails: Vec<PlannedEmail> = emails.collect();
        Plan {
            objectives: phrases::objectives(self.intent.goal.as_ref().map(|it| it.value)),
            audience: settled.audience.name.clone(),
            message: phrases::MESSAGE.to_owned(),
            emails,
            days: day,
            watch_days: WATCH_DAYS,
        }
    }

    fn said(
        &mut self,
        slot: Slot,
        key: &str,
        value: String,
        tokens: &[Range<usize>],
        alternatives: Vec<String>,
    ) {
        let places = self.places(tokens);
        let is_assumed = places.is_empty();
        let chip = Chip { slot, key: key.to_owned(), value, alternatives, places };
        if is_assumed { self.assumed.push(chip) } else { self.understood.push(chip) }
    }

    fn assume(&mut self, slot: Slot, key: &str, value: String, alternatives: Vec<String>) {
        self.said(slot, key, value, &[], alternatives);
    }

    fn unmet(&mut self, tokens: &[Range<usize>], text: String) {
        let places = self.places(tokens);
        self.unmet.push(Unmet { text, places });
    }

    fn places(&self, tokens: &[Range<usize>]) -> Vec<Place> {
        tokens.iter().filter_map(|it| place(self.tokens, it)).collect()
    }
}

/// Where a phrase stands, without the words passed over at its beginning.
fn place(tokens: &[Token], range: &Range<usize>) -> Option<Place> {
    let taken = tokens.get(range.clone())?;
    let first = taken.iter().position(|it| !is_passed_over(&it.text)).unwrap_or(0);
    Some(Place { start: taken.get(first)?.start, end: taken.last()?.end })
}

fn not_understood(
    sentence: &str,
    tokens: &[Token],
    reading: &Reading,
    entities: &Entities,
) -> Vec<Span> {
    let span = |range: &Range<usize>| {
        let (start, end) = (tokens[range.start].start, tokens[range.end - 1].end);
        let text = sentence[start..end].to_owned();
        Span { start, end, near: near(&text, entities), text }
    };
    reading.not_understood.iter().map(span).collect()
}

/// Phrases of the grammar and names of the shop that look most like `text`.
fn near(text: &str, entities: &Entities) -> Vec<String> {
    let own = trigrams(&text.to_lowercase());
    let phrases =
        phrases::VOCABULARY.iter().map(|it| (likeness(&own, &trigrams(it)), (*it).to_owned()));
    let mut scored: Vec<(f64, String)> =
        phrases.chain(entities.nearest(text, NEAR_COUNT)).collect();
    scored.retain(|it| it.0 >= NEAR_MIN);
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.truncate(NEAR_COUNT);
    scored.into_iter().map(|it| it.1).collect()
}

fn did(deed: Deed, count: Count, window: Window) -> Condition {
    Condition::Did { deed, count, window }
}

fn span(days: u32) -> TimeSpan {
    TimeSpan::days(days).expect("bounded before")
}

/// Did `deed` with any of these things.
fn any_product(what: &[Entity], act: fn(Vec<ProductTest>) -> Act, window: Window) -> Condition {
    type Names = fn(&Entity) -> Option<&str>;
    type Test = fn(Words) -> ProductTest;
    let kinds: [(Names, Test); 3] = [
        (|it| matches!(it, Entity::Category(_)).then(|| it.name()), ProductTest::InCategory),
        (
            |it| match it {
                Entity::Product { code, .. } => Some(code),
                _ => None,
            },
            ProductTest::Coded,
        ),
        (|it| matches!(it, Entity::NamePart(_)).then(|| it.name()), ProductTest::NameHas),
    ];
    let tests = kinds.into_iter().filter_map(|(names, test)| {
        let words = Words::new(what.iter().filter_map(names)).ok()?;
        let deed = Deed::from(act(vec![test(words)]));
        Some(did(deed, Count::at_least(1), window.clone()))
    });
    let mut tests: Vec<Condition> = tests.collect();
    if tests.len() == 1 { tests.pop().expect("one") } else { Condition::Any(tests) }
}

fn in_words_of(what: &[Entity]) -> String {
    let words: Vec<String> = what.iter().map(Entity::in_words).collect();
    words.join(" or ")
}

fn list_of(what: &[Entity]) -> String {
    let names: Vec<&str> = what.iter().map(Entity::name).collect();
    capitalised(&names.join(" or "))
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_lowercase().chain(letters).collect())
}

/// Small letters, digits and hyphens, whole words of them; never empty.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.to_lowercase().chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    if slug.len() > SLUG_CHARS_MAX {
        let cut = slug[..=SLUG_CHARS_MAX].rfind('-').unwrap_or(SLUG_CHARS_MAX);
        slug.truncate(cut);
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "campaign".to_owned() } else { slug.to_owned() }
}

/// The four shipped documents in the tone asked for. A campaign other than the shipped one has
/// templates of its own.
fn emails(id: &str, settled: &Settled) -> Vec<EmailDraft> {
    let email = |role: &Role| {
        let name = phrases::template(*role);
        let shipped = shipped().iter().find(|(id, _)| *id == name).expect("all four ship").1;
        let document = Document::parse(shipped).expect("shipped documents parse");
        let template = match id {
            "upsell-cross-sell" => name.to_owned(),
            _ => format!("{id}-{name}"),
        };
        EmailDraft {
            template: TemplateId::new(template).expect("a slug"),
            role: *role,
            document: phrases::in_tone(document, settled.tone),
        }
    };
    SEQUENCE.iter().map(email).collect()
}

/// The shipped flow with the wishes applied.
fn flow(
    id: &str,
    name: &str,
    segment: &SegmentDraft,
    emails: &[EmailDraft],
    settled: &Settled,
) -> Flow {
    let shipped = Flow::parse(UPSELL_CROSS_SELL).expect("the shipped flow is sound").to_draft();
    let mut triggers = vec![Trigger::Segment { segment: segment.id.clone() }];
    if let Ok(filter) = &settled.audience.order_filter {
        let event = TriggerEvent::OrderCompleted;
        triggers.insert(0, Trigger::Event { event, filter: filter.clone() });
    }
    let pool = match settled.offer {
        CouponOffer::Percent(percent) => format!("next{percent}"),
        CouponOffer::AmountMinor(minor) => format!("next{minor}-off"),
    };
    let coupon = CouponTerms {
        pool: PoolId::new(pool).expect("a slug"),
        offer: settled.offer,
        lives_days: settled.coupon_days,
        order_minor_min: 0,
    };
    let mut waits = settled.waits.into_iter();
    let mut templates = emails.iter().map(|it| it.template.clone());
    let mut steps = shipped.steps;
    for step in &mut steps {
        match &mut step.action {
            StepAction::Wait(wait) => *wait = Wait::Days(waits.next().expect("four waits")),
            StepAction::Send(Send { template, .. }) => {
                *template = templates.next().expect("four emails");
            }
            _ => {}
        }
    }
    let draft = FlowDraft {
        id: FlowId::new(id).expect("a slug"),
        name: name.to_owned(),
        triggers,
        re_entry: settled.again,
        holdout_percent: settled.hold_out,
        coupon: Some(coupon),
        send_at: match settled.send_at {
            SendTime::At(time) => Some(time),
            SendTime::AsOrdered => None,
        },
        steps,
        ..shipped
    };
    Flow::new(draft).expect("every wish was bounded before")
}
