//! What a customer said yes or no to. Only what says so in these words is taken for it.

use aftercart_model::{Consent, ConsentState, Timestamp, Topic};
use serde_json::Value;

use super::{Fields, RejectReason};
use crate::IncomingBody;

/// The events that say it, whether they say yes, and the topic where none is given.
const EVENTS: [(&str, ConsentState, Option<Topic>); 3] = [
    ("consent given", ConsentState::Agreed, None),
    ("consent withdrawn", ConsentState::Withdrawn, None),
    ("unsubscribed", ConsentState::Withdrawn, Some(Topic::Marketing)),
];

pub fn topic_name(topic: Topic) -> &'static str {
    match topic {
        Topic::Marketing => "marketing",
        Topic::Feedback => "feedback",
    }
}

/// What the traits of an `identify` say.
pub fn of_traits(fields: &Fields<'_>, at: Timestamp) -> Result<Vec<Consent>, RejectReason> {
    let Some(traits) = fields.object("traits")? else { return Ok(Vec::new()) };
    let ip = ip(fields)?;
    let mut consents = Vec::new();
    let mut say = |topic, is_agreed: bool| {
        let state = if is_agreed { ConsentState::Agreed } else { ConsentState::Withdrawn };
        let consent = Consent::new(topic, state, at, "identify");
        consents.push(Consent { ip: ip.clone(), ..consent });
    };
    if let Some(consent) = traits.object("consent")? {
        for name in consent.to_map().keys() {
            let topic = topic(name, &consent.path(name))?;
            if let Some(is_agreed) = consent.flag(name)? {
                say(topic, is_agreed);
            }
        }
        return Ok(consents);
    }
    if let Some((name, _)) = traits.first(&["acceptsMarketing", "accepts_marketing"])
        && let Some(is_agreed) = traits.flag(name)?
    {
        say(Topic::Marketing, is_agreed);
    }
    Ok(consents)
}

/// What a `track` with one of these events says.
pub fn of_event(
    event: &str,
    fields: &Fields<'_>,
    properties: Option<&Fields<'_>>,
    at: Timestamp,
) -> Result<IncomingBody, RejectReason> {
    let known = EVENTS.into_iter().find(|it| it.0 == event);
    let (_, state, topic_known) = known.expect("the table of events names these and no other");
    let given = properties.map(|it| it.text("topic")).transpose()?.flatten();
    let topic = match (given, topic_known) {
        (Some(name), _) => topic(&name, "properties.topic")?,
        (None, Some(topic)) => topic,
        (None, None) => return Err(RejectReason::missing("properties.topic")),
    };
    let source = properties.map(|it| it.name("source")).transpose()?.flatten();
    let source = source.unwrap_or_else(|| "track".to_owned());
    let consent = Consent { ip: ip(fields)?, ..Consent::new(topic, state, at, source) };
    Ok(IncomingBody::ConsentGiven { consent })
}

/// The address it was said from: part of the proof.
fn ip(fields: &Fields<'_>) -> Result<Option<String>, RejectReason> {
    let context = fields.object("context")?;
    Ok(context.map(|it| it.name("ip")).transpose()?.flatten())
}

fn topic(name: &str, path: &str) -> Result<Topic, RejectReason> {
    serde_json::from_value(Value::String(name.to_owned()))
        .map_err(|_| RejectReason::invalid(path, name, "use `marketing` or `feedback`"))
}
