//! What cooks, cuts and dries.

use super::pen::{BLACK, WALNUT, shadow, shine};

/// A pan seen from a little above: `material` outside, `inside` and `rim` plain colours.
fn pan(material: &str, inside: &str, rim: &str, handle: &str) -> String {
    let shadow = shadow(300.0, 190.0);
    format!(
        r##"{shadow}
        {handle}
        <path d="M 64 486 C 76 560 140 606 300 606 C 460 606 524 560 536 486 Z" fill="url(#{material})"/>
        <ellipse cx="300" cy="486" rx="238" ry="66" fill="{rim}"/>
        <ellipse cx="300" cy="490" rx="220" ry="57" fill="{inside}"/>
        <path d="M 96 496 C 130 446 240 434 330 438" fill="none" stroke="#FFF" stroke-opacity=".2" stroke-width="9" stroke-linecap="round"/>
        <path d="M 100 532 C 122 562 158 580 206 590" fill="none" stroke="#FFF" stroke-opacity=".2" stroke-width="11" stroke-linecap="round"/>"##
    )
}

pub fn skillet() -> String {
    let handle = r##"<path d="M 500 470 L 664 406 Q 700 394 712 418 Q 722 444 690 458 L 528 520 Z" fill="url(#iron)"/><ellipse cx="684" cy="427" rx="14" ry="10" fill="#D9CBB5"/>"##;
    pan("iron", "#2A2825", "#4A4844", handle)
}

pub fn enamelled_skillet() -> String {
    let handle = r##"<path d="M 500 466 L 646 412 Q 684 400 696 424 Q 706 450 672 464 L 526 520 Z" fill="url(#ember)"/><ellipse cx="668" cy="433" rx="13" ry="9" fill="#F0DCCB"/>"##;
    pan("ember", "#EFE6D6", "#C26C3B", handle)
        + r##"<ellipse cx="300" cy="500" rx="186" ry="42" fill="#DDD0BA" fill-opacity=".55"/>"##
}

pub fn carbon_pan() -> String {
    let handle = format!(
        r##"<path d="M 486 476 C 560 440 600 402 660 376 L 690 366" fill="none" stroke="{BLACK}" stroke-width="30" stroke-linecap="round"/><path d="M 500 462 C 560 430 604 396 654 374" fill="none" stroke="#FFF" stroke-opacity=".2" stroke-width="6" stroke-linecap="round"/><circle cx="508" cy="476" r="7" fill="#B9B2A7"/>"##
    );
    pan("slate", "#3A4650", "#6D8093", &handle)
}

/// The heavy pot for long cooking.
pub fn casserole() -> String {
    let shadow = shadow(372.0, 232.0);
    let shine = shine("M 176 424 V 540", 18.0);
    format!(
        r##"{shadow}
        <path d="M 148 424 H 96 Q 70 424 70 448 Q 70 472 96 472 H 150 M 596 424 H 648 Q 674 424 674 448 Q 674 472 648 472 H 594" fill="none" stroke="#3E513C" stroke-width="24"/>
        <path d="M 138 376 H 606 V 540 Q 606 606 540 606 H 204 Q 138 606 138 540 Z" fill="url(#green)"/>
        <path d="M 126 376 C 140 304 260 282 372 282 C 484 282 604 304 618 376 Z" fill="url(#green)"/>
        <rect x="120" y="362" width="504" height="26" rx="12" fill="#32432F"/>
        <path d="M 166 350 C 200 314 280 302 340 300" fill="none" stroke="#FFF" stroke-opacity=".26" stroke-width="12" stroke-linecap="round"/>
        <rect x="352" y="256" width="40" height="30" rx="5" fill="#8F6A32"/>
        <ellipse cx="372" cy="244" rx="44" ry="22" fill="url(#honey)"/>
        {shine}"##
    )
}

/// A small steel pot with one long handle.
pub fn saucepan() -> String {
    let shadow = shadow(306.0, 172.0);
    let shine = shine("M 174 418 V 556", 17.0);
    format!(
        r##"{shadow}
        <path d="M 470 420 L 676 372" stroke="#A9A196" stroke-width="26" stroke-linecap="round"/>
        <path d="M 540 404 L 680 371" stroke="{WALNUT}" stroke-width="34" stroke-linecap="round"/>
        <path d="M 138 380 H 474 V 566 Q 474 606 434 606 H 178 Q 138 606 138 566 Z" fill="url(#steel)"/>
        <path d="M 144 560 H 468" stroke="#6F685E" stroke-opacity=".4" stroke-width="5"/>
        <path d="M 130 380 C 142 336 220 322 306 322 C 392 322 470 336 482 380 Z" fill="url(#bright)"/>
        <rect x="124" y="370" width="364" height="20" rx="9" fill="#8F887D"/>
        <rect x="290" y="300" width="32" height="26" rx="4" fill="#3B2718"/>
        <ellipse cx="306" cy="290" rx="34" ry="19" fill="{WALNUT}"/>
        {shine}"##
    )
}

