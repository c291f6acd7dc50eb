//! The style sheet in an email's head: phones, dark mode, and what only some clients can do.
//!
//! Nothing depends on it. Every colour and size also stands inline, so a client that throws the
//! sheet away shows the light email at its desktop width.

use crate::brand::{Brand, Palette};

/// The width of an email. Any window narrower than this is set like a phone's: a split screen or a
/// reading pane of 500 pixels would otherwise have to be scrolled sideways.
pub(crate) const WIDTH: u32 = 600;

/// Colours by class: `c…` are letters, `g…` grounds, `r…` rules.
const DARK: &str = "\
:root{color-scheme:light dark;supported-color-schemes:light dark}
@media (prefers-color-scheme:dark){
body,.gp,.gp>table{background:$page!important;background-color:$page!important}
.ge,.ge>table{background:$edge!important;background-color:$edge!important}
.gc,.gc>table{background:$card!important;background-color:$card!important}
.gk,.gk>table{background:$coupon!important;background-color:$coupon!important}
.ct,.ct>div{color:$text!important}
.cb,.cb>div{color:$body!important}
.cq,.cq>div,.cq a{color:$quiet!important}
.cp{color:$price!important}
.ca{color:$accent!important}
.cl>div{color:$logo!important}
.cx{color:$rule!important}
.rr{border-color:$rule!important}
.rb{background:$rule!important}
.ra{background:$accent!important}
.bt table td,.bt a{background:$button!important;background-color:$button!important;color:$onbutton!important}
.ld{display:none!important}.ln{display:block!important;max-height:none!important}
}
";

const PHONE: &str = "\
@media only screen and (max-width:599px){
.s>table>tbody>tr>td{padding-left:24px!important;padding-right:24px!important}
.s3>table>tbody>tr>td{padding-left:20px!important;padding-right:20px!important}
.g3{padding-left:4px!important;padding-right:4px!important}
.g3 div,.g3 td{font-size:14px!important;line-height:19px!important}
.h1>div{font-size:31px!important;line-height:37px!important}
.h2>div{font-size:23px!important;line-height:29px!important}
.hn>div{font-size:84px!important;line-height:96px!important}
.hq>div{font-size:29px!important;line-height:38px!important}
.w{width:100%!important;height:auto!important}
.bt table{width:100%!important}
.bt a{display:block!important;width:auto!important}
.b{display:block!important;width:auto!important}
.bx{padding:20px 20px 0px!important}
.by{padding:18px 20px 20px!important}
.bs{padding:20px 24px 24px!important}
.bv{display:block!important;width:auto!important;margin-bottom:16px!important}
.bg{display:none!important}
.pc{padding-bottom:20px!important}
.pc>table>tbody>tr>td{padding:0px!important}
.pp,.pp>tbody,.pp>tbody>tr{display:block!important}
.pa{display:block!important;float:left!important;width:124px!important}
.pb{display:block!important;padding:8px 0px 0px!important}
.pq{margin-left:142px!important;min-height:104px!important}
.p2{width:124px!important}
.rp{width:88px!important}
.rt{padding:24px 12px 22px!important}
.sp{padding:0px 2px!important}
.st{width:42px!important;height:44px!important;line-height:44px!important}
}
";

/// Pictures are cut to the shape of their place only where they can be cut without being squeezed.
/// A picture that is not shown leaves a low box with its text.
const CROP: &str = "\
@supports (object-fit:cover){
.px{min-height:64px;object-fit:cover!important;object-position:50% 54%!important}
.p0{max-height:360px!important;min-height:152px;line-height:152px!important}
.p1{max-height:248px!important;min-height:152px}
.p2{max-height:210px!important;min-height:92px}
.p3{max-height:147px!important}
.p4{max-height:340px!important;min-height:152px}
.p5{max-height:330px!important;min-height:152px}
.p6{max-height:168px!important;min-height:92px}
.p7{max-height:216px!important;min-height:216px}
}
@supports (object-fit:cover){@media only screen and (max-width:599px){
.p0{min-height:0px;line-height:21px!important}
.p1{max-height:280px!important}
.p3{max-height:100px!important}
.p5{max-height:62vw!important}
.p2{height:112px!important;min-height:0px}
.p6{height:88px!important;min-height:0px}
.p7{max-height:300px!important}
}}
";

/// The coupon climbs over the edge of the band above it; elsewhere it stands below.
const OVERLAP: &str = ".up{margin:-58px auto 0px!important}\n.bal>div{text-wrap:balance}\n";

pub(crate) fn style_sheet(brand: &Brand) -> String {
    format!("{OVERLAP}{PHONE}{CROP}{}", filled(DARK, &brand.dark))
}

fn filled(sheet: &str, palette: &Palette) -> String {
    // `$onbutton` before `$button`: no name may be the beginning of a later one.
    let names = [
        ("$page", palette.page),
        ("$edge", palette.edge),
        ("$card", palette.card),
        ("$coupon", palette.coupon),
        ("$text", palette.text),
        ("$body", palette.body),
        ("$quiet", palette.quiet),
        ("$price", palette.price),
        ("$accent", palette.accent),
        ("$logo", palette.logo),
        ("$rule", palette.rule),
        ("$onbutton", palette.button_text),
        ("$button", palette.button),
    ];
    names
        .iter()
        .fold(sheet.to_owned(), |sheet, (name, colour)| sheet.replace(name, &colour.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_is_filled_in() {
        let sheet = style_sheet(&Brand::sample());
        assert!(!sheet.contains('$'), "{sheet}");
        assert!(sheet.contains("prefers-color-scheme:dark"));
        assert_eq!(sheet.matches('{').count(), sheet.matches('}').count());
        let narrower = format!("max-width:{}px", WIDTH - 1);
        assert!(PHONE.contains(&narrower) && CROP.contains(&narrower));
    }
}
