//! Writes every page, filled with its sample, to a folder: for looking at, without a server.
//!
//! `cargo run -p aftercart-web --example gallery -- /tmp/gallery`. Each console page is written in
//! light and in dark. Links to files become relative and the sprite is put into the page, because a
//! page opened from disk may not read another file's symbols.

use std::{fs, io, path::Path};

use aftercart_web::{
    Layout, MailState, Theme, asset,
    component::{Paging, Part, Total},
    console::{
        ArrivalsPage, AssistantPage, CustomerPage, CustomersPage, ErasePage, FlowPage, FlowState,
        FlowsPage, HomePage, InboxPage, LaunchPage, LostPage, MissingPage, ProductRulesPage,
        ProductsPage, ReportPage, ReportsPage, RequestsPage, ReviewsPage, SegmentPage,
        SegmentsPage, arrivals::HourOfArrivals, inbox::LetterView, report::Answer,
    },
    icon,
    layout::Toast,
    public::{
        FeedbackPage, LetterPage, MessagePage, PreferencesPage, PublicLayout, ThanksPage,
        UnsubscribePage, UnsubscribedPage,
    },
};
use maud::Markup;

type Render<'a> = Box<dyn Fn(&Layout) -> Markup + 'a>;

fn main() -> io::Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "/tmp/gallery".to_owned());
    let folder = Path::new(&folder);
    fs::create_dir_all(folder.join("assets"))?;
    fs::create_dir_all(folder.join("pictures"))?;
    for file in asset::all() {
        fs::write(folder.join(file.path.trim_start_matches('/')), &file.body)?;
    }
    for (name, body) in pictures() {
        fs::write(folder.join("pictures").join(format!("{name}.svg")), body)?;
    }
    fs::write(folder.join("letter.html"), LETTER)?;
    for (name, render) in console() {
        for theme in [Theme::Light, Theme::Dark] {
            let toast = (name == "flows").then(|| Toast {
                text: "The flow is paused".to_owned(),
                undo_action: Some("/flows/upsell-cross-sell/resume".to_owned()),
            });
            let layout = Layout { theme, toast, ..Layout::sample() };
            let html = standing_alone(&render(&layout).into_string());
            fs::write(folder.join(format!("{name}-{}.html", theme.name())), html)?;
        }
    }
    for (name, markup) in public() {
        fs::write(folder.join(format!("{name}.html")), standing_alone(&markup.into_string()))?;
    }
    println!("Wrote the pages to {}", folder.display());
    Ok(())
}

