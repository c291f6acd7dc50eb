//! What the sample shop's customers wrote about its products.

use aftercart_model::{ReviewState, Timestamp};

/// A review by one of the sample customers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleReview {
    pub code: &'static str,
    pub customer: Option<usize>,
    pub rating: u8,
    /// Empty where only stars were given.
    pub text: String,
    /// Given name and initial.
    pub author: String,
    pub bought_at: Timestamp,
    pub at: Timestamp,
    pub state: ReviewState,
}

/// A short true story of a buyer, shown with a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SampleStory {
    pub code: &'static str,
    pub heading: &'static str,
    pub text: &'static str,
    pub author: &'static str,
    pub picture: &'static str,
    pub picture_text: &'static str,
}

pub const STORIES: &[SampleStory] = &[
    SampleStory {
        code: "KT-02",
        heading: "Joana, 6:40, before the children wake",
        text: "Eighteen grams, three minutes, nobody talking. The kettle is the only thing on the worktop I would save from a fire.",
        author: "Joana",
        picture: "story-morning.png",
        picture_text: "Steaming mug beside a bag of coffee",
    },
    SampleStory {
        code: "GR-02",
        heading: "Emil, on the balcony, whatever the weather",
        text: "Forty turns. I count them. By thirty I am awake, by forty the neighbours say good morning.",
        author: "Emil",
        picture: "story-morning.png",
        picture_text: "Steaming mug beside a bag of coffee",
    },
    SampleStory {
        code: "KI-02",
        heading: "Teresa, Sunday, six at the table",
        text: "My mother asked to borrow the skillet. She has not given it back. I have bought a second one.",
        author: "Teresa",
        picture: "pair-skillet-board.png",
        picture_text: "Cast-iron skillet beside a walnut board",
    },
];

/// The reviews the pictures show, with who wrote them and in which month they had bought.
pub(super) struct Famous {
    pub rating: u8,
    pub given: &'static str,
    pub family: &'static str,
    pub text: &'static str,
    pub bought_month: Option<i8>,
    pub bought_before: Option<&'static str>,
}

pub(super) const FAMOUS_CODE: &str = "KT-02";
/// How many gave the famous kettle 1, 2, 3, 4, 5.
pub(super) const FAMOUS_COUNTS: [u32; 5] = [0, 1, 2, 7, 54];

pub(super) const FAMOUS: &[Famous] = &[
    Famous {
        rating: 5,
        given: "Mireille",
        family: "Girard",
        text: "I thought my beans were dull. It was my pour. I stopped going to the café.",
        bought_month: None,
        bought_before: Some("CM-02"),
    },
    Famous {
        rating: 5,
        given: "Tomás",
        family: "Ramalho",
        text: "Heavier than I expected, and better for it. My hand no longer shakes at the last third.",
        bought_month: Some(1),
        bought_before: None,
    },
    Famous {
        rating: 4,
        given: "Ingrid",
        family: "Lindqvist",
        text: "Slow to boil on induction. The pour makes up for it every single morning.",
        bought_month: Some(11),
        bought_before: None,
    },
];