/// An apron on its hook; the light cloth has a pocket of the same, the waxed one leather straps.
pub fn apron(material: &str, strap: &str, stitch: &str) -> String {
    format!(
        r##"<ellipse cx="396" cy="640" rx="150" ry="12" fill="#3A2815" opacity=".1"/>
        <rect x="366" y="70" width="12" height="34" rx="5" fill="#7D766B"/><circle cx="372" cy="72" r="13" fill="url(#steel)"/>
        <path d="M 306 186 C 320 96 366 92 372 92 C 378 92 424 96 438 186" fill="none" stroke="{strap}" stroke-width="15"/>
        <path d="M 222 334 C 190 352 186 400 196 452 M 522 334 C 554 352 558 400 548 452" fill="none" stroke="{strap}" stroke-width="13" stroke-linecap="round"/>
        <path d="M 296 178 H 448 C 456 268 492 318 532 330 L 556 606 Q 556 626 536 626 H 208 Q 188 626 188 606 L 212 330 C 252 318 288 268 296 178 Z" fill="url(#{material})"/>
        <path d="M 304 198 H 440" stroke="{stitch}" stroke-width="4" stroke-dasharray="10 8"/>
        <path d="M 288 404 H 456 V 500 Q 456 520 436 520 H 308 Q 288 520 288 500 Z" fill="#000" fill-opacity=".07"/>
        <path d="M 288 404 H 456 V 500 Q 456 520 436 520 H 308 Q 288 520 288 500 Z" fill="none" stroke="{stitch}" stroke-width="4" stroke-dasharray="10 8"/>
        <path d="M 288 418 H 456 M 372 418 V 518" stroke="{stitch}" stroke-width="3" stroke-opacity=".8"/>
        <path d="M 240 360 C 236 440 228 530 226 606 M 500 356 C 508 440 516 540 520 606" fill="none" stroke="#000" stroke-opacity=".08" stroke-width="9" stroke-linecap="round"/>
        <path d="M 200 606 H 544" stroke="{stitch}" stroke-width="4" stroke-dasharray="10 8"/>
        <circle cx="306" cy="186" r="8" fill="#B9975A"/><circle cx="438" cy="186" r="8" fill="#B9975A"/>"##
    )
}

/// A board of walnut, leaning; the large one has a groove.
pub fn board(is_large: bool) -> String {
    let grain = r##"<path d="M 286 268 C 300 360 280 470 292 590 M 330 262 C 350 370 326 480 340 596 M 384 262 C 372 360 398 470 386 596 M 436 264 C 424 350 452 470 440 594 M 478 300 C 470 380 488 480 480 584" fill="none" stroke="#5C3A1E" stroke-opacity=".3" stroke-width="5" stroke-linecap="round"/>"##;
    if is_large {
        let shadow = shadow(372.0, 236.0);
        format!(
            r##"{shadow}
            <rect x="132" y="230" width="480" height="376" rx="34" fill="url(#walnut)"/>
            <path d="M 150 580 Q 152 596 170 597 H 578 Q 598 594 600 570" fill="none" stroke="#5C3A1E" stroke-opacity=".5" stroke-width="11"/>
            <g transform="translate(-248 0) scale(1.62 1)">{grain}</g>
            <rect x="172" y="268" width="400" height="300" rx="22" fill="none" stroke="#5C3A1E" stroke-opacity=".55" stroke-width="12"/>
            <rect x="174" y="272" width="400" height="300" rx="22" fill="none" stroke="#FFF" stroke-opacity=".16" stroke-width="4"/>
            <rect x="322" y="240" width="100" height="18" rx="9" fill="#6B4322"/>
            <path d="M 148 268 V 560" stroke="#FFF" stroke-opacity=".2" stroke-width="8" stroke-linecap="round"/>"##
        )
    } else {
        let shadow = shadow(384.0, 140.0);
        format!(
            r##"{shadow}
            <path d="M 334 116 Q 334 92 358 92 H 410 Q 434 92 434 116 V 216 C 434 236 448 240 476 242 Q 508 246 508 278 V 572 Q 508 606 474 606 H 294 Q 260 606 260 572 V 278 Q 260 246 292 242 C 320 240 334 236 334 216 Z" fill="url(#walnut)"/>
            <path d="M 262 574 Q 264 606 294 606 H 474 Q 506 606 508 574 Q 506 594 474 594 H 294 Q 264 594 262 574 Z" fill="#5C3A1E" fill-opacity=".5"/>
            {grain}
            <circle cx="384" cy="138" r="18" fill="#E9DAC6"/><path d="M 366 138 a 18 18 0 0 1 36 0" fill="none" stroke="#5C3A1E" stroke-width="6"/>
            <path d="M 276 286 V 560" stroke="#FFF" stroke-opacity=".22" stroke-width="9" stroke-linecap="round"/>"##
        )
    }
}