fn console() -> Vec<(&'static str, Render<'static>)> {
    fn of(render: impl Fn(&Layout) -> Markup + 'static) -> Render<'static> {
        Box::new(render)
    }
    let since = "2026-03-15T14:20:00Z".parse().expect("a fixed instant");
    let paused = FlowState::Paused { since, overdue: Some(212) };
    vec![
        ("home", of(|it| HomePage::sample().render(it))),
        ("home-empty", of(|it| HomePage::sample_empty().render(it))),
        (
            "home-late",
            of(|it| {
                let lift = Part::Counting { href: "/".to_owned() };
                let layout = Layout { mail: MailState::Catching { today: 0 }, ..it.clone() };
                HomePage { lift, needs: Vec::new(), setup: None, ..HomePage::sample() }
                    .render(&layout)
            }),
        ),
        ("flows", of(|it| FlowsPage::sample().render(it))),
        ("flow", of(|it| FlowPage::sample().render(it))),
        ("flow-map", of(|it| FlowPage { panel: None, ..FlowPage::sample() }.render(it))),
        (
            "flow-paused",
            of(move |it| FlowPage { state: paused, panel: None, ..FlowPage::sample() }.render(it)),
        ),
        ("flow-enrolments", of(|it| FlowPage::sample_enrolments().render(it))),
        ("report", of(|it| ReportPage::sample().render(it))),
        (
            "report-none",
            of(|it| {
                let answer = Part::Ready(Answer::NoHoldout);
                ReportPage { answer, suggestions: Vec::new(), ..ReportPage::sample() }.render(it)
            }),
        ),
        ("report-lost", of(|it| LostPage::sample().render(it))),
        ("flow-launch", of(|it| LaunchPage::sample().render(it))),
        ("events", of(|it| ArrivalsPage::sample().render(it))),
        (
            "events-empty",
            of(|it| {
                let accepted = Total::Exactly(0);
                let hour = HourOfArrivals { accepted, duplicate: 0, rejected: 0, ignored: 0 };
                let (rows, paging) = (Vec::new(), Paging::default());
                ArrivalsPage { hour, rows, paging, ..ArrivalsPage::sample() }.render(it)
            }),
        ),
        ("reviews", of(|it| ReviewsPage::sample().render(it))),
        ("reports", of(|it| ReportsPage::sample().render(it))),
        ("customers", of(|it| CustomersPage::sample().render(it))),
        (
            "customers-empty",
            of(|it| {
                let (total, rows) = (Total::Exactly(0), Vec::new());
                CustomersPage { total, rows, paging: Paging::default(), ..CustomersPage::sample() }
                    .render(it)
            }),
        ),
        ("customer", of(|it| CustomerPage::sample().render(it))),
        ("customer-erase", of(|it| ErasePage::sample().render(it))),
        ("customer-erased", of(CustomerPage::erased)),
        ("requests", of(|it| RequestsPage::sample().render(it))),
        ("products", of(|it| ProductsPage::sample().render(it))),
        ("product-rules", of(|it| ProductRulesPage::sample().render(it))),
        ("segments", of(|it| SegmentsPage::sample().render(it))),
        ("segment", of(|it| SegmentPage::sample().render(it))),
        ("segment-broken", of(|it| SegmentPage::sample_broken().render(it))),
        ("segment-new", of(|it| SegmentPage::sample_new().render(it))),
        ("inbox", of(|it| InboxPage::sample().render(it))),
        (
            "inbox-phone",
            of(|it| InboxPage { view: LetterView::Phone, ..InboxPage::sample() }.render(it)),
        ),
        (
            "inbox-headers",
            of(|it| InboxPage { view: LetterView::Headers, ..InboxPage::sample() }.render(it)),
        ),
        ("inbox-list", of(|it| InboxPage { letter: None, ..InboxPage::sample() }.render(it))),
        ("assistant", of(|it| AssistantPage::sample().render(it))),
        ("assistant-empty", of(|it| AssistantPage::sample_empty().render(it))),
        ("missing", of(|it| MissingPage::sample().render(it))),
    ]
}

fn public() -> Vec<(&'static str, Markup)> {
    let layout = PublicLayout::sample();
    vec![
        ("public-unsubscribe", UnsubscribePage::sample().render(&layout)),
        ("public-unsubscribed", UnsubscribedPage::sample().render(&layout)),
        ("public-preferences", PreferencesPage::sample().render(&layout)),
        ("public-letter", LetterPage::sample().render(&layout)),
        ("public-feedback", FeedbackPage::sample().render(&layout)),
        ("public-thanks", ThanksPage::sample().render(&layout)),
        ("public-message", MessagePage::sample().render(&layout)),
    ]
}

fn standing_alone(html: &str) -> String {
    let sprite = asset::sprite();
    let inside = format!("<div hidden>{}</div></body>", icon::sprite_svg());
    let mut html = html.replace(&format!("{}#", sprite.path), "#").replace("</body>", &inside);
    for (from, to) in [
        ("\"/assets/", "\"assets/"),
        ("\"/pictures/", "\"pictures/"),
        ("\"/inbox/1802/html\"", "\"letter.html\""),
        ("\"/inbox/1777/html\"", "\"letter.html\""),
        ("\"/b/k3v7q2x4/html\"", "\"letter.html\""),
    ] {
        html = html.replace(from, to);
    }
    html
}

/// Plain drawings in the place of product photographs.
fn pictures() -> Vec<(&'static str, String)> {
    let of = |ground: &str, shape: &str| {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 80 80\">\
             <rect width=\"80\" height=\"80\" fill=\"{ground}\"/>{shape}</svg>"
        )
    };
    let kettle = "<path d=\"M27 58l4-26h20l4 26z\" fill=\"#262a27\"/>\
        <path d=\"M29 44C20 42 22 32 14 30\" stroke=\"#262a27\" stroke-width=\"4\" fill=\"none\"/>\
        <path d=\"M53 36c14-4 14 14 4 16\" stroke=\"#8a5a33\" stroke-width=\"4\" fill=\"none\"/>\
        <path d=\"M34 32c0-6 14-6 14 0\" fill=\"#262a27\"/><circle cx=\"41\" cy=\"25\" r=\"3\" fill=\"#a8703f\"/>";
    let grinder = "<rect x=\"30\" y=\"40\" width=\"20\" height=\"24\" rx=\"3\" fill=\"#23262a\"/>\
        <rect x=\"31\" y=\"28\" width=\"18\" height=\"14\" rx=\"3\" fill=\"#b8b2a8\"/>\
        <path d=\"M40 28v-8h16\" stroke=\"#23262a\" stroke-width=\"3\" fill=\"none\"/>\
        <rect x=\"54\" y=\"14\" width=\"5\" height=\"9\" rx=\"2\" fill=\"#a8703f\"/>";
    let scale = "<path d=\"M16 48l6-8h36l6 8z\" fill=\"#4a4c49\"/>\
        <rect x=\"16\" y=\"48\" width=\"48\" height=\"7\" rx=\"2\" fill=\"#1d1f1d\"/>";
    let dripper = "<path d=\"M22 24h36L46 44H34z\" fill=\"#f4efe6\"/>\
        <ellipse cx=\"40\" cy=\"24\" rx=\"18\" ry=\"4\" fill=\"#6b4a38\"/>\
        <path d=\"M30 62l4-16h12l4 16z\" fill=\"#7a5343\"/>";
    let coffee = "<path d=\"M28 22h24v40H28z\" fill=\"#a9502a\"/>\
        <rect x=\"33\" y=\"36\" width=\"14\" height=\"14\" fill=\"#fffdf8\"/>";
    vec![
        ("kettle", of("#f3dfae", kettle)),
        ("grinder", of("#d9e2d4", grinder)),
        ("scale", of("#f0d6cf", scale)),
        ("dripper", of("#e9ddcd", dripper)),
        ("coffee", of("#ecc9b6", coffee)),
        ("apron", of("#dfe3e6", scale)),
    ]
}