/// Texts by product. Each is used once at most, so that no two people say the same.
#[rustfmt::skip] // A list: one review a line.
pub(super) static TEXTS: &[(&str, u8, &str)] = &[
    ("KT-02", 5, "The stream is so thin that I pour slower without trying."),
    ("KT-02", 5, "Two years of daily use, and the walnut has only grown darker."),
    ("KT-02", 5, "Bought for drip coffee, now my wife waters the orchids with it."),
    ("KT-02", 5, "Balanced in the hand even when full. I did not know that was a thing."),
    ("KT-02", 5, "The lid stays on when you pour out the last of it."),
    ("KT-02", 5, "A loose knob was replaced in three days, no questions."),
    ("KT-02", 4, "Lovely pour. I would have liked a thermometer in the lid."),
    ("KT-02", 4, "Fills one mug and a half for us, so get the larger one for guests."),
    ("KT-02", 3, "Good kettle, but the black shows every drop of hard water."),
    ("KT-02", 3, "The handle gets warm on gas if you forget it there."),
    ("KT-02", 2, "It drips from the base of the spout when overfilled, and I overfill."),
    ("KT-01", 5, "Boils quicker than the electric one it replaced."),
    ("KT-01", 4, "Pretty and quick. The whistle is more of a sigh."),
    ("KT-01", 2, "The spout is too wide for filter coffee. For tea it is fine."),
    ("KT-03", 5, "Holds enough for the big carafe in one go."),
    ("KT-03", 4, "Steel shows fingers, but there is no coating to scratch."),
    ("KT-04", 5, "93, press, pour. I have stopped guessing."),
    ("KT-04", 4, "Exact to the degree against my thermometer. The cord could be longer."),
    ("KT-04", 2, "The base beeps and cannot be told not to."),
    ("KT-05", 5, "Stays at 96 while I grind. That hour of keeping warm is worth the difference."),
    ("KT-05", 3, "Wonderful to pour with, and too dear to enjoy without thinking of it."),
    ("CM-01", 5, "Lives in my rucksack. Has fallen off a hut in the Serra and still works."),
    ("CM-01", 4, "Not pretty. Makes a very good cup."),
    ("CM-01", 3, "Fine to start with; I went on to the ceramic one after a month."),
    ("CM-02", 5, "Heavy, warm, and the ribs really do stop the paper from sticking."),
    ("CM-02", 5, "Rinse it hot first and the last mouthful is as warm as the first."),
    ("CM-02", 5, "A present for my father, who had said he needed nothing."),
    ("CM-02", 4, "Beautiful glaze. Mine came with a tiny pinhole that nobody sees but me."),
    ("CM-02", 3, "Takes a while to warm through on cold mornings."),
    ("CM-02", 1, "Arrived in two pieces. The new one came quickly, but still."),
    ("CM-03", 5, "Watching the bloom is half the fun."),
    ("CM-03", 4, "The collar really stays cool. I treat the glass like an egg."),
    ("CM-03", 2, "Broke in the sink in the second week. My own fault, but it was quick."),
    ("CM-04", 5, "Warm at once, and it looks better each month."),
    ("CM-04", 4, "Polish it or let it go brown, both are right."),
    ("CM-05", 5, "Pours without a single drip, which my old one never managed."),
    ("CM-05", 4, "The marks on the side are more useful than I thought."),
    ("CM-06", 5, "Six people, one brew, and they all asked what it was."),
    ("CM-06", 5, "The clearest cup I have had at home."),
    ("CM-06", 3, "Lovely, but you need the thick papers, and a long brush."),
    ("CM-07", 5, "One mug, no leftovers, four minutes."),
    ("CM-07", 3, "Smaller than it looks. One mug means one mug."),
    ("CM-08", 5, "Far less silt than in my old one. The double mesh does it."),
    ("CM-08", 4, "Solid. I wish the lid had a spout that closes."),
    ("CM-08", 4, "Spare glass is sold singly, which is why I bought this one."),
    ("CM-08", 2, "The knob came loose after a month; a drop of glue and it holds."),
    ("CM-09", 5, "Two hours later the second cup was still hot."),
    ("CM-09", 4, "Cannot break, and I have tried. You do not see the coffee, of course."),
    ("CM-10", 5, "Small, loud, strong. As it should be."),
    ("CM-10", 3, "The handle is a little short for large hands."),
    ("CM-11", 5, "My grandmother's pot, made new. The seal is easy to change."),
    ("CM-11", 4, "Works on induction, slowly."),
    ("CM-12", 5, "In the fridge at eleven, at my desk at eleven."),
    ("CM-12", 4, "Fits the door of the fridge exactly, which matters in ours."),
    ("CM-12", 2, "The sieve lets through fine dust unless you grind very coarse."),
    ("CM-13", 5, "Six minutes from switch to shot, as promised."),
    ("CM-13", 5, "I changed a seal myself with the leaflet and a spanner. Try that elsewhere."),
    ("CM-13", 4, "Good shots from the second week. The first week is the price."),
    ("CM-13", 3, "Steam is weaker than I hoped; for one flat white it does."),
    ("CM-13", 2, "Wonderful shots, but the pump wakes the house."),
    ("CM-14", 5, "Shot and milk at the same time, and quieter than the dishwasher."),
    ("CM-14", 4, "Holds the degree. Takes half the worktop."),
    ("GR-01", 5, "Fits inside the press, which fits inside the bag."),
    ("GR-01", 4, "Twenty grams is exactly one of me."),
    ("GR-01", 3, "Slow for espresso. For filter on a train it is perfect."),
    ("GR-02", 5, "Even grounds, no bitter edge. I did not know it was the grinder."),
    ("GR-02", 5, "The steps click so clearly that I set it in the dark."),
    ("GR-02", 5, "Takes forty turns for a mug. I have come to like the forty turns."),
    ("GR-02", 4, "Very even. Light roasts need some arm."),
    ("GR-02", 4, "The knob is a joy, the lid a bit stiff."),
    ("GR-02", 3, "Good, though I now see why people buy electric ones."),
    ("GR-02", 1, "The crank did not fit on mine. Sent back, money returned in four days."),
    ("GR-03", 5, "One click is one second of the shot. That is what I paid for."),
    ("GR-03", 4, "Superb burrs. The copper needs a cloth now and then."),
    ("GR-04", 5, "Quiet enough for six in the morning in a thin-walled flat."),
    ("GR-04", 4, "Quick and even. The hopper could seal better."),
    ("GR-04", 2, "Static in winter, grounds on the worktop."),
    ("GR-05", 5, "Eighteen in, eighteen out. I weighed it for a week and stopped."),
    ("GR-05", 4, "As good as said. Heavy: carry it once."),
    ("ST-01", 4, "Does what it says, and the plate lifts off to wash."),
    ("ST-01", 3, "Too slow for pouring, right for baking."),
    ("ST-02", 5, "Starts when I pour, stops when I do. I forget it is there."),
    ("ST-02", 5, "The same cup twice. It says so on the page and it is so."),
    ("ST-02", 4, "Exact and quick. It switches off a minute early for slow drinkers."),
    ("ST-02", 3, "Good, but keep steam away from the display."),
    ("ST-02", 2, "Mine ate its battery in a week. The second one does not."),
    ("ST-03", 5, "Fits under the spout with room for the cup."),
    ("ST-03", 4, "Answers at once. Wipe it after, the steel shows all."),
    ("ST-04", 5, "Clips on, reads, done. No battery to look for."),
    ("ST-04", 3, "Two degrees off against my other one, always the same two."),
    ("ST-05", 5, "Milk, bread, roast. One thing for all of it."),
    ("ST-05", 4, "Quick. The magnet is stronger than my fridge is clean."),
    ("ST-06", 5, "The weight does the work, the wood does the rest."),
    ("ST-06", 4, "Snug in a 58 basket. Check yours is a true 58."),
    ("ST-07", 5, "No more spurting from one side. My shots agree with each other now."),
    ("ST-07", 3, "Works as it should, but I miss the feeling of the plain one."),
    ("ST-08", 5, "My first leaf, after two years of blobs."),
    ("ST-08", 4, "Small is right. The big one makes too much foam for one."),
    ("ST-09", 4, "Enough for four, and the thick base gives you time."),
    ("ST-10", 5, "Ten grams on the scale, every time I checked."),
    ("ST-10", 4, "It smells of walnut for the first month. I did not mind."),
    ("ST-11", 5, "No more puck in the sink."),
    ("ST-11", 3, "Could be a little deeper. I knock with feeling."),
    ("FC-01", 5, "No taste of paper even without rinsing, though I rinse."),
    ("FC-01", 4, "They hold. Cheaper ones from the supermarket did not."),
    ("FC-01", 3, "Fine papers, flimsy box."),
    ("FC-02", 5, "Compost heap takes them, coffee and all."),
    ("FC-02", 4, "Rinse twice and the brown taste is gone."),
    ("FC-03", 5, "Nothing gets through but coffee."),
    ("FC-03", 3, "Dear for paper. It does make the cup clear."),
    ("FC-04", 5, "Kettle looked new after one sachet."),
    ("FC-04", 4, "Works, and does not smell of a swimming pool."),
    ("FC-05", 5, "The water that came out told me everything."),
    ("FC-05", 4, "One a week, no fuss."),
    ("FC-06", 5, "Gets into the corner I had given up on."),
    ("FC-06", 2, "Lost bristles in the first week."),
    ("CF-01", 5, "Hazelnut, just as it says, and no sourness under milk."),
    ("CF-01", 5, "My father's and my own taste, in one bag. That is rare."),
    ("CF-01", 4, "Kind and round. Sometimes I want a little more."),
    ("CF-01", 3, "Good, though the last bag was roasted ten days before it came."),
    ("CF-02", 5, "Thick as it should be, and the finish stays until lunch."),
    ("CF-02", 4, "Best after a week of rest."),
    ("CF-02", 2, "Too dark for me. That is a matter of taste."),
    ("CF-03", 5, "Peach. Really. I made my brother smell the bag."),
    ("CF-03", 5, "Grind it finer than you think and wait for it to cool a little."),
    ("CF-03", 3, "Lovely as filter, sour in my moka pot."),
    ("CF-04", 5, "Red apple in the cup, sugar at the end of it."),
    ("CF-04", 4, "The one bag both of us like."),
    ("CF-05", 5, "Nobody at dinner noticed, and everybody slept."),
    ("CF-05", 3, "Good for decaf. It is still decaf."),
    ("CF-06", 5, "A month for two of us, fresh to the end thanks to the zip."),
    ("CF-06", 4, "Cheaper by the cup. Buy the tin with it."),
    ("CF-07", 5, "Our office of six runs on this."),
    ("CF-07", 4, "The same roast as the small bag, only more of it."),
    ("CF-08", 5, "Four cups. I remember each."),
    ("CF-08", 2, "Delicate to the point of hiding. I expected more for the money."),
    ("CF-09", 5, "A fortnight in and the beans still smell of the roaster."),
    ("CF-09", 4, "The lid seals with a sigh. Half a kilo fits exactly."),
    ("CG-01", 5, "Heavy foot, warm hand. My cup now."),
    ("CG-01", 4, "No two alike is true: mine differ by a finger in height."),
    ("CG-01", 2, "Glaze was chipped at the handle."),
    ("CG-02", 5, "So thin that you forget the cup and taste the coffee."),
    ("CG-02", 3, "The gold does not like the dishwasher, as they warned me."),
    ("CG-03", 5, "Stay hot to the last sip, stack in a small cupboard."),
    ("CG-03", 4, "Good thick walls. The saucers are a size too big."),
    ("CG-04", 5, "I chose them for the glaze and keep them for the thumb."),
    ("CG-04", 4, "One is slightly wider. That is the charm, I tell guests."),
    ("CG-05", 5, "Finally room for a leaf."),
    ("CG-05", 3, "Pretty, but they cool quickly, being so wide."),
    ("CG-06", 5, "Iced in summer, hot in winter, no ring on the table."),
    ("CG-06", 2, "One cracked with boiling water. The new pair has held."),
    ("CG-07", 5, "A year in my bag and the bag is dry."),
    ("CG-07", 4, "Hot for two hours, warm for three."),
    ("KI-01", 5, "Light enough to toss with one hand. Seasons in an evening."),
    ("KI-01", 3, "Warped a little on my induction at full power."),
    ("KI-02", 5, "Eggs slid after the third week. It only gets better."),
    ("KI-02", 5, "My grandchildren will argue about who gets it."),
    ("KI-02", 4, "Heavy. You knew that, and so did I."),
    ("KI-02", 3, "Came less smooth than my old one; two months mended that."),
    ("KI-02", 1, "Rusted overnight in the sink. I have learned, but it was not a good start."),
    ("KI-03", 5, "Tomatoes, wine, lemon: it minds nothing."),
    ("KI-03", 4, "Easy to wash. Eggs want more butter than in bare iron."),
    ("KI-04", 5, "Sunday's stew, and Monday's bread in the same pot."),
    ("KI-04", 4, "Wonderful and very heavy when full."),
    ("KI-05", 4, "Pours cleanly from both sides, as it says."),
    ("KI-05", 5, "The handle never gets hot."),
    ("KI-06", 5, "Softer after every wash, and the pocket holds a towel."),
    ("KI-06", 4, "The ties are long enough to come round twice."),
    ("KI-06", 3, "Creases if you look at it. It is linen, after all."),
    ("KI-07", 5, "Fat wipes off. It makes me stand straighter."),
    ("KI-07", 3, "Stiff for the first weeks."),
    ("KI-08", 5, "One plank, no glue, no cracks after a year of oil."),
    ("KI-08", 5, "Too pretty to cut on for a week. Then I did."),
    ("KI-08", 4, "Oil it at once, it drinks."),
    ("KI-08", 2, "Mine bowed by two millimetres. It still cuts, but it rocks."),
    ("KI-09", 5, "The groove holds all the juice of a whole chicken."),
    ("KI-09", 4, "Large means large: measure your sink."),
    ("KI-10", 5, "Glasses without a trace, as my aunt used to manage."),
    ("KI-10", 4, "They need two washes before they drink properly."),
    ("KI-11", 5, "Smells of honey, dry by morning."),
    ("KI-11", 4, "A little goes far. The drip on the neck could be better."),
    ("KI-12", 5, "Thin behind the edge and easy to bring back on a stone."),
    ("KI-12", 4, "Carbon steel: dry it, and it loves you."),
    ("KI-12", 3, "The handle is a bit slim for my hand."),
];