/// Two folded towels.
pub fn towels() -> String {
    let shadow = shadow(372.0, 226.0);
    format!(
        r##"{shadow}
        <path d="M 170 510 H 552 Q 592 510 592 556 Q 592 606 552 606 H 170 Q 150 606 150 586 V 530 Q 150 510 170 510 Z" fill="url(#sea)"/>
        <path d="M 164 556 H 588" stroke="#3D5B56" stroke-opacity=".5" stroke-width="5"/>
        <path d="M 232 512 V 604 M 254 512 V 604" stroke="#FBF8F2" stroke-opacity=".75" stroke-width="9"/>
        <path d="M 182 412 H 544 Q 582 412 582 460 Q 582 510 544 510 H 182 Q 162 510 162 490 V 432 Q 162 412 182 412 Z" fill="url(#linen)"/>
        <path d="M 176 460 H 578" stroke="#9C8B6E" stroke-opacity=".55" stroke-width="5"/>
        <path d="M 244 414 V 508 M 266 414 V 508 M 300 414 V 508" stroke="#B35C2D" stroke-opacity=".8" stroke-width="8"/>
        <path d="M 176 432 C 150 430 146 444 148 462 L 152 512 C 158 496 164 498 176 496 Z" fill="#D6C8AE"/>
        <path d="M 330 430 H 520" stroke="#FFF" stroke-opacity=".4" stroke-width="7" stroke-linecap="round"/>"##
    )
}

/// A bottle of oil for boards.
pub fn oil() -> String {
    let shadow = shadow(372.0, 92.0);
    let shine = shine("M 306 344 V 560", 14.0);
    format!(
        r##"{shadow}
        <rect x="340" y="118" width="64" height="86" rx="12" fill="url(#black)"/>
        <rect x="332" y="192" width="80" height="36" rx="8" fill="url(#black)"/>
        <path d="M 344 226 H 400 V 266 C 440 280 462 300 462 340 V 572 Q 462 606 428 606 H 316 Q 282 606 282 572 V 340 C 282 300 304 280 344 266 Z" fill="url(#honey)"/>
        <path d="M 344 226 H 400 V 266 C 440 280 462 300 462 340 V 572 Q 462 606 428 606 H 316 Q 282 606 282 572 V 340 C 282 300 304 280 344 266 Z" fill="#7A4A12" fill-opacity=".42"/>
        <rect x="282" y="376" width="180" height="156" fill="#FBF5EA"/>
        <path d="M 372 492 C 372 452 388 420 416 408 C 420 446 404 472 372 492 Z M 372 492 C 372 462 358 440 334 430 C 334 460 346 480 372 492 Z" fill="#5D7157"/>
        <path d="M 372 492 V 512" stroke="#5D7157" stroke-width="6" stroke-linecap="round"/>
        {shine}"##
    )
}

/// A cook's knife, laid on the table.
pub fn knife() -> String {
    let shadow = shadow(372.0, 262.0);
    format!(
        r##"<g opacity=".9">{shadow}</g>
        <g transform="rotate(-17 372 520)">
        <path d="M 66 530 C 130 462 240 440 440 440 V 530 C 400 548 300 560 66 530 Z" fill="url(#bright)"/>
        <path d="M 66 530 C 200 540 340 540 440 512 V 530 C 400 548 300 560 66 530 Z" fill="#8F887D" fill-opacity=".55"/>
        <path d="M 150 486 C 220 462 320 454 430 452" fill="none" stroke="#FFF" stroke-opacity=".7" stroke-width="5"/>
        <rect x="436" y="436" width="30" height="84" rx="6" fill="url(#steel-v)"/>
        <path d="M 464 440 H 640 Q 690 442 694 484 Q 694 516 660 512 C 620 506 560 512 464 512 Z" fill="url(#walnut-v)"/>
        <circle cx="510" cy="476" r="8" fill="#E3DED5"/><circle cx="574" cy="476" r="8" fill="#E3DED5"/><circle cx="638" cy="478" r="8" fill="#E3DED5"/>
        <path d="M 480 452 H 640" stroke="#FFF" stroke-opacity=".22" stroke-width="6" stroke-linecap="round"/>
        </g>"##
    )
}
