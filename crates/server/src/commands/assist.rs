//! `aftercart assist`: a sentence becomes a proposal, shown for review.

use std::fmt::Write as _;

use aftercart_engine::CampaignProposal;
use anyhow::Result;

use crate::{
    cli::{AssistArgs, Common},
    output::{Output, count},
    shop,
};

pub fn run(common: &Common, args: &AssistArgs) -> Result<()> {
    let output = Output::new(common);
    let shop = shop::open(common)?;
    let proposed = shop.engine.propose_campaign(&args.sentence, shop.now())?;
    if !args.apply {
        output.result(&proposed, || describe(&proposed))?;
        output.hint("\nNothing was changed. --apply keeps segment, emails and flow as drafts.");
        return Ok(());
    }
    let accepted = shop.engine.accept_proposal(proposed.id, shop.now())?;
    output.result(&accepted, || {
        format!(
            "{}\nKept as drafts: flow {}, segment {}. Launch: aftercart flow launch {}",
            describe(&proposed),
            accepted.flow,
            accepted.segment,
            accepted.flow
        )
    })
}

fn describe(proposed: &CampaignProposal) -> String {
    let proposal = &proposed.proposal;
    let mut text = format!("{}\n\n", proposal.sentence);
    let mut chips = |name: &str, chips: &[aftercart_assist::Chip]| {
        for (index, chip) in chips.iter().enumerate() {
            let name = if index == 0 { name } else { "" };
            let _ = writeln!(text, "{name:<16}{} {}", chip.key, chip.value);
        }
    };
    chips("understood", &proposal.understood);
    chips("assumed", &proposal.assumed);
    chips("for you to say", &proposal.open);
    for unmet in &proposal.unmet {
        let _ = writeln!(text, "{:<16}{}", "left out", unmet.text);
    }
    for span in &proposal.not_understood {
        let near = if span.near.is_empty() {
            String::new()
        } else {
            format!(" (perhaps {})", span.near.join(" or "))
        };
        let _ = writeln!(text, "{:<16}{}{near}", "not understood", span.text);
    }
    let plan = &proposal.campaign.plan;
    let _ = writeln!(text, "\n{}: {}", proposal.campaign.name, plan.message);
    for email in &plan.emails {
        let _ = writeln!(text, "  day {:<3} {:<14} {}", email.day, email.title, email.theme);
    }
    let _ = writeln!(
        text,
        "\nWho: {} of {} customers now, {} can be mailed",
        count(proposed.who.customers),
        count(proposed.who.of_customers),
        count(proposed.who.mailable)
    );
    let _ = writeln!(
        text,
        "Replayed over the last 60 days: {} enrolled, {} emails, {} left by ordering again",
        count(proposed.replay.enrolled),
        count(proposed.replay.messages),
        count(proposed.replay.left_by_purchase)
    );
    for finding in &proposed.findings {
        let _ = writeln!(text, "Check: {finding}");
    }
    text
}