/// What people write when a feedback email asks them; true of any product.
#[rustfmt::skip] // A list: one review a line.
pub(super) static FEEDBACK_TEXTS: &[(u8, &str)] = &[
    (5, "Exactly what I had hoped for."),
    (5, "I use it every day and have not found a fault."),
    (5, "Better made than anything I had before."),
    (5, "Came quickly, well packed, and works as said."),
    (5, "My second from this shop. There will be a third."),
    (5, "It does one thing and does it well."),
    (4, "Very good. The leaflet could say more."),
    (4, "Does what it should; delivery took a week."),
    (4, "Good, and a little dearer than I would like."),
    (4, "A fine thing, slightly smaller than it looks in the picture."),
    (3, "Good, but not a great step from my old one."),
    (3, "Decent. I had expected more for the price."),
    (2, "It works, though mine came with a scratch."),
    (2, "Not for me, in the end. The quality is fine."),
    (1, "It came broken. I am waiting for the new one."),
];

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::super::catalogue;
    use super::*;

    #[test]
    fn every_product_is_spoken_of() {
        let mut spoken: BTreeMap<&str, u32> = BTreeMap::new();
        let mut texts = BTreeSet::new();
        for (code, rating, text) in TEXTS {
            assert!(catalogue::index_of(code).is_some(), "{code}");
            assert!((1..=5).contains(rating) && texts.insert(*text), "{code}: {text}");
            assert!(text.chars().count() <= 100, "short enough for an email: {text}");
            *spoken.entry(code).or_default() += 1;
        }
        for code in catalogue::codes() {
            assert!(spoken.get(code).is_some_and(|&it| it >= 1), "{code} has no review");
        }
        assert!(TEXTS.iter().any(|it| it.1 <= 2), "not everybody is pleased");
    }

    #[test]
    fn the_pictured_reviews_fit_the_pictured_counts() {
        assert_eq!(FAMOUS_COUNTS.iter().sum::<u32>(), 64);
        for stars in 1..=5_u8 {
            let room = FAMOUS_COUNTS[usize::from(stars) - 1] as usize;
            let famous = FAMOUS.iter().filter(|it| it.rating == stars).count();
            assert!(famous <= room, "{stars} stars");
        }
    }
}