/// An email, so that its frames are not empty.
const LETTER: &str = r##"<!doctype html><html lang="en"><meta charset="utf-8"><title>Email</title>
<body style="margin:0;background:#fff;color:#2B2620;font:16px/26px system-ui,sans-serif">
<div style="max-width:600px;margin:0 auto">
<div style="background:#B35C2D;color:#fff;text-align:center;padding:34px 24px 40px">
<p style="margin:0;font-size:20px">For your dripper, until 22 March</p>
<p style="margin:12px 0;font:400 54px/60px Georgia,serif">10% off</p>
<p style="display:inline-block;margin:6px 0 0;padding:8px 28px;border:2px dashed #fff;border-radius:8px;font:600 24px/32px monospace">NEXT-7F3K</p>
</div>
<div style="background:#FBF5EA;padding:22px;display:flex;gap:20px;align-items:center">
<img src="pictures/kettle.svg" alt="Black kettle with a walnut grip" width="90" height="90" style="border-radius:12px">
<div style="flex:1"><b style="font-size:22px">Gooseneck kettle</b><br><s>€89.00</s> €80.10</div>
<a href="https://tarnandember.example/" style="background:#2F3A2D;color:#fff;padding:14px 24px;border-radius:8px;text-decoration:none;font-weight:600">Shop</a>
</div>
<div style="padding:34px 44px"><p style="font:400 30px/38px Georgia,serif;margin:0 0 12px;text-align:center">Your dripper deserves a steady hand</p>
<p>Good choice, Ana. The last thing between you and a really even cup is the pour, so here is the kettle most people pair with the Ceramic dripper.</p></div>
</div></body></html>"##;
